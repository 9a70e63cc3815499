//! `[gateway]`: the one way out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU16;

use ets_config::{Ports, Section};
use ets_gateway::accounts::Keep;
use ets_gateway::{Config, Speaks};
use ets_model::{PortRange, Protocol};

use super::named_hosts;

/// What programs expect (IANA: `ndl-aas`, in use for proxies everywhere; RFC 1928).
const HTTP: NonZeroU16 = NonZeroU16::new(3128).expect("not nought");
const HTTPS: NonZeroU16 = NonZeroU16::new(3129).expect("not nought");
const SOCKS: NonZeroU16 = NonZeroU16::new(1080).expect("not nought");
/// Nobody speaks to it by its number.
const TRANSPARENT: NonZeroU16 = NonZeroU16::new(3131).expect("not nought");

/// A quarter.
const KEEP_DAYS: u64 = 90;

/// The names of its sockets, and what is spoken on them.
pub(crate) const SOCKETS: [(&str, Speaks); 6] = [
    ("gateway-http", Speaks::Http),
    ("gateway-http-v6", Speaks::Http),
    ("gateway-socks", Speaks::Socks),
    ("gateway-socks-v6", Speaks::Socks),
    ("gateway-transparent", Speaks::Transparent),
    ("gateway-transparent-v6", Speaks::Transparent),
];

/// The names of those that speak HTTP by TLS.
pub(crate) const TLS: [&str; 2] = ["gateway-https", "gateway-https-v6"];

pub(super) fn declare(s: &mut Section<'_>) -> Config {
    let http = s.optional(
        "http",
        "The port of the HTTP proxy; segments reach it once the rules have a service on the hub with it",
        HTTP,
    );
    let https = s.optional(
        "https",
        "The port of the HTTP proxy by TLS, likewise; a certificate says there who asks, for rules that name persons",
        HTTPS,
    );
    let names = s.value(
        "names",
        "The names and addresses at which it is reached, for the hub's certificate",
        Vec::<String>::new(),
    );
    let socks = s.optional("socks", "The port of SOCKS 5, likewise", SOCKS);
    let udp = s.optional(
        "udp",
        "The ports for datagrams by SOCKS 5, on each address of the hub; segments reach them likewise. None: TCP alone",
        Ports { first: 40_000, last: 40_999 },
    );
    let transparent = s.optional(
        "transparent",
        "The port, TCP and UDP, to which is handed what segments send outside without a proxy, where a \
         rule says so; nobody reaches it by its number",
        TRANSPARENT,
    );
    let resolver = s.optional(
        "resolver",
        "The DNS server that is asked for names outside",
        SocketAddr::from(([10, 0, 0, 53], 53)),
    );
    let hosts = named_hosts(s);
    let journal = s.one_of(
        "journal",
        "What is kept of who went where: full (segment, person, host, rule), segments (neither person nor host), or off",
        &[Keep::Full, Keep::Segments, Keep::Off].map(|keep| (keep.name(), keep)),
    );
    let keep_days = s.value("keep_days", "For so many days; 0 for ever", KEEP_DAYS);
    let ports = [("http", http), ("https", https), ("socks", socks), ("transparent", transparent)];
    for (no, (key, port)) in ports.into_iter().enumerate() {
        let twin = ports.into_iter().take(no).find(|(_, other)| port.is_some() && *other == port);
        if let Some((other, _)) = twin {
            let what = format!("it is the port of {other} too");
            s.contradiction(key, what, "choose another port for one of them".to_owned());
        }
    }
    Config {
        http: http.map(NonZeroU16::get),
        https: https.map(NonZeroU16::get),
        names,
        socks: socks.map(NonZeroU16::get),
        udp: udp.map(|Ports { first, last }| PortRange { protocol: Protocol::Udp, first, last }),
        transparent: transparent.map(NonZeroU16::get),
        resolvers: resolver.into_iter().collect(),
        hosts,
        ask: None,
        meters: None,
        journal,
        keep_days,
    }
}

/// Those for datagrams.
pub(crate) const DATAGRAMS: [&str; 2] = ["gateway-transparent-udp", "gateway-transparent-udp-v6"];

/// The sockets for datagrams that `netd` holds for it.
pub(super) fn held_udp(config: &Config) -> impl Iterator<Item = (String, SocketAddr)> {
    let any = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
    let places = DATAGRAMS.into_iter().zip(any);
    let port = config.transparent;
    places.filter_map(move |(name, any)| Some((name.to_owned(), SocketAddr::new(any, port?))))
}

/// The sockets that `netd` holds for it.
pub(super) fn held(config: &Config) -> impl Iterator<Item = (String, SocketAddr)> {
    let open = SOCKETS.map(|(name, speaks)| match speaks {
        Speaks::Http => (name, config.http),
        Speaks::Socks => (name, config.socks),
        Speaks::Transparent => (name, config.transparent),
    });
    let all = open.into_iter().chain(TLS.map(|name| (name, config.https)));
    let any = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
    let places = all.zip(any.into_iter().cycle());
    places.filter_map(|((name, port), any)| Some((name.to_owned(), SocketAddr::new(any, port?))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N6.1, S13
    #[test]
    fn two_ways_in_on_one_port_are_refused_with_both_named() {
        let read = |text: &str| {
            ets_config::decode("hub.toml", text, |file| file.section("gateway", "Out.", declare))
        };
        assert!(read("[gateway]\nhttp = 3128\nhttps = 3129\ntransparent = 3131\n").is_ok());
        let text = "[gateway]\nhttp = 3128\nhttps = 3129\ntransparent = 3129\n";
        let faults = read(text).unwrap_err().to_string();
        assert!(faults.contains("hub.toml:4:") && faults.contains("https"), "{faults}");
    }
}
