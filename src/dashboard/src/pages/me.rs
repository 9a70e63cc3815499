//! Who one is and what one may: the first page after entry (requirement T2.2).

use axum::response::{IntoResponse, Response};
use ets_i18n::{Tr, t};
use ets_listen::PeerCertificate;
use ets_model::WallTime;
use ets_rights::{Decision, Held, Object};
use ets_web::html::escape;
use ets_web::page::Layout;
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, Page, card, facts, when};
use http::{HeaderMap, StatusCode, header};
use serde_json::json;

use super::problem::whom;
use super::view::View;
use super::{renew, rights_desk};
use crate::Error;
use crate::api::{held_document, rfc3339};
use crate::entry::{Identity, Proof};
use crate::service::App;

/// What somebody without any right would have to ask for.
const FIRST: &str = "portal.enter";

/// `GET /me`: HTML, or JSON where that is accepted.
pub(crate) async fn show(
    axum::extract::State(app): axum::extract::State<App>,
    request: axum::extract::Request,
) -> Result<Response, Error> {
    let (mut parts, _) = request.into_parts();
    let identity = crate::entry::identify(&app, &parts).await?.ok_or(Error::NeedEntry)?;
    let certificate = parts.extensions.get::<PeerCertificate>().cloned();
    let held = held(&app, &identity);
    if wants_json(&parts.headers) {
        return Ok(answer(&identity, certificate.as_ref(), &held));
    }
    parts.extensions.insert(identity.clone());
    let view = View::of(&app, &parts);
    let tr = view.tr();
    let none = Html::default();
    let until = certificate.as_ref().map(|one| WallTime::from(one.not_after));
    let ends = until.and_then(|until| renew::notice(&view, until)).unwrap_or_default();
    let who = card::card(t::me_who(tr), &none, &who(&view, &identity, certificate.as_ref()))
        .then(&card::card(t::me_rights(tr), &none, &rights(&view, &identity, &held)));
    let body = ends.then(&who);
    let page = Page {
        heading: t::me_heading(tr).to_owned(),
        body,
        layout: Layout::Narrow,
        ..Page::default()
    };
    Ok(view.respond(&page))
}

/// What was given to the person; who has all rights needs nothing to be given.
fn held(app: &App, identity: &Identity) -> Vec<Held> {
    match (&app.deps.rights, &identity.person) {
        (Some(rights), Some(person)) => rights.of(person, app.deps.clock.wall()),
        _ => Vec::new(),
    }
}

fn who(view: &View, identity: &Identity, certificate: Option<&PeerCertificate>) -> Html {
    let tr = view.tr();
    let mut list =
        vec![(t::me_name(tr), Html::text(&identity.name)), (t::me_entry(tr), way(tr, identity))];
    if let Some(certificate) = certificate {
        if let Some(institution) = &certificate.institution {
            list.push((t::me_institution(tr), Html::text(institution)));
        }
        let until = WallTime::from(certificate.not_after);
        list.push((t::me_serial(tr), Html::code(&certificate.serial_hex)));
        list.push((t::me_until(tr), when::moment(&view.ctx, until)));
    }
    facts::list(&list)
}

fn rights(view: &View, identity: &Identity, held: &[Held]) -> Html {
    let tr = view.tr();
    let mut body = Html::default();
    let mut say = |text: &str| {
        body.push(&Html::trusted(format!("<p>{}</p>", escape(text))));
    };
    if identity.is_administrator {
        say(t::me_administrator(tr));
    } else if held.is_empty() {
        say(&nothing(view, identity));
    }
    if !held.is_empty() {
        body.push(&list(view, held));
    }
    body
}

/// Why somebody has no rights, and whom to ask.
fn nothing(view: &View, identity: &Identity) -> String {
    let (tr, now) = (view.tr(), view.ctx.now);
    let (Some(rights), Some(person)) = (&view.app.deps.rights, &identity.person) else {
        return t::me_none(tr).to_owned();
    };
    let ask = match rights.decide(person, FIRST, &Object::Everywhere, now) {
        Decision::Denied { whom_to_ask, .. } => whom(tr, &whom_to_ask),
        Decision::Allowed { .. } => whom(tr, &[]),
    };
    match rights.person(person).is_some_and(|one| one.is_suspended(now)) {
        true => t::me_suspended(tr, ask),
        false => t::me_nothing(tr, ask),
    }
}

fn list(view: &View, held: &[Held]) -> Html {
    let tr = view.tr();
    let row = |one: &Held| {
        let what: Vec<&str> = one.rights.iter().map(|id| rights_desk::right(tr, id)).collect();
        let until = one.until.map(|at| when::moment(&view.ctx, at));
        let acting = one.acting_for.as_ref().map(|(_, name)| name.as_str());
        Row {
            cells: vec![
                Html::text(rights_desk::role(tr, &one.role, &one.title)).into(),
                Html::text(&what.join("; ")).into(),
                Html::text(&rights_desk::scope(view, &one.scope)).into(),
                until.unwrap_or_else(|| Html::text(t::rights_no_end(tr))).into(),
                Html::text(acting.unwrap_or(t::me_own(tr))).into(),
            ],
            ..Row::default()
        }
    };
    let columns = vec![
        Column::new("", t::me_role(tr)),
        Column::new("", t::me_what(tr)),
        Column::new("", t::me_where(tr)),
        Column::new("", t::me_when(tr)),
        Column::new("", t::me_for(tr)),
    ];
    let caption = t::me_rights(tr).to_owned();
    let rows = held.iter().map(row).collect();
    table(tr, &Table { caption, columns, rows, ..Table::default() })
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json"))
}

fn answer(identity: &Identity, certificate: Option<&PeerCertificate>, held: &[Held]) -> Response {
    let mut rights: Vec<&str> =
        held.iter().flat_map(|one| &one.rights).map(String::as_str).collect();
    rights.sort_unstable();
    rights.dedup();
    if identity.is_administrator {
        rights.insert(0, "administrator");
    }
    let document = json!({
        "name": identity.name,
        "entry": identity.proof.kind(),
        "serial": certificate.map(|one| one.serial_hex.clone()),
        "not_after": certificate.map(|one| rfc3339(one.not_after.into())),
        "institution": certificate.and_then(|one| one.institution.clone()),
        "rights": rights,
        "grants": held.iter().map(held_document).collect::<Vec<_>>(),
    });
    (StatusCode::OK, axum::Json(document)).into_response()
}

fn way(tr: &Tr, identity: &Identity) -> Html {
    Html::text(match identity.proof {
        Proof::Certificate { .. } => t::me_by_certificate(tr),
        Proof::Session { .. } => t::me_by_session(tr),
        Proof::System { .. } => t::me_by_system(tr),
    })
}
