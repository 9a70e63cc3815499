//! The one way out: what is open, and what passed for whom since the hub was installed.

use ets_gateway::datagrams::Datagrams;
use ets_gateway::meters::Passed;
use ets_model::SegmentNo;

use super::exposition::{Text, escape};
use crate::service::App;

/// One metric of a segment: name, meaning, and its lines with their labels.
type Metric = (&'static str, &'static str, fn(&Passed) -> Vec<(&'static str, u64)>);
const METRICS: [Metric; 2] = [
    (
        "ets_gateway_bytes_total",
        "Bytes of payload that passed the gateway; up is from the segment.",
        |passed| vec![(",direction=\"up\"", passed.up), (",direction=\"down\"", passed.down)],
    ),
    ("ets_gateway_tunnels_total", "Connections through the gateway that have ended.", |passed| {
        vec![("", passed.tunnels)]
    }),
];

fn datagrams(datagrams: Option<&Datagrams>, out: &mut Text) {
    let name = "ets_gateway_udp_sessions";
    out.head(name, "gauge", "Associations of SOCKS and sessions of relays that are open over UDP.");
    let (socks, relay) = datagrams.map_or((0, 0), |all| (all.associations(), all.sessions()));
    for (kind, open) in [("socks", socks), ("relay", relay)] {
        out.add(format_args!("{name}{{kind=\"{kind}\"}} {open}\n"));
    }
    let name = "ets_gateway_datagrams_dropped_total";
    out.head(name, "counter", "Datagrams that the gateway did not pass on, by reason.");
    for (why, count) in datagrams.into_iter().flat_map(Datagrams::dropped) {
        out.add(format_args!("{name}{{reason=\"{}\"}} {count}\n", why.code()));
    }
}

pub(super) fn write(app: &App, out: &mut Text) {
    let gateway = app.deps.gateway.as_ref().map(ets_gateway::Desk::gateway);
    let open = gateway.map_or(0, |gateway| gateway.open());
    out.single("ets_gateway_open", "gauge", "Open connections through the gateway.", open as f64);
    datagrams(gateway.map(|gateway| &**gateway.datagrams()), out);
    let passed = gateway.map(|gateway| gateway.passed()).unwrap_or_default();
    let catalog = app.deps.registry.catalog();
    let id = |no: SegmentNo| catalog.by_no(no).map(|segment| segment.id.to_string());
    for (name, help, lines) in METRICS {
        out.head(name, "counter", help);
        for (no, passed) in &passed {
            let Some(id) = id(*no) else { continue };
            for (label, value) in lines(passed) {
                let id = escape(&id);
                out.add(format_args!("{name}{{segment=\"{id}\"{label}}} {value}\n"));
            }
        }
    }
    let segments: Vec<SegmentNo> = catalog.segments().map(|segment| segment.no).collect();
    let standings = gateway.map(|gateway| gateway.standings(&segments)).unwrap_or_default();
    let mut ratios: Vec<(SegmentNo, f64)> = Vec::new();
    for one in &standings {
        match ratios.last_mut().filter(|(no, _)| *no == one.segment) {
            Some((_, ratio)) => *ratio = ratio.max(one.ratio()),
            None => ratios.push((one.segment, one.ratio())),
        }
    }
    let name = "ets_gateway_quota_ratio";
    out.head(
        name,
        "gauge",
        "The part of its volume that a segment has used, where it has one; of several the largest; 1 and more: nothing passes until the period ends.",
    );
    for (no, ratio) in ratios {
        let Some(id) = id(no) else { continue };
        let id = escape(&id);
        out.add(format_args!("{name}{{segment=\"{id}\"}} {ratio}\n"));
    }
}
