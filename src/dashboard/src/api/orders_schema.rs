//! The schemas of orders of certificates, and of a renewal by the owner.

use serde_json::{Value, json};

use super::schema::{object, or_null, reference, text, whole};

/// They by name.
pub(super) fn all() -> [(&'static str, Value); 6] {
    [
        ("NewCertificateOrder", new_order()),
        ("OrderContact", object(&[], json!({ "email": or_null(text()), "lang": language() }))),
        ("OrderStep", step()),
        ("CertificateOrderState", state()),
        ("RenewalRequest", object(&["csr"], json!({ "csr": request() }))),
        ("Renewal", renewal()),
    ]
}

fn new_order() -> Value {
    let properties = json!({
        "profile": text(),
        "subject": {"type": "string", "description": "CN=Name,O=Institution (RFC 4514)"},
        "names": {"type": "array", "items": text()},
        "token": {"type": "string", "description": "what is written on the token"},
        "csr": {"type": ["string", "null"], "description": "PKCS#10 in PEM; may come later"},
        "email": {"type": ["string", "null"], "description": "where its owner is told of its end"},
        "lang": language(),
    });
    object(&["profile", "subject"], properties)
}

fn step() -> Value {
    let properties =
        json!({ "csr": or_null(request()), "token": text(), "hours": whole(), "reason": text() });
    object(&[], properties)
}

/// See `api/orders.rs`.
fn state() -> Value {
    use ets_ca::life::Stage;
    let stage = json!({ "type": "string", "enum": Stage::ALL.map(Stage::code) });
    let properties = json!({
        "id": whole(), "person": text(), "subject": text(), "profile": text(),
        "names": {"type": "array", "items": text()}, "token": text(), "stage": stage,
        "since": text(), "ordered": text(), "ordered_by": text(),
        "confirmed_by": or_null(text()), "temporary_until": or_null(text()),
        "replaces": or_null(whole()), "renews": or_null(text()), "serial": or_null(text()),
        "not_after": or_null(text()), "email": or_null(text()), "lang": language(),
    });
    object(&["id", "subject", "profile", "stage"], properties)
}

/// See `api/renewal.rs`.
fn renewal() -> Value {
    let states = ["officer", "early", "open", "under-way"];
    let properties = json!({
        "serial": text(), "not_after": text(), "state": {"type": "string", "enum": states},
        "opens": or_null(text()), "order": or_null(reference("CertificateOrderState")),
        "certificate": or_null(text()), "renewed": or_null(text()),
    });
    object(&["serial", "not_after", "state"], properties)
}

fn request() -> Value {
    json!({ "type": "string", "description": "PKCS#10 in PEM" })
}

fn language() -> Value {
    json!({ "type": "string", "enum": ets_model::Lang::ALL.map(ets_model::Lang::code) })
}
