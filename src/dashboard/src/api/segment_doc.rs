//! A segment as the API shows it and takes it.

use std::time::Duration;

use ets_model::{Lang, LinkState, Segment, SegmentNo, WallTime};
use ets_registry::Catalog;
use ets_traffic::Both;
use ets_watch::{SegmentNow, Snapshot};
use serde_json::{Map, Value, json};

use super::time::{moment, parse, rfc3339};
use super::{body, segments::Language};
use crate::Error;
use crate::error::Fault;

/// What is measured or known of a segment; shown, and ignored when it is sent back.
const SHOWN_ONLY: &[&str] = &[
    "no",
    "name",
    "names",
    "state",
    "since",
    "rtt_ms",
    "loss",
    "unheard",
    "obstacle",
    "bytes_up",
    "bytes_down",
    "outage",
    "retired",
    "district",
];

/// What is taken.
const TAKEN: &[&str] = &[
    "id",
    "institution",
    "label",
    "prefixes",
    "interface",
    "probing",
    "channel",
    "router",
    "parent",
    "criticality",
    "maintenance_until",
    "notes",
    "version",
];

/// The live fields of a segment, as in the list; `moved` is what it has ever moved, where that is
/// counted.
pub(crate) fn brief(
    catalog: &Catalog,
    snapshot: &Snapshot,
    segment: &Segment,
    moved: Option<Both<u64>>,
    Language(lang): Language,
) -> Value {
    let now = snapshot.segment(segment.no);
    json!({
        "id": segment.id,
        "no": segment.no,
        "name": catalog.name(segment, lang),
        "state": segment.is_active().then(|| now.map_or("unknown", |now| now.state.as_str())),
        "since": moment(now.map(|now| now.since)),
        "rtt_ms": now.and_then(current_rtt).map(millis),
        "loss": now.and_then(SegmentNow::loss),
        "unheard": now.is_some_and(|now| now.unheard),
        "obstacle": now.and_then(|now| now.obstacle),
        "bytes_up": moved.map(|moved| moved.up),
        "bytes_down": moved.map(|moved| moved.down),
        "outage": now.and_then(|now| now.outage),
        "retired": moment(segment.retired),
    })
}

/// Everything of a segment: the live fields and its definition.
pub(crate) fn full(
    catalog: &Catalog,
    snapshot: &Snapshot,
    segment: &Segment,
    moved: Option<Both<u64>>,
    language: Language,
) -> Result<Value, Error> {
    let mut document = brief(catalog, snapshot, segment, moved, language);
    let definition = serde_json::to_value(segment).map_err(Error::internal)?;
    if let (Value::Object(document), Value::Object(definition)) = (&mut document, definition) {
        for (name, value) in definition {
            document.entry(name).or_insert(value);
        }
        document.insert("maintenance_until".to_owned(), moment(segment.maintenance_until));
        document.insert("district".to_owned(), catalog.district(segment).into());
        let names: Map<_, _> = Lang::ALL
            .iter()
            .map(|lang| (lang.code().to_owned(), catalog.name(segment, *lang).into()))
            .collect();
        document.insert("names".to_owned(), names.into());
    }
    Ok(document)
}

/// Reads a definition; measured fields in it are ignored, unknown ones refused.
pub(crate) fn read(mut map: Map<String, Value>) -> Result<Segment, Error> {
    map.retain(|name, _| !SHOWN_ONLY.contains(&name.as_str()));
    body::only(&map, TAKEN)?;
    if let Some(until) = map.remove("maintenance_until") {
        map.insert("maintenance_until".to_owned(), read_moment("maintenance_until", &until)?);
    }
    body::typed(map)
}

/// A moment in a body as the model's own number, or null.
fn read_moment(field: &str, value: &Value) -> Result<Value, Error> {
    let read = match value {
        Value::Null => return Ok(Value::Null),
        Value::String(text) => parse(text),
        Value::Number(number) => number.as_i64().map(WallTime),
        _ => None,
    };
    read.map(|moment| moment.0.into()).ok_or_else(|| {
        Error::Invalid(vec![Fault {
            field: field.to_owned(),
            message: format!("{value} is no moment"),
            remedy: format!("write it like {}", rfc3339(WallTime(1_795_339_927_000_000))),
        }])
    })
}

/// The round-trip time, as long as the segment answers.
pub(crate) fn current_rtt(now: &SegmentNow) -> Option<Duration> {
    now.rtt.filter(|_| !matches!(now.state, LinkState::Down | LinkState::Unknown))
}

/// Milliseconds with three decimals.
pub(crate) fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// The number of the segment with this identifier.
pub(crate) fn number(catalog: &Catalog, id: &str) -> Result<SegmentNo, Error> {
    catalog.segment(id).map(|segment| segment.no).ok_or_else(|| Error::segment(id))
}
