//! Who may reach what, computed from the rules that the kernel has (requirement N2.1).
//!
//! Every segment is asked for every service from each of its prefixes, at each address and for each
//! range of ports at its ends and wherever a map of the rules has a bound within it; for the outside;
//! for forged sources; and for every other segment. Flows are new ones: what the rules accepted before
//! they accept again, or they would not keep it.

mod neighbours;
mod star;
mod targets;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use ets_model::{Arm, Hardware, Policy, Role, Stamp};
use ets_netd_api::{Reach, Subject};

use crate::compile::Links;
use crate::evaluate::{Evaluator, Unproved};
use crate::nft::ir::Ruleset;
use star::{Carries, Packet, Star, inside};
use targets::{Target, targets};

/// A router's hardware address where a segment is bound to none.
const ANY_HARDWARE: Hardware = Hardware([2, 0x45, 0x54, 0xff, 0xff, 0xfe]);

/// The table of who may reach what. [`Reach::at`] is left to the caller, who knows when the rules were
/// read. A segment whose interface is not there reaches nothing.
///
/// Up to 200 segments each ordered pair is tried, in each family, with TCP, UDP and ICMP. Above that
/// each segment tries one destination of each prefix length, everything that its verdict depended on is
/// looked up for all other destinations, and those for which anything differs are tried one by one.
///
/// A segment that shares its interface with one that is not bound to its hardware can take that one's
/// address: [`Subject::spoofs`] says so of it.
///
/// # Errors
/// When the rules hold something whose effect is not known.
pub fn reach(
    ruleset: &Ruleset,
    policy: &Policy,
    links: &Links,
    change: u64,
) -> Result<Reach, Unproved> {
    let asker = Asker { evaluator: Evaluator::new(ruleset)?, star: Star::new(policy, links) };
    let targets = targets(policy, ruleset);
    let open = Open::new(policy, &targets);
    let arms = policy.arms.iter().enumerate();
    let segments = arms
        .map(|(at, arm)| asker.subject((at, arm), &targets, &open))
        .collect::<Result<_, _>>()?;
    let count = policy.arms.len() as u64;
    Ok(Reach {
        change,
        at: Stamp::default(),
        services: policy.services.iter().map(|service| service.no).collect(),
        segments,
        neighbours: neighbours::reached(&asker)?,
        pairs: count * count.saturating_sub(1),
    })
}

/// Asks the rules.
struct Asker<'a> {
    evaluator: Evaluator<'a>,
    star: Star<'a>,
}

/// For each segment a target that lies open to it, where there is one: what a forged source is tried
/// with.
struct Open<'t> {
    everyone: Vec<&'t Target>,
    by_service: Vec<&'t [Target]>,
}

impl<'t> Open<'t> {
    fn new(policy: &Policy, targets: &'t [Vec<Target>]) -> Self {
        let services = policy.services.iter().zip(targets);
        let everyone = services.filter(|(service, _)| service.everyone);
        let everyone = everyone.flat_map(|(_, targets)| targets).collect();
        Self { everyone, by_service: targets.iter().map(Vec::as_slice).collect() }
    }

    fn of(&self, policy: &Policy, arm: &Arm, four: bool) -> Option<&'t Target> {
        let granted = arm.may.iter().filter_map(|no| {
            let at = policy.services.binary_search_by_key(no, |service| service.no).ok()?;
            self.by_service.get(at)
        });
        let granted = granted.flat_map(|targets| targets.iter());
        let mut all = self.everyone.iter().copied().chain(granted);
        all.find(|target| target.address.is_some_and(|at| at.is_ipv4() == four))
    }
}

impl<'a> Asker<'a> {
    fn passes(
        &self,
        (port, hardware): (u32, Hardware),
        ends: (IpAddr, IpAddr),
        carries: Carries,
    ) -> Result<bool, Unproved> {
        let packet = Packet::opening(port, hardware, ends, carries);
        Ok(self.evaluator.receive(&packet, |at| self.star.way(at))?.passed)
    }

    fn subject(
        &self,
        (at, arm): (usize, &'a Arm),
        targets: &[Vec<Target>],
        open: &Open<'_>,
    ) -> Result<Subject, Unproved> {
        let mut subject = Subject { segment: arm.no, ..Subject::default() };
        let Some(port) = self.star.port(arm) else { return Ok(subject) };
        for (column, targets) in targets.iter().enumerate() {
            if self.reaches(arm, port, targets)? {
                subject.set(column);
            }
        }
        subject.outside = self.reaches_outside(arm, port)?;
        subject.spoofs = self.spoofs(at, arm, port, open)?;
        Ok(subject)
    }

    /// Whether every target that a segment has a family for is reached, and there is one.
    fn reaches(&self, arm: &Arm, port: u32, targets: &[Target]) -> Result<bool, Unproved> {
        let from = (port, hardware(arm));
        let mut any = false;
        for prefix in &arm.prefixes {
            let source = self.star.speaker(*prefix);
            for target in targets {
                for at in self.star.places(target, arm, source.is_ipv4()) {
                    if !self.passes(from, (source, at), target.carries)? {
                        return Ok(false);
                    }
                    any = true;
                }
            }
        }
        Ok(any)
    }

    fn reaches_outside(&self, arm: &Arm, port: u32) -> Result<bool, Unproved> {
        let from = (port, hardware(arm));
        for prefix in &arm.prefixes {
            let source = self.star.speaker(*prefix);
            for at in self.star.foreign(source.is_ipv4()) {
                for carries in [Carries::Tcp(40_000, 443), Carries::Udp(40_000, 443), Carries::Ping]
                {
                    if self.passes(from, (source, at), carries)? {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// Sources that are not the segment's own, each towards what lies open to who has that source,
    /// and towards the hub.
    fn spoofs(&self, at: usize, arm: &Arm, port: u32, open: &Open<'_>) -> Result<bool, Unproved> {
        let from = (port, hardware(arm));
        let policy = self.star.policy;
        for four in [true, false] {
            for (source, owner) in self.forged(at, arm, four) {
                let target = open.of(policy, owner, four);
                let target = target.and_then(|target| Some((target.address?, target.carries)));
                let hub = self.star.own_of(arm, four).map(|at| (at, Carries::Ping));
                for (to, carries) in target.into_iter().chain(hub) {
                    if source != to && self.passes(from, (source, to), carries)? {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// Forged sources, each with the segment whose rights are tried with it.
    fn forged(&self, at: usize, arm: &'a Arm, four: bool) -> Vec<(IpAddr, &'a Arm)> {
        let star = &self.star;
        let others = star.others(at).into_iter();
        let others = others.filter_map(|other| Some((star.speaker(first(other, four)?), other)));
        let networks = star.policy.networks.iter().filter(|one| one.role != Role::Outside);
        let prefixes = networks.flat_map(|network| &network.prefixes);
        let prefixes = prefixes.filter(|prefix| prefix.addr().is_ipv4() == four);
        let fixed = prefixes.map(|prefix| inside(*prefix, 200));
        let fixed = fixed.chain(star.own_of(arm, four)).chain(star.foreign(four));
        let fixed = fixed.chain([star::link_local(four)]);
        others.chain(fixed.map(|source| (source, arm))).collect()
    }
}

fn hardware(arm: &Arm) -> Hardware {
    arm.hardware.unwrap_or(ANY_HARDWARE)
}

/// The first prefix of a family.
fn first(arm: &Arm, four: bool) -> Option<ipnet::IpNet> {
    arm.prefixes.iter().find(|prefix| prefix.addr().is_ipv4() == four).copied()
}
