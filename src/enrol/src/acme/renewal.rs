//! When a certificate is best renewed (ARI, RFC 9773): in the last third of its life, or at once
//! when it is revoked.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ets_ca::{Kept, Serial, State as Life};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::rows::moment;
use crate::problem::Problem;
use crate::{Enrol, der};

/// Clients ask again after six hours.
const AGAIN: HeaderValue = HeaderValue::from_static("21600");

/// Answers for a certificate by its authority's key identifier and its serial number.
pub(crate) async fn info(
    State(enrol): State<Enrol>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let unknown = || {
        let detail = "there is no certificate of this identifier";
        Problem::malformed(detail).with_status(StatusCode::NOT_FOUND)
    };
    let (authority, serial) = read(&id).ok_or_else(unknown)?;
    let kept = match enrol.ca().find(serial).await {
        Ok(kept) => kept,
        Err(ets_ca::Error::Unknown(_)) => return Err(unknown()),
        Err(error) => return Err(crate::Error::from(error).into()),
    };
    if authority_of(&kept) != Some(authority) {
        return Err(unknown());
    }
    let body = Json(json!({ "suggestedWindow": window(&kept) }));
    Ok(([(header::RETRY_AFTER, AGAIN)], body).into_response())
}

fn read(id: &str) -> Option<(Vec<u8>, Serial)> {
    let (authority, serial) = id.split_once('.')?;
    let serial = hex::encode(URL_SAFE_NO_PAD.decode(serial).ok()?);
    Some((URL_SAFE_NO_PAD.decode(authority).ok()?, serial.parse().ok()?))
}

fn authority_of(kept: &Kept) -> Option<Vec<u8>> {
    let der = der::of_pem(&kept.certificate).ok()?;
    let (_, certificate) = X509Certificate::from_der(der.first()?).ok()?;
    certificate.extensions().iter().find_map(|one| match one.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(own) => {
            own.key_identifier.as_ref().map(|id| id.0.to_vec())
        }
        _ => None,
    })
}

fn window(kept: &Kept) -> Value {
    let life = kept.not_after.since(kept.not_before);
    let (from, to) = match kept.state {
        Life::Active => (kept.not_after.minus(life / 3), kept.not_after.minus(life / 6)),
        _ => (kept.not_before, kept.since),
    };
    json!({ "start": moment(from), "end": moment(to) })
}
