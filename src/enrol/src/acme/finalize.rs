//! From an order that is ready to its certificate (RFC 8555, sections 7.4 and 7.4.2).

use std::collections::BTreeSet;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ets_ca::{Issued, Reason, Subject, Wanted};
use ets_journal::Subject as On;
use ets_store::{Tx, values};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use super::order::{common_name, shown};
use super::request::Signed;
use super::rows::{self, Account, Order};
use super::with_location;
use crate::csr::Csr;
use crate::problem::{Kind, Problem};
use crate::{Enrol, der};

const PROFILE: &str = "server";
const CHAIN: &str = "application/pem-certificate-chain";
const LEAF: &str = "application/pkix-cert";

#[derive(Deserialize)]
struct Finalize {
    csr: String,
}

/// Issues what was ordered.
pub(crate) async fn finalize(
    State(enrol): State<Enrol>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (account, jws, _) = Signed::by_account(&enrol, request).await?;
    let order = rows::order(&enrol, &id, &account).await?;
    if order.status != "ready" {
        let detail = format!("the order is {}", order.status);
        return Err(Problem::new(Kind::OrderNotReady, detail));
    }
    let said: Finalize = jws.says()?;
    let csr = URL_SAFE_NO_PAD.decode(said.csr);
    let csr = csr.map_err(|_| bad("it is not in base64url"))?;
    compare(&csr, &order, &account)?;
    // In a task of its own: a client that goes away finds its certificate when it comes back.
    let (desk, orderer) = (enrol.clone(), account.clone());
    let issuing = tokio::spawn(async move { issue(&desk, &orderer, &order, &csr).await });
    issuing.await.map_err(|_| {
        Problem::new(Kind::ServerInternal, "the hub could not do it: order again")
    })??;
    let order = rows::order(&enrol, &id, &account).await?;
    Ok(with_location(shown(&enrol, &order).await?, &order.url(&enrol)))
}

fn bad(why: &str) -> Problem {
    Problem::new(Kind::BadCsr, format!("the request (PKCS#10): {why}"))
}

/// The request must ask for the names of the order, all of them and no other.
fn compare(csr: &[u8], order: &Order, account: &Account) -> Result<(), Problem> {
    let csr = Csr::read(csr).map_err(bad)?;
    let ordered: BTreeSet<_> = order.names.iter().cloned().collect();
    if csr.asked().map_err(bad)? != ordered {
        return Err(bad("its names are not those of the order"));
    }
    if csr.key.as_ref() == Some(&account.key) {
        return Err(bad("its key is the account's: make one for the server"));
    }
    Ok(())
}

async fn issue(enrol: &Enrol, account: &Account, order: &Order, csr: &[u8]) -> Result<(), Problem> {
    let name = common_name(&order.names).unwrap_or_default();
    let wanted = Wanted {
        profile: PROFILE.to_owned(),
        subject: Subject::of_parts(&[("O", &account.institution), ("CN", &name)])
            .map_err(crate::Error::from)?,
        names: order.names.iter().map(crate::identifier::Identifier::value).collect(),
        until: None,
    };
    begin(enrol, &order.id).await?;
    match enrol.ca().issue(wanted, Some(csr), &account.author()).await {
        Ok(issued) => {
            let serial = issued.serial;
            let kept = keep(enrol, account, order, issued).await;
            if kept.is_err() {
                // Nobody will be handed it.
                let reason = Reason::CessationOfOperation;
                drop(enrol.ca().revoke(serial, reason, &account.author()).await);
            }
            kept
        }
        Err(error) => {
            turn(enrol, &order.id, "processing", "ready").await?;
            Err(match error {
                ets_ca::Error::Key(why) => bad(why),
                ets_ca::Error::Request(why) => bad(&why),
                other => crate::Error::from(other).into(),
            })
        }
    }
}

/// Only one of two that finalize at once goes on, and only for an account that still may.
async fn begin(enrol: &Enrol, id: &str) -> Result<(), Problem> {
    if turn(enrol, id, "ready", "processing").await? {
        return Ok(());
    }
    Err(Problem::new(Kind::OrderNotReady, "the order is not ready any more"))
}

async fn turn(
    enrol: &Enrol,
    id: &str,
    from: &'static str,
    to: &'static str,
) -> Result<bool, Problem> {
    let row = values![id, from, to];
    let sql = "UPDATE acme_order SET status = $3 WHERE id = $1 AND status = $2 AND EXISTS
        (SELECT 1 FROM acme_account a WHERE a.id = acme_order.account AND a.status = 'valid')";
    enrol
        .store()
        .write::<_, Problem, _>(move |tx: &mut Tx<'_>| {
            Box::pin(async move { Ok(tx.execute(sql, &row).await? == 1) })
        })
        .await
}

async fn keep(
    enrol: &Enrol,
    account: &Account,
    order: &Order,
    issued: Issued,
) -> Result<(), Problem> {
    let (at, serial) = (enrol.now(), issued.serial.to_string());
    let names: Vec<String> = order.names.iter().map(crate::identifier::Identifier::value).collect();
    let detail = json!({ "serial": serial, "names": names });
    let on = On::new("acme-order", &order.id);
    let entry = account.author().entry("acme.order.finalize", on).detail(detail);
    let row = values![&order.id, serial, issued.certificate + &issued.chain];
    let sql = "UPDATE acme_order SET status = 'valid', serial = $2, certificate = $3 WHERE id = $1";
    enrol
        .store()
        .write::<_, Problem, _>(move |tx: &mut Tx<'_>| {
            Box::pin(async move {
                tx.execute(sql, &row).await?;
                ets_journal::append(tx, at, entry).await?;
                Ok(())
            })
        })
        .await
}

/// Hands out a certificate: its chain in PEM, or the leaf in DER where only that is accepted.
pub(crate) async fn download(
    State(enrol): State<Enrol>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let accepted = accepted(request.headers());
    let account = Signed::get(&enrol, request).await?;
    let order = rows::order(&enrol, &id, &account).await?;
    let chain = order.certificate.ok_or_else(Problem::not_yours)?;
    match accepted {
        Some(CHAIN) => Ok(([(header::CONTENT_TYPE, CHAIN)], chain).into_response()),
        Some(_) => {
            let leaf = der::of_pem(&chain)?.into_iter().next().unwrap_or_default();
            Ok(([(header::CONTENT_TYPE, LEAF)], leaf).into_response())
        }
        None => {
            let detail = format!("there is {CHAIN} and {LEAF}");
            Err(Problem::malformed(detail).with_status(StatusCode::NOT_ACCEPTABLE))
        }
    }
}

/// Which of our two types the client takes.
fn accepted(headers: &HeaderMap) -> Option<&'static str> {
    let all: Vec<&str> =
        headers.get_all(header::ACCEPT).iter().filter_map(|one| one.to_str().ok()).collect();
    let all = all.join(",");
    let mut types = all.split(',').filter_map(|one| one.split(';').next()).map(str::trim);
    if all.trim().is_empty()
        || types.clone().any(|one| [CHAIN, "*/*", "application/*"].contains(&one))
    {
        return Some(CHAIN);
    }
    types.any(|one| one == LEAF).then_some(LEAF)
}
