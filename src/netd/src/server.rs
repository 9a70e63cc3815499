//! The control server: one request a connection, each connection in one role. Nobody here can
//! hold up the watcher, and no follower another one.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use ets_model::{Intercept, Stamp, WallTime};
use ets_netd_api::{Allow, Connection, Cursor, Desired, Error, Reply, Request, RulesNow, greet};
use ets_runtime::Shutdown;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::journal::Journal;
use crate::keeper::Keep;
use crate::listeners::Listeners;
use crate::meter::{Beginning, MeterHub};
use crate::ping::{self, Ping};
use crate::rules::{Answer, Order};
use crate::speak::{self, Rate};
use crate::watcher::{Command, Orders};
use crate::{refuse, status};

/// Connections at a time.
const CONNECTIONS: usize = 64;
/// Pings on demand at a time.
pub(crate) const PINGS: usize = 8;
/// Sockets that speak in the name of others, asked for at a time: twice what one `serve` does, because the
/// next one begins before the last one has ended. The other places are left to whoever asks for more than
/// an answer to a stranger's datagram.
pub(crate) const SPEAKING: usize = 16;
/// How long a peer may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes written to a follower in one go, and how long it may take to read them.
const BATCH: usize = 256 << 10;
const SLOWEST: Duration = Duration::from_secs(10);
/// A follower that is this many bytes behind is cut off.
const FARTHEST: usize = 8 << 20;

/// What every connection may use.
pub(crate) struct Control {
    pub(crate) journal: Journal,
    pub(crate) orders: Orders,
    pub(crate) keeper: Sender<Keep>,
    /// Whether the desired state is on disk.
    pub(crate) kept: Arc<AtomicBool>,
    pub(crate) listeners: Listeners,
    pub(crate) allow: Allow,
    pub(crate) started: Stamp,
    pub(crate) pings: Semaphore,
    /// Sockets that speak in the name of others, at a time and by the second.
    pub(crate) speaking: Semaphore,
    pub(crate) spoken: Rate,
    pub(crate) followers: AtomicU32,
    /// One configuration at a time, in the order in which they came.
    pub(crate) configuring: tokio::sync::Mutex<()>,
    /// The thread of the rules, or why there is none.
    pub(crate) rules: Result<Sender<Order>, String>,
    pub(crate) meters: Arc<MeterHub>,
}

/// Accepts until shutdown.
pub(crate) async fn serve(listener: UnixListener, control: Arc<Control>, shutdown: Shutdown) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.requested() => return,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let full = connections.len() >= CONNECTIONS;
                    connections.spawn(welcome(stream, Arc::clone(&control), full));
                }
                Err(error) => {
                    // Out of descriptors, most likely: wait instead of spinning.
                    tracing::error!(%error, "a control connection cannot be accepted");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            },
        }
    }
}

async fn welcome(stream: UnixStream, control: Arc<Control>, full: bool) {
    let mut connection = Connection::new(stream);
    if let Err(error) = talk(&mut connection, &control, full).await {
        tracing::debug!(%error, "control connection ended");
    }
}

async fn talk(connection: &mut Connection, control: &Control, full: bool) -> Result<(), Error> {
    let peer = connection.peer()?;
    let greeting = greet(connection).await;
    if let Err(error) = greeting {
        tracing::warn!(pid = peer.pid, uid = peer.uid, %error, "control connection refused");
        return refuse(connection, error.to_string()).await;
    }
    if !control.allow.admits(peer) {
        tracing::warn!(pid = peer.pid, uid = peer.uid, "control connection of a stranger refused");
        let why = format!("user {} may not control netd: become a member of its group", peer.uid);
        return refuse(connection, why).await;
    }
    if full {
        let why = format!("{CONNECTIONS} connections are open already: close some");
        return refuse(connection, why).await;
    }
    let request = match timeout(PATIENCE, connection.receive::<Request>("a request")).await {
        Ok(Ok(Some(request))) => request,
        Ok(Ok(None)) => return Ok(()),
        Ok(Err(error)) => return refuse(connection, error.to_string()).await,
        Err(_) => return refuse(connection, "no request came within 10 s".into()).await,
    };
    answer(connection, control, request).await
}

async fn refuse(connection: &mut Connection, why: String) -> Result<(), Error> {
    let refusal = Reply::Refused(why);
    let sent = timeout(Duration::from_secs(1), connection.send(&refusal)).await;
    sent.unwrap_or(Ok(()))
}

