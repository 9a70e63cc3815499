//! A place of a test's own: its thread gets its own network and mount namespaces, which end with it.

use std::path::{Path, PathBuf};
use std::process::Command;

use ets_dataplane::account::{Setup, setup};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

/// A directory on a bpffs that only this test sees.
pub(crate) struct Bed {
    _directory: tempfile::TempDir,
    pins: PathBuf,
}

impl Bed {
    /// `None` where that needs rights that the caller lacks.
    pub(crate) fn new() -> Option<Self> {
        if let Err(errno) = unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS) {
            eprintln!("skipped: namespaces need root ({errno})");
            return None;
        }
        let nothing = None::<&str>;
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(nothing, "/", nothing, private, nothing).unwrap();
        let directory = tempfile::tempdir().unwrap();
        if let Err(errno) =
            mount(Some("bpf"), directory.path(), Some("bpf"), MsFlags::empty(), nothing)
        {
            eprintln!("skipped: this kernel or these rights give no bpffs ({errno})");
            return None;
        }
        let pins = directory.path().join("ets");
        Some(Self { _directory: directory, pins })
    }

    /// With the accounting set up for so many segments.
    pub(crate) fn with_accounting(segments: u32) -> Option<Self> {
        let bed = Self::new()?;
        setup(bed.pins(), &Setup { segments, owner: None }).unwrap();
        Some(bed)
    }

    /// Where the accounting is pinned.
    pub(crate) fn pins(&self) -> &Path {
        &self.pins
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.pins);
        let _ = nix::mount::umount(self._directory.path());
    }
}

/// Runs a program; panics with what it said when it fails.
pub(crate) fn sh(line: &str) -> String {
    let done = Command::new("sh").args(["-c", line]).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{line}\n{said}{}", String::from_utf8_lossy(&done.stderr));
    said
}
