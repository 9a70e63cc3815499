//! The open connections by the certificate that opened them, so that a certificate that is
//! revoked, suspended or over ends them at once.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use ets_runtime::Shutdown;
use ets_tls::{CertId, PeerCertificate, RevocationSet, Standing};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::Error;

/// So many parts, so that those who come and go seldom wait for each other.
const SHARDS: usize = 64;
/// How often the clock is asked whose certificate is over.
const LOOK: Duration = Duration::from_millis(500);

/// Every connection that stands on a client certificate.
#[derive(Debug)]
pub struct Connections {
    shards: Box<[Mutex<Shard>]>,
    revoked: Arc<RevocationSet>,
    next: AtomicU64,
}

type Shard = HashMap<CertId, Vec<Entry>>;

#[derive(Debug)]
struct Entry {
    number: u64,
    not_after: SystemTime,
    cut: CancellationToken,
}

impl Connections {
    /// None yet; `revoked` decides who is admitted.
    pub fn new(revoked: Arc<RevocationSet>) -> Arc<Self> {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Arc::new(Self { shards, revoked, next: AtomicU64::new(0) })
    }

    /// Enters a connection; `None` when its certificate opens nothing any more.
    ///
    /// It is entered before the set is asked: whoever revokes inserts into the set before cutting,
    /// so that one of both sees the other and no connection slips through between them.
    pub fn admit(self: &Arc<Self>, peer: &PeerCertificate) -> Option<Admitted> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let cut = CancellationToken::new();
        let entry = Entry { number, not_after: peer.not_after, cut: cut.clone() };
        self.shard(peer.id).entry(peer.id).or_default().push(entry);
        let admitted = Admitted { connections: Arc::clone(self), id: peer.id, number, cut };
        let is_good = self.revoked.standing(peer.id) == Standing::Good;
        (is_good && peer.not_after > SystemTime::now()).then_some(admitted)
    }

    /// Revokes or suspends a certificate: from the return of this call on it opens nothing, and its
    /// connections are cut. Answers how many there were.
    pub fn revoke(&self, id: CertId) -> usize {
        self.revoked.insert(id);
        self.cut(id)
    }

    /// Cuts the connections of a certificate that stays valid: its owner has left.
    pub fn cut(&self, id: CertId) -> usize {
        let shard = self.shard(id);
        let entries = shard.get(&id).map_or(&[][..], Vec::as_slice);
        entries.iter().for_each(|entry| entry.cut.cancel());
        entries.len()
    }

    /// Cuts the connections whose certificates are over. Asked of the wall clock again and again,
    /// because the clock may step. Answers how many there were.
    pub fn cut_expired(&self, now: SystemTime) -> usize {
        let mut count = 0;
        for shard in &self.shards {
            let shard = locked(shard);
            let over = shard.values().flatten().filter(|entry| entry.not_after <= now);
            count += over.inspect(|entry| entry.cut.cancel()).count();
        }
        count
    }

    /// Cuts what is over, as long as the process runs.
    ///
    /// # Errors
    /// Never at present; the signature is that of the accept loops.
    pub async fn watch_clock(self: Arc<Self>, shutdown: Shutdown) -> Result<(), Error> {
        let mut beat = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                () = shutdown.requested() => return Ok(()),
                _ = beat.tick() => drop(self.cut_expired(SystemTime::now())),
            }
        }
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| locked(shard).values().map(Vec::len).sum::<usize>()).sum()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn leave(&self, id: CertId, number: u64) {
        let mut shard = self.shard(id);
        let Some(entries) = shard.get_mut(&id) else { return };
        entries.retain(|entry| entry.number != number);
        if entries.is_empty() {
            shard.remove(&id);
        }
    }

    fn shard(&self, id: CertId) -> MutexGuard<'_, Shard> {
        locked(&self.shards[id.spread(SHARDS)])
    }
}

// What a panicked holder left is whole: entries come and go by one call.
fn locked(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection that was entered; leaves when it is dropped.
#[derive(Debug)]
pub struct Admitted {
    connections: Arc<Connections>,
    id: CertId,
    number: u64,
    cut: CancellationToken,
}

impl Admitted {
    /// Cancelled when it is cut: what had been read before is not begun any more.
    pub(crate) fn token(&self) -> CancellationToken {
        self.cut.clone()
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.connections.leave(self.id, self.number);
    }
}

const READER: usize = 0;
const WRITER: usize = 1;

/// A stream that ends when its certificate does, also where it was handed on after an upgrade:
/// reading and writing fail, and whoever waits is woken.
#[derive(Debug)]
pub struct Bound<S> {
    stream: S,
    /// One for who reads and one for who writes: they may be two tasks, and each is woken.
    cut: [Pin<Box<WaitForCancellationFutureOwned>>; 2],
    _admitted: Admitted,
}

impl<S> Bound<S> {
    /// Binds a stream to the certificate that opened it.
    pub fn new(stream: S, admitted: Admitted) -> Self {
        let cut = [(); 2].map(|()| Box::pin(admitted.cut.clone().cancelled_owned()));
        Self { stream, cut, _admitted: admitted }
    }

    /// Fails once the certificate opens nothing any more; until then the task is woken by it.
    fn check(&mut self, who: usize, context: &mut Context<'_>) -> std::io::Result<()> {
        match self.cut[who].as_mut().poll(context) {
            Poll::Pending => Ok(()),
            Poll::Ready(()) => Err(std::io::ErrorKind::ConnectionAborted.into()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bound<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        self.check(READER, context)?;
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bound<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.check(WRITER, context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        self.check(WRITER, context)?;
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        self.check(WRITER, context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// Always tried: an end is no access.
    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        Poll::Ready(Ok(()))
    }
}
