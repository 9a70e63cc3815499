//! All targets with what they heard, and what that makes of each service. Sans I/O.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use ets_model::{Check, HealthState, ServiceId, WallTime};

use crate::{Change, Health, Heard, Line, Machine, Picture, Reason, Target};

/// The number of a target: new ones for new targets, so that an answer to an old one finds nobody.
pub(crate) type No = u64;

struct Entry {
    machine: Machine,
    line: Line,
}

/// See the head of the file.
#[derive(Default)]
pub(crate) struct Standing {
    entries: BTreeMap<No, Entry>,
    next: No,
    picture: Picture,
    /// What was last written down of each service.
    written: HashMap<ServiceId, (HealthState, WallTime)>,
}

impl Standing {
    /// Goes on from what was written down before.
    pub(crate) fn new(last: Vec<Change>) -> Self {
        let written = last.into_iter().map(|one| (one.service, (one.to, one.at))).collect();
        Self { written, ..Self::default() }
    }

    pub(crate) fn picture(&self) -> &Picture {
        &self.picture
    }

    /// The history has what was to be written down: that is news as well.
    pub(crate) fn written(&mut self) {
        self.picture.turns += 1;
    }

    pub(crate) fn target(&self, no: No) -> Option<&Target> {
        self.entries.get(&no).map(|entry| &entry.line.target)
    }

    /// From now on exactly these are asked. What stays keeps what it heard; answers the new ones.
    pub(crate) fn plan(&mut self, targets: Vec<Target>) -> Vec<No> {
        let before = std::mem::take(&mut self.entries);
        // More than one where a check is said twice.
        let mut known: HashMap<Target, Vec<(No, Entry)>> = HashMap::new();
        for (no, entry) in before {
            known.entry(entry.line.target.clone()).or_default().push((no, entry));
        }
        let mut fresh = Vec::new();
        for target in targets {
            let same = known.get_mut(&target).and_then(Vec::pop);
            let (no, entry) = same.unwrap_or_else(|| {
                self.next += 1;
                fresh.push(self.next);
                (self.next, Entry::new(target))
            });
            self.entries.insert(no, entry);
        }
        if !(fresh.is_empty() && known.values().all(Vec::is_empty)) {
            self.draw_all();
        }
        fresh
    }

    /// Takes an answer; what it makes of the service is to be written down.
    pub(crate) fn hear(
        &mut self,
        no: No,
        answer: Result<Duration, Reason>,
        at: WallTime,
    ) -> Option<Change> {
        let entry = self.entries.get_mut(&no)?;
        let turn = entry.hear(answer, at);
        let service = entry.line.target.service.clone();
        let since = turn.map_or(at, |turn| turn.since);
        self.draw(&service, since)
    }

    /// A change of what is asked is no change of a service: nothing is written down.
    fn draw_all(&mut self) {
        let mut services: BTreeMap<ServiceId, Vec<Line>> = BTreeMap::new();
        for Entry { line, .. } in self.entries.values() {
            services.entry(line.target.service.clone()).or_default().push(line.clone());
        }
        let before = std::mem::take(&mut self.picture.services);
        self.picture.turns += 1;
        for (id, lines) in services {
            let health = health(lines);
            let known = before.get(&id).filter(|one| one.state == health.state);
            let since = known.and_then(|one| one.since);
            self.picture.services.insert(id, Arc::new(Health { since, ..health }));
        }
    }

    fn draw(&mut self, service: &ServiceId, at: WallTime) -> Option<Change> {
        let mut health = self.health(service);
        let before = self.picture.services.get(service);
        let from = before.map_or(HealthState::Unknown, |one| one.state);
        let lines_turned = before.is_none_or(|one| {
            let states = |health: &Health| -> Vec<_> {
                health.lines.iter().map(|line| (line.state, line.reason.clone())).collect()
            };
            states(one) != states(&health)
        });
        health.since = before.and_then(|one| one.since);
        let change =
            if from == health.state { None } else { self.turned(service, &mut health, at) };
        self.picture.turns += u64::from(lines_turned || from != health.state);
        self.picture.services.insert(service.clone(), Arc::new(health));
        change
    }

    /// A service that is again what it was before a restart, or before its checks were changed, is
    /// so since then.
    fn turned(&mut self, service: &ServiceId, health: &mut Health, at: WallTime) -> Option<Change> {
        let written = self.written.get(service).copied();
        if let Some((state, since)) = written
            && state == health.state
        {
            health.since = Some(since);
            return None;
        }
        health.since = Some(at);
        self.written.insert(service.clone(), (health.state, at));
        Some(Change {
            service: service.clone(),
            at,
            from: written.map_or(HealthState::Unknown, |(state, _)| state),
            to: health.state,
            reason: health.reason.clone(),
        })
    }

    fn health(&self, service: &ServiceId) -> Health {
        let of_it = self.entries.values().filter(|entry| entry.line.target.service == *service);
        health(of_it.map(|entry| entry.line.clone()).collect())
    }
}

/// What its lines make of a service.
fn health(lines: Vec<Line>) -> Health {
    let checks = checks(&lines);
    // The worst of the checks; down, unknown, up in the order of the states.
    let state = checks.iter().map(|(_, state)| *state).min().unwrap_or_default();
    // Of a check that stands for the whole, not of one whose other server answers.
    let stands_for = |line: &&Line| {
        checks.iter().any(|(check, of_it)| *check == &line.target.check && *of_it == state)
    };
    let why = || lines.iter().filter(stands_for).find_map(|line| line.reason.clone());
    let reason = if state == HealthState::Up { None } else { why() };
    Health { state, since: None, reason, lines }
}

