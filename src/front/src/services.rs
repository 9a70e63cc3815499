//! What a segment may reach, as the page tells it.

use ets_model::{LinkState, Names, PortRange, Segment, ServicePlace};
use std::net::IpAddr;

/// A service that a segment may reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reachable {
    /// Its name.
    pub name: Names,
    /// Its addresses; none where it runs on the hub itself.
    pub addresses: Vec<IpAddr>,
    /// Its ports.
    pub ports: Vec<PortRange>,
    /// Whether it answers now; unknown where nobody looks.
    pub state: LinkState,
}

/// Who knows what a segment may reach; asked for each page, so that it answers from memory.
pub trait Services: Send + Sync + 'static {
    /// All of them, in the order in which they are shown.
    fn of(&self, segment: &Segment) -> Vec<Reachable>;
}

/// By the rights in force alone: nobody looks whether they answer.
#[derive(Clone, Debug)]
pub struct ByRules(pub ets_rules::Handle);

impl Services for ByRules {
    fn of(&self, segment: &Segment) -> Vec<Reachable> {
        let rights = self.0.rights();
        let may = rights.active().filter(|service| rights.may(&segment.id, &service.id));
        may.map(|service| Reachable {
            name: service.name.clone(),
            addresses: match service.place {
                ServicePlace::Hub => Vec::new(),
                ServicePlace::Behind => service.addresses.clone(),
            },
            ports: service.ports.clone(),
            state: LinkState::Unknown,
        })
        .collect()
    }
}
