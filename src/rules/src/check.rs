//! What a draft would do before it does it: faults, differences, and who would be cut off from
//! what, first of all the one who makes it.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use ets_model::{
    Arm, Policy, PolicyChange, PortRange, Role, SegmentId, SegmentNo, Served, ServiceId,
    ServicePlace,
};
use ets_registry::Catalog;
use serde::Serialize;

use crate::{DraftFault, Rights, Shaping};

/// Names in a sentence; the rest is counted.
const NAMED: usize = 5;

/// What applying a draft now would do.
#[derive(Clone, Debug)]
pub struct Review {
    /// The version that it stands on; 0: none.
    pub base: u64,
    /// The rights that it makes.
    pub rights: Arc<Rights>,
    /// The policy that they make with the registry as it is.
    pub policy: Arc<Policy>,
    /// What is different from the rules in force, the registry's part included.
    pub changes: Vec<PolicyChange>,
    /// Why it cannot be applied; empty when it can.
    pub faults: Vec<DraftFault>,
    /// What to think of first.
    pub warnings: Vec<Warning>,
    /// Whether it takes something away, so that it waits for confirmation.
    pub takes_away: bool,
    /// Stands for all of this; [`crate::Wish::digest`].
    pub digest: String,
}

/// What to think of before a change is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "warning", rename_all = "snake_case")]
pub enum Warning {
    /// The segment from which this person works loses the dashboard.
    OwnDashboard { segment: SegmentId },
    /// The segment from which this person works loses another service of the hub.
    OwnService { segment: SegmentId, service: ServiceId },
    /// The segment from which this person works changes its addresses, interface, binding or
    /// limits, so that the way to the hub may break.
    OwnSegment { segment: SegmentId },
    /// The network from which this person works is changed.
    OwnNetwork { network: String },
    /// After the change nobody reaches the dashboard: no management network, no segment.
    NobodyDashboard,
    /// These segments lose a service.
    CutOff { service: ServiceId, segments: Vec<SegmentId> },
    /// These segments lose everything: the registry no longer has them.
    Gone { segments: Vec<SegmentId> },
    /// Grants of a segment that is retired: they do nothing until it comes back.
    RetiredGrants { segment: SegmentId, services: Vec<ServiceId> },
    /// A segment is to be shaped to a contract whose rates the registry does not know.
    NoContract { segment: SegmentId },
}

/// From where a change is made, and what is around it.
pub(crate) struct Around<'a> {
    pub(crate) catalog: &'a Catalog,
    /// The ports on which the dashboard answers.
    pub(crate) dashboard: &'a [PortRange],
    /// The segment from which the author works.
    pub(crate) segment: Option<SegmentNo>,
    /// The address from which the author works.
    pub(crate) address: Option<IpAddr>,
}

impl Around<'_> {
    /// Everything to think of when `old` becomes `new`; most urgent first.
    pub(crate) fn warnings(&self, old: &Policy, new: &Policy, rights: &Rights) -> Vec<Warning> {
        let mut warnings = Vec::new();
        self.own_segment(old, new, &mut warnings);
        warnings.extend(self.own_network(old, new));
        if !self.dashboard.is_empty() && self.reached(old) && !self.reached(new) {
            warnings.push(Warning::NobodyDashboard);
        }
        warnings.extend(gone(old, new));
        warnings.extend(cut_off(old, new));
        warnings.extend(self.retired_grants(rights));
        warnings.extend(self.no_contract(rights));
        warnings
    }

    fn own_segment(&self, old: &Policy, new: &Policy, warnings: &mut Vec<Warning>) {
        let by_address = || self.catalog.by_address(self.address?).map(|one| one.no);
        let Some(was) = self.segment.or_else(by_address).and_then(|no| old.arm(no)) else {
            return;
        };
        let segment = || was.id.clone();
        if self.dashboard_for(old, was) && !self.dashboard_for(new, was) {
            warnings.push(Warning::OwnDashboard { segment: segment() });
        }
        for service in old.services.iter().filter(|one| one.place == ServicePlace::Hub) {
            if old.may(was.no, service.no) && !new.may(was.no, service.no) {
                let service = service.id.clone();
                warnings.push(Warning::OwnService { segment: segment(), service });
            }
        }
        let same = |is: &Arm| {
            is.interface == was.interface
                && was.prefixes.iter().all(|prefix| is.prefixes.contains(prefix))
                && (is.hardware.is_none() || is.hardware == was.hardware)
                && new.limits_of(is) == old.limits_of(was)
        };
        if new.arm(was.no).is_some_and(|is| !same(is)) {
            warnings.push(Warning::OwnSegment { segment: segment() });
        }
    }

    fn own_network(&self, old: &Policy, new: &Policy) -> Option<Warning> {
        let at = self.address.filter(|_| self.segment.is_none())?;
        let holds = |one: &&ets_model::Network| one.prefixes.iter().any(|net| net.contains(&at));
        let mine = old.networks.iter().find(holds)?;
        let stays = new.networks.iter().any(|one| one == mine);
        (!stays).then(|| Warning::OwnNetwork { network: mine.name.clone() })
    }

    /// Whether anybody reaches the dashboard: a management network, or a segment.
    fn reached(&self, policy: &Policy) -> bool {
        let management =
            |one: &ets_model::Network| one.role == Role::Management && !one.interfaces.is_empty();
        policy.networks.iter().any(management)
            || policy.arms.iter().any(|arm| self.dashboard_for(policy, arm))
    }

    fn dashboard_for(&self, policy: &Policy, arm: &Arm) -> bool {
        let serves = |one: &&Served| {
            let on = |range: &PortRange| self.dashboard.iter().any(|port| port.overlaps(*range));
            one.place == ServicePlace::Hub && one.ports.iter().any(on)
        };
        policy.services.iter().filter(serves).any(|one| policy.may(arm.no, one.no))
    }

    fn retired_grants<'a>(&'a self, rights: &'a Rights) -> impl Iterator<Item = Warning> + 'a {
        let active =
            |id: &SegmentId| self.catalog.segment(id.as_str()).is_some_and(|one| one.is_active());
        let idle = rights.grants.iter().filter(move |(segment, _)| !active(segment));
        idle.map(|(segment, services)| Warning::RetiredGrants {
            segment: segment.clone(),
            services: services.iter().cloned().collect(),
        })
    }

    fn no_contract<'a>(&'a self, rights: &'a Rights) -> impl Iterator<Item = Warning> + 'a {
        let unknown = |id: &SegmentId| {
            self.catalog.segment(id.as_str()).is_some_and(|one| {
                one.is_active() && one.channel.down_kbps == 0 && one.channel.up_kbps == 0
            })
        };
        let shaped = rights.shaped.iter().filter(|(_, to)| **to == Shaping::Contract);
        shaped
            .filter(move |(segment, _)| unknown(segment))
            .map(|(segment, _)| Warning::NoContract { segment: segment.clone() })
    }
}

