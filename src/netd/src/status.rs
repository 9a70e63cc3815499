//! How `netd` is.

use std::fs;

use std::sync::atomic::Ordering;

use ets_netd_api::Status;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::server::Control;

/// Gathers the status.
pub(crate) fn status(control: &Control) -> Status {
    let (place, figures) = (control.journal.place(), control.journal.figures());
    Status {
        build: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        started: control.started,
        oldest: place.oldest,
        newest: place.newest,
        ring_bytes: place.bytes,
        ring_limit: place.limit,
        generation: figures.generation,
        targets: figures.targets,
        engine: figures.engine,
        engine_bytes: figures.engine_bytes,
        machine_bytes: figures.machine_bytes,
        followers: control.followers.load(Ordering::Relaxed),
        listeners: control.listeners.names(),
        dark: figures.dark,
        kept: control.kept.load(Ordering::Relaxed),
        resident: resident(),
        cpu_ns: cpu_ns(),
    }
}

/// Resident memory of the process, in bytes; 0 when /proc does not say.
fn resident() -> u64 {
    let pages = |text: String| text.split_whitespace().nth(1)?.parse::<u64>().ok();
    let page =
        nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok().flatten().unwrap_or(4_096);
    let pages = fs::read_to_string("/proc/self/statm").ok().and_then(pages).unwrap_or(0);
    pages * u64::try_from(page).unwrap_or(4_096)
}

/// CPU time of all threads, in nanoseconds.
fn cpu_ns() -> u64 {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
        return 0;
    };
    let used = usage.user_time().num_nanoseconds() + usage.system_time().num_nanoseconds();
    u64::try_from(used).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_knows_what_the_process_uses() {
        assert!(resident() > 1 << 20, "{}", resident());
        assert!(cpu_ns() > 0);
    }
}
