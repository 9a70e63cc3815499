//! The way in for an ordinary user: a user and a mount namespace in which the process is root.

use std::fs;
use std::os::fd::AsRawFd;
use std::path::Path;

use nix::fcntl::{OFlag, open};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::Mode;
use nix::unistd::{getegid, geteuid};

use crate::error::{Context, Error, Result};

/// `CAP_NET_ADMIN`, `CAP_NET_RAW` and `CAP_SYS_ADMIN`, as bits of `CapEff`.
const NEEDED: u64 = 1 << 12 | 1 << 13 | 1 << 21;

/// Whether this process may make namespaces with names that the whole machine sees.
pub(crate) fn is_privileged() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let bits = effective.and_then(|text| u64::from_str_radix(text.trim(), 16).ok()).unwrap_or(0);
    geteuid().is_root() && bits & NEEDED == NEEDED
}

/// Becomes root in namespaces of its own, with an empty `/run` in which `dir` stays reachable.
/// The process must have one thread.
///
/// # Errors
/// When the machine does not let ordinary users do so; the text says how to allow it.
pub(crate) fn enter(dir: &Path) -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS)
        .map_err(|error| Error::Missing(why_not(error)))?;
    write("/proc/self/setgroups", "deny")?;
    write("/proc/self/uid_map", &format!("0 {uid} 1"))?;
    write("/proc/self/gid_map", &format!("0 {gid} 1"))?;
    hide_run(dir)
}

fn write(path: &str, text: &str) -> Result<()> {
    fs::write(path, text).at("write", Path::new(path))
}

/// Puts an empty `/run` over the machine's. A lab's folder in there is held open and mounted again.
fn hide_run(dir: &Path) -> Result<()> {
    let inside = dir.starts_with("/run") || dir.starts_with("/var/run");
    let hold = || open(dir, OFlag::O_PATH | OFlag::O_DIRECTORY, Mode::empty()).at("open", dir);
    let kept = inside.then(hold).transpose()?;
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .at("separate", Path::new("/"))?;
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), Some("mode=755"))
        .at("mount", Path::new("/run"))?;
    let Some(kept) = kept else { return Ok(()) };
    fs::create_dir_all(dir).at("create", dir)?;
    let source = format!("/proc/self/fd/{}", kept.as_raw_fd());
    mount(Some(source.as_str()), dir, none, MsFlags::MS_BIND | MsFlags::MS_REC, none)
        .at("mount", dir)
}

fn why_not(error: nix::Error) -> String {
    format!(
        "this machine does not let an ordinary user make namespaces ({error}). Either run the lab as \
         root (sudo), or allow it with: sudo sysctl -w kernel.unprivileged_userns_clone=1 \
         user.max_user_namespaces=10000 (on Ubuntu also kernel.apparmor_restrict_unprivileged_userns=0)"
    )
}
