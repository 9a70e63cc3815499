//! What passed, in a file that is mapped into memory: what the process counted is in the file the
//! moment it is counted, so that the end of the process, by whatever signal, loses nothing.
//!
//! A tunnel counts in a slot of its own, with one atomic a direction. When it ends, its slot is added
//! to the total of its segment. An end of the process in the midst of that is seen at the next start:
//! the new total was written down beside the old one first.

use std::fs::File;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ets_model::SegmentNo;
use rustix::fs::FallocateFlags;
use rustix::mm::{MapFlags, ProtFlags};

use crate::Error;
use crate::lane::{Lane, Lanes, Side};

mod periods;

pub use periods::Level;
use periods::Periods;
pub(crate) use periods::Used;

/// Marks the file, and says how it is laid out.
const MAGIC: u64 = u64::from_le_bytes(*b"etsgate1");
/// Segments that have a total of their own; those with a larger number share the first one.
const SEGMENTS: usize = 65_536;
/// Tunnels that are counted at once.
const SLOTS: usize = 131_072;

/// The file as it lies in memory; every octet of it is a part of an atomic.
#[repr(C)]
struct Layout {
    magic: AtomicU64,
    /// The numbers of the periods that run: day, week, month.
    running: [AtomicU64; 3],
    spare: [AtomicU64; 4],
    totals: [Total; SEGMENTS],
    slots: [Slot; SLOTS],
    periods: [Periods; SEGMENTS],
}

/// What passed for a segment, and what is about to be its total.
#[repr(C)]
struct Total {
    up: AtomicU64,
    down: AtomicU64,
    tunnels: AtomicU64,
    /// The slot that is being added, counted from 1; 0 for none.
    adding: AtomicU64,
    next: [AtomicU64; 3],
    spare: AtomicU64,
}

/// What passed in a tunnel.
#[repr(C)]
struct Slot {
    /// The place of its segment's total, counted from 1; 0 where there is no tunnel.
    of: AtomicU64,
    up: AtomicU64,
    down: AtomicU64,
    spare: AtomicU64,
}

/// All meters.
pub struct Meters {
    map: NonNull<Layout>,
    /// Slots without a tunnel. Held while a slot is given, added or read with its total.
    free: Mutex<Vec<u32>>,
    /// So many slots, the first ones, have ever been in use since the start.
    top: AtomicU32,
    lanes: Lanes,
}

// The mapping lives as long as this does, nothing else has it, and all of it is atomics.
#[expect(unsafe_code, reason = "a mapping is memory like any other")]
// SAFETY: see above.
unsafe impl Send for Meters {}
#[expect(unsafe_code, reason = "a mapping is memory like any other")]
// SAFETY: see above.
unsafe impl Sync for Meters {}

/// What passed in a tunnel, while it is open and after; at its end the segment has it.
#[derive(Debug)]
pub struct Meter {
    meters: Arc<Meters>,
    slot: u32,
    lane: Arc<Lane>,
}

/// What passed for a segment since the file was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Octets of payload from the segment.
    pub up: u64,
    /// Octets of payload to it.
    pub down: u64,
    /// Tunnels that have ended.
    pub tunnels: u64,
}

impl std::fmt::Debug for Meters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meters")
    }
}

