//! Segments of one provider point that fell together: one trouble, not many. As the overview
//! groups outages.

use std::collections::BTreeMap;

use ets_model::WallTime;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{clock, named, rows, segment, text};
use crate::client::Client;
use crate::exit::Failure;

/// The provider points whose segments fell together, each with those segments.
pub(super) async fn find(client: &Client, troubled: &Value) -> Result<Value, Failure> {
    let mut points = client.get("/api/v1/parents").await?;
    let Value::Array(points) = &mut points else { return Ok(Value::Null) };
    points
        .retain(|point| ets_outage::is_common(number(&point["down"]), number(&point["segments"])));
    // Only a segment's own document says behind which point it is: not worth asking for nothing.
    if points.is_empty() {
        return Ok(Value::Null);
    }
    let mut behind: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for one in rows(troubled).iter().filter(|one| one["state"] == "down") {
        let document = client.get(&segment::path(&text(&one["id"]))).await?;
        behind.entry(text(&document["parent"])).or_default().push(one);
    }
    let group = |point: &Value| group(point, behind.remove(&text(&point["id"]))?);
    Ok(points.iter().filter_map(group).collect())
}

/// The most segments of a point that fell together, if they are enough.
fn group(point: &Value, mut down: Vec<&Value>) -> Option<Value> {
    down.sort_by_key(|one| fell(one));
    let fell: Vec<WallTime> = down.iter().map(|one| fell(one)).collect();
    let run = &down[ets_outage::together(&fell, number(&point["segments"]))?];
    Some(json!({
            "point": point["id"],
            "name": name(point),
            "provider": point["provider"],
            "of": point["segments"],
            "since": run[0]["since"],
            "segments": run.iter().map(|one| text(&one["id"])).collect::<Vec<_>>(),
    }))
}

/// When a segment fell: whatever is down has a moment.
fn fell(segment: &Value) -> WallTime {
    let moment = segment["since"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    WallTime(moment.map_or(i64::MIN, Timestamp::as_microsecond))
}

fn number(value: &Value) -> usize {
    value.as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(0)
}

/// In the first language that it has, in the order in which the API names segments.
fn name(point: &Value) -> String {
    let names = ["ru", "kk", "en"].map(|lang| text(&point["name"][lang]));
    names.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| text(&point["id"]))
}

/// Whether a segment is told with its group.
pub(super) fn holds(groups: &Value, id: &Value) -> bool {
    rows(groups).iter().any(|group| rows(&group["segments"]).contains(id))
}

/// A group as a sentence.
pub(super) fn sentence(group: &Value) -> String {
    let segments: Vec<String> = rows(&group["segments"]).iter().map(text).collect();
    let call = match text(&group["provider"]) {
        provider if provider.is_empty() => String::new(),
        provider => format!("; call {provider}"),
    };
    format!(
        "provider point {} ({}): {} of its {} segments lost their link together at {} UTC{call}: {}",
        text(&group["point"]),
        text(&group["name"]),
        segments.len(),
        text(&group["of"]),
        clock(&group["since"]),
        named(&segments)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down(id: &str, second: u32) -> Value {
        json!({"id": id, "state": "down", "since": format!("2026-01-01T11:00:{second:02}.5Z")})
    }

    fn size(total: u64, seconds: &[u32]) -> Option<usize> {
        let all: Vec<Value> = seconds.iter().map(|second| down("s", *second)).collect();
        let point = json!({"id": "p", "name": {"ru": "", "kk": "", "en": ""}, "segments": total});
        group(&point, all.iter().collect()).map(|group| rows(&group["segments"]).len())
    }

    #[test]
    fn only_what_fell_together_and_is_half_of_a_point_is_one_trouble() {
        assert_eq!(size(6, &[10, 12, 15, 50]), Some(3), "the fourth fell by itself");
        assert_eq!(size(6, &[50, 15, 12, 10]), Some(3), "in any order");
        assert_eq!(size(6, &[10, 12]), None, "two are a chance");
        assert_eq!(size(8, &[10, 12, 15, 50]), None, "less than half of the point");
        assert_eq!(size(3, &[10, 20, 30]), None, "not together");
    }
}
