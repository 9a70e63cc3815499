//! The queue and who empties it.

use std::sync::Arc;
use std::time::Duration;

use ets_model::WallTime;
use ets_runtime::{Clock, Shutdown};
use ets_store::{Store, Tx};

use crate::letter::{Kept, LetterId, State};
use crate::smtp::{Outcome, Smtp};
use crate::{Config, Error, Letter, tables};

/// How often the queue is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// Letters that are read at a time.
const STRIDE: u32 = 100;
/// The pause after the first try in vain; each further one is three times as long.
const FIRST: Duration = Duration::from_secs(60);
/// The longest pause of a letter that the relay does not want yet.
const LONGEST: Duration = Duration::from_secs(4 * 3_600);
/// The longest pause while the relay takes nothing: what waits goes soon after it is back.
const AWAY: Duration = Duration::from_secs(300);

/// The room. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Notify(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    clock: Clock,
    smtp: Smtp,
    domain: String,
}

/// Builds the room on `state.db`, opened with [`crate::MIGRATIONS`].
///
/// # Errors
/// [`Error::Roots`], [`Error::Tls`].
pub fn build(config: &Config, store: Store, clock: Clock) -> Result<Notify, Error> {
    let (smtp, domain) = (Smtp::new(config)?, config.from.domain().to_owned());
    Ok(Notify(Arc::new(Inner { store, clock, smtp, domain })))
}

impl Notify {
    /// Writes a letter into the queue, in the transaction of what causes it: it goes out if and
    /// only if that is committed.
    ///
    /// # Errors
    /// The database's; [`Error::Random`].
    pub async fn queue(
        &self,
        tx: &mut Tx<'_>,
        letter: &Letter,
        at: WallTime,
    ) -> Result<LetterId, Error> {
        let mut number = [0; 16];
        getrandom::fill(&mut number).map_err(Error::Random)?;
        let message_id = format!("<{}@{}>", hex::encode(number), self.0.domain);
        Ok(tables::insert(tx, letter, &message_id, at).await?)
    }

    /// Hands letters to the relay until shutdown. The one under way is ended first, for as long as
    /// the process waits for its parts: cut off after the relay took it and before that was written
    /// down, it goes again at the next start, under the same Message-ID. So does one whose record
    /// fails until shutdown.
    ///
    /// # Errors
    /// Never: what fails is told in the log and tried again.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), Error> {
        let mut beat = tokio::time::interval(LOOK);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = shutdown.requested() => return Ok(()),
                _ = beat.tick() => {}
            }
            if let Err(error) = self.pass(&shutdown).await {
                tracing::error!(%error, "letters cannot be read: they wait");
            }
        }
    }

    /// Tries what is due, once. Ends early when the relay takes nothing.
    async fn pass(&self, shutdown: &Shutdown) -> Result<(), Error> {
        loop {
            let due = tables::due(&self.0.store, self.0.clock.wall(), STRIDE).await?;
            if due.is_empty() {
                return Ok(());
            }
            for letter in due {
                if shutdown.is_requested() {
                    return Ok(());
                }
                let outcome = self.0.smtp.send(&letter).await;
                let is_away = matches!(outcome, Outcome::Away(_));
                if !self.record(&letter, outcome, shutdown).await || is_away {
                    return Ok(());
                }
            }
        }
    }

    /// Writes down what became of a letter. The relay is not asked again while that fails, for it
    /// may have the letter; whether it was written down.
    async fn record(&self, letter: &Kept, outcome: Outcome, shutdown: &Shutdown) -> bool {
        tell(letter, &outcome);
        while let Err(error) = self.write(letter, outcome.clone()).await {
            tracing::error!(%error, letter = letter.id.0, "what became of a letter cannot be kept");
            tokio::select! {
                () = shutdown.requested() => return false,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        true
    }

    async fn write(&self, letter: &Kept, outcome: Outcome) -> Result<(), ets_store::Error> {
        let (id, tries, at) = (letter.id, letter.tries, self.0.clock.wall());
        let later = move |longest| at.plus(pause(tries, longest));
        let kept = self.0.store.write(move |tx: &mut Tx<'_>| {
            Box::pin(async move {
                match outcome {
                    Outcome::Sent => tables::done(tx, id, (State::Sent, ""), at).await,
                    Outcome::Refused(words) => {
                        tables::done(tx, id, (State::Failed, &words), at).await
                    }
                    Outcome::NotNow(words) => tables::put_off(tx, id, later(LONGEST), &words).await,
                    Outcome::Away(words) => tables::put_off(tx, id, later(AWAY), &words).await,
                }
            })
        });
        kept.await
    }
}

/// The pause after so many tries in vain.
fn pause(tries: u32, longest: Duration) -> Duration {
    FIRST.saturating_mul(3_u32.saturating_pow(tries)).min(longest)
}

fn tell(letter: &Kept, outcome: &Outcome) {
    let id = letter.id.0;
    match outcome {
        Outcome::Sent => tracing::info!(letter = id, "a letter was handed to the relay"),
        Outcome::Refused(words) => tracing::warn!(letter = id, words, "the relay refuses a letter"),
        Outcome::NotNow(words) => tracing::info!(letter = id, words, "a letter is tried later"),
        Outcome::Away(words) => tracing::warn!(letter = id, words, "the relay takes nothing now"),
    }
}
