//! EST (RFC 7030, as RFC 8951 clarifies it): how routers get their first certificate with a secret
//! that works once, and every further one with the certificate before it.

mod request;

use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ets_ca::{Issued, State as Life, Wanted};
use ets_journal::Subject as On;
use ets_registry::Author;
use ets_store::{Tx, values};
use ets_tls::PeerCertificate;
use http::{StatusCode, header};

use self::request::{Basic, Refusal};
use crate::csr::Csr;
use crate::officer::hashed;
use crate::{Enrol, Error, der};

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
async fn enroll(State(enrol): State<Enrol>, request: Request) -> Result<Response, Refusal> {
    let basic = Basic::read(request.headers());
    let csr = request::body(request).await?;
    let basic = basic.ok_or(Refusal::Unknown)?;
    let name = basic.name.to_ascii_lowercase();
    let is_known = is_open(&enrol, &name, &basic.secret).await?;
    if !is_known {
        tracing::warn!(router = crate::identifier::shown(&name), "a router's secret was refused");
        return Err(Refusal::Unknown);
    }
    request::must_be_for(&Csr::read(&csr).map_err(Refusal::Request)?, &name, &[])?;
    let wanted = Wanted {
        profile: PROFILE.to_owned(),
        subject: ets_ca::Subject::of_name(&name),
        names: vec![name.clone()],
        until: None,
    };
    take(&enrol, &name, &basic.secret).await?;
    let by = Author::new(format!("est:{name}"));
    // In a task of its own, so that a secret is never used up for nothing.
    let desk = enrol.clone();
    let issuing = tokio::spawn(async move {
        let issued = desk.ca().issue(wanted, Some(&csr), &by).await;
        let serial = issued.as_ref().ok().map(|issued| issued.serial.to_string());
        settle(&desk, &name, serial, &by).await?;
        issued.map_err(Refusal::from)
    });
    handed(issuing.await.map_err(|_| Refusal::Failed)??)
}

/// A router's further certificate, for the same names as the one before it.
async fn reenroll(
    State(enrol): State<Enrol>,
    peer: Option<Extension<PeerCertificate>>,
    request: Request,
) -> Result<Response, Refusal> {
    let csr = request::body(request).await?;
    let Some(Extension(peer)) = peer else { return Err(Refusal::NoCertificate) };
    let serial = peer.serial_hex.parse().map_err(|_| Refusal::NoCertificate)?;
    let kept = enrol.ca().find(serial).await.map_err(|error| match error {
        ets_ca::Error::Unknown(_) => Refusal::NoCertificate,
        error => Refusal::from(error),
    })?;
    if kept.profile != PROFILE || kept.state != Life::Active || kept.id() != peer.id {
        return Err(Refusal::NoCertificate);
    }
    let subject: ets_ca::Subject = kept.subject.parse().map_err(Refusal::from)?;
    let name = subject.common_name().to_owned();
    request::must_be_for(&Csr::read(&csr).map_err(Refusal::Request)?, &name, &kept.names)?;
    let wanted = Wanted { profile: PROFILE.to_owned(), subject, names: kept.names, until: None };
    let by = Author::new(format!("est:{name}"));
    handed(enrol.ca().issue(wanted, Some(&csr), &by).await?)
}

/// The leaf alone (RFC 7030, section 4.2.3): the chain is what `cacerts` tells.
fn handed(issued: Issued) -> Result<Response, Refusal> {
    let leaf = der::of_pem(&issued.certificate)?;
    Ok(encoded(CERTIFICATES, &der::certificates_only(&leaf)))
}

async fn is_open(enrol: &Enrol, name: &str, secret: &str) -> Result<bool, Error> {
    let sql = "SELECT name FROM est_secret
        WHERE name = $1 AND hash = $2 AND used IS NULL AND expires > $3";
    let row = values![name, hashed(secret), enrol.now().0];
    Ok(enrol.store().query_optional(sql, &row).await?.is_some())
}

/// Of two that come with the same secret one goes on.
async fn take(enrol: &Enrol, name: &str, secret: &str) -> Result<(), Refusal> {
    let sql = "UPDATE est_secret SET used = $3
        WHERE name = $1 AND hash = $2 AND used IS NULL AND expires > $3";
    let row = values![name, hashed(secret), enrol.now().0];
    let taken = enrol
        .store()
        .write::<_, Error, _>(move |tx: &mut Tx<'_>| {
            Box::pin(async move { Ok(tx.execute(sql, &row).await? == 1) })
        })
        .await?;
    if taken { Ok(()) } else { Err(Refusal::Unknown) }
}

/// Notes what the secret was used for; where nothing was issued it is good again.
async fn settle(
    enrol: &Enrol,
    name: &str,
    serial: Option<String>,
    by: &Author,
) -> Result<(), Error> {
    let (name, at) = (name.to_owned(), enrol.now());
    let entry = by
        .entry("est.secret.use", On::new("router", &name))
        .detail(serde_json::json!({ "serial": serial }));
    enrol
        .store()
        .write::<_, Error, _>(move |tx: &mut Tx<'_>| {
            Box::pin(async move {
                if serial.is_none() {
                    let sql = "UPDATE est_secret SET used = NULL WHERE name = $1";
                    tx.execute(sql, &values![name]).await?;
                    return Ok(());
                }
                let sql = "UPDATE est_secret SET serial = $2 WHERE name = $1";
                tx.execute(sql, &values![name, serial]).await?;
                ets_journal::append(tx, at, entry).await?;
                Ok(())
            })
        })
        .await
}
