//! The probes under way, by number: constant time both ways, no allocation in the steady state.
//!
//! Numbers grow by one a probe. The ring holds those from `tail` up to `head`; it doubles when
//! more are under way than it has places, up to [`NUMBERS`].

use crate::cookie::NUMBERS;

const FIRST_SIZE: usize = 1024;

/// How a probe stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Waits for its answer.
    Pending,
    /// Its timeout passed; an answer still counts.
    Overdue,
    /// Answered.
    Answered,
    /// Never left.
    Unsent,
}

/// One probe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probe {
    pub(crate) number: u64,
    /// The latest moment at which it left, in nanoseconds of boot time.
    pub(crate) sent: u64,
    /// How much earlier than `sent` it may have left, in nanoseconds.
    pub(crate) slack: u32,
    pub(crate) slot: u32,
    /// The target's generation when it was sent.
    pub(crate) generation: u16,
    pub(crate) state: State,
    /// An ICMP error was already reported for it.
    pub(crate) error_seen: bool,
}

/// The ring.
#[derive(Debug)]
pub(crate) struct Ring {
    places: Vec<Probe>,
    head: u64,
    tail: u64,
}

impl Ring {
    /// An empty ring whose first probe gets `first` as its number.
    pub(crate) fn new(first: u64) -> Self {
        Self { places: vec![EMPTY; FIRST_SIZE], head: first, tail: first }
    }

    /// The number that the next probe gets.
    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    /// Places, taken or not.
    pub(crate) fn size(&self) -> usize {
        self.places.len()
    }

    /// Whether a probe more needs [`grow`](Self::grow) first.
    pub(crate) fn is_full(&self) -> bool {
        self.head - self.tail >= self.places.len() as u64
    }

    /// Doubles the ring. `false` when it has its full size already.
    pub(crate) fn grow(&mut self) -> bool {
        let size = self.places.len() * 2;
        if size as u64 > NUMBERS {
            return false;
        }
        let mut places = vec![EMPTY; size];
        for number in self.tail..self.head {
            places[place(number, size)] = self.places[place(number, self.places.len())];
        }
        self.places = places;
        true
    }

    /// Enters a probe and gives its number. The ring must not be full.
    pub(crate) fn push(&mut self, slot: u32, generation: u16, sent: u64) -> u64 {
        let number = self.head;
        let size = self.places.len();
        self.places[place(number, size)] = Probe {
            number,
            sent,
            slack: 0,
            slot,
            generation,
            state: State::Pending,
            error_seen: false,
        };
        self.head += 1;
        number
    }

    /// The probe of this number, if it is still in the ring.
    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut Probe> {
        let size = self.places.len();
        (self.tail..self.head).contains(&number).then(|| &mut self.places[place(number, size)])
    }

    /// The probe at this place of the ring, as the timer wheel names it.
    pub(crate) fn at_place(&mut self, index: u32) -> &mut Probe {
        &mut self.places[index as usize]
    }

    /// The place of a number: the name of a probe in the timer wheel.
    pub(crate) fn place_of(&self, number: u64) -> u32 {
        u32::try_from(place(number, self.places.len())).expect("the ring has at most 2^19 places")
    }

    /// The number in the ring that is `wire` modulo [`NUMBERS`].
    pub(crate) fn number_of(&self, wire: u64) -> Option<u64> {
        let back = self.head.wrapping_sub(1).wrapping_sub(wire) % NUMBERS;
        let number = self.head.checked_sub(1)?.checked_sub(back)?;
        (number >= self.tail).then_some(number)
    }

    /// Gives up the oldest probes, those that left before `limit`.
    pub(crate) fn give_up(&mut self, limit: u64) {
        let size = self.places.len();
        while self.tail < self.head && self.places[place(self.tail, size)].sent < limit {
            self.tail += 1;
        }
    }

    /// All probes in the ring, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Probe> {
        (self.tail..self.head).map(|number| &self.places[place(number, self.places.len())])
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.places.capacity() * size_of::<Probe>()
    }
}

const EMPTY: Probe = Probe {
    number: 0,
    sent: 0,
    slack: 0,
    slot: 0,
    generation: 0,
    state: State::Unsent,
    error_seen: true,
};

fn place(number: u64, size: usize) -> usize {
    usize::try_from(number % size as u64).expect("below the size")
}

#[cfg(test)]
#[path = "ring_tests.rs"]
mod tests;
