//! The schemas of the OpenAPI document (JSON Schema 2020-12).

use serde_json::{Value, json};

/// All schemas by name.
pub(crate) fn all() -> Value {
    json!({
        "Object": {"type": "object"},
        "Moment": {"type": "string", "format": "date-time"},
        "Names": object(&[], json!({"kk": text(), "ru": text(), "en": text()})),
        "State": {"type": "string", "enum": ["up", "degraded", "down", "maintenance", "unknown"]},
        "SegmentNow": segment_now(),
        "Segment": {"allOf": [reference("SegmentNow"), segment()]},
        "Institution": institution(),
        "Parent": parent(),
        "Maintenance": object(&["until"], json!({"until": or_null(reference("Moment"))})),
        "Ping": object(&[], json!({
            "count": {"type": "integer", "minimum": 1, "maximum": 100, "default": 5},
            "interval_ms": {"type": "integer", "minimum": 200, "maximum": 10_000, "default": 500},
        })),
        "PingLine": object(&["number", "answered"], json!({
            "number": whole(),
            "answered": flag(),
            "rtt_ms": or_null(number()),
            "error": or_null(object(&["from", "kind"], json!({"from": text(), "kind": {}}))),
        })),
        "Series": object(&["segment", "points"], json!({
            "segment": text(),
            "from": reference("Moment"),
            "to": reference("Moment"),
            "step_s": whole(),
            "points": {"type": "array", "items": {"type": "object"}},
        })),
        "Outage": outage(),
        "ImportPreview": preview(),
        "ImportResult": object(&["new", "changed", "unchanged"], json!({
            "new": whole(), "changed": whole(), "unchanged": whole(),
        })),
        "JournalEntry": journal_entry(),
        "JournalVerdict": object(&["sound"], json!({
            "sound": whole(),
            "broken": or_null(object(&["seq", "fault"], json!({"seq": whole(), "fault": text()}))),
        })),
        "EntryLink": object(&["url", "expires"], json!({
            "url": text(), "expires": reference("Moment"),
        })),
        "Session": object(&["id"], json!({
            "id": text(), "name": text(), "opened": reference("Moment"),
            "seen": reference("Moment"), "expires": reference("Moment"), "agent": text(),
        })),
        "Traffic": object(&["at", "hub", "segments"], json!({
            "at": reference("Moment"),
            "over_s": number(),
            "by": {"type": "string", "enum": ["wire", "filter", ""]},
            "stale_since": or_null(reference("Moment")),
            "hub": reference("Rate"),
            "segments": {"type": "array", "items": reference("Rate")},
        })),
        "Rate": object(&["bps_up", "bps_down"], json!({
            "segment": text(), "bps_up": whole(), "bps_down": whole(),
            "pps_up": whole(), "pps_down": whole(),
            "classes": {"type": "array", "items": {"type": "object"}},
            "dropped": {"type": "object", "description": "part of the classes, not beside them"},
        })),
        "Volume": volume(),
        "TrafficTop": object(&["from", "to", "segments"], json!({
            "from": reference("Moment"), "to": reference("Moment"),
            "segments": {"type": "array", "items": {"type": "object"}},
        })),
        "SegmentTraffic": segment_traffic(),
        "TrafficReport": object(&["from", "to", "closed", "institutions"], json!({
            "from": reference("Moment"), "to": reference("Moment"), "closed": flag(),
            "institutions": {"type": "array", "items": object(&["institution", "total", "segments"], json!({
                "institution": text(), "name": or_null(text()), "total": reference("Volume"),
                "segments": {"type": "array", "items": {"type": "object"}},
            }))},
        })),
        "TrafficGap": object(&["id", "kind", "since", "until"], json!({
            "id": whole(),
            "kind": {"type": "string", "enum": ["reset", "life", "away"]},
            "since": reference("Moment"), "until": reference("Moment"), "counters": whole(),
            "examples": {"type": "array", "items": {"type": "object"}},
        })),
        "Quota": quota(),
        "Certificate": object(&["serial", "profile", "subject", "state"], json!({
            "serial": text(), "profile": text(), "subject": text(),
            "names": {"type": "array", "items": text()},
            "not_before": reference("Moment"), "not_after": reference("Moment"),
            "state": {"type": "string", "enum": ["intended", "active", "suspended", "revoked"]},
            "since": reference("Moment"), "reason": or_null(text()),
            "certificate": {"type": "string", "description": "PEM; empty where none was signed"},
        })),
        "CertificateOrder": object(&["profile", "subject"], json!({
            "profile": text(),
            "subject": {"type": "string", "description": "CN=Name,O=Institution (RFC 4514)"},
            "names": {"type": "array", "items": text()},
            "csr": {"type": ["string", "null"], "description": "PKCS#10 in PEM"},
        })),
        "IssuedCertificate": object(&["serial", "certificate", "chain"], json!({
            "serial": text(), "certificate": text(), "chain": text(), "key": or_null(text()),
        })),
        "Revocation": object(&["reason"], json!({
            "reason": {"type": "string", "description": "RFC 5280, section 5.3.1: keyCompromise, …"},
        })),
        "NewAcmeKey": object(&["institution", "names"], json!({
            "institution": text(),
            "names": {"type": "array", "items": text(), "description": "DNS suffixes, networks"},
            "accounts": whole(),
        })),
        "NewRouterSecret": object(&["name"], json!({ "name": text() })),
        "Problem": problem(),
    })
}

