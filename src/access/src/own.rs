//! The proxy's own pages: who one is and what one may (requirement T2.2), the exit and the fresh
//! signature (T2.3), and what services and browsers fetch.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use ets_i18n::{Tr, t};
use ets_listen::{PeerCertificate, Signed};
use ets_model::WallTime;
use ets_rights::{Held, Scope};
use ets_web::origin::is_own;
use ets_web::page::Layout;
use ets_web::table::{Cell, Column, Row, Table, table};
use ets_web::{Ctx, Html, Page, card, facts, form, when};
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use serde_json::json;
use tower::ServiceExt;

use crate::Renewal;
use crate::body::Download;
use crate::pages::{self, Asked, button_to};
use crate::refusal::Refusal;
use crate::visit::{Visit, Who};

/// The public key of [`crate::Identity::SignedToken`].
const KEYS: &str = "/.well-known/ets-identity.json";
const CLEAR: HeaderName = HeaderName::from_static("clear-site-data");

/// What is for everybody: style sheet, script and fonts of our pages, and the public key. `None` where the path is not ours.
pub(crate) async fn public(
    visit: &Visit,
    request: &Request<Incoming>,
    path: &str,
) -> Option<http::Response<Download>> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if path == KEYS && reads {
        let keys = visit.shared.signer.published().to_string();
        let kind = [(header::CONTENT_TYPE, "application/jwk-set+json")];
        return Some(of_ours((kind, keys).into_response()));
    }
    if !reads || !path.starts_with("/assets/") {
        return None;
    }
    // A service may have a folder of this name too; ours are named by their content.
    let mut asked = Request::new(Body::empty());
    *asked.uri_mut() = request.uri().clone();
    if let Some(encoding) = request.headers().get(header::ACCEPT_ENCODING) {
        asked.headers_mut().insert(header::ACCEPT_ENCODING, encoding.clone());
    }
    let answer = visit.shared.own.clone().oneshot(asked).await.unwrap_or_else(|no| match no {});
    (answer.status() != StatusCode::NOT_FOUND).then(|| of_ours(answer))
}

/// Whether a switch of our pages' frame was pressed.
pub(crate) fn is_preference<B>(request: &Request<B>, path: &str) -> bool {
    path == ets_web::preferences::PATH && request.method() == Method::POST
}

/// Keeps the choice of a switch in a cookie. Anybody may send it, and has not for ever to.
pub(crate) async fn prefer(
    visit: &Visit,
    request: Request<Incoming>,
) -> Result<http::Response<Download>, Refusal> {
    let answer = visit.shared.own.clone().oneshot(request.map(Body::new));
    let answer = tokio::time::timeout(visit.shared.patience, answer).await;
    Ok(of_ours(answer.map_err(|_| Refusal::TooSlow)?.unwrap_or_else(|no| match no {})))
}

