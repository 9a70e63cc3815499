//! `/ca/orders/{id}`: one order, its token, and what can be done with it now.

use axum::extract::Path;
use axum::response::Response;
use ets_ca::Kept;
use ets_ca::life::{Order, OrderId, Stage};
use ets_i18n::t;
use ets_web::form::{Field, Form, Kind, form};
use ets_web::{Html, card, facts, form as forms, when};

use super::super::journal;
use super::{below, order_form, told as notices, words};
use crate::Error;
use crate::pages::view::View;

/// The profile whose key is made here.
pub(super) const FILE: &str = "civil-servant-file";

/// `GET /ca/orders/{id}`
pub(super) async fn page(view: View, Path(id): Path<i64>) -> Result<Response, Error> {
    let desk = view.app.tokens()?;
    let (order, kept, stage) = desk.standing(OrderId(id)).await?;
    let successor = desk.replacing(order.id).await?;
    let tr = view.tr();
    let (name, _) = words::owner(&order.subject);
    let renewal = match order.serial {
        Some(serial) => desk.renewed_by(serial).await?,
        None => None,
    };
    let next = successor.as_ref().or(renewal.as_ref());
    let about = about(&view, &order, kept.as_ref(), (stage, next));
    let mut body = card::card(&t::ca_order(tr, id.to_string()), &Html::default(), &about);
    if successor.is_none() {
        body.push(&steps(&view, &order, stage));
    }
    body.push(&notices::card(&view, &order).await?);
    let history = journal::short(&view, "token", &id.to_string()).await?;
    body.push(&card::card(t::ca_history(tr), &Html::default(), &history));
    Ok(view.respond(&below(&view, name, body)))
}

fn about(
    view: &View,
    order: &Order,
    kept: Option<&Kept>,
    (stage, successor): (Stage, Option<&Order>),
) -> Html {
    let tr = view.tr();
    let (_, institution) = words::owner(&order.subject);
    let link =
        |id: OrderId| Html::link(&format!("/ca/orders/{id}"), &t::ca_order(tr, id.to_string()));
    let text = |text: &str| (!text.is_empty()).then(|| Html::text(text));
    let serial = order.serial.map(|serial| serial.to_string());
    let all = [
        (t::ca_state(tr), Some(words::stage_badge(tr, stage))),
        (t::ca_since(tr), Some(when::moment(&view.ctx, order.since))),
        (t::ca_institution(tr), text(&institution)),
        (t::ca_profile(tr), text(words::profile(tr, &order.profile))),
        (t::ca_token(tr), text(&order.token)),
        (t::ca_names(tr), text(&order.names.join(" "))),
        (
            t::ca_certificate(tr),
            serial.map(|one| Html::link(&format!("/ca/certificates/{one}"), &one)),
        ),
        (t::ca_until(tr), kept.map(|kept| when::moment(&view.ctx, kept.not_after))),
        (t::ca_temporary_until(tr), order.until.map(|until| when::moment(&view.ctx, until))),
        (t::ca_replaces(tr), order.replaces.map(link)),
        (
            t::ca_renews(tr),
            order.renews.map(|one| {
                let one = one.to_string();
                Html::link(&format!("/ca/certificates/{one}"), &one)
            }),
        ),
        (
            successor.map_or("", |one| match one.renews {
                Some(_) => t::ca_renewed_by(tr),
                None => t::ca_replaced(tr),
            }),
            successor.map(|one| link(one.id)),
        ),
        (t::ca_ordered_by(tr), text(&journal::actor(tr, &order.ordered_by))),
        (
            t::ca_confirmed_by(tr),
            order.confirmed_by.as_deref().map(|by| Html::text(&journal::actor(tr, by))),
        ),
    ];
    let list: Vec<_> = all.into_iter().filter_map(|(term, value)| Some((term, value?))).collect();
    facts::list(&list)
}

