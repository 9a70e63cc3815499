//! Setting the accounting up: maps and programs made, loaded and pinned. Needs `CAP_BPF` and
//! `CAP_NET_ADMIN`; whoever may open the pins needs `CAP_NET_ADMIN` only.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::sys::statfs::{FsType, statfs};

use super::Error;
use super::asm::fingerprint;
use super::layout::{LAYOUT, config};
use super::memory::Memory;
use super::pins::{self, Maps};
use super::program::{MapFds, Which, program};
use super::sys;

/// `BPF_FS_MAGIC`
const BPFFS: FsType = FsType(0xcafe_4a11);
const MOST_SEGMENTS: u32 = 65_536;
const UNFINISHED: &str = "new";

/// What to set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Segment numbers below this can be counted; at most 65,536. Each takes 1 KiB of memory.
    pub segments: u32,
    /// User and group that may use the pins (netd's); `None`: who sets up.
    pub owner: Option<(u32, u32)>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { segments: 16_384, owner: None }
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was there; the totals begin at zero.
    Made,
    /// Everything was there already.
    Kept,
    /// The programs were renewed, the maps go on. In force on an interface when netd attaches anew.
    ProgramsRenewed,
    /// New maps with more room; what the old ones counted and count is read with them.
    Grown,
}

/// Sets up in `directory`, which is made when it is not there; it must lie on a bpffs. May be called
/// at any time, also while packets are counted: totals are never reset.
///
/// # Errors
/// When there is no bpffs, the kernel refuses, or what is there has a layout that is not known. What
/// was there before is then as it was.
pub fn setup(directory: &Path, wanted: &Setup) -> Result<Outcome, Error> {
    if wanted.segments == 0 || wanted.segments > MOST_SEGMENTS {
        return Err(Error::Capacity(wanted.segments));
    }
    check_bpffs(directory)?;
    fs::create_dir_all(directory).map_err(|cause| file("making", directory, cause))?;
    let generations = pins::generations(directory)?;
    let outcome = match generations.last_key_value() {
        None => make(directory, 1, wanted.segments, None).map(|()| Outcome::Made),
        Some((number, path)) => keep(directory, *number, path, wanted.segments),
    }?;
    hand_over(directory, wanted)?;
    Ok(outcome)
}

fn file(action: &'static str, path: &Path, cause: io::Error) -> Error {
    Error::File(action, path.to_owned(), cause)
}

/// Of the nearest directory that is there.
fn check_bpffs(directory: &Path) -> Result<(), Error> {
    let there = directory.ancestors().find(|path| path.exists()).unwrap_or(directory);
    let found = statfs(there);
    if found.is_ok_and(|found| found.filesystem_type() == BPFFS) {
        return Ok(());
    }
    Err(Error::NoBpffs(directory.to_owned()))
}

fn keep(directory: &Path, number: u32, path: &Path, segments: u32) -> Result<Outcome, Error> {
    let maps = Maps::open(path)?;
    let memory = maps.config_memory()?;
    pins::check_layout(path, &memory)?;
    if memory.load(config::SEGMENTS) < u64::from(segments) {
        make(directory, number + 1, segments, Some(memory.load(config::LIFE)))?;
        return Ok(Outcome::Grown);
    }
    let current = programs_fingerprint();
    if memory.load(config::PROGRAMS) == current && pins::open_programs(path).is_ok() {
        return Ok(Outcome::Kept);
    }
    renew_programs(path, &maps)?;
    memory.store(config::PROGRAMS, current);
    Ok(Outcome::ProgramsRenewed)
}

/// Each new program takes the name of the old one in one step.
fn renew_programs(path: &Path, maps: &Maps) -> Result<(), Error> {
    for (which, loaded) in load_programs(maps)? {
        // A name on a bpffs has no dot.
        let beside = path.join(format!("{}_{UNFINISHED}", which.name()));
        let _ = fs::remove_file(&beside);
        sys::pin(loaded.as_fd(), &beside).map_err(|cause| file("pinning", &beside, cause))?;
        fs::rename(&beside, path.join(which.name()))
            .map_err(|cause| file("renaming", &beside, cause))?;
    }
    Ok(())
}

/// A generation, complete when it has its name.
fn make(directory: &Path, number: u32, segments: u32, life: Option<u64>) -> Result<(), Error> {
    let unfinished = directory.join(UNFINISHED);
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(|cause| file("removing", &unfinished, cause))?;
    }
    fs::create_dir(&unfinished).map_err(|cause| file("making", &unfinished, cause))?;
    let made = fill(&unfinished, segments, life);
    if made.is_err() {
        let _ = fs::remove_dir_all(&unfinished);
    }
    made?;
    let place = pins::generation(directory, number);
    fs::rename(&unfinished, &place).map_err(|cause| file("renaming", &unfinished, cause))
}

fn fill(place: &Path, segments: u32, life: Option<u64>) -> Result<(), Error> {
    let maps = Maps::create(segments)?;
    let memory = maps.config_memory()?;
    write_config(&memory, segments, life)?;
    maps.pin(place)?;
    for (which, loaded) in load_programs(&maps)? {
        pins::pin(place, which.name(), loaded.as_fd())?;
    }
    Ok(())
}

fn write_config(memory: &Memory, segments: u32, life: Option<u64>) -> Result<(), Error> {
    let life = life.map_or_else(new_life, Ok)?;
    memory.store(config::LIFE, life);
    memory.store(config::SEGMENTS, u64::from(segments));
    memory.store(config::PROGRAMS, programs_fingerprint());
    memory.store(config::LAYOUT, LAYOUT);
    Ok(())
}

/// A number that no other life has; never 0.
fn new_life() -> Result<u64, Error> {
    getrandom::u64()
        .map(|life| life | 1)
        .map_err(|cause| Error::Access("drawing a random number", io::Error::other(cause)))
}

fn load_programs(maps: &Maps) -> Result<Vec<(Which, OwnedFd)>, Error> {
    let one = |which: &Which| load_program(*which, maps.fds()).map(|loaded| (*which, loaded));
    Which::ALL.iter().map(one).collect()
}

/// Loads one program; the error has the last lines of the verifier's log.
pub(super) fn load_program(which: Which, maps: MapFds) -> Result<OwnedFd, Error> {
    let name = format!("ets_{}", which.name());
    sys::load(&name, &program(which, maps)).map_err(|(cause, log)| {
        let lines: Vec<&str> = log.lines().collect();
        let log = lines[lines.len().saturating_sub(12)..].join("; ");
        Error::Program { name: which.name(), log, cause }
    })
}

/// Of all programs as this version would load them.
fn programs_fingerprint() -> u64 {
    let one = |which| fingerprint(&program(which, MapFds::default()));
    Which::ALL.into_iter().map(one).fold(0, |whole, next| whole.rotate_left(9) ^ next)
}

/// Gives directories and pins to whom they are for; nobody else may use them.
fn hand_over(directory: &Path, wanted: &Setup) -> Result<(), Error> {
    let Some((user, group)) = wanted.owner else { return Ok(()) };
    let mut places: Vec<PathBuf> = vec![directory.to_owned()];
    for generation in pins::generations(directory)?.into_values() {
        let entries = fs::read_dir(&generation)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
            .map_err(|cause| file("reading", &generation, cause))?;
        places.push(generation);
        places.extend::<Vec<PathBuf>>(entries);
    }
    for place in places {
        std::os::unix::fs::chown(&place, Some(user), Some(group))
            .map_err(|cause| file("handing over", &place, cause))?;
    }
    Ok(())
}
