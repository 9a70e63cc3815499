//! `[dns]`: the resolver of the segments.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU16;

use ets_config::Section;
use ets_dns::Config;

/// RFC 1035, section 4.2.
const PORT: NonZeroU16 = NonZeroU16::new(53).expect("not nought");

pub(super) fn declare(s: &mut Section<'_>) -> Config {
    let port = s.optional(
        "port",
        "The port, for UDP and TCP; segments reach it once the rules have a service on the hub with it",
        PORT,
    );
    let listen: Vec<String> = s.value(
        "listen",
        "Our addresses on which it answers; all of them where none is named",
        Vec::new(),
    );
    let addresses = parsed(s, "listen", &listen, "an address", "10.0.0.1");
    let zone = s.optional(
        "zone",
        "The zone of the network: `hub` and the identifiers of services are names in it",
        "ets.example".to_owned(),
    );
    let hosts: Vec<String> = s.value(
        "hosts",
        "Further names with an address, in the zone or whole: `\"mail=10.10.1.5\"`; one may stand in more lines",
        Vec::new(),
    );
    let resolvers: Vec<String> = s.value(
        "resolvers",
        "The DNS servers that are asked for names outside: `\"10.0.0.53:53\"`",
        Vec::new(),
    );
    let private = s.value(
        "private",
        "Domains outside whose names may have private addresses; from others these are taken out",
        Vec::new(),
    );
    Config {
        port: port.map(NonZeroU16::get),
        addresses,
        zone,
        hosts: named(s, hosts),
        servers: parsed(s, "resolvers", &resolvers, "an address with a port", "10.0.0.53:53"),
        private,
    }
}

fn parsed<T: std::str::FromStr>(
    s: &mut Section<'_>,
    key: &'static str,
    texts: &[String],
    what: &str,
    example: &str,
) -> Vec<T> {
    let mut read = Vec::new();
    for text in texts {
        match text.trim().parse() {
            Ok(one) => read.push(one),
            Err(_) => s.contradiction(
                key,
                format!("{text:?} is not {what}"),
                format!("write one such as \"{example}\""),
            ),
        }
    }
    read
}

/// Names with all of their addresses.
fn named(s: &mut Section<'_>, lines: Vec<String>) -> BTreeMap<String, Vec<IpAddr>> {
    let mut known = BTreeMap::<String, Vec<IpAddr>>::new();
    for line in lines {
        let pair = line.split_once('=');
        match pair.and_then(|(name, at)| Some((name.trim().to_owned(), at.trim().parse().ok()?))) {
            Some((name, address)) => known.entry(name).or_default().push(address),
            None => s.contradiction(
                "hosts",
                format!("{line:?} is no name with an address"),
                "write \"name=address\"".to_owned(),
            ),
        }
    }
    known
}

/// The names of its sockets, those for UDP or those for TCP.
pub(crate) fn names(config: &Config, udp: bool) -> impl Iterator<Item = String> {
    held(config, udp).map(|(name, _)| name)
}

/// The sockets that `netd` holds for it.
pub(super) fn held(config: &Config, udp: bool) -> impl Iterator<Item = (String, SocketAddr)> {
    let any = vec![IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
    let addresses = if config.addresses.is_empty() { any } else { config.addresses.clone() };
    let (port, kind) = (config.port, if udp { "udp" } else { "tcp" });
    addresses.into_iter().filter_map(move |address| {
        // A number would change with the order of the file, and the socket with it.
        Some((format!("dns-{kind}@{address}"), SocketAddr::new(address, port?)))
    })
}
