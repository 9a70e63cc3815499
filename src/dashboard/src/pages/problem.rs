//! Refusals as pages, in the reader's language: what happened, what was kept, what to do.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use ets_web::Problem;
use http::Uri;

use super::view::View;
use crate::Error;
use crate::service::App;

/// The command that prints a new one-time link.
const LINK_COMMAND: &str = "ets-hub link";

/// Turns what handlers refused with into pages.
pub(crate) async fn problems(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let view = View::of(&app, &parts);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    crate::api::plain(&mut response);
    let Some(error) = response.extensions().get::<Arc<Error>>() else {
        return bare(&view, response);
    };
    page(&view, error)
}

fn page(view: &View, error: &Error) -> Response {
    let problem = match error {
        Error::NeedEntry => Problem::SignIn { command: LINK_COMMAND.to_owned() },
        Error::CrossSite => Problem::FormExpired,
        Error::Forbidden(_) => Problem::Forbidden,
        Error::NotFound { .. } => Problem::NotFound,
        Error::Stale { .. } | Error::Conflict(_) => Problem::Stale { href: view.ctx.path.clone() },
        Error::BadRequest(_) | Error::Invalid(_) | Error::TooLarge => Problem::BadRequest,
        Error::DiskFull | Error::NetdAway => Problem::Unavailable,
        Error::Internal(_) => Problem::Internal { reference: reference(view) },
    };
    ets_web::problem(view.site(), &view.ctx, &problem)
}

/// The log line of the fault is found by its moment.
fn reference(view: &View) -> String {
    view.tr().machine(view.ctx.now)
}

/// The framework's own refusals: a method that a page has not, a body that cannot be read.
fn bare(view: &View, response: Response) -> Response {
    let is_page = response.headers().contains_key(http::header::CONTENT_TYPE);
    if response.status().is_client_error() && !is_page {
        return page(view, &Error::BadRequest(String::new()));
    }
    response
}

/// Nothing lies at this address.
pub(crate) async fn no_such_page(uri: Uri) -> Error {
    Error::NotFound { what: "page", id: uri.path().to_owned() }
}
