//! The steps of a fault: changes that know how to undo themselves.

use super::conflict::Conflict;
use super::relay::{Delay, RelayPlace, Relays, Scope};
use super::spoof::Spoof;
use super::worker::Worker;
use crate::error::Result;
use crate::programs::Tool;
use crate::star::Star;

/// One change and its undoing.
pub(super) enum Step {
    /// Commands or rules in a namespace.
    Script(Script),
    /// A delay of some packets on a port of the trunk.
    Delay { place: RelayPlace, fault: u64, scope: Scope, delay: Delay },
    /// A second device with a router's address.
    Conflict(Conflict),
    /// Packets with a false sender.
    Spoof(Spoof),
}

/// A script and the one that undoes it.
pub(super) struct Script {
    tool: Tool,
    place: String,
    run: String,
    undo: String,
}

/// A change that was made.
pub(super) enum Done {
    /// Undone by the other script.
    Script(Script),
    /// Undone by taking the rule out of the relay.
    Delay { port: String, fault: u64 },
    /// Undone by dropping it.
    Worker(#[allow(dead_code)] Worker),
}

/// A script with its own undoing.
pub(super) fn script(tool: Tool, place: String, run: String, undo: String) -> Step {
    Step::Script(Script { tool, place, run, undo })
}

/// A script whose every `add` is undone by a `del`.
pub(super) fn additions(tool: Tool, place: String, run: String) -> Step {
    let undo = run.replace(" add ", " del ");
    script(tool, place, run, undo)
}

/// Makes all changes, or none when one fails.
pub(super) fn run_all(steps: Vec<Step>, star: &Star, relays: &mut Relays) -> Result<Vec<Done>> {
    let mut done = Vec::new();
    for step in steps {
        match run(step, star, relays) {
            Ok(change) => done.push(change),
            Err(error) => {
                let _ = undo_all(done, star, relays);
                return Err(error);
            }
        }
    }
    Ok(done)
}

fn run(step: Step, star: &Star, relays: &mut Relays) -> Result<Done> {
    match step {
        Step::Script(script) => {
            let at = star.namespace(&script.place)?;
            if let Err(error) = star.programs.run(script.tool, at, &script.run) {
                star.programs.run_what_can_be_run(script.tool, at, &script.undo);
                return Err(error);
            }
            Ok(Done::Script(script))
        }
        Step::Delay { place, fault, scope, delay } => {
            let port = place.port.clone();
            relays.add(star, place, fault, scope, delay).map(|()| Done::Delay { port, fault })
        }
        Step::Conflict(conflict) => conflict.start(star).map(Done::Worker),
        Step::Spoof(spoof) => spoof.start(star).map(Done::Worker),
    }
}

/// Undoes changes, the last first; goes on after a failure and reports the first one.
pub(super) fn undo_all(done: Vec<Done>, star: &Star, relays: &mut Relays) -> Result<()> {
    let mut result = Ok(());
    for change in done.into_iter().rev() {
        let undone = match change {
            Done::Script(Script { tool, place, undo, .. }) => {
                star.namespace(&place).and_then(|at| star.programs.run(tool, at, &undo))
            }
            Done::Delay { port, fault } => relays.remove(star, &port, fault),
            Done::Worker(worker) => {
                drop(worker);
                Ok(())
            }
        };
        result = result.and(undone);
    }
    result
}
