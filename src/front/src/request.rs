//! Asking for what the gateway refused: the form, and what is said when it was filed. What was refused
//! is what the gateway's word says, never what the form says; see [`ets_gateway::Asked`].

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::response::Response;
use ets_gateway::{Asked, Denied, Refused};
use ets_i18n::t;
use ets_web::Html;
use ets_web::html::escape;
use http::StatusCode;

use crate::frame::{self, Page, paragraph, part};
use crate::site::App;
use crate::stranger;
use crate::visit::Visit;

/// `GET /request?word=…`
pub(crate) async fn form(
    State(app): State<App>,
    visit: Visit,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    match refused(&app, &visit, &asked) {
        Ok(refused) => shown(&app, &visit, (&asked, &refused), false),
        Err(denied) => told(&app, &visit, &denied),
    }
}

/// `POST /request`
pub(crate) async fn file(
    State(app): State<App>,
    visit: Visit,
    asked: Result<Form<Asked>, FormRejection>,
) -> Response {
    let asked = asked.map(|Form(asked)| asked).unwrap_or_default();
    let refused = match refused(&app, &visit, &asked) {
        Ok(refused) => refused,
        Err(denied) => return told(&app, &visit, &denied),
    };
    let catalog = app.deps.registry.catalog();
    let Some(segment) = catalog.by_address(visit.from) else {
        return stranger::page(&app, &visit);
    };
    let Some(desk) = &app.deps.gateway else { return told(&app, &visit, &Denied::Foreign) };
    match desk.file(&asked, (visit.from, segment)).await {
        Ok(number) => done(&app, &visit, number),
        Err(Denied::Field(_)) => shown(&app, &visit, (&asked, &refused), true),
        Err(denied) => told(&app, &visit, &denied),
    }
}

fn refused(app: &App, visit: &Visit, asked: &Asked) -> Result<Refused, Denied> {
    let asking = app.deps.gateway.as_ref().and_then(|desk| desk.asking());
    asking.ok_or(Denied::Foreign)?.read(&asked.word, visit.from, visit.now)
}

/// The form, with what was typed.
fn shown(
    app: &App,
    visit: &Visit,
    (asked, refused): (&Asked, &Refused),
    is_missing: bool,
) -> Response {
    let tr = &visit.tr;
    let field = |name: &str, label: &str, value: &str, longest: u16| {
        format!(
            "<label for=\"{name}\">{}</label><input id=\"{name}\" name=\"{name}\" value=\"{}\" \
             maxlength=\"{longest}\" required>\n",
            escape(label),
            escape(value)
        )
    };
    let name = field("name", t::front_ask_name(tr), &asked.name, 100);
    let phone = field("phone", t::front_ask_phone(tr), &asked.phone, 40);
    let fault = match is_missing {
        true => {
            format!("<p class=\"bad\" role=\"alert\">{}</p>\n", escape(t::front_ask_missing(tr)))
        }
        false => String::new(),
    };
    let form = Html::trusted(format!(
        "{fault}<form method=\"post\" action=\"/request\">\
         <input type=\"hidden\" name=\"word\" value=\"{word}\">{name}{phone}\
         <label for=\"reason\">{label}</label><textarea id=\"reason\" name=\"reason\" rows=\"5\" \
         maxlength=\"1000\" required>{reason}</textarea>\n\
         <p class=\"act\"><button type=\"submit\">{send}</button></p></form>\n",
        word = escape(&asked.word),
        label = escape(t::front_ask_reason(tr)),
        reason = escape(&asked.reason),
        send = escape(t::front_ask_send(tr)),
    ));
    let rule = refused.rule.as_ref().map(|rule| paragraph(&t::front_ask_rule(tr, rule)));
    let target = format!("{}:{}", refused.host, refused.port);
    let page = Page {
        heading: t::front_ask_heading(tr, target),
        sub: t::front_ask_sub(tr).to_owned(),
        body: part("", &rule.unwrap_or_default().then(&form)),
        status: if is_missing { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK },
        ..Page::default()
    };
    frame::respond(app, visit, &page)
}

fn done(app: &App, visit: &Visit, number: i64) -> Response {
    let tr = &visit.tr;
    let page = Page {
        heading: t::front_ask_done(tr, number),
        sub: t::front_ask_done_sub(tr).to_owned(),
        ..Page::default()
    };
    frame::respond(app, visit, &page)
}

fn told(app: &App, visit: &Visit, denied: &Denied) -> Response {
    let tr = &visit.tr;
    let (status, heading, sub) = match denied {
        Denied::Often => {
            (StatusCode::TOO_MANY_REQUESTS, t::front_ask_often(tr), t::front_ask_often_sub(tr))
        }
        Denied::Kept(error) => {
            tracing::error!(%error, "a request for access was not kept");
            (StatusCode::SERVICE_UNAVAILABLE, t::front_ask_failed(tr), t::front_ask_failed_sub(tr))
        }
        Denied::Foreign | Denied::Old | Denied::Field(_) => {
            (StatusCode::FORBIDDEN, t::front_ask_foreign(tr), t::front_ask_foreign_sub(tr))
        }
    };
    let (heading, sub) = (heading.to_owned(), sub.to_owned());
    frame::respond(app, visit, &Page { heading, sub, status, ..Page::default() })
}
