//! How an account is bound to an institution (RFC 8555, section 7.3.4): a seal over the account's
//! key, by the key that an officer handed to the institution.

use ets_journal::Subject;
use ets_model::WallTime;
use ets_registry::Author;
use ets_store::{Tx, values};
use serde_json::{Value, json};

use crate::acme::rows::{self, Account};
use crate::identifier::shown;
use crate::jwk::Key;
use crate::jws::Jws;
use crate::problem::{Kind, Problem};

/// A seal, read and not yet held against the institution's key.
pub(super) struct Binding {
    kid: String,
    jws: Jws,
}

impl Binding {
    /// Reads a seal over `key`, for the address `url`.
    ///
    /// # Errors
    /// malformed, or unauthorized where it is about another key.
    pub(super) fn read(binding: &Value, key: &Key, url: &str) -> Result<Self, Problem> {
        let jws = Jws::inside(binding)?;
        let header = &jws.header;
        let is_fit = header.alg == "HS256"
            && header.nonce.is_none()
            && header.jwk.is_none()
            && header.url.as_deref() == Some(url);
        let (true, Some(kid)) = (is_fit, header.kid.clone()) else {
            let detail = "the binding has alg HS256, kid, the same url, and no nonce";
            return Err(Problem::malformed(detail));
        };
        if Key::read(&jws.says()?)? != *key {
            let detail = "the binding is for another key than the account's";
            return Err(Problem::new(Kind::Unauthorized, detail));
        }
        Ok(Self { kid, jws })
    }
}

/// An account that is asked for.
pub(super) struct Draft {
    pub(super) id: String,
    pub(super) key: Key,
    pub(super) contact: Vec<String>,
    pub(super) binding: Option<Binding>,
    /// Nothing is made (onlyReturnExisting).
    pub(super) must_exist: bool,
    pub(super) at: WallTime,
}

/// What became of it.
pub(super) struct Made {
    pub(super) account: Account,
    pub(super) is_new: bool,
}

impl Draft {
    /// Finds the account of this key, or makes it.
    ///
    /// # Errors
    /// accountDoesNotExist, externalAccountRequired, unauthorized.
    pub(super) async fn make(self, tx: &mut Tx<'_>) -> Result<Made, Problem> {
        if let Some(account) = rows::account_of(tx, &self.key.thumbprint()).await? {
            return Ok(Made { account, is_new: false });
        }
        if self.must_exist {
            let detail = "there is no account of this key";
            return Err(Problem::new(Kind::AccountDoesNotExist, detail));
        }
        let Some(binding) = &self.binding else {
            let detail = "an account is bound to an institution: ask its officer for a key";
            return Err(Problem::new(Kind::ExternalAccountRequired, detail));
        };
        let institution = redeem(tx, binding).await?;
        self.insert(tx, &binding.kid, &institution).await?;
        let made = rows::account_of(tx, &self.key.thumbprint()).await?;
        let account = made.ok_or_else(Problem::not_yours)?;
        Ok(Made { account, is_new: true })
    }

    async fn insert(&self, tx: &mut Tx<'_>, kid: &str, institution: &str) -> Result<(), Problem> {
        let sql = "INSERT INTO acme_account (id, kid, thumbprint, jwk, contact, status, created)
            VALUES ($1, $2, $3, $4, $5, 'valid', $6)";
        let contact = json!(self.contact).to_string();
        let (thumbprint, jwk) = (self.key.thumbprint(), self.key.canonical());
        tx.execute(sql, &values![&self.id, kid, thumbprint, jwk, contact, self.at.0]).await?;
        let by = Author {
            on_behalf: Some(institution.to_owned()),
            ..Author::new(format!("acme:{}", self.id))
        };
        let detail = json!({ "kid": kid, "contact": self.contact });
        let on = Subject::new("acme-account", &self.id);
        let entry = by.entry("acme.account.create", on).detail(detail);
        ets_journal::append(tx, self.at, entry).await?;
        Ok(())
    }
}

/// Uses an institution's key once; answers whose it is. When it is used up, its secret is
/// forgotten: a stolen database binds no account.
async fn redeem(tx: &mut Tx<'_>, binding: &Binding) -> Result<String, Problem> {
    let refused = || {
        let detail = format!("the key \"{}\" does not bind this account", shown(&binding.kid));
        Problem::new(Kind::Unauthorized, detail)
    };
    let lock = tx.for_update();
    let sql = format!(
        "SELECT institution, secret, accounts FROM acme_key
         WHERE kid = $1 AND revoked IS NULL{lock}"
    );
    let row = tx.query_optional(&sql, &values![&binding.kid]).await?.ok_or_else(refused)?;
    let secret = row.opt_blob("secret")?.ok_or_else(refused)?;
    if !binding.jws.is_sealed_by(secret) {
        return Err(refused());
    }
    let sql = "SELECT COUNT(*) AS used FROM acme_account WHERE kid = $1";
    let used = tx.query_one(sql, &values![&binding.kid]).await?.int("used")?;
    let most = row.int("accounts")?;
    if used >= most {
        return Err(refused());
    }
    if used + 1 == most {
        let sql = "UPDATE acme_key SET secret = $2 WHERE kid = $1";
        tx.execute(sql, &values![&binding.kid, None::<Vec<u8>>]).await?;
    }
    Ok(row.text("institution")?.to_owned())
}
