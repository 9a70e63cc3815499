//! Who one is and what one may: the first page after entry (requirement T2.2).

use axum::response::{IntoResponse, Response};
use ets_i18n::{Tr, t};
use ets_listen::PeerCertificate;
use ets_model::WallTime;
use ets_web::page::Layout;
use ets_web::{Html, Page, card, facts, when};
use http::{HeaderMap, StatusCode, header};
use serde_json::json;

use super::view::View;
use crate::Error;
use crate::api::rfc3339;
use crate::entry::{Identity, Proof};
use crate::service::App;

/// `GET /me`: HTML, or JSON where that is accepted.
pub(crate) async fn show(
    axum::extract::State(app): axum::extract::State<App>,
    request: axum::extract::Request,
) -> Result<Response, Error> {
    let (mut parts, _) = request.into_parts();
    let identity = crate::entry::identify(&app, &parts).await?.ok_or(Error::NeedEntry)?;
    let certificate = parts.extensions.get::<PeerCertificate>().cloned();
    if wants_json(&parts.headers) {
        return Ok(answer(&identity, certificate.as_ref()));
    }
    // The frame leads only administrators to the administration.
    if identity.is_administrator {
        parts.extensions.insert(identity.clone());
    }
    let view = View::of(&app, &parts);
    let tr = view.tr();
    let mut list =
        vec![(t::me_name(tr), Html::text(&identity.name)), (t::me_entry(tr), way(tr, &identity))];
    if let Some(certificate) = &certificate {
        let until = WallTime(micros(certificate));
        list.push((t::me_serial(tr), Html::code(&certificate.serial_hex)));
        list.push((t::me_until(tr), when::moment(&view.ctx, until)));
    }
    let rights = if identity.is_administrator { t::me_administrator(tr) } else { t::me_none(tr) };
    let body = card::card(t::me_who(tr), &Html::default(), &facts::list(&list)).then(&card::card(
        t::me_rights(tr),
        &Html::default(),
        &Html::trusted(format!("<p>{rights}</p>")),
    ));
    let page = Page {
        heading: t::me_heading(tr).to_owned(),
        body,
        layout: Layout::Narrow,
        ..Page::default()
    };
    Ok(view.respond(&page))
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json"))
}

fn answer(identity: &Identity, certificate: Option<&PeerCertificate>) -> Response {
    let rights: &[&str] = if identity.is_administrator { &["administrator"] } else { &[] };
    let document = json!({
        "name": identity.name,
        "entry": identity.proof.kind(),
        "serial": certificate.map(|one| one.serial_hex.clone()),
        "not_after": certificate.map(|one| rfc3339(WallTime(micros(one)))),
        "rights": rights,
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

/// The end of a certificate in microseconds since 1970.
fn micros(certificate: &PeerCertificate) -> i64 {
    let since = certificate.not_after.duration_since(std::time::SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_micros()).unwrap_or(i64::MAX)
}
