//! What relying parties hear about certificates: revocation lists and OCSP answers, made from
//! memory, so that neither needs the database.

pub(crate) mod answer;
#[cfg(test)]
mod bench;
pub(crate) mod crl;
pub(crate) mod index;
mod keep;
pub(crate) mod lists;
mod request;
mod responder;
mod router;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ets_runtime::Clock;
use tokio::sync::OwnedMutexGuard;

use crate::{Authority, Error, Serial};
use index::Index;
use lists::{Lists, Making, Published, Which};
use responder::Responder;

/// So many numbers of lists are set aside at once; more are when half of them are used.
const NUMBERS: u64 = 1 << 16;

/// The index, the lists and the responder of an authority.
#[derive(Debug)]
pub(crate) struct Status {
    authority: Authority,
    clock: Clock,
    index: Index,
    lists: OnceLock<Lists>,
    reserved: Mutex<u64>,
    responder: Responder,
}

impl Status {
    /// Of an authority, with nothing in it.
    pub(crate) fn new(authority: Authority, clock: Clock) -> Self {
        let responder = Responder::new(&authority);
        let (index, lists, reserved) = (Index::new(), OnceLock::new(), Mutex::default());
        Self { authority, clock, index, lists, reserved, responder }
    }

    /// Lists may be made. Numbers below `used` may be in use, and each list was made by its age at
    /// `regular` or later. The clock is asked too: where log and database are both old, a number
    /// that it gives is still a new one.
    pub(crate) fn begin(&self, used: u64, regular: i64) {
        let micros = u64::try_from(self.clock.wall().0).unwrap_or(0);
        drop(self.lists.set(Lists::new(used.max(micros).max(1), regular)));
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    /// Seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.clock.wall().0 / 1_000_000
    }

    /// Up to where numbers of lists are to be set aside, if they are to be.
    pub(crate) fn wants_numbers(&self) -> Option<u64> {
        let next = self.lists.get()?.number();
        let reserved = *self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        (next + NUMBERS / 2 > reserved).then_some(next + NUMBERS)
    }

    /// Numbers are set aside up to here.
    pub(crate) fn numbers_reserved(&self, up_to: u64) {
        *self.reserved.lock().unwrap_or_else(PoisonError::into_inner) = up_to;
    }

    /// Whether this certificate signs the answers.
    pub(crate) fn answers_by(&self, serial: Serial) -> bool {
        self.responder.delegate().is_some_and(|delegate| delegate.serial == serial)
    }

    /// Nobody answers until another is appointed.
    pub(crate) fn dismiss(&self) {
        self.responder.appoint(None);
        self.index.forget_answers();
    }

    /// The list that a certificate stands in, as it is now.
    ///
    /// # Errors
    /// When the key does not sign.
    pub(crate) async fn list_of(self: &Arc<Self>, serial: Serial) -> Result<Published, Error> {
        self.list(Which::Part(serial.shard())).await
    }

    /// Makes every list anew that is due.
    ///
    /// # Errors
    /// When the key does not sign.
    pub(crate) async fn renew(self: &Arc<Self>) -> Result<(), Error> {
        let status = Arc::clone(self);
        let sign = move || Which::all().try_for_each(|which| status.get(which).map(drop));
        tokio::task::spawn_blocking(sign).await.unwrap_or(Err(Error::LogEnded))
    }

    /// A list that holds now; signed on a thread for such work where it has to be. One thread at a
    /// time has a list: however many want it, a token that does not answer keeps no more.
    ///
    /// # Errors
    /// When the key does not sign.
    pub(crate) async fn list(self: &Arc<Self>, which: Which) -> Result<Published, Error> {
        let lists = self.lists()?;
        if let Some(known) = lists.ready(which, self.now(), (&self.authority, &self.index)) {
            return Ok(known);
        }
        let (status, making) = (Arc::clone(self), lists.making(which).lock_owned().await);
        let sign = move || status.make(which, making);
        tokio::task::spawn_blocking(sign).await.unwrap_or(Err(Error::LogEnded))
    }

    /// The same; while a token is away the last list that was signed, where it still holds.
    ///
    /// # Errors
    /// When the key does not sign and no list holds.
    pub(crate) async fn list_or_last(self: &Arc<Self>, which: Which) -> Result<Published, Error> {
        match self.list(which).await {
            // That the token is away was told.
            Err(error @ Error::Token(_)) => self.lists()?.last(which, self.now()).ok_or(error),
            other => other,
        }
    }

    /// Waits on this thread, which is none of the runtime's.
    fn get(&self, which: Which) -> Result<Published, Error> {
        self.make(which, self.lists()?.making(which).blocking_lock_owned())
    }

    fn make(&self, which: Which, making: OwnedMutexGuard<Making>) -> Result<Published, Error> {
        self.lists()?.get((which, making), self.now(), (&self.authority, &self.index))
    }

    fn lists(&self) -> Result<&Lists, Error> {
        self.lists.get().ok_or(Error::LogEnded)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::task::spawn_blocking;

    use super::*;
    use crate::State;
    use index::Standing;

    /// covers: T-4, T-7
    #[tokio::test]
    async fn what_was_signed_is_read_while_somebody_signs_and_many_who_wait_have_one_signature() {
        let (status, which) = (Arc::new(bench::status()), Which::Part(0));
        let first = status.list(which).await.unwrap();
        let signing = status.lists().unwrap().making(which).lock_owned().await;
        assert_eq!(status.list(which).await.unwrap().tag, first.tag);
        let mut drawn = std::iter::repeat_with(|| Serial::draw().unwrap());
        let serial = drawn.find(|serial| serial.shard() == 0).unwrap();
        status.index.enter(serial, Standing::new(State::Suspended, None, 1, i64::MAX));
        let last = status.lists().unwrap().last(which, status.now());
        assert_eq!(last.unwrap().tag, first.tag);
        // More than the runtime has threads for such work.
        let begun = Arc::new(AtomicUsize::new(0));
        let many: Vec<_> = (0..600)
            .map(|_| {
                let (status, begun) = (Arc::clone(&status), Arc::clone(&begun));
                tokio::spawn(async move {
                    begun.fetch_add(1, Ordering::SeqCst);
                    status.list(which).await.unwrap().tag
                })
            })
            .collect();
        while begun.load(Ordering::SeqCst) < many.len() {
            tokio::task::yield_now().await;
        }
        let other = tokio::time::timeout(Duration::from_secs(9), spawn_blocking(|| ())).await;
        other.expect("none of them has a thread: others have theirs").unwrap();
        let number = status.lists().unwrap().number();
        drop(signing);
        let mut tags = Vec::new();
        for one in many {
            tags.push(one.await.unwrap());
        }
        assert!(tags.iter().all(|tag| *tag == tags[0]) && tags[0] != first.tag);
        assert_eq!(status.lists().unwrap().number(), number + 1);
    }
}
