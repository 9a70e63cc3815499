//! What differs between two policies, in the words of the person who changes them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Arm, Hardware, Limits, Network, Policy, Rate, Served};
use crate::{PortRange, SegmentId, ServiceId};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum PolicyChange {
    /// A segment is new.
    SegmentAdded { segment: SegmentId, prefixes: Vec<IpNet> },
    /// A segment goes.
    SegmentRemoved { segment: SegmentId },
    /// A segment hangs on another interface.
    SegmentMoved { segment: SegmentId, from: String, to: String },
    /// A segment has more addresses.
    PrefixAdded { segment: SegmentId, prefix: IpNet },
    /// A segment has fewer addresses.
    PrefixRemoved { segment: SegmentId, prefix: IpNet },
    /// A segment is bound to another router, or to none.
    Bound { segment: SegmentId, from: Option<Hardware>, to: Option<Hardware> },
    /// A segment may reach a service.
    Granted { segment: SegmentId, service: ServiceId },
    /// A segment may no longer reach a service.
    Withdrawn { segment: SegmentId, service: ServiceId },
    /// Limits changed: of one segment, or of all that have none of their own.
    Limits { segment: Option<SegmentId>, from: Option<Limits>, to: Option<Limits> },
    /// A segment is shaped to another rate, or not at all.
    Rate { segment: SegmentId, from: Option<Rate>, to: Option<Rate> },
    /// A service is new.
    ServiceAdded { service: ServiceId },
    /// A service goes.
    ServiceRemoved { service: ServiceId },
    /// A service answers on other ports.
    Ports { service: ServiceId, from: Vec<PortRange>, to: Vec<PortRange> },
    /// A service runs elsewhere.
    Servers { service: ServiceId, from: Vec<IpAddr>, to: Vec<IpAddr> },
    /// A service is open to every segment.
    Opened { service: ServiceId },
    /// A service is open to segments with a grant only.
    Closed { service: ServiceId },
    /// One of the hub's networks is new, changed or gone, as configured.
    Network { name: String },
}

impl PolicyChange {
    /// Whether it may cut somebody off from what works now. Such a change waits for confirmation.
    pub fn takes_away(&self) -> bool {
        match self {
            Self::SegmentAdded { .. }
            | Self::PrefixAdded { .. }
            | Self::Granted { .. }
            | Self::ServiceAdded { .. }
            | Self::Opened { .. } => false,
            Self::Bound { to, .. } => to.is_some(),
            // The limits of all may be lower than its own.
            Self::Limits { segment: Some(_), from: Some(_), to: None } => true,
            Self::Limits { from, to, .. } => lowers(*from, *to),
            Self::Rate { from, to, .. } => slows(*from, *to),
            Self::Ports { from, to, .. } => from.iter().any(|range| !to.contains(range)),
            // What ran on the hub itself had no addresses.
            Self::Servers { from, to, .. } => {
                from.is_empty() || from.iter().any(|server| !to.contains(server))
            }
            Self::SegmentRemoved { .. }
            | Self::SegmentMoved { .. }
            | Self::PrefixRemoved { .. }
            | Self::Withdrawn { .. }
            | Self::ServiceRemoved { .. }
            | Self::Closed { .. }
            | Self::Network { .. } => true,
        }
    }
}

fn lowers(from: Option<Limits>, to: Option<Limits>) -> bool {
    let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
    let lower = |from: u32, to: u32| to != 0 && (from == 0 || to < from);
    lower(from.connections, to.connections)
        || lower(from.new_connections, to.new_connections)
        || lower(from.packets, to.packets)
}

fn slows(from: Option<Rate>, to: Option<Rate>) -> bool {
    let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
    let slower = |from: u64, to: u64| to != 0 && (from == 0 || to < from);
    slower(from.down_kbps, to.down_kbps) || slower(from.up_kbps, to.up_kbps)
}

impl Policy {
    /// What is different in `new`, ordered: networks, services, limits, segments.
    pub fn changes_to(&self, new: &Self) -> Vec<PolicyChange> {
        let mut changes = Vec::new();
        networks(&self.networks, &new.networks, &mut changes);
        services(&self.services, &new.services, &mut changes);
        if self.limits != new.limits {
            let (from, to) = (Some(self.limits), Some(new.limits));
            changes.push(PolicyChange::Limits { segment: None, from, to });
        }
        arms(self, new, &mut changes);
        changes
    }
}