fn volume() -> Value {
    object(
        &["bytes_up", "bytes_down", "packets_up", "packets_down"],
        json!({
            "bytes_up": whole(), "bytes_down": whole(),
            "packets_up": whole(), "packets_down": whole(),
            "classes": {"type": "array", "items": {"type": "object"}},
            "dropped": {"type": "object", "description": "part of the classes, not beside them"},
            "peak_bps": object(&[], json!({"up": whole(), "down": whole()})),
            "spread": {"type": "boolean",
                "description": "a part is known only as the sum over a longer time"},
        }),
    )
}

fn segment_traffic() -> Value {
    let both = || object(&[], json!({"up": whole(), "down": whole()}));
    object(
        &["segment", "from", "to", "begins", "step_s", "steps", "lines", "total"],
        json!({
            "segment": text(), "from": reference("Moment"), "to": reference("Moment"),
            "begins": reference("Moment"), "step_s": whole(), "steps": whole(),
            "lines": {"type": "array", "items": object(&["class"], json!({
                "class": text(),
                "bytes_up": {"type": "array", "items": whole()},
                "bytes_down": {"type": "array", "items": whole()},
                "packets_up": {"type": "array", "items": whole()},
                "packets_down": {"type": "array", "items": whole()},
            }))},
            "spread": {"type": "array", "items": flag()},
            "total": reference("Volume"),
            "percentile_95": or_null(object(&["bps", "intervals"], json!({
                "bps": both(), "intervals": whole(), "spread": whole(),
            }))),
            "contracted_bps": both(),
            "forecast": object(&[], json!({"up": {"type": "object"}, "down": {"type": "object"}})),
        }),
    )
}

fn quota() -> Value {
    object(
        &["name", "limit"],
        json!({
            "id": whole(),
            "name": text(),
            "segment": {"type": ["string", "null"], "description": "null: each segment by itself"},
            "limit": {"description": "one of bytes_a_day, bytes_a_month, rate",
                "type": "object", "properties": {
                    "bytes_a_day": whole(), "bytes_a_month": whole(),
                    "rate": object(&["bps", "minutes"], json!({"bps": whole(), "minutes": whole()})),
                }},
            "way": {"type": "string", "enum": ["up", "down", "sum"], "default": "sum"},
            "warn_percent": {"type": "integer", "minimum": 1, "maximum": 100, "default": 80},
            "action": {"description": "\"notice\", or {\"shape\": {\"kbps\": rate}}"},
            "version": whole(),
            "standings": {"type": "array", "items": {"type": "object"},
                "description": "segments that are not below the warning; shown only"},
        }),
    )
}

fn segment_now() -> Value {
    object(
        &["id", "name", "state", "since", "rtt_ms", "loss", "bytes_up", "bytes_down", "outage"],
        json!({
            "id": text(),
            "no": whole(),
            "name": {"type": "string", "description": "in the best language of Accept-Language"},
            "state": or_null(reference("State")),
            "since": or_null(reference("Moment")),
            "rtt_ms": or_null(number()),
            "loss": {"type": ["number", "null"], "minimum": 0, "maximum": 1,
                "description": "share of probes lost in the last minute; 1 while down, what was lost in an outage does not count after it"},
            "unheard": {"type": "boolean", "description": "it has never answered yet"},
            "obstacle": {"enum": ["no_port", "no_route", "forbidden", null],
                "description": "what keeps probes from leaving, while it does not answer"},
            "bytes_up": {"type": ["integer", "null"],
                "description": "from the segment since ever; null: nothing is counted"},
            "bytes_down": {"type": ["integer", "null"],
                "description": "to the segment since ever; null: nothing is counted"},
            "outage": {"type": ["integer", "null"], "description": "number of the open outage"},
            "retired": or_null(reference("Moment")),
        }),
    )
}

