//! Sockets that speak in the name of hosts outside, for the gateway's answers to who was intercepted.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use ets_model::{Intercept, Policy};
use ipnet::IpNet;
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Socket, Type};

/// So many a second, and twice as many at once: each serves all who ask one server outside.
const RATE: f64 = 1_000.0;

/// How many were given, by the second.
#[derive(Debug)]
pub(crate) struct Rate(Mutex<(f64, Instant)>);

impl Default for Rate {
    fn default() -> Self {
        Self(Mutex::new((2.0 * RATE, Instant::now())))
    }
}

impl Rate {
    /// Whether one more may be given now.
    pub(crate) fn admits(&self) -> bool {
        self.admits_at(Instant::now())
    }

    fn admits_at(&self, now: Instant) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(state.1).as_secs_f64();
        *state = ((state.0 + passed * RATE).min(2.0 * RATE), now);
        if state.0 < 1.0 {
            return false;
        }
        state.0 -= 1.0;
        true
    }
}

/// Why no socket speaks in the name of `address`; `None` where one may: it can be that of one host, and
/// that host is outside. `own` are the hub's addresses.
pub(crate) fn fault(
    address: SocketAddr,
    intercept: &Intercept,
    policy: &Policy,
    own: &BTreeSet<IpAddr>,
) -> Option<String> {
    if !is_one_host(address.ip()) || address.port() == 0 {
        return Some(format!("{address} is no address from which a host outside answers"));
    }
    let at = address.ip();
    let inside = |net: &IpNet| net.contains(&at);
    let ours = own.contains(&at)
        || intercept.kept.iter().any(inside)
        || policy.arms.iter().flat_map(|arm| &arm.prefixes).any(inside);
    ours.then(|| format!("{at} is nobody's outside: no socket speaks in its name"))
}

/// As far as an address tells by itself (RFC 6890): not that of many or of none, nor of a host or a link
/// alone.
fn is_one_host(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            let [first, ..] = four.octets();
            !matches!(first, 0 | 127 | 224..) && !four.is_link_local()
        }
        IpAddr::V6(six) => {
            let many_or_none = six.is_multicast() || six.is_unspecified() || six.is_loopback();
            !many_or_none && !six.is_unicast_link_local() && six.to_ipv4_mapped().is_none()
        }
    }
}

/// A socket for datagrams bound to an address that is not the hub's (`IP_TRANSPARENT`, ip(7)).
pub(crate) fn socket(address: SocketAddr) -> io::Result<OwnedFd> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
    transparent(&socket)?;
    // A `serve` that starts while the former one ends has its own.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// Lets a socket be bound to addresses of others, and be handed packets for them.
pub(crate) fn transparent(socket: &Socket) -> io::Result<()> {
    // The option of IPv4 sets the same bit of a socket of IPv6 (`ipv6_setsockopt`).
    Ok(setsockopt(socket, sockopt::IpTransparent, &true)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ets_model::{Arm, SegmentNo};
    use std::time::Duration;

    /// covers: G6
    #[test]
    fn so_many_sockets_are_given_a_second_and_no_more() {
        let (rate, begin) = (Rate::default(), Instant::now());
        let given = |at: Instant| (0..5_000).filter(|_| rate.admits_at(at)).count();
        assert_eq!(given(begin), 2_000);
        assert_eq!(given(begin + Duration::from_millis(100)), 100);
        assert_eq!(given(begin + Duration::from_secs(60)), 2_000);
    }

    /// covers: G6
    #[test]
    fn no_socket_speaks_in_the_name_of_whom_no_host_outside_can_be() {
        let net = |text: &str| text.parse::<IpNet>().unwrap();
        let intercept =
            Intercept { segments: vec![SegmentNo(1)], kept: vec![net("10.0.0.0/8")], port: 3129 };
        let arm = Arm {
            no: SegmentNo(2),
            id: "s2".parse().unwrap(),
            interface: "p2".into(),
            prefixes: vec![net("203.0.113.0/28"), net("2001:db8:2::/64")],
            hardware: None,
            may: Vec::new(),
            limits: None,
            rate: None,
        };
        let policy = Policy { arms: vec![arm], ..Policy::default() };
        let own = ["198.51.100.1", "2001:db8::1"].map(|at| at.parse().unwrap()).into();
        let refused = |at: &str| fault(at.parse().unwrap(), &intercept, &policy, &own).is_some();
        for outside in ["203.0.113.16:53", "198.51.100.2:1", "[2001:db8:3::1]:443"] {
            assert!(!refused(outside), "{outside}");
        }
        let never = "0.0.0.0:53 0.1.2.3:53 127.0.0.1:53 169.254.1.1:53 224.0.0.251:5353 240.0.0.1:53 \
                     255.255.255.255:67 [::]:53 [::1]:53 [fe80::1]:53 [ff02::fb]:5353 \
                     [::ffff:192.0.2.1]:53 198.51.100.2:0";
        let ours = "198.51.100.1:53 [2001:db8::1]:53 10.1.1.1:53 203.0.113.5:53 [2001:db8:2::5]:53";
        for one in never.split_whitespace().chain(ours.split_whitespace()) {
            assert!(refused(one), "{one}");
        }
    }
}
