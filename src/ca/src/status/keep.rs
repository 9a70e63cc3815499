//! What goes on while the hub runs: lists are renewed before they are old, the responder's
//! certificate as well, and the database is told what it missed.

use std::time::Duration;

use ets_registry::Author;
use ets_runtime::Shutdown;
use ets_store::Tx;

use super::answer::Span;
use super::responder::{Answer, Delegate};
use crate::subject::Subject;
use crate::tables::{self, Mark};
use crate::{Ca, Error, Wanted, key};

/// How often it is looked at what is due.
const BEAT: Duration = Duration::from_secs(1);
/// After an order that failed no other is placed for so long: each is written down.
const PAUSE: Duration = Duration::from_secs(10);
/// Under this name the responder's certificate is ordered.
const HUB: &str = "hub";

impl Ca {
    /// Keeps lists and answers fresh until shutdown. What fails is told in the log and tried again.
    ///
    /// # Errors
    /// Never.
    pub async fn keep_status(self, shutdown: Shutdown) -> Result<(), Error> {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (mut first, mut told) = (Some(self.0.status.now()), String::new());
        loop {
            tokio::select! {
                () = shutdown.requested() => return Ok(()),
                _ = beat.tick() => {}
            }
            let done = self.look(&mut first).await;
            // Once, and not each second while it lasts.
            let now = done.err().map(|error| error.to_string()).unwrap_or_default();
            if !now.is_empty() && now != told {
                tracing::error!(
                    error = now,
                    "what others hear about certificates could not be renewed"
                );
            }
            told = now;
        }
    }

    async fn look(&self, first: &mut Option<i64>) -> Result<(), Error> {
        self.pay().await;
        self.appoint().await?;
        self.reserve_numbers().await?;
        self.0.status.renew().await?;
        // Every list was made since this start: what ended before may go at the next.
        if let Some(at) = first.take() {
            let marked = self
                .0
                .deps
                .store
                .write(move |tx: &mut Tx<'_>| {
                    Box::pin(async move { tables::mark(tx, Mark::Lists, at).await })
                })
                .await;
            if marked.is_err() {
                *first = Some(at);
            }
            return marked;
        }
        Ok(())
    }

    /// Answers an OCSP request (RFC 6960); never fails, but may refuse.
    pub(crate) async fn answer(&self, request: &[u8]) -> Answer {
        let status = &self.0.status;
        if !status.responder.can_answer(status.now())
            && let Err(error) = self.appoint().await
        {
            tracing::error!(%error, "nobody can sign OCSP answers");
        }
        status.responder.answer(request, status.now(), &status.index)
    }

    /// Sees to it that a certificate of the profile `ocsp` answers, and for long enough.
    async fn appoint(&self) -> Result<(), Error> {
        let status = &self.0.status;
        let is_due = || status.responder.delegate().is_none_or(|one| one.is_due(status.now()));
        if !is_due() {
            return Ok(());
        }
        let mut failed = self.0.appointing.lock().await;
        let now = self.0.deps.clock.boot();
        if !is_due() || failed.is_some_and(|at| now.since(at) < PAUSE) {
            return Ok(());
        }
        let done = self.appoint_another().await;
        *failed = done.is_err().then_some(now);
        done
    }

    async fn appoint_another(&self) -> Result<(), Error> {
        let status = &self.0.status;
        let wanted = Wanted {
            profile: "ocsp".to_owned(),
            subject: Subject::of_name("OCSP responder"),
            names: Vec::new(),
            until: None,
        };
        let pair = key::make()?;
        let (serial, certificate) = self.certify((&wanted, None), &pair, &Author::new(HUB)).await?;
        let kept = self.find(serial).await?;
        let span =
            Span { from: kept.not_before.0 / 1_000_000, until: kept.not_after.0 / 1_000_000 };
        let delegate = Delegate::new(pair, serial, certificate.der().to_vec(), span);
        status.responder.appoint(Some(delegate));
        status.index.forget_answers();
        Ok(())
    }
}
