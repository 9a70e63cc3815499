//! `/api/v1/ca/certificates`: what the authority issued, and how each stands.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use ets_ca::{Ca, Kept, OWN, Reason, Serial, Subject, Wanted};
use ets_registry::Author;
use ets_rights::Object;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asker::Asker;
use super::orders::handed;
use super::segments::{answer, done};
use super::{body, time};
use crate::Error;
use crate::entry::{Identity, Proof};
use crate::error::Fault;
use crate::service::App;

/// The longest list.
const LONGEST: u32 = 1_000;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    limit: Option<u32>,
}

/// `GET /api/v1/ca/certificates`
pub(crate) async fn list(
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let list = app.ca()?.list(asked.limit.unwrap_or(100).clamp(1, LONGEST)).await?;
    Ok(answer(StatusCode::OK, &list.iter().map(document).collect::<Vec<_>>()))
}

/// `GET /api/v1/ca/certificates/{serial}`
pub(crate) async fn get(
    State(app): State<App>,
    Path(serial): Path<String>,
) -> Result<Response, Error> {
    let kept = app.ca()?.find(read_serial(&serial)?).await?;
    Ok(answer(StatusCode::OK, &document(&kept)))
}

/// What is ordered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    profile: String,
    subject: String,
    #[serde(default)]
    names: Vec<String>,
    /// A request (PKCS#10) in PEM.
    csr: Option<String>,
}

/// `POST /api/v1/ca/certificates`
pub(crate) async fn issue(by: Asker, sent: Bytes) -> Result<Response, Error> {
    let order: Order = body::typed(body::object(&sent)?)?;
    if OWN.contains(&order.profile.as_str()) {
        only_here(&by.identity)?;
    }
    let is_alone = by.app.deps.tokens.as_ref().is_some_and(|desk| desk.rules().four_eyes);
    if is_alone && !matches!(by.identity.proof, Proof::System { .. }) {
        return Err(Error::Forbidden(
            "a second officer must confirm: order it, at /ca/new or /api/v1/ca/orders",
        ));
    }
    let subject: Subject = order.subject.parse().map_err(|error| fault("subject", &error))?;
    let wanted = Wanted { profile: order.profile, subject, names: order.names, until: None };
    let request = order.csr.as_deref().map(str::as_bytes);
    let (profile, subject) = (wanted.profile.clone(), wanted.subject.to_string());
    let issued = by.app.ca()?.issue(wanted, request, &by.author).await?;
    by.app.know(&profile, &subject).await;
    Ok(answer(StatusCode::CREATED, &handed(&issued)))
}

/// Why it is revoked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    reason: String,
}

/// `POST /api/v1/ca/certificates/{serial}/revoke`
pub(crate) async fn revoke(
    by: Asker,
    Path(serial): Path<String>,
    sent: Bytes,
) -> Result<Response, Error> {
    let why: Why = body::typed(body::object(&sent)?)?;
    let reason = Reason::read(&why.reason).ok_or_else(|| {
        Error::Invalid(vec![Fault {
            field: "reason".to_owned(),
            message: format!("there is no reason {:?}", why.reason),
            remedy: format!("use one of {}", Reason::ALL.map(Reason::code).join(", ")),
        }])
    })?;
    by.app.take_away((&by.identity, &by.author), read_serial(&serial)?, Some(reason)).await?;
    Ok(done())
}

/// `POST /api/v1/ca/certificates/{serial}/suspend`
pub(crate) async fn suspend(by: Asker, Path(serial): Path<String>) -> Result<Response, Error> {
    by.app.take_away((&by.identity, &by.author), read_serial(&serial)?, None).await?;
    Ok(done())
}

/// `POST /api/v1/ca/certificates/{serial}/resume`
pub(crate) async fn resume(by: Asker, Path(serial): Path<String>) -> Result<Response, Error> {
    let kept = by.app.ca()?.find(read_serial(&serial)?).await?;
    if OWN.contains(&kept.profile.as_str()) {
        only_here(&by.identity)?;
    }
    by.app.ca()?.resume(read_serial(&serial)?, &by.author).await?;
    Ok(done())
}

