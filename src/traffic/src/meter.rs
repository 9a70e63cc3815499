//! The one place where frames come in, and from which they go to disk.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use ets_model::{Stamp, WallTime};
use ets_netd_api::{Client, MeterFrame, MeterKind};
use ets_registry::Registry;
use ets_runtime::{Clock, Shutdown};
use ets_store::Store;
use tokio::sync::watch;

use crate::calendar::Calendar;
use crate::closing::Closing;
use crate::live::Snapshot;
use crate::memory::{Memory, hub_of};
use crate::pack::{self, Packed};
use crate::sweep::Sweep;
use crate::{Config, Error, Handle, Period, disk, gap, quota};

/// An hour is packed so long after its end at the earliest, in seconds.
const PACK_AFTER: i64 = 60;
/// Clocks that went back a little leave minutes of tomorrow.
const DAY: Duration = Duration::from_secs(86_400);
/// Pieces of work in one round of a second.
const PIECES: usize = 8;
/// Why recording has stopped, where no database said it.
const NO_SPACE: &str = "the disk is nearly full and what is left of it belongs to outages: \
                        traffic is still counted and waits in memory, free some space";

/// What the tasks of the accounting and its handles share.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) store: Store,
    pub(crate) state: Store,
    pub(crate) registry: Registry,
    pub(crate) calendar: Calendar,
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) live: watch::Sender<Arc<Snapshot>>,
    memory: Mutex<Memory>,
    /// One at a time does the work on disk.
    desk: tokio::sync::Mutex<Desk>,
    status: Mutex<Status>,
    /// Closed minutes were written: quotas are judged.
    pub(crate) minutes: watch::Sender<u64>,
    pub(crate) quotas: quota::Desk,
    /// Who is asked what is not counted: set once, where there is a `netd`.
    pub(crate) netd: OnceLock<Client>,
}

#[derive(Debug, Default)]
struct Desk {
    sweep: Sweep,
    closing: Closing,
    /// Whether all gaps were told.
    told: bool,
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
    last_frame_us: u64,
    last_error: Option<String>,
    problem: Option<String>,
    heard: Option<Stamp>,
    frames: u64,
    resets: u64,
}

/// How the accounting is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Why the counters are not followed; `None` while they are.
    pub problem: Option<String>,
    /// When a frame was last heard.
    pub heard: Option<WallTime>,
    /// Frames since the start.
    pub frames: u64,
    /// Counters that went back since the start.
    pub resets: u64,
    /// Whether recording has stopped for want of space: an alarm. Counting goes on.
    pub stopped: bool,
    /// Full minutes that wait to be written.
    pub waiting: usize,
    /// How often two waiting minutes were put together.
    pub joined: u64,
    /// Bytes in memory: the seconds.
    pub seconds_bytes: u64,
    /// Bytes in memory: the minutes that are not in blocks yet.
    pub minutes_bytes: u64,
    /// Bytes in memory: the last totals.
    pub totals_bytes: u64,
    /// Bytes in memory: the live picture.
    pub live_bytes: u64,
    /// How many seconds back the memory reaches.
    pub seconds_window: u64,
    /// How long the last frame took to take in, in microseconds.
    pub last_frame_us: u64,
    /// How long the last minute took to write, in microseconds.
    pub last_flush_us: u64,
    /// Hours that wait to be packed.
    pub unpacked_hours: u64,
    /// The last error of the background work.
    pub last_error: Option<String>,
}

/// What a meter is opened with.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) state: Store,
    pub(crate) registry: Registry,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
}

impl Meter {
    pub(crate) async fn open(parts: Parts) -> Result<Self, Error> {
        let Parts { store, state, registry, clock, config } = parts;
        let calendar = Calendar::of(&config.time_zone)?;
        let (ledger, next_part, written) = disk::load(&store).await?;
        let memory = Memory::new(&config, ledger, next_part, written);
        let now = clock.wall();
        let first = Snapshot::default().stale(now);
        Ok(Self {
            store,
            state,
            registry,
            calendar,
            config,
            clock,
            live: watch::Sender::new(Arc::new(first)),
            memory: Mutex::new(memory),
            desk: tokio::sync::Mutex::default(),
            status: Mutex::default(),
            minutes: watch::Sender::new(0),
            quotas: quota::Desk::default(),
            netd: OnceLock::new(),
        })
    }

    /// Reads back what was ever counted, as far as it is kept, so that the totals go on where they
    /// stood. Before any frame comes.
    pub(crate) async fn count_from_the_past(self: &Arc<Self>) -> Result<(), Error> {
        let now = self.clock.wall();
        let oldest = self.calendar.month(now.minus(self.config.hours_kept)).from;
        let period = Period { from: oldest, to: self.calendar.day(now.plus(DAY)).to };
        let before = Handle(self.clone()).everybodys_sums(period).await?;
        self.memory().begin_ever(before);
        Ok(())
    }

    /// Up to when everything was read: what to ask `netd` for comes after it.
    pub(crate) fn known(&self) -> Option<WallTime> {
        self.memory().ledger.known()
    }

    /// A stream of a life of the counters begins.
    pub(crate) fn begin(&self, life: u64, by: &str) {
        self.memory().begin(life, by);
    }

