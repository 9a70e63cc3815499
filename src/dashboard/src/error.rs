//! What can go wrong for a person or a program that asks, in one enum.
//!
//! Handlers return [`Error`]; it travels to the boundary in the response's extensions, where
//! [`crate::api`] turns it into `application/problem+json` (RFC 9457) and [`crate::pages`] into a
//! page in the reader's language. Causes are logged here, once, and never shown.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody proved who asks.
    #[error("nobody may see this without entry")]
    NeedEntry,
    /// A page of another site tried to change something.
    #[error("the request came from a page of another site")]
    CrossSite,
    /// The asker is known and still may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The asker is known and has not the right.
    #[error("the right {missing} is missing")]
    Denied {
        /// The right that he would need.
        missing: String,
        /// The names of those who can give it; empty where that is the network administrator.
        whom_to_ask: Vec<String>,
    },
    /// There is no such thing.
    #[error("there is no {what} {id:?}")]
    NotFound {
        /// What kind of thing: `segment`, `outage`, `page`.
        what: &'static str,
        /// The name that was asked for.
        id: String,
    },
    /// The request cannot be understood.
    #[error("{0}")]
    BadRequest(String),
    /// What was sent breaks rules; nothing was changed.
    #[error("{} of the fields cannot be accepted", .0.len())]
    Invalid(Vec<Fault>),
    /// Somebody else changed it in the meantime.
    #[error("it was changed by somebody else in the meantime")]
    Stale {
        /// The version that stands now.
        current: i64,
    },
    /// It exists already, or stands in the way.
    #[error("{0}")]
    Conflict(String),
    /// A certificate was taken away, and the database does not know it yet.
    #[error("{}", ets_ca::Error::Owed(*.0))]
    Owed(ets_ca::Serial),
    /// More than is accepted at once.
    #[error("more was sent than is accepted at once")]
    TooLarge,
    /// The disk is full: state cannot be changed for now.
    #[error("the disk is full")]
    DiskFull,
    /// `netd` does not answer.
    #[error("the probing process does not answer")]
    NetdAway,
    /// The token with the authority's key does not sign.
    #[error("nothing was issued: {0}")]
    KeyAway(ets_ca::TokenError),
    /// Something of our own broke.
    #[error("something broke in the hub")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Every code of [`Error::code`] with what it means, for the help page.
pub(crate) const CODES: &[(&str, &str)] = &[
    ("need-entry", "Nobody proved who asks: show the client certificate or open a one-time link."),
    ("cross-site", "A page of another site tried to change something; nothing was changed."),
    ("forbidden", "The asker is known and may not do this here."),
    ("not-found", "There is no such thing; the detail names it."),
    ("bad-request", "The request cannot be understood; the detail says what is wrong."),
    ("invalid", "Fields break rules; each is in `faults` with what to do. Nothing was changed."),
    ("stale-version", "Somebody else changed it; `version` is the one that stands now."),
    ("conflict", "It exists already, or the register changed after the preview."),
    ("owed", "It is in force and in the authority's log; the register will follow (status 202)."),
    ("too-large", "More was sent than is accepted at once."),
    ("disk-full", "The hub's disk is full; watching goes on, changes are refused."),
    ("netd-away", "The probing process does not answer; see the health page."),
    ("key-away", "The token with the authority's key does not sign; revoking goes on."),
    ("internal", "Something of the hub's own broke; its log says what."),
];

