//! One step of a draft: what a person changes at a time, and what leads from some rights to others.

use std::collections::BTreeSet;

use ets_model::{Limits, Rate, SegmentId, Service, ServiceId, WallTime};
use ets_registry::Catalog;
use serde::{Deserialize, Serialize};

use crate::{Fault, Numbers, Rights, Shaping, about};

/// A change of the rights. Kept in drafts as JSON: kinds may be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum Edit {
    /// A new service; its number and version are given.
    AddService { service: Service },
    /// A service is other than it was; `version` is the one that was seen. Its number and
    /// retirement stay.
    ChangeService { service: Service },
    /// A service is taken out of use; its grants stay and do nothing.
    RetireService { service: ServiceId },
    /// A retired service comes back, with its number and grants.
    BringBack { service: ServiceId },
    /// A segment may reach a service.
    Grant { segment: SegmentId, service: ServiceId },
    /// A segment may no longer reach a service by a grant.
    Withdraw { segment: SegmentId, service: ServiceId },
    /// Limits of one segment (`None`: those of all again), or of all (`None`: no limits).
    Limits { segment: Option<SegmentId>, limits: Option<Limits> },
    /// To what a segment is shaped; `None`: it is not.
    Shape { segment: SegmentId, to: Option<Shaping> },
}

/// What edits stand on besides the rights.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ground<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) numbers: &'a Numbers,
    /// When services are retired by it.
    pub(crate) now: WallTime,
}

/// Longest name, most ports, most addresses of a service.
const LONGEST_NAME: usize = 200;
const MOST_PORTS: usize = 64;
const MOST_ADDRESSES: usize = 64;

impl Rights {
    /// Takes an edit over, or leaves everything as it is.
    pub(crate) fn take(&mut self, edit: &Edit, ground: &Ground<'_>) -> Result<(), Fault> {
        match edit {
            Edit::AddService { service } => self.add(service.clone(), ground),
            Edit::ChangeService { service } => self.change(service.clone(), ground),
            Edit::RetireService { service } => self.retire(service, ground.now),
            Edit::BringBack { service } => self.bring_back(service),
            Edit::Grant { segment, service } => {
                active(ground.catalog, segment)?;
                self.in_use(service)?;
                self.grants.entry(segment.clone()).or_default().insert(service.clone());
                Ok(())
            }
            Edit::Withdraw { segment, service } => self.withdraw(segment, service, ground.catalog),
            Edit::Limits { segment: None, limits } => {
                self.limits = limits.unwrap_or_default();
                Ok(())
            }
            Edit::Limits { segment: Some(segment), limits } => {
                let known = limits.is_none() && self.own_limits.contains_key(segment);
                (if known { Ok(()) } else { active(ground.catalog, segment) })?;
                put(&mut self.own_limits, segment, *limits);
                Ok(())
            }
            Edit::Shape { segment, to } => {
                if *to == Some(Shaping::Own(Rate::default())) {
                    return Err(Fault::NoRate(segment.clone()));
                }
                let known = to.is_none() && self.shaped.contains_key(segment);
                (if known { Ok(()) } else { active(ground.catalog, segment) })?;
                put(&mut self.shaped, segment, *to);
                Ok(())
            }
        }
    }

    fn add(&mut self, mut service: Service, ground: &Ground<'_>) -> Result<(), Fault> {
        if self.service(&service.id).is_some() {
            return Err(Fault::ServiceExists(service.id));
        }
        tidy(&mut service)?;
        about::check(&mut service)?;
        about::has_known_owner(&service, ground.catalog)?;
        let no = ground.numbers.of(&service.id, self);
        service.no = no.ok_or_else(|| Fault::NoNumber(service.id.clone()))?;
        (service.version, service.retired) = (1, None);
        self.put(service);
        Ok(())
    }

    fn change(&mut self, mut service: Service, ground: &Ground<'_>) -> Result<(), Fault> {
        let known = self.in_use(&service.id)?.clone();
        if service.version != known.version {
            let (yours, current) = (service.version, known.version);
            return Err(Fault::ServiceChanged { service: service.id, yours, current });
        }
        tidy(&mut service)?;
        let is_said_anew = service.owner != known.owner
            || service.checks != known.checks
            || service.about != known.about;
        // A check may ask the port of the service: without one it would ask nobody.
        if is_said_anew || service.ports != known.ports {
            about::check(&mut service)?;
        }
        if is_said_anew {
            about::has_known_owner(&service, ground.catalog)?;
        }
        (service.no, service.retired) = (known.no, known.retired);
        if service != known {
            service.version += 1;
            self.put(service);
        }
        Ok(())
    }

    fn retire(&mut self, id: &ServiceId, now: WallTime) -> Result<(), Fault> {
        let known = self.in_use(id)?.clone();
        self.put(Service { retired: Some(now), version: known.version + 1, ..known });
        Ok(())
    }

    fn bring_back(&mut self, id: &ServiceId) -> Result<(), Fault> {
        let known = self.service(id).ok_or_else(|| Fault::NoService(id.clone()))?.clone();
        if known.retired.is_none() {
            return Err(Fault::NotRetired(id.clone()));
        }
        self.put(Service { retired: None, version: known.version + 1, ..known });
        Ok(())
    }

    /// A grant that is there can always be withdrawn, whatever became of its two sides.
    fn withdraw(
        &mut self,
        segment: &SegmentId,
        service: &ServiceId,
        catalog: &Catalog,
    ) -> Result<(), Fault> {
        if let Some(set) = self.grants.get_mut(segment)
            && set.remove(service)
        {
            if set.is_empty() {
                self.grants.remove(segment);
            }
            return Ok(());
        }
        self.service(service).ok_or_else(|| Fault::NoService(service.clone()))?;
        catalog.segment(segment.as_str()).ok_or_else(|| Fault::NoSegment(segment.clone()))?;
        Ok(())
    }

