//! The section `[netd]` of hub.toml.

use std::net::SocketAddr;
use std::path::PathBuf;

/// How `netd` is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where the control socket is made: `/run/ets-hub/netd.sock`.
    pub socket: PathBuf,
    /// The group whose members may use it, by number; `None`: root and our own user alone.
    pub group: Option<u32>,
    /// Where the last desired state and the last known states are kept: `/var/lib/ets-hub/netd`.
    pub state_dir: PathBuf,
    /// Where `netd setup` pinned the accounting; `None`: the packet filter counts.
    pub pins: Option<PathBuf>,
    /// Whether rules are put in force at all. Without them nothing is forwarded by us, and nothing is
    /// kept apart.
    pub rules: bool,
    /// The most bytes of events held for replay. 64 MiB hold 15 minutes of 10,000 segments at one
    /// probe a second.
    pub ring_bytes: usize,
    /// Listening sockets to bind and hold, by name, besides those that `ETS_LISTEN` hands in.
    pub listen: Vec<(String, SocketAddr)>,
    /// Sockets for UDP to bind and hold, likewise. A name stands in one of the two lists only.
    pub listen_udp: Vec<(String, SocketAddr)>,
    /// Where the hub answers those outside, over TCP: everything else from there is dropped.
    pub published: Vec<SocketAddr>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            socket: PathBuf::from("/run/ets-hub/netd.sock"),
            group: None,
            state_dir: PathBuf::from("/var/lib/ets-hub/netd"),
            pins: None,
            rules: false,
            ring_bytes: 64 << 20,
            listen: Vec::new(),
            listen_udp: Vec::new(),
            published: Vec::new(),
        }
    }
}
