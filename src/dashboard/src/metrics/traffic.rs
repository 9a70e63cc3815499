//! What passed, for Prometheus: totals since ever, so that a restart of either process makes no
//! hole and no jump.

use std::collections::BTreeMap;

use ets_model::SegmentNo;
use ets_netd_api::Class;
use ets_registry::Catalog;
use ets_traffic::{Amount, Both, Flow, Handle, Total};

use super::exposition::Text;
use crate::classes::Classes;
use crate::service::App;

/// Nobody's traffic: addresses that belong to no segment.
const NOBODY: &str = "none";

/// The four metrics of a segment: name, meaning, whether of what was dropped, which figure.
type Metric = (&'static str, &'static str, bool, fn(Amount) -> u64);
const METRICS: [Metric; 4] = [
    (
        "ets_segment_bytes_total",
        "Layer-3 bytes on the segment's link, what was dropped included; up is from the segment.",
        false,
        |amount| amount.bytes,
    ),
    (
        "ets_segment_packets_total",
        "Packets on the segment's link, what was dropped included; up is from the segment.",
        false,
        |amount| amount.packets,
    ),
    (
        "ets_segment_dropped_bytes_total",
        "The part of the bytes that the rules dropped.",
        true,
        |amount| amount.bytes,
    ),
    (
        "ets_segment_dropped_packets_total",
        "The part of the packets that the rules dropped.",
        true,
        |amount| amount.packets,
    ),
];

pub(super) fn write(app: &App, out: &mut Text) {
    let ever = app.deps.traffic.as_ref().map(Handle::ever).unwrap_or_default();
    let catalog = app.deps.registry.catalog();
    let known = known(&catalog, &ever);
    let names = Names::new(&Classes::of(app));
    for metric in METRICS {
        one(out, metric, &known, &names);
    }
    health(out, app.deps.traffic.as_ref());
}

/// What every segment moved, by its identifier; numbers that the registry does not know are
/// nobody's, and one line.
fn known<'c>(catalog: &'c Catalog, ever: &[(SegmentNo, Total)]) -> Vec<(&'c str, Vec<Flow>)> {
    let mut known = Vec::with_capacity(ever.len() + 1);
    let mut nobody: BTreeMap<u8, Both<Amount>> = BTreeMap::new();
    for (no, total) in ever {
        if let Some(segment) = catalog.by_no(*no) {
            known.push((segment.id.as_str(), total.flows.clone()));
            continue;
        }
        for flow in &total.flows {
            let sum = nobody.entry(flow.class.code()).or_default();
            sum.up += flow.amount.up;
            sum.down += flow.amount.down;
        }
    }
    let flow = |(code, amount)| Flow { class: Class::from_code(code), amount };
    known.push((NOBODY, nobody.into_iter().map(flow).collect()));
    known
}

fn one(out: &mut Text, metric: Metric, known: &[(&str, Vec<Flow>)], names: &Names) {
    let (name, help, of_dropped, figure) = metric;
    out.head(name, "counter", help);
    for (segment, flows) in known {
        for flow in flows.iter().filter(|flow| (flow.class == Class::Dropped) == of_dropped) {
            let class = names.of(flow.class);
            for (way, amount) in [("up", flow.amount.up), ("down", flow.amount.down)] {
                let value = figure(amount);
                out.add(format_args!(
                    "{name}{{segment=\"{segment}\",direction=\"{way}\"{class}}} {value}\n"
                ));
            }
        }
    }
}

/// The label of each class by its number; none for what was dropped.
struct Names(Vec<String>);

impl Names {
    fn new(classes: &Classes) -> Self {
        let label = |code: u8| match Class::from_code(code) {
            Class::Dropped => String::new(),
            class => format!(",class=\"{}\"", classes.code(class)),
        };
        Self((0..=u8::MAX).map(label).collect())
    }

    fn of(&self, class: Class) -> &str {
        &self.0[usize::from(class.code())]
    }
}

fn health(out: &mut Text, handle: Option<&Handle>) {
    let heard = handle.is_some_and(|handle| handle.snapshot().stale_since.is_none());
    let health = handle.map(Handle::health).unwrap_or_default();
    out.single(
        "ets_traffic_followed",
        "gauge",
        "Whether the counters are heard: 1 yes, 0 no.",
        f64::from(u8::from(heard)),
    );
    out.single(
        "ets_traffic_recording_stopped",
        "gauge",
        "Whether recording of traffic has stopped for want of space: 1 yes, 0 no. Counting goes on.",
        f64::from(u8::from(health.stopped)),
    );
    out.single(
        "ets_traffic_resets_total",
        "counter",
        "Counters that somebody else set back since serve started.",
        health.resets as f64,
    );
}
