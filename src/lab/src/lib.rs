//! The lab: the whole star out of network namespaces on one machine, its faults and its traffic.
//!
//! It is the demo, the test bed and the training ground. As root its namespaces have names for
//! `ip netns`; as an ordinary user everything happens inside a user namespace of its own.
//!
//! The way through the code: [`plan`] decides names and addresses, [`topology`] turns the plan into
//! commands, [`star`] runs them, [`supervise`] keeps the hub running in it, [`fault`] breaks it, and
//! [`run`] is the order in which all that happens.

mod args;
mod catalogue;
mod claim;
mod conference;
mod control;
mod describe;
mod error;
mod exec;
mod fault;
mod hub_toml;
mod institutions;
mod layout;
mod listeners;
mod namespace;
mod pins;
mod plan;
mod programs;
mod ready;
mod run;
mod say;
mod servers;
mod spawn;
mod star;
mod supervise;
mod topology;
mod traffic;
mod user_namespace;

pub use args::{Args, Command, ExecArgs, FaultArgs, HealArgs, Kind, RunArgs, Side, StatusArgs};
pub use error::Error;

use std::path::PathBuf;
use std::process::ExitCode;

use control::Request;
use describe::Description;
use error::Result;
use fault::{Listed, Spec};
use layout::Layout;

/// Runs one `ets-hub lab` command to its end and says on standard error why it failed.
///
/// Must be called while the process has a single thread: an ordinary user's lab enters namespaces
/// of its own first. Exit codes: 0, 1 refused or not found, 64 bad usage, 69 something needed is
/// missing, 70 bug.
pub fn main(args: Args) -> ExitCode {
    let done = match args.command {
        Command::Run(args) => run::run(&args),
        Command::Fault(args) => fault_command(args),
        Command::Heal(args) => heal(args),
        Command::Status(args) => status(args),
        Command::Exec(args) => exec::exec(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn fault_command(args: FaultArgs) -> Result<()> {
    let FaultArgs { kind, segments: targets, side, loss, rate, delay, jitter, seconds, dir, json } =
        args;
    let spec = Spec { kind, side, loss, rate, delay, jitter, seconds };
    let made = ask(dir, &Request::Fault { spec, targets })?;
    show(&made, json, say::faults(&made))
}

fn heal(args: HealArgs) -> Result<()> {
    let healed = ask(args.dir, &Request::Heal(args.targets))?;
    let text =
        if healed.is_empty() { "nothing to heal\n".to_owned() } else { say::healed(&healed) };
    show(&healed, args.json, text)
}

fn status(args: StatusArgs) -> Result<()> {
    let layout = Layout::new(args.dir)?;
    let faults = control::ask(&layout.control(), &Request::Status)?;
    let lab = Description::read(&layout.lab_json());
    if args.json {
        let lab = lab.ok().and_then(|lab| serde_json::to_value(lab).ok());
        say::print(&format!("{}\n", serde_json::json!({ "lab": lab, "faults": faults })));
        return Ok(());
    }
    match lab {
        Ok(lab) => say::print(&format!(
            "a lab of {} segments runs (process {}), dashboard {}\n",
            lab.segments.len(),
            lab.lab_pid,
            lab.dashboard_plain_url
        )),
        Err(_) => say::print("a lab is starting\n"),
    }
    say::print(&say::faults(&faults));
    Ok(())
}

fn ask(dir: Option<PathBuf>, request: &Request) -> Result<Vec<Listed>> {
    control::ask(&Layout::new(dir)?.control(), request)
}

fn show(faults: &[Listed], json: bool, text: String) -> Result<()> {
    let text = if json { format!("{}\n", serde_json::json!(faults)) } else { text };
    say::print(&text);
    Ok(())
}