fn networks(old: &[Network], new: &[Network], changes: &mut Vec<PolicyChange>) {
    let mut names: Vec<&str> = old.iter().chain(new).map(|network| network.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let find = |list: &[Network], name: &str| list.iter().find(|one| one.name == name).cloned();
    // Ports become those of retired segments as segments go, which is told of those.
    names.retain(|name| *name != Network::RETIRED);
    let differs = |name: &&str| find(old, name) != find(new, name);
    let told = names.into_iter().filter(differs);
    changes.extend(told.map(|name| PolicyChange::Network { name: name.to_owned() }));
}

fn services(old: &[Served], new: &[Served], changes: &mut Vec<PolicyChange>) {
    let before: BTreeMap<_, _> = old.iter().map(|service| (service.no, service)).collect();
    let after: BTreeMap<_, _> = new.iter().map(|service| (service.no, service)).collect();
    for (no, service) in &before {
        let id = || service.id.clone();
        match after.get(no) {
            None => changes.push(PolicyChange::ServiceRemoved { service: id() }),
            Some(now) => changed_service(service, now, changes),
        }
    }
    let added = after.iter().filter(|(no, _)| !before.contains_key(no));
    changes.extend(added.map(|(_, one)| PolicyChange::ServiceAdded { service: one.id.clone() }));
}

fn changed_service(old: &Served, new: &Served, changes: &mut Vec<PolicyChange>) {
    let service = || new.id.clone();
    if old.ports != new.ports {
        let (from, to) = (old.ports.clone(), new.ports.clone());
        changes.push(PolicyChange::Ports { service: service(), from, to });
    }
    if old.addresses != new.addresses || old.place != new.place {
        let (from, to) = (old.addresses.clone(), new.addresses.clone());
        changes.push(PolicyChange::Servers { service: service(), from, to });
    }
    match (old.everyone, new.everyone) {
        (false, true) => changes.push(PolicyChange::Opened { service: service() }),
        (true, false) => changes.push(PolicyChange::Closed { service: service() }),
        _ => {}
    }
}

fn arms(old: &Policy, new: &Policy, changes: &mut Vec<PolicyChange>) {
    for arm in &old.arms {
        match new.arm(arm.no) {
            None => changes.push(PolicyChange::SegmentRemoved { segment: arm.id.clone() }),
            Some(now) => changed_arm((old, arm), (new, now), changes),
        }
    }
    for arm in new.arms.iter().filter(|arm| old.arm(arm.no).is_none()) {
        let (segment, prefixes) = (arm.id.clone(), arm.prefixes.clone());
        changes.push(PolicyChange::SegmentAdded { segment, prefixes });
    }
}

fn changed_arm(old: (&Policy, &Arm), new: (&Policy, &Arm), changes: &mut Vec<PolicyChange>) {
    let (was, is) = (old.1, new.1);
    let segment = || is.id.clone();
    if was.interface != is.interface {
        let (from, to) = (was.interface.clone(), is.interface.clone());
        changes.push(PolicyChange::SegmentMoved { segment: segment(), from, to });
    }
    let gone = was.prefixes.iter().filter(|prefix| !is.prefixes.contains(prefix));
    changes.extend(
        gone.map(|prefix| PolicyChange::PrefixRemoved { segment: segment(), prefix: *prefix }),
    );
    let come = is.prefixes.iter().filter(|prefix| !was.prefixes.contains(prefix));
    changes.extend(
        come.map(|prefix| PolicyChange::PrefixAdded { segment: segment(), prefix: *prefix }),
    );
    if was.hardware != is.hardware {
        let (from, to) = (was.hardware, is.hardware);
        changes.push(PolicyChange::Bound { segment: segment(), from, to });
    }
    grants(old, new, changes);
    if was.limits != is.limits {
        let (from, to) = (was.limits, is.limits);
        changes.push(PolicyChange::Limits { segment: Some(segment()), from, to });
    }
    if was.rate != is.rate {
        let (from, to) = (was.rate, is.rate);
        changes.push(PolicyChange::Rate { segment: segment(), from, to });
    }
}

fn grants(old: (&Policy, &Arm), new: (&Policy, &Arm), changes: &mut Vec<PolicyChange>) {
    let segment = || new.1.id.clone();
    let named = |policy: &Policy, no| policy.service(no).map(|service| service.id.clone());
    let gone = old.1.may.iter().filter(|no| !new.1.may.contains(no));
    // A grant that goes with its service is told with the service.
    let gone = gone.filter_map(|no| named(new.0, *no));
    changes.extend(gone.map(|service| PolicyChange::Withdrawn { segment: segment(), service }));
    let come = new.1.may.iter().filter(|no| !old.1.may.contains(no));
    let come = come.filter_map(|no| named(new.0, *no));
    changes.extend(come.map(|service| PolicyChange::Granted { segment: segment(), service }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SegmentNo, ServiceNo, ServicePlace};

    fn arm(no: u32) -> Arm {
        Arm {
            no: SegmentNo(no),
            id: format!("s{no}").parse().unwrap(),
            interface: format!("p{no}"),
            prefixes: vec![format!("10.10.{no}.0/24").parse().unwrap()],
            hardware: None,
            may: vec![ServiceNo(1)],
            limits: None,
            rate: None,
        }
    }

    fn policy() -> Policy {
        let service = Served {
            no: ServiceNo(1),
            id: "mail".parse().unwrap(),
            place: ServicePlace::Behind,
            addresses: vec!["10.1.0.10".parse().unwrap()],
            ports: vec![PortRange::tcp(25)],
            everyone: false,
        };
        Policy { arms: vec![arm(1), arm(2)], services: vec![service], ..Policy::default() }
    }

    fn after(change: impl FnOnce(&mut Policy)) -> Vec<PolicyChange> {
        let mut new = policy();
        change(&mut new);
        policy().changes_to(&new)
    }

    /// covers: N2.3
    #[test]
    fn a_change_says_what_differs_and_whether_it_takes_something_away() {
        assert_eq!(after(|_| {}), []);
        type Case = (fn(&mut Policy), bool);
        let cases: [Case; 9] = [
            (|p| p.arms.push(arm(3)), false),
            (|p| drop(p.arms.pop()), true),
            (|p| p.arms[0].may.clear(), true),
            (|p| p.arms[0].prefixes.push("10.10.9.0/24".parse().unwrap()), false),
            (|p| p.arms[0].prefixes.clear(), true),
            (|p| p.arms[0].interface = "p9".into(), true),
            (|p| p.services[0].everyone = true, false),
            (|p| p.services[0].ports.push(PortRange::tcp(587)), false),
            (|p| p.limits.connections = 10, true),
        ];
        for (index, (change, takes)) in cases.into_iter().enumerate() {
            let changes = after(change);
            assert_eq!(changes.len(), 1, "{index}: {changes:?}");
            assert_eq!(changes[0].takes_away(), takes, "{:?}", changes[0]);
        }
    }

    /// covers: D3, N2.3
    #[test]
    fn what_ends_without_being_named_takes_something_away_as_well() {
        let (mut on_hub, mut exempt) = (policy(), policy());
        on_hub.services[0].place = ServicePlace::Hub;
        on_hub.services[0].addresses.clear();
        exempt.arms[0].limits = Some(Limits::default());
        let told = |old: &Policy| {
            let changes = old.changes_to(&policy());
            changes.iter().map(PolicyChange::takes_away).collect::<Vec<_>>()
        };
        assert_eq!(told(&on_hub), [true], "the dashboard is moved off the hub");
        assert_eq!(told(&exempt), [true], "the limits of all count again");
    }

    #[test]
    fn a_grant_that_goes_with_its_service_is_told_once() {
        let changes = after(|policy| {
            policy.services.clear();
            policy.arms.iter_mut().for_each(|arm| arm.may.clear());
        });
        assert_eq!(changes, [PolicyChange::ServiceRemoved { service: "mail".parse().unwrap() }]);
    }
}
