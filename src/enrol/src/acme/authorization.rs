//! Authorizations and their challenges: that a name is the account's (RFC 8555, section 7.5).

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use ets_model::WallTime;
use ets_store::{Tx, values};
use http::header;
use serde::Deserialize;

use super::request::Signed;
use super::rows::{self, Account, Authorization};
use super::{SOON, link, validate};
use crate::Enrol;
use crate::check::Kind as Way;
use crate::problem::{Kind, Problem};

const HOUR: Duration = Duration::from_secs(3_600);
/// The most validations of one account at once: those of its largest order.
const UNDER_WAY: i64 = 100;

#[derive(Deserialize)]
struct Change {
    status: String,
}

/// Shows an authorization, or gives it up.
pub(crate) async fn show(
    State(enrol): State<Enrol>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (account, jws, _) = Signed::by_account(&enrol, request).await?;
    let mut found = of(&enrol, &id, &account).await?;
    if !jws.payload.is_empty() {
        if jws.says::<Change>()?.status != "deactivated" {
            return Err(Problem::malformed("an authorization can only be \"deactivated\""));
        }
        give_up(&enrol, &found).await?;
        found = of(&enrol, &id, &account).await?;
    }
    let mut response = Json(found.json(&enrol)).into_response();
    if found.status == "pending" {
        response.headers_mut().insert(header::RETRY_AFTER, SOON);
    }
    Ok(response)
}

/// Shows a challenge, or takes the client's word that it is met, and begins to look.
pub(crate) async fn challenge(
    State(enrol): State<Enrol>,
    Path((id, way)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let (account, jws, _) = Signed::by_account(&enrol, request).await?;
    let mut found = of(&enrol, &id, &account).await?;
    let offered = Way::read(&way).filter(|way| Way::of(&found.name).contains(way));
    let way = offered.ok_or_else(Problem::not_yours)?;
    if !jws.payload.is_empty() {
        jws.says::<serde_json::Map<String, serde_json::Value>>()?;
        if choose(&enrol, &found, way).await? {
            validate::begin(enrol.clone(), found.id.clone());
        }
        found = of(&enrol, &id, &account).await?;
    }
    let mut response = Json(found.challenge_json(&enrol, way)).into_response();
    let headers = response.headers_mut();
    headers.append(header::LINK, link(&found.url(&enrol), "up"));
    if found.status == "pending" {
        headers.insert(header::RETRY_AFTER, SOON);
    }
    Ok(response)
}

async fn of(enrol: &Enrol, id: &str, account: &Account) -> Result<Authorization, Problem> {
    let found = rows::authorization(enrol, id).await?;
    found.filter(|found| found.account == account.id).ok_or_else(Problem::not_yours)
}

/// Whether the validation is to begin: only the first choice counts.
async fn choose(enrol: &Enrol, found: &Authorization, way: Way) -> Result<bool, Problem> {
    let (id, account, now) = (found.id.clone(), found.account.clone(), enrol.now());
    let most = enrol.config().failures_per_hour;
    enrol
        .store()
        .write::<_, Problem, _>(move |tx: &mut Tx<'_>| {
            Box::pin(async move {
                within(tx, &account, now, most).await?;
                let sql = "UPDATE acme_authorization SET challenge = $2
                    WHERE id = $1 AND status = 'pending' AND challenge IS NULL AND expires > $3";
                Ok(tx.execute(sql, &values![id, way.code(), now.0]).await? == 1)
            })
        })
        .await
}

/// What an account may have failed in this hour, and have under way: one that asks for too much
/// must not make the others wait.
async fn within(tx: &mut Tx<'_>, account: &str, now: WallTime, most: u32) -> Result<(), Problem> {
    let limited = |detail: String, late: &str| {
        Problem::new(Kind::RateLimited, detail).with_header(header::RETRY_AFTER, late)
    };
    let sql = "SELECT COUNT(*) AS failed FROM acme_authorization
        WHERE account = $1 AND status = 'invalid' AND decided > $2";
    let row = tx.query_one(sql, &values![account, now.minus(HOUR).0]).await?;
    if row.int("failed")? >= i64::from(most) {
        let detail = format!("{most} validations failed in this hour: look why first");
        return Err(limited(detail, "3600"));
    }
    let sql = "SELECT COUNT(*) AS begun FROM acme_authorization
        WHERE account = $1 AND status = 'pending' AND challenge IS NOT NULL AND expires > $2";
    let row = tx.query_one(sql, &values![account, now.0]).await?;
    if row.int("begun")? >= UNDER_WAY {
        return Err(limited(format!("{UNDER_WAY} validations are under way: wait for them"), "10"));
    }
    Ok(())
}

/// An order that has an authorization less will never be ready.
async fn give_up(enrol: &Enrol, found: &Authorization) -> Result<(), Problem> {
    let (id, at) = (found.id.clone(), enrol.now().0);
    enrol
        .store()
        .write::<_, Problem, _>(move |tx: &mut Tx<'_>| {
            Box::pin(async move {
                let sql = "UPDATE acme_authorization SET status = 'deactivated', decided = $2
                    WHERE id = $1 AND status IN ('pending', 'valid')";
                tx.execute(sql, &values![&id, at]).await?;
                let sql = "UPDATE acme_order SET status = 'invalid'
                    WHERE id = (SELECT order_id FROM acme_authorization WHERE id = $1)
                    AND status IN ('pending', 'ready')";
                tx.execute(sql, &values![&id]).await?;
                Ok(())
            })
        })
        .await
}
