//! Validations: asked for by a client, done by the hub in its own time, and finished after a
//! restart.

use ets_model::WallTime;
use ets_store::{Tx, values};

use super::rows;
use crate::check::{self, Proof};
use crate::problem::{Kind, Problem};
use crate::{Enrol, Error};

/// Validates in a task of its own.
pub(crate) fn begin(enrol: Enrol, id: String) {
    tokio::spawn(async move {
        if let Err(error) = validate(&enrol, &id).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(authorization = id, error, "a validation could not be kept");
        }
    });
}

async fn validate(enrol: &Enrol, id: &str) -> Result<(), Error> {
    // The places are never closed.
    let _place = enrol.0.places.acquire().await;
    let Some(found) = rows::authorization(enrol, id).await? else { return Ok(()) };
    let (Some(way), "pending") = (found.challenge, found.status.as_str()) else { return Ok(()) };
    let Some(account) = rows::account(enrol.store(), &found.account).await? else { return Ok(()) };
    let proof = Proof {
        name: found.name.proved(),
        token: found.token(way),
        thumbprint: account.key.thumbprint(),
    };
    let config = enrol.config();
    let looked = tokio::time::timeout(config.deadline, check::look(config, way, &proof)).await;
    let outcome = looked.unwrap_or_else(|_| {
        let detail = format!("{} did not answer in time", proof.name.value());
        Err(Problem::new(Kind::Connection, detail))
    });
    decide(enrol, id, outcome.err()).await
}

/// Writes down what was seen. With its last authorization an order is ready; with one that failed
/// it is over.
async fn decide(enrol: &Enrol, id: &str, problem: Option<Problem>) -> Result<(), Error> {
    let (id, at) = (id.to_owned(), enrol.now());
    enrol
        .store()
        .write::<_, Error, _>(move |tx: &mut Tx<'_>| {
            Box::pin(async move { decided(tx, &id, problem, at).await })
        })
        .await
}

async fn decided(
    tx: &mut Tx<'_>,
    id: &str,
    problem: Option<Problem>,
    at: WallTime,
) -> Result<(), Error> {
    let status = if problem.is_some() { "invalid" } else { "valid" };
    let text = problem.and_then(|problem| serde_json::to_string(&problem).ok());
    let sql = "UPDATE acme_authorization SET status = $2, problem = $3, decided = $4
        WHERE id = $1 AND status = 'pending' RETURNING order_id";
    let Some(row) = tx.query_optional(sql, &values![id, status, text.clone(), at.0]).await? else {
        return Ok(());
    };
    let order = row.text("order_id")?;
    let (sql, row) = match text {
        Some(text) => (
            "UPDATE acme_order SET status = 'invalid', problem = $2
             WHERE id = $1 AND status = 'pending'",
            values![order, text].to_vec(),
        ),
        None => (
            "UPDATE acme_order SET status = 'ready' WHERE id = $1 AND status = 'pending'
             AND NOT EXISTS (SELECT 1 FROM acme_authorization
                             WHERE order_id = $1 AND status <> 'valid')",
            values![order].to_vec(),
        ),
    };
    tx.execute(sql, &row).await?;
    Ok(())
}
