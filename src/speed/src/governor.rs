//! How fast a measurement may go: as fast as nobody else is troubled by. Pure.

use std::time::Duration;

/// A round trip that takes so much longer than before shows a queue.
const QUEUE: Duration = Duration::from_millis(25);
/// No measurement goes faster.
const FASTEST: u64 = 1_000_000_000;
/// Nor is one ever slower, so that it sees when it may go on.
const SLOWEST: u64 = 64_000;
/// Where it begins without a contract, and its part of a contract with one.
const FIRST: u64 = 1_000_000;
const FIRST_PART: u64 = 10;
/// A pace is kept until its effect shows: a round trip and its answer.
const SETTLE: Duration = Duration::from_millis(250);
/// After so many rises without a queue the pace grows faster again.
const CAREFUL: u32 = 4;

/// What kept a measurement from being faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The channel: a queue grew, or it took no more.
    Channel,
    /// The contracted rate was reached.
    Contract,
    /// Other traffic had the rest.
    Work,
    /// The hub measures no faster: a gigabit a second.
    Hub,
}

impl Limit {
    /// All of them, in the order of their numbers.
    pub(crate) const ALL: [Self; 4] = [Self::Channel, Self::Contract, Self::Work, Self::Hub];

    /// As it stands in the database and in the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Contract => "contract",
            Self::Work => "work",
            Self::Hub => "hub",
        }
    }
}

/// An answer to an echo request while it is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Echo {
    /// It took so long.
    Took(Duration),
    /// It did not come.
    Lost,
}

/// Sets the pace. Rates in bits a second.
#[derive(Debug)]
pub(crate) struct Governor {
    contracted: Option<u64>,
    idle: Option<Duration>,
    pace: u64,
    /// Rises since the channel last showed a queue; `None` before the first one.
    rises: Option<u32>,
    /// The echo before: one alone may have waited for a processor.
    before: bool,
    /// The pace is not raised before.
    settled: Duration,
    /// How often each of [`Limit::ALL`] held it back.
    held: [u32; 4],
}

impl Governor {
    /// `idle` is the round-trip time before anything was sent.
    pub(crate) fn new(contracted: Option<u64>, idle: Option<Duration>) -> Self {
        let first = contracted.map_or(FIRST, |rate| (rate / FIRST_PART).min(FIRST));
        let pace = first.max(SLOWEST);
        Self { contracted, idle, pace, rises: None, before: false, settled: SETTLE, held: [0; 4] }
    }

    /// The pace from now on, in layer-3 bits a second. `at` is the time since the begin, `work` what
    /// everybody else has now, `carried` what the measurement itself got through last.
    pub(crate) fn step(
        &mut self,
        at: Duration,
        work: u64,
        carried: u64,
        echo: Option<Echo>,
    ) -> u64 {
        let queue = echo.is_some_and(|echo| self.shows_queue(echo));
        // Within a settling time of a cut the queue is still that of before.
        if queue && (at >= self.settled || self.rises != Some(0)) {
            self.rises = Some(0);
            let had = if carried == 0 { self.pace } else { self.pace.min(carried) };
            self.pace = had - had / 4;
            self.settled = at + SETTLE;
        } else if !queue && at >= self.settled {
            self.pace = self.raised();
            self.settled = at + SETTLE;
        }
        let most = self.contracted.unwrap_or(FASTEST);
        let free = most.saturating_sub(work);
        let limit = match self.contracted {
            _ if self.pace < free => Limit::Channel,
            _ if work > most / 10 => Limit::Work,
            Some(_) => Limit::Contract,
            None => Limit::Hub,
        };
        self.pace = self.pace.min(free).max(SLOWEST);
        self.held[limit as usize] += 1;
        self.pace
    }

    fn raised(&mut self) -> u64 {
        let Some(rises) = &mut self.rises else { return self.pace * 2 };
        *rises += 1;
        self.pace + self.pace / if *rises > CAREFUL { 4 } else { 20 }
    }

    /// What kept a measurement that came to `rate` from being faster most of the time. Where the
    /// channel did not carry what it was let, it was the channel.
    pub(crate) fn limit(&self, rate: u64) -> Limit {
        let most = Limit::ALL.into_iter().max_by_key(|limit| self.held[*limit as usize]);
        let let_through = self.contracted.unwrap_or(FASTEST);
        match most {
            Some(Limit::Work) => Limit::Work,
            Some(limit) if rate >= let_through - let_through / 8 => limit,
            _ => Limit::Channel,
        }
    }

