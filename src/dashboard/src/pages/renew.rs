//! `/me/renew`: the owner of a certificate renews it with the consent of its key (T1.4). The closed
//! part has the same pages, so they stand in the frame that both have.

use axum::extract::Multipart;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use ets_ca::Kept;
use ets_ca::life::{Order, Renewal, Stage};
use ets_i18n::t;
use ets_web::form::{Field, Form, Kind, form};
use ets_web::page::Layout;
use ets_web::{Crumb, Html, Page, card, form as forms};
use http::{StatusCode, header};

use super::ca::order_form::{commands, told, writing};
use super::ca::words;
use super::view::View;
use crate::Error;
use crate::entry::{Holder, Routes};

const HERE: &str = "/me/renew";
/// The file that is taken.
const FILE: &str = "certificate.pem";

pub(super) fn routes() -> Routes {
    Routes::new()
        .known(HERE, get(show).post(renew))
        .known("/me/renew/certificate.pem", get(take))
        .known("/me/renew/end", post(end_old))
        .known("/me/renew/sign", post(sign))
}

/// `GET /me/renew`
async fn show(view: View, holder: Result<Holder, Error>) -> Result<Response, Error> {
    let Ok(holder) = holder else {
        let none = say(t::renew_none(view.tr()));
        return Ok(page(&view, StatusCode::OK, &none));
    };
    let body = body(&view, &holder, "").await?;
    Ok(page(&view, StatusCode::OK, &body))
}

/// `POST /me/renew`: the request as it was pasted, or its file.
async fn renew(view: View, holder: Holder, parts: Multipart) -> Result<Response, Error> {
    let tr = view.tr();
    let Ok(held) = holder.signed() else { return Ok(stale(&view)) };
    let request = sent(parts).await?;
    if request.is_empty() {
        let body = body(&view, &holder, t::renew_empty(tr)).await?;
        return Ok(page(&view, StatusCode::UNPROCESSABLE_ENTITY, &body));
    }
    use ets_ca::Error as Ca;
    use ets_ca::life::Error as Life;
    match view.app.tokens()?.renew(held, &request, &view.author()?).await {
        Ok(order) if order.serial.is_some() => Ok(view.done(HERE, t::renew_done(tr))),
        Ok(_) => Ok(view.done(HERE, t::renew_sent(tr))),
        Err(Life::Ca(error @ (Ca::Request(_) | Ca::Key(_) | Ca::Lint(_)))) => {
            let body = body(&view, &holder, &error.to_string()).await?;
            Ok(page(&view, StatusCode::UNPROCESSABLE_ENTITY, &body))
        }
        Err(error) => Err(error.into()),
    }
}

async fn sent(mut parts: Multipart) -> Result<String, Error> {
    let mut request = String::new();
    while let Some(part) = parts.next_field().await.map_err(|_| Error::TooLarge)? {
        if matches!(part.name(), Some("request" | "file")) && request.is_empty() {
            let bytes = part.bytes().await.map_err(|_| Error::TooLarge)?;
            request = String::from_utf8_lossy(&bytes).trim().to_owned();
        }
    }
    Ok(request)
}

/// `GET /me/renew/certificate.pem`
async fn take(view: View, holder: Holder) -> Result<Response, Error> {
    let (_, renewal) = view.app.tokens()?.renewal(holder.serial, holder.id).await?;
    match renewal {
        Renewal::Under { kept: Some(kept), .. } => {
            let kind = "application/x-pem-file";
            Ok(crate::api::to_keep(FILE, kind, kept.certificate.into_bytes()))
        }
        _ => Err(Error::NotFound { what: "certificate", id: holder.serial.to_string() }),
    }
}

/// `POST /me/renew/end`
async fn end_old(view: View, holder: Holder) -> Result<Response, Error> {
    let Ok(held) = holder.signed() else { return Ok(stale(&view)) };
    view.app.tokens()?.end_renewed(held, &view.author()?).await?;
    Ok(view.done(HERE, t::renew_ended(view.tr())))
}

/// `POST /me/renew/sign`: the next connection is a full handshake.
async fn sign(view: View, holder: Holder) -> Result<Response, Error> {
    let none = || Error::NotFound { what: "authority", id: "ca".to_owned() };
    let ca = view.app.deps.ca.clone().ok_or_else(none)?;
    let tr = view.tr();
    let on =
        format!("<p><a class=\"button primary\" href=\"{HERE}\">{}</a></p>", t::renew_again(tr));
    let body = card::card(t::renew_sign(tr), &Html::default(), &Html::trusted(on));
    // The answer goes out on the connection that ends.
    tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        ca.sign_again(holder.id);
    });
    let close = [(header::CACHE_CONTROL, "no-store")];
    Ok((close, page(&view, StatusCode::OK, &body)).into_response())
}

