//! From the rights and the registry to the policy: pure, so that the same rights and the same
//! registry always make the same rules.

use std::collections::{BTreeMap, BTreeSet};

use ets_model::{
    Arm, Channel, Hardware, Network, OpenTo, Policy, Rate, Segment, SegmentNo, Served, Service,
    ServiceNo,
};
use ets_registry::Catalog;

use crate::{Rights, Shaping};

/// The whole wish. Segments and services that are retired have no part in it; a grant for a
/// service that is open to everyone stays in, so that opening and closing change nothing else.
pub fn policy(rights: &Rights, catalog: &Catalog, networks: &[Network]) -> Policy {
    Policy {
        arms: catalog.segments().map(|segment| arm(rights, segment)).collect(),
        services: rights.active().map(served).collect(),
        networks: networks.iter().cloned().chain(retired(catalog, networks)).collect(),
        limits: rights.limits,
    }
}

/// The ports of retired segments, as far as nobody else uses them: they are no way into the hub.
fn retired(catalog: &Catalog, networks: &[Network]) -> Option<Network> {
    let mut ports: BTreeSet<&str> =
        catalog.all_segments().map(|segment| segment.interface.as_str()).collect();
    ports.remove("");
    for used in catalog.segments().map(|segment| segment.interface.as_str()) {
        ports.remove(used);
    }
    for used in networks.iter().flat_map(|network| &network.interfaces) {
        ports.remove(used.as_str());
    }
    let ports: Vec<String> = ports.into_iter().map(str::to_owned).collect();
    (!ports.is_empty()).then(|| Network::retired(ports))
}

fn arm(rights: &Rights, segment: &Segment) -> Arm {
    let granted = rights.granted(&segment.id).filter_map(|id| rights.service(id));
    let granted = granted.filter(|service| service.retired.is_none()).map(|service| service.no);
    let mut may: Vec<ServiceNo> = granted.collect();
    may.sort_unstable();
    Arm {
        no: segment.no,
        id: segment.id.clone(),
        interface: segment.interface.clone(),
        prefixes: segment.prefixes.clone(),
        hardware: hardware(segment),
        may,
        limits: rights.own_limits.get(&segment.id).copied(),
        rate: rights.shaped.get(&segment.id).and_then(|to| rate(*to, &segment.channel)),
    }
}

/// The router to which a segment is bound, where the registry knows it.
fn hardware(segment: &Segment) -> Option<Hardware> {
    segment.router.hardware
}

/// Segments that reached a quota, each with the kbit/s that it has left both ways.
pub(crate) type Slowed = BTreeMap<SegmentNo, u64>;

/// Holds segments that reached a quota to what it leaves them, where they are not slower already.
pub(crate) fn slow(policy: &mut Policy, slowed: &Slowed) {
    for arm in &mut policy.arms {
        let Some(most) = slowed.get(&arm.no) else { continue };
        let least = |kbps: u64| if kbps == 0 { *most } else { kbps.min(*most) };
        let rate = arm.rate.unwrap_or_default();
        arm.rate = Some(Rate { down_kbps: least(rate.down_kbps), up_kbps: least(rate.up_kbps) });
    }
}

/// A contract that is not known shapes nothing.
fn rate(to: Shaping, channel: &Channel) -> Option<Rate> {
    let rate = match to {
        Shaping::Contract => Rate { down_kbps: channel.down_kbps, up_kbps: channel.up_kbps },
        Shaping::Own(rate) => rate,
    };
    (rate != Rate::default()).then_some(rate)
}

fn served(service: &Service) -> Served {
    Served {
        no: service.no,
        id: service.id.clone(),
        place: service.place,
        addresses: service.addresses.clone(),
        ports: service.ports.clone(),
        everyone: service.open_to == OpenTo::Everyone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N5.4, N8.1
    #[test]
    fn a_quota_slows_a_segment_and_never_makes_one_faster() {
        let arm = |no, rate| Arm {
            no: SegmentNo(no),
            id: format!("s{no}").parse().unwrap(),
            interface: "s1".into(),
            prefixes: Vec::new(),
            hardware: None,
            may: Vec::new(),
            limits: None,
            rate,
        };
        let contract = Rate { down_kbps: 9_000, up_kbps: 100 };
        let arms = vec![arm(1, None), arm(2, Some(contract)), arm(3, Some(contract))];
        let mut policy = Policy { arms, ..Policy::default() };
        slow(&mut policy, &[(SegmentNo(1), 512), (SegmentNo(2), 512)].into());
        let rates: Vec<_> = policy.arms.iter().map(|arm| arm.rate).collect();
        let slow = |down_kbps, up_kbps| Some(Rate { down_kbps, up_kbps });
        assert_eq!(rates, [slow(512, 512), slow(512, 100), Some(contract)]);
    }
}
