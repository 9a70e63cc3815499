//! The ruler: brings about what the safety line decides, in an order in which a crash at any point
//! leaves the rules wholly old or wholly new.
//!
//! A new change is on disk as one that waits before the kernel has it, so that whoever comes after a
//! crash takes it back. A change that goes back is on disk as gone before the kernel has the old one
//! again, and every start puts into the kernel what the disk says.

use ets_model::{Intercept, Policy, Stamp};
use ets_netd_api::{Apply, Drift, Plan, Reach, RulesEvent, RulesNow, SegmentNow};

use super::safety::{Safety, Standing, Turn};

/// The most faults of a policy that are told at once.
const MOST_FAULTS: usize = 50;

/// The kernel.
pub(crate) trait Plane {
    /// Makes the kernel equal to a standing, in one transaction; nothing where it is already.
    fn put(&mut self, standing: &Standing) -> Result<(), String>;
    /// Whose flows the gateway takes from the next [`put`](Self::put) on; gives back what was before.
    fn intercept(&mut self, wanted: Option<Intercept>) -> Option<Intercept>;
    /// What a policy gives to others of what the hub has itself, each with both sides named.
    fn clashes(&mut self, policy: &Policy) -> Result<Vec<String>, String>;
    /// What a policy would change.
    fn plan(&mut self, change: u64, policy: &Policy) -> Result<Plan, String>;
    /// Whether anything may have changed in the kernel since it was last put or compared.
    fn stirred(&mut self) -> bool;
    /// What the kernel has otherwise than it should.
    fn drift(&mut self, standing: &Standing) -> Result<Vec<Drift>, String>;
    /// The rules as the kernel has them.
    fn text(&mut self) -> Result<String, String>;
    /// Who may reach what by them.
    fn reach(&mut self, standing: &Standing) -> Result<Reach, String>;
}

/// What survives.
pub(crate) trait Disk {
    /// On disk for good when this returns.
    fn keep(&mut self, safety: &Safety) -> Result<(), String>;
    /// Likewise whose flows the gateway takes.
    fn keep_intercept(&mut self, intercept: Option<&Intercept>) -> Result<(), String>;
}

/// What is in force and the means to change it.
#[derive(Debug)]
pub(crate) struct Ruler<P, D> {
    safety: Safety,
    plane: P,
    disk: D,
    /// What the disk does not have yet because it refused.
    unkept: bool,
    /// Why the kernel does not have what it should; empty when it has.
    problem: String,
    drift: Vec<Drift>,
    compared: Option<Stamp>,
}

impl<P: Plane, D: Disk> Ruler<P, D> {
    /// Goes on with what a former process left and brings the kernel there.
    pub(crate) fn start(
        left: Option<Safety>,
        boot_id: &str,
        (plane, disk): (P, D),
        now: Stamp,
        events: &mut Vec<RulesEvent>,
    ) -> Self {
        let turn = Safety::resume(left, boot_id, now);
        let mut ruler = Self {
            safety: turn.next.clone(),
            plane,
            disk,
            unkept: false,
            problem: String::new(),
            drift: Vec::new(),
            compared: None,
        };
        ruler.take(turn, events);
        ruler.spare_rules();
        ruler
    }

    /// A kernel that cannot hand flows over refuses every rule together with that: better nobody is
    /// intercepted than the star stands without rules. Who wishes it again is told why not.
    fn spare_rules(&mut self) {
        if self.problem.is_empty() {
            return;
        }
        if let Some(wanted) = self.plane.intercept(None) {
            self.put();
            if !self.problem.is_empty() {
                // It is something else, and may pass.
                self.plane.intercept(Some(wanted));
                return;
            }
            tracing::error!("nobody is intercepted, so that the other rules are in force");
            // Else the wish that nobody be so would be acknowledged as kept, and would not be.
            if let Err(error) = self.disk.keep_intercept(None) {
                tracing::error!(error, "that nobody is intercepted cannot be kept on disk");
            }
        }
    }

    /// Puts a policy in force.
    ///
    /// # Errors
    /// A sentence; nothing is changed then.
    pub(crate) fn apply(
        &mut self,
        apply: &Apply,
        board: &[SegmentNow],
        now: Stamp,
        events: &mut Vec<RulesEvent>,
    ) -> Result<(), String> {
        self.check(&apply.policy)?;
        let next = self.safety.apply(apply, board, now)?;
        let kept = |error| format!("the change cannot be kept on disk and is not made: {error}");
        self.disk.keep(&next).map_err(kept)?;
        if let Err(error) = self.plane.put(next.in_force()) {
            self.restore();
            return Err(format!("the kernel refuses the rules, nothing is changed: {error}"));
        }
        let settled = next.settled();
        if settled != next
            && let Err(error) = self.disk.keep(&settled)
        {
            self.restore();
            return Err(kept(error));
        }
        self.safety = settled;
        self.problem.clear();
        events.push(RulesEvent::Applied {
            change: apply.change,
            author: apply.author.clone(),
            waits: apply.confirm_within.is_some(),
        });
        Ok(())
    }

    /// Confirms the change that waits.
    ///
    /// # Errors
    /// A sentence; it still waits then.
    pub(crate) fn confirm(
        &mut self,
        change: u64,
        author: &str,
        events: &mut Vec<RulesEvent>,
    ) -> Result<(), String> {
        let next = self.safety.confirm(change, author)?;
        self.disk
            .keep(&next)
            .map_err(|error| format!("the confirmation cannot be kept on disk: {error}"))?;
        self.safety = next;
        events.push(RulesEvent::Confirmed { change });
        Ok(())
    }

