//! What people decide: services, who may reach them, limits, shaping. Together with the registry
//! it makes the policy ([`crate::policy()`]).

use std::collections::{BTreeMap, BTreeSet};

use ets_model::{Limits, OpenTo, Rate, SegmentId, Service, ServiceId, ServiceNo};
use serde::{Deserialize, Serialize};

/// All rights at one moment. Kept for ever as JSON: fields may be added, with a default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rights {
    /// The services, retired ones too, ordered by number.
    pub services: Vec<Service>,
    /// What each segment may reach besides what is open to everyone. Grants of retired segments
    /// stay: they count again when the segment comes back.
    pub grants: BTreeMap<SegmentId, BTreeSet<ServiceId>>,
    /// Limits of the segments that have none of their own.
    pub limits: Limits,
    /// Segments with limits of their own.
    pub own_limits: BTreeMap<SegmentId, Limits>,
    /// Segments whose traffic is shaped.
    pub shaped: BTreeMap<SegmentId, Shaping>,
}

/// To which rate a segment is shaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shaping {
    /// To the contracted rate of its channel, as the registry has it.
    Contract,
    /// To a rate of its own.
    Own(Rate),
}

/// The numbers that were ever given to services: a service keeps its number for ever, also when
/// the change that brought it went back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers(pub BTreeMap<ServiceId, ServiceNo>);

impl Rights {
    /// One service, retired or not.
    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.services.iter().find(|one| one.id == *id)
    }

    /// The service with this number, retired or not.
    pub fn by_no(&self, no: ServiceNo) -> Option<&Service> {
        self.services.iter().find(|one| one.no == no)
    }

    /// The services that are not retired, by number.
    pub fn active(&self) -> impl DoubleEndedIterator<Item = &Service> {
        self.services.iter().filter(|one| one.retired.is_none())
    }

    /// The services granted to a segment, by identifier; not those open to everyone.
    pub fn granted(&self, segment: &SegmentId) -> impl Iterator<Item = &ServiceId> {
        self.grants.get(segment).into_iter().flatten()
    }

    /// The segments with a grant for a service, by identifier.
    pub fn grantees<'a>(&'a self, service: &'a ServiceId) -> impl Iterator<Item = &'a SegmentId> {
        let has = move |set: &BTreeSet<ServiceId>| set.contains(service);
        self.grants.iter().filter(move |(_, set)| has(set)).map(|(segment, _)| segment)
    }

    /// Whether a segment may reach a service, by a grant or because it is open to everyone.
    pub fn may(&self, segment: &SegmentId, service: &ServiceId) -> bool {
        self.service(service).is_some_and(|one| self.is_open(segment, one))
    }

    /// The services that a segment may reach, by number.
    pub fn reachable_from(&self, segment: &SegmentId) -> impl Iterator<Item = &Service> {
        self.services.iter().filter(move |one| self.is_open(segment, one))
    }

    fn is_open(&self, segment: &SegmentId, service: &Service) -> bool {
        let is_granted = || self.has_grant(segment, &service.id);
        service.retired.is_none() && (service.open_to == OpenTo::Everyone || is_granted())
    }

    /// Whether a segment has a grant for a service.
    pub fn has_grant(&self, segment: &SegmentId, service: &ServiceId) -> bool {
        self.grants.get(segment).is_some_and(|set| set.contains(service))
    }

    /// The limits of a segment: its own, else those of all.
    pub fn limits_of(&self, segment: &SegmentId) -> Limits {
        self.own_limits.get(segment).copied().unwrap_or(self.limits)
    }

    /// Whether both say the same, whatever the counters of changes say.
    pub fn same(&self, other: &Self) -> bool {
        let plain = |rights: &Self| {
            let mut rights = rights.clone();
            rights.services.iter_mut().for_each(|one| one.version = 0);
            rights
        };
        plain(self) == plain(other)
    }

    /// Puts a service in its place by number, over the one that has it.
    pub(crate) fn put(&mut self, service: Service) {
        match self.services.binary_search_by_key(&service.no, |one| one.no) {
            Ok(at) => self.services[at] = service,
            Err(at) => self.services.insert(at, service),
        }
    }
}

impl Numbers {
    /// The number of a service: the one it once had, else the next; `None` when there are no more.
    pub(crate) fn of(&self, id: &ServiceId, rights: &Rights) -> Option<ServiceNo> {
        if let Some(no) = self.0.get(id) {
            return Some(*no);
        }
        let given = self.0.values().chain(rights.services.iter().map(|one| &one.no));
        let next = given.max().map_or(1, |no| no.0 + 1);
        (next <= ServiceNo::MOST).then_some(ServiceNo(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N7.1
    #[test]
    fn a_service_gets_the_number_that_it_once_had_and_another_one_the_next() {
        let id = |text: &str| text.parse::<ServiceId>().unwrap();
        let mut numbers = Numbers::default();
        let rights = Rights::default();
        assert_eq!(numbers.of(&id("mail"), &rights), Some(ServiceNo(1)));
        numbers.0.insert(id("mail"), ServiceNo(1));
        numbers.0.insert(id("web"), ServiceNo(2));
        assert_eq!(numbers.of(&id("mail"), &rights), Some(ServiceNo(1)));
        assert_eq!(numbers.of(&id("dns"), &rights), Some(ServiceNo(3)));
        numbers.0.insert(id("last"), ServiceNo(ServiceNo::MOST));
        assert_eq!(numbers.of(&id("dns"), &rights), None);
    }
}
