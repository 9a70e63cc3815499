//! Accounts: bound to an institution by its key, changed and given up by their owners (RFC 8555,
//! section 7.3).

mod binding;

use axum::Json;
use axum::extract::{Extension, Path, Request, State};
use axum::response::{IntoResponse, Response};
use ets_journal::Subject;
use ets_listen::Peer;
use ets_store::{Tx, values};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use self::binding::{Binding, Draft, Made};
use super::request::{Signed, Signer};
use super::rows::{self, Account};
use super::with_location;
use crate::enrol::draw;
use crate::jwk::Key;
use crate::jws::Jws;
use crate::problem::{Kind, Problem};
use crate::{Enrol, body};

/// The most addresses of an account, and their length.
const CONTACTS: usize = 5;
const LONGEST_CONTACT: usize = 254;
/// The most orders that are listed: the newest.
const LISTED: i64 = 500;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewAccount {
    #[serde(default)]
    contact: Vec<String>,
    #[serde(default)]
    only_return_existing: bool,
    external_account_binding: Option<Value>,
}

/// Makes an account, or finds the one that the key has.
pub(crate) async fn create(
    State(enrol): State<Enrol>,
    peer: Option<Extension<Peer>>,
    request: Request,
) -> Result<Response, Problem> {
    if let Err(seconds) = enrol.crowded(peer.as_deref()) {
        // Clients of HTTP/2 do not hear an answer that comes while they still send.
        drop(body::read(request).await);
        let detail = "too many accounts were asked for from this address";
        return Err(Problem::new(Kind::RateLimited, detail)
            .with_header(header::RETRY_AFTER, seconds.to_string()));
    }
    let signed = Signed::read(&enrol, request).await?;
    let Signer::Key(key) = signed.by else {
        return Err(Problem::malformed("sign with the key of the new account: name it by jwk"));
    };
    let wanted: NewAccount = signed.jws.says()?;
    let bound = wanted.external_account_binding.filter(|_| !wanted.only_return_existing);
    let draft = Draft {
        id: hex::encode(draw::<12>()?),
        contact: contact(&wanted.contact)?,
        binding: bound.map(|jws| Binding::read(&jws, &key, &signed.url)).transpose()?,
        must_exist: wanted.only_return_existing,
        key,
        at: enrol.now(),
    };
    let made = match draft.known(enrol.store()).await? {
        Some(account) => Made { account, is_new: false },
        None => {
            let store = enrol.store();
            store
                .write::<_, Problem, _>(move |tx: &mut Tx<'_>| {
                    Box::pin(async move { draft.make(tx).await })
                })
                .await?
        }
    };
    made.account.must_be_valid()?;
    let status = if made.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let response = (status, Json(made.account.json(&enrol))).into_response();
    Ok(with_location(response, &made.account.url(&enrol)))
}

/// Mail addresses only (RFC 8555, section 7.3), one each.
fn contact(asked: &[String]) -> Result<Vec<String>, Problem> {
    if asked.len() > CONTACTS {
        let detail = format!("an account has at most {CONTACTS} contacts");
        return Err(Problem::new(Kind::InvalidContact, detail));
    }
    for one in asked {
        let Some(address) = one.strip_prefix("mailto:") else {
            return Err(Problem::new(Kind::UnsupportedContact, "use mailto: addresses"));
        };
        let is_fit = address.len() <= LONGEST_CONTACT
            && address.split_once('@').is_some_and(|(who, at)| !who.is_empty() && !at.is_empty())
            && !address.chars().any(|char| char.is_control() || "?,; ".contains(char));
        if !is_fit {
            let detail = "a contact is one mail address without header fields";
            return Err(Problem::new(Kind::InvalidContact, detail));
        }
    }
    Ok(asked.to_vec())
}

#[derive(Deserialize)]
struct Change {
    contact: Option<Vec<String>>,
    status: Option<String>,
}

/// Shows an account, changes its contacts, or gives it up.
pub(crate) async fn update(
    State(enrol): State<Enrol>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (mut account, jws, _) = Signed::by_account(&enrol, request).await?;
    if account.id != id {
        return Err(Problem::not_yours());
    }
    let change: Change = match jws.payload.as_slice() {
        [] => Change { contact: None, status: None },
        _ => jws.says()?,
    };
    if let Some(asked) = &change.contact {
        account.contact = contact(asked)?;
    }
    match change.status.as_deref() {
        Some("deactivated") => "deactivated".clone_into(&mut account.status),
        None | Some("valid") => {}
        Some(_) => return Err(Problem::malformed("an account can only be \"deactivated\"")),
    }
    if !jws.payload.is_empty() {
        change_row(&enrol, &account).await?;
    }
    Ok(Json(account.json(&enrol)).into_response())
}

