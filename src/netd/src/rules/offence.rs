//! Who does what they must not: floods, scans, forged sources, attempts at neighbours (requirement
//! N2.2). Pure: counts and samples of refused packets in, the beginning and end of offences out.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use ets_model::{BootTime, SegmentNo, Stamp};
use ets_netd_api::{Offence, OffenceKind};

/// An offence is over when nothing was refused for so long.
const QUIET: Duration = Duration::from_secs(10);
/// What lies further apart belongs to two beginnings.
const WINDOW: Duration = Duration::from_secs(3);
/// So many different destinations or ports in a window are a scan.
const SCAN: usize = 15;
/// So many packets above a limit in a window are a flood: a burst that just touches it is not.
const FLOOD: u64 = 100;
/// So many packets that no ordinary machine sends are no accident.
const FEW: u64 = 10;
/// The most examples that are kept.
const EXAMPLES: usize = 16;
/// The most who are watched at once: what lies above is still refused and counted.
const MOST: usize = 16_384;

/// Who: a segment where it is known, else the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Segment(SegmentNo),
    Interface(u32),
}

/// Why a packet was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reason {
    /// The source is not the sender's own.
    Spoof,
    /// It was for another segment.
    Neighbour,
    /// It was for something that the sender may not reach.
    Denied,
    /// The sender's limits are used up.
    Limit,
    /// It is malformed or asks for what nobody gets.
    Malformed,
}

/// A destination: address, protocol number, port.
pub(crate) type Target = (IpAddr, u8, u16);

/// All who are watched.
#[derive(Debug, Default)]
pub(crate) struct Offences {
    watched: BTreeMap<(Who, OffenceKind), Watched>,
}

#[derive(Debug)]
struct Watched {
    since: Stamp,
    last: BootTime,
    packets: u64,
    /// Different destinations in the window, the newest last.
    targets: Vec<(BootTime, Target)>,
    examples: BTreeSet<Target>,
    /// Whether it was told.
    told: bool,
}

impl Reason {
    /// From the prefix of the rule's log statement: `ets:spoof`.
    pub(crate) fn from_prefix(prefix: &str) -> Option<Self> {
        Some(match prefix.strip_prefix("ets:")? {
            "spoof" => Self::Spoof,
            "neighbour" => Self::Neighbour,
            "denied" => Self::Denied,
            "limit" => Self::Limit,
            "option" | "invalid" => Self::Malformed,
            _ => return None,
        })
    }

    fn kind(self) -> OffenceKind {
        match self {
            Self::Spoof => OffenceKind::Spoof,
            Self::Neighbour => OffenceKind::Neighbour,
            Self::Denied | Self::Malformed => OffenceKind::Scan,
            Self::Limit => OffenceKind::Flood,
        }
    }
}

impl Offences {
    /// One sample of a refused packet. A scan shows in samples alone: what it asks for differs.
    pub(crate) fn sample(&mut self, who: Who, reason: Reason, target: Target, now: Stamp) {
        if let Some(watched) = self.watched((who, reason.kind()), now) {
            watched.aim(target, now.boot);
        }
        // Whoever tries many doors scans, for whatever reason each was shut.
        if reason != Reason::Spoof
            && reason.kind() != OffenceKind::Scan
            && let Some(watched) = self.watched((who, OffenceKind::Scan), now)
        {
            watched.aim(target, now.boot);
        }
    }

    /// So many packets were refused since the last call.
    pub(crate) fn counted(&mut self, who: Who, reason: Reason, packets: u64, now: Stamp) {
        if packets > 0
            && let Some(watched) = self.watched((who, reason.kind()), now)
        {
            watched.packets += packets;
        }
    }

    /// What begins and what ends now. `name` gives an interface's name by its number.
    pub(crate) fn tell(&mut self, now: Stamp, name: impl Fn(Who) -> String) -> Vec<Offence> {
        let mut told = Vec::new();
        self.watched.retain(|(who, kind), watched| {
            let quiet = now.boot.since(watched.last);
            let begins = !watched.told && watched.is_offence(*kind);
            let over = quiet >= QUIET;
            if begins || (over && watched.told) {
                watched.told = true;
                told.push(watched.offence(*who, *kind, over && !begins, &name));
            }
            let forgotten = if watched.told { QUIET } else { WINDOW };
            quiet < forgotten || begins
        });
        told
    }

    fn watched(&mut self, key: (Who, OffenceKind), now: Stamp) -> Option<&mut Watched> {
        if self.watched.len() >= MOST && !self.watched.contains_key(&key) {
            return None;
        }
        let watched = self.watched.entry(key).or_insert_with(|| Watched::new(now));
        watched.last = now.boot;
        Some(watched)
    }
}