/// Whether a path is one of the pages on which a certificate is renewed.
pub(crate) fn is_renewal(visit: &Visit, path: &str) -> bool {
    let below = path.strip_prefix(Renewal::PATH);
    visit.shared.renewal.is_some()
        && below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

/// Asks them, with who came and when his key signed.
pub(crate) async fn renew(
    visit: &Visit,
    who: &Who,
    mut request: Request<Incoming>,
) -> Result<http::Response<Download>, Refusal> {
    let Some(renewal) = &visit.shared.renewal else { return Err(Refusal::Unknown) };
    visit.touch();
    let told = request.extensions_mut();
    told.insert(visit.client.peer);
    told.insert(PeerCertificate::clone(&who.certificate));
    if let Some(session) = &visit.client.session {
        told.insert(Signed(session.signed));
    }
    let answer = renewal.pages.clone().oneshot(request.map(Body::new));
    let answer = tokio::time::timeout(visit.shared.patience, answer).await;
    Ok(of_ours(answer.map_err(|_| Refusal::TooSlow)?.unwrap_or_else(|no| match no {})))
}

/// What is for those who came in. `None` where the path is not ours.
pub(crate) fn closed(
    visit: &Arc<Visit>,
    who: &Who,
    request: &Request<Incoming>,
    path: &str,
) -> Result<Option<http::Response<Download>>, Refusal> {
    let allowed = match path {
        "/me" => "GET, HEAD",
        "/leave" => "GET, HEAD, POST",
        "/sign" => "POST",
        _ => return Ok(None),
    };
    let (uri, headers) = (request.uri().clone(), request.headers().clone());
    let asked = Asked { uri, headers, version: request.version() };
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    let is_post = request.method() == Method::POST;
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    match path {
        "/me" if reads => Ok(Some(of_ours(me(visit, who, &asked)))),
        "/leave" if reads => Ok(Some(of_ours(leaving(visit, &asked)))),
        _ if !is_post => Err(Refusal::Method(allowed)),
        _ if !is_own(request.method(), &asked.headers, authority) => Err(Refusal::Foreign),
        "/leave" => Ok(Some(leave(visit, who, &asked))),
        "/sign" => Ok(Some(sign(visit, who, &asked))),
        _ => Err(Refusal::Method(allowed)),
    }
}

fn of_ours(answer: Response) -> http::Response<Download> {
    answer.map(Download::own)
}

/// Ends everything that stands on the certificate but this answer.
fn end(visit: &Visit, who: &Who) {
    visit.leave();
    let number = visit.client.number.unwrap_or(u64::MAX);
    visit.shared.connections.cut_others(who.certificate.id, number);
}

/// The exit: every connection ends, no session is resumed, and the browser forgets what it kept.
fn leave(visit: &Arc<Visit>, who: &Who, asked: &Asked) -> http::Response<Download> {
    end(visit, who);
    let mut ctx = asked.ctx(visit);
    ctx.user = None;
    let tr = &ctx.tr;
    let mut answer = if asked.wants_json() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        let body = Html::trusted("<div class=\"problem\"><p>")
            .then(&Html::text(t::access_left_do(tr)))
            .then(&Html::trusted("</p></div>"));
        narrow(t::access_left_title(tr), body).respond(&visit.shared.site, &ctx)
    };
    answer.headers_mut().insert(CLEAR, HeaderValue::from_static("\"*\""));
    pages::last(visit, asked, answer)
}

/// Leads back over a new connection, for which the token has to sign.
fn sign(visit: &Arc<Visit>, who: &Who, asked: &Asked) -> http::Response<Download> {
    end(visit, who);
    let query = asked.uri.query().unwrap_or_default();
    let to = query.split('&').find_map(|pair| pair.strip_prefix("to=")).unwrap_or_default();
    let to = percent_decode_str(to).decode_utf8().unwrap_or_default();
    let is_inside = to.starts_with('/')
        && !to.starts_with("//")
        && !to.contains('\\')
        && !to.contains(char::is_control);
    let to = HeaderValue::from_str(if is_inside { &to } else { "/me" });
    let to = to.unwrap_or(HeaderValue::from_static("/me"));
    let answer = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    pages::last(visit, asked, answer)
}

fn leaving(visit: &Visit, asked: &Asked) -> Response {
    let ctx = asked.ctx(visit);
    let tr = &ctx.tr;
    let body = Html::trusted("<p>")
        .then(&Html::text(t::access_leave_what(tr)))
        .then(&Html::trusted("</p><div class=\"acts\">"))
        .then(&form::button("", "/leave", t::access_leave_button(tr), true))
        .then(&button_to("/me", t::access_to_me(tr), false))
        .then(&Html::trusted("</div>"));
    narrow(t::access_leave_title(tr), body).respond(&visit.shared.site, &ctx)
}

fn narrow(heading: &str, body: Html) -> Page {
    Page { heading: heading.to_owned(), body, layout: Layout::Narrow, ..Page::default() }
}

/// Who one is and what one may.
fn me(visit: &Visit, who: &Who, asked: &Asked) -> Response {
    let shared = &visit.shared;
    let held = shared.judge.rights_of(&who.certificate.person, shared.clock.wall());
    let ctx = asked.ctx(visit);
    if asked.wants_json() { data(&ctx, who, &held) } else { shown(visit, &ctx, who, &held) }
}

