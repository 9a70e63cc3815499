//! Who was told that his certificate ends, and where (T1.4).

use axum::extract::{Form, Path};
use axum::response::Response;
use ets_ca::Kept;
use ets_ca::life::{Order, OrderId, Told};
use ets_i18n::t;
use ets_notify::State;
use ets_web::html::escape;
use ets_web::{Html, card, form};

use super::super::answers::Answers;
use super::order_form::{contact, contact_fields};
use crate::Error;
use crate::pages::view::View;

/// `POST /ca/orders/{id}/contact`
pub(super) async fn save(
    view: View,
    Path(id): Path<i64>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    let to = format!("/ca/orders/{id}");
    let contact = match contact(&answers) {
        Ok(contact) => contact,
        Err(error) => return Ok(view.failed(&to, error.to_string())),
    };
    view.app.tokens()?.tell_at(OrderId(id), contact, &view.author()?).await?;
    Ok(view.done(&to, t::ca_contact_saved(view.tr())))
}

/// Where the owner of an order is told, and what he was told.
pub(super) async fn card(view: &View, order: &Order) -> Result<Html, Error> {
    let tr = view.tr();
    let mut body = Html::default();
    if let Some(serial) = order.serial {
        let all = ets_ca::life::told(&view.app.deps.store, serial).await?;
        let lines: String = all.iter().map(|one| format!("<li>{}</li>", line(view, one))).collect();
        if !lines.is_empty() {
            body.push(&Html::trusted(format!("<ul>{lines}</ul>")));
        }
    }
    let email = order.contact.email.as_ref().map(ToString::to_string).unwrap_or_default();
    let of = [email, order.contact.lang.code().to_owned()];
    body.push(&form::form(
        tr,
        &form::Form {
            action: format!("/ca/orders/{}/contact", order.id),
            fields: contact_fields(tr, of, String::new()).into(),
            submit: t::ca_contact_save(tr).to_owned(),
            ..form::Form::default()
        },
    ));
    Ok(card::below(t::ca_contact(tr), &body))
}

/// What the owner of a certificate that ends soon was told last, or why he was not.
pub(super) async fn last(view: &View, kept: &Kept) -> Result<Html, Error> {
    let (tr, store) = (view.tr(), &view.app.deps.store);
    if let Some(last) = ets_ca::life::told(store, kept.serial).await?.last() {
        return Ok(line(view, last));
    }
    let order = view.app.tokens()?.of_serial(kept.serial).await?;
    Ok(Html::text(match order.is_some_and(|order| order.contact.email.is_some()) {
        false => t::ca_told_no_address(tr),
        true if view.app.deps.has_mail => t::ca_told_not(tr),
        true => t::ca_told_no_mail(tr),
    }))
}

fn line(view: &View, told: &Told) -> Html {
    let tr = view.tr();
    let when = t::ca_told_at(tr, tr.date(told.at, view.ctx.now), i64::from(told.days));
    let more = told.letter.as_ref().and_then(|letter| match letter.state {
        State::Sent => None,
        State::Failed => Some(t::ca_told_failed(tr, &letter.words)),
        State::Queued if letter.words.is_empty() => Some(t::ca_told_queued(tr).to_owned()),
        State::Queued => Some(t::ca_told_waits(tr, &letter.words)),
    });
    match more {
        None => Html::text(&when),
        Some(more) => Html::trusted(format!("{}; {}", escape(&when), escape(&more))),
    }
}