impl Watched {
    fn new(now: Stamp) -> Self {
        Self {
            since: now,
            last: now.boot,
            packets: 0,
            targets: Vec::new(),
            examples: BTreeSet::new(),
            told: false,
        }
    }

    fn aim(&mut self, target: Target, now: BootTime) {
        self.targets.retain(|(at, known)| now.since(*at) < WINDOW && *known != target);
        if self.targets.len() > SCAN {
            self.targets.remove(0);
        }
        self.targets.push((now, target));
        if self.examples.len() < EXAMPLES {
            self.examples.insert(target);
        }
    }

    fn is_offence(&self, kind: OffenceKind) -> bool {
        match kind {
            OffenceKind::Scan => self.targets.len() >= SCAN,
            OffenceKind::Flood => self.packets >= FLOOD,
            OffenceKind::Spoof | OffenceKind::Neighbour => self.packets >= FEW,
        }
    }

    fn offence(
        &self,
        who: Who,
        kind: OffenceKind,
        over: bool,
        name: impl Fn(Who) -> String,
    ) -> Offence {
        let segment = match who {
            Who::Segment(no) => Some(no),
            Who::Interface(_) => None,
        };
        Offence {
            segment,
            interface: name(who),
            kind,
            since: self.since,
            over,
            packets: self.packets.max(self.examples.len() as u64),
            examples: self.examples.iter().copied().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ets_model::WallTime;

    const WHO: Who = Who::Segment(SegmentNo(7));

    fn at(ms: u64) -> Stamp {
        let wall = i64::try_from(ms).unwrap() * 1_000;
        Stamp { boot: BootTime(ms * 1_000_000), wall: WallTime(wall) }
    }

    fn target(port: u16) -> Target {
        ("10.10.2.9".parse().unwrap(), 6, port)
    }

    fn tell(offences: &mut Offences, ms: u64) -> Vec<(OffenceKind, bool)> {
        let told = offences.tell(at(ms), |_| "s007".into());
        told.into_iter().map(|offence| (offence.kind, offence.over)).collect()
    }

    /// covers: N2.2, D9
    #[test]
    fn many_doors_in_a_moment_are_a_scan_and_the_same_door_again_is_not() {
        let mut offences = Offences::default();
        for _ in 0..500 {
            offences.sample(WHO, Reason::Denied, target(445), at(0));
        }
        assert_eq!(tell(&mut offences, 100), []);
        for port in 1..=15 {
            offences.sample(WHO, Reason::Denied, target(port), at(200));
        }
        assert_eq!(tell(&mut offences, 300), [(OffenceKind::Scan, false)]);
        assert_eq!(tell(&mut offences, 400), [], "it is told once");
        assert_eq!(tell(&mut offences, 10_300), [(OffenceKind::Scan, true)]);
        assert_eq!(tell(&mut offences, 10_400), []);
    }

    /// covers: N2.2
    #[test]
    fn a_slow_stroll_over_many_doors_is_no_scan_of_a_moment() {
        let mut offences = Offences::default();
        for port in 1..=100 {
            offences.sample(WHO, Reason::Denied, target(port), at(u64::from(port) * 1_000));
            assert_eq!(tell(&mut offences, u64::from(port) * 1_000), []);
        }
    }

    /// covers: N2.2, D9
    #[test]
    fn a_flood_is_one_when_its_packets_are_many_and_says_how_many() {
        let mut offences = Offences::default();
        offences.counted(WHO, Reason::Limit, 99, at(0));
        assert_eq!(tell(&mut offences, 0), []);
        offences.counted(WHO, Reason::Limit, 1_000_000, at(1_000));
        let told = offences.tell(at(1_000), |_| "s007".into());
        assert_eq!((told[0].kind, told[0].packets), (OffenceKind::Flood, 1_000_099));
        assert_eq!(told[0].segment, Some(SegmentNo(7)));
    }

    /// covers: N2.2
    #[test]
    fn forged_sources_and_attempts_at_neighbours_are_told_after_a_few() {
        for (reason, kind) in
            [(Reason::Spoof, OffenceKind::Spoof), (Reason::Neighbour, OffenceKind::Neighbour)]
        {
            let mut offences = Offences::default();
            let who = Who::Interface(4);
            offences.sample(who, reason, target(80), at(0));
            offences.counted(who, reason, 10, at(0));
            assert_eq!(tell(&mut offences, 0), [(kind, false)]);
        }
    }

    #[test]
    fn a_reason_is_read_from_its_prefix() {
        assert_eq!(Reason::from_prefix("ets:spoof"), Some(Reason::Spoof));
        assert_eq!(Reason::from_prefix("spoof"), None);
    }
}