/// One field, or one line of a file, that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The field's name in the API and in forms.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl Error {
    /// Wraps a fault of our own.
    pub(crate) fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Internal(Box::new(error))
    }

    pub(crate) fn segment(id: impl Into<String>) -> Self {
        Self::NotFound { what: "segment", id: id.into() }
    }

    /// The HTTP status that says it (RFC 9110, section 15).
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NeedEntry => StatusCode::UNAUTHORIZED,
            Self::CrossSite | Self::Forbidden(_) | Self::Denied { .. } => StatusCode::FORBIDDEN,
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Stale { .. } => StatusCode::PRECONDITION_FAILED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Owed(_) => StatusCode::ACCEPTED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
            Self::NetdAway | Self::KeyAway(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Its stable name, for the problem's type and the help page.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NeedEntry => "need-entry",
            Self::CrossSite => "cross-site",
            Self::Forbidden(_) | Self::Denied { .. } => "forbidden",
            Self::NotFound { .. } => "not-found",
            Self::BadRequest(_) => "bad-request",
            Self::Invalid(_) => "invalid",
            Self::Stale { .. } => "stale-version",
            Self::Conflict(_) => "conflict",
            Self::Owed(_) => "owed",
            Self::TooLarge => "too-large",
            Self::DiskFull => "disk-full",
            Self::NetdAway => "netd-away",
            Self::KeyAway(_) => "key-away",
            Self::Internal(_) => "internal",
        }
    }

    /// What the asker can do about it, in English, for programs.
    pub(crate) fn remedy(&self) -> String {
        match self {
            Self::NeedEntry => "show the administrator's client certificate, or open a one-time \
                entry link and send its session cookie"
                .to_owned(),
            Self::CrossSite => "send the request from the hub's own pages, or from a program \
                that sends neither Sec-Fetch-Site nor Origin"
                .to_owned(),
            Self::Forbidden(_) => "ask on the hub itself, over its local socket".to_owned(),
            Self::Denied { whom_to_ask, .. } => {
                let whom = match whom_to_ask.as_slice() {
                    [] => "the network administrator".to_owned(),
                    names => names.join(", "),
                };
                format!("ask {whom} for it; /me says what you may")
            }
            Self::NotFound { what: "segment", .. } => {
                "list the segments with GET /api/v1/segments".to_owned()
            }
            Self::NotFound { .. } => "see /api/openapi.json for what there is".to_owned(),
            Self::BadRequest(_) => "see /api/openapi.json for what is accepted".to_owned(),
            Self::Invalid(_) => "mend the named fields and send it again".to_owned(),
            Self::Stale { current } => {
                format!("read it again, apply your change and name version {current}")
            }
            Self::Conflict(_) => "choose another, or change the one that is there".to_owned(),
            Self::Owed(_) => {
                "see to the database; the hub tells it by itself, nothing has to be asked again"
                    .to_owned()
            }
            Self::TooLarge => "send it in smaller parts".to_owned(),
            Self::DiskFull => "free space on the hub's disk; watching goes on meanwhile".to_owned(),
            Self::NetdAway => "see /system for its state, and try again".to_owned(),
            Self::KeyAway(_) => "see to the token, then ask again".to_owned(),
            Self::Internal(_) => "try again; the hub's log says what broke".to_owned(),
        }
    }
}

impl From<ets_store::Error> for Error {
    fn from(error: ets_store::Error) -> Self {
        if error.is_disk_full() { Self::DiskFull } else { Self::internal(error) }
    }
}

