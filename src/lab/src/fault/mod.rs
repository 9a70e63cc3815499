//! Faults: real ones, made with the system's own means, listed and undone.

mod conflict;
mod frame;
mod kinds;
mod relay;
mod spoof;
mod steps;
mod worker;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use ets_runtime::wall_now;
use serde::{Deserialize, Serialize};

use crate::args::{Kind, Side};
use crate::error::{Error, Result};
use crate::institutions::Seed;
use crate::plan::SegmentPlan;
use crate::star::Star;
use relay::Relays;
use steps::{Done, Step};

/// What to break and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Spec {
    /// What.
    pub(crate) kind: Kind,
    /// Which side of the link.
    pub(crate) side: Side,
    /// Percent of packets lost, each way.
    pub(crate) loss: Option<f64>,
    /// kbit/s, each way.
    pub(crate) rate: u64,
    /// Milliseconds, each way.
    pub(crate) delay: f64,
    /// Milliseconds more or less, each way.
    pub(crate) jitter: f64,
    /// Seconds until it heals by itself, for a reboot.
    pub(crate) seconds: f64,
}

/// A fault in force, as people and scripts see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listed {
    /// Its number.
    pub(crate) id: u64,
    /// What.
    pub(crate) kind: Kind,
    /// The segment, provider point, shared link or trunk.
    pub(crate) target: String,
    /// In words.
    pub(crate) text: String,
    /// Its making began at this moment, in microseconds since 1970.
    pub(crate) from_us: i64,
    /// Its making was complete at this moment.
    pub(crate) to_us: i64,
}

struct Fault {
    listed: Listed,
    done: Vec<Done>,
    ends: Option<Instant>,
}

/// All faults in force in one star.
pub(crate) struct Faults {
    star: Arc<Star>,
    seed: Arc<Seed>,
    relays: Relays,
    faults: Vec<Fault>,
    next: u64,
}

/// What one fault is made of, before it is made.
struct Draft {
    target: String,
    text: String,
    steps: Vec<Step>,
}

impl Faults {
    /// No faults yet.
    pub(crate) fn new(star: Arc<Star>, seed: Arc<Seed>) -> Self {
        Self { star, seed, relays: Relays::default(), faults: Vec::new(), next: 1 }
    }

    /// Makes a fault on each target; those made before a failure stay and are listed.
    pub(crate) fn apply(&mut self, spec: &Spec, targets: &[String]) -> Result<Vec<Listed>> {
        spec.check()?;
        let mut made = Vec::new();
        for target in self.targets(spec.kind, targets)? {
            made.push(self.apply_one(spec, &target)?);
        }
        Ok(made)
    }

    fn apply_one(&mut self, spec: &Spec, target: &Target) -> Result<Listed> {
        let id = self.next;
        let draft = self.draft(spec, target, id)?;
        let same =
            |fault: &&Fault| fault.listed.kind == spec.kind && fault.listed.target == draft.target;
        if let Some(fault) = self.faults.iter().find(same) {
            return Err(Error::Refused(format!(
                "{}: {} already; heal it first to change it",
                draft.target, fault.listed.text
            )));
        }
        self.next += 1;
        let from_us = wall_now().0;
        let done = steps::run_all(draft.steps, &self.star, &mut self.relays)?;
        let listed = Listed {
            id,
            kind: spec.kind,
            target: draft.target,
            text: draft.text,
            from_us,
            to_us: wall_now().0,
        };
        let ends = (spec.kind == Kind::Reboot).then(|| {
            Instant::now() + Duration::try_from_secs_f64(spec.seconds).unwrap_or_default()
        });
        self.faults.push(Fault { listed: listed.clone(), done, ends });
        Ok(listed)
    }

    /// Undoes the faults on these targets, all of them when none is named.
    pub(crate) fn heal(&mut self, names: &[String]) -> Result<Vec<Listed>> {
        let (mut targets, mut kinds): (Vec<String>, Vec<Kind>) = Default::default();
        for name in names {
            match self.segments(name) {
                Ok(segments) => targets.extend(segments.iter().flat_map(|segment| {
                    [segment.id.clone(), self.star.plan.link_of(segment).interface.clone()]
                })),
                Err(_) if self.is_other_target(name) => targets.push(name.clone()),
                Err(error) => kinds.push(trunk_fault(name).ok_or_else(|| nothing_else(&error))?),
            }
        }
        self.undo(|Fault { listed, .. }| {
            names.is_empty() || targets.contains(&listed.target) || kinds.contains(&listed.kind)
        })
    }

    /// Undoes the faults whose time is over.
    pub(crate) fn heal_expired(&mut self) -> Result<Vec<Listed>> {
        let now = Instant::now();
        self.undo(|fault| fault.ends.is_some_and(|ends| ends <= now))
    }

    /// The faults in force.
    pub(crate) fn list(&self) -> Vec<Listed> {
        self.faults.iter().map(|fault| fault.listed.clone()).collect()
    }

    fn undo(&mut self, mut which: impl FnMut(&Fault) -> bool) -> Result<Vec<Listed>> {
        let mut healed = Vec::new();
        let mut first_error = Ok(());
        for at in (0..self.faults.len()).rev() {
            if !which(&self.faults[at]) {
                continue;
            }
            let fault = self.faults.remove(at);
            let undone = steps::undo_all(fault.done, &self.star, &mut self.relays);
            first_error = first_error.and(undone);
            healed.push(fault.listed);
        }
        healed.reverse();
        first_error.map(|()| healed)
    }

    fn is_other_target(&self, name: &str) -> bool {
        name == "trunk" || self.seed.parent_ids().any(|id| id == name)
    }

