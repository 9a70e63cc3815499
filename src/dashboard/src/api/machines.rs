//! `/api/v1/ca/acme-keys` and `/api/v1/ca/router-secrets`: with what machines ask for certificates
//! by themselves. A secret is answered once and kept nowhere in the clear.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use ets_enrol::Enrol;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asker::Asker;
use super::segments::{answer, done};
use super::{body, time};
use crate::Error;
use crate::error::Fault;
use crate::service::App;

/// Whose a key is, and what it allows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewKey {
    institution: String,
    names: Vec<String>,
    #[serde(default = "one")]
    accounts: u32,
}

fn one() -> u32 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSecret {
    name: String,
}

/// `GET /api/v1/ca/acme-keys`
pub(crate) async fn keys(State(app): State<App>) -> Result<Response, Error> {
    let all = app.enrol()?.account_keys().await?;
    let document = |key: &ets_enrol::KeyListed| {
        json!({
            "kid": key.kid,
            "institution": key.institution,
            "names": key.names,
            "accounts": key.accounts,
            "used": key.used,
            "created": time::rfc3339(key.created),
            "created_by": key.created_by,
            "revoked": key.revoked.map(time::rfc3339),
        })
    };
    Ok(answer(StatusCode::OK, &all.iter().map(document).collect::<Vec<Value>>()))
}

/// `POST /api/v1/ca/acme-keys`
pub(crate) async fn new_key(by: Asker, sent: Bytes) -> Result<Response, Error> {
    let new: NewKey = body::typed(body::object(&sent)?)?;
    let enrol = by.app.enrol()?;
    let key = enrol.new_account_key(&new.institution, &new.names, new.accounts, &by.author).await?;
    Ok(answer(StatusCode::CREATED, &json!({ "kid": key.kid, "hmac": key.hmac })))
}

/// `DELETE /api/v1/ca/acme-keys/{kid}`
pub(crate) async fn revoke_key(by: Asker, Path(kid): Path<String>) -> Result<Response, Error> {
    by.app.enrol()?.revoke_account_key(&kid, &by.author).await?;
    Ok(done())
}

/// `GET /api/v1/ca/router-secrets`
pub(crate) async fn secrets(State(app): State<App>) -> Result<Response, Error> {
    let all = app.enrol()?.router_secrets().await?;
    let document = |one: &ets_enrol::RouterListed| {
        json!({
            "name": one.name,
            "created": time::rfc3339(one.created),
            "created_by": one.created_by,
            "until": time::rfc3339(one.until),
            "used": one.used.map(time::rfc3339),
            "serial": one.serial,
        })
    };
    Ok(answer(StatusCode::OK, &all.iter().map(document).collect::<Vec<Value>>()))
}

/// `POST /api/v1/ca/router-secrets`
pub(crate) async fn new_secret(by: Asker, sent: Bytes) -> Result<Response, Error> {
    let new: NewSecret = body::typed(body::object(&sent)?)?;
    let made = by.app.enrol()?.new_router_secret(&new.name, &by.author).await?;
    let document = json!({
        "name": made.name,
        "secret": made.secret,
        "until": time::rfc3339(made.until),
    });
    Ok(answer(StatusCode::CREATED, &document))
}

/// `DELETE /api/v1/ca/router-secrets/{name}`
pub(crate) async fn revoke_secret(by: Asker, Path(name): Path<String>) -> Result<Response, Error> {
    by.app.enrol()?.revoke_router_secret(&name, &by.author).await?;
    Ok(done())
}

impl App {
    /// Enrolment of machines, where there is any.
    pub(crate) fn enrol(&self) -> Result<&Enrol, Error> {
        let none = || Error::NotFound { what: "enrolment", id: "acme".to_owned() };
        self.deps.enrol.as_ref().ok_or_else(none)
    }
}

impl From<ets_enrol::Error> for Error {
    fn from(error: ets_enrol::Error) -> Self {
        use ets_enrol::Error as E;
        let fault = |field: &str| {
            let remedy = "nothing was made; correct it and ask again".to_owned();
            Self::Invalid(vec![Fault {
                field: field.to_owned(),
                message: error.to_string(),
                remedy,
            }])
        };
        match error {
            E::Name { .. } | E::NoNames => fault("names"),
            E::Institution { .. } => fault("institution"),
            E::NoKey { kid } => Self::NotFound { what: "key", id: kid },
            E::NoSecret { name } => Self::NotFound { what: "secret", id: name },
            E::Authority(error) => error.into(),
            E::Store(error) => error.into(),
            E::Journal(error) => error.into(),
            other => Self::internal(other),
        }
    }
}
