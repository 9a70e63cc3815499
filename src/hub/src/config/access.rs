//! `[access]` and `[[route]]`: the closed part, the open part, and what lies behind them.

use std::net::SocketAddr;
use std::time::Duration;

use ets_access::{Identity, Idle, Object, PerAddress, Route};
use ets_config::{Bytes, Document, Section};
use ets_listen::Bounds;

/// The name and the usual port of its socket.
pub(crate) const ENTRANCE: &str = "access-tls";
const PORT: u16 = 8444;

const IDENTITIES: &[(&str, Identity)] =
    &[("headers", Identity::Headers), ("token", Identity::SignedToken), ("none", Identity::None)];

/// Takes the sections out of the file; where they are served stands beside.
pub(super) fn declare(file: &mut Document<'_>) -> (ets_access::Config, SocketAddr) {
    let (access, listen) =
        file.section("access", "The closed part, which a client certificate opens.", access);
    let routes = file.sections(
        "route",
        "A way through the closed or the open part to a service behind the hub.",
        route,
    );
    (ets_access::Config { routes, ..access }, listen)
}

fn access(s: &mut Section<'_>) -> (ets_access::Config, SocketAddr) {
    let default = ets_access::Config::default();
    let listen =
        s.value("listen", "Where HTTPS is answered", SocketAddr::from(([0, 0, 0, 0], PORT)));
    let minute = Duration::from_secs(60);
    let access = ets_access::Config {
        names: s.value(
            "names",
            "The host names of the closed part",
            vec!["portal.ets.localhost".to_owned()],
        ),
        open_names: s.value(
            "open_names",
            "The host names of the open part: nobody is asked for a certificate there",
            vec!["open.ets.localhost".to_owned()],
        ),
        idle: Idle(s.value_in(
            "idle",
            "Whoever did nothing for so long is asked for the token again",
            default.idle.0,
            minute..=minute * 1440,
        )),
        per_address: PerAddress {
            rate: s.value_in(
                "open_rate",
                "Requests a second in the long run that one address may send without a certificate \
                 (of IPv6, one link of 64 bits); 0 for no limit",
                default.per_address.rate,
                0..=100_000,
            ),
            burst: s.value_in(
                "open_burst",
                "Requests that it may send at once before that counts",
                default.per_address.burst,
                1..=1_000_000,
            ),
        },
        bounds: Bounds {
            per_address: connections_per_address(s, &default.bounds),
            ..default.bounds
        },
        ..default
    };
    (access, listen)
}

fn connections_per_address(s: &mut Section<'_>, default: &Bounds) -> usize {
    let all = u64::try_from(default.limits.connections).unwrap_or(u64::MAX);
    let most = s.value_in(
        "connections_per_address",
        "Connections that one address may have open; a segment may come from one as a whole",
        u64::try_from(default.per_address).unwrap_or(all),
        1..=all,
    );
    usize::try_from(most).unwrap_or(default.per_address)
}

fn route(s: &mut Section<'_>) -> Route {
    let default = Route::default();
    let upstreams: Vec<String> = s.required(
        "upstreams",
        "The service's addresses, in plain HTTP; several are used in turn",
        vec!["10.1.0.10:8080".to_owned()],
    );
    let mut known = Vec::new();
    for upstream in upstreams {
        match upstream.parse() {
            Ok(address) => known.push(address),
            Err(_) => s.contradiction(
                "upstreams",
                format!("{upstream:?} is no address with a port"),
                "write \"10.1.0.10:8080\"".to_owned(),
            ),
        }
    }
    let institution: Option<String> = s.optional(
        "institution",
        "The institution on which the right is needed; everywhere unless given",
        "akimat".to_owned(),
    );
    let object = institution.map_or(Object::Everywhere, |name| match name.parse() {
        Ok(id) => Object::Institution(id),
        Err(_) => {
            let what = format!("{name:?} is no identifier of an institution");
            s.contradiction("institution", what, "use the one of the register".to_owned());
            Object::Everywhere
        }
    });
    Route {
        prefix: s.value("prefix", "The path that it begins with", default.prefix.clone()),
        host: s.optional(
            "host",
            "The only name for which it holds",
            "portal.ets.localhost".to_owned(),
        ),
        upstreams: known,
        right: s.value("right", "The right that it needs", "portal.enter".to_owned()),
        object,
        strip_prefix: s.value(
            "strip_prefix",
            "Whether the service sees paths without the prefix",
            false,
        ),
        open: s.value("open", "Whether it belongs to the open part", false),
        identity: s.one_of("identity", "How the service learns who asks", IDENTITIES),
        fresh: s.optional(
            "fresh",
            "How young the signature of the token must be",
            Duration::from_secs(300),
        ),
        max_body: s.value("max_body", "The largest request", Bytes(default.max_body)).0,
        health: s.optional("health", "A path that a healthy service answers", "/".to_owned()),
        timeouts: default.timeouts,
    }
}

#[cfg(test)]
mod tests {
    use ets_config::{Faults, decode};

    use super::*;

    fn read(text: &str) -> Result<ets_access::Config, Faults> {
        decode("hub.toml", text, |file| declare(file).0)
    }

    /// covers: T-8, S13
    #[test]
    fn what_one_address_may_ask_for_is_set_in_the_file_and_a_nonsense_is_refused() {
        let default = read("").expect("an empty file will do");
        assert_eq!(default.per_address, PerAddress { rate: 100, burst: 2000 });
        assert_eq!(default.bounds, Bounds::default());
        let text = "[access]\nopen_rate = 5\nopen_burst = 20\nconnections_per_address = 40";
        let set = read(text).expect("it is in order");
        assert_eq!(set.per_address, PerAddress { rate: 5, burst: 20 });
        assert_eq!(set.bounds, Bounds { per_address: 40, ..Bounds::default() });
        let none = read("[access]\nopen_rate = 0").expect("no limit is a limit too");
        assert_eq!(none.per_address.rate, 0);
        for (line, limits) in [
            ("open_rate = 100001", "0"),
            ("open_burst = 0", "1"),
            ("connections_per_address = 0", "1"),
            ("connections_per_address = 5000", "4096"),
        ] {
            let faults = read(&format!("[access]\n{line}")).expect_err(line).to_string();
            assert!(faults.contains("hub.toml:2:") && faults.contains(limits), "{line}: {faults}");
        }
    }
}
