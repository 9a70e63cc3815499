//! A piece of work on its way through the writer.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::panic::AssertUnwindSafe;
use tokio::sync::oneshot;

use crate::{Error, Tx};

/// Work that waits for its turn.
pub(crate) trait Work: Send {
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;

    /// Does it. Panics are caught.
    fn run<'t>(self: Box<Self>, tx: &'t mut Tx<'_>) -> BoxFuture<'t, Box<dyn Done>>;

    /// Answers without having done it.
    fn refuse(self: Box<Self>, error: Error);
}

/// Work that was done and waits for the commit.
pub(crate) trait Done: Send {
    /// Whether it wants to be kept.
    fn is_good(&self) -> bool;

    /// Makes it fail.
    fn spoil(&mut self, error: Error);

    /// Answers: with its own outcome after a commit, with the error where that failed.
    fn settle(self: Box<Self>, verdict: Result<(), Error>);
}

/// The closure and who waits for it.
pub(crate) struct Job<T, E, F> {
    pub(crate) work: F,
    pub(crate) reply: oneshot::Sender<Result<T, E>>,
}

struct Finished<T, E> {
    outcome: Result<T, E>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Work for Job<T, E, F>
where
    F: for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, Result<T, E>> + Send,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run<'t>(self: Box<Self>, tx: &'t mut Tx<'_>) -> BoxFuture<'t, Box<dyn Done>> {
        let Self { work, reply } = *self;
        // The closure may panic before it makes its future as well as in it.
        let started = std::panic::catch_unwind(AssertUnwindSafe(move || work(tx)));
        Box::pin(async move {
            let outcome = match started {
                Ok(work) => AssertUnwindSafe(work).catch_unwind().await,
                Err(panic) => Err(panic),
            };
            let outcome = outcome.unwrap_or_else(|_| Err(E::from(Error::Panicked)));
            Box::new(Finished { outcome, reply }) as Box<dyn Done>
        })
    }

    fn refuse(self: Box<Self>, error: Error) {
        drop(self.reply.send(Err(E::from(error))));
    }
}

impl<T, E> Done for Finished<T, E>
where
    T: Send,
    E: From<Error> + Send,
{
    fn is_good(&self) -> bool {
        self.outcome.is_ok()
    }

    fn spoil(&mut self, error: Error) {
        self.outcome = Err(E::from(error));
    }

    fn settle(self: Box<Self>, verdict: Result<(), Error>) {
        let outcome = match verdict {
            Err(error) if self.outcome.is_ok() => Err(E::from(error)),
            _ => self.outcome,
        };
        drop(self.reply.send(outcome));
    }
}