async fn change_row(enrol: &Enrol, account: &Account) -> Result<(), Problem> {
    let action = match account.status.as_str() {
        "valid" => "acme.account.update",
        _ => "acme.account.deactivate",
    };
    let on = Subject::new("acme-account", &account.id);
    let detail = json!({ "contact": account.contact });
    let (entry, at) = (account.author().entry(action, on).detail(detail), enrol.now());
    let contact = json!(account.contact).to_string();
    let row = values![&account.id, contact, &account.status];
    // An account that an officer took back meanwhile stays so.
    let sql = "UPDATE acme_account SET contact = $2, status = $3
        WHERE id = $1 AND status = 'valid'";
    enrol
        .store()
        .write::<_, Problem, _>(move |tx: &mut Tx<'_>| {
            Box::pin(async move {
                if tx.execute(sql, &row).await? == 0 {
                    return Err(Problem::not_yours());
                }
                ets_journal::append(tx, at, entry).await?;
                Ok(())
            })
        })
        .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyChange {
    account: String,
    old_key: Value,
}

/// Gives an account another key (RFC 8555, section 7.3.5): a request by the new key inside of one
/// by the old.
pub(crate) async fn change_key(
    State(enrol): State<Enrol>,
    request: Request,
) -> Result<Response, Problem> {
    let (account, jws, url) = Signed::by_account(&enrol, request).await?;
    let inner = Jws::inside(&jws.says()?)?;
    let jwk = inner.header.jwk.as_ref();
    let jwk = jwk.ok_or_else(|| Problem::malformed("the inner JWS names the new key by jwk"))?;
    let key = Key::read(jwk)?;
    inner.verify(&key)?;
    if inner.header.url.as_ref() != Some(&url) || inner.header.nonce.is_some() {
        let detail = "the inner JWS has the same url as the outer one, and no nonce";
        return Err(Problem::malformed(detail));
    }
    let said: KeyChange = inner.says()?;
    if said.account != account.url(&enrol) || Key::read(&said.old_key)? != account.key {
        return Err(Problem::malformed("account or oldKey is not that of the signer"));
    }
    let other = roll(&enrol, &account, key).await?;
    match other {
        None => Ok(Json(account.json(&enrol)).into_response()),
        Some(other) => Err(Problem::malformed("another account has that key")
            .with_status(StatusCode::CONFLICT)
            .with_header(header::LOCATION, other.url(&enrol))),
    }
}

/// Answers the other account that has the key already.
async fn roll(enrol: &Enrol, account: &Account, key: Key) -> Result<Option<Account>, Problem> {
    let on = Subject::new("acme-account", &account.id);
    let (entry, at) = (account.author().entry("acme.account.key", on), enrol.now());
    let row = values![&account.id, key.thumbprint(), key.canonical(), account.key.thumbprint()];
    enrol
        .store()
        .write::<_, Problem, _>(move |tx: &mut Tx<'_>| {
            Box::pin(async move {
                if let Some(other) = rows::account_of(tx, &key.thumbprint()).await? {
                    return Ok(Some(other));
                }
                let sql = "UPDATE acme_account SET thumbprint = $2, jwk = $3
                    WHERE id = $1 AND thumbprint = $4 AND status = 'valid'";
                if tx.execute(sql, &row).await? == 0 {
                    return Err(Problem::not_yours());
                }
                ets_journal::append(tx, at, entry).await?;
                Ok(None)
            })
        })
        .await
}

/// The account's orders that are not over (RFC 8555, section 7.1.2.1).
pub(crate) async fn orders(
    State(enrol): State<Enrol>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let account = Signed::get(&enrol, request).await?;
    if account.id != id {
        return Err(Problem::not_yours());
    }
    let sql = "SELECT id FROM acme_order WHERE account = $1 AND status <> 'invalid'
        ORDER BY created DESC, id LIMIT $2";
    let rows = enrol.store().query(sql, &values![&account.id, LISTED]).await?;
    let at = |row: &ets_store::Row| Ok(enrol.at(&format!("/acme/order/{}", row.text("id")?)));
    let orders: Result<Vec<_>, ets_store::Error> = rows.iter().map(at).collect();
    Ok(Json(json!({ "orders": orders? })).into_response())
}
