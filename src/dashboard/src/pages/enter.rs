//! Coming in by a one-time link, and going out.
//!
//! Opening the link changes nothing, so that a preview or a scanner cannot use it up: the page
//! has one button, and that one opens the session.

use axum::extract::Form;
use axum::response::{IntoResponse, Response};
use ets_i18n::t;
use ets_web::html::escape;
use ets_web::origin::is_own;
use ets_web::page::Layout;
use ets_web::{Html, Page, form, notice};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::view::View;
use crate::Error;
use crate::entry::{Proof, Token, clear_cookie, session_cookie};

/// `GET /enter?token=…`
pub(crate) async fn show(view: View) -> Result<Response, Error> {
    let good = match Token::read(&view.asked("token")) {
        Some(token) => view.app.sessions.link_is_good(&token).await?.then_some(token),
        None => None,
    };
    Ok(match good {
        Some(token) => view.respond(&offer(&view, &token)),
        None => view.respond(&worn_out(&view)),
    })
}

fn offer(view: &View, token: &Token) -> Page {
    let tr = view.tr();
    let form = form::form(
        tr,
        &form::Form {
            action: "/enter".to_owned(),
            hidden: vec![("token", token.as_str().to_owned())],
            submit: t::enter_button(tr).to_owned(),
            ..form::Form::default()
        },
    );
    Page {
        heading: t::enter_heading(tr).to_owned(),
        body: Html::trusted(format!("<p>{}</p>", t::enter_text(tr))).then(&form),
        layout: Layout::Narrow,
        ..Page::default()
    }
}

fn worn_out(view: &View) -> Page {
    let tr = view.tr();
    let text = Html::text(t::enter_worn_out_text(tr));
    let command = escape(&view.app.config.link_command);
    let command = Html::trusted(format!("<pre class=\"log\">{command}</pre>"));
    Page {
        heading: t::enter_worn_out(tr).to_owned(),
        body: notice::notice(notice::Tone::Warning, &text).then(&command),
        layout: Layout::Narrow,
        status: StatusCode::GONE,
        ..Page::default()
    }
}

/// What the button sends.
#[derive(Deserialize)]
pub(crate) struct Sent {
    token: String,
}

/// `POST /enter`
pub(crate) async fn open(view: View, Form(sent): Form<Sent>) -> Result<Response, Error> {
    if !is_own(&http::Method::POST, &view.headers, view.authority.as_deref()) {
        return Err(Error::CrossSite);
    }
    let agent = view.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let opened = match Token::read(&sent.token) {
        Some(link) => view.app.sessions.open(&link, agent.unwrap_or_default()).await?,
        None => None,
    };
    let Some(token) = opened else { return Ok(view.respond(&worn_out(&view))) };
    let head = [
        (header::LOCATION, HeaderValue::from_static("/")),
        (header::SET_COOKIE, session_cookie(&view.app.config, &token, view.is_secure())),
    ];
    Ok((StatusCode::SEE_OTHER, head).into_response())
}

/// `POST /leave`
pub(crate) async fn leave(view: View) -> Result<Response, Error> {
    let identity = view.identity()?;
    if let Proof::Session { hash } = identity.proof {
        view.app.sessions.end(hash, identity).await?;
    }
    let tr = view.tr();
    let page = Page {
        heading: t::enter_left(tr).to_owned(),
        body: Html::trusted(format!("<p>{}</p>", t::enter_left_text(tr))),
        layout: Layout::Narrow,
        ..Page::default()
    };
    let mut response = view.respond(&page);
    response.headers_mut().append(header::SET_COOKIE, clear_cookie(view.is_secure()));
    Ok(response)
}