impl Meters {
    /// In a file, which is made where there is none. What was open when the process ended last is
    /// added to its segments.
    ///
    /// # Errors
    /// [`Error::Meters`], also where the disk has no room for all of it.
    pub fn open(path: &Path) -> Result<Arc<Self>, Error> {
        let failed = |error: std::io::Error| Error::Meters(path.to_owned(), error);
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(failed)?;
        let size = size_of::<Layout>() as u64;
        // A hole in the file would end the process when the disk is full.
        rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, size)
            .map_err(|errno| failed(errno.into()))?;
        Self::map(Some(&file)).map_err(failed)
    }

    /// In memory alone: nothing outlives the process.
    ///
    /// # Errors
    /// [`Error::Meters`] where there is no memory.
    pub fn in_memory() -> Result<Arc<Self>, Error> {
        Self::map(None).map_err(|error| Error::Meters("memory".into(), error))
    }

    #[expect(unsafe_code, reason = "there is no safe way to map a file")]
    fn map(file: Option<&File>) -> std::io::Result<Arc<Self>> {
        let (size, rights) = (size_of::<Layout>(), ProtFlags::READ | ProtFlags::WRITE);
        let none = std::ptr::null_mut();
        // SAFETY: a new mapping at an address that the kernel chooses; the file has its whole length.
        let map = unsafe {
            match file {
                Some(file) => rustix::mm::mmap(none, size, rights, MapFlags::SHARED, file, 0)?,
                None => rustix::mm::mmap_anonymous(none, size, rights, MapFlags::PRIVATE)?,
            }
        };
        let map = NonNull::new(map.cast()).ok_or(std::io::ErrorKind::OutOfMemory)?;
        let (free, top, lanes) = Default::default();
        let meters = Self { map, free, top, lanes };
        meters.recover();
        Ok(Arc::new(meters))
    }

    /// A meter for a tunnel of a segment; none where all of them are in use.
    pub(crate) fn meter(self: &Arc<Self>, segment: SegmentNo) -> Option<Meter> {
        let (lane, _) = self.lanes.of(segment);
        let mut free = self.free();
        let number = free.pop()?;
        self.top.fetch_max(number + 1, Ordering::Relaxed);
        let slot = &self.layout().slots[number as usize];
        slot.up.store(0, Ordering::Relaxed);
        slot.down.store(0, Ordering::Relaxed);
        slot.of.store(place(segment) as u64 + 1, Ordering::Release);
        Some(Meter { meters: Arc::clone(self), slot: number, lane })
    }

    /// What passed for every segment that anything passed for, open tunnels too.
    pub fn passed(&self) -> Vec<(SegmentNo, Passed)> {
        let _free = self.free();
        let layout = self.layout();
        let mut all: Vec<Passed> = layout.totals.iter().map(Total::read).collect();
        for slot in &layout.slots[..self.top()] {
            let of = slot.of.load(Ordering::Acquire);
            if of > 0 {
                let passed = &mut all[of as usize - 1];
                passed.up += slot.up.load(Ordering::Relaxed);
                passed.down += slot.down.load(Ordering::Relaxed);
            }
        }
        let some = all.into_iter().enumerate().filter(|(_, passed)| *passed != Passed::default());
        some.map(|(place, passed)| (SegmentNo(place as u32), passed)).collect()
    }

    fn recover(&self) {
        let layout = self.layout();
        if layout.magic.load(Ordering::Acquire) != MAGIC {
            // A new file, or another release's: all of it begins anew.
            let totals = layout
                .totals
                .iter()
                .flat_map(|total| [&total.up, &total.down, &total.tunnels, &total.adding]);
            totals.for_each(|cell| cell.store(0, Ordering::Relaxed));
            layout.slots.iter().for_each(|slot| slot.of.store(0, Ordering::Relaxed));
            layout.forget_periods();
            layout.magic.store(MAGIC, Ordering::Release);
        }
        for total in &layout.totals {
            let adding = total.adding.load(Ordering::Acquire);
            if adding > 0 {
                total.take_over(&layout.slots[(adding as usize - 1) % SLOTS]);
            }
        }
        let mut free = self.free();
        for (number, slot) in layout.slots.iter().enumerate().rev() {
            if slot.of.load(Ordering::Acquire) > 0 {
                self.add(number as u32);
            }
            free.push(number as u32);
        }
    }

    /// Adds what passed in a slot to its segment and clears it, once in whatever moment the process
    /// ends.
    fn add(&self, number: u32) {
        let layout = self.layout();
        let slot = &layout.slots[number as usize];
        let of = slot.of.load(Ordering::Acquire);
        let Some(total) = (of as usize).checked_sub(1).and_then(|at| layout.totals.get(at)) else {
            slot.of.store(0, Ordering::Release);
            return;
        };
        let sum = |total: &AtomicU64, more: u64| total.load(Ordering::Relaxed).wrapping_add(more);
        total.next[0].store(sum(&total.up, slot.up.load(Ordering::Relaxed)), Ordering::Relaxed);
        total.next[1].store(sum(&total.down, slot.down.load(Ordering::Relaxed)), Ordering::Relaxed);
        total.next[2].store(sum(&total.tunnels, 1), Ordering::Relaxed);
        total.adding.store(u64::from(number) + 1, Ordering::Release);
        total.take_over(slot);
    }

    /// The lanes of all segments that anybody came from.
    pub(crate) fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    fn top(&self) -> usize {
        self.top.load(Ordering::Relaxed) as usize
    }

    fn free(&self) -> MutexGuard<'_, Vec<u32>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[expect(unsafe_code, reason = "the mapping is seen as what it holds")]
    fn layout(&self) -> &Layout {
        // SAFETY: mapped as long as `self` is, of this size, page-aligned, and any octets are atomics.
        unsafe { self.map.as_ref() }
    }
}

impl Drop for Meters {
    #[expect(unsafe_code, reason = "what was mapped is given back")]
    fn drop(&mut self) {
        // SAFETY: it was mapped with this size, and nobody has a reference into it any more.
        let unmapped = unsafe { rustix::mm::munmap(self.map.as_ptr().cast(), size_of::<Layout>()) };
        debug_assert!(unmapped.is_ok(), "{unmapped:?}");
    }
}

