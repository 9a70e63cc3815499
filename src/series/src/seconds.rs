//! The seconds of the last hour: four bytes a second and segment.

use std::time::Duration;

use ets_model::{Outcome, WallTime};

use crate::Second;
use crate::tally::micros;

/// Seconds that are ever kept.
const HOUR: i64 = 3_600;
/// No place yet.
const NOWHERE: u32 = u32::MAX;
/// A segment's number beyond this is no number of ours.
const LARGEST: u32 = 1 << 22;

/// A ring of seconds; each second is a row with one cell for each segment, so that a new second
/// is one allocation and taking in a tick runs through memory in order.
///
/// A cell: 5 bits sent, 5 bits lost, 22 bits of microseconds of the mean round trip.
#[derive(Debug)]
pub(crate) struct Seconds {
    rows: Vec<Row>,
    budget: u64,
    longest: i64,
    /// By the segment's number: its place in the rows.
    places: Vec<u32>,
    /// By place: the segment and the last second that it had something in.
    tenants: Vec<(u32, i64)>,
    vacant: Vec<u32>,
    /// The second of the newest live tick.
    newest: i64,
}

#[derive(Clone, Debug, Default)]
struct Row {
    second: i64,
    cells: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Cell(u32);

impl Cell {
    const MOST: u32 = 31;
    const LONGEST: u32 = (1 << 22) - 1;

    fn sent(self) -> u32 {
        self.0 >> 27
    }

    fn lost(self) -> u32 {
        self.0 >> 22 & 31
    }

    fn rtt_us(self) -> u32 {
        self.0 & Self::LONGEST
    }

    fn with(self, outcome: Outcome) -> Self {
        let (sent, lost) = (self.sent(), self.lost());
        if sent == Self::MOST {
            return self;
        }
        let (lost, rtt) = match outcome {
            Outcome::Lost => (lost + 1, self.rtt_us()),
            Outcome::Answered(rtt) => {
                let answered = sent - lost;
                let rtt = micros(rtt).min(Self::LONGEST);
                let sum = u64::from(self.rtt_us()) * u64::from(answered) + u64::from(rtt);
                let mean = sum / u64::from(answered + 1);
                (lost, u32::try_from(mean).unwrap_or(Self::LONGEST))
            }
        };
        Self((sent + 1) << 27 | lost << 22 | rtt)
    }

    fn second(self, second: i64) -> Second {
        let (sent, lost) = (self.sent(), self.lost());
        let rtt = (sent > lost).then(|| Duration::from_micros(self.rtt_us().into()));
        let at = WallTime(second * 1_000_000);
        Second { at, sent: sent as u8, lost: lost as u8, rtt }
    }
}

impl Seconds {
    pub(crate) fn new(budget: u64, longest: Duration) -> Self {
        let longest = i64::try_from(longest.as_secs()).unwrap_or(HOUR).clamp(60, HOUR);
        Self {
            rows: vec![Row::default(); HOUR as usize],
            budget,
            longest,
            places: Vec::new(),
            tenants: Vec::new(),
            vacant: Vec::new(),
            newest: i64::MIN,
        }
    }

    /// Begins the second of a tick. `live` is what is newer than all before it, also when the
    /// wall clock was turned back; the backlog never takes a newer second's row. Answers whether
    /// there is room for it.
    pub(crate) fn begin(&mut self, second: i64, live: bool) -> bool {
        if live {
            self.newest = second;
        } else if second <= self.newest.saturating_sub(self.window()) {
            return false;
        }
        self.let_go(second);
        let row = &mut self.rows[second.rem_euclid(HOUR) as usize];
        if row.second > second && !live {
            return false;
        }
        if row.second != second {
            row.second = second;
            row.cells.clear();
        }
        true
    }

    /// Adds a sample to a second that was begun.
    pub(crate) fn add(&mut self, second: i64, segment: u32, outcome: Outcome) {
        let Some(place) = self.place(segment, second) else { return };
        let width = self.tenants.len();
        let row = &mut self.rows[second.rem_euclid(HOUR) as usize];
        if row.cells.len() <= place {
            row.cells.reserve_exact(width - row.cells.len());
            row.cells.resize(width, 0);
        }
        row.cells[place] = Cell(row.cells[place]).with(outcome).0;
    }

    /// The seconds from `from` to `to` (not included) that are in memory, empty ones included.
    pub(crate) fn between(&self, segment: u32, from: i64, to: i64) -> Vec<Second> {
        let place = self.places.get(segment as usize).copied().unwrap_or(NOWHERE) as usize;
        let oldest = self.newest.saturating_sub(self.window() - 1);
        (from.max(oldest)..to)
            .map(|second| {
                let row = &self.rows[second.rem_euclid(HOUR) as usize];
                let cell = if row.second == second { row.cells.get(place) } else { None };
                Cell(cell.copied().unwrap_or(0)).second(second)
            })
            .collect()
    }

    /// How many seconds back the memory reaches at the present number of segments.
    pub(crate) fn window(&self) -> i64 {
        let second = (self.tenants.len() as u64 * 4).max(1);
        i64::try_from(self.budget / second).unwrap_or(HOUR).clamp(1, self.longest)
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> u64 {
        let cells: usize = self.rows.iter().map(|row| row.cells.capacity() * 4).sum();
        let rest = self.rows.capacity() * size_of::<Row>()
            + self.places.capacity() * 4
            + self.tenants.capacity() * size_of::<(u32, i64)>();
        (cells + rest) as u64
    }

    /// Once a minute: frees what the budget no longer allows, and gives the places of segments
    /// that were silent for an hour to others.
    pub(crate) fn vacate(&mut self) {
        let oldest = self.newest.saturating_sub(self.window());
        for row in self.rows.iter_mut().filter(|row| row.second <= oldest) {
            row.cells = Vec::new();
        }
        let horizon = self.newest.saturating_sub(HOUR);
        for (place, (segment, last)) in self.tenants.iter_mut().enumerate() {
            if *last < horizon && *segment != NOWHERE {
                self.places[*segment as usize] = NOWHERE;
                *segment = NOWHERE;
                self.vacant.push(place as u32);
            }
        }
    }

    fn place(&mut self, segment: u32, second: i64) -> Option<usize> {
        if segment > LARGEST {
            return None;
        }
        let number = segment as usize;
        if self.places.len() <= number {
            self.places.resize(number + 1, NOWHERE);
        }
        if self.places[number] == NOWHERE {
            self.places[number] = self.settle(segment, second);
        }
        let place = self.places[number] as usize;
        let last = &mut self.tenants[place].1;
        *last = second.max(*last);
        Some(place)
    }

    fn settle(&mut self, segment: u32, second: i64) -> u32 {
        if let Some(place) = self.vacant.pop() {
            self.tenants[place as usize] = (segment, second);
            return place;
        }
        self.tenants.push((segment, second));
        (self.tenants.len() - 1) as u32
    }

    /// Frees the row that falls out of a window shorter than the ring.
    fn let_go(&mut self, second: i64) {
        let window = self.window();
        if window < HOUR {
            let row = &mut self.rows[(second - window).rem_euclid(HOUR) as usize];
            if row.second <= second - window {
                row.cells = Vec::new();
            }
        }
    }
}
