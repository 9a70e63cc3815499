//! EST (RFC 7030, as RFC 8951 clarifies it): how routers get their first certificate with a secret
//! that works once, and every further one with the certificate before it.

pub(crate) mod lineage;
mod renewal;
mod request;
mod secret;

use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ets_listen::Peer;
use ets_tls::PeerCertificate;
use http::{StatusCode, header};

use self::renewal::Renewal;
use self::request::{Basic, Refusal};
use self::secret::Secret;
use crate::csr::Csr;
use crate::{Enrol, der};

const PROFILE: &str = "router";
const CERTIFICATES: &str = "application/pkcs7-mime; smime-type=certs-only";
const ATTRIBUTES: &str = "application/csrattrs";

pub(crate) fn router(enrol: Enrol) -> Router {
    Router::new()
        .route("/.well-known/est/cacerts", get(authorities))
        .route("/.well-known/est/csrattrs", get(attributes))
        .route("/.well-known/est/simpleenroll", post(enroll))
        .route("/.well-known/est/simplereenroll", post(reenroll))
        .route("/.well-known/est/serverkeygen", any(not_here))
        .route("/.well-known/est/fullcmc", any(not_here))
        .with_state(enrol)
}

/// Keys are made by who uses them.
async fn not_here() -> (StatusCode, &'static str) {
    (StatusCode::NOT_IMPLEMENTED, "make the key yourself and use simpleenroll\n")
}

async fn authorities(State(enrol): State<Enrol>) -> Response {
    encoded(CERTIFICATES, &der::certificates_only(&enrol.0.authorities))
}

async fn attributes() -> Response {
    encoded(ATTRIBUTES, &der::wanted_of_requests())
}

/// Base64, as every body of EST is (RFC 8951, section 3.1), in one line: some routers read no
/// further than its end.
fn encoded(kind: &'static str, der: &[u8]) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (CONTENT_TRANSFER_ENCODING, "base64")];
    (headers, STANDARD.encode(der)).into_response()
}

const CONTENT_TRANSFER_ENCODING: header::HeaderName =
    header::HeaderName::from_static("content-transfer-encoding");

/// A router's first certificate.
async fn enroll(
    State(enrol): State<Enrol>,
    peer: Option<Extension<Peer>>,
    request: Request,
) -> Result<Response, Refusal> {
    let crowded = enrol.crowded(peer.as_deref());
    let basic = Basic::read(request.headers());
    let csr = request::body(request).await?;
    crowded.map_err(Refusal::Crowded)?;
    let basic = basic.ok_or(Refusal::Unknown)?;
    let name = basic.name.to_ascii_lowercase();
    let Some(secret) = Secret::find(&enrol, &name, &basic.secret).await? else {
        enrol.0.guesses.refused(&name, enrol.boot());
        return Err(Refusal::Unknown);
    };
    let asked = Csr::read(&csr).map_err(Refusal::Request)?;
    request::must_be_for(&asked, &name, &[])?;
    match secret {
        // The answer was lost, or the router: its certificate is public, and good for its key alone.
        Secret::Used(certificate) if asked.is_for(&certificate) => leaf(&certificate),
        Secret::Used(_) => Err(Refusal::Unknown),
        Secret::Good(mark) => {
            // In a task of its own, so that a secret is never used up for nothing.
            let issuing = tokio::spawn(async move { mark.issue(&enrol, &csr).await });
            leaf(&issuing.await.map_err(|_| Refusal::Failed)??)
        }
    }
}

/// A router's further certificate, for the same names as the one before it (RFC 7030, section
/// 4.2.2).
async fn reenroll(
    State(enrol): State<Enrol>,
    peer: Option<Extension<PeerCertificate>>,
    request: Request,
) -> Result<Response, Refusal> {
    let csr = request::body(request).await?;
    let Some(Extension(peer)) = peer else { return Err(Refusal::NoCertificate) };
    let serial = peer.serial_hex.parse().map_err(|_| Refusal::NoCertificate)?;
    let kept = enrol.ca().renewable(serial, peer.id).await.map_err(|error| match error {
        ets_ca::Error::NotHeld(_) | ets_ca::Error::NoRenewal(_) => Refusal::NoCertificate,
        error => Refusal::from(error),
    })?;
    if kept.profile != PROFILE {
        return Err(Refusal::NoCertificate);
    }
    let subject: ets_ca::Subject = kept.subject.parse().map_err(Refusal::from)?;
    let asked = Csr::read(&csr).map_err(Refusal::Request)?;
    request::must_be_for(&asked, subject.common_name(), &kept.names)?;
    match Renewal::find(&enrol, kept, subject).await? {
        // The answer was lost: it is good for its key alone.
        Renewal::Had(certificate) if asked.is_for(&certificate) => leaf(&certificate),
        Renewal::Had(_) => Err(Refusal::Renewed),
        Renewal::Due(due) => {
            // In a task of its own, so that a router that hangs up leaves nothing half done.
            let issuing = tokio::spawn(async move { due.issue(&enrol, &csr).await });
            leaf(&issuing.await.map_err(|_| Refusal::Failed)??)
        }
    }
}

/// The leaf alone (RFC 7030, section 4.2.3): the chain is what `cacerts` tells.
fn leaf(certificate: &str) -> Result<Response, Refusal> {
    Ok(encoded(CERTIFICATES, &der::certificates_only(&der::of_pem(certificate)?)))
}
