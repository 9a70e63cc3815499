//! The pages that say why something did not open and what to do, in the reader's language; for
//! programs the same as `application/problem+json` (RFC 9457).

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use ets_i18n::{Tr, t};
use ets_web::page::Layout;
use ets_web::{Ctx, Html, Page, form};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Uri, Version};
use serde_json::json;

use crate::body::{Download, Farewell};
use crate::refusal::Refusal;
use crate::visit::Visit;

/// What of a request a page needs.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) version: Version,
}

impl Asked {
    pub(crate) fn ctx(&self, visit: &Visit) -> Ctx {
        let shared = &visit.shared;
        let mut ctx =
            Ctx::from_request(&shared.site, &self.uri, &self.headers, shared.clock.wall());
        ctx.user = visit.who.as_ref().map(|who| who.certificate.subject.clone());
        ctx
    }

    /// Whether a program asks: it takes JSON, and no page.
    pub(crate) fn wants_json(&self) -> bool {
        let accept = self.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
        accept.is_some_and(|accept| accept.contains("json") && !accept.contains("text/html"))
    }
}

/// The answer to a request that is refused, and that has a body or none: over HTTP/1.1 the
/// connection ends where that may not have been read, and the client is told (RFC 9112, section 9.6).
pub(crate) fn refuse(
    visit: &std::sync::Arc<Visit>,
    (asked, has_body): (&Asked, bool),
    refusal: &Refusal,
) -> http::Response<Download> {
    visit.shared.refusals.add(refusal.reason());
    let ctx = asked.ctx(visit);
    let mut answer =
        if asked.wants_json() { problem(&ctx.tr, refusal) } else { page(visit, &ctx, refusal) };
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Refusal::Method(allowed) = refusal {
        headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
    }
    if let Some(seconds) = refusal.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    let is_first = asked.version < Version::HTTP_2;
    if refusal.ends_connection() || (is_first && (has_body || *refusal == Refusal::Unclear)) {
        return last(visit, asked, answer);
    }
    answer.map(Download::own)
}

/// An answer with which the connection ends.
pub(crate) fn last(
    visit: &std::sync::Arc<Visit>,
    asked: &Asked,
    mut answer: Response<Body>,
) -> http::Response<Download> {
    if asked.version < Version::HTTP_2 {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        return answer.map(Download::own);
    }
    // HTTP/2 knows no such header (RFC 9113, section 8.2.2).
    let farewell = Farewell(std::sync::Arc::clone(visit));
    answer.map(|body| Download::last(body, farewell))
}

fn page(visit: &Visit, ctx: &Ctx, refusal: &Refusal) -> Response<Body> {
    let (title, what, what_to_do) = told((&ctx.tr, Some(ctx)), refusal);
    let mut body = Html::trusted("<div class=\"problem\"><p>")
        .then(&Html::text(&what))
        .then(&Html::trusted("</p><p>"))
        .then(&Html::text(&what_to_do))
        .then(&Html::trusted("</p>"));
    if let Refusal::NoRight { missing, .. } = refusal {
        body.push(&Html::trusted("<p>"));
        body.push(&Html::code(missing));
        body.push(&Html::trusted("</p>"));
    }
    body.push(&Html::trusted("<div class=\"acts\">"));
    body.push(&acts(visit, ctx, refusal));
    body.push(&Html::trusted("</div></div>"));
    let (heading, status) = (title.to_owned(), refusal.status());
    let page = Page { heading, body, status, layout: Layout::Narrow, ..Page::default() };
    page.respond(&visit.shared.site, ctx)
}

fn acts(visit: &Visit, ctx: &Ctx, refusal: &Refusal) -> Html {
    let tr = &ctx.tr;
    let again = || button_to(&ctx.path, t::error_try_again(tr), true);
    let mine = || match visit.who {
        Some(_) => button_to("/me", t::access_to_me(tr), false),
        None => Html::default(),
    };
    match refusal {
        Refusal::Stale => {
            let path = percent_encoding::utf8_percent_encode(
                &ctx.path,
                percent_encoding::NON_ALPHANUMERIC,
            );
            form::button("", &format!("/sign?to={path}"), t::access_stale_button(tr), true)
        }
        Refusal::NoCertificate
        | Refusal::Expired(_)
        | Refusal::Left
        | Refusal::Busy(_)
        | Refusal::Crowded(_)
        | Refusal::Down(_)
        | Refusal::Broken
        | Refusal::Slow => again().then(&mine()),
        Refusal::Misdirected => Html::default(),
        _ => mine(),
    }
}

