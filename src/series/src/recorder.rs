//! The handle that everybody holds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ets_model::{Sample, SegmentNo, WallTime};
use ets_runtime::{Clock, Shutdown};
use ets_store::Store;

use crate::memory::Memory;
use crate::pack::{self, Packed};
use crate::range::{Grid, Unit};
use crate::sweep::Sweep;
use crate::{Config, Error, Minute, Point, Progress, Second, Span, disk, everybody, range};

/// An hour is packed so long after its end at the earliest, in seconds.
const PACK_AFTER: i64 = 60;
/// Why recording has stopped, where no database said it.
const NO_SPACE: &str = "the disk is nearly full and what is left of it belongs to outages: \
                        measurements wait in memory, free some space";

/// Records and answers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorder(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    config: Config,
    memory: Mutex<Memory>,
    /// One at a time does the work on disk.
    desk: tokio::sync::Mutex<Sweep>,
    status: Mutex<Status>,
}

/// What one round of work came to.
enum Did {
    /// There is no space to do anything.
    NoSpace,
    /// Something; more waits.
    Some,
    /// Everything that was due.
    All,
}

#[derive(Debug, Default)]
struct Status {
    stopped: bool,
    last_flush_us: u64,
    last_error: Option<String>,
    unpacked_hours: u64,
}

/// How recording is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Whether recording has stopped for want of space: an alarm.
    pub stopped: bool,
    /// Full minutes that wait to be written.
    pub waiting: usize,
    /// Minutes dropped because they waited too long.
    pub dropped: u64,
    /// Bytes of the seconds in memory.
    pub seconds_bytes: u64,
    /// Bytes of the minutes in memory that are not in blocks yet, the open ones included.
    pub minutes_bytes: u64,
    /// How many seconds back the memory reaches at the present number of segments.
    pub seconds_window: u64,
    /// How long the last minute took to write, in microseconds.
    pub last_flush_us: u64,
    /// Hours that wait to be packed.
    pub unpacked_hours: u64,
    /// The last error of the background work, for the health page.
    pub last_error: Option<String>,
}

impl Recorder {
    /// Opens the measurements in `store`, which was opened with [`crate::MIGRATIONS`].
    ///
    /// # Errors
    /// The database's.
    pub async fn open(store: Store, config: Config) -> Result<Self, Error> {
        let (progress, next_part, parts) = disk::load(&store).await?;
        let memory = Memory::new(&config, progress, next_part, parts);
        Ok(Self(Arc::new(Inner {
            store,
            config,
            memory: Mutex::new(memory),
            desk: tokio::sync::Mutex::default(),
            status: Mutex::default(),
        })))
    }

    /// What was taken in of `netd`'s stream, on disk or about to be. After a start, replay from
    /// there (or from the ring's oldest event, to fill the seconds again): what is taken in twice
    /// counts once.
    pub fn progress(&self) -> Progress {
        self.memory().progress().clone()
    }

    /// Takes in the samples of event `seq` of `netd`'s life `instance`, entered at `at`. Live and
    /// replayed events may come in any order. Does not wait for the disk.
    pub fn record(
        &self,
        instance: u64,
        seq: u64,
        at: WallTime,
        samples: impl IntoIterator<Item = Sample>,
    ) {
        self.memory().record(instance, seq, at, samples);
    }

    /// Takes in an event without samples, so that the numbers have no gap.
    pub fn pass(&self, instance: u64, seq: u64) {
        self.memory().pass(instance, seq);
    }

    /// The last `count` seconds of a segment up to and including the one of `now`, oldest first;
    /// one entry for each second that memory reaches back to, with `sent` 0 where nothing ended
    /// in it.
    pub fn recent(&self, segment: SegmentNo, now: WallTime, count: usize) -> Vec<Second> {
        let to = now.0.div_euclid(1_000_000) + 1;
        let from = to - i64::try_from(count).unwrap_or(3_600).min(3_600);
        self.memory().seconds.between(segment.0, from, to)
    }

    /// What was measured of a segment: from memory and disk together, one point a step.
    ///
    /// # Errors
    /// [`Error::BadSpan`], or the database's.
    pub async fn range(&self, segment: SegmentNo, span: Span) -> Result<Vec<Point>, Error> {
        let grid = Grid::of(span)?;
        if grid.unit == Unit::Seconds {
            let seconds = self.memory().seconds.between(segment.0, grid.from, grid.to);
            return Ok(range::from_seconds(grid, &seconds));
        }
        // Memory first: what goes to disk after this is recognised there and left out here.
        let (from, to) = grid.minutes();
        let recent = self.memory().recent(segment.0, from, to);
        range::from_minutes(&self.0.store, grid, segment.0, recent).await
    }

    /// The minutes from `from` to `to` of every segment that has any, ascending in both: for an
    /// overview of all. At most a day; costs a look-up for each segment and hour.
    ///
    /// # Errors
    /// [`Error::BadSpan`], or the database's.
    pub async fn minutes(
        &self,
        from: WallTime,
        to: WallTime,
    ) -> Result<Vec<(SegmentNo, Vec<Minute>)>, Error> {
        let (from, to) = everybody::minutes(from, to)?;
        let parts = self.memory().parts(from, to);
        everybody::read(&self.0.store, from, to, parts).await
    }

