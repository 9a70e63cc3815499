//! A certificate suspended, resumed, revoked: first in the log; what takes something away bites
//! then, and the database is told; what gives something back is told to the database first. The
//! list that it stands in is signed before whoever wanted it is answered.

use std::sync::PoisonError;

use ets_registry::Author;
use ets_store::Tx;
use ets_tls::CertId;
use serde_json::json;

use crate::desk::{Deps, entry};
use crate::log::{Event, What};
use crate::status::index::Standing;
use crate::{Ca, Error, Kept, Reason, Serial, State, tables};

/// A step in a certificate's life.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) serial: Serial,
    pub(crate) from: Vec<State>,
    pub(crate) to: State,
    pub(crate) reason: Option<Reason>,
}

impl Ca {
    /// In a task of its own: the database writes also for those who have gone meanwhile, and what
    /// it wrote must bite.
    pub(crate) async fn whole(&self, turn: Turn, by: &Author) -> Result<(), Error> {
        let (desk, by) = (self.clone(), by.clone());
        let serial = turn.serial;
        let done = tokio::spawn(async move { desk.turn_and_tell(turn, &by).await });
        done.await.unwrap_or(Err(Error::Abandoned(serial)))
    }

    /// What the database says afterwards is what holds, whatever the answer was: a retry of a
    /// revocation whose answer was lost bites again. When the database cannot say or take it, the
    /// log has it, the certificate opens nothing, and the database is told later.
    async fn turn_and_tell(&self, turn: Turn, by: &Author) -> Result<(), Error> {
        let turning = self.0.turning.lock().await;
        let done = match self.find(turn.serial).await {
            Ok(kept) if turn.from.contains(&kept.state) => {
                self.log_and_turn(&kept, &turn, by).await
            }
            Ok(kept) => Err(Error::Over(turn.serial, kept.state.code())),
            Err(unknown @ Error::Unknown(_)) => return Err(unknown),
            Err(error) => self.turn_blindly(&turn, by).await.and(Err(error)),
        };
        self.tell(&turn, done.is_ok()).await;
        drop(turning);
        self.publish(turn.serial).await;
        done
    }

    /// The log first: what it has, a restored backup of the database does not take back.
    async fn log_and_turn(&self, known: &Kept, turn: &Turn, by: &Author) -> Result<(), Error> {
        let lines = self.0.log.append(vec![self.event(turn)]).await?;
        if turn.to != State::Active {
            // It is for good from here on: nobody lives on while a busy database lets us wait.
            self.cut(turn, known.id(), known.not_after.0);
        }
        let done = self.turn(known, turn, lines, by).await;
        match &done {
            Ok(()) | Err(Error::Over(..)) => {}
            Err(_) if turn.to == State::Active => {
                // It stays suspended, and the log says so again.
                let again = Turn { to: State::Suspended, ..turn.clone() };
                drop(self.0.log.append(vec![self.event(&again)]).await);
            }
            Err(_) => self.owe(turn, by),
        }
        done
    }

    /// Without the database: what takes something away goes into the log all the same.
    async fn turn_blindly(&self, turn: &Turn, by: &Author) -> Result<(), Error> {
        let is_ours = self.0.status.index().standing(turn.serial).is_some();
        if turn.to != State::Active && is_ours {
            self.0.log.append(vec![self.event(turn)]).await?;
            self.owe(turn, by);
        }
        Ok(())
    }

    fn owe(&self, turn: &Turn, by: &Author) {
        let owed = (turn.clone(), by.clone());
        self.0.owed.lock().unwrap_or_else(PoisonError::into_inner).push(owed);
    }

    /// Tells the database what it has not taken yet; what it still does not take is kept.
    pub(crate) async fn pay(&self) {
        let owed = std::mem::take(&mut *self.0.owed.lock().unwrap_or_else(PoisonError::into_inner));
        for (turn, by) in owed {
            let _turning = self.0.turning.lock().await;
            let paid = match self.find(turn.serial).await {
                Ok(known) => self.turn(&known, &turn, 0, &by).await,
                Err(error) => Err(error),
            };
            match paid {
                Ok(()) | Err(Error::Over(..) | Error::Unknown(_)) => self.tell(&turn, true).await,
                Err(_) => self.owe(&turn, &by),
            }
        }
    }

    /// Puts what holds into the set, the index and the connections.
    async fn tell(&self, turn: &Turn, is_done: bool) {
        let Deps { connections, revoked, authority, .. } = &self.0.deps;
        let found = self.find(turn.serial).await;
        let takes = turn.to != State::Active && !is_done;
        match found {
            Ok(kept) if kept.state == State::Active && !takes => {
                self.index(&kept);
                revoked.remove(kept.id());
            }
            Ok(kept) if kept.state == State::Active => self.cut(turn, kept.id(), kept.not_after.0),
            Ok(kept) => {
                self.index(&kept);
                connections.revoke(kept.id());
            }
            Err(_) => {
                let id = CertId::new(authority.name(), turn.serial.bytes());
                self.cut(turn, id, i64::MAX);
            }
        }
        if self.0.status.answers_by(turn.serial) {
            self.0.status.dismiss();
        }
    }

    /// What the database does not say yet bites as long as the hub runs; the log keeps it beyond.
    fn cut(&self, turn: &Turn, id: CertId, until: i64) {
        let to = if turn.to == State::Active { State::Suspended } else { turn.to };
        let index = self.0.status.index();
        if index.standing(turn.serial).is_some() {
            let at = self.0.deps.clock.wall().0;
            index.enter(turn.serial, Standing::new(to, turn.reason, at, until));
        }
        self.0.deps.connections.revoke(id);
    }

    fn index(&self, kept: &Kept) {
        if kept.issuer == self.0.deps.authority.name() {
            self.0.status.index().enter(kept.serial, Standing::of(kept));
        }
    }

    fn event(&self, turn: &Turn) -> Event {
        let what = match turn.to {
            State::Active => What::Resume,
            State::Suspended => What::Suspend,
            State::Revoked | State::Intended => What::Revoke,
        };
        Event::of(what, turn.serial, self.0.deps.clock.wall().0).why(turn.reason)
    }

    /// The certificate's list is signed anew before who asked for the change has his answer.
    async fn publish(&self, serial: Serial) {
        if self.0.status.index().standing(serial).is_some() {
            let published = self.0.status.list_of(serial).await;
            if let Err(error) = published {
                tracing::error!(%error, "a revocation list could not be signed");
            }
        }
    }

    async fn turn(&self, known: &Kept, turn: &Turn, lines: u64, by: &Author) -> Result<(), Error> {
        let action = match (known.state, turn.to) {
            (_, State::Revoked) => "certificate.revoke",
            (_, State::Active) => "certificate.resume",
            _ => "certificate.suspend",
        };
        let reason = turn.reason.map(Reason::code);
        let detail = json!({ "subject": known.subject, "reason": reason });
        let entry = entry(action, turn.serial, by).detail(detail);
        let (turn, at, store) = (turn.clone(), self.0.deps.clock.wall(), &self.0.deps.store);
        let serial = turn.serial;
        let done = store
            .write(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    let Turn { serial, from, to, reason } = turn;
                    let done = tables::turn(tx, serial, &from, to, reason, at).await?;
                    if done {
                        tables::logged(tx, lines).await?;
                        ets_journal::append(tx, at, entry).await?;
                    }
                    Ok::<_, Error>(done)
                })
            })
            .await?;
        if done { Ok(()) } else { Err(Error::Over(serial, known.state.code())) }
    }
}