async fn answer(
    connection: &mut Connection,
    control: &Control,
    request: Request,
) -> Result<(), Error> {
    match request {
        Request::Configure(desired) => configure(connection, control, desired).await,
        Request::Follow { after } => follow(connection, control, after).await,
        Request::Replay { after, until } => replay(connection, control, after, until).await,
        Request::Ping { address, count, interval } => {
            ping(connection, control, address, count, interval).await
        }
        Request::Listener { name } => hand_over(connection, control, &name).await,
        Request::Status => {
            let status = status::status(control);
            connection.send(&Reply::Status(Box::new(status))).await
        }
        Request::Meter { after } => meter(connection, control, after).await,
        Request::Plan(policy) => {
            let order = |answer| Order::Plan(policy, answer);
            rule(connection, control, order, |plan| Reply::Plan(Box::new(plan))).await
        }
        Request::Apply(apply) => rules(connection, control, |to| Order::Apply(apply, to)).await,
        Request::Confirm { change, author } => {
            let order = |answer| Order::Confirm { change, author, answer };
            rules(connection, control, order).await
        }
        Request::Withdraw { change } => {
            rules(connection, control, |answer| Order::Withdraw { change, answer }).await
        }
        Request::Rules => rules(connection, control, Order::Now).await,
        Request::RulesText => rule(connection, control, Order::Text, Reply::Text).await,
        Request::Conversations { segment } => {
            let order = |answer| Order::Conversations(segment, answer);
            rule(connection, control, order, |talk| Reply::Conversations(Box::new(talk))).await
        }
        Request::Intercept(wanted) => intercept(connection, control, wanted).await,
        Request::Speak { address } => speak(connection, control, address).await,
        Request::Reach => {
            rule(connection, control, Order::Reach, |reach| Reply::Reach(Box::new(reach))).await
        }
    }
}

async fn intercept(
    connection: &mut Connection,
    control: &Control,
    wanted: Option<Intercept>,
) -> Result<(), Error> {
    if let Some(why) = wanted.as_ref().and_then(Intercept::fault) {
        return refuse(connection, why).await;
    }
    let done = |()| Reply::Done(control.journal.place().newest);
    rule(connection, control, |answer| Order::Intercept(wanted, answer), done).await
}

/// A socket for datagrams that speaks in the name of a host outside.
async fn speak(
    connection: &mut Connection,
    control: &Control,
    address: SocketAddr,
) -> Result<(), Error> {
    let Ok(_one) = control.speaking.try_acquire() else {
        let why = format!("{SPEAKING} such sockets are asked for: try again later");
        return refuse(connection, why).await;
    };
    if !control.spoken.admits() {
        return refuse(connection, "too many such sockets a second: try again later".into()).await;
    }
    if let Err(why) = ruled(control, |answer| Order::Speak(address, answer)).await {
        return refuse(connection, why).await;
    }
    match speak::socket(address) {
        Ok(socket) => connection.send_with(&Reply::Listener, socket.as_fd()).await,
        Err(error) => refuse(connection, format!("{address} cannot be spoken for: {error}")).await,
    }
}

async fn rules(
    connection: &mut Connection,
    control: &Control,
    order: impl FnOnce(Answer<RulesNow>) -> Order,
) -> Result<(), Error> {
    rule(connection, control, order, |rules| Reply::Rules(Box::new(rules))).await
}

/// Hands an order to the thread of the rules and its answer to the peer.
async fn rule<T>(
    connection: &mut Connection,
    control: &Control,
    order: impl FnOnce(Answer<T>) -> Order,
    reply: impl FnOnce(T) -> Reply,
) -> Result<(), Error> {
    match ruled(control, order).await {
        Ok(done) => connection.send(&reply(done)).await,
        Err(why) => refuse(connection, why).await,
    }
}

/// What the thread of the rules answers to an order, or why there is no answer.
async fn ruled<T>(control: &Control, order: impl FnOnce(Answer<T>) -> Order) -> Result<T, String> {
    let sender = control.rules.as_ref().map_err(Clone::clone)?;
    let (answer, is_answered) = oneshot::channel();
    let _ = sender.send(order(answer));
    is_answered.await.unwrap_or_else(|_| Err("netd is ending".to_owned()))
}

async fn meter(
    connection: &mut Connection,
    control: &Control,
    after: Option<WallTime>,
) -> Result<(), Error> {
    let Beginning { metering, frames, mut news } = control.meters.begin(after);
    connection.send(&Reply::Metering(metering)).await?;
    for frame in frames {
        connection.send_framed(&frame).await?;
    }
    loop {
        let frame = tokio::select! {
            frame = news.recv() => frame,
            () = connection.closed() => return Ok(()),
        };
        let frame = match frame {
            Ok(frame) => frame,
            // It missed some: totals make it good.
            Err(RecvError::Lagged(_)) => match control.meters.everything() {
                Some(frame) => frame,
                None => continue,
            },
            Err(RecvError::Closed) => return Ok(()),
        };
        if timeout(SLOWEST, connection.send_framed(&frame)).await.is_err() {
            return Ok(());
        }
    }
}