/// How each check is: one server that answers is enough; that none does is known only when it is
/// known of each.
fn checks(lines: &[Line]) -> Vec<(&Check, HealthState)> {
    let mut checks: Vec<(&Check, HealthState)> = Vec::new();
    for line in lines {
        match checks.iter_mut().find(|(check, _)| *check == &line.target.check) {
            Some((_, best)) => *best = (*best).max(line.state),
            None => checks.push((&line.target.check, line.state)),
        }
    }
    checks
}

impl Entry {
    fn new(target: Target) -> Self {
        let machine = Machine::new(target.check.fall, target.check.rise);
        let (state, since) = (machine.state(), machine.since());
        let (asked, took, reason, failed) = <_>::default();
        Self { machine, line: Line { target, state, since, asked, took, reason, failed } }
    }

    fn hear(&mut self, answer: Result<Duration, Reason>, at: WallTime) -> Option<crate::Turn> {
        let line = &mut self.line;
        let heard = match &answer {
            Ok(_) => Heard::Good,
            Err(reason) if reason.is_blind() => Heard::Nothing,
            Err(_) => Heard::Bad,
        };
        line.asked = Some(at);
        match answer {
            Ok(took) => (line.took, line.reason) = (Some(took), None),
            Err(reason) => {
                line.failed = Some((at, reason.clone()));
                line.reason = Some(reason);
            }
        }
        let turn = self.machine.hear(heard, at);
        (line.state, line.since) = (self.machine.state(), self.machine.since());
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(service: &str, host: u8, line: &str) -> Target {
        let check: Check = line.parse().unwrap();
        let address = ([10, 1, 0, host], check.port.unwrap()).into();
        Target { service: service.parse().unwrap(), check, address }
    }

    fn good() -> Result<Duration, Reason> {
        Ok(Duration::from_millis(1))
    }

    fn standing(targets: &[Target]) -> (Standing, Vec<No>) {
        let mut standing = Standing::default();
        let numbers = standing.plan(targets.to_vec());
        (standing, numbers)
    }

    fn state_of(standing: &Standing, id: &str) -> HealthState {
        standing.picture().services[&id.parse().unwrap()].state
    }

    /// covers: N7.1
    #[test]
    fn one_of_two_servers_is_enough_and_every_check_must_have_one() {
        let (mut hub, no) = standing(&[
            target("mail", 10, "tcp/25 fall=1"),
            target("mail", 11, "tcp/25 fall=1"),
            target("mail", 10, "http/80 fall=1"),
        ]);
        let at = WallTime(7);
        assert_eq!(hub.hear(no[0], good(), at), None, "the other check is not known yet");
        assert_eq!(hub.hear(no[1], Err(Reason::Refused), at), None);
        let change = hub.hear(no[2], good(), at).expect("now it is up");
        assert_eq!((change.from, change.to), (HealthState::Unknown, HealthState::Up));
        let change = hub.hear(no[2], Err(Reason::Status { code: 500 }), at).unwrap();
        assert_eq!(
            (change.to, change.reason),
            (HealthState::Down, Some(Reason::Status { code: 500 }))
        );
    }

    /// covers: N7.1
    #[test]
    fn what_is_planned_anew_keeps_what_it_heard_and_what_is_changed_begins_anew() {
        let (mail, web) = (target("mail", 10, "tcp/25"), target("web", 10, "http/80"));
        let (mut hub, no) = standing(&[mail.clone(), web.clone()]);
        no.iter().for_each(|no| drop(hub.hear(*no, good(), WallTime(7))));
        let moved = target("web", 10, "http/81");
        let fresh = hub.plan(vec![mail, moved]);
        assert_eq!(fresh.len(), 1);
        assert_eq!(state_of(&hub, "mail"), HealthState::Up);
        assert_eq!(state_of(&hub, "web"), HealthState::Unknown);
        assert_eq!(hub.hear(no[1], good(), WallTime(8)), None, "the old question is nobody's");
        assert_eq!(state_of(&hub, "web"), HealthState::Unknown);
        assert_eq!(hub.hear(fresh[0], good(), WallTime(9)), None, "it was up before");
        let web = hub.picture().services[&"web".parse().unwrap()].clone();
        assert_eq!((web.state, web.since), (HealthState::Up, Some(WallTime(7))));
        hub.plan(Vec::new());
        assert!(hub.picture().services.is_empty());
    }

    /// covers: N7.1
    #[test]
    fn a_network_that_is_dark_makes_no_service_down() {
        let (mut hub, no) = standing(&[target("mail", 10, "tcp/25 fall=2")]);
        hub.hear(no[0], good(), WallTime(1));
        let dark = Reason::Dark { network: "services".into() };
        let change = hub.hear(no[0], Err(dark.clone()), WallTime(2)).unwrap();
        assert_eq!((change.to, change.reason), (HealthState::Unknown, Some(dark)));
        assert_eq!(hub.hear(no[0], good(), WallTime(3)).unwrap().to, HealthState::Up);
    }
}
