//! Space set aside for `state.db`, given up before the disk is quite full.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::ReserveState;
use crate::fault::Place;

/// The file that holds the space.
#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
    size: u64,
    state: ReserveState,
}

impl Reserve {
    /// The reserve beside the database `file`: `size` bytes, on a small disk an eighth of it; none
    /// where `size` is 0.
    pub(crate) fn new(file: &Path, size: u64, place: &Place) -> Self {
        let size = place.disk().map_or(size, |disk| size.min(disk.size / 8));
        let mut name = file.as_os_str().to_owned();
        name.push(".reserve");
        let path = PathBuf::from(name);
        let state = if size == 0 { ReserveState::None } else { ReserveState::GivenUp };
        Self { path, size, state }
    }

    /// What stands.
    pub(crate) fn state(&self) -> ReserveState {
        self.state
    }

    /// Free space below this is too little to commit in with confidence.
    fn margin(&self) -> u64 {
        self.size / 4
    }

    /// Called before each transaction: gives the reserve up while there is still space to commit
    /// in, so that no work is refused as long as the reserve lasts.
    pub(crate) fn before_commit(&mut self, place: &Place) {
        if self.state != ReserveState::Kept {
            return;
        }
        if place.free_bytes().is_some_and(|free| free < self.margin()) {
            self.give_up();
        }
    }

    /// Called when a commit failed for want of space, and from before it did.
    pub(crate) fn give_up(&mut self) {
        if self.state != ReserveState::Kept {
            return;
        }
        match std::fs::remove_file(&self.path) {
            Ok(()) => tracing::error!(
                reserve = %self.path.display(),
                "the disk is nearly full: the reserve was given up, free some space"
            ),
            Err(error) => tracing::error!(%error, "the reserve could not be given up"),
        }
        self.state = ReserveState::GivenUp;
    }

    /// Makes the reserve where there is ample space for it.
    pub(crate) fn restore(&mut self, place: &Place) {
        if self.state != ReserveState::GivenUp {
            return;
        }
        let held = std::fs::metadata(&self.path).map_or(0, |file| file.len());
        let ample = self.size + 2 * self.margin();
        if held < self.size && place.free_bytes().is_none_or(|free| free + held < ample) {
            return;
        }
        match self.allocate() {
            Ok(()) => self.state = ReserveState::Kept,
            Err(error) => {
                tracing::warn!(%error, "the reserve for a full disk could not be made");
                drop(std::fs::remove_file(&self.path));
            }
        }
    }

    fn allocate(&self) -> io::Result<()> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&self.path)?;
        let size = i64::try_from(self.size).map_err(io::Error::other)?;
        nix::fcntl::posix_fallocate(&file, 0, size)?;
        file.sync_all()
    }
}