async fn body(view: &View, holder: &Holder, fault: &str) -> Result<Html, Error> {
    let (tr, desk) = (view.tr(), view.app.tokens()?);
    let (kept, renewal) = desk.renewal(holder.serial, holder.id).await?;
    let mut body = match &renewal {
        Renewal::Officer => say(t::renew_officer(tr)),
        Renewal::From(opens) => say(&t::renew_from(tr, tr.full_date(*opens))),
        Renewal::Now => offer(view, holder, &kept, fault),
        Renewal::Under { order, kept: new, stage } => {
            under(view, &kept, (order, new.as_deref(), *stage))
        }
    };
    if let Some(old) = desk.renewed_from(holder.serial).await? {
        body.push(&ending(view, holder, &old));
    }
    Ok(body)
}

/// The form, or the button after which the token signs.
fn offer(view: &View, holder: &Holder, kept: &Kept, fault: &str) -> Html {
    let tr = view.tr();
    let intro = say(t::renew_self(tr));
    if !holder.is_fresh() {
        return intro.then(&signing(view));
    }
    let asked = form(
        tr,
        &Form {
            action: HERE.to_owned(),
            fields: vec![
                Field::new("request", t::ca_form_request(tr))
                    .kind(Kind::Area { rows: 8 })
                    .error(fault)
                    .optional(),
                Field::new("file", t::renew_file(tr))
                    .kind(Kind::File { accept: ".pem,.csr,.req" })
                    .optional(),
            ],
            submit: t::renew_submit(tr).to_owned(),
            upload: true,
            ..Form::default()
        },
    );
    let (name, _) = words::owner(&kept.subject);
    let commands = commands(&number(&kept.serial.to_string()), &name);
    intro.then(&told(t::renew_how(tr), t::renew_how_text(tr), &commands)).then(&card::card(
        t::renew_form(tr),
        &Html::default(),
        &asked,
    ))
}

/// A renewal that is under way or done.
fn under(view: &View, old: &Kept, (order, new, stage): (&Order, Option<&Kept>, Stage)) -> Html {
    let tr = view.tr();
    match (stage, new) {
        (Stage::Waiting, _) => say(t::renew_waiting(tr)),
        (Stage::Ordered, _) => say(t::renew_confirmed(tr)),
        (Stage::Issued | Stage::Active, Some(new)) => {
            let serial = new.serial.to_string();
            let text = t::renew_issued(tr, tr.full_date(new.not_after), &serial);
            let key = order.renews.map_or_else(|| old.serial.to_string(), |one| one.to_string());
            let link = format!(
                "<p><a class=\"button primary\" href=\"{HERE}/{FILE}\">{}</a></p>",
                t::renew_take(tr)
            );
            told(t::renew_done(tr), &text, &writing(&number(&key), FILE))
                .then(&Html::trusted(link))
                .then(&say(t::renew_then(tr)))
        }
        _ => say(t::renew_over(tr)),
    }
}

/// The certificate that was renewed, with the button that ends it.
fn ending(view: &View, holder: &Holder, old: &Kept) -> Html {
    let tr = view.tr();
    let serial = old.serial.to_string();
    let text = say(&t::renew_old_text(tr, tr.full_date(old.not_after), &serial));
    let act = match holder.is_fresh() {
        true => forms::button("", "/me/renew/end", t::renew_end(tr), true),
        false => signing(view),
    };
    card::card(t::renew_old(tr), &Html::default(), &text.then(&act))
}

/// The number of the new key on the token: it must not be that of the present one.
fn number(renewed: &str) -> String {
    renewed.chars().skip(renewed.len().saturating_sub(8)).collect()
}

fn signing(view: &View) -> Html {
    let tr = view.tr();
    say(t::access_stale_do(tr)).then(&forms::button(
        "",
        "/me/renew/sign",
        t::access_stale_button(tr),
        true,
    ))
}

fn stale(view: &View) -> Response {
    let tr = view.tr();
    let body = say(t::access_stale_what(tr)).then(&signing(view));
    page(view, StatusCode::FORBIDDEN, &body)
}

fn say(text: &str) -> Html {
    Html::trusted("<p>").then(&Html::text(text)).then(&Html::trusted("</p>"))
}

fn page(view: &View, status: StatusCode, body: &Html) -> Response {
    let tr = view.tr();
    Page {
        heading: t::renew_title(tr).to_owned(),
        body: body.clone(),
        status,
        crumbs: vec![Crumb::new(t::me_heading(tr), "/me")],
        layout: Layout::Narrow,
        ..Page::default()
    }
    .respond(&view.bare(), &view.ctx)
}

/// What `/me` says about an end that is near, with the way here.
pub(super) fn notice(view: &View, until: ets_model::WallTime) -> Option<Html> {
    let rules = view.app.deps.tokens.as_ref()?.rules();
    let (tr, now) = (view.tr(), view.ctx.now);
    if until.minus(rules.renewal.max(ets_ca::SOON)) > now {
        return None;
    }
    let days = until.since(now).as_secs().div_ceil(86_400);
    let text = say(&t::renew_left(tr, tr.full_date(until), days));
    let link =
        format!("<p><a class=\"button primary\" href=\"{HERE}\">{}</a></p>", t::renew_open(tr));
    Some(card::card(t::renew_card(tr), &Html::default(), &text.then(&Html::trusted(link))))
}
