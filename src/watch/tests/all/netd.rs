//! A `netd` that does what the test says, behind the real protocol.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ets_model::{Evidence, Fact, LinkState, Outcome, Sample, SegmentNo, Source, Stamp, Transition};
use ets_netd_api::{
    Connection, Cursor, Desired, EngineCounters, Event, EventBody, PingLine, Reply, Request,
    SegmentNow, Status, Tick, TickBuilder, greet,
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

/// One life of it.
#[derive(Default)]
pub(crate) struct Life {
    pub(crate) instance: u64,
    pub(crate) ring: Vec<Event>,
    pub(crate) seq: u64,
    pub(crate) now: BTreeMap<SegmentNo, SegmentNow>,
    pub(crate) desired: Option<Desired>,
}

impl Netd {
    pub(crate) fn start(path: &Path, instance: u64) -> Self {
        Self::with(path, Life { instance, ..Life::default() })
    }

    /// Starts with what an earlier life left: a new instance that knows the states.
    pub(crate) fn with(path: &Path, life: Life) -> Self {
        let _ = std::fs::remove_file(path);
        let listener = UnixListener::bind(path).unwrap();
        let (life, live) = (Arc::new(Mutex::new(life)), broadcast::Sender::new(100_000));
        let server = tokio::spawn(serve(listener, life.clone(), live.clone()));
        Self { path: path.to_owned(), life, live, server }
    }

    /// Ends at once; what it saw stays for [`Self::with`].
    pub(crate) async fn kill(mut self) -> Life {
        self.server.abort();
        let _ = (&mut self.server).await;
        let _ = std::fs::remove_file(&self.path);
        std::mem::take(&mut self.life.lock().unwrap())
    }

    pub(crate) fn desired(&self) -> Option<Desired> {
        self.life.lock().unwrap().desired.clone()
    }

    /// Enters an event into the ring and the live streams.
    pub(crate) fn enter_at(&self, at: Stamp, body: EventBody) -> u64 {
        let mut life = self.life.lock().unwrap();
        life.seq += 1;
        let event = Event { seq: life.seq, at, body };
        if let EventBody::Transition(change) = &event.body {
            let since = change.first_after;
            let now = SegmentNow { segment: change.segment, state: change.to, since };
            life.now.insert(change.segment, now);
        }
        life.ring.push(event.clone());
        let _ = self.live.send(event);
        life.seq
    }

    pub(crate) fn enter(&self, body: EventBody) -> u64 {
        self.enter_at(stamp_now(), body)
    }

    /// One second in which every one of `answered` answered after 3 ms and every one of `lost`
    /// did not.
    pub(crate) fn tick_at(&self, at: Stamp, answered: &[u32], lost: &[u32]) {
        self.enter_at(at, EventBody::Tick(tick(answered, lost)));
    }

    pub(crate) fn tick(&self, answered: &[u32], lost: &[u32]) {
        self.tick_at(stamp_now(), answered, lost);
    }

    /// A segment changes its state: the old one was last seen at `last`, the new one first at
    /// `first`.
    pub(crate) fn change(&self, no: u32, to: LinkState, last: Stamp, first: Stamp) {
        self.enter_at(first, EventBody::Transition(self.transition(no, to, last, first)));
    }

    pub(crate) fn transition(
        &self,
        no: u32,
        to: LinkState,
        last: Stamp,
        first: Stamp,
    ) -> Transition {
        let segment = SegmentNo(no);
        let life = self.life.lock().unwrap();
        let from = life.now.get(&segment).map_or(LinkState::Unknown, |now| now.state);
        let fact = match to {
            LinkState::Down => Fact::ProbesLost { lost: 11, timeout: Duration::from_millis(100) },
            _ => Fact::Answered { rtt: Duration::from_millis(3) },
        };
        let evidence = vec![Evidence { at: first, source: Source::Icmp, fact }];
        Transition {
            segment,
            from,
            to,
            decided: first,
            last_before: last,
            first_after: first,
            evidence,
        }
    }

    /// Forgets the oldest events, as a ring does that is too short.
    pub(crate) fn forget(&self, before: u64) {
        self.life.lock().unwrap().ring.retain(|event| event.seq >= before);
    }
}

impl Drop for Netd {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub(crate) fn tick(answered: &[u32], lost: &[u32]) -> Tick {
    let mut builder = TickBuilder::default();
    for no in answered {
        let outcome = Outcome::Answered(Duration::from_millis(3));
        builder.push(Sample { segment: SegmentNo(*no), outcome });
    }
    for no in lost {
        builder.push(Sample { segment: SegmentNo(*no), outcome: Outcome::Lost });
    }
    builder.build(EngineCounters { sent: 1, ..EngineCounters::default() })
}

async fn serve(listener: UnixListener, life: Arc<Mutex<Life>>, live: broadcast::Sender<Event>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let connection = Connection::new(stream);
        connections.spawn(answer(connection, life.clone(), live.clone()));
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
    let cursor = |life: &Life| Cursor { instance: life.instance, seq: life.seq };
    match request {
        Request::Configure(desired) => {
            let reply = {
                let mut life = life.lock().unwrap();
                life.desired = Some(desired);
                Reply::Done(cursor(&life))
            };
            let _ = connection.send(&reply).await;
        }
        Request::Follow { .. } => {
            let (reply, mut events) = {
                let life = life.lock().unwrap();
                let oldest = life.ring.first().map_or(life.seq + 1, |event| event.seq);
                let now = life.now.values().cloned().collect();
                (Reply::Following { oldest, newest: cursor(&life), now }, live.subscribe())
            };
            let _ = connection.send(&reply).await;
            while let Ok(event) = events.recv().await {
                if connection.send(&Reply::Event(event)).await.is_err() {
                    return;
                }
            }
        }
        Request::Replay { after, until } => {
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
        Request::Ping { count, .. } => {
            for number in 1..=count {
                let outcome = Outcome::Answered(Duration::from_millis(2));
                let line = PingLine { number, outcome, error: None };
                let _ = connection.send(&Reply::Ping(line)).await;
            }
            let done = Reply::Done(cursor(&life.lock().unwrap()));
            let _ = connection.send(&done).await;
        }
        Request::Status => {
            let status = status(&life.lock().unwrap());
            let _ = connection.send(&Reply::Status(Box::new(status))).await;
        }
        // It holds no socket and knows nothing of rules and meters.
        _ => {
            let _ = connection.send(&Reply::Refused("not here".into())).await;
        }
    }
}

fn status(life: &Life) -> Status {
    Status {
        build: "test".into(),
        pid: 1,
        started: stamp_now(),
        oldest: 1,
        newest: Cursor { instance: life.instance, seq: life.seq },
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
        cpu_ns: 1,
    }
}
