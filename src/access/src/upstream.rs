//! The services behind the proxy: their connections, and which of them are up.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ets_listen::is_want_of_ours;
use ets_model::WallTime;
use ets_runtime::{Clock, Shutdown};
use http::{Request, StatusCode, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::body::Upload;
use crate::{Route, Timeouts};

/// Kept-alive connections to one service; more are closed after use.
const MOST_KEPT: usize = 128;
/// How long a connection that was just used may take to be ready again.
const READY: Duration = Duration::from_millis(20);
/// Failures in a row of a service that accepts connections until it counts as down, each seen by
/// another one than that before: nobody takes a service from all others with what he alone asks.
const FAILURES: u32 = 3;
/// Octets of an answer that wait for a reader who takes nothing; also the longest head.
const BUFFER: usize = 128 << 10;
/// How often one that is down is asked, and all.
const ASK_DOWN: Duration = Duration::from_secs(1);
const ASK_ALL: u32 = 10;

type Sender = http1::SendRequest<Upload>;

/// A connection, with its place among those to its service.
type Line = (Sender, OwnedSemaphorePermit);

/// The services of one route.
#[derive(Debug)]
pub(crate) struct Upstreams {
    all: Vec<Arc<Upstream>>,
    next: AtomicUsize,
}

impl Upstreams {
    /// With at most so many connections to each.
    pub(crate) fn new(route: &Route, most: usize) -> Self {
        let all = route.upstreams.iter().map(|address| Arc::new(Upstream::new(*address, most)));
        Self { all: all.collect(), next: AtomicUsize::new(0) }
    }

    /// The next one that is up, but for `not` where there is another.
    pub(crate) fn pick(&self, not: Option<&Arc<Upstream>>) -> Option<&Arc<Upstream>> {
        let first = if self.all.len() == 1 { 0 } else { self.next.fetch_add(1, Ordering::Relaxed) };
        let turn = || (0..self.all.len()).map(|at| &self.all[(first + at) % self.all.len()]);
        let is_other = |one: &Arc<Upstream>| not.is_none_or(|not| !Arc::ptr_eq(one, not));
        let up = turn().filter(|one| one.since().is_none());
        up.clone().find(|one| is_other(one)).or_else(|| up.clone().next())
    }

    /// Since when all are down.
    pub(crate) fn down_since(&self) -> Option<WallTime> {
        self.all.iter().map(|one| one.since()).collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    pub(crate) fn down(&self) -> u64 {
        let down = self.all.iter().filter(|one| one.since().is_some()).count();
        u64::try_from(down).unwrap_or(u64::MAX)
    }

    /// Asks them whether they are up, until shutdown.
    pub(crate) async fn watch(&self, route: &Route, clock: Clock, shutdown: Shutdown) {
        let mut beat = tokio::time::interval(ASK_DOWN);
        for round in 0_u32.. {
            tokio::select! {
                () = shutdown.requested() => return,
                _ = beat.tick() => {}
            }
            for one in &self.all {
                if one.since().is_some() || round % ASK_ALL == 0 {
                    one.ask(route.timeouts, route.health.as_deref(), &clock).await;
                }
                one.tidy();
            }
        }
    }
}

/// One service.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    kept: Mutex<Vec<Line>>,
    places: Arc<Semaphore>,
    /// When it went down, in microseconds since 1970; 0 while it is up.
    since: AtomicI64,
    failures: AtomicU32,
    /// Who saw the last of them.
    seen_by: AtomicU64,
}

/// Who saw a failure; good for telling one from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Witness(u64);

impl Witness {
    pub(crate) fn of(who: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        who.hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// Why there is no connection for a request.
#[derive(Debug)]
pub(crate) enum NoLease {
    /// There are as many as there may be.
    Full,
    /// None could be opened.
    Open(std::io::Error),
}

impl Upstream {
    fn new(address: SocketAddr, most: usize) -> Self {
        let (kept, since, failures, seen_by) = <_>::default();
        let places = Arc::new(Semaphore::new(most));
        Self { address, kept, places, since, failures, seen_by }
    }

    fn since(&self) -> Option<WallTime> {
        let since = self.since.load(Ordering::Relaxed);
        (since != 0).then_some(WallTime(since))
    }

    /// It answered.
    pub(crate) fn answered(&self) {
        self.failures.store(0, Ordering::Relaxed);
        if self.since.load(Ordering::Relaxed) != 0 && self.since.swap(0, Ordering::Relaxed) != 0 {
            tracing::info!(address = %self.address, "a service behind the proxy is up again");
        }
    }

    /// It took a request and did not answer it.
    pub(crate) fn failed_for(&self, witness: Witness, now: WallTime) {
        let is_same = self.seen_by.swap(witness.0, Ordering::Relaxed) == witness.0;
        if is_same && self.failures.load(Ordering::Relaxed) > 0 {
            return;
        }
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES {
            self.is_gone(now);
        }
    }

    /// It does not even take connections.
    pub(crate) fn is_gone(&self, now: WallTime) {
        let set = self.since.compare_exchange(0, now.0, Ordering::Relaxed, Ordering::Relaxed);
        if set.is_ok() {
            tracing::warn!(address = %self.address, "a service behind the proxy is down");
        }
    }

    /// A connection: one that is kept, unless `fresh`, or a new one.
    pub(crate) async fn lease(
        self: &Arc<Self>,
        timeouts: Timeouts,
        fresh: bool,
    ) -> Result<Lease, NoLease> {
        while !fresh && let Some((mut sender, place)) = self.pop() {
            let is_ready = sender.is_ready()
                || (!sender.is_closed()
                    && matches!(timeout(READY, sender.ready()).await, Ok(Ok(()))));
            if is_ready {
                return Ok(Lease::new((sender, place), Arc::clone(self), true));
            }
        }
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| NoLease::Full)?;
        let sender = open(self.address, timeouts).await.map_err(NoLease::Open)?;
        Ok(Lease::new((sender, place), Arc::clone(self), false))
    }

    fn pop(&self) -> Option<Line> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Closes what the service has closed.
    fn tidy(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(sender, _)| !sender.is_closed());
    }

    async fn ask(&self, timeouts: Timeouts, health: Option<&str>, clock: &Clock) {
        let asked = timeout(2 * timeouts.connect, self.is_healthy(timeouts, health)).await;
        match asked {
            Ok(Ok(true)) => self.answered(),
            Ok(Err(error)) if is_want_of_ours(&error) => {}
            _ => self.is_gone(clock.wall()),
        }
    }

    async fn is_healthy(&self, timeouts: Timeouts, health: Option<&str>) -> std::io::Result<bool> {
        let Some(path) = health else {
            return connect(self.address, timeouts).await.map(|_| true);
        };
        let mut sender = open(self.address, timeouts).await?;
        let request = Request::get(path)
            .header(header::HOST, self.address.to_string())
            .header(header::CONNECTION, "close")
            .body(Upload::empty());
        let Ok(request) = request else { return Ok(false) };
        let answer = sender.send_request(request).await;
        let is_good = |status: StatusCode| status.is_success() || status.is_redirection();
        Ok(answer.is_ok_and(|answer| is_good(answer.status())))
    }
}

async fn connect(address: SocketAddr, timeouts: Timeouts) -> std::io::Result<TcpStream> {
    let connecting = timeout(timeouts.connect, TcpStream::connect(address)).await;
    connecting.map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))?
}

async fn open(address: SocketAddr, timeouts: Timeouts) -> std::io::Result<Sender> {
    let stream = connect(address, timeouts).await?;
    ets_listen::mind(&stream, timeouts.answer)?;
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(BUFFER)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(std::io::Error::other)?;
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%address, %error, "a connection to a service ended with an error");
        }
    });
    Ok(sender)
}

/// A connection to a service, in use.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) sender: Sender,
    pub(crate) upstream: Arc<Upstream>,
    /// Whether it served a request before: the service may have closed it meanwhile.
    pub(crate) is_reused: bool,
    /// Whether it carried the wish to become something else: what the service made of that is not
    /// known for sure, so that it serves nobody after.
    pub(crate) is_spent: bool,
    place: OwnedSemaphorePermit,
}

impl Lease {
    fn new((sender, place): Line, upstream: Arc<Upstream>, is_reused: bool) -> Self {
        Self { sender, upstream, is_reused, is_spent: false, place }
    }

    /// Keeps it for the next request, unless it is spent; the answer was read to its end.
    pub(crate) fn give_back(self) {
        if self.is_spent || self.sender.is_closed() {
            return;
        }
        let mut kept = self.upstream.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < MOST_KEPT {
            kept.push((self.sender, self.place));
        }
    }
}
