//! `/api/v1/me/renewal`: an owner renews the certificate that he came in with (T1.4).

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use ets_ca::life::Renewal;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asker::Asker;
use super::segments::answer;
use super::{body, orders, time};
use crate::Error;
use crate::entry::Holder;
use crate::service::App;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    csr: String,
}

/// `GET /api/v1/me/renewal`
pub(crate) async fn show(State(app): State<App>, holder: Holder) -> Result<Response, Error> {
    Ok(answer(StatusCode::OK, &document(&app, &holder).await?))
}

/// `POST /api/v1/me/renewal`
pub(crate) async fn renew(by: Asker, holder: Holder, sent: Bytes) -> Result<Response, Error> {
    let sent: Sent = body::typed(body::object(&sent)?)?;
    by.app.tokens()?.renew(holder.signed()?, &sent.csr, &by.author).await?;
    Ok(answer(StatusCode::CREATED, &document(&by.app, &holder).await?))
}

/// `POST /api/v1/me/renewal/end-old`
pub(crate) async fn end_old(by: Asker, holder: Holder) -> Result<Response, Error> {
    by.app.tokens()?.end_renewed(holder.signed()?, &by.author).await?;
    Ok(answer(StatusCode::OK, &document(&by.app, &holder).await?))
}

async fn document(app: &App, holder: &Holder) -> Result<Value, Error> {
    let desk = app.tokens()?;
    let (kept, renewal) = desk.renewal(holder.serial, holder.id).await?;
    let old = desk.renewed_from(holder.serial).await?;
    let mut document = json!({
        "serial": kept.serial.to_string(),
        "not_after": time::rfc3339(kept.not_after),
        "opens": null, "order": null, "certificate": null,
        "renewed": old.map(|old| old.serial.to_string()),
    });
    document["state"] = json!(match renewal {
        Renewal::Officer => "officer",
        Renewal::From(opens) => {
            document["opens"] = json!(time::rfc3339(opens));
            "early"
        }
        Renewal::Now => "open",
        Renewal::Under { order, kept, stage } => {
            document["order"] = orders::document(&order, kept.as_deref(), stage);
            document["certificate"] = json!(kept.map(|kept| kept.certificate));
            "under-way"
        }
    });
    Ok(document)
}
