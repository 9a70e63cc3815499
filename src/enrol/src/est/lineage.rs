//! Which certificate of a router came by which: whoever had the key of one may have had those of all
//! that came by it made, so what is taken from it is taken from them.
//!
//! It is kept in memory beside the authority's own index, so that looking costs no database.

use std::collections::HashMap;
use std::iter::successors;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use ets_ca::{Reason, Serial, State};
use ets_registry::Author;
use ets_store::Store;

use crate::{Enrol, Error};

/// So often what came by a certificate that was taken is looked for.
const BEAT: Duration = Duration::from_millis(250);
/// So far back a certificate is followed: each is good for half of its life at least.
const FAR: usize = 64;

/// By the serial number of a certificate that of the one that it renewed.
#[derive(Debug, Default)]
pub(crate) struct Lineage(Mutex<HashMap<Serial, Serial>>);

/// How a certificate was taken: for good with a reason, or until it is given back.
type Taken = Option<Reason>;

impl Lineage {
    /// All that is known.
    pub(crate) async fn read(store: &Store) -> Result<Self, Error> {
        let mut all = HashMap::new();
        for row in store.query("SELECT new_serial, old_serial FROM est_renewal", &[]).await? {
            let serial = |column| {
                let text = row.text(column)?;
                let what = format!("the renewal of {text}");
                text.parse().map_err(|_| Error::Unreadable { what })
            };
            all.insert(serial("new_serial")?, serial("old_serial")?);
        }
        Ok(Self(Mutex::new(all)))
    }

    pub(super) fn enter(&self, new: Serial, old: Serial) {
        self.all().insert(new, old);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Serial, Serial>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Enrol {
    /// Takes what came by certificates that were taken, as long as this enrolment is open.
    pub(crate) fn watch_lineage(&self) {
        let inner = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            let mut beat = tokio::time::interval(BEAT);
            loop {
                beat.tick().await;
                let Some(enrol) = Weak::upgrade(&inner).map(Self) else { return };
                enrol.take_what_came().await;
            }
        });
    }

    /// How one that a certificate came by was taken, if one was.
    pub(super) fn taken_before(&self, serial: Serial) -> Option<Taken> {
        self.taken(&self.0.lineage.all(), serial)
    }

    async fn take_what_came(&self) {
        for (serial, taken) in self.due() {
            let by = Author { reason: REASON.to_owned(), ..Author::new("hub") };
            let done = match taken {
                Some(reason) => self.ca().revoke(serial, reason, &by).await,
                None => self.ca().suspend(serial, &by).await,
            };
            match done {
                Ok(()) | Err(ets_ca::Error::Owed(_) | ets_ca::Error::Over(..)) => {}
                Err(error) => {
                    tracing::error!(%serial, %error, "what came by a taken certificate stays valid");
                }
            }
        }
    }

    /// What is still to be taken, and how.
    fn due(&self) -> Vec<(Serial, Taken)> {
        let all = self.0.lineage.all();
        let due = |serial: &Serial| {
            let state = self.ca().standing(*serial)?.0;
            let taken = match state {
                State::Active | State::Suspended => self.taken(&all, *serial)?,
                State::Intended | State::Revoked => return None,
            };
            (state == State::Active || taken.is_some()).then_some((*serial, taken))
        };
        all.keys().filter_map(due).collect()
    }

    /// What ends for good counts more than what may be given back.
    fn taken(&self, all: &HashMap<Serial, Serial>, serial: Serial) -> Option<Taken> {
        let before = successors(all.get(&serial), |one| all.get(one)).take(FAR);
        let taken: Vec<Taken> = before.filter_map(|one| how(self.ca().standing(*one)?)).collect();
        taken.iter().copied().find(Option::is_some).or(taken.first().copied())
    }
}

/// One that was superseded was not in wrong hands: that is what a renewal is for.
fn how(standing: (State, Option<Reason>)) -> Option<Taken> {
    match standing {
        (State::Suspended, _) => Some(None),
        (State::Revoked, Some(Reason::Superseded)) => None,
        (State::Revoked, reason) => Some(Some(reason.unwrap_or(Reason::Unspecified))),
        (State::Active | State::Intended, _) => None,
    }
}

/// Why, in the journal.
const REASON: &str = "it came by a certificate that was taken";
