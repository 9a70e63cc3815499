//! What a router sends, and what it is told when that does not do. EST answers in plain text (RFC
//! 7030, section 4.2.3).

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ets_model::WallTime;
use http::{HeaderMap, StatusCode, header};

use crate::body::{Fault, MOST};
use crate::csr::Csr;
use crate::identifier::Identifier;
use crate::{Error, body};

const PKCS10: &str = "application/pkcs10";

/// Why a router gets nothing.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Its name and secret are not known.
    Unknown,
    /// It has no certificate of ours that can be renewed.
    NoCertificate,
    /// Its certificate can be renewed from this moment on.
    Early(WallTime),
    /// Its certificate was renewed already, by another key.
    Renewed,
    /// A certificate that its own came by was taken.
    Taken,
    /// Too many secrets were tried from its address; come again in so many seconds.
    Crowded(u64),
    /// Its request cannot be used.
    Request(&'static str),
    /// The same, as the authority tells it.
    Told(String),
    /// The body is not of the type that it must be.
    Type,
    /// There is no whole body.
    Body(Fault),
    /// The hub failed.
    Failed,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "enrolment failed");
        Self::Failed
    }
}

impl From<ets_ca::Error> for Refusal {
    fn from(error: ets_ca::Error) -> Self {
        match error {
            // Another one with the same secret was sooner.
            ets_ca::Error::Abandoned(_) => Self::Unknown,
            ets_ca::Error::Key(_) | ets_ca::Error::Request(_) => Self::Told(error.to_string()),
            other => Error::from(other).into(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Unknown => {
                let realm = [(header::WWW_AUTHENTICATE, "Basic realm=\"est\", charset=\"UTF-8\"")];
                let text = "name the router and its secret: one works once and for some days\n";
                return (StatusCode::UNAUTHORIZED, realm, text).into_response();
            }
            Self::NoCertificate => (
                StatusCode::FORBIDDEN,
                "show the router's present certificate; without one use simpleenroll".to_owned(),
            ),
            Self::Early(opens) => (
                StatusCode::FORBIDDEN,
                format!("the certificate can be renewed from {} on", shown(opens)),
            ),
            Self::Renewed => (
                StatusCode::CONFLICT,
                "the certificate was renewed already, by another key: use that one; if it was lost, an officer revokes it first"
                    .to_owned(),
            ),
            Self::Taken => (
                StatusCode::FORBIDDEN,
                "a certificate before this one was suspended or revoked: ask an officer for a secret"
                    .to_owned(),
            ),
            Self::Crowded(seconds) => {
                let again = [(header::RETRY_AFTER, seconds.to_string())];
                let text = "too many secrets were tried from this address\n";
                return (StatusCode::TOO_MANY_REQUESTS, again, text).into_response();
            }
            Self::Request(why) => {
                (StatusCode::BAD_REQUEST, format!("the request (PKCS#10) cannot be used: {why}"))
            }
            Self::Told(text) => (StatusCode::BAD_REQUEST, text),
            Self::Type => (StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("send {PKCS10}")),
            Self::Body(Fault::Large) => {
                (StatusCode::PAYLOAD_TOO_LARGE, format!("a request has at most {MOST} octets"))
            }
            Self::Body(Fault::Late) => {
                (StatusCode::REQUEST_TIMEOUT, "the body did not come in time".to_owned())
            }
            Self::Body(Fault::Broken) => (StatusCode::BAD_REQUEST, "the body broke off".to_owned()),
            Self::Failed => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the hub could not do it: try again later".to_owned(),
            ),
        };
        (status, text + "\n").into_response()
    }
}

/// To the second, as RFC 3339 writes it.
fn shown(at: WallTime) -> String {
    jiff::Timestamp::from_second(at.0.div_euclid(1_000_000)).unwrap_or_default().to_string()
}

/// HTTP Basic (RFC 7617).
pub(super) struct Basic {
    pub(super) name: String,
    pub(super) secret: String,
}

impl Basic {
    /// Who says to be whom.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, encoded) = text.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (name, secret) = text.split_once(':')?;
        Some(Self { name: name.to_owned(), secret: secret.to_owned() })
    }
}

/// The request in DER. The body is base64 whatever a header says of its transfer encoding (RFC
/// 8951, section 3.1); space in it says nothing.
pub(super) async fn body(request: Request) -> Result<Vec<u8>, Refusal> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    let is_fit = kind.is_some_and(|kind| kind.eq_ignore_ascii_case(PKCS10));
    let body = body::read(request).await.map_err(Refusal::Body)?;
    if !is_fit {
        return Err(Refusal::Type);
    }
    let text: Vec<u8> = body.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
    STANDARD.decode(text).map_err(|_| Refusal::Request("the body is not in base64"))
}

/// The subject is the router's name, and the names are the present ones, where the request says
/// any (RFC 7030, section 4.2.2).
pub(super) fn must_be_for(csr: &Csr, name: &str, names: &[String]) -> Result<(), Refusal> {
    let is_other = |common: &str| !common.eq_ignore_ascii_case(name);
    if csr.common_names().any(is_other) || csr.subject.len() > 1 {
        return Err(Refusal::Request("its subject is not the router's name alone"));
    }
    let known = |asked: &Identifier| {
        let asked = asked.value();
        asked == name || names.contains(&asked)
    };
    if csr.names.iter().all(known) {
        return Ok(());
    }
    Err(Refusal::Request("it asks for other names than the router's"))
}
