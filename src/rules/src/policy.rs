//! From the rights and the registry to the policy: pure, so that the same rights and the same
//! registry always make the same rules.

use ets_model::{
    Arm, Channel, Hardware, Network, OpenTo, Policy, Rate, Segment, Served, Service, ServiceNo,
};
use ets_registry::Catalog;

use crate::{Rights, Shaping};

/// The whole wish. Segments and services that are retired have no part in it; a grant for a
/// service that is open to everyone stays in, so that opening and closing change nothing else.
pub fn policy(rights: &Rights, catalog: &Catalog, networks: &[Network]) -> Policy {
    Policy {
        arms: catalog.segments().map(|segment| arm(rights, segment)).collect(),
        services: rights.active().map(served).collect(),
        networks: networks.to_vec(),
        limits: rights.limits,
    }
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
