//! A router's further certificate: in the second half of the present one's life, one at a time, and
//! only as long as nothing that it came by was taken.

use std::time::SystemTime;

use ets_ca::{Kept, Note, Serial, State, Subject, Wanted};
use ets_model::WallTime;
use ets_registry::Author;
use ets_store::{Tx, values};

use super::PROFILE;
use super::request::Refusal;
use crate::{Enrol, Error};

/// What a router can do with the certificate that it shows.
pub(super) enum Renewal {
    /// Get a further one.
    Due(Due),
    /// This one in PEM, once more: it was issued, and nothing has come of it yet.
    Had(String),
}

/// A renewal that is due.
pub(super) struct Due {
    old: Kept,
    subject: Subject,
    /// How many renewed the same one, and open nothing any more.
    nth: i64,
}

impl Renewal {
    /// What becomes of a renewal of `old`, which is in force.
    pub(super) async fn find(enrol: &Enrol, old: Kept, subject: Subject) -> Result<Self, Refusal> {
        if enrol.taken_before(old.serial).is_some() {
            return Err(Refusal::Taken);
        }
        let after = after(enrol, old.serial).await?;
        for one in &after {
            let kept = match enrol.ca().find(*one).await {
                Err(ets_ca::Error::Unknown(_)) => continue,
                found => found?,
            };
            match kept.state {
                _ if kept.not_after <= enrol.now() => {}
                State::Revoked => {}
                State::Active => return Ok(Self::Had(kept.certificate)),
                // It is being signed, or an officer thinks about it.
                State::Intended | State::Suspended => return Err(Refusal::Renewed),
            }
        }
        let opens = old.not_before.plus(life(&old) / 2);
        if enrol.now() < opens {
            return Err(Refusal::Early(opens));
        }
        let nth = i64::try_from(after.len()).unwrap_or(i64::MAX);
        Ok(Self::Due(Due { old, subject, nth }))
    }
}

fn life(kept: &Kept) -> std::time::Duration {
    kept.not_after.since(kept.not_before)
}

/// What renewed a certificate.
async fn after(enrol: &Enrol, old: Serial) -> Result<Vec<Serial>, Error> {
    let sql = "SELECT new_serial FROM est_renewal WHERE old_serial = $1 ORDER BY nth";
    let rows = enrol.store().query(sql, &values![old.to_string()]).await?;
    let read = |row: &ets_store::Row| {
        let what = format!("the renewal of {old}");
        row.text("new_serial")?.parse().map_err(|_| Error::Unreadable { what })
    };
    rows.iter().map(read).collect()
}

impl Due {
    /// Issues the certificate; answers it in PEM.
    pub(super) async fn issue(self, enrol: &Enrol, csr: &[u8]) -> Result<String, Refusal> {
        let (old, now) = (self.old.serial, enrol.now());
        let by = Author::new(format!("est:{}", self.subject.common_name()));
        let wanted = Wanted {
            profile: PROFILE.to_owned(),
            // What was shorter than the profile says was meant so.
            until: Some(SystemTime::from(now) + life(&self.old)),
            names: self.old.names,
            subject: self.subject,
        };
        let nth = self.nth;
        let note: Note = Box::new(move |tx, new| {
            let sql = "INSERT INTO est_renewal (new_serial, old_serial, nth, at)
                VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
            let row = values![new.to_string(), old.to_string(), nth, now.0];
            Box::pin(async move { Ok(tx.execute(sql, &row).await? == 1) })
        });
        match enrol.ca().issue_noted(note, wanted, Some(csr), &by).await {
            Ok(issued) => {
                enrol.0.lineage.enter(issued.serial, old);
                Ok(issued.certificate)
            }
            // Another one with the same certificate was sooner.
            Err(ets_ca::Error::Abandoned(_)) => Err(Refusal::Renewed),
            Err(error) => {
                forget(enrol, old, (nth, now)).await?;
                Err(error.into())
            }
        }
    }
}

/// The renewal that failed holds up no other, unless there is a certificate after all.
async fn forget(enrol: &Enrol, old: Serial, (nth, at): (i64, WallTime)) -> Result<(), Error> {
    let sql = "SELECT new_serial FROM est_renewal WHERE old_serial = $1 AND nth = $2 AND at = $3";
    let mark = values![old.to_string(), nth, at.0];
    let Some(row) = enrol.store().query_optional(sql, &mark).await? else { return Ok(()) };
    if let Ok(new) = row.text("new_serial")?.parse()
        && enrol.ca().find(new).await.is_ok_and(|kept| !kept.certificate.is_empty())
    {
        return Ok(());
    }
    let sql = "DELETE FROM est_renewal WHERE old_serial = $1 AND nth = $2 AND at = $3";
    enrol
        .store()
        .write::<_, Error, _>(move |tx: &mut Tx<'_>| {
            Box::pin(async move { Ok(tx.execute(sql, &mark).await.map(drop)?) })
        })
        .await
}
