//! The thread of the rules: orders in, ticks, events out. The watcher never waits for it, nor it for
//! the watcher.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use ets_dataplane::compile::{TABLE, TAKEN, refused_sets};
use ets_dataplane::nft::TableName;
use ets_dataplane::nft::ir::Family;
use ets_dataplane::{Refusal, Refusals};
use ets_model::{BootTime, Intercept, Policy, SegmentNo};
use ets_netd_api::{Apply, Conversations, EventBody, Plan, Reach, RulesEvent, RulesNow};
use ets_runtime::Clock;
use tokio::sync::oneshot;

use super::offence::{Offences, Reason, Who};
use super::plane::Filter;
use super::ruler::{Disk, Plane, Ruler};
use super::safety::{Safety, Standing};
use super::talk;
use crate::Error;
use crate::journal::Journal;
use crate::keeper::Keep;
use crate::meter::Meter;
use crate::speak;

/// How often what is due is looked at.
const TURN: Duration = Duration::from_millis(200);
/// How often counters are read.
const SECOND: Duration = Duration::from_secs(1);

/// What the control server asks for. Each is answered once; a sentence says why not.
#[derive(Debug)]
pub(crate) enum Order {
    Plan(Box<Policy>, Answer<Plan>),
    Apply(Box<Apply>, Answer<RulesNow>),
    Confirm {
        change: u64,
        author: String,
        answer: Answer<RulesNow>,
    },
    Withdraw {
        change: u64,
        answer: Answer<RulesNow>,
    },
    Now(Answer<RulesNow>),
    Text(Answer<String>),
    Reach(Answer<Reach>),
    Conversations(SegmentNo, Answer<Conversations>),
    Intercept(Option<Intercept>, Answer<()>),
    /// Whether the gateway may speak in the name of an address.
    Speak(SocketAddr, Answer<()>),
}

pub(crate) type Answer<T> = oneshot::Sender<Result<T, String>>;

/// Everything that the thread owns.
pub(crate) struct Ruling {
    clock: Clock,
    journal: Journal,
    ruler: Ruler<Filter, ByKeeper>,
    meter: Meter,
    refusals: Option<Refusals>,
    offences: Offences,
    keeper: Sender<Keep>,
    next_second: BootTime,
}

/// What the thread is made of.
pub(crate) struct Parts {
    pub(crate) clock: Clock,
    pub(crate) journal: Journal,
    pub(crate) keeper: Sender<Keep>,
    pub(crate) filter: Filter,
    pub(crate) meter: Meter,
    pub(crate) left: Option<Safety>,
    /// Whose flows the gateway took.
    pub(crate) intercept: Option<Intercept>,
    pub(crate) boot_id: String,
}

/// On disk by the keeper's thread, which alone writes.
#[derive(Debug)]
pub(crate) struct ByKeeper(Sender<Keep>);

impl Disk for ByKeeper {
    fn keep(&mut self, safety: &Safety) -> Result<(), String> {
        self.ask(|kept| Keep::Rules(Box::new(safety.clone()), kept))
    }

    fn keep_intercept(&mut self, intercept: Option<&Intercept>) -> Result<(), String> {
        self.ask(|kept| Keep::Intercept(Box::new(intercept.cloned()), kept))
    }
}

impl ByKeeper {
    fn ask(&self, keep: impl FnOnce(Sender<Result<(), String>>) -> Keep) -> Result<(), String> {
        let (kept, is_kept) = channel();
        let _ = self.0.send(keep(kept));
        is_kept.recv().unwrap_or_else(|_| Err("the keeper has ended".to_owned()))
    }
}

/// Starts the thread, in the network namespace of the caller, and waits until the kernel has what it
/// should. It ends when the sender of orders is dropped.
pub(crate) fn start(parts: Parts) -> Result<Sender<Order>, Error> {
    let (sender, orders) = channel();
    let (ready, is_ready) = channel();
    std::thread::Builder::new()
        .name("rules".into())
        .spawn(move || {
            let mut ruling = Ruling::begin(parts);
            let _ = ready.send(());
            ruling.run(&orders);
        })
        .map_err(|error| Error::System("starting the thread of the rules", error))?;
    let _ = is_ready.recv();
    Ok(sender)
}

