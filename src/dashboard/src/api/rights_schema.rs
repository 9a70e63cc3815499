//! The schemas of who may do what.

use serde_json::{Value, json};

use super::schema::{flag, object, or_null, reference, text, whole};

/// They by name.
pub(super) fn all() -> [(&'static str, Value); 9] {
    [
        (
            "Scope",
            object(
                &["kind"],
                json!({
                    "kind": {"type": "string",
                        "description": "everywhere, district, institution, segment, or of another room"},
                    "id": text(),
                }),
            ),
        ),
        ("Held", held(json!({}))),
        ("Person", person()),
        (
            "RoleOrder",
            object(
                &["role", "reason"],
                json!({
                    "role": text(), "scope": reference("Scope"),
                    "from": or_null(reference("Moment")), "until": or_null(reference("Moment")),
                    "reason": text(),
                }),
            ),
        ),
        (
            "RightsReason",
            object(
                &["reason"],
                json!({
                    "reason": text(), "until": or_null(reference("Moment")),
                }),
            ),
        ),
        (
            "SubstitutionOrder",
            object(
                &["of", "by", "reason"],
                json!({
                    "of": text(), "by": text(), "from": or_null(reference("Moment")),
                    "until": or_null(reference("Moment")), "reason": text(),
                }),
            ),
        ),
        (
            "RightsRole",
            object(
                &["role", "rights"],
                json!({
                    "role": text(), "title": text(), "rights": {"type": "array", "items": text()},
                    "words": {"type": "array", "items": text()},
                    "needs_second": flag(), "given_by_two": flag(), "built_in": flag(),
                }),
            ),
        ),
        (
            "RightsRoleOrder",
            object(
                &["rights", "reason"],
                json!({
                    "title": text(), "rights": {"type": "array", "items": text()},
                    "needs_second": flag(), "reason": text(),
                }),
            ),
        ),
        (
            "RightsReport",
            object(
                &["at", "lines"],
                json!({
                    "at": reference("Moment"),
                    "lines": {"type": "array", "items": held(json!({
                        "person": text(), "name": text(), "organisation": text(),
                    }))},
                }),
            ),
        ),
    ]
}

fn held(more: Value) -> Value {
    let mut fields = json!({
        "grant": whole(), "role": text(), "rights": {"type": "array", "items": text()},
        "scope": reference("Scope"), "until": or_null(reference("Moment")),
        "acting_for": or_null(object(&[], json!({"person": text(), "name": text()}))),
    });
    if let (Value::Object(fields), Value::Object(more)) = (&mut fields, more) {
        fields.extend(more);
    }
    object(&["grant", "role", "rights", "scope"], fields)
}

fn person() -> Value {
    object(
        &["no", "person", "name", "suspended", "grants"],
        json!({
            "no": whole(), "person": text(), "name": text(), "organisation": text(),
            "institution": or_null(text()), "suspended": flag(),
            "grants": {"type": "array", "items": {"type": "object"}},
            "stands_in": {"type": "array", "items": {"type": "object"}},
            "stand_ins": {"type": "array", "items": {"type": "object"}},
            "held": {"type": "array", "items": reference("Held")},
        }),
    )
}
