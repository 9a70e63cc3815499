//! `/ca/machines`: with what servers and routers get certificates by themselves. A secret is shown
//! once, on the page that made it.

use axum::extract::{Form, Path};
use axum::response::Response;
use ets_enrol::{KeyListed, RouterListed};
use ets_i18n::t;
use ets_web::form::{Field, Form as Asked, Kind, button, form};
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Crumb, Html, Page, card, facts, notice, when};
use http::StatusCode;

use super::super::answers::{Answers, given};
use super::super::trust_tabs::{self, Tab};
use super::DESK;
use crate::Error;
use crate::pages::view::View;

const PLACE: &str = "/ca/machines";

/// `GET /ca/machines`
pub(super) async fn page(view: View) -> Result<Response, Error> {
    show(&view, None, "", &Answers::new()).await
}

/// `POST /ca/machines/keys`
pub(super) async fn new_key(view: View, Form(answers): Form<Answers>) -> Result<Response, Error> {
    let names: Vec<String> =
        given(&answers, "names").split_whitespace().map(str::to_owned).collect();
    let accounts = given(&answers, "accounts").parse().unwrap_or(1);
    let enrol = view.app.enrol()?;
    match enrol
        .new_account_key(given(&answers, "institution"), &names, accounts, &view.author()?)
        .await
    {
        Ok(key) => {
            let tr = view.tr();
            let made = [
                (t::machines_server(tr), Html::code(&format!("{}/acme/directory", enrol.url()))),
                (t::machines_kid(tr), Html::code(&key.kid)),
                (t::machines_hmac(tr), Html::code(&key.hmac)),
            ];
            show(&view, Some(facts::list(&made)), "", &Answers::new()).await
        }
        Err(error) => refused(&view, error.into(), &answers).await,
    }
}

/// `POST /ca/machines/secrets`
pub(super) async fn new_secret(
    view: View,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    let name = given(&answers, "router");
    let enrol = view.app.enrol()?;
    match enrol.new_router_secret(name, &view.author()?).await {
        Ok(made) => {
            let tr = view.tr();
            let at = format!("{}/.well-known/est", enrol.url());
            let list = [
                (t::machines_server(tr), Html::code(&at)),
                (t::machines_router(tr), Html::code(&made.name)),
                (t::machines_secret(tr), Html::code(&made.secret)),
                (t::machines_until(tr), when::moment(&view.ctx, made.until)),
            ];
            show(&view, Some(facts::list(&list)), "", &Answers::new()).await
        }
        Err(error) => refused(&view, error.into(), &answers).await,
    }
}

/// `POST /ca/machines/keys/{kid}/revoke`
pub(super) async fn revoke_key(view: View, Path(kid): Path<String>) -> Result<Response, Error> {
    view.app.enrol()?.revoke_account_key(&kid, &view.author()?).await?;
    Ok(view.done(PLACE, t::machines_taken_back(view.tr())))
}

/// `POST /ca/machines/secrets/{name}/revoke`
pub(super) async fn revoke_secret(view: View, Path(name): Path<String>) -> Result<Response, Error> {
    view.app.enrol()?.revoke_router_secret(&name, &view.author()?).await?;
    Ok(view.done(PLACE, t::machines_taken_back(view.tr())))
}

/// The page again with what was typed, and why nothing was made.
async fn refused(view: &View, error: Error, answers: &Answers) -> Result<Response, Error> {
    match error {
        Error::Invalid(faults) => {
            let why: Vec<String> = faults.into_iter().map(|fault| fault.message).collect();
            show(view, None, &why.join("; "), answers).await
        }
        other => Err(other),
    }
}

async fn show(
    view: &View,
    made: Option<Html>,
    fault: &str,
    answers: &Answers,
) -> Result<Response, Error> {
    let (tr, enrol) = (view.tr(), view.app.enrol()?);
    let (keys, secrets) = (enrol.account_keys().await?, enrol.router_secrets().await?);
    let mut body = trust_tabs::tabs(view, Tab::Machines);
    if let Some(made) = made {
        let text = Html::text(t::machines_key_made(tr));
        body.push(&notice::notice(notice::Tone::Good, &text).then(&made));
    }
    let text = |text: &str| Html::trusted(format!("<p class=\"help\">{}</p>", Html::text(text)));
    let list = text(t::machines_keys_text(tr))
        .then(&key_table(view, &keys))
        .then(&key_form(view, fault, answers));
    body.push(&card::card(t::machines_keys(tr), &Html::default(), &list));
    let list = text(t::machines_secrets_text(tr))
        .then(&secret_table(view, &secrets))
        .then(&secret_form(view, answers));
    body.push(&card::card(t::machines_secrets(tr), &Html::default(), &list));
    let page = Page {
        heading: t::machines_title(tr).to_owned(),
        body,
        nav: "ca",
        crumbs: vec![Crumb::new(t::ca_title(tr), DESK)],
        status: if fault.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY },
        ..Page::default()
    };
    Ok(view.respond(&page))
}

