//! What survives a restart: the last desired state, the last known states, the last sign of life.
//!
//! Files are replaced whole: written beside and renamed. The desired state is fsynced before and
//! after; the states are not, they only have to outlive the process. The keeper has a thread of its
//! own, so that a slow disk never holds up the watcher.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use ets_model::{BootTime, Intercept, LinkState, SegmentNo, Stamp, WallTime};
use ets_netd_api::{Desired, SegmentNow};
use nix::fcntl::{Flock, FlockArg};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::Error;
use crate::brain::Known;
use crate::journal::Journal;
use crate::rules::{Safety, Tallies};

/// Raised by every change of what is in the files; files of another version are left aside.
const VERSION: u16 = 1;

/// The directory of what is kept, held by one process at a time.
#[derive(Debug)]
pub(crate) struct Store {
    directory: PathBuf,
    _lock: Flock<File>,
}

#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    version: u16,
    content: T,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct States {
    boot_id: String,
    states: Vec<(SegmentNo, LinkState, Stamp)>,
}

/// The last sign of life of a process, on both clocks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alive {
    pub(crate) boot_id: String,
    pub(crate) at: Stamp,
}

/// The thread that writes.
struct Keeper {
    store: Store,
    journal: Journal,
    kept: Arc<AtomicBool>,
    /// A desired state that could not be written yet.
    unkept: Option<Box<Desired>>,
    /// Why the last write failed.
    fault: Option<String>,
}

/// What the keeper is asked to write.
#[derive(Debug)]
pub(crate) enum Keep {
    /// A desired state; answered when it was tried. One that cannot be written is tried again.
    Desired(Box<Desired>, oneshot::Sender<()>),
    /// The rules in force and what waits; answered when they are on disk, or why not.
    Rules(Box<Safety>, Sender<Result<(), String>>),
    /// The states as of the event of this number. The journal is told when they are in the file,
    /// and also when they could not be written: a full disk keeps nobody from being told.
    States(Vec<SegmentNow>, u64),
    /// Whose flows the gateway takes; answered likewise.
    Intercept(Box<Option<Intercept>>, Sender<Result<(), String>>),
    /// What was refused, as of one reading.
    Tallies(Box<Tallies>),
}

/// What a former process left.
#[derive(Debug, Default)]
pub(crate) struct Left {
    pub(crate) desired: Option<Desired>,
    pub(crate) known: Known,
    pub(crate) rules: Option<Safety>,
    pub(crate) tallies: Option<Tallies>,
    pub(crate) intercept: Option<Intercept>,
    /// When it was last alive; `None` when there was none.
    pub(crate) alive: Option<Stamp>,
}

impl Store {
    /// Opens the directory, making it if need be, and locks it.
    pub(crate) fn open(directory: &Path) -> Result<Self, Error> {
        fs::create_dir_all(directory)
            .map_err(|source| Error::file("making directory", directory, source))?;
        let path = directory.join("lock");
        let file = File::create(&path).map_err(|source| Error::file("opening", &path, source))?;
        let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock)
            .map_err(|_| Error::Running(directory.to_owned()))?;
        Ok(Self { directory: directory.to_owned(), _lock: lock })
    }

    /// Reads what a former process left, on the clocks of `now`. What cannot be read is told in
    /// the log and left aside: probing waits for `serve` then.
    pub(crate) fn load(&self, now: Stamp) -> Left {
        let here = boot_id();
        let rebase = |boot_id: &str, at: Stamp| {
            if boot_id == here { at } else { on_this_boot(now, at.wall) }
        };
        let alive = self.read::<Alive>("alive").map(|alive| rebase(&alive.boot_id, alive.at));
        let states = self.read::<States>("states").unwrap_or_default();
        let known = states
            .states
            .iter()
            .map(|(no, state, since)| (*no, (*state, rebase(&states.boot_id, *since))))
            .collect();
        let seen = alive.map_or(now.boot, |alive| alive.boot);
        Left {
            desired: self.read("desired"),
            known: Known { states: known, seen },
            rules: self.read("rules"),
            tallies: self.read("tallies"),
            intercept: self.read("intercept").flatten(),
            alive,
        }
    }

    /// Starts the keeper's thread, which ends when the sender is dropped. The flag says whether the
    /// desired state is on disk.
    pub(crate) fn start(self, journal: Journal) -> Result<(Sender<Keep>, Arc<AtomicBool>), Error> {
        let (sender, receiver) = channel();
        let kept = Arc::new(AtomicBool::new(true));
        let (store, unkept, fault) = (self, None, None);
        let keeper = Keeper { store, journal, kept: Arc::clone(&kept), unkept, fault };
        std::thread::Builder::new()
            .name("keeper".into())
            .spawn(move || keeper.run(&receiver))
            .map_err(|error| Error::System("starting the keeper's thread", error))?;
        Ok((sender, kept))
    }

    /// The file of the last sign of life.
    pub(crate) fn alive_path(&self) -> PathBuf {
        self.directory.join("alive")
    }

    fn write<T: Serialize>(&self, name: &str, content: &T) -> io::Result<()> {
        let bytes = encode(content)?;
        let path = self.directory.join(name);
        let beside = self.directory.join(format!("{name}.new"));
        let mut file = File::create(&beside)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&beside, &path)?;
        File::open(&self.directory)?.sync_all()
    }

    /// In place of the old file at once and without fsync: the states have to survive the process
    /// the moment after they changed. A power cut may take them; then they are learned anew.
    fn write_soon<T: Serialize>(&self, name: &str, content: &T) -> io::Result<()> {
        let beside = self.directory.join(format!("{name}.new"));
        fs::write(&beside, encode(content)?)?;
        fs::rename(&beside, self.directory.join(name))
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let path = self.directory.join(name);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::error!(path = %path.display(), %error, "a kept file cannot be read");
                return None;
            }
        };
        match postcard::from_bytes::<Versioned<T>>(&bytes) {
            Ok(found) if found.version == VERSION => Some(found.content),
            _ => {
                tracing::warn!(path = %path.display(), "a kept file is of another version or damaged: left aside");
                None
            }
        }
    }
}

