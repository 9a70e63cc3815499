//! The catalogue of services: what the rules say of them, with whether they answer.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ets_model::{Network, Reachable, SegmentId, Service, ServiceNow};
use ets_poll::{Deps, Poll};
use ets_registry::Registry;
use ets_rules::Handle as Rules;
use ets_runtime::{Clock, Shutdown, Tasks};
use ets_store::Store;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use tokio::sync::watch;

use crate::config::Config;
use crate::exit::Failure;

/// The catalogue, ready to run.
pub(super) struct Services {
    poll: Poll,
    registry: Registry,
    rules: Rules,
    followed: watch::Sender<Arc<Vec<Service>>>,
}

/// Builds it from the rules.
pub(super) async fn build(
    config: &Config,
    (store, registry): (&Store, &Registry),
    rules: Rules,
    clock: &Clock,
) -> Result<Services, Failure> {
    let followed = watch::Sender::new(Arc::new(rules.services()));
    let networks = config.networks.clone();
    let deps = Deps {
        store: store.clone(),
        clock: clock.clone(),
        services: followed.subscribe(),
        own: config.netd.listen.iter().map(|(_, address)| *address).collect::<Vec<SocketAddr>>(),
        way: Arc::new(move |address| dark(&networks, address)),
    };
    let poll = Poll::build(deps).await.map_err(|error| Failure::internal(&error))?;
    Ok(Services { poll, registry: registry.clone(), rules, followed })
}

impl Services {
    /// How the services are.
    pub(super) fn handle(&self) -> ets_poll::Handle {
        self.poll.handle()
    }

    /// What a segment may reach, and how that is.
    pub(super) fn reachable(&self) -> Arc<dyn Reachable> {
        Arc::new(Catalogue {
            registry: self.registry.clone(),
            rules: self.rules.clone(),
            health: self.poll.handle(),
        })
    }

    /// Asks them until shutdown; follows the rules.
    pub(super) fn spawn(self, tasks: &mut Tasks, shutdown: &Shutdown) {
        let Self { poll, rules, followed, .. } = self;
        tasks.spawn("services", poll.run(shutdown.clone()));
        tasks.spawn("the catalogue", follow(rules, followed, shutdown.clone()));
    }
}

async fn follow(
    rules: Rules,
    followed: watch::Sender<Arc<Vec<Service>>>,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    let mut states = rules.subscribe();
    loop {
        let services = states.borrow_and_update().rights.services.clone();
        followed.send_if_modified(|known| {
            let is_new = **known != services;
            if is_new {
                *known = Arc::new(services);
            }
            is_new
        });
        tokio::select! {
            () = shutdown.requested() => return Ok(()),
            changed = states.changed() => if changed.is_err() { return Ok(()) },
        }
    }
}

/// The network behind the hub that an address lies in, where none of its interfaces has a carrier.
/// One whose interfaces cannot be asked is not called dark.
fn dark(networks: &[Network], address: IpAddr) -> Option<String> {
    let holds = |network: &&Network| network.prefixes.iter().any(|one| one.contains(&address));
    let network = networks.iter().find(holds)?;
    let mut running: BTreeMap<String, bool> = BTreeMap::new();
    for one in getifaddrs().ok()? {
        let runs = one.flags.contains(InterfaceFlags::IFF_UP | InterfaceFlags::IFF_RUNNING);
        *running.entry(one.interface_name).or_default() |= runs;
    }
    let is_lit = |name: &String| running.get(name).copied().unwrap_or(false);
    let is_dark = !network.interfaces.is_empty() && !network.interfaces.iter().any(is_lit);
    is_dark.then(|| network.name.clone())
}

/// See [`Services::reachable`].
#[derive(Debug)]
struct Catalogue {
    registry: Registry,
    rules: Rules,
    health: ets_poll::Handle,
}

impl Reachable for Catalogue {
    fn reachable_from(&self, segment: &SegmentId) -> Vec<ServiceNow> {
        let (rights, picture) = (self.rules.rights(), self.health.picture());
        let catalog = self.registry.catalog();
        if !catalog.segment(segment.as_str()).is_some_and(|one| one.is_active()) {
            return Vec::new();
        }
        let now = |service: &Service| {
            let health = picture.services.get(&service.id);
            ServiceNow {
                id: service.id.clone(),
                name: service.name.clone(),
                about: service.about.clone(),
                place: service.place,
                addresses: service.addresses.clone(),
                ports: service.ports.clone(),
                state: health.map(|one| one.state).unwrap_or_default(),
                since: health.and_then(|one| one.since),
            }
        };
        rights.reachable_from(segment).map(now).collect()
    }
}