impl Total {
    fn read(&self) -> Passed {
        let [up, down, tunnels] =
            [&self.up, &self.down, &self.tunnels].map(|cell| cell.load(Ordering::Relaxed));
        Passed { up, down, tunnels }
    }

    /// What was written down beside the total becomes the total; as often as it is done, the same.
    fn take_over(&self, slot: &Slot) {
        for (cell, next) in [&self.up, &self.down, &self.tunnels].into_iter().zip(&self.next) {
            cell.store(next.load(Ordering::Relaxed), Ordering::Release);
        }
        slot.of.store(0, Ordering::Release);
        self.adding.store(0, Ordering::Release);
    }
}

impl Meter {
    /// Octets from the client.
    pub fn up(&self) -> &AtomicU64 {
        &self.slot().up
    }

    /// Octets to the client.
    pub fn down(&self) -> &AtomicU64 {
        &self.slot().down
    }

    /// How much of it may pass, and how fast.
    pub(crate) fn lane(&self) -> &Arc<Lane> {
        &self.lane
    }

    /// Whether a datagram may pass now, by the volume and the bandwidth of its segment.
    pub(crate) fn lets(&self, side: Side, octets: usize) -> bool {
        self.lane.take_now(side, octets)
    }

    /// So many more passed.
    pub(crate) fn count(&self, side: Side, octets: usize) {
        let cell = match side {
            Side::Up => self.up(),
            Side::Down => self.down(),
        };
        cell.fetch_add(octets as u64, Ordering::Relaxed);
    }

    /// Both together.
    pub(crate) fn total(&self) -> u64 {
        self.up().load(Ordering::Relaxed).wrapping_add(self.down().load(Ordering::Relaxed))
    }

    fn slot(&self) -> &Slot {
        &self.meters.layout().slots[self.slot as usize]
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let mut free = self.meters.free();
        self.meters.add(self.slot);
        free.push(self.slot);
    }
}

fn place(segment: SegmentNo) -> usize {
    usize::try_from(segment.0).ok().filter(|place| *place < SEGMENTS).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(meters: &Meters, segment: u32) -> Passed {
        let found = meters.passed().into_iter().find(|(no, _)| no.0 == segment);
        found.map(|(_, passed)| passed).unwrap_or_default()
    }

    /// covers: N6.4, G4
    #[test]
    fn what_was_counted_is_there_after_the_process_ended_at_whatever_moment() {
        let dir = std::env::temp_dir().join(format!("ets-meters-{}", std::process::id()));
        let meters = Meters::open(&dir).unwrap();
        let (first, second) =
            (meters.meter(SegmentNo(7)).unwrap(), meters.meter(SegmentNo(7)).unwrap());
        first.up().fetch_add(5, Ordering::Relaxed);
        second.down().fetch_add(11, Ordering::Relaxed);
        assert_eq!(of(&meters, 7), Passed { up: 5, down: 11, tunnels: 0 }, "while they are open");
        drop(first);
        assert_eq!(of(&meters, 7), Passed { up: 5, down: 11, tunnels: 1 });
        // The process is killed with the second tunnel open: nothing is dropped.
        std::mem::forget(second);
        std::mem::forget(meters);
        let meters = Meters::open(&dir).unwrap();
        let whole = Passed { up: 5, down: 11, tunnels: 2 };
        assert_eq!(of(&meters, 7), whole);

        // Killed between any two stores of an addition: the total is the old or the new one, and the
        // next start makes it the new one, once.
        let killed = meters.meter(SegmentNo(7)).unwrap();
        killed.up().fetch_add(100, Ordering::Relaxed);
        let (slot, total) = (killed.slot, &meters.layout().totals[7]);
        total.next[0].store(105, Ordering::Relaxed);
        total.next[1].store(11, Ordering::Relaxed);
        total.next[2].store(3, Ordering::Relaxed);
        total.adding.store(u64::from(slot) + 1, Ordering::Release);
        total.up.store(105, Ordering::Release);
        std::mem::forget(killed);
        std::mem::forget(meters);
        for _ in 0..2 {
            let meters = Meters::open(&dir).unwrap();
            assert_eq!(of(&meters, 7), Passed { up: 105, down: 11, tunnels: 3 });
            assert_eq!(meters.free().len(), SLOTS, "every slot is free again");
        }
        std::fs::remove_file(dir).unwrap();
    }

    /// covers: N6.4
    #[test]
    fn a_number_beyond_the_last_total_is_counted_all_the_same() {
        let meters = Meters::in_memory().unwrap();
        let meter = meters.meter(SegmentNo(u32::MAX)).unwrap();
        meter.up().fetch_add(3, Ordering::Relaxed);
        assert_eq!(of(&meters, 0).up, 3);
    }
}
