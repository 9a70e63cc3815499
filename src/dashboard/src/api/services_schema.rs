//! The schemas of the services' health.

use serde_json::{Value, json};

use super::schema::{flag, number, object, or_null, reference, text};

/// They by name.
pub(super) fn all() -> [(&'static str, Value); 4] {
    [
        ("HealthState", json!({"type": "string", "enum": ["up", "down", "unknown"]})),
        ("ServiceReason", object(&["why", "text"], json!({"why": text(), "text": text()}))),
        ("ServiceHealth", health()),
        ("ServiceTurn", turn()),
    ]
}

fn health() -> Value {
    let properties = json!({
        "id": text(),
        "name": reference("Names"),
        "state": reference("HealthState"),
        "checked": flag(),
        "since": or_null(reference("Moment")),
        "reason": or_null(reference("ServiceReason")),
        "took_ms": or_null(number()),
        "checks": {"type": "array", "items": {"type": "object"}},
    });
    object(&["id", "name", "state", "checked", "checks"], properties)
}

fn turn() -> Value {
    let properties = json!({
        "at": reference("Moment"),
        "from": reference("HealthState"),
        "to": reference("HealthState"),
        "reason": or_null(reference("ServiceReason")),
    });
    object(&["at", "from", "to"], properties)
}