    fn shows_queue(&mut self, echo: Echo) -> bool {
        let late = match (echo, self.idle) {
            (Echo::Lost, _) => true,
            (Echo::Took(time), Some(idle)) => time > idle + QUEUE.max(idle / 4),
            (Echo::Took(_), None) => false,
        };
        std::mem::replace(&mut self.before, late) && late
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Duration = Duration::from_millis(1);
    const MEGABIT: u64 = 1_000_000;

    /// A channel with a queue of 200 ms, and somebody who works on it.
    struct Line {
        rate: u64,
        queued: u64,
    }

    impl Line {
        /// What the measurement got through in a tenth of a second beside `work` that does not
        /// give way, and the round-trip time at its end.
        fn pass(&mut self, pace: u64, work: u64) -> (u64, Echo) {
            let room = self.rate / 10;
            let offered = (pace + work) / 10 + self.queued;
            self.queued = offered.saturating_sub(room).min(self.rate / 5);
            let free = room.saturating_sub(work / 10);
            let delay = Duration::from_secs_f64(self.queued as f64 / self.rate as f64);
            ((pace / 10).min(free) * 10, Echo::Took(5 * MS + delay))
        }
    }

    /// Measures for ten seconds; the paces and delays of the last five.
    fn run(governor: &mut Governor, rate: u64, work: u64) -> Vec<(u64, Echo)> {
        let mut line = Line { rate, queued: 0 };
        let (mut carried, mut echo) = (0, None);
        let mut seen = Vec::new();
        for tick in 0..100 {
            let pace = governor.step(tick * 100 * MS, work, carried, echo);
            let (now, told) = line.pass(pace, work);
            (carried, echo) = (now, Some(told));
            if tick >= 50 {
                seen.push((now, told));
            }
        }
        seen
    }

    fn mean(seen: &[(u64, Echo)]) -> u64 {
        seen.iter().map(|(rate, _)| rate).sum::<u64>() / seen.len() as u64
    }

    /// covers: N8.1
    #[test]
    fn a_channel_worse_than_its_contract_is_found_without_filling_its_queue() {
        let mut governor = Governor::new(Some(100 * MEGABIT), Some(5 * MS));
        let seen = run(&mut governor, 40 * MEGABIT, 0);
        assert!((32..=40).contains(&(mean(&seen) / MEGABIT)), "{}", mean(&seen));
        let long = seen.iter().filter(|(_, echo)| *echo > Echo::Took(60 * MS)).count();
        assert!(long <= seen.len() / 5, "{long} of {} waited in a queue", seen.len());
        assert_eq!(governor.limit(mean(&seen)), Limit::Channel);
    }

    /// covers: N8.1
    #[test]
    fn a_contract_is_reached_and_not_passed() {
        let mut governor = Governor::new(Some(20 * MEGABIT), Some(5 * MS));
        let seen = run(&mut governor, 1_000 * MEGABIT, 0);
        assert_eq!(mean(&seen), 20 * MEGABIT);
        assert_eq!(governor.limit(20 * MEGABIT), Limit::Contract);
    }

    /// covers: N8.1
    #[test]
    fn who_works_keeps_what_they_have() {
        let mut governor = Governor::new(Some(20 * MEGABIT), Some(5 * MS));
        let seen = run(&mut governor, 20 * MEGABIT, 15 * MEGABIT);
        assert_eq!(mean(&seen), 5 * MEGABIT);
        assert_eq!(governor.limit(5 * MEGABIT), Limit::Work);
        let mut governor = Governor::new(Some(20 * MEGABIT), Some(5 * MS));
        let seen = run(&mut governor, 20 * MEGABIT, 20 * MEGABIT);
        assert!(mean(&seen) <= SLOWEST, "{}", mean(&seen));
    }

    /// covers: N8.1
    #[test]
    fn a_line_that_loses_two_answers_in_a_row_is_spared() {
        let mut governor = Governor::new(None, Some(5 * MS));
        let first = governor.step(Duration::ZERO, 0, 0, None);
        assert_eq!(governor.step(100 * MS, 0, first, Some(Echo::Lost)), first, "one is chance");
        assert!(governor.step(200 * MS, 0, first, Some(Echo::Lost)) < first);
    }

    proptest! {
        /// covers: N8.1
        #[test]
        fn the_pace_stays_between_its_bounds(
            contracted in prop::option::of(0_u64..10_000_000_000),
            seen in prop::collection::vec(
                (any::<u32>(), any::<u32>(), prop::option::of(0_u64..2_000)), 1..200),
        ) {
            let mut governor = Governor::new(contracted, Some(5 * MS));
            for (tick, (work, carried, delay)) in seen.into_iter().enumerate() {
                let echo = delay.map(|ms| if ms > 1_500 {
                    Echo::Lost
                } else {
                    Echo::Took(Duration::from_millis(ms))
                });
                let at = Duration::from_millis(100 * tick as u64);
                let pace = governor.step(at, work.into(), carried.into(), echo);
                let free = contracted.unwrap_or(FASTEST).saturating_sub(work.into());
                prop_assert!(pace >= SLOWEST && pace <= free.max(SLOWEST), "{pace} of {free}");
            }
        }
    }
}
