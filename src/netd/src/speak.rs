//! Sockets that speak in the name of hosts outside, for the gateway's answers to who was intercepted.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

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
}
