//! Class and direction as one small number, the key of a counter.

use ets_netd_api::{Class, Direction};

/// The class's number doubled, plus one for what goes to the segment. Below 512.
pub(crate) type Key = u16;

pub(crate) fn key(class: Class, direction: Direction) -> Key {
    u16::from(class.code()) << 1 | u16::from(direction == Direction::Down)
}

pub(crate) fn class(key: Key) -> Class {
    Class::from_code(u8::try_from(key >> 1).unwrap_or(0))
}

pub(crate) fn direction(key: Key) -> Direction {
    if key & 1 == 1 { Direction::Down } else { Direction::Up }
}

/// Whether it counts in sums: what was dropped is in another class as well.
pub(crate) fn is_summed(key: Key) -> bool {
    key >> 1 != u16::from(u8::MAX)
}
