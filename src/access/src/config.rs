//! What the proxy is told: names, routes, limits.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ets_listen::Bounds;
use ets_rights::Object;

/// The proxy's configuration. `Default` has no name and no route.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The host names of the closed part, without ports: whoever comes is asked for a certificate.
    pub names: Vec<String>,
    /// The host names of the open part: nobody is asked for a certificate.
    pub open_names: Vec<String>,
    /// A certificate whose owner has done nothing for so long has its connections closed and its
    /// TLS sessions dropped, so that the token signs again.
    pub idle: Idle,
    /// The file of the key that signs identities (P-256, PKCS#8, PEM); made where there is none.
    /// Without it a key is made that lives as long as the process.
    pub identity_key: Option<PathBuf>,
    /// What one certificate may ask for.
    pub per_certificate: PerCertificate,
    /// What one address may ask for without a certificate.
    pub per_address: PerAddress,
    /// What strangers and services may take up of what all share.
    pub at_once: AtOnce,
    /// What one connection and one address may take up. Its times of a body hold for pages of our
    /// own; for services those of the route do.
    pub bounds: Bounds,
    /// Where requests go. Of those that fit the longest prefix wins, one with a host first.
    pub routes: Vec<Route>,
}

/// How long a certificate may do nothing: ten minutes unless set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idle(pub Duration);

impl Default for Idle {
    fn default() -> Self {
        Self(Duration::from_secs(600))
    }
}

/// What one certificate may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerCertificate {
    /// Requests at once, open streams included.
    pub in_flight: usize,
    /// Requests a second in the long run; 0 for no limit.
    pub rate: u32,
    /// Requests that may come at once before the rate counts.
    pub burst: u32,
}

impl Default for PerCertificate {
    fn default() -> Self {
        Self { in_flight: 256, rate: 200, burst: 1000 }
    }
}

/// What one address may ask for without a certificate: an IPv4 address, or 64 bits of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerAddress {
    /// Requests a second in the long run; 0 for no limit.
    pub rate: u64,
    /// Requests that may come at once before the rate counts.
    pub burst: u64,
}

impl Default for PerAddress {
    /// A segment may come from one address as a whole: a hundred readers who open a page at once.
    fn default() -> Self {
        Self { rate: 100, burst: 2000 }
    }
}

/// What strangers and services may take up of what all share: each request under way holds two
/// descriptors of ours and one of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtOnce {
    /// Requests at once of one address without a certificate, open streams included.
    pub of_address: usize,
    /// Connections at once to one service of a route, those that are kept included.
    pub of_service: usize,
}

impl Default for AtOnce {
    fn default() -> Self {
        // Of a service as many as a listener has connections.
        Self { of_address: 512, of_service: 4096 }
    }
}

/// How a service behind the proxy learns who asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// By `Client-Cert` (RFC 9440) and `X-Ets-*` headers: for services that only the hub reaches.
    #[default]
    Headers,
    /// By a token in `X-Ets-Identity` that the hub signs (RFC 7515, ES256), good for a minute.
    SignedToken,
    /// Not at all.
    None,
}

/// One way into a service.
#[derive(Clone, Debug)]
pub struct Route {
    /// The path that it begins with, `/` for all: `/documents` takes `/documents` and
    /// `/documents/1`, not `/documents-old`.
    pub prefix: String,
    /// The only host name that it holds for; without one all names of its part.
    pub host: Option<String>,
    /// The service's addresses (HTTP/1.1), used in turn as far as they answer.
    pub upstreams: Vec<SocketAddr>,
    /// The right that it needs; ignored on an open route.
    pub right: String,
    /// What the right is needed on.
    pub object: Object,
    /// Whether the service sees paths without the prefix.
    pub strip_prefix: bool,
    /// Whether it belongs to the open part and needs no certificate.
    pub open: bool,
    /// How the service learns who asks.
    pub identity: Identity,
    /// How young the signature of the token must be; without it a resumed session will do.
    pub fresh: Option<Duration>,
    /// How long the service may take.
    pub timeouts: Timeouts,
    /// The body of a request, in bytes.
    pub max_body: u64,
    /// A path that a healthy service answers with 2xx or 3xx, asked while it counts as down and
    /// now and then; without one a connection will do.
    pub health: Option<String>,
}

impl Default for Route {
    fn default() -> Self {
        Self {
            prefix: "/".to_owned(),
            host: None,
            upstreams: Vec::new(),
            right: String::new(),
            object: Object::Everywhere,
            strip_prefix: false,
            open: false,
            identity: Identity::default(),
            fresh: None,
            timeouts: Timeouts::default(),
            max_body: 1 << 30,
            health: None,
        }
    }
}

/// How long a service, or who sends to it, may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To accept a connection.
    pub connect: Duration,
    /// To begin its answer once it has the request, and to take more of a body that waits for it.
    pub answer: Duration,
    /// Between two parts of its answer; event streams and `WebSocket`s may be silent.
    pub quiet: Duration,
    /// Between two parts of a request's body; also the head start before `slowest` counts.
    pub upload: Duration,
    /// The slowest that a body may come, in bytes a second on average.
    pub slowest: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            answer: Duration::from_secs(60),
            quiet: Duration::from_secs(300),
            upload: Duration::from_secs(30),
            slowest: 500,
        }
    }
}
