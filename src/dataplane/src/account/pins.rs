//! The pinned maps and programs of one generation, as files.
//!
//! `DIR/g1`, `DIR/g2`, … A directory is complete when it has its name, since it gets that by one
//! rename. The newest is in force; from older ones only the totals are still read.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use super::Error;
use super::layout::{CLASSES, KEY, LAYOUT, TOTAL, config, totals};
use super::memory::{Memory, Use};
use super::program::{MapFds, Which};
use super::sys::{self, GROWS, Kind, MAPPABLE, Shape};

const PREFIXES_PER_SEGMENT: u32 = 4;
const MOST_SERVICES: u32 = 1 << 16;

/// The maps of one generation.
#[derive(Debug)]
pub(super) struct Maps {
    pub(super) config: OwnedFd,
    pub(super) segments: OwnedFd,
    pub(super) services: OwnedFd,
    pub(super) places: OwnedFd,
    pub(super) totals: OwnedFd,
}

impl Maps {
    /// New and empty, with room for so many segments.
    pub(super) fn create(segments: u32) -> Result<Self, Error> {
        let prefixes = segments.saturating_mul(PREFIXES_PER_SEGMENT);
        let hash =
            |entries| Shape { kind: Kind::Hash, key: KEY as u32, value: 4, entries, flags: GROWS };
        let array =
            |value, entries| Shape { kind: Kind::Array, key: 4, value, entries, flags: MAPPABLE };
        let make = |name, shape| sys::create(name, shape).map_err(|cause| Error::Map(name, cause));
        Ok(Self {
            config: make("ets_config", array(config::SIZE as u32, 1))?,
            segments: make("ets_segments", hash(prefixes))?,
            services: make("ets_services", hash(MOST_SERVICES))?,
            places: make("ets_places", hash(prefixes + 1024))?,
            totals: make("ets_totals", array(TOTAL, totals(segments)))?,
        })
    }

    /// As pinned in a directory.
    pub(super) fn open(directory: &Path) -> Result<Self, Error> {
        Ok(Self {
            config: open(directory, "config")?,
            segments: open(directory, "segments")?,
            services: open(directory, "services")?,
            places: open(directory, "places")?,
            totals: open(directory, "totals")?,
        })
    }

    /// Pins them in a directory.
    pub(super) fn pin(&self, directory: &Path) -> Result<(), Error> {
        for (name, map) in self.named() {
            pin(directory, name, map)?;
        }
        Ok(())
    }

    fn named(&self) -> [(&'static str, BorrowedFd<'_>); 5] {
        [
            ("config", self.config.as_fd()),
            ("segments", self.segments.as_fd()),
            ("services", self.services.as_fd()),
            ("places", self.places.as_fd()),
            ("totals", self.totals.as_fd()),
        ]
    }

    pub(super) fn fds(&self) -> MapFds {
        MapFds {
            config: self.config.as_raw_fd(),
            segments: self.segments.as_raw_fd(),
            services: self.services.as_raw_fd(),
            places: self.places.as_raw_fd(),
            totals: self.totals.as_raw_fd(),
        }
    }

    pub(super) fn config_memory(&self) -> Result<Memory, Error> {
        Memory::map(self.config.as_fd(), config::SIZE, Use::Write)
            .map_err(|cause| Error::Access("mapping the configuration", cause))
    }

    pub(super) fn totals_memory(&self, segments: u32, access: Use) -> Result<Memory, Error> {
        let bytes = segments as usize * (CLASSES * 2 * TOTAL) as usize;
        Memory::map(self.totals.as_fd(), bytes, access)
            .map_err(|cause| Error::Access("mapping the totals", cause))
    }
}

/// Opens a pinned object.
pub(super) fn open(directory: &Path, name: &str) -> Result<OwnedFd, Error> {
    let path = directory.join(name);
    sys::open(&path).map_err(|cause| Error::File("opening the pin", path, cause))
}

/// Pins an object.
pub(super) fn pin(directory: &Path, name: &str, object: BorrowedFd<'_>) -> Result<(), Error> {
    let path = directory.join(name);
    sys::pin(object, &path).map_err(|cause| Error::File("pinning", path, cause))
}

/// The pinned programs, in the order of [`Which::ALL`].
pub(super) fn open_programs(directory: &Path) -> Result<Vec<OwnedFd>, Error> {
    Which::ALL.iter().map(|which| open(directory, which.name())).collect()
}

/// The generations in a directory, by number.
pub(super) fn generations(directory: &Path) -> Result<BTreeMap<u32, PathBuf>, Error> {
    let fault = |cause| Error::File("reading the directory", directory.to_owned(), cause);
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        other => other.map_err(fault)?,
    };
    let mut found = BTreeMap::new();
    for entry in entries {
        let entry = entry.map_err(fault)?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix('g')?.parse().ok());
        if let Some(number) = number {
            found.insert(number, entry.path());
        }
    }
    Ok(found)
}

/// Where the generation with this number is pinned.
pub(super) fn generation(directory: &Path, number: u32) -> PathBuf {
    directory.join(format!("g{number}"))
}

/// That a configuration is of the layout that this program knows.
pub(super) fn check_layout(path: &Path, memory: &Memory) -> Result<(), Error> {
    let layout = memory.load(config::LAYOUT);
    if layout == LAYOUT {
        return Ok(());
    }
    Err(Error::Layout { path: path.to_owned(), layout, known: LAYOUT })
}
