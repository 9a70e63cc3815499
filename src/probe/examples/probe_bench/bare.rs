//! The yardstick: nothing but `sendmmsg` and `recvmmsg` over the same targets. No stamps, no
//! filter, no cookie, no table, nobody who learns what was answered.
#![allow(unsafe_code)]

use std::mem::{size_of, zeroed};
use std::net::IpAddr;
use std::os::fd::AsRawFd;
use std::ptr::null_mut;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use crate::Outcome;
use crate::meter::{Tally, cpu_now, rss_kib};
use crate::star::address;

const BATCH: usize = 64;
const PACKET: usize = 28;

struct Loop {
    socket: Socket,
    addresses: Vec<libc::sockaddr_in6>,
    length: u32,
    packet: [u8; PACKET],
    buffers: Box<[[u8; 256]; BATCH]>,
    sent: u64,
    received: u64,
}

/// Sends to every target once a second and counts what comes: `paced` in rounds of 4 ms, else all
/// at the begin of the second, reading after each batch.
pub(crate) fn work(targets: u32, seconds: u32, arguments: &[String]) -> Outcome {
    let family = if arguments.iter().any(|word| word == "v6") { "v6" } else { "v4" };
    let paced = arguments.iter().any(|word| word == "paced");
    let addresses = match arguments.iter().position(|word| word == "--addresses") {
        Some(at) => listed(arguments.get(at + 1).ok_or("--addresses needs a file")?)?,
        None => (0..targets).map(|index| address(index, family)).collect(),
    };
    let mut bare = Loop::open(addresses, family)?;
    bare.run(1, paced);
    let (cpu, sent, received) = (cpu_now(), bare.sent, bare.received);
    bare.run(seconds, paced);
    let cpu = cpu_now() - cpu;
    std::thread::sleep(Duration::from_millis(100));
    bare.receive();
    Tally {
        sent: bare.sent - sent,
        answered: bare.received - received,
        cpu,
        rss_kib: rss_kib(),
        note: String::new(),
    }
    .hand_over();
    Ok(())
}

