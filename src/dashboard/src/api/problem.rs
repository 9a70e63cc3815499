//! Refusals of the API: `application/problem+json` (RFC 9457).

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::Error;

/// Turns what handlers refused with into problem documents, and the framework's own bare refusals
/// (a method that is not there, a body that is no JSON) too.
pub(crate) async fn problems(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    plain(&mut response);
    if let Some(error) = response.extensions().get::<Arc<Error>>() {
        return document(error.status(), &of(error), &path);
    }
    let status = response.status();
    if status.is_client_error() && !is_problem(&response) {
        let error = bare(status, &path);
        return document(status, &of(&error), &path);
    }
    response
}

/// What is sent is what its type says, and nothing that a page of ours would run.
pub(crate) fn plain(response: &mut Response) {
    let nosniff = HeaderValue::from_static("nosniff");
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
}

fn is_problem(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/problem+json"))
}

fn bare(status: StatusCode, path: &str) -> Error {
    match status {
        StatusCode::NOT_FOUND => Error::NotFound { what: "resource", id: path.to_owned() },
        StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge,
        StatusCode::METHOD_NOT_ALLOWED => {
            Error::BadRequest("this method is not offered here".to_owned())
        }
        _ => Error::BadRequest("the request cannot be understood".to_owned()),
    }
}

fn of(error: &Error) -> Value {
    let mut problem = json!({
        "type": format!("/help/problems#{}", error.code()),
        "title": error.code().replace('-', " "),
        "detail": error.to_string(),
        "remedy": error.remedy(),
    });
    match error {
        Error::Invalid(faults) => problem["faults"] = json!(faults),
        Error::Stale { current } => problem["version"] = json!(current),
        Error::Denied { missing, whom_to_ask } => {
            problem["missing_right"] = json!(missing);
            problem["whom_to_ask"] = json!(whom_to_ask);
        }
        _ => {}
    }
    problem
}

fn document(status: StatusCode, problem: &Value, path: &str) -> Response {
    let mut problem = problem.clone();
    problem["status"] = status.as_u16().into();
    problem["instance"] = path.into();
    let kind =
        [(header::CONTENT_TYPE, "application/problem+json"), (header::CACHE_CONTROL, "no-store")];
    (status, kind, problem.to_string()).into_response()
}
