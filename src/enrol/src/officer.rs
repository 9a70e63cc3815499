//! The officer's side: who may ask for certificates.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ets_journal::Subject;
use ets_model::WallTime;
use ets_registry::Author;
use ets_store::{Row, Tx, values};
use serde_json::json;

use crate::enrol::draw;
use crate::permit::Permit;
use crate::{Enrol, Error};
use ets_ca::is_dns;

/// The most characters of an organisation and of a common name (RFC 5280, appendix A.1).
pub(crate) const LONGEST: usize = 64;

/// What an institution's administrator gives to his ACME client. The secret is shown this once.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountKey {
    /// The key's id: `--eab-kid`.
    pub kid: String,
    /// The key in base64url: `--eab-hmac-key`.
    pub hmac: String,
}

impl std::fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// A key for accounts, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyListed {
    /// Its id.
    pub kid: String,
    /// Whose it is.
    pub institution: String,
    /// DNS suffixes and networks that it allows.
    pub names: Vec<String>,
    /// How many accounts it is good for.
    pub accounts: u32,
    /// How many there are.
    pub used: u32,
    /// When it was made.
    pub created: WallTime,
    /// By whom.
    pub created_by: String,
    /// When it was taken back.
    pub revoked: Option<WallTime>,
}

/// What is typed into a router. The secret is shown this once, and works once.
#[derive(Clone, PartialEq, Eq)]
pub struct RouterSecret {
    /// The router's name: the user name of HTTP Basic.
    pub name: String,
    /// The password.
    pub secret: String,
    /// Until when it may be used.
    pub until: WallTime,
}

impl std::fmt::Debug for RouterSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RouterSecret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A router's secret, without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterListed {
    /// The router's name.
    pub name: String,
    /// When the secret was made.
    pub created: WallTime,
    /// By whom.
    pub created_by: String,
    /// Until when it may be used.
    pub until: WallTime,
    /// When it was.
    pub used: Option<WallTime>,
    /// The serial number of what was issued for it.
    pub serial: Option<String>,
}

