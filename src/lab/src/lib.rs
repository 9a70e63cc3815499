//! The lab: the whole star out of network namespaces on one machine, its faults and its traffic.
//!
//! It is the demo, the test bed and the training ground. As root its namespaces have names for
//! `ip netns`; as an ordinary user everything happens inside a user namespace of its own.

mod args;

pub use args::{Args, Command, ExecArgs, FaultArgs, HealArgs, Kind, RunArgs, Side, StatusArgs};

use std::process::ExitCode;

/// Runs one `ets-hub lab` command to its end.
///
/// Must be called while the process has a single thread: an ordinary user's lab enters namespaces
/// of its own first. Exit codes: 0, 1 refused or not found, 64 bad usage, 69 something needed is
/// missing, 70 bug.
pub fn main(args: Args) -> ExitCode {
    let _ = args;
    ExitCode::from(70)
}
