//! A world in which a machine is probed: virtual time, a link with any fate, an engine that sends,
//! times out and reports as the real one does.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::time::Duration;

use ets_liveness::{Input, Machine, Pace, Params, Step, TransitionDraft};
use ets_model::{BlindReason, BootTime, Criticality, LinkState};

/// The engine takes in and reports in rounds of this length.
const ROUND: Duration = Duration::from_millis(4);
/// An answer later than this is not known any more.
const REMEMBERED: Duration = Duration::from_secs(2);

pub(crate) const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub(crate) const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// `SplitMix64`: small, even, and the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn chance(&mut self, of: f64) -> bool {
        self.unit() < of
    }

    pub(crate) fn between(&mut self, low: Duration, high: Duration) -> Duration {
        low + (high - low).mul_f64(self.unit())
    }
}

/// How a link treats a probe that leaves at a moment: the round-trip time, or lost.
pub(crate) type Fate = Box<dyn FnMut(BootTime, &mut Random) -> Option<Duration>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Answer { sent: BootTime, rtt: Duration },
    Timeout { sent: BootTime },
    Regular { epoch: u32 },
    Burst,
}

pub(crate) struct Sim {
    pub(crate) machine: Machine,
    pub(crate) params: Params,
    pub(crate) now: BootTime,
    pub(crate) log: Vec<TransitionDraft>,
    pub(crate) random: Random,
    pub(crate) fate: Fate,
    pub(crate) sent: u64,
    regular: Duration,
    interval: Duration,
    epoch: u32,
    queue: BinaryHeap<Reverse<(BootTime, Due)>>,
    waiting: BTreeSet<BootTime>,
}

impl Sim {
    pub(crate) fn new(seed: u64, criticality: Criticality, fate: Fate) -> Self {
        let params = Params::default();
        let start = BootTime(secs(1_000).as_nanos() as u64);
        let interval = params.interval(criticality);
        let mut sim = Self {
            machine: Machine::new(start),
            params,
            now: start,
            log: Vec::new(),
            random: Random(seed),
            fate,
            sent: 0,
            regular: interval,
            interval,
            epoch: 0,
            queue: BinaryHeap::new(),
            waiting: BTreeSet::new(),
        };
        let phase = sim.random.between(Duration::ZERO, interval);
        sim.at(start + phase, Due::Regular { epoch: 0 });
        sim
    }

    pub(crate) fn set_fate(
        &mut self,
        fate: impl FnMut(BootTime, &mut Random) -> Option<Duration> + 'static,
    ) {
        self.fate = Box::new(fate);
    }

    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(Reverse((at, due))) = self.queue.peek().copied() {
            if at > end {
                break;
            }
            self.queue.pop();
            self.now = self.now.max(at);
            self.happen(due);
        }
        self.now = end;
    }

    /// The process does not run for `time`. With `overflow`, answers of that time are lost too.
    pub(crate) fn stall(&mut self, time: Duration, overflow: bool) {
        let (from, to) = (self.now, self.now + time);
        self.now = to;
        self.give(Input::Blind { from, reason: BlindReason::Stalled });
        self.give(Input::Sighted { reason: BlindReason::Stalled });
        let mut missed = Vec::new();
        while self.queue.peek().is_some_and(|Reverse((at, _))| *at <= to) {
            missed.extend(self.queue.pop().map(|Reverse((_, due))| due));
        }
        missed.sort_by_key(|due| !matches!(due, Due::Answer { .. }));
        for due in missed {
            match due {
                Due::Answer { .. } if overflow => {}
                Due::Burst => {}
                due => self.happen(due),
            }
        }
    }

    pub(crate) fn give(&mut self, input: Input<'_>) -> Step {
        let step = self.machine.step(&self.params, self.now, input);
        if let Some(pace) = step.pace {
            self.set_pace(pace);
        }
        self.log.extend(step.transition.clone());
        step
    }

    pub(crate) fn state(&self) -> LinkState {
        self.machine.state()
    }

    pub(crate) fn ever(&self, state: LinkState) -> bool {
        self.log.iter().any(|change| change.to == state)
    }

    /// When `state` was first decided after `since`.
    pub(crate) fn decided(&self, state: LinkState, since: BootTime) -> Option<Duration> {
        let found = self.log.iter().find(|change| change.to == state && change.decided >= since)?;
        Some(found.decided.since(since))
    }

    fn set_pace(&mut self, pace: Pace) {
        let interval = match pace {
            Pace::Regular => self.regular,
            Pace::Fast => self.params.fast_interval,
            Pace::Burst { count, spacing } => {
                for number in 0..u32::from(count) {
                    self.at(self.now + spacing * number, Due::Burst);
                }
                return;
            }
        };
        self.interval = interval;
        self.epoch += 1;
        self.at(self.now + interval, Due::Regular { epoch: self.epoch });
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Regular { epoch } if epoch != self.epoch => {}
            Due::Regular { epoch } => {
                self.at(self.now + self.interval, Due::Regular { epoch });
                self.send();
            }
            Due::Burst => self.send(),
            Due::Answer { sent, rtt } => {
                self.waiting.remove(&sent);
                self.give(Input::Answered { sent, rtt });
            }
            Due::Timeout { sent } => {
                if self.waiting.remove(&sent) {
                    self.give(Input::Lost { sent });
                }
            }
        }
    }

    fn send(&mut self) {
        let sent = self.now;
        self.sent += 1;
        if !self.waiting.insert(sent) {
            return;
        }
        self.at(round_up(sent + self.machine.timeout(&self.params)), Due::Timeout { sent });
        if let Some(rtt) = (self.fate)(sent, &mut self.random).filter(|rtt| *rtt <= REMEMBERED) {
            self.at(round_up(sent + rtt), Due::Answer { sent, rtt });
        }
    }

    fn at(&mut self, at: BootTime, due: Due) {
        self.queue.push(Reverse((at, due)));
    }
}

fn round_up(at: BootTime) -> BootTime {
    let round = ROUND.as_nanos() as u64;
    BootTime(at.0.div_ceil(round) * round)
}

/// A link that always answers within 0.5 to 2 ms.
pub(crate) fn good() -> Fate {
    Box::new(|_, random| Some(random.between(Duration::from_micros(500), millis(2))))
}

/// A link that loses each way with this probability.
pub(crate) fn lossy(each_way: f64, low: Duration, high: Duration) -> Fate {
    Box::new(move |_, random| {
        let lost = random.chance(each_way) | random.chance(each_way);
        let rtt = random.between(low, high);
        (!lost).then_some(rtt)
    })
}
