//! A timer wheel: items, each at most once, in buckets of about a millisecond.
//!
//! Insert, remove and pop take constant time and allocate nothing. An item never fires early and
//! at most one bucket late. What lies further ahead than the wheel's span fires at its end, and
//! the caller puts it in again.

const BUCKET_BITS: u32 = 20;
const BUCKETS: usize = 2048;
const NONE: u32 = u32::MAX;

/// How far ahead the wheel reaches, in nanoseconds: 2.1 s.
pub(crate) const SPAN: u64 = ((BUCKETS - 2) as u64) << BUCKET_BITS;

#[derive(Clone, Copy, Debug)]
struct Link {
    next: u32,
    previous: u32,
    /// The bucket that holds the item; `u16::MAX` when none does.
    bucket: u16,
}

const LOOSE: Link = Link { next: NONE, previous: NONE, bucket: u16::MAX };

/// The wheel. Items are dense small numbers; times are nanoseconds of boot time.
#[derive(Debug)]
pub(crate) struct Wheel {
    heads: Box<[u32]>,
    occupied: [u64; BUCKETS / 64],
    links: Vec<Link>,
    /// Absolute number of the bucket that fires next.
    cursor: u64,
}

impl Wheel {
    /// An empty wheel that stands at `now`.
    pub(crate) fn new(now: u64) -> Self {
        Self {
            heads: vec![NONE; BUCKETS].into_boxed_slice(),
            occupied: [0; BUCKETS / 64],
            links: Vec::new(),
            cursor: now >> BUCKET_BITS,
        }
    }

    /// Puts `item` in, or moves it, to fire at `at`; at once when that is past.
    pub(crate) fn insert(&mut self, item: u32, at: u64) {
        self.remove(item);
        let index = item as usize;
        if index >= self.links.len() {
            self.links.resize(index + 1, LOOSE);
        }
        let last = self.cursor + BUCKETS as u64 - 1;
        let bucket = slot_of(at.div_ceil(1 << BUCKET_BITS).clamp(self.cursor, last));
        let next = self.heads[bucket];
        if next != NONE {
            self.links[next as usize].previous = item;
        }
        self.heads[bucket] = item;
        self.occupied[bucket / 64] |= 1 << (bucket % 64);
        let bucket = u16::try_from(bucket).expect("there are 2048 buckets");
        self.links[index] = Link { next, previous: NONE, bucket };
    }

    /// Takes `item` out, if it is in.
    pub(crate) fn remove(&mut self, item: u32) {
        let Some(link) = self.links.get(item as usize).copied() else { return };
        if link.bucket == u16::MAX {
            return;
        }
        if link.next != NONE {
            self.links[link.next as usize].previous = link.previous;
        }
        if link.previous == NONE {
            self.set_head(usize::from(link.bucket), link.next);
        } else {
            self.links[link.previous as usize].next = link.next;
        }
        self.links[item as usize] = LOOSE;
    }

    /// Takes out one item that is due at `now`; earlier buckets first.
    pub(crate) fn pop(&mut self, now: u64) -> Option<u32> {
        let until = now >> BUCKET_BITS;
        match self.first_occupied() {
            Some(bucket) if bucket <= until => {
                self.cursor = bucket;
                let item = self.heads[slot_of(bucket)];
                self.remove(item);
                Some(item)
            }
            _ => {
                self.cursor = self.cursor.max(until);
                None
            }
        }
    }

    /// When the next item fires; `None` when the wheel is empty.
    pub(crate) fn next(&self) -> Option<u64> {
        self.first_occupied().map(|bucket| bucket << BUCKET_BITS)
    }

    /// The moment at which the wheel stands.
    pub(crate) fn now(&self) -> u64 {
        self.cursor << BUCKET_BITS
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.heads.len() * size_of::<u32>() + self.links.capacity() * size_of::<Link>()
    }

    fn set_head(&mut self, bucket: usize, item: u32) {
        self.heads[bucket] = item;
        if item == NONE {
            self.occupied[bucket / 64] &= !(1 << (bucket % 64));
        }
    }

    /// The absolute number of the first bucket, from the cursor on, that holds something.
    fn first_occupied(&self) -> Option<u64> {
        let start = slot_of(self.cursor);
        let words = self.occupied.len();
        for step in 0..=words {
            let word = (start / 64 + step) % words;
            let mut bits = self.occupied[word];
            if step == 0 {
                bits &= u64::MAX << (start % 64);
            } else if step == words {
                bits &= !(u64::MAX << (start % 64));
            }
            if bits != 0 {
                let slot = word * 64 + bits.trailing_zeros() as usize;
                return Some(self.cursor + ((slot + BUCKETS - start) % BUCKETS) as u64);
            }
        }
        None
    }
}

fn slot_of(bucket: u64) -> usize {
    usize::try_from(bucket % BUCKETS as u64).expect("there are 2048 buckets")
}

#[cfg(test)]
#[path = "wheel_tests.rs"]
mod tests;
