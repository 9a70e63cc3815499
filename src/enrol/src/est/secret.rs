//! The secret of a router: it leads to one certificate, and not to none because the hub ended.
//!
//! It is marked in the transaction of the certificate's intent. Whoever comes with it again gets the
//! same certificate for the same key; where the hub ended before there was one, it is good again.

use ets_ca::{Note, State, Subject, Wanted};
use ets_journal::Subject as On;
use ets_registry::Author;
use ets_store::{Tx, values};

use super::PROFILE;
use super::request::Refusal;
use crate::officer::hashed;
use crate::{Enrol, Error};

/// What a secret is good for.
pub(super) enum Secret {
    /// A first certificate.
    Good(Mark),
    /// This certificate in PEM, once more.
    Used(String),
}

/// What is written where a secret is used.
pub(super) struct Mark {
    name: String,
    hash: Vec<u8>,
    /// The certificate that was to be signed when the hub ended; empty where there was none.
    before: String,
}

impl Secret {
    /// What a router can do with this secret; none where it is not its, or over, or where what it
    /// led to opens nothing or is being signed.
    pub(super) async fn find(
        enrol: &Enrol,
        name: &str,
        secret: &str,
    ) -> Result<Option<Self>, Error> {
        let sql = "SELECT serial FROM est_secret WHERE name = $1 AND hash = $2 AND expires > $3";
        let hash = hashed(secret);
        let row = values![name, hash.clone(), enrol.now().0];
        let Some(row) = enrol.store().query_optional(sql, &row).await? else { return Ok(None) };
        let before = row.opt_text("serial")?.unwrap_or_default().to_owned();
        let good = Self::Good(Mark { name: name.to_owned(), hash, before: before.clone() });
        let Ok(serial) = before.parse() else { return Ok(Some(good)) };
        match enrol.ca().find(serial).await {
            Ok(kept) if kept.state == State::Active => Ok(Some(Self::Used(kept.certificate))),
            Ok(kept) if kept.state == State::Revoked && kept.certificate.is_empty() => {
                Ok(Some(good))
            }
            Ok(_) => Ok(None),
            Err(ets_ca::Error::Unknown(_)) => Ok(Some(good)),
            Err(error) => Err(error.into()),
        }
    }
}

impl Mark {
    /// Issues the certificate of a router; answers it in PEM.
    pub(super) async fn issue(self, enrol: &Enrol, csr: &[u8]) -> Result<String, Refusal> {
        let (name, at) = (self.name.clone(), enrol.now().0);
        let wanted = Wanted {
            profile: PROFILE.to_owned(),
            subject: Subject::of_name(&name),
            names: vec![name.clone()],
            until: None,
        };
        let by = Author::new(format!("est:{name}"));
        let note: Note = Box::new(move |tx, serial| {
            let sql = "UPDATE est_secret SET used = $4, serial = $5 WHERE name = $1 AND hash = $2
                AND COALESCE(serial, '') = $3 AND expires > $4";
            let row = values![self.name, self.hash, self.before, at, serial.to_string()];
            Box::pin(async move { Ok(tx.execute(sql, &row).await? == 1) })
        });
        match enrol.ca().issue_noted(note, wanted, Some(csr), &by).await {
            Ok(issued) => {
                tell(enrol, &name, &issued.serial.to_string(), &by).await?;
                Ok(issued.certificate)
            }
            Err(error) => {
                free(enrol, name, at).await?;
                Err(error.into())
            }
        }
    }
}

/// Notes for people what the secret was used for.
async fn tell(enrol: &Enrol, name: &str, serial: &str, by: &Author) -> Result<(), Error> {
    let detail = serde_json::json!({ "serial": serial });
    let entry = by.entry("est.secret.use", On::new("router", name)).detail(detail);
    let at = enrol.now();
    enrol
        .store()
        .write::<_, Error, _>(move |tx: &mut Tx<'_>| {
            Box::pin(async move { Ok(ets_journal::append(tx, at, entry).await.map(drop)?) })
        })
        .await
}

/// The secret that was marked at this moment is good again, unless there is a certificate after all.
async fn free(enrol: &Enrol, name: String, at: i64) -> Result<(), Error> {
    let sql = "SELECT serial FROM est_secret WHERE name = $1 AND used = $2";
    let row = enrol.store().query_optional(sql, &values![&name, at]).await?;
    let Some(row) = row else { return Ok(()) };
    if let Ok(serial) = row.opt_text("serial")?.unwrap_or_default().parse()
        && enrol.ca().find(serial).await.is_ok_and(|kept| !kept.certificate.is_empty())
    {
        return Ok(());
    }
    let sql = "UPDATE est_secret SET used = NULL, serial = NULL WHERE name = $1 AND used = $2";
    enrol
        .store()
        .write::<_, Error, _>(move |tx: &mut Tx<'_>| {
            Box::pin(async move { Ok(tx.execute(sql, &values![name, at]).await.map(drop)?) })
        })
        .await
}
