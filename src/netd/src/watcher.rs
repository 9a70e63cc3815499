//! The watcher: the one thread that turns the probe engine, hears the kernel, feeds the brain and
//! enters what came of it in the journal. It never waits for anybody.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::time::Duration;

use ets_dataplane::{Change, Watch, hasten_neighbours};
use ets_model::{Blind, BlindReason, BootTime, Stamp};
use ets_netd_api::{Desired, EventBody};
use ets_probe::{Ended, Engine, ProbeTarget};
use ets_runtime::Clock;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;
use tokio::sync::oneshot;

use crate::Error;
use crate::alive::Pulse;
use crate::brain::{Brain, Known, Prober, Round, counters};
use crate::journal::{Figures, Journal};
use crate::keeper::{Keep, Left, STATES_APART};

const SECOND: Duration = Duration::from_secs(1);

/// The longest sleep, whatever is due: the sign of life and the shutdown are looked at.
const LONGEST_SLEEP: Duration = Duration::from_millis(50);

/// What the watcher is told by the control server.
#[derive(Debug)]
pub(crate) enum Command {
    /// Take over a desired state that keeps to the rules and is on disk already.
    Configure(Box<Desired>, oneshot::Sender<()>),
    /// End.
    Stop,
}

/// Sends commands and wakes the watcher for them.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    commands: Sender<Command>,
    bell: Arc<EventFd>,
}

/// Everything the thread owns.
pub(crate) struct Watcher {
    clock: Clock,
    engine: Engine,
    watch: Watch,
    brain: Brain,
    journal: Journal,
    keeper: Sender<Keep>,
    pulse: Pulse,
    commands: Receiver<Command>,
    bell: Arc<EventFd>,
    next_tick: BootTime,
    next_states: BootTime,
    states_due: bool,
    ended: Vec<Ended>,
    changes: Vec<Change>,
    events: Vec<EventBody>,
}

/// What the watcher is made of.
pub(crate) struct Parts {
    pub(crate) clock: Clock,
    pub(crate) engine: Engine,
    pub(crate) watch: Watch,
    pub(crate) journal: Journal,
    pub(crate) keeper: Sender<Keep>,
    pub(crate) pulse: Pulse,
}

impl Orders {
    /// Sends a command. It is lost when the watcher has ended; the service notices that by itself.
    pub(crate) fn send(&self, command: Command) {
        let _ = self.commands.send(command);
        let _ = self.bell.write(1);
    }
}

impl Watcher {
    /// Makes the watcher and the other end of its orders.
    pub(crate) fn new(parts: Parts) -> Result<(Self, Orders), Error> {
        let (sender, commands) = std::sync::mpsc::channel();
        let bell = EventFd::from_value_and_flags(0, EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)
            .map_err(|errno| Error::System("eventfd", errno.into()))?;
        let bell = Arc::new(bell);
        let orders = Orders { commands: sender, bell: Arc::clone(&bell) };
        let mut brain = Brain::default();
        brain.set_links(parts.watch.links().map(|link| (link.name.clone(), link.carrier)));
        let now = parts.clock.boot();
        let watcher = Self {
            clock: parts.clock,
            engine: parts.engine,
            watch: parts.watch,
            brain,
            journal: parts.journal,
            keeper: parts.keeper,
            pulse: parts.pulse,
            commands,
            bell,
            next_tick: now + SECOND,
            next_states: now,
            states_due: false,
            ended: Vec::new(),
            changes: Vec::new(),
            events: Vec::new(),
        };
        Ok((watcher, orders))
    }

    /// Goes on where a former process ended: tells the time in which nobody watched, and watches
    /// what it watched.
    pub(crate) fn resume(&mut self, left: Left) {
        let now = self.clock.stamp();
        if let Some(alive) = left.alive {
            let reason = BlindReason::Restarted;
            self.events.push(EventBody::Blind(Blind {
                from: alive,
                to: now,
                reason,
                trunk: String::new(),
            }));
        }
        if let Some(desired) = left.desired {
            tracing::info!(targets = desired.targets.len(), "going on with the last desired state");
            self.configure(now, &desired, &left.known);
        }
        self.enter(now);
    }

    /// Turns until it is told to stop.
    pub(crate) fn run(mut self) {
        while self.turn() {
            self.sleep();
        }
        self.keep_states();
    }

    fn turn(&mut self) -> bool {
        self.engine.turn(self.clock.boot(), &mut self.ended);
        if let Err(error) = self.watch.read(&mut self.changes) {
            tracing::error!(error = error_chain(&error), "link events cannot be read");
        }
        let now = self.clock.stamp();
        self.pulse.beat(now.boot);
        self.think(now);
        let goes_on = self.obey(now);
        if now.boot >= self.next_tick {
            self.second(now);
        }
        self.enter(now);
        self.keep_states_in_time(now.boot);
        self.journal.hold_no_longer(now.boot);
        goes_on
    }