fn key_table(view: &View, keys: &[KeyListed]) -> Html {
    let tr = view.tr();
    let row = |key: &KeyListed| {
        let act = match key.revoked {
            Some(_) => Html::text(t::machines_state_over(tr)),
            None => button(
                "",
                &format!("{PLACE}/keys/{}/revoke", key.kid),
                t::machines_take_back(tr),
                false,
            ),
        };
        Row {
            cells: vec![
                key.institution.clone().into(),
                key.names.join(" ").into(),
                Html::code(&key.kid).into(),
                t::machines_used(tr, key.accounts.to_string(), key.used.to_string()).into(),
                when::moment(&view.ctx, key.created).into(),
                act.into(),
            ],
            ..Row::default()
        }
    };
    let columns = vec![
        Column::new("", t::ca_institution(tr)),
        Column::new("", t::machines_names(tr)),
        Column::new("", t::machines_kid(tr)).minor(),
        Column::new("", t::machines_accounts(tr)),
        Column::new("", t::ca_since(tr)).minor(),
        Column::new("", t::ca_steps(tr)),
    ];
    let empty = Html::trusted(format!("<p class=\"mut\">{}</p>", t::machines_keys_none(tr)));
    let rows = keys.iter().map(row).collect();
    let caption = t::machines_keys(tr).to_owned();
    table(tr, &Table { caption, columns, rows, empty, ..Table::default() })
}

fn key_form(view: &View, fault: &str, answers: &Answers) -> Html {
    let tr = view.tr();
    let typed = |name: &str| answers.get(name).cloned().unwrap_or_default();
    let mut institution =
        Field::new("institution", t::ca_institution(tr)).value(typed("institution"));
    institution.suggestions = view
        .catalog
        .institutions()
        .take(500)
        .map(|one| one.name.get(view.lang()).to_owned())
        .collect();
    let asked = Asked {
        action: format!("{PLACE}/keys"),
        fields: vec![
            institution,
            Field::new("names", t::machines_names(tr))
                .help(t::machines_names_help(tr))
                .value(typed("names"))
                .kind(Kind::Code),
            Field::new("accounts", t::machines_accounts(tr)).value("1").kind(Kind::Number),
        ],
        submit: t::machines_new_key(tr).to_owned(),
        fault: fault.to_owned(),
        ..Asked::default()
    };
    form(tr, &asked)
}

fn secret_table(view: &View, secrets: &[RouterListed]) -> Html {
    let tr = view.tr();
    let row = |one: &RouterListed| {
        let act = match (&one.serial, one.used) {
            (Some(serial), _) => {
                Html::link(&format!("/ca/certificates/{serial}"), t::ca_certificate(tr))
            }
            (None, Some(_)) => Html::text(t::machines_state_used(tr)),
            (None, None) => button(
                "",
                &format!("{PLACE}/secrets/{}/revoke", one.name),
                t::machines_take_back(tr),
                false,
            ),
        };
        let state = match one.used {
            Some(_) => t::machines_state_used(tr),
            None => t::machines_state_open(tr),
        };
        Row {
            cells: vec![
                Html::code(&one.name).into(),
                Html::text(state).into(),
                when::moment(&view.ctx, one.until).into(),
                act.into(),
            ],
            ..Row::default()
        }
    };
    let columns = vec![
        Column::new("", t::machines_router(tr)),
        Column::new("", t::ca_state(tr)),
        Column::new("", t::machines_until(tr)),
        Column::new("", t::ca_steps(tr)),
    ];
    let empty = Html::trusted(format!("<p class=\"mut\">{}</p>", t::machines_secrets_none(tr)));
    let rows = secrets.iter().map(row).collect();
    let caption = t::machines_secrets(tr).to_owned();
    table(tr, &Table { caption, columns, rows, empty, ..Table::default() })
}

fn secret_form(view: &View, answers: &Answers) -> Html {
    let tr = view.tr();
    let router = answers.get("router").cloned().unwrap_or_default();
    let asked = Asked {
        action: format!("{PLACE}/secrets"),
        fields: vec![Field::new("router", t::machines_router(tr)).value(router).kind(Kind::Code)],
        submit: t::machines_new_secret(tr).to_owned(),
        ..Asked::default()
    };
    form(tr, &asked)
}
