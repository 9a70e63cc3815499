//! Pages for what went wrong: what happened, what was kept, what to do.

use axum::http::StatusCode;
use axum::response::Response;
use ets_i18n::{Tr, t};

use crate::page::Layout;
use crate::{Ctx, Html, Page, Site};

/// What went wrong, as far as the person needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// 404: nothing lies at the address.
    NotFound,
    /// 403: the person is known and has no right.
    Forbidden,
    /// 401: the person is not known. The command prints a new one-time link.
    SignIn {
        /// The command that prints a link: `ets-hub link`.
        command: String,
    },
    /// 409: the record was saved by somebody else meanwhile.
    Stale {
        /// Where the record can be opened again.
        href: String,
    },
    /// 403: the form's token is not the session's.
    FormExpired,
    /// 400: the request does not make sense.
    BadRequest,
    /// 503: a part is starting or overloaded. The page reloads itself.
    Unavailable,
    /// 500: a fault of ours.
    Internal {
        /// The number under which the log tells the cause.
        reference: String,
    },
}

/// The page that tells it, with the right status.
#[must_use]
pub fn problem(site: &Site, ctx: &Ctx, problem: &Problem) -> Response {
    page(&ctx.tr, problem).respond(site, ctx)
}

/// The page alone, for those who add to it.
#[must_use]
pub fn page(tr: &Tr, problem: &Problem) -> Page {
    let (status, title, what, what_to_do) = words(tr, problem);
    let mut body = String::from("<div class=\"problem\"><p>");
    crate::html::put!(body, "{}</p><p>{}", Html::text(what), Html::text(what_to_do));
    if let Problem::SignIn { command } = problem {
        crate::html::put!(body, " {}", Html::code(command));
    }
    body.push_str("</p>");
    if let Problem::Internal { reference } = problem {
        let text = t::error_reference(tr, reference);
        crate::html::put!(body, "<p class=\"mut\">{}</p>", Html::text(&text));
    }
    crate::html::put!(body, "<div class=\"acts\">{}</div></div>", actions(tr, problem));
    Page {
        heading: title.to_owned(),
        body: Html::trusted(body),
        layout: Layout::Narrow,
        status,
        ..Page::default()
    }
}

fn actions(tr: &Tr, problem: &Problem) -> String {
    let again = |href: &str| {
        format!(
            "<a class=\"button primary\" href=\"{}\">{}</a> ",
            crate::html::escape(href),
            t::error_try_again(tr)
        )
    };
    let first = match problem {
        Problem::Stale { href } => again(href),
        Problem::Internal { .. } | Problem::Unavailable => again(""),
        _ => String::new(),
    };
    // Nothing opens before one has signed in.
    if matches!(problem, Problem::SignIn { .. }) {
        return first;
    }
    format!("{first}<a class=\"button\" href=\"/\">{}</a>", t::error_to_overview(tr))
}

fn words(tr: &Tr, problem: &Problem) -> (StatusCode, &'static str, &'static str, &'static str) {
    match problem {
        Problem::NotFound => (
            StatusCode::NOT_FOUND,
            t::error_not_found_title(tr),
            t::error_not_found_what(tr),
            t::error_not_found_do(tr),
        ),
        Problem::Forbidden => (
            StatusCode::FORBIDDEN,
            t::error_forbidden_title(tr),
            t::error_forbidden_what(tr),
            t::error_forbidden_do(tr),
        ),
        Problem::SignIn { .. } => (
            StatusCode::UNAUTHORIZED,
            t::error_sign_in_title(tr),
            t::error_sign_in_what(tr),
            t::error_sign_in_do(tr),
        ),
        Problem::Stale { .. } => (
            StatusCode::CONFLICT,
            t::error_stale_title(tr),
            t::error_stale_what(tr),
            t::error_stale_do(tr),
        ),
        Problem::FormExpired => (
            StatusCode::FORBIDDEN,
            t::error_form_expired_title(tr),
            t::error_form_expired_what(tr),
            t::error_form_expired_do(tr),
        ),
        Problem::BadRequest => (
            StatusCode::BAD_REQUEST,
            t::error_bad_request_title(tr),
            t::error_bad_request_what(tr),
            t::error_bad_request_do(tr),
        ),
        Problem::Unavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            t::error_unavailable_title(tr),
            t::error_unavailable_what(tr),
            t::error_unavailable_do(tr),
        ),
        Problem::Internal { .. } => (
            StatusCode::INTERNAL_SERVER_ERROR,
            t::error_internal_title(tr),
            t::error_internal_what(tr),
            t::error_internal_do(tr),
        ),
    }
}
