//! Refusals as pages, in the reader's language: what happened, what was kept, what to do.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use ets_i18n::{Tr, t};
use ets_web::html::escape;
use ets_web::page::Layout;
use ets_web::{Html, Page, Problem};
use http::{StatusCode, Uri};

use super::rights_desk;
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
    if let Ok(Some(identity)) = identify(&app, &parts).await {
        parts.extensions.insert(identity);
    }
    page(&View::of(&app, &parts), &error)
}

fn page(view: &View, error: &Error) -> Response {
    let problem = match error {
        Error::Denied { missing, whom_to_ask } => return denied(view, missing, whom_to_ask),
        Error::Owed(serial) => return owed(view, &serial.to_string()),
        Error::KeyAway(_) => return key_away(view),
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

/// Which right is missing, whom to ask for it, and the way to what one may.
fn denied(view: &View, missing: &str, whom_to_ask: &[String]) -> Response {
    let tr = view.tr();
    let right = rights_desk::right(tr, missing);
    let right = if right == missing { right.to_owned() } else { format!("{right} ({missing})") };
    let body = format!(
        "<div class=\"problem\"><p>{}</p><p>{}</p>\
         <div class=\"acts\"><a class=\"button primary\" href=\"/me\">{}</a></div></div>",
        escape(&t::rights_denied_what(tr, right)),
        escape(&t::rights_denied_ask(tr, whom(tr, whom_to_ask))),
        t::rights_denied_me(tr),
    );
    view.respond(&Page {
        heading: t::rights_denied_title(tr).to_owned(),
        body: Html::trusted(body),
        layout: Layout::Narrow,
        status: StatusCode::FORBIDDEN,
        ..Page::default()
    })
}

/// It bites, and the register does not show it yet.
fn owed(view: &View, serial: &str) -> Response {
    let tr = view.tr();
    let what = t::ca_owed_what(tr, serial);
    told(view, StatusCode::ACCEPTED, t::ca_owed_title(tr), [&what, t::ca_owed_do(tr)])
}

/// The token does not sign.
fn key_away(view: &View) -> Response {
    let tr = view.tr();
    let words = [t::ca_key_away_what(tr), t::ca_key_away_do(tr)];
    told(view, StatusCode::SERVICE_UNAVAILABLE, t::ca_key_away_title(tr), words)
}

/// What is, and what to do.
fn told(view: &View, status: StatusCode, title: &str, [what, then]: [&str; 2]) -> Response {
    let (what, then) = (escape(what), escape(then));
    view.respond(&Page {
        heading: title.to_owned(),
        body: Html::trusted(format!("<div class=\"problem\"><p>{what}</p><p>{then}</p></div>")),
        layout: Layout::Narrow,
        status,
        ..Page::default()
    })
}

/// Whom to ask for a right, by name where anybody can give it.
pub(super) fn whom(tr: &Tr, names: &[String]) -> String {
    match names {
        [] => t::rights_denied_administrator(tr).to_owned(),
        names => names.join(", "),
    }
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
