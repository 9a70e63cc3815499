//! The ring: the last events as they go over the wire, bounded in bytes.

use std::collections::VecDeque;
use std::sync::Arc;

/// Bytes that an entry takes besides its frame: its place in the queue, the counters of the
/// shared slice, the allocator's own.
const OVERHEAD: usize = 48;

/// Encoded events with consecutive numbers. The oldest ones give way.
#[derive(Debug)]
pub(crate) struct Ring {
    frames: VecDeque<Arc<[u8]>>,
    newest: u64,
    bytes: usize,
    limit: usize,
}

/// What stands after a place in the ring.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The frames, in order.
    pub(crate) frames: Vec<Arc<[u8]>>,
    /// The number of the first one.
    pub(crate) first: u64,
    /// Bytes after the place, all of them, also those not in `frames`.
    pub(crate) behind: usize,
}

impl Ring {
    pub(crate) fn new(limit: usize) -> Self {
        Self { frames: VecDeque::new(), newest: 0, bytes: 0, limit }
    }

    /// The number that the next event gets.
    pub(crate) fn next(&self) -> u64 {
        self.newest + 1
    }

    /// The number of the newest event; 0 before the first.
    pub(crate) fn newest(&self) -> u64 {
        self.newest
    }

    /// The number of the oldest event still there; that of the next one when there is none.
    pub(crate) fn oldest(&self) -> u64 {
        self.newest + 1 - self.frames.len() as u64
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes allowed.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Adds the frame of the event numbered [`next`](Self::next).
    pub(crate) fn push(&mut self, frame: Arc<[u8]>) {
        self.bytes += frame.len() + OVERHEAD;
        self.frames.push_back(frame);
        self.newest += 1;
        while self.bytes > self.limit && self.frames.len() > 1 {
            if let Some(oldest) = self.frames.pop_front() {
                self.bytes -= oldest.len() + OVERHEAD;
            }
        }
    }

    /// Up to `most` bytes of frames after `seq`, at least one if there is one. When `seq` has
    /// fallen out, they begin at the oldest.
    pub(crate) fn after(&self, seq: u64, most: usize) -> Batch {
        let first = (seq + 1).max(self.oldest());
        let skip = usize::try_from(first - self.oldest()).unwrap_or(usize::MAX);
        let mut taken = 0;
        let frames: Vec<Arc<[u8]>> = self
            .frames
            .iter()
            .skip(skip)
            .take_while(|frame| {
                let room = taken == 0 || taken + frame.len() <= most;
                taken += frame.len();
                room
            })
            .cloned()
            .collect();
        Batch { frames, first, behind: self.behind(skip) }
    }

    /// Bytes from the `skip`th frame on; exact for the short tails that matter, the whole for
    /// longer ones.
    fn behind(&self, skip: usize) -> usize {
        let tail = self.frames.len().saturating_sub(skip);
        if tail > 4_096 {
            return self.bytes;
        }
        self.frames.iter().rev().take(tail).map(|frame| frame.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(limit: usize, frames: usize, length: usize) -> Ring {
        let mut ring = Ring::new(limit);
        (0..frames).for_each(|n| ring.push(vec![n as u8; length].into()));
        ring
    }

    #[test]
    fn the_oldest_give_way_when_the_bytes_are_used_up() {
        let ring = ring(1_000, 100, 52);
        assert_eq!((ring.oldest(), ring.newest(), ring.next()), (91, 100, 101));
        assert!(ring.bytes() <= ring.limit());
    }

    #[test]
    fn an_empty_ring_has_nothing_old() {
        let ring = ring(1_000, 0, 0);
        assert_eq!((ring.oldest(), ring.newest()), (1, 0));
        assert!(ring.after(0, 10).frames.is_empty());
    }

    #[test]
    fn a_place_is_followed_by_the_frames_after_it_in_batches() {
        let ring = ring(10_000, 10, 100);
        let batch = ring.after(4, 250);
        assert_eq!((batch.first, batch.frames.len(), batch.behind), (5, 2, 600));
        assert_eq!(batch.frames[0][0], 4);
        assert_eq!(ring.after(9, 1).frames.len(), 1);
        assert!(ring.after(10, 250).frames.is_empty());
    }

    #[test]
    fn a_place_that_fell_out_is_followed_from_the_oldest() {
        let ring = ring(1_000, 100, 52);
        assert_eq!(ring.after(3, 100).first, 91);
    }
}
