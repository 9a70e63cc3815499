//! A world in virtual time: segments that answer or not, and the prober that asks them.

use std::collections::BTreeMap;
use std::time::Duration;

use ets_dataplane::Change;
use ets_model::{BootTime, Criticality, LinkState, Method, SegmentNo, Stamp, Transition, WallTime};
use ets_netd_api::{Desired, EngineCounters, EventBody, Target, Trunk};
use ets_probe::{Ended, ProbeTarget};

use crate::brain::{Brain, Known, Prober, Round};

const STEP: Duration = Duration::from_millis(4);
const WINDOW: Duration = Duration::from_secs(2);

/// Whether a segment, by number, answers a probe that leaves at that time, in milliseconds.
pub(super) type Answers = Box<dyn Fn(u32, u64) -> bool>;

/// The brain in its world.
pub(super) struct World {
    pub(super) brain: Brain,
    pub(super) told: Vec<(u64, EventBody)>,
    prober: Simulated,
    now: BootTime,
    next_tick: BootTime,
    answers: Answers,
}

#[derive(Default)]
struct Simulated {
    now: BootTime,
    slots: BTreeMap<u32, Slot>,
    /// Ends to come, by time.
    ends: BTreeMap<(BootTime, u64), Ended>,
    numbers: BTreeMap<u32, u32>,
    count: u64,
}

#[derive(Clone)]
struct Slot {
    interval: Duration,
    next: BootTime,
    timeout: Duration,
    bursts: Vec<BootTime>,
}

impl Prober for Simulated {
    fn set_target(&mut self, target: ProbeTarget) {
        let phase = target.interval.mul_f64((f64::from(target.slot) * 0.618_034).fract());
        let new = Slot {
            interval: target.interval,
            next: self.now + phase,
            timeout: Duration::from_secs(1),
            bursts: Vec::new(),
        };
        self.slots.entry(target.slot).or_insert(new).interval = target.interval;
    }

    fn remove(&mut self, slot: u32) {
        self.slots.remove(&slot);
    }

    fn burst(&mut self, slot: u32, count: u8, spacing: Duration) {
        let now = self.now;
        let Some(slot) = self.slots.get_mut(&slot) else {
            return;
        };
        slot.bursts = (0..u32::from(count)).map(|n| now + spacing * n).collect();
    }

    fn set_interval(&mut self, slot: u32, interval: Duration) {
        let now = self.now;
        let Some(slot) = self.slots.get_mut(&slot) else {
            return;
        };
        slot.interval = interval;
        slot.next = slot.next.min(now + interval);
    }

    fn set_timeout(&mut self, slot: u32, timeout: Duration) {
        if let Some(slot) = self.slots.get_mut(&slot) {
            slot.timeout = timeout;
        }
    }
}

impl Simulated {
    fn send_due(&mut self, answers: &Answers) {
        let now = self.now;
        let mut sends = Vec::new();
        for (slot, state) in &mut self.slots {
            if state.next <= now {
                state.next = now + state.interval;
                sends.push((*slot, state.timeout));
            }
            let due = state.bursts.iter().filter(|at| **at <= now).count();
            state.bursts.drain(..due);
            sends.extend((0..due).map(|_| (*slot, state.timeout)));
        }
        for (slot, timeout) in sends {
            self.send(slot, timeout, answers);
        }
    }

    fn send(&mut self, slot: u32, timeout: Duration, answers: &Answers) {
        self.count += 1;
        let sent = BootTime(self.now.0 + self.count % 1_000);
        let number = self.numbers.get(&slot).copied().unwrap_or(slot + 1);
        let rtt = Duration::from_micros(900 + u64::from(number % 7) * 100);
        let (at, end) = if answers(number, millis(sent)) {
            (sent + rtt, Ended::Answered { slot, sent, rtt })
        } else {
            (sent + timeout.min(WINDOW), Ended::Lost { slot, sent })
        };
        self.ends.insert((at, self.count), end);
    }

    fn due_ends(&mut self) -> Vec<Ended> {
        let later = self.ends.split_off(&(BootTime(self.now.0 + 1), 0));
        std::mem::replace(&mut self.ends, later).into_values().collect()
    }
}

impl World {
    /// `segments` segments spread over `ports` ports `p0`, `p1`, … of the trunk `t`, all with
    /// carrier, at time 0.
    pub(super) fn new(
        segments: u32,
        ports: u32,
        answers: impl Fn(u32, u64) -> bool + 'static,
    ) -> Self {
        Self::restored(segments, ports, &Known::default(), answers)
    }

    /// The same after a restart.
    pub(super) fn restored(
        segments: u32,
        ports: u32,
        known: &Known,
        answers: impl Fn(u32, u64) -> bool + 'static,
    ) -> Self {
        let mut world = Self {
            brain: Brain::default(),
            told: Vec::new(),
            prober: Simulated::default(),
            now: at(0),
            next_tick: at(1_000),
            answers: Box::new(answers),
        };
        world.prober.now = at(0);
        world.brain.set_links((0..ports).map(|port| (format!("p{port}"), true)));
        world.configure(&desired(segments, ports), known);
        world
    }

    pub(super) fn configure(&mut self, desired: &Desired, known: &Known) {
        self.round(|brain, round| brain.configure(round, desired, known));
    }