impl Ruling {
    fn begin(parts: Parts) -> Self {
        let Parts { clock, journal, keeper, mut filter, mut meter, left, intercept, boot_id } =
            parts;
        filter.intercept(intercept);
        let now = clock.stamp();
        let mut events = Vec::new();
        let plane = (filter, ByKeeper(keeper.clone()));
        let ruler = Ruler::start(left, &boot_id, plane, now, &mut events);
        journal.enter(now, events.into_iter().map(EventBody::Rules));
        meter.follow(ruler.standing(), ruler.plane().around());
        let refusals = Refusals::open();
        if let Err(error) = &refusals {
            tracing::warn!(%error, "scans and floods are known by their counts alone");
        }
        Self {
            clock,
            journal,
            ruler,
            meter,
            refusals: refusals.ok(),
            offences: Offences::default(),
            keeper,
            next_second: now.boot,
        }
    }

    fn run(&mut self, orders: &Receiver<Order>) {
        let mut next_turn = self.clock.boot();
        loop {
            let wait = next_turn.since(self.clock.boot());
            match orders.recv_timeout(wait) {
                Ok(order) => self.obey(order),
                Err(RecvTimeoutError::Timeout) => {
                    next_turn = self.clock.boot() + TURN;
                    self.turn();
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn obey(&mut self, order: Order) {
        let now = self.clock.stamp();
        let mut events = Vec::new();
        // Whoever asked may be gone meanwhile; what was done is done.
        match order {
            Order::Plan(policy, answer) => drop(answer.send(self.ruler.plan(&policy))),
            Order::Apply(apply, answer) => {
                let board = self.journal.snapshot().1;
                let done = self.ruler.apply(&apply, &board, now, &mut events);
                self.tell(events);
                drop(answer.send(done.map(|()| self.ruler.now())));
            }
            Order::Confirm { change, author, answer } => {
                let done = self.ruler.confirm(change, &author, &mut events);
                self.tell(events);
                drop(answer.send(done.map(|()| self.ruler.now())));
            }
            Order::Withdraw { change, answer } => {
                let done = self.ruler.withdraw(change, &mut events);
                self.tell(events);
                drop(answer.send(done.map(|()| self.ruler.now())));
            }
            Order::Now(answer) => drop(answer.send(Ok(self.ruler.now()))),
            Order::Text(answer) => drop(answer.send(self.ruler.plane_mut().text())),
            Order::Reach(answer) => self.prove(answer),
            Order::Conversations(segment, answer) => self.listen(segment, answer),
            Order::Intercept(wanted, answer) => drop(answer.send(self.ruler.intercept(wanted))),
            Order::Speak(address, answer) => drop(answer.send(self.may_speak(address))),
        }
    }

    /// Only in the name of who is outside, and only while anybody is intercepted.
    fn may_speak(&self, address: SocketAddr) -> Result<(), String> {
        let plane = self.ruler.plane();
        let Some(intercept) = plane.intercepted() else {
            return Err("nobody is intercepted: no socket speaks in another's name".to_owned());
        };
        let policy = self.ruler.standing().policy();
        speak::fault(address, intercept, policy, &plane.around().own).map_or(Ok(()), Err)
    }

    /// It may take seconds with 10,000 segments: on a thread of its own, with a view of its own.
    fn prove(&mut self, answer: Answer<Reach>) {
        let standing: Standing = self.ruler.standing().clone();
        let (metered, clock) = (self.meter.by_filter(), self.clock.clone());
        let published = self.ruler.plane().published();
        let prove = move || {
            let filter = Filter::open(metered, published).map_err(|error| error.to_string());
            let at = clock.stamp();
            let reach = filter.and_then(|mut filter| filter.reach(&standing));
            drop(answer.send(reach.map(|reach| Reach { at, ..reach })));
        };
        aside("proof", prove);
    }

    /// The kernel's table may hold a million connections: aside, too.
    fn listen(&mut self, segment: SegmentNo, answer: Answer<Conversations>) {
        let arm = self.ruler.standing().policy().arm(segment);
        let prefixes = arm.map(|arm| arm.prefixes.clone()).unwrap_or_default();
        let at = self.clock.stamp();
        aside("talk", move || {
            let talk = talk::of(&prefixes).map_err(|error| error.to_string());
            drop(answer.send(talk.map(|talk| Conversations { at, ..talk })));
        });
    }

    fn turn(&mut self) {
        let now = self.clock.stamp();
        let mut events = Vec::new();
        let board = self.journal.snapshot().1;
        self.ruler.tick(&board, now, &mut events);
        self.tell(events);
        self.sample();
        if now.boot >= self.next_second {
            self.next_second = self.next_second + SECOND;
            if self.next_second <= now.boot {
                self.next_second = now.boot + SECOND;
            }
            self.second();
        }
        self.accuse();
    }

    fn second(&mut self) {
        self.count();
        self.meter.restore(self.ruler.plane().around());
        self.meter.second(self.clock.stamp(), self.ruler.plane_mut().kernel());
    }

    /// Tells of offences that begin and end: each turn, so that a scan is named while it goes on.
    fn accuse(&mut self) {
        let now = self.clock.stamp();
        let ports = &self.ruler.plane().around().ports;
        let policy = self.ruler.standing().policy();
        let name = |who| match who {
            Who::Interface(number) => {
                ports.iter().find(|(_, no)| **no == number).map(|(name, _)| name)
            }
            Who::Segment(no) => policy.arm(no).map(|arm| &arm.interface),
        };
        let name = |who| name(who).cloned().unwrap_or_default();
        let told = self.offences.tell(now, name);
        if !told.is_empty() {
            self.journal.enter(now, told.into_iter().map(EventBody::Offence));
        }
    }

    fn tell(&mut self, events: Vec<RulesEvent>) {
        if events.is_empty() {
            return;
        }
        self.meter.follow(self.ruler.standing(), self.ruler.plane().around());
        self.journal.enter(self.clock.stamp(), events.into_iter().map(EventBody::Rules));
    }

    fn sample(&mut self) {
        let Some(refusals) = &mut self.refusals else { return };
        let mut samples: Vec<Refusal> = Vec::new();
        if let Err(error) = refusals.read(&mut samples) {
            tracing::debug!(%error, "samples of refused packets cannot be read");
        }
        let now = self.clock.stamp();
        for one in samples {
            let Some(reason) = Reason::from_prefix(&one.reason) else { continue };
            let target = (one.destination, one.protocol, one.port);
            self.offences.sample(who(one.interface, one.mark), reason, target, now);
        }
    }

    /// What was refused since the last reading, by reason and sender.
    fn count(&mut self) {
        let now = self.clock.stamp();
        let table = TableName { family: Family::Inet, name: TABLE.to_owned() };
        for (name, set) in refused_sets() {
            let Some(reason) = Reason::from_prefix(&format!("ets:{name}")) else { continue };
            let Ok(counts) = self.ruler.plane_mut().kernel().counters(&table, &set) else {
                continue;
            };
            for count in counts {
                let Some((interface, mark)) = key(&count.key) else { continue };
                let who = who(interface, mark);
                let refused = self.meter.refused();
                let since = refused.read(name, count.key, (count.bytes, count.packets));
                if let Who::Segment(no) = who
                    && since.amount.1 > 0
                {
                    refused.add(no, since.amount);
                }
                self.offences.counted(who, reason, since.news, now);
            }
        }
        let refused = self.meter.refused();
        refused.end_reading();
        if let Some(tallies) = refused.take_changed() {
            // The keeper ends after everybody else.
            let _ = self.keeper.send(Keep::Tallies(Box::new(tallies)));
        }
    }
}

/// On a thread of its own, in this network namespace.
fn aside(name: &str, work: impl FnOnce() + Send + 'static) {
    if let Err(error) = std::thread::Builder::new().name(name.into()).spawn(work) {
        tracing::error!(%error, name, "a thread cannot be started");
    }
}

/// Interface and mark, in host order.
fn key(bytes: &[u8]) -> Option<(u32, u32)> {
    let word = |at: usize| bytes.get(at..)?.first_chunk().map(|four| u32::from_ne_bytes(*four));
    Some((word(0)?, word(4)?))
}

/// A packet that the gateway was to have is refused with its bit in the mark where it belongs to no
/// connection, or where the way to the hub is missing: its segment is the same.
fn who(interface: u32, mark: u32) -> Who {
    match mark & !TAKEN {
        0 => Who::Interface(interface),
        no => Who::Segment(SegmentNo(no)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N2.2, N5.2, G6
    #[test]
    fn what_is_refused_of_an_intercepted_segment_is_told_of_that_segment() {
        let key = |mark: u32| key(&[4_u32.to_ne_bytes(), mark.to_ne_bytes()].concat()).unwrap();
        let who = |mark| who(key(mark).0, key(mark).1);
        assert_eq!(who(7 | TAKEN), Who::Segment(SegmentNo(7)));
        assert_eq!(who(7), Who::Segment(SegmentNo(7)));
        assert_eq!((who(0), who(TAKEN)), (Who::Interface(4), Who::Interface(4)));
    }
}