    /// Takes a frame in; `over` is the time since the one before it, where that is known.
    pub(crate) fn take(&self, frame: &MeterFrame, over: Option<Duration>) {
        let begun = Instant::now();
        let catalog = self.registry.catalog();
        let counts = |no| catalog.by_no(no).is_none_or(|segment| segment.is_active());
        let (taken, by) = {
            let mut memory = self.memory();
            let taken = memory.take(frame, counts);
            (taken, memory.ledger.life().map(|life| life.by.clone()).unwrap_or_default())
        };
        let Some(taken) = taken else { return };
        if frame.kind == MeterKind::Second
            && let Some(over) = over.filter(|over| !over.is_zero())
        {
            let hub = hub_of(&taken.deltas);
            let mut picture = Snapshot::of(frame.at, over, &by, &taken.deltas, &hub);
            picture.seq = self.live.borrow().seq + 1;
            self.live.send_replace(Arc::new(picture));
        }
        let mut status = self.status();
        status.frames += 1;
        status.resets += taken.resets.len() as u64;
        status.last_frame_us = micros(begun.elapsed());
    }

    pub(crate) fn heard(&self, at: Stamp) {
        let mut status = self.status();
        status.heard = Some(at);
        status.problem = None;
    }

    /// Answers whether this is news.
    pub(crate) fn unheard(&self, problem: &str) -> bool {
        let problem = Some(problem.to_owned());
        std::mem::replace(&mut self.status().problem, problem.clone()) != problem
    }

    pub(crate) fn last_heard(&self) -> Option<Stamp> {
        self.status().heard
    }

    /// Does what is due at `now`, a bounded piece of it: writes full minutes, packs a part of an
    /// hour, puts a part of a month down, deletes a part of what is too old. Answers whether more
    /// waits.
    pub(crate) async fn work(&self, now: WallTime) -> Result<bool, Error> {
        let mut desk = self.desk.lock().await;
        self.memory().close_overdue(now);
        let done = self.work_at_desk(now, &mut desk).await;
        let mut status = self.status();
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

    async fn work_at_desk(&self, now: WallTime, desk: &mut Desk) -> Result<Did, Error> {
        if !self.has_space() {
            return Ok(Did::NoSpace);
        }
        if self.write_waiting().await? {
            desk.told = false;
        }
        if !desk.told {
            desk.told = !gap::tell(&self.store, &self.state, &self.clock).await?;
        }
        let more = !desk.told
            || self.pack_some(now).await?
            || desk.closing.some(self, now).await?
            || desk.sweep.some(&self.store, &self.config, &self.calendar, now).await?;
        Ok(if more { Did::Some } else { Did::All })
    }

    /// Writes everything, the open minute included: at the end of the process.
    pub(crate) async fn flush(&self) -> Result<(), Error> {
        let _desk = self.desk.lock().await;
        self.memory().close();
        self.write_waiting().await.map(drop)
    }

    /// [`Meter::work`] each second until shutdown, then [`Meter::flush`].
    pub(crate) async fn run(&self, shutdown: Shutdown) -> Result<(), Error> {
        let mut round = tokio::time::interval(Duration::from_secs(1));
        round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.requested() => return self.flush().await,
                _ = round.tick() => {}
            }
            let before = self.status().last_error.clone();
            for _ in 0..PIECES {
                match self.work(self.clock.wall()).await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => {
                        if before != Some(error.to_string()) {
                            tracing::error!(%error, "traffic could not be stored");
                        }
                        break;
                    }
                }
            }
        }
    }

    /// How the accounting is.
    pub(crate) fn health(&self) -> Health {
        let live_bytes = self.live.borrow().bytes();
        let hour = self.clock.wall().0.div_euclid(3_600_000_000);
        let (memory, status) = (self.memory(), self.status());
        Health {
            problem: status.problem.clone(),
            heard: status.heard.map(|heard| heard.wall),
            frames: status.frames,
            resets: status.resets,
            stopped: status.stopped,
            waiting: memory.waiting_parts(),
            joined: memory.joined(),
            seconds_bytes: memory.seconds.bytes(),
            minutes_bytes: memory.parts_bytes(),
            totals_bytes: memory.totals_bytes(),
            live_bytes,
            seconds_window: memory.seconds.window(),
            last_frame_us: status.last_frame_us,
            last_flush_us: status.last_flush_us,
            unpacked_hours: memory.unpacked_hours(hour),
            last_error: status.last_error.clone(),
        }
    }

    /// Whether recording may write. It stops before the disk is full and begins again by itself,
    /// as in `ets-series`.
    fn has_space(&self) -> bool {
        let Some(disk) = self.store.disk() else { return true };
        let needed = self.config.min_free.min(disk.size / 6);
        let spare = if self.status().stopped { needed / 8 } else { 0 };
        disk.free >= needed + spare
    }

    /// Answers whether anything was written.
    async fn write_waiting(&self) -> Result<bool, Error> {
        let Some(closed) = self.memory().try_waiting() else { return Ok(false) };
        let begun = Instant::now();
        if let Err(error) = disk::write(&self.store, closed).await {
            // Of a server that went away nobody knows whether it took it.
            if !matches!(error, Error::Store(ets_store::Error::Unreachable { .. })) {
                self.memory().mark_refused();
            }
            return Err(error);
        }
        self.status().last_flush_us = micros(begun.elapsed());
        self.memory().mark_written();
        self.minutes.send_modify(|count| *count += 1);
        Ok(true)
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
        if let Packed::Whole(ids) = pack::pack(&self.store, &self.calendar, hour, parts).await? {
            self.memory().mark_packed(&ids);
        }
        Ok(true)
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Status {
    fn stop(&mut self) {
        if !self.stopped {
            tracing::error!("traffic is counted but no longer stored: the disk is nearly full");
        }
        self.stopped = true;
    }

    fn go_on(&mut self) {
        if self.stopped {
            tracing::info!("traffic is stored again");
        }
        self.stopped = false;
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