impl From<ets_journal::Error> for Error {
    fn from(error: ets_journal::Error) -> Self {
        match error {
            ets_journal::Error::Store(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

impl From<ets_series::Error> for Error {
    fn from(error: ets_series::Error) -> Self {
        match error {
            ets_series::Error::Store(error) => error.into(),
            ets_series::Error::BadSpan(what) => Self::BadRequest(what.to_owned()),
            other => Self::internal(other),
        }
    }
}

impl From<ets_watch::Error> for Error {
    fn from(error: ets_watch::Error) -> Self {
        match error {
            ets_watch::Error::Netd(cause) => {
                tracing::warn!(error = %cause, "netd could not be asked");
                Self::NetdAway
            }
            ets_watch::Error::NoNetd => Self::NetdAway,
            ets_watch::Error::NoSegment => Self::segment("not watched"),
            ets_watch::Error::Store(error) => error.into(),
            other @ ets_watch::Error::Unreadable(_) => Self::internal(other),
        }
    }
}

impl From<ets_registry::Error> for Error {
    fn from(error: ets_registry::Error) -> Self {
        use ets_registry::Error as Refusal;
        match error {
            Refusal::Invalid(faults) => Self::Invalid(faults.iter().map(Fault::from).collect()),
            Refusal::Conflict { current, .. } => Self::Stale { current },
            Refusal::NotFound { kind, id } => Self::NotFound { what: kind, id },
            Refusal::Changed => Self::Conflict(Refusal::Changed.to_string()),
            Refusal::Store(error) => error.into(),
            Refusal::Journal(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

impl From<ets_rules::Error> for Error {
    fn from(error: ets_rules::Error) -> Self {
        use ets_rules::Error as Rules;
        match error {
            Rules::NoVersion(no) => Self::NotFound { what: "version", id: no.to_string() },
            Rules::NoEdit(no) => Self::NotFound { what: "edit", id: no.to_string() },
            Rules::Invalid(faults) => Self::Invalid(faults.iter().map(Fault::from).collect()),
            Rules::Within(_) => Self::BadRequest(error.to_string()),
            Rules::Netd(ets_netd_api::Error::Refused(why)) => Self::Conflict(why),
            Rules::Netd(_) | Rules::Silent => Self::NetdAway,
            Rules::Store(error) => error.into(),
            Rules::Journal(error) => error.into(),
            Rules::Unreadable(_)
            | Rules::UnreadableDraft(_)
            | Rules::UnreadableOffence(_)
            | Rules::Seed(_)
            | Rules::CutOff => Self::internal(error),
            _ => Self::Conflict(error.to_string()),
        }
    }
}

impl From<ets_traffic::Error> for Error {
    fn from(error: ets_traffic::Error) -> Self {
        use ets_traffic::Error as Traffic;
        match error {
            Traffic::Store(error) => error.into(),
            Traffic::Journal(error) => error.into(),
            Traffic::BadPeriod(_) => Self::BadRequest(error.to_string()),
            Traffic::BadQuota(message) => {
                let remedy = "see the schema in /api/openapi.json".to_owned();
                Self::Invalid(vec![Fault { field: "quota".to_owned(), message, remedy }])
            }
            Traffic::NoQuota(id) => Self::NotFound { what: "quota", id: id.to_string() },
            Traffic::Conflict { current, .. } => Self::Stale { current },
            Traffic::Unheard(why) => {
                tracing::warn!(%why, "who talks in a segment could not be asked");
                Self::NetdAway
            }
            Traffic::Unreadable { .. } | Traffic::UnknownZone(_) => Self::internal(error),
        }
    }
}

impl From<ets_gateway::Error> for Error {
    fn from(error: ets_gateway::Error) -> Self {
        use ets_gateway::Error as Gateway;
        match error {
            Gateway::Rules(faults) => {
                let remedy = "correct it and send the rules again; nothing was changed".to_owned();
                let fault = |one: ets_gateway::policy::Fault| Fault {
                    field: one.place,
                    message: one.what,
                    remedy: remedy.clone(),
                };
                Self::Invalid(faults.into_iter().map(fault).collect())
            }
            Gateway::Changed(current) => {
                Self::Stale { current: i64::try_from(current).unwrap_or(i64::MAX) }
            }
            Gateway::NoVersion(no) => Self::NotFound { what: "version", id: no.to_string() },
            Gateway::NoSegment(id) => Self::segment(id.as_str()),
            Gateway::Store(error) => error.into(),
            Gateway::Journal(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

impl From<ets_speed::Error> for Error {
    fn from(error: ets_speed::Error) -> Self {
        use ets_speed::Error as Speed;
        match error {
            Speed::Store(error) => error.into(),
            // The page of the segments answers what is no fault of ours in its own words.
            error => Self::internal(error),
        }
    }
}

impl From<&ets_rules::DraftFault> for Fault {
    fn from(fault: &ets_rules::DraftFault) -> Self {
        let field = fault.edit.map_or_else(String::new, |edit| format!("edits[{edit}]"));
        let remedy = "mend the edit and send it again".to_owned();
        Self { field, message: fault.to_string(), remedy }
    }
}

impl From<&ets_registry::Fault> for Fault {
    fn from(fault: &ets_registry::Fault) -> Self {
        let field = fault.field.map_or("", ets_registry::Field::name).to_owned();
        Self { field, message: fault.message(), remedy: fault.remedy() }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Self::Internal(cause) = &self {
            tracing::error!(error = %chain(cause.as_ref()), "a request failed");
        }
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
