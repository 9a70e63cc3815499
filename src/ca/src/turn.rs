//! A certificate suspended, resumed, revoked: first in the log; what takes something away bites
//! then, and the database is told, be it later; what gives something back is told to the database
//! first. The list that it stands in is signed before whoever wanted it is answered.

use std::collections::VecDeque;
use std::sync::{MutexGuard, PoisonError};

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
    /// Whether the last administrator's certificate in force is left alone.
    pub(crate) spares_last: bool,
}

impl Turn {
    /// A revocation, or a suspension where no reason is given.
    pub(crate) fn taking(serial: Serial, reason: Option<Reason>) -> Self {
        let (from, to) = match reason {
            Some(_) => (vec![State::Active, State::Suspended], State::Revoked),
            None => (vec![State::Active], State::Suspended),
        };
        Self { serial, from, to, reason, spares_last: false }
    }

    /// The end of a suspension.
    pub(crate) fn giving_back(serial: Serial) -> Self {
        let from = vec![State::Suspended];
        Self { serial, from, to: State::Active, reason: None, spares_last: false }
    }
}

impl Ca {
    /// In a task of its own: the database writes also for those who have gone meanwhile, and what
    /// it wrote must bite.
    pub(crate) async fn whole(&self, turn: Turn, by: &Author) -> Result<(), Error> {
        let (desk, by) = (self.clone(), by.clone());
        let serial = turn.serial;
        let done = tokio::spawn(async move {
            match turn.to {
                State::Active => desk.give_back(&turn, &by).await,
                _ => desk.take(&turn, &by).await,
            }
        });
        done.await.unwrap_or(Err(Error::Abandoned(serial)))
    }

    /// The database comes last: whoever is to be shut out does not live on while it lets us wait,
    /// and where it cannot take it, it is told later.
    async fn take(&self, turn: &Turn, by: &Author) -> Result<(), Error> {
        let logged = self.bite(turn).await?;
        self.publish(turn.serial).await;
        let told = self.register(turn, *logged.as_ref().unwrap_or(&0), by).await;
        // Where the log failed the next start writes into it what the database has.
        logged.and(told)
    }

    async fn register(&self, turn: &Turn, lines: u64, by: &Author) -> Result<(), Error> {
        let _turning = self.0.turning.lock().await;
        let done = match self.find(turn.serial).await {
            Ok(known) => self.turn(&known, turn, lines, by).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(()) => self.tell(turn.serial).await,
            Err(Error::Over(..) | Error::Unknown(_)) => return done,
            Err(error) => return Err(self.owe(turn, &error, by)),
        }
        Ok(())
    }

    /// The log first: what it has, a restored backup of the database does not take back. Answers
    /// how many lines there are, or why the log lacks this one: it is in force all the same.
    async fn bite(&self, turn: &Turn) -> Result<Result<u64, Error>, Error> {
        let serial = turn.serial;
        let own = CertId::new(self.0.deps.authority.name(), serial.bytes());
        let former = match self.0.status.index().standing(serial) {
            Some(_) => None,
            None => Some(self.find(serial).await?),
        };
        let _biting = self.0.biting.lock().await;
        if turn.spares_last && self.is_last_administrator(serial) {
            return Err(Error::LastAdministrator(serial));
        }
        let known = self.0.status.index().standing(serial).map(Standing::state);
        let state =
            known.or(former.as_ref().map(|kept| kept.state)).ok_or(Error::Unknown(serial))?;
        if !turn.from.contains(&state) {
            return Err(Error::Over(serial, state.code()));
        }
        let lines = self.0.log.append(vec![self.event(turn)]).await;
        // Also where the log failed, as long as the hub runs: nobody knows what is on the disk then.
        self.cut(turn, former.map_or(own, |kept| kept.id()));
        Ok(lines)
    }

    async fn give_back(&self, turn: &Turn, by: &Author) -> Result<(), Error> {
        let _turning = self.0.turning.lock().await;
        let known = self.find(turn.serial).await?;
        let lines = {
            let _biting = self.0.biting.lock().await;
            let standing = self.0.status.index().standing(turn.serial);
            let state = standing.map_or(known.state, Standing::state);
            if !turn.from.contains(&known.state) || !turn.from.contains(&state) {
                return Err(Error::Over(turn.serial, state.code()));
            }
            self.0.log.append(vec![self.event(turn)]).await?
        };
        let done = self.turn(&known, turn, lines, by).await;
        match done {
            Ok(()) => {
                self.owed()
                    .retain(|(owed, _)| owed.serial != turn.serial || owed.to == State::Revoked);
                self.tell(turn.serial).await;
                self.publish(turn.serial).await;
            }
            Err(Error::Over(..)) => {}
            Err(_) => {
                // It stays suspended, and the log says so again.
                let again = Turn { to: State::Suspended, ..turn.clone() };
                drop(self.0.log.append(vec![self.event(&again)]).await);
            }
        }
        done
    }

    /// The database is told as soon as it can hear it.
    fn owe(&self, turn: &Turn, why: &Error, by: &Author) -> Error {
        let serial = turn.serial;
        tracing::warn!(
            %serial,
            error = why as &dyn std::error::Error,
            "in force, and not yet in the database"
        );
        self.owed().push_back((turn.clone(), by.clone()));
        Error::Owed(serial)
    }

    fn owed(&self) -> MutexGuard<'_, VecDeque<(Turn, Author)>> {
        self.0.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the database what it has not taken yet, in turn. Where it does not take one it is away:
    /// the others are not tried on it before the next time.
    pub(crate) async fn pay(&self) {
        let many = self.owed().len();
        for _ in 0..many {
            let _turning = self.0.turning.lock().await;
            let Some((turn, by)) = self.owed().pop_front() else { return };
            let paid = match self.find(turn.serial).await {
                Ok(known) => self.turn(&known, &turn, 0, &by).await,
                Err(error) => Err(error),
            };
            match paid {
                Ok(()) | Err(Error::Over(..) | Error::Unknown(_)) => self.tell(turn.serial).await,
                // A matter of this row alone: nobody waits behind it.
                Err(Error::Unreadable(_)) => self.owed().push_back((turn, by)),
                Err(_) => {
                    self.owed().push_front((turn, by));
                    return;
                }
            }
        }
    }

    /// Puts what the database has into the set, the index and the connections, unless it was
    /// revoked meanwhile.
    async fn tell(&self, serial: Serial) {
        let Deps { connections, revoked, .. } = &self.0.deps;
        let Ok(kept) = self.find(serial).await else { return };
        let _biting = self.0.biting.lock().await;
        let known = self.0.status.index().standing(serial).map(Standing::state);
        if known == Some(State::Revoked) && kept.state != State::Revoked {
            return;
        }
        self.index(&kept);
        if kept.state == State::Active {
            revoked.remove(kept.id());
        } else {
            connections.revoke(kept.id());
        }
    }

    /// What the database does not say yet bites as long as the hub runs; the log keeps it beyond.
    fn cut(&self, turn: &Turn, id: CertId) {
        let (index, serial) = (self.0.status.index(), turn.serial);
        if let Some(standing) = index.standing(serial) {
            let at = self.0.deps.clock.wall().0;
            index.enter(serial, standing.turned(turn.to, turn.reason, at));
        }
        self.0.deps.connections.revoke(id);
        if self.0.status.answers_by(serial) {
            self.0.status.dismiss();
        }
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
                    let Turn { serial, from, to, reason, .. } = turn;
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
