//! `[gateway]`: the one way out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU16;

use ets_config::{Ports, Section};
use ets_gateway::{Config, Speaks};
use ets_model::{PortRange, Protocol};

use super::named_hosts;

/// What programs expect (IANA: `ndl-aas`, in use for proxies everywhere; RFC 1928).
const HTTP: NonZeroU16 = NonZeroU16::new(3128).expect("not nought");
const HTTPS: NonZeroU16 = NonZeroU16::new(3129).expect("not nought");
const SOCKS: NonZeroU16 = NonZeroU16::new(1080).expect("not nought");

/// The names of its sockets, and what is spoken on them.
pub(crate) const SOCKETS: [(&str, Speaks); 4] = [
    ("gateway-http", Speaks::Http),
    ("gateway-http-v6", Speaks::Http),
    ("gateway-socks", Speaks::Socks),
    ("gateway-socks-v6", Speaks::Socks),
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
    let resolver = s.optional(
        "resolver",
        "The DNS server that is asked for names outside",
        SocketAddr::from(([10, 0, 0, 53], 53)),
    );
    let hosts = named_hosts(s);
    Config {
        http: http.map(NonZeroU16::get),
        https: https.map(NonZeroU16::get),
        names,
        socks: socks.map(NonZeroU16::get),
        udp: udp.map(|Ports { first, last }| PortRange { protocol: Protocol::Udp, first, last }),
        resolvers: resolver.into_iter().collect(),
        hosts,
        meters: None,
    }
}

/// The sockets that `netd` holds for it.
pub(super) fn held(config: &Config) -> impl Iterator<Item = (String, SocketAddr)> {
    let (http, https, socks) = (config.http, config.https, config.socks);
    let open = SOCKETS.map(|(name, speaks)| match speaks {
        Speaks::Http => (name, http),
        Speaks::Socks => (name, socks),
    });
    let all = open.into_iter().chain(TLS.map(|name| (name, https)));
    let any = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
    let places = all.zip(any.into_iter().cycle());
    places.filter_map(|((name, port), any)| Some((name.to_owned(), SocketAddr::new(any, port?))))
}
