//! What the rooms above decide: addresses, limits, and where names are looked up.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How enrolment is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where clients reach the hub: `https://hub.region.example`, without a slash at the end. Every
    /// address in the answers begins with it, and every signed request must name it.
    pub url: String,
    /// The certificates that routers are told to trust, in PEM: the root and the issuing authority.
    pub authorities: String,
    /// The DNS server that is asked for names and for `_acme-challenge` records; none where the
    /// network has only [`Config::hosts`].
    pub resolver: Option<SocketAddr>,
    /// Names with their addresses, before any resolver. Only what stands here may be an address
    /// that is otherwise never asked: loopback, link-local, or the hub's own.
    pub hosts: BTreeMap<String, IpAddr>,
    /// The hub's own addresses: no validation goes there.
    pub own: Vec<IpAddr>,
    /// Where http-01 asks (RFC 8555, section 8.3: 80).
    pub http_port: u16,
    /// Where tls-alpn-01 asks (RFC 8737, section 3: 443).
    pub tls_port: u16,
    /// How long one validation may take.
    pub deadline: Duration,
    /// Validations at once; more wait.
    pub validations: usize,
    /// New orders an hour and account.
    pub orders_per_hour: u32,
    /// Failed validations an hour and account.
    pub failures_per_hour: u32,
    /// How long an order may take, and a name that was not validated stays open.
    pub order_life: Duration,
    /// How long a router's secret may be used.
    pub secret_life: Duration,
}

impl Config {
    /// The usual limits, without names.
    pub fn new(url: impl Into<String>, authorities: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            authorities: authorities.into(),
            resolver: None,
            hosts: BTreeMap::new(),
            own: Vec::new(),
            http_port: 80,
            tls_port: 443,
            deadline: Duration::from_secs(10),
            validations: 16,
            orders_per_hour: 60,
            failures_per_hour: 60,
            order_life: Duration::from_secs(24 * 3600),
            secret_life: Duration::from_secs(7 * 86_400),
        }
    }
}
