//! TCP connect probes (RFC 9293): a connection that is accepted, or refused by a reset of the
//! target itself, is an answer.
//!
//! The round-trip time of an accepted one is the kernel's own (SYN to SYN-ACK); that of a reset is
//! taken when the engine sees it. Connections are closed by a reset, so that none lingers.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Duration;

use ets_model::{BootTime, IcmpErrorKind};
use ets_runtime::Clock;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrIn, SockaddrIn6, SockaddrStorage, recvmsg,
};
use socket2::{Domain, Protocol, Socket, Type};

use crate::core::{Core, Received};
use crate::packet::{Family, error_kind};
use crate::socket::{get_option, set_option};
use crate::{Ended, Error};

/// Resets are seen at most this many a call; the rest at the next.
const EVENTS: usize = 256;

/// A connection under way.
#[derive(Debug)]
struct Attempt {
    socket: Socket,
    family: Family,
    sent: u64,
}

/// What a finished attempt came to.
enum Verdict {
    Answered(Option<Duration>),
    Error(IpAddr, IcmpErrorKind),
    /// Nothing that says anything of the target.
    Nothing,
}

/// All connections under way.
#[derive(Debug)]
pub(crate) struct TcpProber {
    epoll: Epoll,
    attempts: HashMap<u64, Attempt>,
    /// The attempts in the order of their start, to give them up.
    order: VecDeque<(u64, u64)>,
}

impl TcpProber {
    pub(crate) fn new() -> Result<Self, Error> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)
            .map_err(|error| Error::Socket("creating an epoll descriptor", error.into()))?;
        Ok(Self { epoll, attempts: HashMap::new(), order: VecDeque::new() })
    }

    /// Whether a call of [`poll`](Self::poll) can find anything.
    pub(crate) fn is_idle(&self) -> bool {
        self.attempts.is_empty()
    }

    /// Starts a connection for probe `number`; returns the moments around its SYN.
    pub(crate) fn start(
        &mut self,
        number: u64,
        to: SocketAddr,
        clock: &Clock,
    ) -> io::Result<(u64, u64)> {
        let socket = prepare(to)?;
        let before = clock.boot().0;
        match socket.connect(&to.into()) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
            Err(error) => return Err(error),
        }
        let after = clock.boot().0;
        let event = EpollEvent::new(EpollFlags::EPOLLOUT | EpollFlags::EPOLLONESHOT, number);
        self.epoll.add(&socket, event)?;
        let family = Family::of(to.ip());
        self.attempts.insert(number, Attempt { socket, family, sent: after });
        self.order.push_back((after, number));
        Ok((before, after))
    }

    /// Hands what has finished to the core.
    pub(crate) fn poll(&mut self, core: &mut Core, clock: &Clock, out: &mut Vec<Ended>) {
        let mut events = [EpollEvent::empty(); EVENTS];
        loop {
            let found = self.epoll.wait(&mut events, EpollTimeout::ZERO).unwrap_or(0);
            let seen = clock.boot();
            for event in &events[..found] {
                if let Some(attempt) = self.attempts.remove(&event.data()) {
                    conclude(&attempt, event.data(), seen, core, out);
                }
            }
            if found < EVENTS {
                return;
            }
        }
    }

    /// Closes what was started before `limit`.
    pub(crate) fn give_up(&mut self, limit: u64) {
        while let Some((_, number)) = self.order.pop_front_if(|(sent, _)| *sent < limit) {
            self.attempts.remove(&number);
        }
    }
}

impl AsFd for TcpProber {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.0.as_fd()
    }
}

fn conclude(attempt: &Attempt, number: u64, seen: BootTime, core: &mut Core, out: &mut Vec<Ended>) {
    match verdict(attempt) {
        Verdict::Answered(rtt) => {
            let stamp = rtt.map_or(seen, |rtt| (BootTime(attempt.sent) + rtt).min(seen));
            core.answered(number, Received { stamp, seen }, out);
        }
        Verdict::Error(from, kind) => core.erred(number, from, kind, out),
        Verdict::Nothing => {}
    }
}

fn prepare(to: SocketAddr) -> io::Result<Socket> {
    let socket =
        Socket::new(Domain::for_address(to), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    socket.set_linger(Some(Duration::ZERO))?;
    set_option(&socket, libc::IPPROTO_TCP, libc::TCP_SYNCNT, &1_i32)?;
    let (level, name) = match to {
        SocketAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_RECVERR),
        SocketAddr::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_RECVERR),
    };
    set_option(&socket, level, name, &1_i32)?;
    Ok(socket)
}

fn verdict(attempt: &Attempt) -> Verdict {
    if let Some((from, kind)) = quoted_error(attempt) {
        return Verdict::Error(from, kind);
    }
    match attempt.socket.take_error() {
        Ok(None) => Verdict::Answered(kernel_rtt(&attempt.socket)),
        Ok(Some(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Verdict::Answered(None)
        }
        Ok(Some(_)) | Err(_) => Verdict::Nothing,
    }
}

/// The ICMP error in the socket's error queue, with who sent it.
fn quoted_error(attempt: &Attempt) -> Option<(IpAddr, IcmpErrorKind)> {
    let mut control = nix::cmsg_space!(libc::sock_extended_err, SockaddrStorage);
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let message =
        recvmsg::<()>(attempt.socket.as_raw_fd(), &mut [], Some(&mut control), flags).ok()?;
    message.cmsgs().ok()?.find_map(|message| {
        let (error, from): (_, IpAddr) = match message {
            ControlMessageOwned::Ipv4RecvErr(error, from) => {
                (error, SockaddrIn::from(from?).ip().into())
            }
            ControlMessageOwned::Ipv6RecvErr(error, from) => {
                (error, SockaddrIn6::from(from?).ip().into())
            }
            _ => return None,
        };
        Some((from, error_kind(attempt.family, error.ee_type, error.ee_code)?))
    })
}

/// The kernel's measure of SYN to SYN-ACK.
fn kernel_rtt(socket: &Socket) -> Option<Duration> {
    let mut info = TcpInfo::default();
    get_option(socket, libc::IPPROTO_TCP, libc::TCP_INFO, &mut info).ok()?;
    let micros = info.0[RTT_WORD];
    (micros > 0).then(|| Duration::from_micros(micros.into()))
}

/// The begin of `struct tcp_info` (linux/tcp.h) as words.
#[derive(Clone, Copy, Default)]
struct TcpInfo([u32; 26]);

/// Which word `tcpi_rtt` is: after 8 bytes of small fields, 4 words of timers and sizes, 5 of
/// counts, 4 of times and 2 of limits.
const RTT_WORD: usize = 2 + 4 + 5 + 4 + 2;

#[cfg(test)]
#[path = "tcp_tests.rs"]
mod tests;
