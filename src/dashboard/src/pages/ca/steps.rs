//! The buttons of an order's page.

use axum::extract::{Form, Path};
use axum::response::Response;
use ets_ca::life::{Order, OrderId};
use ets_ca::{Protection, pkcs12};
use ets_i18n::t;

use super::super::answers::{Answers, given};
use super::order::FILE;
use crate::Error;
use crate::api::to_keep;
use crate::pages::view::View;

fn place(id: OrderId) -> String {
    format!("/ca/orders/{id}")
}

/// Back to the order.
fn told<T>(
    view: &View,
    id: OrderId,
    done: Result<T, ets_ca::life::Error>,
    text: &str,
) -> Result<Response, Error> {
    super::told(view, &place(id), done.map_err(Error::from), text)
}

/// `POST /ca/orders/{id}/confirm`
pub(super) async fn confirm(view: View, Path(id): Path<i64>) -> Result<Response, Error> {
    let id = OrderId(id);
    let done = view.app.tokens()?.confirm(id, &view.author()?).await;
    told(&view, id, done, t::ca_confirmed(view.tr()))
}

/// `POST /ca/orders/{id}/refuse`
pub(super) async fn refuse(view: View, Path(id): Path<i64>) -> Result<Response, Error> {
    let id = OrderId(id);
    let done = view.app.tokens()?.refuse(id, &view.author()?).await;
    told(&view, id, done, t::ca_refused(view.tr()))
}

/// `POST /ca/orders/{id}/issue`: the page again, or the file with the key.
pub(super) async fn issue(
    view: View,
    Path(id): Path<i64>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    let (id, desk) = (OrderId(id), view.app.tokens()?);
    let order = desk.find(id).await?;
    if order.profile != FILE {
        let request = Some(given(&answers, "request").to_owned()).filter(|text| !text.is_empty());
        let done = desk.issue(id, request, &view.author()?).await;
        if done.is_ok() {
            view.app.know(&order.profile, &order.subject).await;
        }
        return told(&view, id, done, t::ca_issued(view.tr()));
    }
    let protection = Protection::read(given(&answers, "protection")).unwrap_or(Protection::Modern);
    let password = given(&answers, "password").to_owned();
    // Before a key is made that could then not be handed over.
    if password.chars().count() < ets_ca::SHORTEST_PASSWORD {
        return Ok(view.failed(&place(id), t::ca_issue_password_help(view.tr())));
    }
    let issued = match desk.issue(id, None, &view.author()?).await {
        Ok(issued) => issued,
        Err(error) => return told::<Order>(&view, id, Err(error), ""),
    };
    view.app.know(&order.profile, &order.subject).await;
    let name = format!("{}.p12", issued.serial);
    // 100,000 rounds: not on the thread that serves others.
    let packed = tokio::task::spawn_blocking(move || pkcs12(&issued, &password, protection)).await;
    let file = packed.map_err(Error::internal)??;
    Ok(to_keep(&name, "application/x-pkcs12", file))
}

/// `POST /ca/orders/{id}/hand-over`
pub(super) async fn hand_over(view: View, Path(id): Path<i64>) -> Result<Response, Error> {
    let id = OrderId(id);
    let done = view.app.tokens()?.hand_over(id, &view.author()?).await;
    told(&view, id, done, t::ca_handed_over(view.tr()))
}

/// `POST /ca/orders/{id}/lose`
pub(super) async fn lose(view: View, Path(id): Path<i64>) -> Result<Response, Error> {
    let id = OrderId(id);
    let done = view.app.tokens()?.lose(id, &view.author()?).await;
    told(&view, id, done, t::ca_lost(view.tr()))
}

/// `POST /ca/orders/{id}/find`
pub(super) async fn find(view: View, Path(id): Path<i64>) -> Result<Response, Error> {
    let id = OrderId(id);
    let done = view.app.tokens()?.find_again(id, &view.author()?).await;
    told(&view, id, done, t::ca_found(view.tr()))
}

/// `POST /ca/orders/{id}/reissue`
pub(super) async fn reissue(
    view: View,
    Path(id): Path<i64>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    let token = given(&answers, "token").to_owned();
    let id = OrderId(id);
    let done = view.app.tokens()?.reissue(id, token, None, &view.author()?).await;
    let to = done.as_ref().map_or(id, |order| order.id);
    told(&view, to, done, t::ca_reissued(view.tr()))
}

/// `POST /ca/orders/{id}/stand-in`
pub(super) async fn stand_in(
    view: View,
    Path(id): Path<i64>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    let (id, hours) = (OrderId(id), given(&answers, "hours").parse().unwrap_or(0));
    let card = (given(&answers, "token").to_owned(), None);
    let done = view.app.tokens()?.stand_in(id, hours, card, &view.author()?).await;
    let to = done.as_ref().map_or(id, |order| order.id);
    told(&view, to, done, t::ca_ordered(view.tr()))
}

/// `POST /ca/orders/{id}/return`
pub(super) async fn give_back(view: View, Path(id): Path<i64>) -> Result<Response, Error> {
    let id = OrderId(id);
    let done = view.app.tokens()?.give_back(id, &view.author()?).await;
    told(&view, id, done, t::ca_returned(view.tr()))
}
