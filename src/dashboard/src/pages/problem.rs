//! Refusals as pages, in the reader's language: what happened, what was kept, what to do.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use ets_web::Problem;
use http::Uri;

use super::view::View;
use crate::Error;
use crate::entry::identify;
use crate::service::App;

/// Turns what handlers refused with into pages.
pub(crate) async fn problems(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let mut response = next.run(Request::from_parts(parts.clone(), body)).await;
    crate::api::plain(&mut response);
    let error = match response.extensions().get::<Arc<Error>>() {
        Some(error) => error.clone(),
        None if is_bare(&response) => Arc::new(Error::BadRequest(String::new())),
        None => return response,
    };
    // The gate told who asks to what lies behind it, not to us.
    // Whom the administration is closed to is shown nothing of it, not even its frame.
    if let Ok(Some(identity)) = identify(&app, &parts).await
        && identity.is_administrator
    {
        parts.extensions.insert(identity);
    }
    page(&View::of(&app, &parts), &error)
}

fn page(view: &View, error: &Error) -> Response {
    let problem = match error {
        Error::NeedEntry => Problem::SignIn { command: view.app.config.link_command.clone() },
        Error::CrossSite => Problem::FormExpired,
        Error::Forbidden(_) => Problem::Forbidden,
        Error::NotFound { .. } => Problem::NotFound,
        Error::Stale { .. } | Error::Conflict(_) => Problem::Stale { href: view.ctx.path.clone() },
        Error::BadRequest(_) | Error::Invalid(_) | Error::TooLarge => Problem::BadRequest,
        Error::DiskFull | Error::NetdAway => Problem::Unavailable,
        Error::Internal(_) => Problem::Internal { reference: reference(view) },
    };
    ets_web::problem(&view.frame(), &view.ctx, &problem)
}

/// The log line of the fault is found by its moment.
fn reference(view: &View) -> String {
    view.tr().machine(view.ctx.now)
}

/// The framework's own refusals: a method that a page has not, a body that cannot be read.
fn is_bare(response: &Response) -> bool {
    let is_page = response.headers().contains_key(http::header::CONTENT_TYPE);
    response.status().is_client_error() && !is_page
}

/// Nothing lies at this address.
pub(crate) async fn no_such_page(uri: Uri) -> Error {
    Error::NotFound { what: "page", id: uri.path().to_owned() }
}
