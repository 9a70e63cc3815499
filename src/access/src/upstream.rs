//! The services behind the proxy: their connections, and which of them are up.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ets_model::WallTime;
use ets_runtime::{Clock, Shutdown};
use http::{Request, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Route;
use crate::body::Upload;

/// Kept-alive connections to one service; more are closed after use.
const MOST_KEPT: usize = 128;
/// How long a connection that was just used may take to be ready again.
const READY: Duration = Duration::from_millis(20);
/// Failures in a row of a service that accepts connections until it counts as down.
const FAILURES: u32 = 3;
/// Octets of an answer that wait for a reader who takes nothing; also the longest head.
const BUFFER: usize = 128 << 10;
/// How often one that is down is asked, and all.
const ASK_DOWN: Duration = Duration::from_secs(1);
const ASK_ALL: u32 = 10;

type Sender = http1::SendRequest<Upload>;

/// The services of one route.
#[derive(Debug)]
pub(crate) struct Upstreams {
    all: Vec<Arc<Upstream>>,
    next: AtomicUsize,
}

impl Upstreams {
    pub(crate) fn new(route: &Route) -> Self {
        let all = route.upstreams.iter().map(|address| Arc::new(Upstream::new(*address)));
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
                    one.ask(route.timeouts.connect, route.health.as_deref(), &clock).await;
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
    kept: Mutex<Vec<Sender>>,
    /// When it went down, in microseconds since 1970; 0 while it is up.
    since: AtomicI64,
    failures: AtomicU32,
}

impl Upstream {
    fn new(address: SocketAddr) -> Self {
        let (kept, since, failures) = <_>::default();
        Self { address, kept, since, failures }
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

    /// It did not, for a reason of its own; `is_gone` when it does not even take connections.
    pub(crate) fn failed(&self, is_gone: bool, now: WallTime) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        if !is_gone && failures < FAILURES {
            return;
        }
        let set = self.since.compare_exchange(0, now.0, Ordering::Relaxed, Ordering::Relaxed);
        if set.is_ok() {
            tracing::warn!(address = %self.address, "a service behind the proxy is down");
        }
    }

    /// A connection: one that is kept, unless `fresh`, or a new one.
    pub(crate) async fn lease(
        self: &Arc<Self>,
        connect: Duration,
        fresh: bool,
    ) -> std::io::Result<Lease> {
        while let Some(mut sender) = self.pop().filter(|_| !fresh) {
            let is_ready = sender.is_ready()
                || (!sender.is_closed()
                    && matches!(timeout(READY, sender.ready()).await, Ok(Ok(()))));
            if is_ready {
                return Ok(Lease::new(sender, Arc::clone(self), true));
            }
        }
        let sender = open(self.address, connect).await?;
        Ok(Lease::new(sender, Arc::clone(self), false))
    }

    fn pop(&self) -> Option<Sender> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Closes what the service has closed.
    fn tidy(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|sender| !sender.is_closed());
    }

    async fn ask(&self, connect: Duration, health: Option<&str>, clock: &Clock) {
        let asked = timeout(2 * connect, self.is_healthy(connect, health)).await;
        match asked {
            Ok(true) => self.answered(),
            _ => self.failed(true, clock.wall()),
        }
    }

    async fn is_healthy(&self, connect: Duration, health: Option<&str>) -> bool {
        let Some(path) = health else {
            return matches!(timeout(connect, TcpStream::connect(self.address)).await, Ok(Ok(_)));
        };
        let Ok(mut sender) = open(self.address, connect).await else { return false };
        let request = Request::get(path)
            .header(header::HOST, self.address.to_string())
            .header(header::CONNECTION, "close")
            .body(Upload::empty());
        let Ok(request) = request else { return false };
        let answer = sender.send_request(request).await;
        answer.is_ok_and(|answer| answer.status().is_success() || answer.status().is_redirection())
    }
}

async fn open(address: SocketAddr, connect: Duration) -> std::io::Result<Sender> {
    let stream = timeout(connect, TcpStream::connect(address))
        .await
        .map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
    stream.set_nodelay(true)?;
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
}

impl Lease {
    fn new(sender: Sender, upstream: Arc<Upstream>, is_reused: bool) -> Self {
        Self { sender, upstream, is_reused, is_spent: false }
    }

    /// Keeps it for the next request, unless it is spent; the answer was read to its end.
    pub(crate) fn give_back(self) {
        if self.is_spent || self.sender.is_closed() {
            return;
        }
        let mut kept = self.upstream.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < MOST_KEPT {
            kept.push(self.sender);
        }
    }
}