/// On disk first, then in force, then acknowledged. A full disk keeps nobody from being watched:
/// the status says that a restart would not know, and writing is tried again.
async fn configure(
    connection: &mut Connection,
    control: &Control,
    desired: Desired,
) -> Result<(), Error> {
    if let Some(why) = refuse::fault(&desired) {
        return refuse(connection, why).await;
    }
    let _turn = control.configuring.lock().await;
    let desired = Box::new(desired);
    let (tried, is_tried) = oneshot::channel();
    let _ = control.keeper.send(Keep::Desired(desired.clone(), tried));
    let _ = is_tried.await;
    let (done, is_done) = oneshot::channel();
    control.orders.send(Command::Configure(desired, done));
    match is_done.await {
        Ok(()) => connection.send(&Reply::Done(control.journal.place().newest)).await,
        Err(_) => refuse(connection, "netd is ending".into()).await,
    }
}

/// Counts a follower as long as it follows.
struct Counted<'a>(&'a AtomicU32);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn follow(
    connection: &mut Connection,
    control: &Control,
    after: Option<Cursor>,
) -> Result<(), Error> {
    let _counted = Counted::new(&control.followers);
    let mut news = control.journal.subscribe();
    let (place, now) = control.journal.snapshot();
    let mut seq = place.newest.seq;
    tracing::debug!(?after, newest = seq, "a follower comes");
    connection.send(&Reply::Following { oldest: place.oldest, newest: place.newest, now }).await?;
    loop {
        let batch = control.journal.after(seq, BATCH);
        if batch.behind > FARTHEST || (batch.first != seq + 1 && !batch.frames.is_empty()) {
            let why = format!("reading too slowly: follow again, and replay after {seq}");
            return refuse(connection, why).await;
        }
        if batch.frames.is_empty() {
            if wait_for_news(connection, &mut news).await {
                continue;
            }
            return Ok(());
        }
        seq += batch.frames.len() as u64;
        let bytes = batch.frames.concat();
        if timeout(SLOWEST, connection.send_framed(&bytes)).await.is_err() {
            tracing::warn!(seq, "a follower reads too slowly and is cut off");
            return Ok(());
        }
    }
}

/// Whether there is news, as opposed to the follower being gone.
async fn wait_for_news(connection: &mut Connection, news: &mut watch::Receiver<u64>) -> bool {
    tokio::select! {
        changed = news.changed() => changed.is_ok(),
        () = connection.closed() => false,
    }
}

async fn replay(
    connection: &mut Connection,
    control: &Control,
    after: Option<Cursor>,
    until: u64,
) -> Result<(), Error> {
    let place = control.journal.place();
    let here = after.filter(|cursor| cursor.instance == place.newest.instance);
    let until = until.min(place.newest.seq);
    let mut seq = here.map_or(0, |cursor| cursor.seq).min(until);
    while seq < until {
        let batch = control.journal.after(seq, BATCH);
        let wanted = usize::try_from((until + 1).saturating_sub(batch.first)).unwrap_or(0);
        let frames = &batch.frames[..wanted.min(batch.frames.len())];
        if frames.is_empty() {
            break;
        }
        seq = batch.first + frames.len() as u64 - 1;
        connection.send_framed(&frames.concat()).await?;
    }
    connection.send(&Reply::Done(Cursor { instance: place.newest.instance, seq: until })).await
}

async fn ping(
    connection: &mut Connection,
    control: &Control,
    address: IpAddr,
    count: u16,
    apart: Duration,
) -> Result<(), Error> {
    if let Some(why) = ping::fault(address, count, apart) {
        return refuse(connection, why).await;
    }
    let Ok(_one) = control.pings.try_acquire() else {
        return refuse(connection, format!("{PINGS} pings are under way: wait for one")).await;
    };
    let ping = match Ping::open(address) {
        Ok(ping) => ping,
        Err(error) => return refuse(connection, format!("raw sockets are refused: {error}")).await,
    };
    let mut under_way = JoinSet::new();
    let mut beat = interval(apart);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut sent = 0;
    while sent < count || !under_way.is_empty() {
        tokio::select! {
            _ = beat.tick(), if sent < count => {
                sent += 1;
                under_way.spawn(ping.clone().once(sent));
            }
            Some(line) = under_way.join_next() => {
                if let Ok(line) = line {
                    connection.send(&Reply::Ping(line)).await?;
                }
            }
            () = connection.closed() => return Ok(()),
        }
    }
    connection.send(&Reply::Done(control.journal.place().newest)).await
}

async fn hand_over(
    connection: &mut Connection,
    control: &Control,
    name: &str,
) -> Result<(), Error> {
    match control.listeners.get(name) {
        Ok(socket) => connection.send_with(&Reply::Listener, socket.as_fd()).await,
        Err(why) => refuse(connection, why).await,
    }
}
