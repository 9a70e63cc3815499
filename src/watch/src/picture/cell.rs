//! What is kept of one segment: its state, its last answers, its last minute.

use std::sync::Arc;
use std::time::Duration;

use ets_model::{LinkState, Obstacle, OutageId, Outcome, SegmentNo, WallTime};

use crate::{SegmentNow, Spark};

/// The last minute is kept in this many parts of [`PART`].
pub(crate) const PARTS: usize = 12;
/// The length of one part, in nanoseconds.
pub(crate) const PART: u64 = 5_000_000_000;
/// The median is taken over this many answers.
const ANSWERS: usize = 5;
/// After so many parts without an answer the median is of the past.
const FRESH: u64 = 3;

/// Probes are given at most 2 s, and the second in which they end is told after it.
const SETTLING: Duration = Duration::from_secs(3);

/// One segment. About 130 bytes without the sparkline.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) no: SegmentNo,
    pub(crate) state: LinkState,
    pub(crate) since: WallTime,
    pub(crate) outage: Option<OutageId>,
    pub(crate) spark: Arc<Spark>,
    /// Round-trip times in microseconds, a ring.
    answers: [u32; ANSWERS],
    next: u8,
    held: u8,
    /// In which part the last answer came.
    answered: u64,
    parts: [(u8, u8); PARTS],
    sent: u16,
    lost: u16,
    /// Ends told before this moment say nothing of the loss; see [`Cell::turn`].
    fair_from: WallTime,
    /// Whether the segment has answered since it is watched at this address.
    pub(crate) heard: bool,
    /// What keeps probes from reaching it.
    pub(crate) obstacle: Option<Obstacle>,
}

impl Cell {
    pub(crate) fn new(no: SegmentNo, since: WallTime) -> Self {
        Self {
            no,
            state: LinkState::Unknown,
            since,
            outage: None,
            spark: Arc::default(),
            answers: [0; ANSWERS],
            next: 0,
            held: 0,
            answered: 0,
            parts: [(0, 0); PARTS],
            sent: 0,
            lost: 0,
            fair_from: WallTime(i64::MIN),
            heard: false,
            obstacle: None,
        }
    }

    /// Another state. While a segment is not linked, losses are no quality of its link: they are the
    /// outage, the planned works or the hub's own blindness, which are told by themselves, and they
    /// are probed for ten times as often. The loss counts anew from the end of that, when the probes
    /// of that time have come to their ends too.
    pub(crate) fn turn(&mut self, to: LinkState, since: WallTime) -> LinkState {
        let from = std::mem::replace(&mut self.state, to);
        self.since = since;
        self.heard |= matches!(to, LinkState::Up | LinkState::Degraded);
        match (is_linked(from), is_linked(to)) {
            (true, false) => (self.parts, self.sent, self.lost) = ([(0, 0); PARTS], 0, 0),
            (false, true) => self.fair_from = since.plus(SETTLING),
            _ => {}
        }
        from
    }

    /// As [`Cell::turn`], where what was before is not known.
    pub(crate) fn begin(&mut self, state: LinkState, since: WallTime) -> LinkState {
        let from = self.turn(state, since);
        if from != state {
            self.fair_from = since.plus(SETTLING);
        }
        from
    }

    /// Adds the end of a probe, told at this moment, as far as it counts.
    pub(crate) fn hear(&mut self, part: u64, at: WallTime, outcome: Outcome) {
        if is_linked(self.state) && at >= self.fair_from {
            self.add(part, outcome);
        } else if let Outcome::Answered(rtt) = outcome {
            self.answer(part, rtt);
        }
    }

    /// Adds the end of a probe in the given part of time.
    pub(crate) fn add(&mut self, part: u64, outcome: Outcome) {
        let (sent, lost) = &mut self.parts[slot(part)];
        // A part holds at most 255 ends; more than 50 a second do not come.
        if *sent < u8::MAX {
            *sent += 1;
            self.sent += 1;
            if outcome == Outcome::Lost {
                *lost += 1;
                self.lost += 1;
            }
        }
        if let Outcome::Answered(rtt) = outcome {
            self.answer(part, rtt);
        }
    }

    fn answer(&mut self, part: u64, rtt: Duration) {
        self.answers[usize::from(self.next)] = u32::try_from(rtt.as_micros()).unwrap_or(u32::MAX);
        self.next = (self.next + 1) % 5;
        self.held = (self.held + 1).min(5);
        self.answered = self.answered.max(part);
        self.heard = true;
    }

