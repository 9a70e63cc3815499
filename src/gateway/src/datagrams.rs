//! What all relays of datagrams have in common: how many there may be, their ports and sockets, how
//! one datagram passes, and what was dropped and why.

use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use ets_listen::{Place, Tally};
use ets_model::{PortRange, SegmentNo};
use nix::sys::resource::{Resource, getrlimit};
use socket2::{Domain, SockRef, Socket, Type};
use tokio::net::UdpSocket;
use tokio::task::coop::consume_budget;

use crate::gateway::Refusal;
use crate::lane::Side;
use crate::meters::Meter;

/// The largest datagram (RFC 768).
pub(crate) const LARGEST: usize = 65_535;
/// So many are read from a socket before others have their turn.
const BATCH: usize = 32;
/// Associations of one segment at once.
const ASSOCIATIONS: usize = 64;
/// Sessions of one segment with relays at once: a call has a handful.
const SESSIONS: usize = 1_024;
/// What the kernel is asked to keep while nobody reads; it gives what the machine allows.
const WAITING: usize = 1 << 20;
/// Descriptors of the process: this part of them may be relays' of datagrams.
const PART: usize = 8;

/// Why a datagram was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// It came from somebody else than whose relay it is.
    Stranger,
    /// It is no datagram of SOCKS, or leads to port 0.
    Malformed,
    /// It is a part of one (RFC 1928: who does not put them together drops them).
    Fragment,
    /// The rules say no.
    Refused,
    /// Its name has no address, or it waits for one too long.
    NoName,
    /// Too many are open already.
    Crowded,
    /// It is an answer of somebody who was not asked.
    Unasked,
    /// The kernel did not take it.
    Unsent,
    /// More than the segment's bandwidth, or what is left of its volume.
    TooMuch,
}

/// What is kept of datagrams.
#[derive(Debug)]
pub struct Datagrams {
    ports: Option<PortRange>,
    /// Descriptors that they may have.
    most: usize,
    next: AtomicUsize,
    associations: Arc<Tally<SegmentNo>>,
    sessions: Arc<Tally<SegmentNo>>,
    /// Descriptors that are in use.
    open: Arc<Open>,
    dropped: [AtomicU64; Dropped::ALL.len()],
}

#[derive(Debug, Default)]
struct Open {
    associations: AtomicUsize,
    sessions: AtomicUsize,
}

/// The place of an association or a session; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Session {
    open: Arc<Open>,
    of: fn(&Open) -> &AtomicUsize,
    _place: Place<SegmentNo>,
}

impl Dropped {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Stranger,
        Self::Malformed,
        Self::Fragment,
        Self::Refused,
        Self::NoName,
        Self::Crowded,
        Self::Unasked,
        Self::Unsent,
        Self::TooMuch,
    ];

    /// Its name in figures.
    pub fn code(self) -> &'static str {
        match self {
            Self::Stranger => "stranger",
            Self::Malformed => "malformed",
            Self::Fragment => "fragment",
            Self::Refused => "refused",
            Self::NoName => "no-name",
            Self::Crowded => "crowded",
            Self::Unasked => "unasked",
            Self::Unsent => "unsent",
            Self::TooMuch => "too-much",
        }
    }
}

impl From<&Refusal> for Dropped {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Crowded(_) | Refusal::Full => Self::Crowded,
            Refusal::NoSuchName | Refusal::NoResolver => Self::NoName,
            Refusal::Rules(_) | Refusal::Unreachable => Self::Refused,
        }
    }
}

impl Default for Datagrams {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Datagrams {
    pub(crate) fn new(ports: Option<PortRange>) -> Self {
        let (next, associations, sessions, open, dropped) = Default::default();
        Self { ports, most: most(), next, associations, sessions, open, dropped }
    }

    /// The ports of associations.
    pub(crate) fn ports(&self) -> Option<PortRange> {
        self.ports
    }