impl Enrol {
    /// Makes a key with which `accounts` ACME accounts can be bound to an institution. They may ask
    /// for names below the suffixes, and addresses in the networks, of `names`.
    ///
    /// # Errors
    /// [`Error::Institution`], [`Error::Name`], [`Error::NoNames`]; the database's.
    pub async fn new_account_key(
        &self,
        institution: &str,
        names: &[String],
        accounts: u32,
        by: &Author,
    ) -> Result<AccountKey, Error> {
        let institution = institution.trim().to_owned();
        let is_fit = (1..=LONGEST).contains(&institution.chars().count())
            && !institution.chars().any(char::is_control);
        if !is_fit {
            return Err(Error::Institution { name: institution });
        }
        let names = Permit::read(names.iter().map(String::as_str))?.text();
        let (kid, secret) = (hex::encode(draw::<8>()?), draw::<32>()?);
        let key = AccountKey { kid: kid.clone(), hmac: URL_SAFE_NO_PAD.encode(secret) };
        let detail = json!({ "institution": institution, "names": names, "accounts": accounts });
        let entry = by.entry("acme.key.create", Subject::new("acme-key", &kid)).detail(detail);
        let (at, actor) = (self.now(), by.actor.clone());
        let sql = "INSERT INTO acme_key
            (kid, institution, names, secret, accounts, created, created_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let row = values![kid, institution, names, secret.to_vec(), accounts, at.0, actor];
        self.store()
            .write::<_, Error, _>(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    tx.execute(sql, &row).await?;
                    ets_journal::append(tx, at, entry).await?;
                    Ok(())
                })
            })
            .await?;
        Ok(key)
    }

    /// The keys for accounts, the newest first, at most 1,000.
    ///
    /// # Errors
    /// The database's.
    pub async fn account_keys(&self) -> Result<Vec<KeyListed>, Error> {
        let sql = "SELECT k.kid, k.institution, k.names, k.accounts, k.created, k.created_by,
            k.revoked, (SELECT COUNT(*) FROM acme_account a WHERE a.kid = k.kid) AS used
            FROM acme_key k ORDER BY k.created DESC, k.kid LIMIT 1000";
        self.store().query(sql, &[]).await?.iter().map(key_listed).collect()
    }

    /// Takes a key back: no account is bound by it any more, and those that were may ask for
    /// nothing. What was issued stays valid; it is revoked at the desk.
    ///
    /// # Errors
    /// [`Error::NoKey`]; the database's.
    pub async fn revoke_account_key(&self, kid: &str, by: &Author) -> Result<(), Error> {
        let entry = by.entry("acme.key.revoke", Subject::new("acme-key", kid));
        let (at, kid) = (self.now(), kid.to_owned());
        self.store()
            .write(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    let sql = "UPDATE acme_key SET revoked = $2, secret = $3
                        WHERE kid = $1 AND revoked IS NULL";
                    if tx.execute(sql, &values![&kid, at.0, None::<Vec<u8>>]).await? == 0 {
                        return Err(Error::NoKey { kid });
                    }
                    let sql = "UPDATE acme_account SET status = 'revoked' WHERE kid = $1";
                    tx.execute(sql, &values![&kid]).await?;
                    ets_journal::append(tx, at, entry).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Makes a secret with which the router of this name gets its first certificate, once. An older
    /// one of the same router is good for nothing from then on.
    ///
    /// # Errors
    /// [`Error::Name`]; the database's.
    pub async fn new_router_secret(&self, name: &str, by: &Author) -> Result<RouterSecret, Error> {
        let name = name.trim().to_ascii_lowercase();
        if !is_dns(&name) || name.len() > LONGEST {
            let why = "a router's name has at most 64 Latin letters, digits, hyphens and dots";
            return Err(Error::Name { name, why });
        }
        let secret = URL_SAFE_NO_PAD.encode(draw::<18>()?);
        let (at, actor) = (self.now(), by.actor.clone());
        let until = at.plus(self.config().secret_life);
        let entry = by.entry("est.secret.create", Subject::new("router", &name));
        let sql = "INSERT INTO est_secret (name, hash, created, created_by, expires)
            VALUES ($1, $2, $3, $4, $5)";
        let row = values![&name, hashed(&secret), at.0, actor, until.0];
        let old = name.clone();
        self.store()
            .write::<_, Error, _>(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    tx.execute("DELETE FROM est_secret WHERE name = $1", &values![old]).await?;
                    tx.execute(sql, &row).await?;
                    ets_journal::append(tx, at, entry).await?;
                    Ok(())
                })
            })
            .await?;
        Ok(RouterSecret { name, secret, until })
    }

    /// The routers' secrets, the newest first, at most 10,000.
    ///
    /// # Errors
    /// The database's.
    pub async fn router_secrets(&self) -> Result<Vec<RouterListed>, Error> {
        let sql = "SELECT name, created, created_by, expires, used, serial FROM est_secret
            ORDER BY created DESC, name LIMIT 10000";
        self.store().query(sql, &[]).await?.iter().map(router_listed).collect()
    }

    /// Takes a router's secret back that was not used.
    ///
    /// # Errors
    /// [`Error::NoSecret`]; the database's.
    pub async fn revoke_router_secret(&self, name: &str, by: &Author) -> Result<(), Error> {
        let entry = by.entry("est.secret.revoke", Subject::new("router", name));
        let (at, name) = (self.now(), name.to_owned());
        self.store()
            .write(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    let sql = "DELETE FROM est_secret WHERE name = $1 AND used IS NULL";
                    if tx.execute(sql, &values![&name]).await? == 0 {
                        return Err(Error::NoSecret { name });
                    }
                    ets_journal::append(tx, at, entry).await?;
                    Ok(())
                })
            })
            .await
    }
}

/// Of 144 random bits a plain hash is enough.
pub(crate) fn hashed(secret: &str) -> Vec<u8> {
    digest(&SHA256, secret.as_bytes()).as_ref().to_vec()
}

fn key_listed(row: &Row) -> Result<KeyListed, Error> {
    Ok(KeyListed {
        kid: row.text("kid")?.to_owned(),
        institution: row.text("institution")?.to_owned(),
        names: row.text("names")?.split_whitespace().map(str::to_owned).collect(),
        accounts: row.number("accounts")?,
        used: row.number("used")?,
        created: WallTime(row.int("created")?),
        created_by: row.text("created_by")?.to_owned(),
        revoked: row.opt_int("revoked")?.map(WallTime),
    })
}

fn router_listed(row: &Row) -> Result<RouterListed, Error> {
    Ok(RouterListed {
        name: row.text("name")?.to_owned(),
        created: WallTime(row.int("created")?),
        created_by: row.text("created_by")?.to_owned(),
        until: WallTime(row.int("expires")?),
        used: row.opt_int("used")?.map(WallTime),
        serial: row.opt_text("serial")?.map(str::to_owned),
    })
}
