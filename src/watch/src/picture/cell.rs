//! What is kept of one segment: its state, its last answers, its last minute.

use std::sync::Arc;
use std::time::Duration;

use ets_model::{LinkState, OutageId, Outcome, SegmentNo, WallTime};

use crate::{SegmentNow, Spark};

/// The last minute is kept in this many parts of [`PART`].
pub(crate) const PARTS: usize = 12;
/// The length of one part, in nanoseconds.
pub(crate) const PART: u64 = 5_000_000_000;
/// The median is taken over this many answers.
const ANSWERS: usize = 5;

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
            self.answers[usize::from(self.next)] =
                u32::try_from(rtt.as_micros()).unwrap_or(u32::MAX);
            self.next = (self.next + 1) % 5;
            self.held = (self.held + 1).min(5);
            self.answered = self.answered.max(part);
        }
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
            spark: self.spark.clone(),
        }
    }

    fn median(&self, part: u64) -> Option<Duration> {
        let held = usize::from(self.held);
        if held == 0 || part.saturating_sub(self.answered) >= PARTS as u64 {
            return None;
        }
        let mut answers = self.answers;
        let answers = &mut answers[..held];
        answers.sort_unstable();
        Some(Duration::from_micros(u64::from(answers[held / 2])))
    }
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
        assert_eq!(cell.now(111).rtt, Some(Duration::from_millis(4)));
        assert_eq!(cell.now(112).rtt, None);
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
