//! From an order that is ready to its certificate (RFC 8555, sections 7.4 and 7.4.2).

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ets_ca::{Kept, Note, Serial, Subject, Wanted};
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
    let (note, begun) = begin(&order.id);
    let issued = enrol.ca().issue_noted(note, wanted, Some(csr), &account.author()).await;
    let Err(error) = issued else {
        finish(enrol, account, &order.id).await?;
        return Ok(());
    };
    if let Some(serial) = begun.get() {
        put_back(enrol, account, (&order.id, &serial.to_string())).await?;
    }
    Err(match error {
        ets_ca::Error::Abandoned(_) => {
            Problem::new(Kind::OrderNotReady, "the order is not ready any more")
        }
        ets_ca::Error::Key(why) => bad(why),
        ets_ca::Error::Request(why) => bad(&why),
        other => crate::Error::from(other).into(),
    })
}

/// Only one of two that finalize at once goes on, and only for an account that still may. The order
/// knows the number of its certificate before it is signed; then it is told here as well.
fn begin(id: &str) -> (Note, Arc<OnceLock<Serial>>) {
    let (id, begun) = (id.to_owned(), Arc::new(OnceLock::new()));
    let told = Arc::clone(&begun);
    let sql = "UPDATE acme_order SET status = 'processing', serial = $2
        WHERE id = $1 AND status = 'ready' AND EXISTS
        (SELECT 1 FROM acme_account a WHERE a.id = acme_order.account AND a.status = 'valid')";
    let note: Note = Box::new(move |tx, serial| {
        let row = values![id, serial.to_string()];
        Box::pin(async move {
            let is_ours = tx.execute(sql, &row).await? == 1;
            Ok(is_ours && told.set(serial).is_ok())
        })
    });
    (note, begun)
}

/// Nothing is being signed for the order under this number any more: it can be finalized again,
/// unless there is a certificate after all.
async fn put_back(
    enrol: &Enrol,
    account: &Account,
    (id, serial): (&str, &str),
) -> Result<(), crate::Error> {
    if finish(enrol, account, id).await? {
        return Ok(());
    }
    let row = values![id, serial];
    let sql = "UPDATE acme_order SET status = 'ready', serial = NULL
        WHERE id = $1 AND COALESCE(serial, '') = $2 AND status = 'processing'";
    enrol
        .store()
        .write::<_, crate::Error, _>(move |tx: &mut Tx<'_>| {
            Box::pin(async move { Ok(tx.execute(sql, &row).await.map(drop)?) })
        })
        .await
}

/// What was being signed when the process ended is finished where there is a certificate, and else
/// put back. Nothing is being signed yet when this is called.
///
/// # Errors
/// The database's.
pub(crate) async fn settle(enrol: &Enrol) -> Result<(), crate::Error> {
    let sql = "SELECT id, account, serial FROM acme_order WHERE status = 'processing' ORDER BY id";
    for row in enrol.store().query(sql, &[]).await? {
        let (id, serial) = (row.text("id")?, row.opt_text("serial")?.unwrap_or_default());
        let unreadable = || crate::Error::Unreadable { what: format!("order {id}") };
        let account = rows::account(enrol.store(), row.text("account")?).await?;
        put_back(enrol, &account.ok_or_else(unreadable)?, (id, serial)).await?;
    }
    Ok(())
}

/// Hands an order its certificate, if there is one, whatever became of it since.
///
/// # Errors
/// The database's.
pub(super) async fn finish(
    enrol: &Enrol,
    account: &Account,
    id: &str,
) -> Result<bool, crate::Error> {
    let sql = "SELECT serial FROM acme_order WHERE id = $1 AND status = 'processing'";
    let row = enrol.store().query_optional(sql, &values![id]).await?;
    let serial =
        row.map(|row| row.opt_text("serial").map(|text| text.unwrap_or_default().to_owned()));
    let Ok(serial) = serial.transpose()?.unwrap_or_default().parse() else { return Ok(false) };
    match enrol.ca().find(serial).await {
        Ok(kept) if !kept.certificate.is_empty() => keep(enrol, account, id, kept).await,
        Ok(_) | Err(ets_ca::Error::Unknown(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn keep(
    enrol: &Enrol,
    account: &Account,
    id: &str,
    kept: Kept,
) -> Result<bool, crate::Error> {
    let (at, serial) = (enrol.now(), kept.serial.to_string());
    let detail = json!({ "serial": serial, "names": kept.names });
    let on = On::new("acme-order", id);
    let entry = account.author().entry("acme.order.finalize", on).detail(detail);
    let row = values![id, serial, kept.certificate + enrol.ca().chain()];
    let sql = "UPDATE acme_order SET status = 'valid', certificate = $3
        WHERE id = $1 AND serial = $2 AND status = 'processing'";
    enrol
        .store()
        .write::<_, crate::Error, _>(move |tx: &mut Tx<'_>| {
            Box::pin(async move {
                // It may have been asked for meanwhile, and finished so.
                if tx.execute(sql, &row).await? == 1 {
                    ets_journal::append(tx, at, entry).await?;
                }
                Ok(true)
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
