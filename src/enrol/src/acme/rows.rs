//! Accounts, orders and authorizations, as they stand in the database and in answers.

use ets_model::WallTime;
use ets_registry::Author;
use ets_store::{Row, Store, Tx, values};
use serde_json::{Value, json};

use super::finalize::finish;
use crate::check::Kind as Way;
use crate::identifier::Identifier;
use crate::jwk::Key;
use crate::permit::Permit;
use crate::problem::{Kind, Problem};
use crate::{Enrol, Error};

/// An account, with what its institution's key allows.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) key: Key,
    pub(crate) contact: Vec<String>,
    pub(crate) status: String,
    pub(crate) institution: String,
    pub(crate) permit: Permit,
}

impl Account {
    /// # Errors
    /// unauthorized, where it is no longer valid (RFC 8555, section 7.3.6).
    pub(crate) fn must_be_valid(&self) -> Result<(), Problem> {
        if self.status == "valid" {
            return Ok(());
        }
        let detail = format!("the account is {}", self.status);
        Err(Problem::new(Kind::Unauthorized, detail))
    }

    pub(crate) fn url(&self, enrol: &Enrol) -> String {
        enrol.at(&format!("{}{}", super::ACCOUNT, self.id))
    }

    pub(crate) fn json(&self, enrol: &Enrol) -> Value {
        let orders = format!("{}/orders", self.url(enrol));
        json!({ "status": self.status, "contact": self.contact, "orders": orders })
    }

    /// As it stands in the journal.
    pub(crate) fn author(&self) -> Author {
        Author {
            on_behalf: Some(self.institution.clone()),
            ..Author::new(format!("acme:{}", self.id))
        }
    }
}

const ACCOUNTS: &str = "SELECT a.id, a.jwk, a.contact, a.status, k.institution, k.names
    FROM acme_account a JOIN acme_key k ON k.kid = a.kid";

/// The account of an id.
pub(crate) async fn account(store: &Store, id: &str) -> Result<Option<Account>, Error> {
    let sql = format!("{ACCOUNTS} WHERE a.id = $1");
    store.query_optional(&sql, &values![id]).await?.map(|row| read_account(&row)).transpose()
}

/// The account of a key, whatever its status.
pub(crate) async fn known(store: &Store, thumbprint: &str) -> Result<Option<Account>, Error> {
    let sql = format!("{ACCOUNTS} WHERE a.thumbprint = $1");
    store
        .query_optional(&sql, &values![thumbprint])
        .await?
        .map(|row| read_account(&row))
        .transpose()
}

/// The same while something is written.
pub(crate) async fn account_of(
    tx: &mut Tx<'_>,
    thumbprint: &str,
) -> Result<Option<Account>, Error> {
    let sql = format!("{ACCOUNTS} WHERE a.thumbprint = $1");
    tx.query_optional(&sql, &values![thumbprint]).await?.map(|row| read_account(&row)).transpose()
}

fn read_account(row: &Row) -> Result<Account, Error> {
    let id = row.text("id")?.to_owned();
    let unreadable = || Error::Unreadable { what: format!("account {id}") };
    let jwk = serde_json::from_str(row.text("jwk")?).map_err(|_| unreadable())?;
    Ok(Account {
        key: Key::read(&jwk).map_err(|_| unreadable())?,
        contact: serde_json::from_str(row.text("contact")?).map_err(|_| unreadable())?,
        status: row.text("status")?.to_owned(),
        institution: row.text("institution")?.to_owned(),
        permit: Permit::read(row.text("names")?.split_whitespace())?,
        id,
    })
}

/// An order.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) names: Vec<Identifier>,
    pub(crate) status: String,
    pub(crate) problem: Option<Problem>,
    pub(crate) expires: WallTime,
    pub(crate) certificate: Option<String>,
}

/// The order of an id, if it is this account's.
///
/// # Errors
/// unauthorized, where it is not.
pub(crate) async fn order(enrol: &Enrol, id: &str, account: &Account) -> Result<Order, Problem> {
    let mut order = stored(enrol.store(), id, account).await?;
    // Its certificate may be there although the word of it was lost.
    if order.status == "processing" && finish(enrol, account, id).await? {
        order = stored(enrol.store(), id, account).await?;
    }
    let is_open = matches!(order.status.as_str(), "pending" | "ready");
    if is_open && order.expires <= enrol.now() {
        "invalid".clone_into(&mut order.status);
        order.problem = Some(Problem::malformed("the order is over: order again"));
    }
    Ok(order)
}

async fn stored(store: &Store, id: &str, account: &Account) -> Result<Order, Problem> {
    let sql = "SELECT id, names, status, problem, expires, certificate FROM acme_order
        WHERE id = $1 AND account = $2";
    let row = store.query_optional(sql, &values![id, &account.id]).await?;
    Ok(read_order(&row.ok_or_else(Problem::not_yours)?)?)
}

fn read_order(row: &Row) -> Result<Order, Error> {
    let id = row.text("id")?.to_owned();
    let unreadable = || Error::Unreadable { what: format!("order {id}") };
    Ok(Order {
        names: serde_json::from_str(row.text("names")?).map_err(|_| unreadable())?,
        status: row.text("status")?.to_owned(),
        problem: problem(row).map_err(|()| unreadable())?,
        expires: WallTime(row.int("expires")?),
        certificate: row.opt_text("certificate")?.map(str::to_owned),
        id,
    })
}

fn problem(row: &Row) -> Result<Option<Problem>, ()> {
    let text = row.opt_text("problem").map_err(|_| ())?;
    text.map(|text| serde_json::from_str(text).map_err(|_| ())).transpose()
}

impl Order {
    pub(crate) fn url(&self, enrol: &Enrol) -> String {
        enrol.at(&format!("/acme/order/{}", self.id))
    }

