//! One raw ICMP socket a family, set up so that only what concerns us is queued.
#![allow(unsafe_code)]

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use libc::{c_int, sock_filter};
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use crate::cookie::Secret;
use crate::packet::Family;
use crate::{EngineConfig, Error, filter};

/// Options that `libc` does not name (linux/icmp.h, linux/icmpv6.h, asm-generic/socket.h).
const ICMP_FILTER: c_int = 1;
const ICMP6_FILTER: c_int = 1;
const SO_MEMINFO: c_int = 55;
const SK_MEMINFO_DROPS: usize = 8;

/// A raw socket.
#[derive(Debug)]
pub(crate) struct RawSocket {
    socket: Socket,
    /// Bytes that its receive queue may hold, by the kernel's account.
    capacity: usize,
    /// Drops that are known already.
    drops: u32,
}

impl RawSocket {
    /// Opens and sets up one.
    pub(crate) fn open(
        family: Family,
        secret: &Secret,
        config: &EngineConfig,
    ) -> Result<Self, Error> {
        let (domain, protocol) = match family {
            Family::V4 => (Domain::IPV4, Protocol::ICMPV4),
            Family::V6 => (Domain::IPV6, Protocol::ICMPV6),
        };
        let socket = Socket::new(domain, Type::RAW, Some(protocol)).map_err(refused)?;
        restrict_types(&socket, family)?;
        let program = match family {
            Family::V4 => filter::v4(secret),
            Family::V6 => filter::v6(secret),
        };
        attach(&socket, &program).map_err(step("attaching the packet filter"))?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)
            .map_err(|error| Error::Socket("asking for receive stamps", error.into()))?;
        setsockopt(&socket, sockopt::RxqOvfl, &1)
            .map_err(|error| Error::Socket("asking for the count of drops", error.into()))?;
        if family == Family::V4 {
            forbid_fragments(&socket)?;
        }
        size_queues(&socket, config)?;
        let capacity =
            socket.recv_buffer_size().map_err(step("reading the receive queue's size"))?;
        Ok(Self { socket, capacity, drops: 0 })
    }

    /// Bytes that the receive queue may hold.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Takes the count of drops from a packet; returns how many are new.
    pub(crate) fn note_drops(&mut self, drops: u32) -> u32 {
        let new = drops.wrapping_sub(self.drops);
        // A packet queued before the last reading carries an older count.
        if new > u32::MAX / 2 {
            return 0;
        }
        self.drops = drops;
        new
    }

    /// Asks the kernel for the count of drops; returns how many are new.
    pub(crate) fn ask_drops(&mut self) -> u32 {
        let mut info = [0_u32; 9];
        match get_option(&self.socket, libc::SOL_SOCKET, SO_MEMINFO, &mut info) {
            Ok(()) => self.note_drops(info[SK_MEMINFO_DROPS]),
            Err(_) => 0,
        }
    }
}

impl AsFd for RawSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn refused(error: io::Error) -> Error {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => Error::NoRawSockets(error),
        _ => Error::Socket("opening a raw ICMP socket", error),
    }
}

fn step(what: &'static str) -> impl FnOnce(io::Error) -> Error {
    move |error| Error::Socket(what, error)
}

/// Lets only replies and errors through; cheaper than the packet filter, and before it.
fn restrict_types(socket: &Socket, family: Family) -> Result<(), Error> {
    let result = match family {
        Family::V4 => {
            let passed = [0_u32, 3, 11, 12].iter().fold(0, |mask, kind| mask | 1 << kind);
            set_option(socket, libc::SOL_RAW, ICMP_FILTER, &!(passed as u32))
        }
        Family::V6 => {
            let mut blocked = [u32::MAX; 8];
            for kind in [1_usize, 2, 3, 4, 129] {
                blocked[kind / 32] &= !(1 << (kind % 32));
            }
            set_option(socket, libc::IPPROTO_ICMPV6, ICMP6_FILTER, &blocked)
        }
    };
    result.map_err(step("restricting the ICMP types"))
}

/// Sets the DF bit. Probes are far below any MTU; what counts is that the kernel then needs no
/// identification for each of them (RFC 6864), which costs it a tenth of the whole probe.
fn forbid_fragments(socket: &Socket) -> Result<(), Error> {
    set_option(socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, &libc::IP_PMTUDISC_PROBE)
        .map_err(step("setting the DF bit"))
}

/// Forces the sizes where the process may, else takes what the kernel gives.
fn size_queues(socket: &Socket, config: &EngineConfig) -> Result<(), Error> {
    if setsockopt(socket, sockopt::RcvBufForce, &config.receive_buffer).is_err() {
        socket
            .set_recv_buffer_size(config.receive_buffer)
            .map_err(step("sizing the receive queue"))?;
    }
    if setsockopt(socket, sockopt::SndBufForce, &config.send_buffer).is_err() {
        socket.set_send_buffer_size(config.send_buffer).map_err(step("sizing the send queue"))?;
    }
    Ok(())
}

/// Attaches a classic BPF program.
pub(crate) fn attach(socket: &Socket, program: &[sock_filter]) -> io::Result<()> {
    let program: Vec<SockFilter> =
        program.iter().map(|op| SockFilter::new(op.code, op.jt, op.jf, op.k)).collect();
    socket.attach_filter(&program)
}

pub(crate) fn set_option<T>(
    socket: &impl AsRawFd,
    level: c_int,
    name: c_int,
    value: &T,
) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of::<T>()).expect("a small structure");
    // SAFETY: pointer and length are those of `value`, which the kernel only reads.
    let result = unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const *value).cast(), length)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// `T` must be plain data of integers: any bytes are a value of it.
pub(crate) fn get_option<T: Copy>(
    socket: &impl AsRawFd,
    level: c_int,
    name: c_int,
    value: &mut T,
) -> io::Result<()> {
    let mut length = libc::socklen_t::try_from(size_of::<T>()).expect("a small structure");
    // SAFETY: the kernel writes at most `length` bytes into `value`.
    let result = unsafe {
        libc::getsockopt(socket.as_raw_fd(), level, name, (&raw mut *value).cast(), &raw mut length)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
