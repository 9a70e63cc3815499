//! Many packets a system call: `sendmmsg` and `recvmmsg` (see recvmmsg(2)).
//!
//! The kernel's structures hold pointers into our buffers. They are filled in just before each
//! call and not used after it, so the batches can be moved freely.
#![allow(unsafe_code)]

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::null_mut;

use crate::filter::LONGEST;
use crate::packet::PROBE_LEN;

/// Packets a `sendmmsg`: few, so that the clock read around the call tells when each one left.
/// Four take a third of the error of sixteen (p99 11 against 35 us beside tcpdump), at no CPU that
/// could be measured.
pub(crate) const SEND: usize = 4;

const RECEIVE: usize = 64;
const CONTROL: usize = 64;

/// An address as the kernel wants it.
#[derive(Clone, Copy)]
#[repr(C)]
union SocketAddress {
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

/// Packets to be sent together.
pub(crate) struct SendBatch {
    packets: [[u8; PROBE_LEN]; SEND],
    addresses: [SocketAddress; SEND],
    address_length: u32,
    numbers: [u64; SEND],
    length: usize,
}

impl SendBatch {
    pub(crate) fn new() -> Self {
        Self {
            packets: [[0; PROBE_LEN]; SEND],
            // SAFETY: socket addresses are plain data, all zeroes is the unspecified address.
            addresses: unsafe { zeroed() },
            address_length: 0,
            numbers: [0; SEND],
            length: 0,
        }
    }

    /// Adds a packet. All of a batch go to addresses of the same family.
    pub(crate) fn push(&mut self, number: u64, address: IpAddr, packet: [u8; PROBE_LEN]) {
        let (address, length) = socket_address(address);
        self.packets[self.length] = packet;
        self.addresses[self.length] = address;
        self.address_length = length;
        self.numbers[self.length] = number;
        self.length += 1;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.length == SEND
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The numbers of the packets, in order.
    pub(crate) fn numbers(&self) -> &[u64] {
        &self.numbers[..self.length]
    }

    pub(crate) fn clear(&mut self) {
        self.length = 0;
    }

    /// Sends all; `refused` is called with the index and error of each one that was not.
    pub(crate) fn send(&mut self, fd: BorrowedFd<'_>, mut refused: impl FnMut(usize, io::Error)) {
        // SAFETY: mmsghdr and iovec are plain data, all zeroes is an empty one.
        let (mut headers, mut parts): ([libc::mmsghdr; SEND], [libc::iovec; SEND]) =
            unsafe { (zeroed(), zeroed()) };
        for index in 0..self.length {
            parts[index].iov_base = self.packets[index].as_mut_ptr().cast();
            parts[index].iov_len = PROBE_LEN;
            let header = &mut headers[index].msg_hdr;
            header.msg_name = (&raw mut self.addresses[index]).cast();
            header.msg_namelen = self.address_length;
            header.msg_iov = &raw mut parts[index];
            header.msg_iovlen = 1;
        }
        let mut done = 0;
        while done < self.length {
            // SAFETY: headers[done..length] are filled in above and point to live buffers.
            let sent = unsafe {
                libc::sendmmsg(
                    fd.as_raw_fd(),
                    headers.as_mut_ptr().add(done),
                    u32::try_from(self.length - done).expect("at most SEND"),
                    libc::MSG_DONTWAIT,
                )
            };
            match usize::try_from(sent) {
                Ok(sent) => done += sent,
                Err(_) => {
                    let error = io::Error::last_os_error();
                    if error.kind() != io::ErrorKind::Interrupted {
                        refused(done, error);
                        done += 1;
                    }
                }
            }
        }
    }
}

/// One received packet.
pub(crate) struct Packet<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) source: IpAddr,
    /// The kernel's receive stamp: wall time in nanoseconds.
    pub(crate) stamp: Option<i64>,
    /// Packets that the queue dropped until this one was queued, modulo 2^32.
    pub(crate) dropped: Option<u32>,
}

/// Room for packets received together.
pub(crate) struct ReceiveBatch {
    buffers: Box<[[u8; LONGEST]; RECEIVE]>,
    controls: Box<[Control; RECEIVE]>,
    addresses: Box<[SocketAddress; RECEIVE]>,
    headers: Box<[libc::mmsghdr; RECEIVE]>,
    parts: Box<[libc::iovec; RECEIVE]>,
    length: usize,
}

#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; CONTROL]);

// SAFETY: the pointers in `headers` and `parts` lead into the batch's own boxes, are written before
// each call and never read by anything but that call.
unsafe impl Send for ReceiveBatch {}

impl ReceiveBatch {
    pub(crate) fn new() -> Self {
        Self {
            buffers: Box::new([[0; LONGEST]; RECEIVE]),
            controls: Box::new([Control([0; CONTROL]); RECEIVE]),
            // SAFETY: all three are plain data, for which all zeroes is valid.
            addresses: Box::new(unsafe { zeroed() }),
            // SAFETY: as above.
            headers: Box::new(unsafe { zeroed() }),
            // SAFETY: as above.
            parts: Box::new(unsafe { zeroed() }),
            length: 0,
        }
    }