    /// Lets time pass up to `until`, in milliseconds.
    pub(super) fn run(&mut self, until: u64) {
        while self.now < at(until) {
            self.now = self.now + STEP;
            self.prober.now = self.now;
            let ends = self.prober.due_ends();
            self.round(|brain, round| {
                ends.into_iter().for_each(|end| brain.ended(round, end));
                brain.pass(round);
            });
            self.prober.send_due(&self.answers);
            if self.now >= self.next_tick {
                self.next_tick = self.next_tick + Duration::from_secs(1);
                let tick = self.brain.tick(self.now, EngineCounters::default());
                self.told.push((millis(self.now), EventBody::Tick(tick)));
                self.round(Brain::promote);
            }
        }
    }

    /// Nothing runs for `length`: no probe leaves, and the engine can say nothing of those under
    /// way.
    pub(super) fn stall(&mut self, length: Duration) {
        let from = self.now;
        self.now = self.now + length;
        self.prober.now = self.now;
        self.prober.ends.clear();
        for slot in self.prober.slots.values_mut() {
            slot.next = slot.next + length;
        }
        let to = self.now;
        self.round(|brain, round| {
            brain.ended(round, Ended::Stalled { from, to });
            brain.pass(round);
        });
    }

    /// What the newest tick says of obstacles.
    pub(super) fn obstacles(&self) -> Vec<(SegmentNo, ets_model::Obstacle)> {
        let newest = self.told.iter().rev().find_map(|(_, body)| match body {
            EventBody::Tick(tick) => Some(tick.obstacles.clone()),
            _ => None,
        });
        newest.unwrap_or_default()
    }

    /// The carrier of a port comes or goes now.
    pub(super) fn carrier(&mut self, port: u32, up: bool) {
        let change = Change::Carrier { interface: format!("p{port}"), up };
        self.round(|brain, round| brain.kernel(round, change));
    }

    pub(super) fn end(&mut self, end: Ended) {
        self.round(|brain, round| brain.ended(round, end));
    }

    pub(super) fn transitions(&self) -> Vec<(u64, Transition)> {
        let one = |(at, body): &(u64, EventBody)| match body {
            EventBody::Transition(change) => Some((*at, change.clone())),
            _ => None,
        };
        self.told.iter().filter_map(one).collect()
    }

    /// When, and who, was told to have come to `state`, after `from` in milliseconds.
    pub(super) fn came_to(&self, state: LinkState, from: u64) -> Vec<(u64, u32)> {
        let changes = self.transitions().into_iter();
        changes
            .filter(|(at, change)| change.to == state && *at >= from)
            .map(|(at, change)| (at, change.segment.0))
            .collect()
    }

    /// When the trunk was told to be dark (`true`) or lit, after the configuration.
    pub(super) fn trunk(&self) -> Vec<(u64, bool, u64)> {
        let one = |(at, body): &(u64, EventBody)| match body {
            EventBody::Trunk { dark, since, .. } if *at > 0 => {
                Some((*at, *dark, millis(since.boot)))
            }
            _ => None,
        };
        self.told.iter().filter_map(one).collect()
    }

    pub(super) fn blinds(&self) -> Vec<ets_model::Blind> {
        let one = |(_, body): &(u64, EventBody)| match body {
            EventBody::Blind(blind) => Some(blind.clone()),
            _ => None,
        };
        self.told.iter().filter_map(one).collect()
    }

    pub(super) fn state(&self, number: u32) -> LinkState {
        let mut board = self.brain.board();
        let found = board.find(|now| now.segment == SegmentNo(number));
        found.map_or(LinkState::Unknown, |now| now.state)
    }

    pub(super) fn up(&self) -> usize {
        self.brain.board().filter(|now| now.state == LinkState::Up).count()
    }

    fn round(&mut self, act: impl FnOnce(&mut Brain, &mut Round<'_, Simulated>)) {
        let now = stamp(self.now);
        let mut events = Vec::new();
        act(&mut self.brain, &mut Round { now, prober: &mut self.prober, events: &mut events });
        let at = millis(self.now);
        self.told.extend(events.into_iter().map(|body| (at, body)));
    }
}

/// `segments` segments on `ports` ports of one trunk.
pub(super) fn desired(segments: u32, ports: u32) -> Desired {
    let target = |no: u32| {
        let [_, high, middle, low] = no.to_be_bytes();
        Target {
            no: SegmentNo(no),
            address: [10, high, middle, low].into(),
            method: Method::Icmp,
            criticality: Criticality::Normal,
            interface: format!("p{}", no % ports),
            maintenance: false,
        }
    };
    let trunk = Trunk { name: "t".into(), interfaces: vec!["p*".into()] };
    Desired { generation: 1, targets: (1..=segments).map(target).collect(), trunks: vec![trunk] }
}

/// A moment of the world, in milliseconds from its beginning.
pub(super) fn at(millis: u64) -> BootTime {
    BootTime(100_000_000_000) + Duration::from_millis(millis)
}

pub(super) fn millis(boot: BootTime) -> u64 {
    boot.0.saturating_sub(at(0).0) / 1_000_000
}

pub(super) fn stamp(boot: BootTime) -> Stamp {
    Stamp { boot, wall: WallTime(i64::try_from(boot.0 / 1_000).unwrap()) }
}