fn segment() -> Value {
    object(
        &["id", "institution", "prefixes", "interface", "probing"],
        json!({
            "id": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$"},
            "institution": text(),
            "label": reference("Names"),
            "names": reference("Names"),
            "district": text(),
            "prefixes": {"type": "array", "items": text(), "description": "networks in CIDR form"},
            "interface": text(),
            "probing": object(&["address"], json!({
                "address": text(),
                "method": {"description": "\"icmp\", or {\"tcp\": port}"},
            })),
            "channel": object(&[], json!({
                "provider": text(), "technology": text(), "down_kbps": whole(),
                "up_kbps": whole(), "contract": text(),
            })),
            "router": object(&[], json!({"management": or_null(text()), "snmp": text()})),
            "parent": text(),
            "criticality": {"type": "string", "enum": ["normal", "critical"]},
            "maintenance_until": or_null(reference("Moment")),
            "notes": text(),
            "version": whole(),
        }),
    )
}

fn institution() -> Value {
    object(
        &["id", "name"],
        json!({
            "id": text(), "name": reference("Names"), "kind": text(), "budget_level": text(),
            "district": text(), "address": text(), "head": text(), "duty": text(),
            "version": whole(),
        }),
    )
}

fn parent() -> Value {
    object(
        &["id", "name"],
        json!({
            "id": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$"},
            "name": reference("Names"),
            "provider": text(),
            "segments": {"type": "integer", "description": "watched segments that hang on it; shown only"},
            "down": {"type": "integer", "description": "how many of them are down; shown only"},
            "version": whole(),
        }),
    )
}

fn outage() -> Value {
    object(
        &["id", "kind", "began_after", "began_before", "ended", "open"],
        json!({
            "id": whole(),
            "kind": {"type": "string", "enum": ["segment", "hub"]},
            "segment": or_null(text()),
            "began_after": {"$ref": "#/components/schemas/Moment",
                "description": "last answer: it began after this"},
            "began_before": {"$ref": "#/components/schemas/Moment",
                "description": "first lost probe: it began before this"},
            "ended": or_null(reference("Moment")),
            "open": flag(),
            "duration_s": or_null(number()),
            "maintenance": flag(),
            "evidence": {"type": "array", "items": object(&["at", "source", "fact"], json!({
                "at": reference("Moment"), "source": text(), "fact": {},
            }))},
        }),
    )
}

fn preview() -> Value {
    let fault = object(
        &["rule", "message", "remedy"],
        json!({
            "line": or_null(whole()), "column": or_null(whole()), "field": or_null(text()),
            "value": text(), "rule": text(), "message": text(), "remedy": text(),
        }),
    );
    let row = object(
        &["line", "id"],
        json!({
            "line": whole(), "id": text(), "changes": {"type": "array", "items": {"type": "object"}},
        }),
    );
    object(
        &["digest", "clean", "new", "changed", "unchanged", "absent", "faults", "warnings"],
        json!({
            "digest": text(),
            "clean": flag(),
            "new": {"type": "array", "items": row},
            "changed": {"type": "array", "items": row},
            "unchanged": {"type": "array", "items": text()},
            "absent": {"type": "array", "items": text()},
            "faults": {"type": "array", "items": fault},
            "warnings": {"type": "array", "items": fault},
        }),
    )
}

fn journal_entry() -> Value {
    object(
        &["seq", "at", "actor", "action", "subject", "hash"],
        json!({
            "seq": whole(),
            "at": reference("Moment"),
            "actor": text(),
            "on_behalf": or_null(text()),
            "why": text(),
            "from_segment": or_null(text()),
            "action": text(),
            "subject": object(&["kind", "id"], json!({"kind": text(), "id": text()})),
            "detail": {},
            "hash": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        }),
    )
}

/// RFC 9457, with what to do.
fn problem() -> Value {
    object(
        &["type", "title", "status", "detail", "remedy"],
        json!({
            "type": {"type": "string", "format": "uri-reference"},
            "title": text(),
            "status": whole(),
            "detail": text(),
            "instance": text(),
            "remedy": {"type": "string", "description": "what to do"},
            "version": whole(),
            "missing_right": text(),
            "whom_to_ask": {"type": "array", "items": text()},
            "faults": {"type": "array", "items": object(&["field", "message", "remedy"], json!({
                "field": text(), "message": text(), "remedy": text(),
            }))},
        }),
    )
}

pub(super) fn object(required: &[&str], properties: Value) -> Value {
    if required.is_empty() {
        return json!({"type": "object", "properties": properties});
    }
    json!({"type": "object", "required": required, "properties": properties})
}

/// A reference to one of the schemas.
pub(crate) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

pub(super) fn or_null(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

pub(super) fn text() -> Value {
    json!({"type": "string"})
}

pub(super) fn whole() -> Value {
    json!({"type": "integer"})
}

pub(super) fn number() -> Value {
    json!({"type": "number"})
}

pub(super) fn flag() -> Value {
    json!({"type": "boolean"})
}