    /// Takes the change that waits back.
    ///
    /// # Errors
    /// A sentence, when it does not wait.
    pub(crate) fn withdraw(
        &mut self,
        change: u64,
        events: &mut Vec<RulesEvent>,
    ) -> Result<(), String> {
        let turn = self.safety.withdraw(change)?;
        self.take(turn, events);
        Ok(())
    }

    /// Has the gateway take what segments send outside, or leave it.
    ///
    /// # Errors
    /// A sentence; nothing is changed then.
    pub(crate) fn intercept(&mut self, wanted: Option<Intercept>) -> Result<(), String> {
        let before = self.plane.intercept(wanted.clone());
        if before == wanted {
            return Ok(());
        }
        let kept = |error| format!("who is intercepted cannot be kept on disk: {error}");
        let put = self.plane.put(self.safety.in_force());
        let done = put.and_then(|()| self.disk.keep_intercept(wanted.as_ref()).map_err(kept));
        match done {
            Ok(()) => self.problem.clear(),
            Err(_) => {
                self.plane.intercept(before);
                self.put();
            }
        }
        done
    }

    /// What is due by the clock, by what fell, and by what strangers did to the kernel.
    pub(crate) fn tick(&mut self, board: &[SegmentNow], now: Stamp, events: &mut Vec<RulesEvent>) {
        if let Some(turn) = self.safety.due(board, now) {
            self.take(turn, events);
        }
        if self.unkept {
            self.keep();
        }
        if self.plane.stirred() || !self.problem.is_empty() {
            self.compare(now, events);
        }
    }

    /// What a policy would change.
    ///
    /// # Errors
    /// A sentence: its faults, or why the kernel cannot be asked.
    pub(crate) fn plan(&mut self, policy: &Policy) -> Result<Plan, String> {
        self.check(policy)?;
        self.plane.plan(self.safety.in_force().change + 1, policy)
    }

    /// The state of the rules.
    pub(crate) fn now(&self) -> RulesNow {
        let standing = self.safety.in_force();
        RulesNow {
            change: standing.change,
            policy: standing.policy.clone(),
            pending: self.safety.pending(),
            drift: self.drift.clone(),
            compared: self.compared,
            problem: self.problem.clone(),
        }
    }

    /// The change and policy in force.
    pub(crate) fn standing(&self) -> &Standing {
        self.safety.in_force()
    }

    /// The kernel.
    pub(crate) fn plane(&self) -> &P {
        &self.plane
    }

    /// The kernel, to ask and to change it.
    pub(crate) fn plane_mut(&mut self) -> &mut P {
        &mut self.plane
    }

    fn check(&mut self, policy: &Policy) -> Result<(), String> {
        let faults: Vec<String> = policy.faults().iter().map(ToString::to_string).collect();
        refusal(&faults)?;
        refusal(&self.plane.clashes(policy)?)
    }

    /// A change that goes back does so whatever the disk says: the kernel comes first then.
    fn take(&mut self, turn: Turn, events: &mut Vec<RulesEvent>) {
        self.safety = turn.next;
        self.keep();
        self.put();
        if let Some((change, why)) = turn.undone {
            let back_to = self.safety.in_force().change;
            events.push(RulesEvent::Reverted { change, back_to, why });
        }
    }

    fn keep(&mut self) {
        let kept = self.disk.keep(&self.safety);
        match &kept {
            Err(error) if !self.unkept => {
                tracing::error!(error, "the rules in force cannot be kept on disk; trying again");
            }
            _ => {}
        }
        self.unkept = kept.is_err();
    }

    fn put(&mut self) {
        let put = self.plane.put(self.safety.in_force());
        let problem = put.err().unwrap_or_default();
        if !problem.is_empty() && problem != self.problem {
            tracing::error!(problem, "rules cannot be put in force; trying again");
        }
        self.problem = problem;
    }

    /// Back to what stands, after a change that failed half-way.
    fn restore(&mut self) {
        self.keep();
        self.put();
    }

    fn compare(&mut self, now: Stamp, events: &mut Vec<RulesEvent>) {
        let found = match self.plane.drift(self.safety.in_force()) {
            Ok(found) => found,
            Err(error) => {
                self.problem = error;
                return;
            }
        };
        self.compared = Some(now);
        if found.is_empty() {
            self.problem.clear();
            self.drift.clear();
            return;
        }
        self.put();
        // What cannot be mended, such as a route without a known next hop, is told once and shown.
        let left = self.plane.drift(self.safety.in_force()).unwrap_or_else(|_| found.clone());
        if self.drift != found {
            let mended = self.problem.is_empty() && left.is_empty();
            events.push(RulesEvent::Drifted { found, mended });
        }
        self.drift = left;
    }
}

fn refusal(faults: &[String]) -> Result<(), String> {
    if faults.is_empty() {
        return Ok(());
    }
    let told = faults[..faults.len().min(MOST_FAULTS)].join("\n");
    let rest = faults.len().saturating_sub(MOST_FAULTS);
    let more = if rest > 0 { format!("\nand {rest} more") } else { String::new() };
    Err(format!("{told}{more}"))
}

#[cfg(test)]
mod tests;
