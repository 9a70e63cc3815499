//! Meters: bytes and packets by segment, class and direction, as monotonic totals
//! (requirements N5.1, N5.2).
//!
//! What is counted: layer-3 bytes and packets as they were on the wire of the segment's link. Totals
//! never go back within one life of the counters, so a reader that missed frames misses nothing.

use std::net::IpAddr;

use ets_model::{SegmentNo, ServiceNo, Stamp};
use serde::{Deserialize, Serialize};

use crate::varint::{put, take};

/// Which way, seen from the segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the segment.
    Up,
    /// To the segment.
    Down,
}

/// To what the traffic belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    /// To and from the hub itself.
    Hub,
    /// To and from the outside.
    Outside,
    /// To and from another segment; none of it passes.
    Neighbour,
    /// A service.
    Service(ServiceNo),
    /// Everything else.
    Other,
    /// Refused by the rules. Not a class of its own at the wire: these packets are counted in one
    /// of the others as well.
    Dropped,
}

impl Class {
    /// Its number on the wire: 0 other, 1 hub, 2 outside, 3 neighbour, 4.. services, 255 dropped.
    pub fn code(self) -> u8 {
        match self {
            Self::Other => 0,
            Self::Hub => 1,
            Self::Outside => 2,
            Self::Neighbour => 3,
            Self::Service(no) => u8::try_from(no.0.saturating_add(3)).unwrap_or(0),
            Self::Dropped => u8::MAX,
        }
    }

    /// The class with this number.
    pub fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Other,
            1 => Self::Hub,
            2 => Self::Outside,
            3 => Self::Neighbour,
            u8::MAX => Self::Dropped,
            service => Self::Service(ServiceNo(u16::from(service) - 3)),
        }
    }
}

/// The stream of the meters begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metering {
    /// Tells this life of the counters from every other one: they begin at zero in each.
    pub life: u64,
    /// How they are counted: `wire` (exact under offloads) or `filter` (packets as the packet filter
    /// sees them; exact while offloads are off).
    pub by: String,
}

/// Counters as they stood at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeterFrame {
    /// When they were read.
    pub at: Stamp,
    /// What the frame is.
    pub kind: MeterKind,
    /// The counters, packed; see [`MeterBuilder`] and [`MeterFrame::counters`].
    pub packed: Vec<u8>,
}

/// What a frame of counters is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MeterKind {
    /// The end of a minute in the past; those that changed in it.
    Minute,
    /// All that are not zero.
    All,
    /// Now; those that changed in the last second.
    #[default]
    Second,
}

/// One counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    /// Whose; 0 for what belongs to no segment.
    pub segment: SegmentNo,
    /// Which class.
    pub class: Class,
    /// Which way.
    pub direction: Direction,
    /// Layer-3 bytes since the life began.
    pub bytes: u64,
    /// Packets since the life began.
    pub packets: u64,
}

/// One connection of a segment, as long as the kernel tracks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// The address inside the segment.
    pub inside: IpAddr,
    /// The address that it talks with.
    pub peer: IpAddr,
    /// IP protocol number.
    pub protocol: u8,
    /// The port of the one who was called; 0 where there is none.
    pub port: u16,
    /// Bytes and packets from the segment since the connection began.
    pub up: (u64, u64),
    /// Bytes and packets to it.
    pub down: (u64, u64),
}

/// Who talks in a segment now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversations {
    /// When the kernel was asked.
    pub at: Stamp,
    /// How many connections there are.
    pub count: u64,
    /// Those that moved the most, at most [`Conversations::MOST`], largest first.
    pub largest: Vec<Conversation>,
}

impl Conversations {
    /// So many are told.
    pub const MOST: usize = 2_000;
}

/// Packs counters: five varints (LEB128) each, the segment as the step from the one before.
#[derive(Debug, Default)]
pub struct MeterBuilder {
    packed: Vec<u8>,
    before: u32,
}

impl MeterBuilder {
    /// Adds a counter. Segments come in ascending order.
    pub fn push(&mut self, counter: Counter) {
        let way = u64::from(counter.direction == Direction::Down);
        put(&mut self.packed, u64::from(counter.segment.0.saturating_sub(self.before)));
        put(&mut self.packed, u64::from(counter.class.code()) << 1 | way);
        put(&mut self.packed, counter.bytes);
        put(&mut self.packed, counter.packets);
        self.before = self.before.max(counter.segment.0);
    }

    /// What was packed.
    pub fn build(self) -> Vec<u8> {
        self.packed
    }
}

impl MeterFrame {
    /// The counters, ordered by segment. Stops at the first byte that is not sound.
    pub fn counters(&self) -> impl Iterator<Item = Counter> + '_ {
        let mut rest = self.packed.as_slice();
        let mut segment = 0u32;
        std::iter::from_fn(move || {
            segment = segment.checked_add(u32::try_from(take(&mut rest)?).ok()?)?;
            let coded = take(&mut rest)?;
            let direction = if coded & 1 == 1 { Direction::Down } else { Direction::Up };
            Some(Counter {
                segment: SegmentNo(segment),
                class: Class::from_code(u8::try_from(coded >> 1).ok()?),
                direction,
                bytes: take(&mut rest)?,
                packets: take(&mut rest)?,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn counters_come_out_as_they_went_in(
            mut rows in prop::collection::vec(
                (0u32..70_000, 0u8..32, any::<bool>(), any::<u64>(), any::<u64>()), 0..200)
        ) {
            rows.sort_by_key(|row| row.0);
            let counters: Vec<Counter> = rows
                .into_iter()
                .map(|(segment, class, down, bytes, packets)| Counter {
                    segment: SegmentNo(segment),
                    class: Class::from_code(class),
                    direction: if down { Direction::Down } else { Direction::Up },
                    bytes,
                    packets,
                })
                .collect();
            let mut builder = MeterBuilder::default();
            counters.iter().for_each(|counter| builder.push(*counter));
            let frame = MeterFrame { packed: builder.build(), ..MeterFrame::default() };
            prop_assert_eq!(frame.counters().collect::<Vec<_>>(), counters);
        }

        #[test]
        fn any_bytes_give_counters_and_never_a_panic(packed: Vec<u8>) {
            let _ = MeterFrame { packed, ..MeterFrame::default() }.counters().count();
        }
    }

    #[test]
    fn every_class_has_a_number_of_its_own() {
        for code in 0..=u8::MAX {
            assert_eq!(Class::from_code(code).code(), code);
        }
    }
}