/// A link that looks like a button.
pub(crate) fn button_to(href: &str, text: &str, primary: bool) -> Html {
    let class = if primary { "button primary" } else { "button" };
    let (href, text) = (ets_web::html::escape(href), ets_web::html::escape(text));
    Html::trusted(format!("<a class=\"{class}\" href=\"{href}\">{text}</a> "))
}

fn problem(tr: &Tr, refusal: &Refusal) -> Response<Body> {
    let (title, what, what_to_do) = told((tr, None), refusal);
    let status = refusal.status();
    let mut body = json!({
        "type": format!("urn:ets:access:{}", refusal.reason().word()),
        "title": title,
        "status": status.as_u16(),
        "detail": what,
        "remedy": what_to_do,
    });
    match refusal {
        Refusal::NoRight { missing, whom } => {
            body["missing"] = json!(missing);
            body["whom_to_ask"] = json!(whom);
        }
        Refusal::Down(since) => body["since"] = json!(tr.machine(*since)),
        Refusal::Expired(ended) => body["not_after"] = json!(tr.machine(*ended)),
        Refusal::TooLarge(most) => body["max_bytes"] = json!(most),
        _ => {}
    }
    let mut answer = (status, body.to_string()).into_response();
    let json = HeaderValue::from_static("application/problem+json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    ets_web::security::apply(answer.headers_mut());
    answer
}

/// Title, what happened, what to do. Without a page moments are told in full.
fn told((tr, ctx): (&Tr, Option<&Ctx>), refusal: &Refusal) -> (&'static str, String, String) {
    let when = |at| ctx.map_or_else(|| tr.exact(at), |ctx| tr.moment(at, ctx.now));
    let plain =
        |title, what: &str, what_to_do: &str| (title, what.to_owned(), what_to_do.to_owned());
    match refusal {
        Refusal::NoCertificate => plain(
            t::access_no_certificate_title(tr),
            t::access_no_certificate_what(tr),
            t::access_no_certificate_do(tr),
        ),
        Refusal::Expired(ended) => (
            t::access_expired_title(tr),
            t::access_expired_what(tr, when(*ended)),
            t::access_expired_do(tr).to_owned(),
        ),
        Refusal::NoRight { missing, whom } => (
            t::access_no_right_title(tr),
            t::access_no_right_what(tr, missing),
            if whom.is_empty() {
                t::access_no_right_nobody(tr).to_owned()
            } else {
                t::access_no_right_do(tr, whom.join(", "))
            },
        ),
        Refusal::Stale => {
            plain(t::access_stale_title(tr), t::access_stale_what(tr), t::access_stale_do(tr))
        }
        Refusal::Left => {
            plain(t::access_left_title(tr), t::access_left_what(tr), t::access_left_do(tr))
        }
        Refusal::Unknown => plain(
            t::error_not_found_title(tr),
            t::error_not_found_what(tr),
            t::access_unknown_do(tr),
        ),
        Refusal::Misdirected => plain(
            t::access_misdirected_title(tr),
            t::access_misdirected_what(tr),
            t::access_misdirected_do(tr),
        ),
        Refusal::Unclear | Refusal::Method(_) => {
            plain(t::access_unclear_title(tr), t::access_unclear_what(tr), t::access_unclear_do(tr))
        }
        Refusal::Foreign => {
            plain(t::access_foreign_title(tr), t::access_foreign_what(tr), t::access_foreign_do(tr))
        }
        Refusal::Busy(_) => {
            plain(t::access_busy_title(tr), t::access_busy_what(tr), t::access_busy_do(tr))
        }
        Refusal::Crowded(_) => {
            plain(t::access_busy_title(tr), t::access_crowded_what(tr), t::access_crowded_do(tr))
        }
        Refusal::TooLarge(most) => (
            t::access_too_large_title(tr),
            t::access_too_large_what(tr, tr.bytes(*most)),
            t::access_too_large_do(tr).to_owned(),
        ),
        Refusal::TooSlow => plain(
            t::access_too_slow_title(tr),
            t::access_too_slow_what(tr),
            t::access_too_slow_do(tr),
        ),
        Refusal::Down(since) => (
            t::access_down_title(tr),
            t::access_down_what(tr, when(*since)),
            t::access_down_do(tr).to_owned(),
        ),
        Refusal::Broken => {
            plain(t::access_broken_title(tr), t::access_broken_what(tr), t::access_down_do(tr))
        }
        Refusal::Slow => {
            plain(t::access_slow_title(tr), t::access_slow_what(tr), t::access_down_do(tr))
        }
    }
}