/// What can be done now, the next thing first.
fn steps(view: &View, order: &Order, stage: Stage) -> Html {
    let tr = view.tr();
    let button = |step: &str, text: &str, is_first: bool| {
        forms::button("", &format!("/ca/orders/{}/{step}", order.id), text, is_first)
    };
    let mut body = Html::default();
    let mut how = Html::default();
    match stage {
        Stage::Waiting => {
            body.push(&button("confirm", t::ca_confirm(tr), true));
            body.push(&button("refuse", t::ca_refuse(tr), false));
        }
        Stage::Ordered => {
            body.push(&issue(view, order));
            body.push(&button("refuse", t::ca_refuse(tr), false));
            if order.profile == "civil-servant" && order.request.is_none() {
                how = order_form::how(view, &words::owner(&order.subject).0);
            }
        }
        Stage::Issued | Stage::Active => {
            let receipt = format!("/ca/orders/{}/receipt.pdf", order.id);
            let print = Html::link(&receipt, t::ca_receipt(tr));
            body.push(&Html::trusted(format!("<p>{print}</p>")));
            if stage == Stage::Issued {
                body.push(&button("hand-over", t::ca_hand_over(tr), true));
            }
            body.push(&told(t::ca_lose_text(tr), &button("lose", t::ca_lose(tr), false)));
            body.push(&again(view, order));
            body.push(&button("return", t::ca_return(tr), false));
        }
        Stage::Suspended | Stage::Lost => {
            body.push(&button("find", t::ca_find(tr), false));
            body.push(&again(view, order));
            body.push(&button("return", t::ca_return(tr), false));
        }
        Stage::Revoked | Stage::Expired => body.push(&again(view, order)),
        Stage::Refused | Stage::Returned => return Html::default(),
    }
    card::card(t::ca_steps(tr), &Html::default(), &body).then(&how)
}

fn told(text: &str, act: &Html) -> Html {
    Html::trusted(format!("<p class=\"help\">{}</p>{act}", Html::text(text)))
}

/// Issuing: to the key of a request, or with a key in a file under a password.
fn issue(view: &View, order: &Order) -> Html {
    let tr = view.tr();
    let (action, submit) = (format!("/ca/orders/{}/issue", order.id), t::ca_issue(tr).to_owned());
    let fields = match (order.profile.as_str(), &order.request) {
        (FILE, _) => {
            let radio = |value: &str, text: &str, help: &str| {
                (value.to_owned(), text.to_owned(), help.to_owned())
            };
            let ways = vec![
                radio("modern", t::ca_issue_modern(tr), t::ca_issue_modern_help(tr)),
                radio("old", t::ca_issue_old(tr), t::ca_issue_old_help(tr)),
            ];
            vec![
                Field::new("password", t::ca_issue_password(tr))
                    .help(t::ca_issue_password_help(tr))
                    .kind(Kind::Code),
                Field::new("protection", t::ca_issue_protection(tr))
                    .value("modern")
                    .kind(Kind::Radio(ways)),
            ]
        }
        (_, Some(_)) => Vec::new(),
        (_, None) => vec![
            Field::new("request", t::ca_issue_request(tr))
                .help(t::ca_form_request_help(tr))
                .kind(Kind::Area { rows: 8 }),
        ],
    };
    let made = form(tr, &Form { action, fields, submit, ..Form::default() });
    match order.profile.as_str() {
        FILE => told(t::ca_issue_file_text(tr), &made),
        _ => made,
    }
}

/// A new certificate in the place of this one, or one for some hours.
fn again(view: &View, order: &Order) -> Html {
    let tr = view.tr();
    let token = || Field::new("token", t::ca_token(tr)).help(t::ca_token_help(tr)).optional();
    let reissue = Form {
        action: format!("/ca/orders/{}/reissue", order.id),
        fields: vec![token()],
        submit: t::ca_reissue(tr).to_owned(),
        ..Form::default()
    };
    let mut body =
        card::below(t::ca_reissue(tr), &told(t::ca_reissue_text(tr), &form(tr, &reissue)));
    if order.until.is_none() {
        let hours = Field::new("hours", t::ca_stand_in_hours(tr)).value("9").kind(Kind::Number);
        let stand_in = Form {
            action: format!("/ca/orders/{}/stand-in", order.id),
            fields: vec![hours, token()],
            submit: t::ca_stand_in(tr).to_owned(),
            ..Form::default()
        };
        let told = told(t::ca_stand_in_text(tr), &form(tr, &stand_in));
        body.push(&card::below(t::ca_stand_in(tr), &told));
    }
    body
}
