//! The way from packets that a transparent socket has to the hub itself: a rule for their mark, and a
//! table of routes in which every address is the hub's (ip-rule(8), tproxy.rst).

use std::io;

use crate::Error;
use crate::compile::TAKEN;
use crate::message::{attributes, put_attribute, u32_at};
use crate::rtnetlink::{CREATE, EXCLUSIVE, Rtnetlink};

/// Ours in `ip rule`, and the number of the table and its routes' protocol.
const TABLE: u8 = 69;
/// Behind the rule for the hub's own addresses (0), before the main table (32766).
const PRIORITY: u32 = 690;
const LOOPBACK: u32 = crate::compile::LOOPBACK;

/// `fib_rules.h`
const FRA_PRIORITY: u16 = 6;
const FRA_FWMARK: u16 = 10;
const FRA_FWMASK: u16 = 16;
const FRA_PROTOCOL: u16 = 21;
const FR_ACT_TO_TBL: u8 = 1;

const FAMILIES: [(i32, &str); 2] = [(libc::AF_INET, "IPv4"), (libc::AF_INET6, "IPv6")];

/// Sets and looks at the way, in the network namespace of the thread that opened it.
pub struct Divert(Rtnetlink);

/// The rule, or the route, of a family.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Rule,
    Route,
}

impl Divert {
    /// # Errors
    /// When the kernel refuses a socket.
    pub fn open() -> Result<Self, Error> {
        let socket = Rtnetlink::open().map_err(|(what, cause)| Error::Socket(what, cause))?;
        socket.be_strict();
        Ok(Self(socket))
    }

    /// Makes the way, or takes it away; nothing where it is so already. A family that the machine does
    /// not have needs none.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn set(&mut self, wanted: bool) -> Result<(), Error> {
        for (family, part) in parts() {
            if self.has(family, part)? == wanted || is_switched_off(family) {
                continue;
            }
            let harmless = [libc::EEXIST, libc::ENOENT, libc::ESRCH];
            match self.change(family, part, wanted) {
                Err(cause) if cause.raw_os_error().is_some_and(|no| harmless.contains(&no)) => {}
                done => done.map_err(|cause| Error::Unchanged(part.list(), cause))?,
            }
        }
        Ok(())
    }

    /// The parts that are missing, or that are there and should not be, in words.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn wrong(&mut self, wanted: bool) -> Result<Vec<String>, Error> {
        let mut wrong = Vec::new();
        for (family, part) in parts() {
            if self.has(family, part)? != wanted && !is_switched_off(family) {
                wrong.push(part.words(family));
            }
        }
        Ok(wrong)
    }

    fn has(&mut self, family: i32, part: Part) -> Result<bool, Error> {
        Ok(self.list(family, part)?.contains(&true))
    }

    /// The rules, which are few, or of the routes, which may be very many, those of our table: whether
    /// each is ours.
    fn list(&mut self, family: i32, part: Part) -> Result<Vec<bool>, Error> {
        let mut body = [0; 12];
        body[0] = number(family);
        if part == Part::Route {
            body[4] = TABLE;
        }
        let (kind, what) = (part.kinds().0, part.list());
        // A family, or a table, that there is not.
        let none = [libc::EAFNOSUPPORT, libc::ENOENT];
        let listed = match self.0.list(kind, &body, |_, body| Some(part.is_ours(family, body))) {
            Err(cause) if cause.raw_os_error().is_some_and(|no| none.contains(&no)) => {
                return Ok(Vec::new());
            }
            listed => listed.map_err(|cause| Error::Refused(what, cause))?,
        };
        listed.ok_or(Error::Unsteady(what))
    }

    fn change(&mut self, family: i32, part: Part, wanted: bool) -> io::Result<()> {
        let (_, add, remove) = part.kinds();
        let (kind, flags) = if wanted { (add, CREATE | EXCLUSIVE) } else { (remove, 0) };
        self.0.ask(kind, flags, &part.body(family)).map(drop)
    }
}

impl std::fmt::Debug for Divert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Divert")
    }
}

fn parts() -> impl Iterator<Item = (i32, Part)> {
    // A rule to a table without routes leads on to the next rule: the route first.
    FAMILIES.into_iter().flat_map(|(family, _)| [(family, Part::Route), (family, Part::Rule)])
}

fn number(family: i32) -> u8 {
    u8::try_from(family).unwrap_or(0)
}

fn is_switched_off(family: i32) -> bool {
    let path = "/proc/sys/net/ipv6/conf/lo/disable_ipv6";
    let off = || std::fs::read_to_string(path).map_or(true, |text| text.trim() == "1");
    family == libc::AF_INET6 && off()
}

impl Part {
    /// Messages that list, add and remove.
    fn kinds(self) -> (u16, u16, u16) {
        match self {
            Self::Rule => (libc::RTM_GETRULE, libc::RTM_NEWRULE, libc::RTM_DELRULE),
            Self::Route => (libc::RTM_GETROUTE, libc::RTM_NEWROUTE, libc::RTM_DELROUTE),
        }
    }

