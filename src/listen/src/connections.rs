//! The open connections by the certificate that opened them, so that a certificate that is
//! revoked, suspended or over ends them at once.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use ets_runtime::Shutdown;
use ets_tls::{Acceptor, CertId, PeerCertificate, RevocationSet, Standing};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::Error;
use crate::bounds::Places;
use crate::linger::Linger;
use crate::pulse::Pulse;

/// So many parts, so that those who come and go seldom wait for each other.
const SHARDS: usize = 64;
/// How often the clock is asked whose certificate is over.
const LOOK: Duration = Duration::from_millis(500);

/// Every connection that stands on a client certificate.
pub struct Connections {
    shards: Box<[Mutex<Shard>]>,
    revoked: Arc<RevocationSet>,
    next: AtomicU64,
    /// Those whose sessions end with what they opened; a door is a place in this list.
    acceptors: Mutex<Vec<Acceptor>>,
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections").field("open", &self.len()).finish_non_exhaustive()
    }
}

type Shard = HashMap<CertId, Vec<Entry>>;

#[derive(Debug)]
struct Entry {
    number: u64,
    door: Door,
    not_after: SystemTime,
    cut: CancellationToken,
}

/// Through which acceptor a connection came: all listeners of one acceptor are one door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door(usize);

impl Connections {
    /// None yet; `revoked` decides who is admitted.
    pub fn new(revoked: Arc<RevocationSet>) -> Arc<Self> {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        let (next, acceptors) = (AtomicU64::new(0), Mutex::default());
        Arc::new(Self { shards, revoked, next, acceptors })
    }

    /// The door of this acceptor. From now on its sessions are dropped with the connections that
    /// are cut.
    pub fn door(&self, acceptor: &Acceptor) -> Door {
        let mut all = self.acceptors.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.iter().position(|one| one.is_same(acceptor));
        Door(known.unwrap_or_else(|| {
            all.push(acceptor.clone());
            all.len() - 1
        }))
    }

    fn drop_sessions(&self, id: CertId, at: Option<Door>) {
        let all = self.acceptors.lock().unwrap_or_else(PoisonError::into_inner);
        let is_meant = |number| at.is_none_or(|door| door == Door(number));
        for (_, acceptor) in all.iter().enumerate().filter(|(number, _)| is_meant(*number)) {
            acceptor.drop_sessions(id);
        }
    }

    /// Enters a connection; `None` when its certificate opens nothing any more.
    ///
    /// It is entered before the set is asked: whoever revokes inserts into the set before cutting,
    /// so that one of both sees the other and no connection slips through between them.
    pub fn admit(self: &Arc<Self>, peer: &PeerCertificate, door: Door) -> Option<Admitted> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let cut = CancellationToken::new();
        let entry = Entry { number, door, not_after: peer.not_after, cut: cut.clone() };
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

    /// Cuts the connections of a certificate that stays valid, and drops its sessions: its owner
    /// has left, and his token signs before he comes in again. Answers how many there were.
    pub fn cut(&self, id: CertId) -> usize {
        self.drop_sessions(id, None);
        self.cut_where(id, |_| true)
    }

    /// As [`Connections::cut`], but at one door: elsewhere its owner stays.
    pub fn cut_at(&self, door: Door, id: CertId) -> usize {
        self.drop_sessions(id, Some(door));
        self.cut_where(id, |entry| entry.door == door)
    }

    /// As [`Connections::cut`], but for one that may still say farewell.
    pub fn cut_others(&self, id: CertId, but: u64) -> usize {
        self.drop_sessions(id, None);
        self.cut_where(id, |entry| entry.number != but)
    }

    fn cut_where(&self, id: CertId, is_meant: impl Fn(&Entry) -> bool) -> usize {
        let shard = self.shard(id);
        let meant = shard.get(&id).into_iter().flatten().filter(|entry| is_meant(entry));
        meant.inspect(|entry| entry.cut.cancel()).count()
    }

    /// How many stand on this certificate.
    pub fn count(&self, id: CertId) -> usize {
        self.shard(id).get(&id).map_or(0, Vec::len)
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

    /// Its number among all that were entered.
    pub(crate) fn number(&self) -> u64 {
        self.number
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
/// reading and writing fail, and whoever waits is woken. As long as it was not handed on, who shuts
/// it down waits until the client has taken that, see [`Linger`].
#[derive(Debug)]
pub struct Bound<S> {
    stream: S,
    token: CancellationToken,
    pulse: Arc<Pulse>,
    linger: Option<Linger>,
    /// One for who reads and one for who writes: they may be two tasks, and each is woken.
    cut: [Pin<Box<WaitForCancellationFutureOwned>>; 2],
    /// What it stands on and the places that it takes, given back when it is gone.
    _held: (Option<Admitted>, Places),
}

impl<S> Bound<S> {
    /// Binds a stream to whoever may cut it and to what it takes up.
    pub(crate) fn held(
        stream: S,
        (token, pulse): (CancellationToken, Arc<Pulse>),
        held: (Option<Admitted>, Places),
    ) -> Self {
        let cut = [(); 2].map(|()| Box::pin(token.clone().cancelled_owned()));
        Self { stream, token, pulse, linger: None, cut, _held: held }
    }

    /// Fails once the certificate opens nothing any more.
    fn check(&self) -> std::io::Result<()> {
        match self.token.is_cancelled() {
            false => Ok(()),
            true => Err(std::io::ErrorKind::ConnectionAborted.into()),
        }
    }

    /// What a poll said; who has to wait is woken by the cut as well.
    fn or_cut<T>(
        &mut self,
        who: usize,
        context: &mut Context<'_>,
        polled: Poll<std::io::Result<T>>,
    ) -> Poll<std::io::Result<T>> {
        match polled {
            Poll::Pending => {
                ready!(self.cut[who].as_mut().poll(context));
                Poll::Ready(Err(std::io::ErrorKind::ConnectionAborted.into()))
            }
            ready => ready,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bound<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        self.check()?;
        let polled = Pin::new(&mut self.stream).poll_read(context, into);
        self.or_cut(READER, context, polled)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Bound<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.check()?;
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.or_cut(WRITER, context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        self.check()?;
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.or_cut(WRITER, context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        self.check()?;
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.or_cut(WRITER, context, polled)
    }

    /// Always tried: an end is no access.
    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = &mut *self;
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
        }
        // What was handed on is its new owner's to read.
        if this.pulse.is_upgraded() {
            return Poll::Ready(Ok(()));
        }
        match this.linger.get_or_insert_with(Linger::new).poll(&mut this.stream, context) {
            Poll::Ready(()) => Poll::Ready(Ok(())),
            // Whoever is cut is not listened to any more either.
            Poll::Pending => this.cut[WRITER].as_mut().poll(context).map(Ok),
        }
    }
}