impl Keeper {
    fn run(mut self, jobs: &Receiver<Keep>) {
        loop {
            match jobs.recv_timeout(TRY_AGAIN) {
                Ok(Keep::Desired(desired, tried)) => {
                    self.unkept = Some(desired);
                    self.keep_desired();
                    let _ = tried.send(());
                }
                Ok(Keep::Rules(rules, kept)) => {
                    let written = self.store.write("rules", &*rules);
                    let _ = kept.send(written.map_err(|error| error.to_string()));
                }
                Ok(Keep::Intercept(intercept, kept)) => {
                    let written = self.store.write("intercept", &*intercept);
                    let _ = kept.send(written.map_err(|error| error.to_string()));
                }
                Ok(Keep::States(now, seq)) => {
                    let written = self.store.write_soon("states", &States::of(&now));
                    self.journal.kept(seq);
                    self.tell(written);
                }
                Ok(Keep::Tallies(tallies)) => {
                    let written = self.store.write_soon("tallies", &*tallies);
                    self.tell(written);
                }
                Err(RecvTimeoutError::Timeout) => self.keep_desired(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn keep_desired(&mut self) {
        let Some(desired) = self.unkept.take() else { return };
        let written = self.store.write("desired", &*desired);
        self.kept.store(written.is_ok(), Ordering::Relaxed);
        if written.is_err() {
            self.unkept = Some(desired);
        }
        self.tell(written);
    }

    /// A fault is told once, not at each attempt.
    fn tell(&mut self, written: io::Result<()>) {
        let fault = written.err().map(|error| error.to_string());
        if fault != self.fault {
            match &fault {
                Some(error) => {
                    tracing::error!(error, "what is to survive a restart cannot be written");
                }
                None => tracing::info!("what is to survive a restart is on disk again"),
            }
        }
        self.fault = fault;
    }
}

impl States {
    fn of(now: &[SegmentNow]) -> Self {
        let states = now.iter().map(|now| (now.segment, now.state, now.since)).collect();
        Self { boot_id: boot_id(), states }
    }
}

/// `content` as it stands in a file.
pub(crate) fn encode<T: Serialize>(content: &T) -> io::Result<Vec<u8>> {
    postcard::to_stdvec(&Versioned { version: VERSION, content }).map_err(io::Error::other)
}

/// Tells this boot of the machine from every other one.
pub(crate) fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// A moment of a former boot on this boot's clock: by wall time, not before this boot.
fn on_this_boot(now: Stamp, wall: WallTime) -> Stamp {
    let ago = now.wall.since(wall);
    let boot =
        BootTime(now.boot.0.saturating_sub(u64::try_from(ago.as_nanos()).unwrap_or(u64::MAX)));
    Stamp { boot, wall: wall.min(now.wall) }
}

/// States are written at most this often.
pub(crate) const STATES_APART: Duration = Duration::from_millis(20);

/// A desired state that could not be written is tried again after this time.
const TRY_AGAIN: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Stamp {
        Stamp { boot: BootTime(90_000_000_000), wall: WallTime(1_000_000_000) }
    }

    fn segment(no: u32, state: LinkState) -> SegmentNow {
        SegmentNow { segment: SegmentNo(no), state, since: now() }
    }

    #[test]
    fn what_is_kept_is_found_again_and_the_directory_is_held_by_one() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        assert!(matches!(Store::open(directory.path()), Err(Error::Running(_))));
        assert!(store.load(now()).desired.is_none());
        let desired = Desired { generation: 7, ..Desired::default() };
        store.write("desired", &desired).unwrap();
        store.write("states", &States::of(&[segment(1, LinkState::Down)])).unwrap();
        let left = store.load(now());
        assert_eq!(left.desired, Some(desired));
        assert_eq!(left.known.states[&SegmentNo(1)], (LinkState::Down, now()));
        drop(store);
        assert!(Store::open(directory.path()).is_ok());
    }

    #[test]
    fn a_damaged_file_is_left_aside_and_keeps_nobody_from_starting() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        for damage in [&b""[..], b"\xff\xff\xff\xff", b"\x02\x00"] {
            fs::write(directory.path().join("desired"), damage).unwrap();
            fs::write(directory.path().join("states"), damage).unwrap();
            assert!(store.load(now()).desired.is_none());
        }
    }

    #[test]
    fn times_of_a_former_boot_are_carried_over_by_wall_time() {
        let wall = WallTime(now().wall.0 - 5_000_000);
        assert_eq!(on_this_boot(now(), wall), Stamp { boot: BootTime(85_000_000_000), wall });
        let long_ago = on_this_boot(now(), WallTime(0));
        assert_eq!(long_ago.boot, BootTime(0));
    }
}
