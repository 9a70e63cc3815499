//! How an account is bound to an institution (RFC 8555, section 7.3.4): a seal over the account's
//! key, by the key that an officer handed to the institution.

use ets_journal::Subject;
use ets_model::WallTime;
use ets_registry::Author;
use ets_store::{Row, Store, Tx, values};
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

    /// Holds the seal against the institution's key, as it stands in the database.
    fn must_fit<'r>(&self, key: Option<&'r Row>) -> Result<&'r Row, Problem> {
        let key = key.ok_or_else(|| self.refused())?;
        let secret = key.opt_blob("secret")?.ok_or_else(|| self.refused())?;
        if self.jws.is_sealed_by(secret) { Ok(key) } else { Err(self.refused()) }
    }

    fn refused(&self) -> Problem {
        let detail = format!("the key \"{}\" does not bind this account", shown(&self.kid));
        Problem::new(Kind::Unauthorized, detail)
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
    /// The account of this key, where there is one. Where there is none and none can be made, that
    /// is found out here: nothing is written for a stranger.
    ///
    /// # Errors
    /// accountDoesNotExist, externalAccountRequired, unauthorized.
    pub(super) async fn known(&self, store: &Store) -> Result<Option<Account>, Problem> {
        if let Some(account) = rows::known(store, &self.key.thumbprint()).await? {
            return Ok(Some(account));
        }
        if self.must_exist {
            let detail = "there is no account of this key";
            return Err(Problem::new(Kind::AccountDoesNotExist, detail));
        }
        let binding = self.bound()?;
        let row = store.query_optional(KEY, &values![&binding.kid]).await?;
        binding.must_fit(row.as_ref())?;
        Ok(None)
    }

    /// Makes the account of this key, unless another one was sooner.
    ///
    /// # Errors
    /// externalAccountRequired, unauthorized.
    pub(super) async fn make(self, tx: &mut Tx<'_>) -> Result<Made, Problem> {
        if let Some(account) = rows::account_of(tx, &self.key.thumbprint()).await? {
            return Ok(Made { account, is_new: false });
        }
        let binding = self.bound()?;
        let institution = redeem(tx, binding).await?;
        self.insert(tx, &binding.kid, &institution).await?;
        let made = rows::account_of(tx, &self.key.thumbprint()).await?;
        let account = made.ok_or_else(Problem::not_yours)?;
        Ok(Made { account, is_new: true })
    }

    fn bound(&self) -> Result<&Binding, Problem> {
        self.binding.as_ref().ok_or_else(|| {
            let detail = "an account is bound to an institution: ask its officer for a key";
            Problem::new(Kind::ExternalAccountRequired, detail)
        })
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

const KEY: &str = "SELECT institution, secret, accounts FROM acme_key
    WHERE kid = $1 AND revoked IS NULL";

/// Uses an institution's key once; answers whose it is. When it is used up, its secret is
/// forgotten: a stolen database binds no account.
async fn redeem(tx: &mut Tx<'_>, binding: &Binding) -> Result<String, Problem> {
    let sql = format!("{KEY}{}", tx.for_update());
    let row = tx.query_optional(&sql, &values![&binding.kid]).await?;
    let row = binding.must_fit(row.as_ref())?;
    let sql = "SELECT COUNT(*) AS used FROM acme_account WHERE kid = $1";
    let used = tx.query_one(sql, &values![&binding.kid]).await?.int("used")?;
    let most = row.int("accounts")?;
    if used >= most {
        return Err(binding.refused());
    }
    if used + 1 == most {
        let sql = "UPDATE acme_key SET secret = $2 WHERE kid = $1";
        tx.execute(sql, &values![&binding.kid, None::<Vec<u8>>]).await?;
    }
    Ok(row.text("institution")?.to_owned())
}