    fn list(self) -> &'static str {
        match self {
            Self::Rule => "routing rules",
            Self::Route => "routes",
        }
    }

    fn words(self, family: i32) -> String {
        let name = FAMILIES.iter().find(|(one, _)| *one == family).map_or("", |(_, name)| name);
        match self {
            Self::Rule => format!("routing rule of {name} for mark {TAKEN:#x}: table {TABLE}"),
            Self::Route => format!("route of {name} in table {TABLE}: local default dev lo"),
        }
    }

    /// `struct fib_rule_hdr` or `struct rtmsg`: both twelve bytes, with the table in the fifth.
    fn body(self, family: i32) -> Vec<u8> {
        let mut body = match self {
            Self::Rule => vec![number(family), 0, 0, 0, TABLE, 0, 0, FR_ACT_TO_TBL],
            Self::Route => {
                let (scope, kind) = (libc::RT_SCOPE_HOST, libc::RTN_LOCAL);
                vec![number(family), 0, 0, 0, TABLE, TABLE, scope, kind]
            }
        };
        body.extend([0; 4]);
        match self {
            Self::Rule => {
                put_attribute(&mut body, FRA_PRIORITY, &PRIORITY.to_ne_bytes());
                put_attribute(&mut body, FRA_FWMARK, &TAKEN.to_ne_bytes());
                put_attribute(&mut body, FRA_FWMASK, &TAKEN.to_ne_bytes());
                put_attribute(&mut body, FRA_PROTOCOL, &[TABLE]);
            }
            Self::Route => put_attribute(&mut body, libc::RTA_OIF, &LOOPBACK.to_ne_bytes()),
        }
        body
    }

    fn is_ours(self, family: i32, body: &[u8]) -> bool {
        let Some([of, _, _, _, table, _, _, kind]) = body.first_chunk() else { return false };
        let word = |wanted: u16| {
            let found = attributes(body, 12).find(|(kind, _)| *kind == wanted);
            found.and_then(|(_, value)| u32_at(value, 0))
        };
        let here = *of == number(family) && *table == TABLE;
        match self {
            Self::Rule => {
                here && *kind == FR_ACT_TO_TBL
                    && word(FRA_PRIORITY) == Some(PRIORITY)
                    && word(FRA_FWMARK) == Some(TAKEN)
                    && word(FRA_FWMASK) == Some(TAKEN)
            }
            Self::Route => {
                let any = attributes(body, 12).all(|(kind, _)| kind != libc::RTA_DST);
                here && any && *kind == libc::RTN_LOCAL && word(libc::RTA_OIF) == Some(LOOPBACK)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_known_again_and_what_differs_is_not() {
        for (family, part) in parts() {
            let body = part.body(family);
            assert!(part.is_ours(family, &body));
            for (other, _) in FAMILIES.into_iter().filter(|(other, _)| *other != family) {
                assert!(!part.is_ours(other, &body));
            }
            for end in 0..body.len() {
                // Cut off anywhere, it is read without a fault.
                let _ = part.is_ours(family, &body[..end]);
            }
        }
        let mut wider = Part::Rule.body(libc::AF_INET);
        let at = wider.len() - 12;
        wider[at] ^= 1;
        assert!(!Part::Rule.is_ours(libc::AF_INET, &wider));
    }

    /// covers: G6: a hub of 10,000 routes is not asked for all of them at each look
    #[test]
    fn the_way_is_set_and_taken_away_and_of_the_routes_ours_alone_are_listed() {
        let alone = std::thread::spawn(|| {
            if nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).is_err() {
                eprintln!("skipped: a network namespace needs root");
                return;
            }
            let ip = |line: &str| {
                let done = std::process::Command::new("ip").args(line.split_whitespace()).output();
                done.is_ok_and(|done| done.status.success())
            };
            if !ip("link set lo up") {
                eprintln!("skipped: the program `ip` (package iproute2) is needed");
                return;
            }
            (1..50).for_each(|n| assert!(ip(&format!("route add 198.51.100.{n}/32 dev lo"))));
            (1..50).for_each(|n| assert!(ip(&format!("-6 route add 2001:db8::{n}/128 dev lo"))));
            let mut divert = Divert::open().unwrap();
            let routes = |divert: &mut Divert| {
                FAMILIES.map(|(family, _)| divert.list(family, Part::Route).unwrap().len())
            };
            for _again in 0..2 {
                assert_eq!((routes(&mut divert), divert.wrong(true).unwrap().len()), ([0, 0], 4));
                divert.set(true).unwrap();
                divert.set(true).unwrap();
                assert_eq!((routes(&mut divert), divert.wrong(true).unwrap().len()), ([1, 1], 0));
                assert_eq!(divert.wrong(false).unwrap().len(), 4);
                divert.set(false).unwrap();
                assert_eq!(divert.wrong(false).unwrap(), [""; 0]);
            }
        });
        alone.join().unwrap();
    }
}