    /// Makes a part empty for new ends.
    pub(crate) fn clear(&mut self, part: u64) {
        let (sent, lost) = std::mem::take(&mut self.parts[slot(part)]);
        self.sent -= u16::from(sent);
        self.lost -= u16::from(lost);
    }

    /// What everybody is told, at this part of time.
    pub(crate) fn now(&self, part: u64) -> SegmentNow {
        SegmentNow {
            no: self.no,
            state: self.state,
            since: self.since,
            outage: self.outage,
            rtt: self.median(part),
            sent: u32::from(self.sent),
            lost: u32::from(self.lost),
            unheard: self.state == LinkState::Unknown && !self.heard,
            obstacle: self.obstacle,
            spark: self.spark.clone(),
        }
    }

    fn median(&self, part: u64) -> Option<Duration> {
        let held = usize::from(self.held);
        if held == 0 || part.saturating_sub(self.answered) >= FRESH {
            return None;
        }
        let mut answers = self.answers;
        let answers = &mut answers[..held];
        answers.sort_unstable();
        Some(Duration::from_micros(u64::from(answers[held / 2])))
    }
}

fn is_linked(state: LinkState) -> bool {
    matches!(state, LinkState::Up | LinkState::Degraded)
}

fn slot(part: u64) -> usize {
    (part % PARTS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_round_trip_is_the_median_of_the_last_five_answers_and_ages_out() {
        let mut cell = Cell::new(SegmentNo(1), WallTime(0));
        assert_eq!(cell.now(0).rtt, None);
        for millis in [1, 90, 2, 3, 80, 4, 5] {
            cell.add(100, Outcome::Answered(Duration::from_millis(millis)));
        }
        assert_eq!(cell.now(100).rtt, Some(Duration::from_millis(4)));
        assert_eq!(cell.now(102).rtt, Some(Duration::from_millis(4)));
        assert_eq!(cell.now(103).rtt, None);
    }

    /// covers: N3.2
    #[test]
    fn the_fast_probes_of_an_outage_are_no_loss_of_a_segment_that_is_back() {
        let second = |n: i64| WallTime(n * 1_000_000);
        let mut cell = Cell::new(SegmentNo(1), second(0));
        cell.turn(LinkState::Up, second(0));
        (1..=10).for_each(|_| cell.hear(1, second(9), Outcome::Lost));
        cell.turn(LinkState::Down, second(10));
        assert_eq!(cell.now(2).loss(), Some(1.0));
        (0..200).for_each(|n| cell.hear(2 + n / 50, second(10), Outcome::Lost));
        cell.turn(LinkState::Up, second(30));
        cell.hear(6, second(31), Outcome::Lost);
        assert_eq!(cell.now(6).loss(), None, "not measured yet");
        cell.hear(6, second(33), Outcome::Answered(Duration::from_millis(1)));
        assert_eq!(cell.now(6).loss(), Some(0.0));
    }

    /// covers: N3.2
    #[test]
    fn what_works_and_the_hubs_own_blindness_lose_is_no_loss_of_the_segment() {
        let second = |n: i64| WallTime(n * 1_000_000);
        for state in [LinkState::Unknown, LinkState::Maintenance] {
            let mut cell = Cell::new(SegmentNo(1), second(0));
            cell.turn(LinkState::Up, second(0));
            (5..10).for_each(|n| cell.hear(1, second(n), Outcome::Lost));
            assert_eq!(cell.now(1).loss(), Some(1.0));
            cell.turn(state, second(10));
            (10..20).for_each(|n| cell.hear(2, second(n), Outcome::Lost));
            assert_eq!(cell.now(3).loss(), None, "{state}");
            cell.turn(LinkState::Up, second(20));
            cell.hear(4, second(24), Outcome::Answered(Duration::from_millis(1)));
            assert_eq!(cell.now(4).loss(), Some(0.0), "{state}");
        }
    }

    #[test]
    fn loss_is_that_of_the_last_minute_alone() {
        let mut cell = Cell::new(SegmentNo(1), WallTime(0));
        for part in 100..130 {
            cell.clear(part);
            for _ in 0..5 {
                let lost = part < 120;
                cell.add(
                    part,
                    if lost { Outcome::Lost } else { Outcome::Answered(Duration::ZERO) },
                );
            }
        }
        assert_eq!((cell.now(129).sent, cell.now(129).lost), (60, 10));
    }
}