    pub(crate) fn json(&self, enrol: &Enrol, authorizations: &[String]) -> Value {
        let at = |id: &String| enrol.at(&format!("/acme/authorization/{id}"));
        let mut json = json!({
            "status": self.status,
            "expires": moment(self.expires),
            "identifiers": self.names,
            "authorizations": authorizations.iter().map(at).collect::<Vec<_>>(),
            "finalize": format!("{}/finalize", self.url(enrol)),
        });
        if self.status == "valid" {
            json["certificate"] = enrol.at(&format!("/acme/certificate/{}", self.id)).into();
        }
        if let Some(problem) = &self.problem {
            json["error"] = problem.json();
        }
        json
    }
}

/// The ids of an order's authorizations.
pub(crate) async fn authorizations(store: &Store, order: &str) -> Result<Vec<String>, Error> {
    let sql = "SELECT id FROM acme_authorization WHERE order_id = $1 ORDER BY place";
    let rows = store.query(sql, &values![order]).await?;
    rows.iter().map(|row| Ok(row.text("id")?.to_owned())).collect()
}

/// Whether a name was proved.
#[derive(Clone, Debug)]
pub(crate) struct Authorization {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) name: Identifier,
    seed: String,
    pub(crate) status: String,
    /// How it is proved, once the client chose.
    pub(crate) challenge: Option<Way>,
    problem: Option<Problem>,
    decided: Option<WallTime>,
    expires: WallTime,
}

const AUTHORIZATIONS: &str = "SELECT id, account, name, seed, status, challenge, problem, decided,
    expires FROM acme_authorization";

/// The authorization of an id.
pub(crate) async fn authorization(enrol: &Enrol, id: &str) -> Result<Option<Authorization>, Error> {
    let sql = format!("{AUTHORIZATIONS} WHERE id = $1");
    let Some(row) = enrol.store().query_optional(&sql, &values![id]).await? else {
        return Ok(None);
    };
    let mut found = read_authorization(&row)?;
    if found.expires <= enrol.now() {
        match found.status.as_str() {
            "pending" => "invalid".clone_into(&mut found.status),
            "valid" => "expired".clone_into(&mut found.status),
            _ => {}
        }
    }
    Ok(Some(found))
}

/// Whose validation was asked for and is not over.
pub(crate) async fn under_way(store: &Store, now: WallTime) -> Result<Vec<String>, Error> {
    let sql = "SELECT id FROM acme_authorization WHERE status = 'pending'
        AND challenge IS NOT NULL AND expires > $1 ORDER BY id LIMIT 10000";
    let rows = store.query(sql, &values![now.0]).await?;
    rows.iter().map(|row| Ok(row.text("id")?.to_owned())).collect()
}

fn read_authorization(row: &Row) -> Result<Authorization, Error> {
    let id = row.text("id")?.to_owned();
    let unreadable = || Error::Unreadable { what: format!("authorization {id}") };
    let challenge = match row.opt_text("challenge")? {
        Some(code) => Some(Way::read(code).ok_or_else(unreadable)?),
        None => None,
    };
    Ok(Authorization {
        account: row.text("account")?.to_owned(),
        name: serde_json::from_str(row.text("name")?).map_err(|_| unreadable())?,
        seed: row.text("seed")?.to_owned(),
        status: row.text("status")?.to_owned(),
        challenge,
        problem: problem(row).map_err(|()| unreadable())?,
        decided: row.opt_int("decided")?.map(WallTime),
        expires: WallTime(row.int("expires")?),
        id,
    })
}

impl Authorization {
    pub(crate) fn url(&self, enrol: &Enrol) -> String {
        enrol.at(&format!("/acme/authorization/{}", self.id))
    }

    pub(crate) fn challenge_url(&self, enrol: &Enrol, way: Way) -> String {
        enrol.at(&format!("/acme/challenge/{}/{}", self.id, way.code()))
    }

    /// A text of this authorization and this challenge alone, which nobody can guess.
    pub(crate) fn token(&self, way: Way) -> String {
        way.token(&self.seed)
    }

    pub(crate) fn json(&self, enrol: &Enrol) -> Value {
        let is_open = self.status == "pending";
        let ways: Vec<Way> = match self.challenge {
            Some(chosen) if !is_open => vec![chosen],
            _ => Way::of(&self.name).to_vec(),
        };
        let challenges: Vec<_> = ways.iter().map(|way| self.challenge_json(enrol, *way)).collect();
        let mut json = json!({
            "identifier": self.name.proved(),
            "status": self.status,
            "expires": moment(self.expires),
            "challenges": challenges,
        });
        if self.name.is_wildcard() {
            json["wildcard"] = true.into();
        }
        json
    }

    pub(crate) fn challenge_json(&self, enrol: &Enrol, way: Way) -> Value {
        let is_chosen = self.challenge == Some(way);
        let status = match self.status.as_str() {
            "pending" if is_chosen => "processing",
            "valid" | "expired" if is_chosen => "valid",
            "invalid" if is_chosen => "invalid",
            _ => "pending",
        };
        let mut json = json!({
            "type": way.code(),
            "url": self.challenge_url(enrol, way),
            "token": self.token(way),
            "status": status,
        });
        if let Some(decided) = self.decided.filter(|_| status == "valid") {
            json["validated"] = moment(decided).into();
        }
        if let Some(problem) = self.problem.as_ref().filter(|_| is_chosen) {
            json["error"] = problem.json();
        }
        json
    }
}

/// RFC 3339, whole seconds: some clients read nothing finer.
pub(crate) fn moment(at: WallTime) -> String {
    let seconds = at.0.div_euclid(1_000_000);
    jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}