fn data(ctx: &Ctx, who: &Who, held: &[Held]) -> Response {
    let mut rights: Vec<&str> =
        held.iter().flat_map(|one| &one.rights).map(String::as_str).collect();
    rights.sort_unstable();
    rights.dedup();
    let moment = |at: WallTime| ctx.tr.machine(at);
    let grants: Vec<_> = held
        .iter()
        .map(|one| {
            json!({
                "grant": one.grant,
                "role": one.role,
                "title": one.title,
                "rights": one.rights,
                "scope": { "kind": one.scope.kind(), "id": one.scope.id() },
                "until": one.until.map(moment),
                "acting_for": one.acting_for.as_ref().map(|(_, name)| name),
            })
        })
        .collect();
    let certificate = &who.certificate;
    let body = json!({
        "name": certificate.subject,
        "person": certificate.person.as_str(),
        "institution": certificate.institution,
        "entry": "certificate",
        "serial": certificate.serial_hex,
        "not_after": moment(certificate.not_after.into()),
        "rights": rights,
        "grants": grants,
    });
    let kind = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    let mut answer = (kind, body.to_string()).into_response();
    ets_web::security::apply(answer.headers_mut());
    answer
}

fn shown(visit: &Visit, ctx: &Ctx, who: &Who, held: &[Held]) -> Response {
    let (tr, certificate) = (&ctx.tr, &who.certificate);
    let institution = certificate.institution.as_deref();
    let list = [
        (t::access_me_name(tr), Html::text(&certificate.subject)),
        (t::access_me_institution(tr), institution.map_or_else(|| facts::none(tr), Html::text)),
        (t::access_me_serial(tr), Html::code(&certificate.serial_hex)),
        (t::access_me_until(tr), when::exact(ctx, certificate.not_after.into())),
    ];
    let leave = button_to("/leave", t::access_leave_button(tr), true);
    let who = card::card(t::access_me_who(tr), &leave, &facts::list(&list));
    let ends = ending(visit, ctx, certificate.not_after.into());
    let body = ends.then(&who).then(&card::card(
        t::access_me_rights(tr),
        &Html::default(),
        &grants(ctx, held),
    ));
    narrow(t::access_me_title(tr), body).respond(&visit.shared.site, ctx)
}

/// How long the certificate is good for, and what to do, where its end is near.
fn ending(visit: &Visit, ctx: &Ctx, until: WallTime) -> Html {
    let tr = &ctx.tr;
    let near = visit.shared.renewal.as_ref().map(|renewal| until.minus(renewal.window));
    if near.is_none_or(|near| near > ctx.now) {
        return Html::default();
    }
    let days = until.since(ctx.now).as_secs().div_ceil(86_400);
    let text = Html::trusted("<p>")
        .then(&Html::text(&t::renew_left(tr, tr.full_date(until), days)))
        .then(&Html::trusted("</p>"))
        .then(&button_to(Renewal::PATH, t::renew_open(tr), true));
    card::card(t::renew_card(tr), &Html::default(), &text)
}

fn grants(ctx: &Ctx, held: &[Held]) -> Html {
    let tr = &ctx.tr;
    let columns = vec![
        Column::new("role", t::access_me_role(tr)),
        Column::new("scope", t::access_me_where(tr)),
        Column::new("rights", t::access_me_what(tr)),
        Column::new("until", t::access_me_ends(tr)),
    ];
    let row = |one: &Held| {
        let title = if one.title.is_empty() { &one.role } else { &one.title };
        let role = match &one.acting_for {
            Some((_, name)) => t::access_me_for(tr, name, title),
            None => title.clone(),
        };
        let until = one.until.map_or_else(|| facts::none(tr), |until| when::moment(ctx, until));
        let rights = Html::code(&one.rights.join(", "));
        let cells = vec![
            Cell::from(Html::text(&role)),
            Cell::from(Html::text(&scope(tr, &one.scope))),
            Cell::from(rights),
            Cell::from(until),
        ];
        Row { cells, ..Row::default() }
    };
    let empty = Html::text(t::access_me_none(tr));
    let rows = held.iter().map(row).collect();
    table(tr, &Table { columns, rows, empty, ..Table::default() })
}

fn scope(tr: &Tr, scope: &Scope) -> String {
    match scope {
        Scope::Everywhere => t::access_scope_everywhere(tr).to_owned(),
        Scope::District(id) => t::access_scope_district(tr, id),
        Scope::Institution(id) => t::access_scope_institution(tr, id.as_str()),
        Scope::Segment(id) => t::access_scope_segment(tr, id.as_str()),
        Scope::Other { kind, id } => format!("{kind}: {id}"),
    }
}