    /// Reads what is there, up to a batch.
    pub(crate) fn receive(&mut self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.point();
        self.length = 0;
        let count = u32::try_from(RECEIVE).expect("a small constant");
        // SAFETY: `point` has filled in every header; buffers and lengths belong together.
        let read = unsafe {
            libc::recvmmsg(
                fd.as_raw_fd(),
                self.headers.as_mut_ptr(),
                count,
                libc::MSG_DONTWAIT,
                null_mut(),
            )
        };
        if let Ok(read) = usize::try_from(read) {
            self.length = read;
            return Ok(());
        }
        let error = io::Error::last_os_error();
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(()),
            _ => Err(error),
        }
    }

    /// Whether the last call found nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether the last call filled the batch, so that more may be waiting.
    pub(crate) fn was_full(&self) -> bool {
        self.length == RECEIVE
    }

    /// The packets of the last call.
    pub(crate) fn packets(&self) -> impl Iterator<Item = Packet<'_>> {
        (0..self.length).filter_map(|index| {
            let header = &self.headers[index];
            let length = usize::try_from(header.msg_len).ok()?.min(LONGEST);
            let (stamp, dropped) = read_control(&header.msg_hdr);
            Some(Packet {
                bytes: &self.buffers[index][..length],
                source: ip_address(&self.addresses[index])?,
                stamp,
                dropped,
            })
        })
    }

    fn point(&mut self) {
        for index in 0..RECEIVE {
            self.parts[index].iov_base = self.buffers[index].as_mut_ptr().cast();
            self.parts[index].iov_len = LONGEST;
            let header = &mut self.headers[index].msg_hdr;
            header.msg_name = (&raw mut self.addresses[index]).cast();
            header.msg_namelen =
                u32::try_from(size_of::<SocketAddress>()).expect("a small constant");
            header.msg_iov = &raw mut self.parts[index];
            header.msg_iovlen = 1;
            header.msg_control = self.controls[index].0.as_mut_ptr().cast();
            header.msg_controllen = CONTROL;
        }
    }
}

/// The receive stamp and the count of drops among the control messages.
fn read_control(header: &libc::msghdr) -> (Option<i64>, Option<u32>) {
    let (mut stamp, mut dropped) = (None, None);
    // SAFETY: the kernel has written well-formed control messages into our aligned buffer and
    // their whole length into msg_controllen; the payloads are read unaligned.
    unsafe {
        let mut message = libc::CMSG_FIRSTHDR(header);
        while let Some(found) = message.as_ref() {
            let data = libc::CMSG_DATA(message);
            match (found.cmsg_level, found.cmsg_type) {
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                    let time = data.cast::<libc::timespec>().read_unaligned();
                    stamp = Some(time.tv_sec * 1_000_000_000 + time.tv_nsec);
                }
                (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => {
                    dropped = Some(data.cast::<u32>().read_unaligned());
                }
                _ => {}
            }
            message = libc::CMSG_NXTHDR(header, message);
        }
    }
    (stamp, dropped)
}

fn socket_address(address: IpAddr) -> (SocketAddress, u32) {
    // SAFETY: plain data, all zeroes is valid.
    let mut out: SocketAddress = unsafe { zeroed() };
    let length = match address {
        IpAddr::V4(address) => {
            let family = libc::sa_family_t::try_from(libc::AF_INET).expect("a small constant");
            out.v4 = libc::sockaddr_in {
                sin_family: family,
                sin_port: 0,
                sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.octets()) },
                sin_zero: [0; 8],
            };
            size_of::<libc::sockaddr_in>()
        }
        IpAddr::V6(address) => {
            let family = libc::sa_family_t::try_from(libc::AF_INET6).expect("a small constant");
            out.v6 = libc::sockaddr_in6 {
                sin6_family: family,
                sin6_port: 0,
                sin6_flowinfo: 0,
                sin6_addr: libc::in6_addr { s6_addr: address.octets() },
                sin6_scope_id: 0,
            };
            size_of::<libc::sockaddr_in6>()
        }
    };
    (out, u32::try_from(length).expect("a small constant"))
}

fn ip_address(address: &SocketAddress) -> Option<IpAddr> {
    // SAFETY: both variants begin with the family, and the kernel has written the one it names.
    unsafe {
        match i32::from(address.v4.sin_family) {
            libc::AF_INET => Some(Ipv4Addr::from(address.v4.sin_addr.s_addr.to_ne_bytes()).into()),
            libc::AF_INET6 => Some(Ipv6Addr::from(address.v6.sin6_addr.s6_addr).into()),
            _ => None,
        }
    }
}
