//! What lies on one token: a certificate, those before it and those after it, each renewed by the
//! next. Whoever has the token has all of them, so what is taken from one is taken from all.

use std::time::Duration;

use ets_registry::Author;
use ets_store::Tx;
use tokio::task::JoinSet;

use super::desk::Desk;
use super::stage::Step;
use super::{Error, Order, Stage, tables};
use crate::{Reason, Serial};

/// So many renewals are followed from a certificate in either direction: more than are valid at once.
const FAR: usize = 16;
/// So often a database that could not say what lies beside is asked again.
const AGAIN: Duration = Duration::from_millis(500);

impl Desk {
    /// Takes a certificate away, by `taking`, and ends what lies on the same token: whoever has the
    /// key of one has those of all. What the database cannot name now follows as soon as it can.
    ///
    /// # Errors
    /// Those of `taking`; [`crate::Error::Owed`] where the database has not heard of all yet.
    pub async fn take_whole(
        &self,
        (serial, reason): (Serial, Reason),
        taking: impl Future<Output = Result<(), crate::Error>>,
        by: &Author,
    ) -> Result<(), Error> {
        // What is known bites before anything waits for the database.
        let (own, known) = tokio::join!(taking, self.take_known(serial, Some(reason), by));
        let all = match known {
            Err(error) if is_of_the_database(&error) => Err(error),
            known => both(known, self.take_beside(serial, Some(reason), by).await),
        };
        match (own, all) {
            (Ok(()) | Err(crate::Error::Owed(_)), Err(error)) if is_of_the_database(&error) => {
                tracing::warn!(%serial, %error, "what lies on the same token is not known yet");
                self.end_later(serial, reason, by);
                Err(crate::Error::Owed(serial).into())
            }
            // It was over before, and another one was not.
            (Err(crate::Error::Over(..)), Ok(1..)) => Ok(()),
            (own, all) => both(own.map(|()| 1).map_err(Error::from), all).map(drop),
        }
    }

    /// Suspends the certificate of an order and what lies beside it, all at once: none stays open
    /// while the database is told of another.
    pub(super) async fn suspend_whole(&self, order: &Order, by: &Author) -> Result<(), Error> {
        let Some(serial) = order.serial else { return Ok(()) };
        let own = async { Ok(self.0.ca.suspend(serial, by).await.map(|()| 1)?) };
        let (own, known) = tokio::join!(own, self.take_known(serial, None, by));
        let rest = self.take_beside(serial, None, by).await;
        both(own, both(known, rest)).map(drop)
    }

    pub(super) async fn suspend_beside(&self, order: &Order, by: &Author) -> Result<(), Error> {
        let Some(serial) = order.serial else { return Ok(()) };
        self.take_beside(serial, None, by).await.map(drop)
    }

