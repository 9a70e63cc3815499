//! Problem documents (RFC 7807, RFC 8555 section 6.7): what a client of ACME is told.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Error;
use crate::body::{Fault, MOST};
use crate::identifier::Identifier;

/// The kinds that RFC 8555 and RFC 8737 register, as far as we use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kind {
    AccountDoesNotExist,
    AlreadyRevoked,
    #[serde(rename = "badCSR")]
    BadCsr,
    BadNonce,
    BadPublicKey,
    BadRevocationReason,
    BadSignatureAlgorithm,
    Connection,
    Dns,
    ExternalAccountRequired,
    IncorrectResponse,
    InvalidContact,
    Malformed,
    OrderNotReady,
    RateLimited,
    RejectedIdentifier,
    ServerInternal,
    Tls,
    Unauthorized,
    UnsupportedContact,
    UnsupportedIdentifier,
}

impl Kind {
    fn status(self) -> StatusCode {
        match self {
            Self::ExternalAccountRequired
            | Self::IncorrectResponse
            | Self::OrderNotReady
            | Self::Unauthorized => StatusCode::FORBIDDEN,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::ServerInternal => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// What went wrong, for the client. It also stands in the database, beside what it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Problem {
    pub(crate) kind: Kind,
    pub(crate) detail: String,
    /// Another status than the kind's.
    #[serde(skip)]
    status: Option<StatusCode>,
    /// A header of the answer.
    #[serde(skip)]
    header: Option<(header::HeaderName, String)>,
    /// Of which names of an order it speaks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    about: Vec<(Identifier, String)>,
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), status: None, header: None, about: Vec::new() }
    }

    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(Kind::Malformed, detail)
    }

    /// The same for what is not there and for what is somebody else's, so that nothing is learned.
    pub(crate) fn not_yours() -> Self {
        Self::new(Kind::Unauthorized, "there is no such object of this account")
    }

    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status: Some(status), ..self }
    }

    pub(crate) fn with_header(self, name: header::HeaderName, value: impl Into<String>) -> Self {
        Self { header: Some((name, value.into())), ..self }
    }

    pub(crate) fn about(self, about: Vec<(Identifier, String)>) -> Self {
        Self { about, ..self }
    }

    /// As it stands in answers.
    pub(crate) fn json(&self) -> Value {
        let mut json = json!({
            "type": self.kind.urn(),
            "detail": self.detail,
            "status": self.status.unwrap_or_else(|| self.kind.status()).as_u16(),
        });
        if self.kind == Kind::BadSignatureAlgorithm {
            json["algorithms"] = crate::jws::ALGORITHMS.into();
        }
        if !self.about.is_empty() {
            let kind = self.kind.urn();
            let all = self.about.iter().map(|(name, detail)| {
                let mut one = json!({ "type": kind, "detail": detail });
                one["identifier"] = json!(name);
                one
            });
            json["subproblems"] = all.collect();
        }
        json
    }
}

impl Kind {
    fn urn(self) -> String {
        let name = serde_json::to_value(self).unwrap_or_default();
        format!("urn:ietf:params:acme:error:{}", name.as_str().unwrap_or("serverInternal"))
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Large => Self::malformed(format!("a request has at most {MOST} octets"))
                .with_status(StatusCode::PAYLOAD_TOO_LARGE),
            Fault::Late => Self::malformed("the body did not come in time")
                .with_status(StatusCode::REQUEST_TIMEOUT),
            Fault::Broken => Self::malformed("the body broke off"),
        }
    }
}

impl From<Error> for Problem {
    /// What is ours is in the log; the client learns that it may come again.
    fn from(error: Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "enrolment failed");
        Self::new(Kind::ServerInternal, "the hub could not do it: try again later")
    }
}

impl From<ets_store::Error> for Problem {
    fn from(error: ets_store::Error) -> Self {
        Error::from(error).into()
    }
}

impl From<ets_journal::Error> for Problem {
    fn from(error: ets_journal::Error) -> Self {
        Error::from(error).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status.unwrap_or_else(|| self.kind.status());
        let body = self.json().to_string();
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (status, kind, body).into_response();
        if let Some((name, value)) = self.header
            && let Ok(value) = value.parse()
        {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T1.2
    #[test]
    fn a_problem_has_the_name_that_the_standard_gives_it() {
        let problem = Problem::new(Kind::BadCsr, "no");
        assert_eq!(problem.json()["type"], "urn:ietf:params:acme:error:badCSR");
        assert_eq!(problem.json()["status"], 400);
        let problem = Problem::new(Kind::BadSignatureAlgorithm, "no");
        assert_eq!(problem.json()["algorithms"][0], "ES256");
        let kept = serde_json::to_string(&Problem::not_yours()).unwrap();
        assert_eq!(serde_json::from_str::<Problem>(&kept).unwrap(), Problem::not_yours());
    }
}
