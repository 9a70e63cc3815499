//! The accounting of a lab: set up before `netd` starts, removed when the lab ends. Programs and maps
//! belong to the machine and not to a namespace, so each lab pins under its own name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::mount::{MsFlags, mount};

/// Where the machine's bpffs is mounted, by custom.
const BPFFS: &str = "/sys/fs/bpf";

/// The pins of the lab with this prefix; removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Pins(PathBuf);

impl Pins {
    /// A place for a new lab's pins; `None` where the machine has no bpffs and lets us mount none:
    /// the packet filter counts then.
    pub(crate) fn place(prefix: &str) -> Option<Self> {
        if !is_bpffs()
            && mount(Some("bpf"), BPFFS, Some("bpf"), MsFlags::empty(), None::<&str>).is_err()
        {
            return None;
        }
        remove(prefix);
        Some(Self(path(prefix)))
    }

    /// Their directory.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Loads and pins, as an administrator would. What it says is the reason when it fails.
    pub(crate) fn set_up(&self, program: &Path, hub_toml: &Path) -> Result<(), String> {
        let mut command = Command::new(program);
        command.args(["netd", "setup", "--config"]).arg(hub_toml).stdin(Stdio::null());
        let output = command.output().map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

impl Drop for Pins {
    fn drop(&mut self) {
        clear(&self.0);
    }
}

/// Removes the pins that a lab with this prefix left.
pub(crate) fn remove(prefix: &str) {
    clear(&path(prefix));
}

fn path(prefix: &str) -> PathBuf {
    Path::new(BPFFS).join(format!("{prefix}-lab"))
}

/// A bpffs has files and folders only; best effort, the next start tries again.
fn clear(directory: &Path) {
    let _ = fs::remove_dir_all(directory);
}

fn is_bpffs() -> bool {
    const BPF_FS_MAGIC: i64 = 0xcafe_4a11;
    nix::sys::statfs::statfs(BPFFS).is_ok_and(|found| found.filesystem_type().0 == BPF_FS_MAGIC)
}