    fn targets(&self, kind: Kind, names: &[String]) -> Result<Vec<Target>> {
        needed(kind, names)?;
        match kind {
            Kind::TrunkDown | Kind::TrunkSilent => Ok(vec![Target::Trunk]),
            Kind::ProviderDown => names.iter().map(|name| self.provider_point(name)).collect(),
            _ => {
                let found: Result<Vec<_>> = names.iter().map(|name| self.segments(name)).collect();
                Ok(found?.into_iter().flatten().map(Target::Segment).collect())
            }
        }
    }

    fn provider_point(&self, name: &str) -> Result<Target> {
        let known: Vec<_> = self.seed.parent_ids().collect();
        if known.contains(&name) {
            return Ok(Target::ProviderPoint(name.to_owned()));
        }
        Err(Error::Refused(format!("no provider point {name:?}: there are {}", known.join(", "))))
    }

    fn segments(&self, name: &str) -> Result<Vec<SegmentPlan>> {
        select(&self.star.plan.segments, name)
    }
}

impl Spec {
    fn check(&self) -> Result<()> {
        let percent = |value: f64| (0.0..=100.0).contains(&value);
        let millis = |value: f64| (0.0..=60_000.0).contains(&value);
        let wrong = |text: &str| Err(Error::Usage(text.to_owned()));
        if self.loss.is_some_and(|loss| !percent(loss)) {
            return wrong("--loss: give a percentage from 0 to 100");
        }
        if !millis(self.delay) || !millis(self.jitter) {
            return wrong("--delay, --jitter: give milliseconds from 0 to 60000");
        }
        if !(0.0..=86_400.0).contains(&self.seconds) {
            return wrong("--seconds: give a number from 0 to 86400");
        }
        if self.rate == 0 {
            return wrong("--rate: give at least 1 kbit/s");
        }
        Ok(())
    }
}

/// What a fault is made on.
#[derive(Clone, Debug)]
enum Target {
    Segment(SegmentPlan),
    ProviderPoint(String),
    Trunk,
}

/// Refuses a fault of the trunk that names segments, and any other that names nothing.
fn needed(kind: Kind, names: &[String]) -> Result<()> {
    let wrong = |text: String| Err(Error::Usage(text));
    match (kind.of_trunk(), names.is_empty()) {
        (true, false) => wrong(format!("{} breaks the whole trunk: name no segment", kind.name())),
        (false, true) if kind == Kind::ProviderDown => {
            wrong("name at least one provider point, such as pp-west".to_owned())
        }
        (false, true) => wrong("name at least one segment: s007, s003-s009 or all".to_owned()),
        _ => Ok(()),
    }
}

/// A fault of the trunk by its kind, to be healed alone.
fn trunk_fault(name: &str) -> Option<Kind> {
    Kind::from_str(name, false).ok().filter(|kind| kind.of_trunk())
}

/// What is to be healed is not known.
fn nothing_else(no_segment: &Error) -> Error {
    Error::Refused(format!("{no_segment}; provider points and trunk can be healed as well"))
}

/// The segments that a word names: `s007`, `7`, `s003-s009`, `all`.
fn select(segments: &[SegmentPlan], word: &str) -> Result<Vec<SegmentPlan>> {
    if word == "all" {
        return Ok(segments.to_vec());
    }
    let number = |text: &str| text.strip_prefix('s').unwrap_or(text).parse::<u32>().ok();
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let range = number(first).zip(number(last));
    let found: Vec<_> = range.map_or_else(Vec::new, |(first, last)| {
        segments
            .iter()
            .filter(|segment| (first..=last).contains(&segment.number))
            .cloned()
            .collect()
    });
    if found.is_empty() {
        let last = segments.last().map_or("", |segment| segment.id.as_str());
        let backwards = range.is_some_and(|(first, last)| first > last);
        let why = if backwards { "a range begins with the lower number, and " } else { "" };
        return Err(Error::Refused(format!("no segment {word:?}: {why}there are s001 to {last}")));
    }
    Ok(found)
}

/// Locks the faults; a panic of another command leaves the list as right as it was.
pub(crate) fn lock(faults: &Mutex<Faults>) -> MutexGuard<'_, Faults> {
    faults.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Plan, Shape};

    #[test]
    fn segments_are_named_by_number_identifier_range_or_all() {
        let plan = Plan::new(Shape::new(12, None).unwrap(), "ets");
        let ids = |word: &str| -> Vec<String> {
            select(&plan.segments, word).unwrap().into_iter().map(|segment| segment.id).collect()
        };
        assert_eq!(ids("7"), ["s007"]);
        assert_eq!(ids("s007"), ["s007"]);
        assert_eq!(ids("s003-5"), ["s003", "s004", "s005"]);
        assert_eq!(ids("all").len(), 12);
        for word in ["", "13", "x", "5-3", "s", "-"] {
            let error = select(&plan.segments, word).unwrap_err().to_string();
            assert!(error.contains("s001 to s012"), "{word}: {error}");
            let backwards = error.contains("a range begins with the lower number");
            assert_eq!(backwards, word == "5-3", "{word}: {error}");
        }
    }

    #[test]
    fn a_fault_of_the_trunk_names_nothing_and_every_other_one_something() {
        let (none, one) = (Vec::new(), vec!["s001".to_owned()]);
        for kind in Kind::value_variants() {
            let of_trunk = kind.name().starts_with("trunk-");
            assert_eq!(needed(*kind, &none).is_ok(), of_trunk, "{kind:?}");
            assert_eq!(needed(*kind, &one).is_ok(), !of_trunk, "{kind:?}");
            assert_eq!(trunk_fault(&kind.name()), of_trunk.then_some(*kind));
        }
    }
}
