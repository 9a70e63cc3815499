//! Revocation by who ordered a certificate, by another account that holds all of its names, or by
//! who has its key (RFC 8555, section 7.6).

use std::collections::BTreeSet;

use axum::extract::{Request, State};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ets_ca::{Kept, Reason, Serial};
use ets_registry::Author;
use ets_store::values;
use http::StatusCode;
use serde::Deserialize;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::request::{Signed, Signer};
use super::rows::Account;
use crate::identifier::Identifier;
use crate::jwk::Key;
use crate::problem::{Kind, Problem};
use crate::{Enrol, der};

/// What machines enrol for by themselves; people's certificates are revoked at the desk.
const PROFILES: [&str; 2] = ["server", "router"];

#[derive(Deserialize)]
struct Revoke {
    certificate: String,
    reason: Option<u8>,
}

/// Revokes a certificate.
pub(crate) async fn revoke(
    State(enrol): State<Enrol>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let Signed { jws, by, .. } = Signed::read(&enrol, request).await?;
    let said: Revoke = jws.says()?;
    let reason = reason(said.reason)?;
    let der = URL_SAFE_NO_PAD.decode(said.certificate);
    let der = der.map_err(|_| Problem::malformed("the certificate is not in base64url"))?;
    let (_, certificate) = X509Certificate::from_der(&der)
        .map_err(|_| Problem::malformed("the certificate cannot be read"))?;
    let kept = known(&enrol, &certificate, &der).await?;
    let by = match by {
        Signer::Account(account) => {
            if !has_ordered(&enrol, &account, &kept).await?
                && !holds(&enrol, &account, &kept).await?
            {
                return Err(Problem::not_yours());
            }
            account.author()
        }
        Signer::Key(key) => {
            let same = Key::of_info(certificate.public_key()).is_some_and(|own| own == key);
            if !same {
                return Err(Problem::not_yours());
            }
            Author::new(format!("certificate:{}", kept.serial))
        }
    };
    match enrol.ca().revoke(kept.serial, reason, &by).await {
        // Owed to our database alone: it opens nothing.
        Ok(()) | Err(ets_ca::Error::Owed(_)) => Ok(StatusCode::OK),
        Err(ets_ca::Error::Over(..)) => {
            Err(Problem::new(Kind::AlreadyRevoked, "the certificate is revoked already"))
        }
        Err(error) => Err(crate::Error::from(error).into()),
    }
}

async fn has_ordered(enrol: &Enrol, account: &Account, kept: &Kept) -> Result<bool, Problem> {
    let sql = "SELECT id FROM acme_order WHERE account = $1 AND serial = $2";
    let row = values![&account.id, kept.serial.to_string()];
    Ok(enrol.store().query_optional(sql, &row).await?.is_some())
}

/// Whether an account has proved, and may still ask for, every name of a certificate.
async fn holds(enrol: &Enrol, account: &Account, kept: &Kept) -> Result<bool, Problem> {
    let sql = "SELECT name FROM acme_authorization
        WHERE account = $1 AND status = 'valid' AND expires > $2";
    let mut proved = BTreeSet::new();
    for row in enrol.store().query(sql, &values![&account.id, enrol.now().0]).await? {
        let name: Identifier = serde_json::from_str(row.text("name")?)
            .map_err(|_| crate::Error::Unreadable { what: "an authorization".to_owned() })?;
        if account.permit.allows(&name) {
            proved.insert(name.value());
        }
    }
    Ok(!kept.names.is_empty() && kept.names.iter().all(|name| proved.contains(name)))
}

/// The certificate as it is kept, octet by octet.
async fn known(
    enrol: &Enrol,
    certificate: &X509Certificate<'_>,
    der: &[u8],
) -> Result<Kept, Problem> {
    let serial: Result<Serial, _> = hex::encode(certificate.raw_serial()).parse();
    let serial = serial.map_err(|_| Problem::not_yours())?;
    let kept = match enrol.ca().find(serial).await {
        Ok(kept) => kept,
        Err(ets_ca::Error::Unknown(_)) => return Err(Problem::not_yours()),
        Err(error) => return Err(crate::Error::from(error).into()),
    };
    let is_same = der::of_pem(&kept.certificate).is_ok_and(|all| all == [der]);
    if is_same && PROFILES.contains(&kept.profile.as_str()) {
        return Ok(kept);
    }
    Err(Problem::not_yours())
}

/// RFC 5280, section 5.3.1: those that an owner can know of.
fn reason(code: Option<u8>) -> Result<Reason, Problem> {
    match code {
        None | Some(0) => Ok(Reason::Unspecified),
        Some(1) => Ok(Reason::KeyCompromise),
        Some(3) => Ok(Reason::AffiliationChanged),
        Some(4) => Ok(Reason::Superseded),
        Some(5) => Ok(Reason::CessationOfOperation),
        Some(_) => {
            let detail = "give reason 0, 1, 3, 4 or 5 (RFC 5280, section 5.3.1)";
            Err(Problem::new(Kind::BadRevocationReason, detail))
        }
    }
}