fn gone(old: &Policy, new: &Policy) -> Option<Warning> {
    let gone = old.arms.iter().filter(|arm| new.arm(arm.no).is_none());
    let segments: Vec<_> = gone.map(|arm| arm.id.clone()).collect();
    (!segments.is_empty()).then_some(Warning::Gone { segments })
}

fn cut_off(old: &Policy, new: &Policy) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for service in &old.services {
        let stays = new.service(service.no);
        let may = |policy: &Policy, known: &Served, arm: &Arm| {
            known.everyone
                || policy.arm(arm.no).is_some_and(|arm| arm.may.binary_search(&known.no).is_ok())
        };
        let loses = |arm: &&Arm| {
            may(old, service, arm)
                && new.arm(arm.no).is_some()
                && !stays.is_some_and(|now| may(new, now, arm))
        };
        let segments: Vec<_> = old.arms.iter().filter(loses).map(|arm| arm.id.clone()).collect();
        if !segments.is_empty() {
            warnings.push(Warning::CutOff { service: service.id.clone(), segments });
        }
    }
    warnings
}

impl Warning {
    /// Whether it warns the author of locking himself out.
    pub fn is_own(&self) -> bool {
        matches!(
            self,
            Self::OwnDashboard { .. }
                | Self::OwnService { .. }
                | Self::OwnSegment { .. }
                | Self::OwnNetwork { .. }
                | Self::NobodyDashboard
        )
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnDashboard { segment } => {
                write!(f, "{segment}, from which you work, loses the dashboard")
            }
            Self::OwnService { segment, service } => {
                write!(f, "{segment}, from which you work, loses the hub's service {service}")
            }
            Self::OwnSegment { segment } => {
                write!(f, "the way of {segment}, from which you work, to the hub is changed")
            }
            Self::OwnNetwork { network } => {
                write!(f, "network {network}, from which you work, is changed")
            }
            Self::NobodyDashboard => f.write_str(
                "after this nobody reaches the dashboard: keep a management network or open it to \
                 a segment",
            ),
            Self::CutOff { service, segments } => {
                write!(f, "{} lose service {service}: {}", segments.len(), some(segments))
            }
            Self::Gone { segments } => {
                write!(f, "{} lose everything: {}", segments.len(), some(segments))
            }
            Self::RetiredGrants { segment, services } => {
                let services: BTreeSet<&str> = services.iter().map(ServiceId::as_str).collect();
                let services = services.into_iter().collect::<Vec<_>>().join(", ");
                write!(f, "{segment} is retired and still has grants: {services}")
            }
            Self::NoContract { segment } => write!(
                f,
                "{segment} is to be shaped to its contract, whose rates the registry does not know"
            ),
        }
    }
}

/// The first few of a list of segments.
pub(crate) fn some(segments: &[SegmentId]) -> String {
    let named: Vec<&str> = segments.iter().take(NAMED).map(SegmentId::as_str).collect();
    let more = segments.len().saturating_sub(NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    named.join(", ") + &rest
}
