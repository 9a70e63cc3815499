//! Processes: ours, and foreign judges.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

/// The built product, as `make build` leaves it.
pub(crate) fn hub_binary() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
    let binary = target.join("release/ets-hub");
    assert!(binary.exists(), "{} is not built: run `make build`", binary.display());
    binary.canonicalize().expect("an existing file has a path")
}

/// Whether the tests run as root.
pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Runs a program to its end; fails when it cannot be started.
#[track_caller]
fn run(program: &str, args: &[&str]) -> Output {
    Command::new(program)
        .args(args)
        .output()
        .unwrap_or_else(|error| panic!("{program} cannot be started: {error}"))
}

/// Runs a foreign tool that must succeed and gives what it printed.
#[track_caller]
pub(crate) fn tool(program: &str, args: &[&str]) -> String {
    let output = run(program, args);
    assert!(
        output.status.success(),
        "{program} {args:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Whether a process lives (and is no zombie).
pub(crate) fn alive(pid: i64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

/// The living processes whose command line holds all of `words`.
pub(crate) fn children_named(words: &[&str]) -> Vec<i64> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i64>().ok())
        .filter(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            !line.is_empty() && words.iter().all(|word| line.contains(word)) && alive(*pid)
        })
        .collect()
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// CPU time, user and system.
    pub(crate) cpu: Duration,
    /// Resident memory now, in bytes.
    pub(crate) resident: u64,
}

impl Usage {
    /// Reads it from /proc.
    #[track_caller]
    pub(crate) fn of(pid: i64) -> Self {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process lives");
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let number = |at: usize| fields[at].parse::<u64>().expect("the kernel writes numbers");
        // Fields 14, 15 and 24 of proc(5), counted from the state, which is field 3.
        let ticks = number(11) + number(12);
        Self {
            cpu: Duration::from_millis(ticks * 1000 / ticks_per_second()),
            resident: number(21) * 4096,
        }
    }
}

fn ticks_per_second() -> u64 {
    let ticks = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).ok().flatten();
    ticks.and_then(|ticks| u64::try_from(ticks).ok()).unwrap_or(100)
}
