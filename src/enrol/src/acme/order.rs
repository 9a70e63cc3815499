//! Orders: which names a certificate is to hold (RFC 8555, section 7.4).

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use ets_model::WallTime;
use ets_store::{Tx, values};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::request::Signed;
use super::rows::{self, Account, Order};
use super::{SOON, with_location};
use crate::Enrol;
use crate::enrol::draw;
use crate::identifier::{Asked, Identifier};
use crate::officer::LONGEST;
use crate::problem::{Kind, Problem};

/// The most names of an order.
const NAMES: usize = 100;
const HOUR: Duration = Duration::from_secs(3_600);
/// What led to nothing is forgotten after this; what was issued when nobody can need it.
const FORGOTTEN: Duration = Duration::from_secs(30 * 86_400);
const OVER: Duration = Duration::from_secs(800 * 86_400);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewOrder {
    identifiers: Vec<Asked>,
    not_before: Option<Value>,
    not_after: Option<Value>,
}

/// Takes an order.
pub(crate) async fn create(
    State(enrol): State<Enrol>,
    request: Request,
) -> Result<Response, Problem> {
    let (account, jws, _) = Signed::by_account(&enrol, request).await?;
    let wanted: NewOrder = jws.says()?;
    if wanted.not_before.is_some() || wanted.not_after.is_some() {
        let detail = "how long a certificate is valid is the authority's decision";
        return Err(Problem::malformed(detail));
    }
    let names = names(&wanted.identifiers, &account)?;
    let order = Order {
        id: hex::encode(draw::<12>()?),
        names,
        status: "pending".to_owned(),
        problem: None,
        expires: enrol.now().plus(enrol.config().order_life),
        certificate: None,
    };
    keep(&enrol, &account, &order).await?;
    let response = (StatusCode::CREATED, shown(&enrol, &order).await?).into_response();
    Ok(with_location(response, &order.url(&enrol)))
}

/// Shows an order.
pub(crate) async fn show(
    State(enrol): State<Enrol>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let account = Signed::get(&enrol, request).await?;
    let order = rows::order(&enrol, &id, &account).await?;
    shown(&enrol, &order).await
}

/// An order as an answer; whoever waits for it learns when to ask again.
pub(super) async fn shown(enrol: &Enrol, order: &Order) -> Result<Response, Problem> {
    let authorizations = rows::authorizations(enrol.store(), &order.id).await?;
    let mut response = Json(order.json(enrol, &authorizations)).into_response();
    if matches!(order.status.as_str(), "pending" | "processing") {
        response.headers_mut().insert(header::RETRY_AFTER, SOON);
    }
    Ok(response)
}

/// The names in their order, each once, when the institution may ask for all of them.
fn names(asked: &[Asked], account: &Account) -> Result<Vec<Identifier>, Problem> {
    if asked.is_empty() || asked.len() > NAMES {
        return Err(Problem::malformed(format!("an order has 1 to {NAMES} identifiers")));
    }
    let mut names: Vec<Identifier> = Vec::new();
    for one in asked {
        let name = Identifier::read(one)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let refused: Vec<_> = names
        .iter()
        .filter(|name| !account.permit.allows(name))
        .map(|name| (name.clone(), format!("{} is not this institution's", name.value())))
        .collect();
    if let [(first, _), ..] = refused.as_slice() {
        let detail = format!("the account's key does not allow {}", first.value());
        return Err(Problem::new(Kind::RejectedIdentifier, detail).about(refused));
    }
    common_name(&names)
        .ok_or_else(|| {
            let detail = format!("one of the names must have at most {LONGEST} characters");
            Problem::new(Kind::RejectedIdentifier, detail)
        })
        .map(|_| ())?;
    Ok(names)
}

/// What stands in the subject: the first name that fits there.
pub(super) fn common_name(names: &[Identifier]) -> Option<String> {
    names.iter().map(Identifier::value).find(|name| name.len() <= LONGEST)
}

async fn keep(enrol: &Enrol, account: &Account, order: &Order) -> Result<(), Problem> {
    let (at, expires) = (enrol.now(), order.expires);
    let (account, most) = (account.id.clone(), i64::from(enrol.config().orders_per_hour));
    let names = json!(order.names).to_string();
    let row = values![&order.id, &account, names, at.0, expires.0];
    let mut each = Vec::new();
    for (place, name) in (0_i64..).zip(&order.names) {
        let (id, seed) = (hex::encode(draw::<12>()?), hex::encode(draw::<16>()?));
        let name = json!(name).to_string();
        each.push(values![id, place, &account, &order.id, name, seed, expires.0]);
    }
    enrol
        .store()
        .write::<_, Problem, _>(move |tx: &mut Tx<'_>| {
            Box::pin(async move {
                forget(tx, &account, at).await?;
                within(tx, &account, at, most).await?;
                let sql = "INSERT INTO acme_order (id, account, names, status, created, expires)
                    VALUES ($1, $2, $3, 'pending', $4, $5)";
                tx.execute(sql, &row).await?;
                let sql = "INSERT INTO acme_authorization
                    (id, place, account, order_id, name, seed, status, expires)
                    VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7)";
                for row in &each {
                    tx.execute(sql, row).await?;
                }
                Ok(())
            })
        })
        .await
}

/// # Errors
/// rateLimited.
async fn within(tx: &mut Tx<'_>, account: &str, at: WallTime, most: i64) -> Result<(), Problem> {
    let sql = "SELECT COUNT(*) AS orders FROM acme_order WHERE account = $1 AND created > $2";
    let row = tx.query_one(sql, &values![account, at.minus(HOUR).0]).await?;
    if row.int("orders")? < most {
        return Ok(());
    }
    let detail = format!("an account places at most {most} orders an hour");
    let late = HOUR.as_secs().to_string();
    Err(Problem::new(Kind::RateLimited, detail).with_header(header::RETRY_AFTER, late))
}

/// Removes what nobody will ask about any more.
async fn forget(tx: &mut Tx<'_>, account: &str, at: WallTime) -> Result<(), Problem> {
    let old = "account = $1 AND (expires < $2 AND serial IS NULL OR expires < $3)";
    let sql = format!(
        "DELETE FROM acme_authorization WHERE account = $1 AND order_id IN
         (SELECT id FROM acme_order WHERE {old})"
    );
    let values = values![account, at.minus(FORGOTTEN).0, at.minus(OVER).0];
    tx.execute(&sql, &values).await?;
    tx.execute(&format!("DELETE FROM acme_order WHERE {old}"), &values).await?;
    Ok(())
}
