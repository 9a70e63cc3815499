//! The sockets that `netd` holds for `serve`, so that they outlive it: listening ones, and those
//! for UDP. `netd` itself never accepts a connection and reads no datagram.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ets_netd_api::{TRANSPARENT, inherited_listener};
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Socket, Type};

use crate::Error;
use crate::speak::transparent;

/// Bytes of datagrams that wait to be read while `serve` is away, the kernel's own included.
const BUFFER: usize = 1 << 20;
/// Connections that wait to be accepted while `serve` is away: three seconds of 5,000 a second.
const BACKLOG: i32 = 16_384;
/// Below it only who has the right may bind, so that nobody shares a port with us by stealth.
const FIRST_OF_ALL: u16 = 1024;
/// The most that the kernel lets wait (listen(2)).
const LONGEST_QUEUE: &str = "/proc/sys/net/core/somaxconn";

/// Held sockets by name.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    held: Mutex<BTreeMap<String, OwnedFd>>,
    /// All that are to be bound.
    configured: BTreeMap<String, (Kind, SocketAddr)>,
}

/// What is spoken on a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Tcp,
    Udp,
}

impl Listeners {
    /// Takes over what `inherited` (`name=descriptor,…`) names and binds the rest of `tcp` and
    /// `udp`.
    ///
    /// A port that is in use stays free for now: when `netd` alone was ended, `serve` still holds
    /// and answers it. It is bound when somebody asks for it, which `serve` does when it starts.
    pub(crate) fn open(
        inherited: Option<&str>,
        tcp: &[(String, SocketAddr)],
        udp: &[(String, SocketAddr)],
    ) -> Result<Self, Error> {
        let mut held = BTreeMap::new();
        make_room(LONGEST_QUEUE);
        for item in inherited.unwrap_or_default().split(',').filter(|item| !item.is_empty()) {
            inherit(&mut held, item)?;
        }
        let of =
            |kind| move |(name, address): &(String, SocketAddr)| (name.clone(), (kind, *address));
        let mut configured: BTreeMap<_, _> = tcp.iter().map(of(Kind::Tcp)).collect();
        configured.extend(udp.iter().map(of(Kind::Udp)));
        for (name, (kind, address)) in &configured {
            if held.contains_key(name) {
                continue;
            }
            match open(name, *kind, *address) {
                Ok(socket) => drop(held.insert(name.clone(), socket)),
                Err(Error::Listen { source, .. }) if source.kind() == io::ErrorKind::AddrInUse => {
                    tracing::warn!(name, %address, "in use: by serve, or by a stranger");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Self { held: Mutex::new(held), configured })
    }

    /// The socket of that name, bound now where it was in use before.
    ///
    /// # Errors
    /// Why there is none, as a sentence.
    pub(crate) fn get(&self, name: &str) -> Result<OwnedFd, String> {
        let mut held = self.held();
        if !held.contains_key(name) {
            let Some((kind, address)) = self.configured.get(name) else {
                let known: Vec<&str> = held.keys().map(String::as_str).collect();
                return Err(format!(
                    "no socket {name:?} is held: known are [{}]",
                    known.join(", ")
                ));
            };
            let socket = open(name, *kind, *address).map_err(|error| error.to_string())?;
            held.insert(name.to_owned(), socket);
        }
        let copy = held[name].as_fd().try_clone_to_owned();
        copy.map_err(|error| format!("the socket {name:?} cannot be handed over: {error}"))
    }

    /// All names.
    pub(crate) fn names(&self) -> Vec<String> {
        self.held().keys().cloned().collect()
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<String, OwnedFd>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn inherit(held: &mut BTreeMap<String, OwnedFd>, item: &str) -> Result<(), Error> {
    let syntax = || Error::ListenSyntax(item.to_owned());
    let (name, number) = item.split_once('=').ok_or_else(syntax)?;
    let number = number.trim().parse().map_err(|_| syntax())?;
    let name = name.trim().to_owned();
    if held.contains_key(&name) {
        return Err(Error::ListenTwice(name));
    }
    let socket = inherited_listener(number)
        .map_err(|source| Error::Inherit { name: name.clone(), source })?;
    held.insert(name, socket);
    Ok(())
}

/// Raises the longest queue of the network as far as ours need it. Where that may not be, less wait, and
/// who comes beyond that asks again after a second.
fn make_room(setting: &str) {
    let now = std::fs::read_to_string(setting).ok().and_then(|text| text.trim().parse().ok());
    if now.is_some_and(|now: i32| now < BACKLOG)
        && let Err(error) = std::fs::write(setting, BACKLOG.to_string())
    {
        tracing::info!(setting, %error, "the queue of those who wait to be accepted stays shorter");
    }
}

fn open(name: &str, kind: Kind, address: SocketAddr) -> Result<OwnedFd, Error> {
    let refused = |source| Error::Listen { name: name.to_owned(), address, source };
    let is_transparent = name.starts_with(TRANSPARENT);
    let socket = match kind {
        Kind::Tcp => listen(address, is_transparent),
        Kind::Udp => datagrams(address, is_transparent),
    };
    Ok(socket.map_err(refused)?.into())
}

fn listen(address: SocketAddr, is_transparent: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if is_transparent {
        transparent(&socket)?;
    }
    socket.set_reuse_address(true)?;
    bind(&socket, address)?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

/// Bound without `SO_REUSEADDR`, which for UDP would take datagrams away from a stranger on the port.
/// Each datagram is to say where it was sent to, so that the answer can leave from there (ip(7),
/// RFC 3542 section 6).
fn datagrams(address: SocketAddr, is_transparent: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
    if is_transparent {
        transparent(&socket)?;
    }
    match address {
        SocketAddr::V4(_) if is_transparent => {
            setsockopt(&socket, sockopt::Ipv4OrigDstAddr, &true)?;
        }
        SocketAddr::V6(_) if is_transparent => {
            setsockopt(&socket, sockopt::Ipv6OrigDstAddr, &true)?;
        }
        SocketAddr::V4(_) => setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?,
        SocketAddr::V6(_) => setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?,
    }
    if setsockopt(&socket, sockopt::RcvBufForce, &BUFFER).is_err() {
        // In a user namespace: what `net.core.rmem_max` allows.
        socket.set_recv_buffer_size(BUFFER)?;
    }
    bind(&socket, address)?;
    if address.port() < FIRST_OF_ALL {
        // Bound by then, so that a stranger on the port was told. From now on a socket that speaks for
        // a host outside can be bound to the same port of that host (`crate::speak`).
        socket.set_reuse_address(true)?;
    }
    Ok(socket)
}

/// Both families have a socket of their own.
fn bind(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // The outside address may come later than the hub, and must not keep it from starting.
    match address {
        SocketAddr::V4(at) if !at.ip().is_unspecified() => socket.set_freebind_v4(true)?,
        SocketAddr::V6(at) if !at.ip().is_unspecified() => socket.set_freebind_v6(true)?,
        _ => {}
    }
    socket.bind(&address.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};
    use std::os::fd::IntoRawFd;

    #[test]
    fn a_socket_handed_in_takes_the_place_of_the_configured_one() {
        let handed = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = handed.local_addr().unwrap();
        let list = format!("dashboard={}", handed.into_raw_fd());
        let configured = [
            ("dashboard".to_owned(), "192.0.2.1:1".parse().unwrap()),
            ("metrics".to_owned(), "127.0.0.1:0".parse().unwrap()),
        ];
        let held = Listeners::open(Some(&list), &configured, &[]).unwrap();
        assert_eq!(held.names(), ["dashboard", "metrics"]);
        let copy = held.get("dashboard").unwrap();
        assert_eq!(TcpListener::from(copy).local_addr().unwrap(), address);
        assert!(held.get("other").unwrap_err().contains("dashboard, metrics"));
    }

    /// covers: S8
    #[test]
    fn a_port_that_serve_still_answers_is_bound_when_serve_asks_for_it_again() {
        let serve = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = serve.local_addr().unwrap();
        let held = Listeners::open(None, &[("dashboard".to_owned(), address)], &[]).unwrap();
        assert_eq!(held.names(), [""; 0]);
        let refusal = held.get("dashboard").unwrap_err();
        assert!(refusal.contains(&address.to_string()), "{refusal}");
        drop(serve);
        let socket = TcpListener::from(held.get("dashboard").unwrap());
        assert_eq!(socket.local_addr().unwrap(), address);
        assert_eq!(held.names(), ["dashboard"]);
    }

    /// covers: S8
    #[test]
    fn a_socket_for_datagrams_keeps_what_came_while_nobody_read() {
        let at = |address: &str| address.parse().unwrap();
        let udp = [("v4".to_owned(), at("127.0.0.1:0")), ("v6".to_owned(), at("[::1]:0"))];
        let held = Listeners::open(None, &[], &udp).unwrap();
        for (name, from) in [("v4", "127.0.0.1:0"), ("v6", "[::1]:0")] {
            let first = UdpSocket::from(held.get(name).unwrap());
            let address = first.local_addr().unwrap();
            drop(first);
            UdpSocket::bind(from).unwrap().send_to(b"question", address).unwrap();
            let second = UdpSocket::from(held.get(name).unwrap());
            let mut buffer = [0; 64];
            let (length, _) = second.recv_from(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], b"question");
            let refusal = UdpSocket::bind(address).unwrap_err();
            assert_eq!(refusal.kind(), io::ErrorKind::AddrInUse, "a stranger took a held port");
        }
    }

    /// covers: S8
    #[test]
    fn datagrams_have_their_room_whatever_others_are_allowed() {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let other = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
        if setsockopt(&other, sockopt::RcvBufForce, &BUFFER).is_err() {
            eprintln!("skipped: needs root");
            return;
        }
        // The kernel tells twice the size (socket(7)).
        assert_eq!(datagrams(any, false).unwrap().recv_buffer_size().unwrap(), 2 * BUFFER);
    }

    /// covers: G1: names outside are asked for without a proxy while the hub has a resolver of its own
    #[test]
    fn a_low_port_that_is_held_leaves_it_to_those_who_speak_for_others() {
        let held = [("dns".to_owned(), "0.0.0.0:53".parse().unwrap())];
        let ours = std::thread::spawn(move || {
            if nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).is_err() {
                eprintln!("skipped: needs root");
                return;
            }
            let _held = Listeners::open(None, &[], &held).unwrap();
            crate::speak::socket("203.0.113.10:53".parse().unwrap()).unwrap();
            let stranger = UdpSocket::bind("127.0.0.1:53").unwrap_err();
            assert_eq!(stranger.kind(), io::ErrorKind::AddrInUse);
            assert!(Listeners::open(None, &[], &held).unwrap().names().is_empty(), "ours once");
        });
        ours.join().unwrap();
    }

    /// covers: G8
    #[test]
    fn the_longest_queue_is_raised_and_never_lowered() {
        let setting = tempfile::NamedTempFile::new().unwrap();
        let path = setting.path().to_str().unwrap();
        for (before, after) in
            [("4096\n", "16384"), ("65535\n", "65535\n"), ("nonsense", "nonsense")]
        {
            std::fs::write(path, before).unwrap();
            make_room(path);
            assert_eq!(std::fs::read_to_string(path).unwrap(), after);
        }
    }

    /// covers: S13
    #[test]
    fn a_malformed_list_is_refused_with_its_item() {
        for bad in ["dashboard", "dashboard=x", "a=99999"] {
            let error = Listeners::open(Some(bad), &[], &[]).unwrap_err().to_string();
            assert!(error.starts_with("ETS_LISTEN"), "{error}");
        }
    }
}