    /// Does what is due at `now`, a bounded piece of it: writes full minutes, packs a part of an
    /// hour, deletes a part of what is too old. Answers whether more waits.
    ///
    /// # Errors
    /// The database's; [`Recorder::health`] shows it too.
    pub async fn work(&self, now: WallTime) -> Result<bool, Error> {
        let mut sweep = self.0.desk.lock().await;
        self.memory().close_overdue(now);
        let done = self.work_at_desk(now, &mut sweep).await;
        let hour = now.0.div_euclid(3_600_000_000);
        let unpacked = self.memory().unpacked_hours(hour);
        let mut status = self.status();
        status.unpacked_hours = unpacked;
        status.last_error = match &done {
            Ok(Did::NoSpace) => Some(NO_SPACE.to_owned()),
            Ok(_) => None,
            Err(error) => Some(error.to_string()),
        };
        match &done {
            Ok(Did::NoSpace) => status.stop(),
            Ok(_) => status.go_on(),
            Err(error) if error.is_disk_full() => status.stop(),
            Err(_) => {}
        }
        done.map(|did| matches!(did, Did::Some))
    }

    async fn work_at_desk(&self, now: WallTime, sweep: &mut Sweep) -> Result<Did, Error> {
        if !self.has_space() {
            return Ok(Did::NoSpace);
        }
        self.write_waiting().await?;
        let more =
            self.pack_some(now).await? || sweep.some(&self.0.store, &self.0.config, now).await?;
        Ok(if more { Did::Some } else { Did::All })
    }

    /// Writes everything, the open minute included: at the end of the process.
    ///
    /// # Errors
    /// The database's.
    pub async fn flush(&self) -> Result<(), Error> {
        let _desk = self.0.desk.lock().await;
        self.memory().close();
        self.write_waiting().await
    }

    /// [`Recorder::work`] each second until shutdown, then [`Recorder::flush`].
    ///
    /// # Errors
    /// The last flush's.
    pub async fn run(&self, clock: Clock, shutdown: Shutdown) -> Result<(), Error> {
        let mut round = tokio::time::interval(Duration::from_secs(1));
        round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.requested() => return self.flush().await,
                _ = round.tick() => {}
            }
            let before = self.status().last_error.clone();
            if let Err(error) = self.work(clock.wall()).await
                && before != Some(error.to_string())
            {
                tracing::error!(%error, "measurements could not be stored");
            }
        }
    }

    /// How recording is.
    pub fn health(&self) -> Health {
        let memory = self.memory();
        let status = self.status();
        Health {
            stopped: status.stopped,
            waiting: memory.waiting(),
            dropped: memory.dropped(),
            seconds_bytes: memory.seconds.bytes(),
            minutes_bytes: memory.minutes_bytes(),
            seconds_window: memory.seconds.window().unsigned_abs(),
            last_flush_us: status.last_flush_us,
            unpacked_hours: status.unpacked_hours,
            last_error: status.last_error.clone(),
        }
    }

    /// Whether recording may write. It stops before the disk is full and begins again by itself.
    fn has_space(&self) -> bool {
        // A server's disk is not ours to see: trying tells.
        let Some(disk) = self.0.store.disk() else { return true };
        // A small disk is not taken for a full one. A sixth is more than the reserve of `state.db`
        // (an eighth) sets free when it is given up: that space is not for us.
        let needed = self.0.config.min_free.min(disk.size / 6);
        // Begins again only with some space to spare, so that it does not flutter.
        let spare = if self.status().stopped { needed / 8 } else { 0 };
        disk.free >= needed + spare
    }

    async fn write_waiting(&self) -> Result<(), Error> {
        loop {
            let Some(closed) = self.memory().first_waiting() else { return Ok(()) };
            let begun = Instant::now();
            disk::write(&self.0.store, closed.clone()).await?;
            let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.status().last_flush_us = took;
            self.memory().mark_written(closed);
        }
    }

    /// Packs a piece of the oldest full hour. Answers whether there was one.
    async fn pack_some(&self, now: WallTime) -> Result<bool, Error> {
        let last = (now.0.div_euclid(1_000_000) - PACK_AFTER).div_euclid(3_600);
        let (hour, parts) = {
            let memory = self.memory();
            let Some(hour) = memory.oldest_unpacked().filter(|hour| *hour < last) else {
                return Ok(false);
            };
            (hour, memory.written_of(hour))
        };
        if let Packed::Whole(ids) = pack::pack(&self.0.store, hour, parts).await? {
            self.memory().mark_packed(&ids);
        }
        Ok(true)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn status(&self) -> MutexGuard<'_, Status> {
        self.0.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Status {
    fn stop(&mut self) {
        if !self.stopped {
            tracing::error!("measurements are no longer stored: the disk is nearly full");
        }
        self.stopped = true;
    }

    fn go_on(&mut self) {
        if self.stopped {
            tracing::info!("measurements are stored again");
        }
        self.stopped = false;
    }
}
