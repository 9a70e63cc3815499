//! A `netd` that does what the test says, behind the real protocol.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ets_model::{Policy, SegmentNo};
use ets_netd_api::{
    Apply, Connection, Cursor, EngineCounters, Event, EventBody, Pending, Plan, Reach, Reply,
    Request, RulesEvent, RulesNow, Status, Why, greet,
};
use ets_runtime::stamp_now;
use tokio::net::UnixListener;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

/// The scripted process.
pub(crate) struct Netd {
    path: PathBuf,
    life: Arc<Mutex<Life>>,
    live: broadcast::Sender<Event>,
    server: JoinHandle<()>,
}

/// What becomes of the next change that is handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is taken.
    #[default]
    Take,
    /// It is refused with these words.
    Refuse(&'static str),
    /// Nothing happens, and no answer comes.
    Swallow,
    /// It is taken, and no answer comes.
    Mute,
}

/// One life of it; the rules outlive it, as its file does.
#[derive(Clone, Default)]
pub(crate) struct Life {
    pub(crate) instance: u64,
    pub(crate) ring: Vec<Event>,
    pub(crate) seq: u64,
    pub(crate) change: u64,
    pub(crate) policy: Option<Policy>,
    pub(crate) pending: Option<(Pending, Option<Policy>)>,
    pub(crate) problem: String,
    pub(crate) next: Next,
    /// Every change that was handed over, in order.
    pub(crate) handed: Vec<u64>,
    pub(crate) reach_asked: u32,
}

impl Netd {
    pub(crate) fn start(path: &Path) -> Self {
        Self::with(path, Life { instance: 1, ..Life::default() })
    }

    pub(crate) fn with(path: &Path, life: Life) -> Self {
        let _ = std::fs::remove_file(path);
        let listener = UnixListener::bind(path).unwrap();
        let (life, live) = (Arc::new(Mutex::new(life)), broadcast::Sender::new(100_000));
        let server = tokio::spawn(serve(listener, life.clone(), live.clone()));
        Self { path: path.to_owned(), life, live, server }
    }

    /// Ends at once; what it had on disk stays for [`Self::with`].
    pub(crate) async fn kill(mut self) -> Life {
        self.server.abort();
        let _ = (&mut self.server).await;
        let _ = std::fs::remove_file(&self.path);
        std::mem::take(&mut self.life.lock().unwrap())
    }

    /// Ends and starts anew: a pending change goes back, the ring is lost.
    pub(crate) async fn restart(self) -> Self {
        let (path, old) = (self.path.clone(), self.kill().await);
        let life = Life { instance: old.instance + 1, ring: Vec::new(), seq: 0, ..old };
        let netd = Self::with(&path, life);
        netd.back(Why::Restarted);
        netd
    }

    pub(crate) fn life<T>(&self, look: impl FnOnce(&mut Life) -> T) -> T {
        look(&mut self.life.lock().unwrap())
    }

    pub(crate) fn next(&self, next: Next) {
        self.life(|life| life.next = next);
    }

    pub(crate) fn change(&self) -> u64 {
        self.life(|life| life.change)
    }

    pub(crate) fn policy(&self) -> Policy {
        self.life(|life| life.policy.clone().unwrap())
    }

    pub(crate) fn enter(&self, body: EventBody) -> u64 {
        self.life(|life| enter(life, &self.live, body))
    }

    /// Nobody confirmed in time.
    pub(crate) fn expire(&self) {
        self.back(Why::TimeOut);
    }

    pub(crate) fn veto(&self, fell: &[u32]) {
        self.back(Why::Veto { fell: fell.iter().map(|no| SegmentNo(*no)).collect() });
    }

    fn back(&self, why: Why) {
        self.life(|life| back(life, &self.live, why));
    }
}

fn enter(life: &mut Life, live: &broadcast::Sender<Event>, body: EventBody) -> u64 {
    life.seq += 1;
    let event = Event { seq: life.seq, at: stamp_now(), body };
    life.ring.push(event.clone());
    let _ = live.send(event);
    life.seq
}

fn back(life: &mut Life, live: &broadcast::Sender<Event>, why: Why) {
    let Some((pending, policy)) = life.pending.take() else { return };
    (life.change, life.policy) = (pending.back_to, policy);
    let (change, back_to) = (pending.change, pending.back_to);
    enter(life, live, EventBody::Rules(RulesEvent::Reverted { change, back_to, why }));
}

fn apply(life: &mut Life, live: &broadcast::Sender<Event>, apply: Apply) -> Reply {
    life.handed.push(apply.change);
    if let Some((pending, _)) = &life.pending {
        return Reply::Refused(format!("change {} waits", pending.change));
    }
    if apply.change <= life.change {
        return Reply::Refused(format!("change {} is not above {}", apply.change, life.change));
    }
    if let Some(fault) = apply.policy.faults().first() {
        return Reply::Refused(fault.to_string());
    }
    let (back_to, former) = (life.change, life.policy.take());
    (life.change, life.policy) = (apply.change, Some(apply.policy));
    let waits = apply.confirm_within.is_some();
    if let Some(within) = apply.confirm_within {
        let now = stamp_now();
        let (change, author, until) =
            (apply.change, apply.author.clone(), now.at(now.boot + within));
        life.pending = Some((Pending { change, author, until, back_to }, former));
    }
    let (change, author) = (apply.change, apply.author);
    enter(life, live, EventBody::Rules(RulesEvent::Applied { change, author, waits }));
    now(life)
}

