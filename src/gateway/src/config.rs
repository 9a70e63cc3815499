//! `[gateway]`.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ets_model::PortRange;

use crate::accounts::Keep;

/// What the gateway is told by the file.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The port of the HTTP proxy; none where there is none.
    pub http: Option<u16>,
    /// The port of the HTTP proxy by TLS.
    pub https: Option<u16>,
    /// Names and addresses beside the hub's others at which it is reached, for its certificate.
    pub names: Vec<String>,
    /// The port of SOCKS.
    pub socks: Option<u16>,
    /// The ports of the hub for datagrams by SOCKS (RFC 1928, section 7); none where they are not
    /// relayed.
    pub udp: Option<PortRange>,
    /// The port to which what is taken on its way is handed, TCP and UDP.
    pub transparent: Option<u16>,
    /// The DNS servers that are asked for names, in this order.
    pub resolvers: Vec<SocketAddr>,
    /// Names with their addresses, before any server.
    pub hosts: BTreeMap<String, IpAddr>,
    /// The port on which the hub takes requests for what was refused; none where nobody takes them.
    pub ask: Option<u16>,
    /// The file of the meters; in memory alone where there is none.
    pub meters: Option<PathBuf>,
    /// What is kept of who went where.
    pub journal: Keep,
    /// For so many days; 0 for ever.
    pub keep_days: u64,
}

impl Config {
    /// Whether anybody can come out by it.
    pub fn is_on(&self) -> bool {
        let ports = [self.http, self.https, self.socks, self.transparent];
        ports.iter().any(Option::is_some)
    }
}
