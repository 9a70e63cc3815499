//! `[gateway]`.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// What the gateway is told by the file.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The port of the HTTP proxy; none where there is none.
    pub http: Option<u16>,
    /// The port of SOCKS.
    pub socks: Option<u16>,
    /// The DNS servers that are asked for names, in this order.
    pub resolvers: Vec<SocketAddr>,
    /// Names with their addresses, before any server.
    pub hosts: BTreeMap<String, IpAddr>,
    /// The file of the meters; in memory alone where there is none.
    pub meters: Option<PathBuf>,
}

impl Config {
    /// Whether anybody can come out by it.
    pub fn is_on(&self) -> bool {
        self.http.is_some() || self.socks.is_some()
    }
}
