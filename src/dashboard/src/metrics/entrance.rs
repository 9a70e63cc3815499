//! The closed and the open part: requests, refusals, connections, handshakes, and the services
//! behind each route.

use std::sync::Arc;

use ets_access::{ConnectionFigures, Figures, RouteFigures, Share};

use super::exposition::{Text, escape};

/// Says what the proxy counted so far.
pub type Entrance = Arc<dyn Fn() -> Figures + Send + Sync>;

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The figures as a text to be added to the others.
pub(super) fn write(figures: &Figures) -> String {
    let mut out = Text::default();
    requests(&mut out, figures);
    connections(&mut out, &figures.connections);
    routes(&mut out, &figures.routes);
    out.into()
}

fn requests(out: &mut Text, figures: &Figures) {
    let name = "ets_access_requests_total";
    out.head(name, "counter", "Requests to the closed and the open part, by class of the answer.");
    for (code, count) in CLASSES.iter().zip(&figures.by_class[1..]) {
        out.add(format_args!("{name}{{code=\"{code}\"}} {count}\n"));
    }
    let help = "Requests that the proxy itself refused, by reason.";
    shares(out, "ets_access_refused_total", "reason", help, &figures.refused);
    out.single(
        "ets_access_certificates",
        "gauge",
        "Certificates whose owners were active within the idle time.",
        figures.certificates as f64,
    );
    out.single(
        "ets_access_streams",
        "gauge",
        "Open streams that are judged again when rights change.",
        figures.streams as f64,
    );
}

fn connections(out: &mut Text, figures: &ConnectionFigures) {
    let help = "Open connections, those that shake hands included.";
    out.single("ets_access_connections", "gauge", help, figures.open as f64);
    let help = "TLS handshakes under way.";
    out.single("ets_access_handshakes_open", "gauge", help, figures.shaking as f64);
    let help = "Connections accepted.";
    out.single("ets_access_connections_total", "counter", help, figures.accepted as f64);
    let help = "TLS handshakes by result: the client's key signed, a session was resumed, it failed, \
                it was too slow, it went for others.";
    shares(out, "ets_access_handshakes_total", "result", help, &figures.handshakes);
    let help = "Connections that were refused or closed, by reason.";
    shares(out, "ets_access_connections_ended_total", "reason", help, &figures.ended);
}

fn shares(out: &mut Text, name: &str, label: &str, help: &str, shares: &[Share]) {
    out.head(name, "counter", help);
    for (word, count) in shares {
        out.add(format_args!("{name}{{{label}=\"{word}\"}} {count}\n"));
    }
}

/// The figures of one metric of a route, each with its label.
type Lines = fn(&RouteFigures) -> Vec<(String, u64)>;
const OF_ROUTE: [(&str, &str, &str, Lines); 5] = [
    (
        "ets_access_route_requests_total",
        "counter",
        "Requests that were let through to a route, by class of the answer.",
        |route| {
            let label = |class: &str| format!(",code=\"{class}\"");
            CLASSES
                .iter()
                .zip(&route.by_class[1..])
                .map(|(one, count)| (label(one), *count))
                .collect()
        },
    ),
    (
        "ets_access_route_bytes_total",
        "counter",
        "Bytes of bodies that passed a route; up is to the service.",
        |route| {
            let label = |way: &str| format!(",direction=\"{way}\"");
            vec![(label("up"), route.bytes_up), (label("down"), route.bytes_down)]
        },
    ),
    (
        "ets_access_route_faults_total",
        "counter",
        "Requests that the services of a route failed.",
        |route| vec![(String::new(), route.upstream_errors)],
    ),
    (
        "ets_access_route_cut_total",
        "counter",
        "Streams of a route that were ended because the right was gone.",
        |route| vec![(String::new(), route.cut)],
    ),
    (
        "ets_access_route_services",
        "gauge",
        "Services behind a route that are up, and that are down.",
        |route| {
            let label = |state: &str| format!(",state=\"{state}\"");
            vec![(label("up"), route.up), (label("down"), route.down)]
        },
    ),
];

fn routes(out: &mut Text, routes: &[RouteFigures]) {
    for (name, kind, help, lines) in OF_ROUTE {
        out.head(name, kind, help);
        for route in routes {
            let (of, part) = (escape(&route.name), if route.open { "open" } else { "closed" });
            for (label, value) in lines(route) {
                out.add(format_args!("{name}{{route=\"{of}\",part=\"{part}\"{label}}} {value}\n"));
            }
        }
    }
}