impl Loop {
    fn open(addresses: Vec<IpAddr>, family: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let v6 = family == "v6";
        let (domain, protocol, kind, length) = if v6 {
            (Domain::IPV6, Protocol::ICMPV6, 128, size_of::<libc::sockaddr_in6>())
        } else {
            (Domain::IPV4, Protocol::ICMPV4, 8, size_of::<libc::sockaddr_in>())
        };
        let socket = Socket::new(domain, Type::RAW, Some(protocol))?;
        nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::RcvBufForce, &(32 << 20))?;
        // A raw socket is given a copy of every ICMP packet; this one is to pay for its own alone.
        let (at, id) = if v6 { (4, 0x0100) } else { (24, 0x0200) };
        socket.attach_filter(&only_half_word(at, id))?;
        let mut packet = [0; PACKET];
        packet[0] = kind;
        packet[4] = if v6 { 1 } else { 2 };
        if !v6 {
            let sum = !(u16::from(kind) << 8) - (u16::from(packet[4]) << 8);
            packet[2..4].copy_from_slice(&sum.to_be_bytes());
        }
        Ok(Self {
            socket,
            addresses: addresses.into_iter().map(storage).collect(),
            length: u32::try_from(length)?,
            packet,
            buffers: Box::new([[0; 256]; BATCH]),
            sent: 0,
            received: 0,
        })
    }

    fn run(&mut self, seconds: u32, paced: bool) {
        let rounds = if paced { 250 } else { 1 };
        let share = self.addresses.len().div_ceil(rounds);
        let pause = Duration::from_secs(1) / u32::try_from(rounds).expect("few");
        let start = Instant::now();
        for round in 0..rounds * seconds as usize {
            let from = (round % rounds * share).min(self.addresses.len());
            let to = (from + share).min(self.addresses.len());
            self.send(from, to);
            self.receive();
            let next = start + pause * u32::try_from(round + 1).expect("few");
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }

    fn send(&mut self, from: usize, to: usize) {
        for start in (from..to).step_by(BATCH) {
            let end = (start + BATCH).min(to);
            // SAFETY: plain data; the pointers lead into `self` and are used in this call only.
            unsafe {
                let mut part =
                    libc::iovec { iov_base: self.packet.as_mut_ptr().cast(), iov_len: PACKET };
                let mut headers: [libc::mmsghdr; BATCH] = zeroed();
                for (header, address) in headers.iter_mut().zip(&mut self.addresses[start..end]) {
                    header.msg_hdr.msg_name = (&raw mut *address).cast();
                    header.msg_hdr.msg_namelen = self.length;
                    header.msg_hdr.msg_iov = &raw mut part;
                    header.msg_hdr.msg_iovlen = 1;
                }
                let count = u32::try_from(end - start).expect("at most a batch");
                let sent = libc::sendmmsg(self.socket.as_raw_fd(), headers.as_mut_ptr(), count, 0);
                self.sent += u64::try_from(sent).unwrap_or(0);
            }
            if end < to {
                self.receive();
            }
        }
    }

    fn receive(&mut self) {
        loop {
            // SAFETY: as above.
            let got = unsafe {
                let mut headers: [libc::mmsghdr; BATCH] = zeroed();
                let mut parts: [libc::iovec; BATCH] = zeroed();
                for index in 0..BATCH {
                    parts[index].iov_base = self.buffers[index].as_mut_ptr().cast();
                    parts[index].iov_len = 256;
                    headers[index].msg_hdr.msg_iov = &raw mut parts[index];
                    headers[index].msg_hdr.msg_iovlen = 1;
                }
                libc::recvmmsg(
                    self.socket.as_raw_fd(),
                    headers.as_mut_ptr(),
                    u32::try_from(BATCH).expect("small"),
                    libc::MSG_DONTWAIT,
                    null_mut(),
                )
            };
            let got = usize::try_from(got).unwrap_or(0);
            let kind = if self.packet[0] == 8 { (20, 0) } else { (0, 129) };
            let ours = |buffer: &&[u8; 256]| {
                buffer[kind.0] == kind.1 && buffer[kind.0 + 4] == self.packet[4]
            };
            self.received += self.buffers[..got].iter().filter(ours).count() as u64;
            if got < BATCH {
                return;
            }
        }
    }
}

/// A file of addresses, one a line.
fn listed(path: &str) -> Result<Vec<IpAddr>, Box<dyn std::error::Error>> {
    Ok(std::fs::read_to_string(path)?.lines().map(str::parse).collect::<Result<_, _>>()?)
}

/// Classic BPF (`linux/bpf_common.h`) that lets packets with this half word at this place pass.
fn only_half_word(at: u32, value: u32) -> [SockFilter; 4] {
    let step = |code: u32, jt, jf, k| {
        SockFilter::new(u16::try_from(code).expect("operation codes are small"), jt, jf, k)
    };
    [
        step(libc::BPF_LD | libc::BPF_H | libc::BPF_ABS, 0, 0, at),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, value),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, u32::MAX),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, 0),
    ]
}

/// An address in room that fits both families.
fn storage(address: IpAddr) -> libc::sockaddr_in6 {
    // SAFETY: plain data; sockaddr_in is shorter than sockaddr_in6 and begins with the family too.
    unsafe {
        let mut out: libc::sockaddr_in6 = zeroed();
        match address {
            IpAddr::V4(address) => {
                let v4 = (&raw mut out).cast::<libc::sockaddr_in>();
                (*v4).sin_family = u16::try_from(libc::AF_INET).expect("small");
                (*v4).sin_addr.s_addr = u32::from_ne_bytes(address.octets());
            }
            IpAddr::V6(address) => {
                out.sin6_family = u16::try_from(libc::AF_INET6).expect("small");
                out.sin6_addr.s6_addr = address.octets();
            }
        }
        out
    }
}
