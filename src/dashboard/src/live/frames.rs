//! Single server-sent events (WHATWG HTML, section 9.2) as text.

use std::fmt::Write;

use ets_model::{LinkState, OutageKind, SegmentNo};
use ets_registry::Catalog;
use ets_watch::{Change, ChangeBody, ChangeId, SegmentNow, Snapshot};
use ets_web::live::{Segment, Tick};
use serde::Serialize;
use serde_json::{Value, json};

use crate::api::{current_rtt, rfc3339};

/// An event with a text of one or more lines.
pub(crate) fn frame(event: &str, data: &str) -> String {
    let mut out = String::with_capacity(event.len() + data.len() + 24);
    write_frame(&mut out, event, data);
    out
}

fn write_frame(out: &mut String, event: &str, data: &str) {
    writeln!(out, "event: {event}").expect("writing to memory cannot fail");
    for line in data.split('\n') {
        writeln!(out, "data: {line}").expect("writing to memory cannot fail");
    }
    out.push('\n');
}

/// An event with a JSON object.
pub(super) fn write_json(out: &mut String, event: &str, data: &impl Serialize) {
    let data = serde_json::to_string(data).expect("our own plain types become JSON");
    write_frame(out, event, &data);
}

/// The place in the stream, from which a reconnecting viewer goes on.
pub(super) fn write_id(out: &mut String, id: ChangeId) {
    writeln!(out, "id: {id}").expect("writing to memory cannot fail");
}

/// The figures of a segment as a page wants them.
pub(super) fn segment(catalog: &Catalog, now: &SegmentNow) -> Option<Segment> {
    let segment = catalog.by_no(now.no)?;
    Some(Segment {
        id: segment.id.to_string(),
        state: now.state,
        since: now.since.0 / 1_000,
        rtt: current_rtt(now).map(|rtt| (rtt.as_secs_f64() * 1e6).round() / 1e3),
        loss: now.loss().map(|loss| (loss * 1e4).round() / 1e4),
        spark: Vec::new(),
    })
}

/// The heartbeat of a page.
pub(super) fn tick(snapshot: &Snapshot, now_ms: i64) -> Tick {
    Tick { now: now_ms, at: snapshot.tick.0 / 1_000 }
}

/// A change as the API's stream tells it: `event:` and `data:` lines with the change's `id:`.
pub(crate) fn api_frame(catalog: &Catalog, snapshot: &Snapshot, change: &Change) -> String {
    let (event, data) = api_words(catalog, snapshot, change);
    let mut out = String::new();
    if !matches!(change.body, ChangeBody::Tick) {
        write_id(&mut out, change.id);
    }
    let mut data = data;
    data["at"] = rfc3339(change.at).into();
    write_json(&mut out, event, &data);
    out
}

fn api_words(catalog: &Catalog, snapshot: &Snapshot, change: &Change) -> (&'static str, Value) {
    let id = |no: SegmentNo| catalog.by_no(no).map(|segment| segment.id.to_string());
    let kind = |kind: OutageKind| match kind {
        OutageKind::Segment => "segment",
        OutageKind::Hub => "hub",
    };
    match &change.body {
        ChangeBody::Tick => ("tick", counts(snapshot)),
        ChangeBody::State { segment, from, to, since } => (
            "state",
            json!({"segment": id(*segment), "from": from, "to": to, "since": rfc3339(*since)}),
        ),
        ChangeBody::Obstacle { segment } => (
            "obstacle",
            json!({
                "segment": id(*segment),
                "obstacle": snapshot.segment(*segment).and_then(|now| now.obstacle),
            }),
        ),
        ChangeBody::OutageOpened { outage, kind: what, segment } => (
            "outage_opened",
            json!({"outage": outage, "kind": kind(*what), "segment": segment.and_then(id)}),
        ),
        ChangeBody::OutageClosed { outage, kind: what, segment } => (
            "outage_closed",
            json!({"outage": outage, "kind": kind(*what), "segment": segment.and_then(id)}),
        ),
        ChangeBody::Registry { generation } => ("registry", json!({"generation": generation})),
        ChangeBody::Trunk { name, dark } => ("trunk", json!({"trunk": name, "dark": dark})),
        ChangeBody::Blind => ("blind", json!({})),
        ChangeBody::Netd { heard } => ("netd", json!({"heard": heard})),
    }
}

/// How many segments are in which state.
pub(super) fn counts(snapshot: &Snapshot) -> Value {
    let pairs = LinkState::ALL
        .iter()
        .map(|state| (state.as_str().to_owned(), snapshot.counts.of(*state).into()));
    json!({"counts": pairs.collect::<serde_json::Map<_, _>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_several_lines_stays_one_event() {
        assert_eq!(frame("line", "a\nb"), "event: line\ndata: a\ndata: b\n\n");
    }
}