    pub(super) async fn resume_beside(&self, order: &Order, by: &Author) -> Result<(), Error> {
        let Some(serial) = order.serial else { return Ok(()) };
        for (one, stage) in self.beside(serial).await? {
            if stage == Stage::Suspended {
                self.0.ca.resume(one, by).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn end_beside(
        &self,
        order: &Order,
        reason: Reason,
        by: &Author,
    ) -> Result<(), Error> {
        let Some(serial) = order.serial else { return Ok(()) };
        match self.take_beside(serial, Some(reason), by).await {
            // What is owed to the database opens nothing; others may still have to end.
            Err(error) if !is_owed(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Takes what lies beside a certificate, also what was being signed: renewals that have no
    /// certificate yet are refused first, so that one that is being signed is either seen or not
    /// wanted any more. Answers how many were taken.
    async fn take_beside(
        &self,
        serial: Serial,
        reason: Option<Reason>,
        by: &Author,
    ) -> Result<usize, Error> {
        let refused = self.refuse_renewals(serial).await.map(|()| 0);
        both(refused, self.take_known(serial, reason, by).await)
    }

    /// Ends what lies beside a certificate, or suspends it where no reason is given; all of them at
    /// once, and each although another one fails.
    async fn take_known(
        &self,
        serial: Serial,
        reason: Option<Reason>,
        by: &Author,
    ) -> Result<usize, Error> {
        let mut turning = JoinSet::new();
        for (one, stage) in self.beside(serial).await? {
            let (ca, by) = (self.0.ca.clone(), by.clone());
            match reason {
                Some(reason) => turning.spawn(async move { ca.revoke(one, reason, &by).await }),
                None if stage.opens() => turning.spawn(async move { ca.suspend(one, &by).await }),
                None => continue,
            };
        }
        let mut all = Ok(0);
        for turned in turning.join_all().await {
            all = match turned {
                // Somebody else was sooner.
                Err(crate::Error::Over(..)) => all,
                turned => both(all, turned.map(|()| 1).map_err(Error::from)),
            };
        }
        all
    }

    /// Ends what lies beside a certificate once the database can say what that is.
    fn end_later(&self, serial: Serial, reason: Reason, by: &Author) {
        let (desk, by) = (self.clone(), by.clone());
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(AGAIN).await;
                match desk.take_beside(serial, Some(reason), &by).await {
                    Err(error) if is_of_the_database(&error) => {}
                    Err(error) if !is_owed(&error) => {
                        tracing::error!(%serial, %error, "what lies on the same token stays valid");
                        return;
                    }
                    _ => return,
                }
            }
        });
    }

    /// The other certificates on a token that may still open something, and where each stands.
    async fn beside(&self, serial: Serial) -> Result<Vec<(Serial, Stage)>, Error> {
        let mut alive = Vec::new();
        for one in self.before(serial).await?.into_iter().chain(self.after(serial).await?) {
            let (kept, order) = (self.0.ca.find(one).await?, self.of_serial(one).await?);
            let now = self.0.clock.wall();
            // The first one may have been issued without an order.
            let stage = order.map_or_else(
                || Stage::of(Step::HandedOver, true, Some((kept.state, kept.not_after)), now),
                |order| order.stage(Some(&kept), now),
            );
            if stage.is_alive() {
                alive.push((one, stage));
            }
        }
        Ok(alive)
    }

    /// What a certificate renewed, and what that had renewed, and so on.
    async fn before(&self, serial: Serial) -> Result<Vec<Serial>, Error> {
        let (mut all, mut first) = (Vec::new(), serial);
        while all.len() < FAR
            && let Some(old) = self.of_serial(first).await?.and_then(|order| order.renews)
        {
            all.push(old);
            first = old;
        }
        Ok(all)
    }

    /// What renewed a certificate, and what renewed that, and so on.
    async fn after(&self, serial: Serial) -> Result<Vec<Serial>, Error> {
        let (mut all, mut last) = (Vec::new(), serial);
        while all.len() < FAR
            && let Some(new) = self.renewed_by(last).await?.and_then(|order| order.serial)
        {
            all.push(new);
            last = new;
        }
        Ok(all)
    }

    /// Refuses the renewals of a certificate, and of those that renewed it, that have none yet.
    async fn refuse_renewals(&self, serial: Serial) -> Result<(), Error> {
        let mut last = serial;
        for _ in 0..FAR {
            let Some(order) = self.renewed_by(last).await? else { return Ok(()) };
            match order.serial {
                Some(new) => last = new,
                // It may have been issued meanwhile: the next look says so.
                None => self.refuse_renewals_of(last).await?,
            }
        }
        Ok(())
    }

    async fn refuse_renewals_of(&self, serial: Serial) -> Result<(), Error> {
        let at = self.0.clock.wall();
        let refused = self.0.store.write(move |tx: &mut Tx<'_>| {
            Box::pin(async move { tables::refuse_renewals(tx, serial, at).await })
        });
        refused.await
    }
}

/// Two answers as one: a failure says more than what is owed, and that more than what was done.
fn both(one: Result<usize, Error>, other: Result<usize, Error>) -> Result<usize, Error> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok(one + other),
        (Ok(_), Err(error)) => Err(error),
        (Err(owed), Err(error)) if is_owed(&owed) && !is_owed(&error) => Err(error),
        (Err(error), _) => Err(error),
    }
}

/// Whether it is done, and the database does not know it yet.
fn is_owed(error: &Error) -> bool {
    matches!(error, Error::Ca(crate::Error::Owed(_)))
}

/// Whether the database could not be asked or told.
fn is_of_the_database(error: &Error) -> bool {
    use crate::Error as Ca;
    matches!(error, Error::Store(_) | Error::Journal(_) | Error::Ca(Ca::Store(_) | Ca::Journal(_)))
}
