//! The handle that everybody holds.

use ets_model::{Sample, SegmentNo, WallTime};
use ets_runtime::{Clock, Shutdown};
use ets_store::Store;

use crate::{Config, Error, Point, Progress, Second, Span};

/// Records and answers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorder {
    _config: Config,
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
    /// How many seconds back the memory reaches at the present number of segments.
    pub seconds_window: u64,
    /// How long the last minute took to write, in microseconds.
    pub last_flush_us: u64,
    /// Hours that wait to be packed.
    pub unpacked_hours: u64,
    /// The last error of the background work, for the health page.
    pub last_error: Option<String>,
}

#[allow(clippy::unused_async)]
impl Recorder {
    /// Opens the measurements in `store`, which was opened with [`crate::MIGRATIONS`].
    ///
    /// # Errors
    /// The database's.
    pub async fn open(store: Store, config: Config) -> Result<Self, Error> {
        drop(store);
        Ok(Self { _config: config })
    }

    /// What is on disk of `netd`'s stream. After a start, replay from there (or from the ring's
    /// oldest event, to fill the seconds again): what is taken in twice counts once.
    pub fn progress(&self) -> Progress {
        Progress::default()
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
        let _ = (instance, seq, at, samples.into_iter().count());
    }

    /// Takes in an event without samples, so that the numbers have no gap.
    pub fn pass(&self, instance: u64, seq: u64) {
        let _ = (instance, seq);
    }

    /// The last `count` seconds of a segment up to `now`, oldest first; one entry for each second
    /// in memory, with `sent` 0 where nothing ended in it.
    pub fn recent(&self, segment: SegmentNo, now: WallTime, count: usize) -> Vec<Second> {
        let _ = (segment, now, count);
        Vec::new()
    }

    /// What was measured of a segment: from memory and disk together, one point a step.
    ///
    /// # Errors
    /// [`Error::BadSpan`], or the database's.
    pub async fn range(&self, segment: SegmentNo, span: Span) -> Result<Vec<Point>, Error> {
        let _ = (segment, span);
        Ok(Vec::new())
    }

    /// Does what is due at `now`, a bounded piece of it: writes full minutes, packs a part of an
    /// hour or day, deletes what is too old. Answers whether more waits.
    ///
    /// # Errors
    /// The database's; [`Recorder::health`] shows it too.
    pub async fn work(&self, now: WallTime) -> Result<bool, Error> {
        let _ = now;
        Ok(false)
    }

    /// Writes everything, the open minute included: at the end of the process.
    ///
    /// # Errors
    /// The database's.
    pub async fn flush(&self) -> Result<(), Error> {
        Ok(())
    }

    /// [`Recorder::work`] each second until shutdown, then [`Recorder::flush`].
    ///
    /// # Errors
    /// The last flush's.
    pub async fn run(&self, clock: Clock, shutdown: Shutdown) -> Result<(), Error> {
        let _ = clock;
        shutdown.requested().await;
        self.flush().await
    }

    /// How recording is.
    pub fn health(&self) -> Health {
        Health::default()
    }
}
