//! What can keep the accounting from being set up, attached or read.

use std::io;
use std::path::PathBuf;

use ets_model::SegmentNo;
use ipnet::IpNet;

/// Why the accounting cannot do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory for the pins is not on a BPF file system.
    #[error("{0} is not on a bpffs: mount one with `mount -t bpf bpf /sys/fs/bpf`")]
    NoBpffs(PathBuf),
    /// Nothing was set up there.
    #[error("no accounting is set up in {0}: run `ets-hub netd setup` as root")]
    NotSetUp(PathBuf),
    /// What is there was set up by another version, whose totals cannot be read.
    #[error("the accounting in {path} has layout {layout}, this program knows {known}")]
    Layout {
        /// Where.
        path: PathBuf,
        /// What was found.
        layout: u64,
        /// What would be understood.
        known: u64,
    },
    /// More segments were asked for than the totals can hold.
    #[error("room for {0} segments was asked for, between 1 and 65536 can be had")]
    Capacity(u32),
    /// A file or directory of the pins.
    #[error("{1}: {0} failed")]
    File(&'static str, PathBuf, #[source] io::Error),
    /// The kernel refused a map; needs `CAP_BPF`.
    #[error("the kernel refused to make the map {0}")]
    Map(&'static str, #[source] io::Error),
    /// The kernel refused a program; needs `CAP_BPF` and `CAP_NET_ADMIN`.
    #[error("the kernel refused the program {name}: {log}")]
    Program {
        /// Which.
        name: &'static str,
        /// The last lines of the verifier's log.
        log: String,
        /// What it answered.
        #[source]
        cause: io::Error,
    },
    /// A map could not be read or changed.
    #[error("{0} failed")]
    Access(&'static str, #[source] io::Error),
    /// A socket operation failed; the first field says which.
    #[error("rtnetlink: {0} failed")]
    Socket(&'static str, #[source] io::Error),
    /// The kernel refused something at an interface.
    #[error("interface {interface}: {action} was refused")]
    Interface {
        /// Its index.
        interface: u32,
        /// What was tried.
        action: &'static str,
        /// What it answered.
        #[source]
        cause: io::Error,
    },
    /// Frames of a kind whose headers are not known.
    #[error(
        "interface {interface} has a link layer of kind {kind}, whose frames cannot be counted"
    )]
    LinkKind {
        /// Its index.
        interface: u32,
        /// `ARPHRD_*`
        kind: u16,
    },
    /// A segment's number is beyond the room that was set up.
    #[error(
        "segment {0} is beyond the {1} that the accounting was set up for: run `ets-hub netd setup` with more"
    )]
    BeyondCapacity(SegmentNo, u32),
    /// Two segments, or two places, have the same prefix.
    #[error("the prefix {0} is given twice")]
    PrefixTwice(IpNet),
    /// Two services answer at the same port.
    #[error("two services answer at {0}")]
    ServiceTwice(String),
    /// A class that is not counted at the wire.
    #[error("class {0} has no total")]
    NoTotal(u8),
    /// Too many ranges of more than 1,024 ports.
    #[error("{0} ranges of more than 1024 ports are given, there is room for 8")]
    TooManyRanges(usize),
    /// More prefix lengths than a list holds.
    #[error("{0} prefix lengths of one family are in use, there is room for 31")]
    TooManyLengths(usize),
}

impl Error {
    /// Whether the interface is not there (any more).
    pub(super) fn is_gone(&self) -> bool {
        matches!(self, Self::Interface { cause, .. } if cause.raw_os_error() == Some(libc::ENODEV))
    }
}