impl App {
    /// The authority, where there is one.
    pub(crate) fn ca(&self) -> Result<&Ca, Error> {
        let none = || Error::NotFound { what: "authority", id: "ca".to_owned() };
        self.deps.ca.as_ref().ok_or_else(none)
    }

    /// Revokes a certificate, or suspends it where no reason is given. Of what opens the hub itself
    /// that is up to who may give rights, and up to the hub's own socket; the last administrator's
    /// in force is up to the socket alone. Where a key is in foreign hands, so is the token, and what
    /// else lies on it ends as well.
    pub(crate) async fn take_away(
        &self,
        (who, by): (&Identity, &Author),
        serial: Serial,
        reason: Option<Reason>,
    ) -> Result<(), Error> {
        let (ca, is_here) = (self.ca()?, matches!(who.proof, Proof::System { .. }));
        if !is_here {
            self.may_take(who, serial)?;
        }
        let taking = async {
            match reason {
                Some(reason) if is_here => ca.revoke(serial, reason, by).await,
                None if is_here => ca.suspend(serial, by).await,
                _ => ca.take_from_afar(serial, reason, by).await,
            }
        };
        match (reason, &self.deps.tokens) {
            (Some(reason @ Reason::KeyCompromise), Some(desk)) => {
                Ok(desk.take_whole((serial, reason), taking, by).await?)
            }
            _ => Ok(taking.await?),
        }
    }

    /// Who may revoke other certificates must not shut out those who gave him that.
    pub(crate) fn may_take(&self, who: &Identity, serial: Serial) -> Result<(), Error> {
        if self.ca()?.is_own(serial) {
            self.judge(who, "rights.write", &Object::Everywhere)?;
        }
        Ok(())
    }
}

impl From<ets_ca::Error> for Error {
    fn from(error: ets_ca::Error) -> Self {
        use ets_ca::Error as Ca;
        match error {
            Ca::Unknown(serial) => Self::NotFound { what: "certificate", id: serial.to_string() },
            Ca::Owed(serial) => Self::Owed(serial),
            Ca::LastAdministrator(_) => Self::Forbidden(
                "this is the last administrator's certificate in force: it is taken over the hub's local socket only: ets-hub ca",
            ),
            Ca::NotHeld(_) | Ca::NoRenewal(_) | Ca::Over(..) | Ca::Abandoned(_) => {
                Self::Conflict(error.to_string())
            }
            Ca::NoProfile { .. } => fault("profile", &error),
            Ca::Attribute { .. } | Ca::NoPair { .. } | Ca::Subject { .. } => {
                fault("subject", &error)
            }
            Ca::Name { .. } => fault("names", &error),
            Ca::NeedRequest | Ca::NoRequest | Ca::Request(_) | Ca::Key(_) => fault("csr", &error),
            Ca::Contact(_) => fault("email", &error),
            Ca::Lint(_) => fault("profile", &error),
            Ca::Token(why) => Self::KeyAway(why),
            Ca::Store(error) => error.into(),
            Ca::Journal(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

/// A stolen session or certificate must not make itself another way in.
fn only_here(identity: &Identity) -> Result<(), Error> {
    match identity.proof {
        Proof::System { .. } => Ok(()),
        _ => Err(Error::Forbidden(
            "certificates that open the hub itself are issued over its local socket only: ets-hub ca",
        )),
    }
}

fn fault(field: &str, error: &ets_ca::Error) -> Error {
    let remedy = "nothing was signed; correct it and order again".to_owned();
    Error::Invalid(vec![Fault { field: field.to_owned(), message: error.to_string(), remedy }])
}

fn read_serial(text: &str) -> Result<Serial, Error> {
    text.parse().map_err(|_| Error::NotFound { what: "certificate", id: text.to_owned() })
}

fn document(kept: &Kept) -> Value {
    json!({
        "serial": kept.serial.to_string(),
        "profile": kept.profile,
        "subject": kept.subject,
        "names": kept.names,
        "not_before": time::rfc3339(kept.not_before),
        "not_after": time::rfc3339(kept.not_after),
        "state": kept.state.code(),
        "since": time::rfc3339(kept.since),
        "reason": kept.reason.map(Reason::code),
        "certificate": kept.certificate,
    })
}
