//! The words of the answers: amounts, flows, whose, periods.

use ets_model::{SegmentNo, WallTime};
use ets_netd_api::{Class, Direction};
use serde::{Deserialize, Serialize};

/// Layer-3 bytes and packets as on the wire of the segment's link.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Amount {
    /// Bytes.
    pub bytes: u64,
    /// Packets.
    pub packets: u64,
}

impl Amount {
    /// Both are zero.
    pub fn is_zero(self) -> bool {
        self.bytes == 0 && self.packets == 0
    }
}

impl std::ops::AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.packets = self.packets.saturating_add(other.packets);
    }
}

impl std::ops::Add for Amount {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl std::iter::Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), |sum, one| sum + one)
    }
}

/// The same figure from the segment and to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Both<T> {
    /// From the segment.
    pub up: T,
    /// To the segment.
    pub down: T,
}

impl<T> Both<T> {
    /// The one of a direction.
    pub fn of(&self, direction: Direction) -> &T {
        match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        }
    }

    /// The one of a direction, to change it.
    pub fn of_mut(&mut self, direction: Direction) -> &mut T {
        match direction {
            Direction::Up => &mut self.up,
            Direction::Down => &mut self.down,
        }
    }
}

impl Both<Amount> {
    /// Up and down together.
    pub fn sum(&self) -> Amount {
        self.up + self.down
    }
}

impl Both<u64> {
    /// The larger of the two.
    pub fn larger(&self) -> u64 {
        self.up.max(self.down)
    }
}

/// Whose traffic is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    /// One segment's. Number 0 is what belongs to no segment.
    Segment(SegmentNo),
    /// All of the hub, what belongs to no segment included.
    Hub,
}

impl Whose {
    /// Under which number it is kept: the hub is one more segment there.
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Segment(no) => no.0.min(HUB - 1),
            Self::Hub => HUB,
        }
    }
}

/// The number under which the whole hub is kept.
pub(crate) const HUB: u32 = u32::MAX;

/// From one moment to another, the last not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The beginning.
    pub from: WallTime,
    /// The end, not included.
    pub to: WallTime,
}

/// One class of traffic both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Which class.
    pub class: Class,
    /// How much, each way.
    pub amount: Both<Amount>,
}

/// What passed in a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// By class, those with anything in it; [`Class::Dropped`] comes last.
    pub flows: Vec<Flow>,
    /// All of it. [`Class::Dropped`] is not added: it is in one of the others as well.
    pub amount: Both<Amount>,
    /// The most bytes in one minute of the period. A minute whose bytes had to be spread over a
    /// time of which only the sum is known does not count.
    pub peak: Both<u64>,
    /// Whether a part of it is known only as the sum over a longer time, see [`crate::Gap`].
    pub spread: bool,
}

impl Total {
    /// The peak as bits a second, averaged over its minute.
    pub fn peak_bps(&self) -> Both<u64> {
        let bps = |bytes: u64| bytes.saturating_mul(8) / 60;
        Both { up: bps(self.peak.up), down: bps(self.peak.down) }
    }

    /// What belongs to one class.
    pub fn of_class(&self, class: Class) -> Both<Amount> {
        self.flows
            .iter()
            .find(|flow| flow.class == class)
            .map(|flow| flow.amount)
            .unwrap_or_default()
    }
}
