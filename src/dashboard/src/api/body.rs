//! Reading what a program sent, with faults that name the field.

use axum::body::Bytes;
use ets_registry::Author;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::entry::Identity;
use crate::error::Fault;
use crate::{Error, service::App};

/// The body as a JSON object.
pub(crate) fn object(body: &Bytes) -> Result<Map<String, Value>, Error> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Error::BadRequest("the body is JSON, but no object".to_owned())),
        Err(error) => Err(Error::BadRequest(format!("the body is no JSON: {error}"))),
    }
}

/// Refuses names that nobody would read, so that a mistyped one does not pass in silence.
pub(crate) fn only(map: &Map<String, Value>, known: &[&str]) -> Result<(), Error> {
    let unknown = map.keys().filter(|key| !known.contains(&key.as_str()));
    let faults: Vec<_> = unknown
        .map(|key| Fault {
            field: key.clone(),
            message: format!("there is no field {key:?}"),
            remedy: format!("use one of {}", known.join(", ")),
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

/// The object as a typed value.
pub(crate) fn typed<T: DeserializeOwned>(map: Map<String, Value>) -> Result<T, Error> {
    serde_path(Value::Object(map))
}

fn serde_path<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|error| {
        let message = error.to_string();
        let field = message.split('`').nth(1).unwrap_or_default().to_owned();
        let remedy = "see the schema in /api/openapi.json".to_owned();
        Error::Invalid(vec![Fault { field, message, remedy }])
    })
}

/// The version that the asker saw: `If-Match` (RFC 9110, section 13.1.1), else the body's.
pub(crate) fn seen_version(headers: &HeaderMap, body: Option<&Value>) -> Option<i64> {
    let tag = headers.get(http::header::IF_MATCH).and_then(|tag| tag.to_str().ok());
    let tag = tag.and_then(|tag| tag.trim_start_matches("W/").trim_matches('"').parse().ok());
    tag.or_else(|| body.and_then(Value::as_i64).filter(|version| *version > 0))
}

/// The asker as the registry's journal names him, with the segment that he asks from.
pub(crate) fn author(app: &App, identity: &Identity, peer: Option<&ets_listen::Peer>) -> Author {
    let segment = peer.and_then(|peer| {
        let catalog = app.deps.registry.catalog();
        catalog.by_address(peer.address.ip()).map(|segment| segment.id.clone())
    });
    let on_behalf = identity.acting_for.as_ref().map(|(_, name)| name.clone());
    let human = Some(identity.human());
    Author { actor: identity.actor(), human, on_behalf, from_segment: segment, ..Author::default() }
}