    /// Counts a datagram that was dropped.
    pub(crate) fn tell(&self, passed: Result<(), Dropped>) {
        if let Err(why) = passed {
            self.dropped[why as usize].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many were dropped, by reason.
    pub fn dropped(&self) -> impl Iterator<Item = (Dropped, u64)> {
        let count = |why: &Dropped| self.dropped[*why as usize].load(Ordering::Relaxed);
        Dropped::ALL.iter().map(move |why| (*why, count(why)))
    }

    /// Associations of SOCKS that are open.
    pub fn associations(&self) -> usize {
        self.open.associations.load(Ordering::Relaxed)
    }

    /// Sessions of datagrams with relays that are open.
    pub fn sessions(&self) -> usize {
        self.open.sessions.load(Ordering::Relaxed)
    }

    /// A place for an association of a segment.
    pub(crate) fn associate(&self, segment: SegmentNo) -> Option<Session> {
        self.enter(self.associations.take(segment, ASSOCIATIONS)?, |open| &open.associations)
    }

    /// A place for a session of a segment with a relay.
    pub(crate) fn session(&self, segment: SegmentNo) -> Option<Session> {
        self.enter(self.sessions.take(segment, SESSIONS)?, |open| &open.sessions)
    }

    fn enter(&self, place: Place<SegmentNo>, of: fn(&Open) -> &AtomicUsize) -> Option<Session> {
        // An association has a socket for its client and up to two for the world.
        let taken = 3 * self.associations() + self.sessions();
        if taken >= self.most {
            return None;
        }
        of(&self.open).fetch_add(1, Ordering::Relaxed);
        Some(Session { open: Arc::clone(&self.open), of, _place: place })
    }

    /// A socket on one of the ports for associations, at the hub's address that the client spoke to.
    ///
    /// # Errors
    /// When all ports of that address are in use, or the kernel gives no socket.
    pub(crate) fn bind(&self, at: IpAddr) -> io::Result<UdpSocket> {
        let PortRange { first, last, .. } = self.ports.ok_or(io::ErrorKind::Unsupported)?;
        let count = usize::from(last - first) + 1;
        let mut refused = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..count {
            let place = self.next.fetch_add(1, Ordering::Relaxed) % count;
            match socket(SocketAddr::new(at, first + place as u16)) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => refused = error,
                other => return other.and_then(UdpSocket::from_std),
            }
        }
        Err(refused)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        (self.of)(&self.open).fetch_sub(1, Ordering::Relaxed);
    }
}

/// How many descriptors relays of datagrams may have.
fn most() -> usize {
    let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(1_024, |(soft, _)| soft);
    (usize::try_from(limit).unwrap_or(usize::MAX) / PART).clamp(64, 16_384)
}

/// A socket for datagrams of one protocol of the internet alone.
pub(crate) fn socket(at: SocketAddr) -> io::Result<std::net::UdpSocket> {
    let socket = Socket::new(Domain::for_address(at), Type::DGRAM, None)?;
    if at.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.set_recv_buffer_size(WAITING)?;
    socket.bind(&at.into())?;
    Ok(socket.into())
}

/// A socket for datagrams to a host outside, on an address and a port that the kernel chooses.
pub(crate) fn outwards(to: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = match to {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    UdpSocket::from_std(socket(SocketAddr::new(any, 0))?)
}

/// The same for one host alone: the kernel takes datagrams of nobody else.
pub(crate) fn towards(target: SocketAddr) -> io::Result<UdpSocket> {
    let far = outwards(target)?;
    SockRef::from(&far).connect(&target.into())?;
    Ok(far)
}

/// Passes one datagram on, where the volume and the bandwidth of its segment let it, and counts it.
pub(crate) fn pass(
    (meter, side): (&Meter, Side),
    octets: usize,
    send: impl FnOnce() -> io::Result<usize>,
) -> Result<(), Dropped> {
    if !meter.lets(side, octets) {
        return Err(Dropped::TooMuch);
    }
    send().map_err(|_| Dropped::Unsent)?;
    meter.count(side, octets);
    Ok(())
}

/// Sends one datagram at once, or not at all: what waits longer than the kernel's queue is late.
pub(crate) fn send(socket: &UdpSocket, octets: &[u8], to: Option<SocketAddr>) -> io::Result<usize> {
    let raw = SockRef::from(socket);
    let once = || match to {
        Some(to) => raw.send_to(octets, &to.into()),
        None => raw.send(octets),
    };
    match once() {
        // That an earlier one met nobody is told in place of sending this one.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => once(),
        done => done,
    }
}

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; LARGEST].into_boxed_slice());
}

/// Reads what waits at a socket, so much that others have their turn; `one` reads a datagram into the
/// buffer that it is lent and does with it what there is to do.
pub(crate) async fn batch(mut one: impl FnMut(&mut [u8]) -> io::Result<()>) {
    BUFFER.with_borrow_mut(|buffer| {
        for _ in 0..BATCH {
            match one(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // Otherwise it is told that one sent earlier met nobody.
                _ => {}
            }
        }
    });
    // While more comes than is read, nobody waits for the next: others have their turn here.
    consume_budget().await;
}
