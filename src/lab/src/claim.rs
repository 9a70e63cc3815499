//! Who owns which names: one lab a folder, one prefix of namespaces a lab, and nothing of a dead
//! lab left behind.
//!
//! A living lab holds the lock of two files: `DIR/lab.lock`, and `/run/ets-lab/PREFIX.json`, which
//! lists what it made. A record whose lock is free belongs to a dead lab and is cleaned up.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::error::{Context, Error, Result};
use crate::{namespace, pins};

const RECORDS: &str = "/run/ets-lab";

/// The lock on a lab's folder.
#[derive(Debug)]
pub(crate) struct DirLock(#[allow(dead_code)] Flock<File>);

impl DirLock {
    /// Takes the folder, making it where it is missing.
    ///
    /// # Errors
    /// When a living lab has it.
    pub(crate) fn take(dir: &Path) -> Result<Self> {
        let path = dir.join("lab.lock");
        let mut file = fs::create_dir_all(dir)
            .at("create", dir)
            .and_then(|()| open(&path))
            .map_err(|error| not_ours(error, dir))?;
        let mut owner = String::new();
        let _ = file.read_to_string(&mut owner);
        let mut lock = lock(file).ok_or_else(|| {
            Error::Refused(format!(
                "a lab already runs in {} (process {}): stop it with Ctrl-C, or give another --dir",
                dir.display(),
                owner.trim()
            ))
        })?;
        overwrite(&mut lock, std::process::id().to_string().as_bytes()).at("write", &path)?;
        Ok(Self(lock))
    }
}

fn not_ours(error: Error, dir: &Path) -> Error {
    match &error {
        Error::Io { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
            Error::Refused(format!(
                "{} belongs to another user: give another --dir, or remove it as that user",
                dir.display()
            ))
        }
        _ => error,
    }
}

/// What a lab made, so that a later one can take it down.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    /// The lab's process.
    pub(crate) pid: u32,
    /// Its folder.
    pub(crate) dir: PathBuf,
    /// Its namespaces.
    pub(crate) namespaces: Vec<String>,
    /// Its children.
    pub(crate) children: Vec<ProcessId>,
}

/// A process and when it started, so that another one with its number is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessId {
    /// Its number.
    pub(crate) pid: u32,
    /// Its start, in clock ticks since boot.
    pub(crate) started: u64,
}

impl ProcessId {
    /// The process that has this number now.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in brackets may hold anything; the start is the 20th field after it.
        let started = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()?;
        Some(Self { pid, started })
    }

    fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    fn end(self) {
        let Ok(pid) = i32::try_from(self.pid) else {
            return;
        };
        if self.is_alive() {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        for _ in 0..100 {
            if !self.is_alive() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A prefix of names that this lab owns while it lives.
#[derive(Debug)]
pub(crate) struct Claim {
    /// The prefix: `ets`, else `ets2` and so on.
    pub(crate) prefix: String,
    path: PathBuf,
    file: Flock<File>,
    record: Record,
}

impl Claim {
    /// Cleans up after dead labs, then takes the first free prefix.
    pub(crate) fn take(dir: &Path) -> Result<Self> {
        let folder = Path::new(RECORDS);
        clean_up_after_the_dead(folder);
        for number in 1..100 {
            let prefix = if number == 1 { "ets".to_owned() } else { format!("ets{number}") };
            let path = folder.join(format!("{prefix}.json"));
            let Some(file) = lock_record(&path)? else {
                continue;
            };
            // Somebody else's namespaces of this name are left alone.
            if namespace::path_of(&format!("{prefix}-hub")).exists() {
                let _ = fs::remove_file(&path);
                continue;
            }
            let record =
                Record { pid: std::process::id(), dir: dir.to_owned(), ..Record::default() };
            return Ok(Self { prefix, path, file, record });
        }
        Err(Error::Refused("99 labs already run on this machine: stop one".to_owned()))
    }

    /// Writes down the namespaces that are about to be made.
    pub(crate) fn set_namespaces(&mut self, names: Vec<String>) -> Result<()> {
        self.record.namespaces = names;
        self.write()
    }

    /// Writes down the children that run now.
    pub(crate) fn set_children(&mut self, pids: impl Iterator<Item = u32>) -> Result<()> {
        self.record.children = pids.filter_map(ProcessId::of).collect();
        self.write()
    }

    fn write(&mut self) -> Result<()> {
        let text =
            serde_json::to_vec(&self.record).map_err(|error| Error::Bug(error.to_string()))?;
        overwrite(&mut self.file, &text).at("write", &self.path)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_dir(RECORDS);
    }
}

fn clean_up_after_the_dead(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_record = path.extension().is_some_and(|ending| ending == "json");
        let Some(mut file) = is_record.then(|| lock_record(&path).ok().flatten()).flatten() else {
            continue;
        };
        let mut text = String::new();
        let _ = file.read_to_string(&mut text);
        let record: Record = serde_json::from_str(&text).unwrap_or_default();
        record.children.iter().for_each(|child| child.end());
        record.namespaces.iter().for_each(|name| namespace::remove(name));
        if let Some(prefix) = path.file_stem().and_then(|stem| stem.to_str()) {
            pins::remove(prefix);
        }
        let _ = fs::remove_file(&path);
    }
}

/// Takes the lock of a record; `None` when a living lab has it.
///
/// A lab that ends takes its record away, and the folder with the last one, perhaps between two of
/// our steps: a lock counts only when the file that was locked is still the one with this name.
fn lock_record(path: &Path) -> Result<Option<Flock<File>>> {
    loop {
        fs::create_dir_all(RECORDS).at("create", Path::new(RECORDS))?;
        let file = match open(path) {
            Err(Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => continue,
            opened => opened?,
        };
        let Some(file) = lock(file) else { return Ok(None) };
        let locked = file.metadata().map(|data| data.ino());
        if fs::metadata(path).is_ok_and(|data| locked.is_ok_and(|ino| ino == data.ino())) {
            return Ok(Some(file));
        }
    }
}

fn open(path: &Path) -> Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .at("open", path)
}

fn lock(file: File) -> Option<Flock<File>> {
    Flock::lock(file, FlockArg::LockExclusiveNonblock).ok()
}

fn overwrite(file: &mut File, bytes: &[u8]) -> std::io::Result<()> {
    file.rewind()?;
    file.set_len(0)?;
    file.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_living_lab() {
        let folder = tempfile::tempdir().unwrap();
        let lock = DirLock::take(folder.path()).unwrap();
        let refused = DirLock::take(folder.path()).unwrap_err();
        assert_eq!(refused.exit_code(), 1);
        assert!(refused.to_string().contains(&std::process::id().to_string()));
        drop(lock);
        DirLock::take(folder.path()).unwrap();
    }

    #[test]
    fn a_process_is_told_apart_by_its_start() {
        let me = ProcessId::of(std::process::id()).unwrap();
        assert!(me.is_alive());
        assert!(!ProcessId { started: me.started + 1, ..me }.is_alive());
    }
}
