//! The sign of life: when the watcher last turned, on disk twenty times a second, so that after a
//! crash the time in which nobody watched is known to within 100 ms.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ets_model::BootTime;
use ets_runtime::Clock;

use crate::Error;
use crate::keeper::{self, Alive};

const APART: Duration = Duration::from_millis(50);

/// Set by the watcher at each round; written by a thread of its own, which a slow disk may hold up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pulse(Arc<AtomicU64>);

impl Pulse {
    /// The watcher turned at `at`.
    pub(crate) fn beat(&self, at: BootTime) {
        self.0.store(at.0, Ordering::Relaxed);
    }

    /// Starts writing to `path`. The writer ends with the process, or when all clones are gone.
    pub(crate) fn start(&self, path: PathBuf, clock: Clock) -> Result<(), Error> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| Error::file("opening", path, source))?;
        let watched = Arc::downgrade(&self.0);
        let boot_id = keeper::boot_id();
        let write = move || {
            while let Some(pulse) = watched.upgrade() {
                let boot = BootTime(pulse.load(Ordering::Relaxed));
                drop(pulse);
                if boot.0 > 0 {
                    let at = clock.stamp().at(boot);
                    write(&file, &Alive { boot_id: boot_id.clone(), at });
                }
                std::thread::sleep(APART);
            }
        };
        std::thread::Builder::new()
            .name("alive".into())
            .spawn(write)
            .map(drop)
            .map_err(|error| Error::System("starting the thread of the sign of life", error))
    }
}

/// In place and without fsync: it has to survive the process, not the machine. What is longer from
/// before is harmless, the decoder stops at the end of the content.
fn write(file: &File, alive: &Alive) {
    if let Ok(bytes) = keeper::encode(alive) {
        // A full or broken disk costs the precision of the blind time, nothing else.
        let _ = file.write_all_at(&bytes, 0);
    }
}