fn confirm(life: &mut Life, live: &broadcast::Sender<Event>, change: u64, author: &str) -> Reply {
    match &life.pending {
        Some((pending, _)) if pending.change == change && pending.author == author => {
            life.pending = None;
            enter(life, live, EventBody::Rules(RulesEvent::Confirmed { change }));
            now(life)
        }
        _ => Reply::Refused(format!("change {change} of {author} does not wait")),
    }
}

fn now(life: &Life) -> Reply {
    Reply::Rules(Box::new(RulesNow {
        change: life.change,
        policy: life.policy.clone(),
        pending: life.pending.as_ref().map(|(pending, _)| pending.clone()),
        drift: Vec::new(),
        compared: None,
        problem: life.problem.clone(),
    }))
}

async fn serve(listener: UnixListener, life: Arc<Mutex<Life>>, live: broadcast::Sender<Event>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        connections.spawn(answer(Connection::new(stream), life.clone(), live.clone()));
    }
}

async fn answer(
    mut connection: Connection,
    life: Arc<Mutex<Life>>,
    live: broadcast::Sender<Event>,
) {
    if greet(&mut connection).await.is_err() {
        return;
    }
    let Ok(Some(request)) = connection.receive::<Request>("a request").await else { return };
    match request {
        Request::Follow { .. } => follow(connection, &life, &live).await,
        Request::Replay { after, until } => replay(connection, &life, after, until).await,
        request => {
            let reply = reply(&mut life.lock().unwrap(), &live, request);
            if let Some(reply) = reply {
                let _ = connection.send(&reply).await;
            }
        }
    }
}

/// `None`: no answer comes.
fn reply(life: &mut Life, live: &broadcast::Sender<Event>, request: Request) -> Option<Reply> {
    Some(match request {
        Request::Configure(_) => Reply::Done(cursor(life)),
        Request::Status => Reply::Status(Box::new(status(life))),
        Request::Rules => now(life),
        Request::Apply(wish) => match std::mem::take(&mut life.next) {
            Next::Take => apply(life, live, *wish),
            Next::Mute => {
                apply(life, live, *wish);
                return None;
            }
            Next::Swallow => return None,
            Next::Refuse(why) => {
                life.handed.push(wish.change);
                Reply::Refused(why.to_owned())
            }
        },
        Request::Confirm { change, author } => confirm(life, live, change, &author),
        Request::Withdraw { change } => {
            if life.pending.as_ref().is_none_or(|(pending, _)| pending.change != change) {
                return Some(Reply::Refused(format!("change {change} does not wait")));
            }
            back(life, live, Why::Asked);
            now(life)
        }
        Request::Plan(policy) => Reply::Plan(Box::new(Plan {
            added: policy.arms.iter().map(|arm| arm.id.to_string()).collect(),
            removed: Vec::new(),
        })),
        Request::Reach => {
            life.reach_asked += 1;
            Reply::Reach(Box::new(Reach { change: life.change, ..Reach::default() }))
        }
        _ => Reply::Refused("not here".into()),
    })
}

async fn follow(mut connection: Connection, life: &Mutex<Life>, live: &broadcast::Sender<Event>) {
    let (reply, mut events) = {
        let life = life.lock().unwrap();
        let oldest = life.ring.first().map_or(life.seq + 1, |event| event.seq);
        (Reply::Following { oldest, newest: cursor(&life), now: Vec::new() }, live.subscribe())
    };
    let _ = connection.send(&reply).await;
    while let Ok(event) = events.recv().await {
        if connection.send(&Reply::Event(event)).await.is_err() {
            return;
        }
    }
}

async fn replay(mut connection: Connection, life: &Mutex<Life>, after: Option<Cursor>, until: u64) {
    let (events, done) = {
        let life = life.lock().unwrap();
        let after = after.filter(|at| at.instance == life.instance).map_or(0, |at| at.seq);
        let wanted = life.ring.iter().filter(|one| one.seq > after && one.seq <= until);
        (wanted.cloned().collect::<Vec<_>>(), Reply::Done(cursor(&life)))
    };
    for event in events {
        let _ = connection.send(&Reply::Event(event)).await;
    }
    let _ = connection.send(&done).await;
}

fn cursor(life: &Life) -> Cursor {
    Cursor { instance: life.instance, seq: life.seq }
}

fn status(life: &Life) -> Status {
    Status {
        build: "test".into(),
        pid: 1,
        started: stamp_now(),
        oldest: 1,
        newest: cursor(life),
        ring_bytes: 0,
        ring_limit: 1,
        generation: 0,
        targets: 0,
        engine: EngineCounters::default(),
        engine_bytes: 0,
        machine_bytes: 0,
        followers: 1,
        listeners: Vec::new(),
        dark: Vec::new(),
        kept: true,
        resident: 1,
        cpu_ns: u64::try_from(Duration::ZERO.as_nanos()).unwrap(),
    }
}
