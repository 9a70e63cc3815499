//! `[dns]`.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use hickory_resolver::proto::rr::Name;

use crate::Error;

/// What the resolver is told by the file.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The port, for UDP and TCP; none where segments have nobody to ask.
    pub port: Option<u16>,
    /// Our addresses on which it answers; empty: all of them.
    pub addresses: Vec<IpAddr>,
    /// The zone of the closed network, such as `ets.example`; none where it has none.
    pub zone: Option<String>,
    /// Names with their addresses, before any server: within the zone without its name, else whole.
    pub hosts: BTreeMap<String, Vec<IpAddr>>,
    /// The DNS servers outside, in this order; none where nobody is asked.
    pub servers: Vec<SocketAddr>,
    /// Domains outside whose names may have private addresses (RFC 1918, RFC 4193).
    pub private: Vec<String>,
}

/// A name as questions have it: in lower case and with the final dot.
///
/// # Errors
/// [`Error::Name`].
pub(crate) fn name(text: &str) -> Result<Name, Error> {
    let fault = || Error::Name(text.to_owned());
    let mut name = Name::from_utf8(text.trim()).map_err(|_| fault())?.to_lowercase();
    name.set_fqdn(true);
    if name.is_root() { Err(fault()) } else { Ok(name) }
}