    fn think(&mut self, now: Stamp) {
        let Self { brain, engine, events, changes, ended, watch, .. } = self;
        let mut round = Round { now, prober: engine, events };
        for change in changes.drain(..) {
            if let Change::Carrier { interface, up: true } = &change
                && brain.has_port(interface)
            {
                // It may be a new interface under a known name.
                hasten(interface);
            }
            let gone = match &change {
                Change::Carrier { interface, up: false } if watch.carrier(interface).is_none() => {
                    Some(interface.clone())
                }
                _ => None,
            };
            brain.kernel(&mut round, change);
            gone.into_iter().for_each(|interface| brain.link_gone(&interface));
        }
        ended.drain(..).for_each(|end| brain.ended(&mut round, end));
        brain.pass(&mut round);
    }

    fn obey(&mut self, now: Stamp) -> bool {
        let _ = self.bell.read();
        loop {
            match self.commands.try_recv() {
                Ok(Command::Configure(desired, done)) => {
                    self.configure(now, &desired, &Known::default());
                    self.enter(now);
                    let _ = done.send(());
                }
                Ok(Command::Stop) | Err(TryRecvError::Disconnected) => return false,
                Err(TryRecvError::Empty) => return true,
            }
        }
    }

    fn configure(&mut self, now: Stamp, desired: &Desired, known: &Known) {
        let Self { brain, engine, events, .. } = self;
        brain.configure(&mut Round { now, prober: engine, events }, desired, known);
        self.journal.set_board(self.brain.board());
        self.tell_figures();
        self.brain.ports().for_each(hasten);
    }

    /// Once a second: the tick and the figures.
    fn second(&mut self, now: Stamp) {
        let engine = counters(self.engine.counters());
        let tick = self.brain.tick(now.boot, engine);
        self.events.push(EventBody::Tick(tick));
        let Self { brain, engine, events, .. } = self;
        brain.promote(&mut Round { now, prober: engine, events });
        self.tell_figures();
        self.next_tick = self.next_tick + SECOND;
        if self.next_tick <= now.boot {
            self.next_tick = now.boot + SECOND;
        }
    }

    fn tell_figures(&mut self) {
        let (generation, targets) = self.brain.generation();
        self.journal.set_figures(Figures {
            engine: counters(self.engine.counters()),
            engine_bytes: self.engine.bytes() as u64,
            machine_bytes: self.brain.bytes() as u64,
            generation,
            targets: u32::try_from(targets).unwrap_or(u32::MAX),
            dark: self.brain.dark_trunks(),
        });
    }

    fn enter(&mut self, now: Stamp) {
        if !self.events.is_empty() {
            self.journal.enter(now, self.events.drain(..));
        }
    }

    fn keep_states_in_time(&mut self, now: BootTime) {
        self.states_due |= self.brain.take_changed();
        if self.states_due && now >= self.next_states {
            self.next_states = now + STATES_APART;
            self.keep_states();
        }
    }

    fn keep_states(&mut self) {
        self.states_due = false;
        let states = self.brain.board().collect();
        let _ = self.keeper.send(Keep::States(states, self.journal.entered()));
    }

    fn sleep(&self) {
        let now = self.clock.boot();
        let due = [Some(self.engine.next_due()), Some(self.next_tick), self.brain.next_timer()];
        let due = due.into_iter().flatten().min().unwrap_or(self.next_tick);
        let length = due.since(now).min(LONGEST_SLEEP);
        if length.is_zero() {
            return;
        }
        let mut fds: Vec<PollFd<'_>> = self.watch.fds().map(readable).into();
        fds.push(readable(self.bell.as_fd()));
        fds.extend(self.engine.fds().into_iter().map(readable));
        // Interrupted or not: the next turn looks at everything.
        let _ = ppoll(&mut fds, Some(TimeSpec::from_duration(length)), None);
    }
}

fn readable(fd: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::new(fd, PollFlags::POLLIN)
}

/// Best effort: without it a recovery is seen up to a second later.
fn hasten(interface: &str) {
    if let Err(error) = hasten_neighbours(interface) {
        tracing::debug!(interface, %error, "neighbours are asked for at the kernel's own pace");
    }
}

fn error_chain(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}

impl Prober for Engine {
    fn set_target(&mut self, target: ProbeTarget) {
        Self::set_target(self, target);
    }

    fn remove(&mut self, slot: u32) {
        Self::remove(self, slot);
    }

    fn burst(&mut self, slot: u32, count: u8, spacing: Duration) {
        Self::burst(self, slot, count, spacing);
    }

    fn set_interval(&mut self, slot: u32, interval: Duration) {
        Self::set_interval(self, slot, interval);
    }

    fn set_timeout(&mut self, slot: u32, timeout: Duration) {
        Self::set_timeout(self, slot, timeout);
    }
}
