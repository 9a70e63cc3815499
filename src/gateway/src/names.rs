//! The addresses of names: those that the file gives, else what the DNS servers say, kept for as
//! long as they say (RFC 1035; RFC 2308 for what there is not).

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig,
    ServerOrderingStrategy,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;

use crate::gateway::Resolve;
use crate::{Config, Error};

/// How long one server may take, and how often all of them are asked.
const PATIENCE: Duration = Duration::from_secs(2);
const ATTEMPTS: usize = 2;
/// Answers that are kept.
const KEPT: u64 = 32 << 10;
/// An answer is asked for again after a day, whatever it says; that there is none, after 5 minutes.
const LONGEST: Duration = Duration::from_secs(86_400);
const LONGEST_NONE: Duration = Duration::from_secs(300);

/// Another one who looks names up.
pub type LookUp = dyn Fn(String) -> LookingUp + Send + Sync;
/// What he is at.
pub type LookingUp = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Looks names up.
pub struct Names {
    hosts: BTreeMap<String, IpAddr>,
    resolver: Option<TokioResolver>,
    instead: OnceLock<Box<LookUp>>,
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Names")
    }
}

impl Names {
    /// With the servers and hosts of the file.
    ///
    /// # Errors
    /// [`Error::Resolver`].
    pub fn new(config: &Config) -> Result<Self, Error> {
        let resolver = match config.resolvers.as_slice() {
            [] => None,
            servers => Some(resolver(servers)?),
        };
        Ok(Self { hosts: config.hosts.clone(), resolver, instead: OnceLock::new() })
    }

    /// From now on somebody else is asked for what the file does not give: the hub's own resolver,
    /// so that there is one cache. The first one stays.
    pub fn ask_instead(&self, look_up: Box<LookUp>) {
        drop(self.instead.set(look_up));
    }
}

impl Resolve for Names {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        if let Some(address) = self.hosts.get(name) {
            return Ok(vec![*address]);
        }
        if let Some(look_up) = self.instead.get() {
            return look_up(name.to_owned()).await;
        }
        let Some(resolver) = &self.resolver else {
            return Err(io::Error::other("no DNS server is named in the file"));
        };
        // With the final dot no search list is tried.
        match resolver.lookup_ip(format!("{name}.")).await {
            Ok(found) => Ok(found.iter().collect()),
            Err(error) if error.is_nx_domain() || error.is_no_records_found() => Ok(Vec::new()),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}

fn resolver(servers: &[SocketAddr]) -> Result<TokioResolver, Error> {
    let servers = servers.iter().map(|at| {
        let ways = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut way| {
            way.port = at.port();
            way
        });
        NameServerConfig::new(at.ip(), true, ways.to_vec())
    });
    let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    let options = builder.options_mut();
    options.timeout = PATIENCE;
    options.attempts = ATTEMPTS;
    options.cache_size = KEPT;
    options.positive_max_ttl = Some(LONGEST);
    options.negative_max_ttl = Some(LONGEST_NONE);
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.use_hosts_file = ResolveHosts::Never;
    options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
    builder.build().map_err(|error| Error::Resolver(error.to_string()))
}