    fn in_use(&self, id: &ServiceId) -> Result<&Service, Fault> {
        let known = self.service(id).ok_or_else(|| Fault::NoService(id.clone()))?;
        match known.retired {
            None => Ok(known),
            Some(_) => Err(Fault::RetiredService(id.clone())),
        }
    }

    /// The edits that lead from here to `other`. What only time can do is left out: a service that
    /// `other` does not know is retired, not forgotten.
    pub(crate) fn edits_to(&self, other: &Self) -> Vec<Edit> {
        let mut edits = Vec::new();
        for service in &other.services {
            self.edits_to_service(service, &mut edits);
        }
        let gone = self.active().filter(|one| other.service(&one.id).is_none());
        edits.extend(gone.map(|one| Edit::RetireService { service: one.id.clone() }));
        self.edits_to_grants(other, &mut edits);
        if self.limits != other.limits {
            edits.push(Edit::Limits { segment: None, limits: Some(other.limits) });
        }
        for segment in keys(self.own_limits.keys(), other.own_limits.keys()) {
            let limits = other.own_limits.get(segment).copied();
            if self.own_limits.get(segment).copied() != limits {
                edits.push(Edit::Limits { segment: Some(segment.clone()), limits });
            }
        }
        for segment in keys(self.shaped.keys(), other.shaped.keys()) {
            let to = other.shaped.get(segment).copied();
            if self.shaped.get(segment).copied() != to {
                edits.push(Edit::Shape { segment: segment.clone(), to });
            }
        }
        edits
    }

    fn edits_to_service(&self, wanted: &Service, edits: &mut Vec<Edit>) {
        let id = || wanted.id.clone();
        let Some(known) = self.service(&wanted.id) else {
            if wanted.retired.is_none() {
                edits.push(Edit::AddService { service: wanted.clone() });
            }
            return;
        };
        let mut version = known.version;
        match (known.retired, wanted.retired) {
            (None, Some(_)) => return edits.push(Edit::RetireService { service: id() }),
            (Some(_), Some(_)) => return,
            (Some(_), None) => {
                edits.push(Edit::BringBack { service: id() });
                version += 1;
            }
            (None, None) => {}
        }
        let service = Service { version, no: known.no, ..wanted.clone() };
        if service != (Service { version, retired: None, ..known.clone() }) {
            edits.push(Edit::ChangeService { service });
        }
    }

    fn edits_to_grants(&self, other: &Self, edits: &mut Vec<Edit>) {
        let none = BTreeSet::new();
        for segment in keys(self.grants.keys(), other.grants.keys()) {
            let had = self.grants.get(segment).unwrap_or(&none);
            let has = other.grants.get(segment).unwrap_or(&none);
            for service in had.difference(has).cloned() {
                edits.push(Edit::Withdraw { segment: segment.clone(), service });
            }
            // A grant of a service that is retired there does nothing and cannot be given.
            let live = |id: &&ServiceId| other.service(id).is_some_and(|s| s.retired.is_none());
            for service in has.difference(had).filter(live).cloned() {
                edits.push(Edit::Grant { segment: segment.clone(), service });
            }
        }
    }
}

impl Edit {
    /// The segment that it concerns, if it is one.
    pub fn segment(&self) -> Option<&SegmentId> {
        match self {
            Self::Grant { segment, .. }
            | Self::Withdraw { segment, .. }
            | Self::Limits { segment: Some(segment), .. }
            | Self::Shape { segment, .. } => Some(segment),
            _ => None,
        }
    }

    /// The service that it concerns, if it is one.
    pub fn service(&self) -> Option<&ServiceId> {
        match self {
            Self::AddService { service } | Self::ChangeService { service } => Some(&service.id),
            Self::RetireService { service }
            | Self::BringBack { service }
            | Self::Grant { service, .. }
            | Self::Withdraw { service, .. } => Some(service),
            Self::Limits { .. } | Self::Shape { .. } => None,
        }
    }
}

/// Each key of either list, once, in order.
fn keys<'a>(
    one: impl Iterator<Item = &'a SegmentId>,
    two: impl Iterator<Item = &'a SegmentId>,
) -> BTreeSet<&'a SegmentId> {
    one.chain(two).collect()
}

fn put<T>(
    map: &mut std::collections::BTreeMap<SegmentId, T>,
    segment: &SegmentId,
    value: Option<T>,
) {
    match value {
        Some(value) => drop(map.insert(segment.clone(), value)),
        None => drop(map.remove(segment)),
    }
}

fn active(catalog: &Catalog, segment: &SegmentId) -> Result<(), Fault> {
    match catalog.segment(segment.as_str()) {
        None => Err(Fault::NoSegment(segment.clone())),
        Some(known) if known.is_active() => Ok(()),
        Some(_) => Err(Fault::RetiredSegment(segment.clone())),
    }
}

/// Order in lists, no spaces around names; what is left wrong is named.
fn tidy(service: &mut Service) -> Result<(), Fault> {
    let id = service.id.clone();
    for name in [&mut service.name.kk, &mut service.name.ru, &mut service.name.en] {
        *name = name.trim().to_owned();
        if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(Fault::NameUnfit(id));
        }
    }
    service.ports.sort_unstable();
    service.ports.dedup();
    service.addresses.sort_unstable();
    service.addresses.dedup();
    if service.name.is_empty() {
        Err(Fault::NameMissing(id))
    } else if service.ports.len() > MOST_PORTS {
        Err(Fault::TooMuch(id, "64 ports and port ranges"))
    } else if service.addresses.len() > MOST_ADDRESSES {
        Err(Fault::TooMuch(id, "64 addresses"))
    } else {
        Ok(())
    }
}
