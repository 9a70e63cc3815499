//! The rights that a bed with rules begins with, and what segments do against them.

use std::path::Path;

use ets_model::{
    BootTime, Names, Network, OpenTo, Owner, PortRange, Role, SegmentNo, Service, ServiceNo,
    ServicePlace, Stamp,
};
use ets_netd_api::{Client, Cursor, Event, EventBody, Offence, OffenceKind};
use ets_registry::Registry;
use ets_rules::{Config, Deps, Part, Rights};
use ets_runtime::{Clock, Shutdown};
use ets_store::Store;

use super::netd::Netd;
use super::{Bed, Ruled};

fn service(id: &str, name: &str, port: u16) -> Service {
    Service {
        id: id.parse().unwrap(),
        no: ServiceNo(0),
        name: Names { ru: name.into(), ..Names::default() },
        place: ServicePlace::Behind,
        addresses: vec!["10.1.0.10".parse().unwrap()],
        ports: vec![PortRange::tcp(port)],
        open_to: OpenTo::Granted,
        about: Names::default(),
        owner: Owner::default(),
        checks: Vec::new(),
        retired: None,
        version: 0,
    }
}

/// Mail (granted to s001 and s002) and the portal, open to everyone.
fn seed() -> Rights {
    let mut rights = Rights {
        services: vec![
            service("mail", "Почта", 25),
            Service { open_to: OpenTo::Everyone, ..service("portal", "Портал", 443) },
        ],
        ..Rights::default()
    };
    rights.limits.connections = 2_000;
    for segment in ["s001", "s002"] {
        let mail = "mail".parse().unwrap();
        rights.grants.entry(segment.parse().unwrap()).or_default().insert(mail);
    }
    rights
}

/// Starts both and waits until the first change is in force.
pub(super) async fn start(
    socket: &Path,
    store: &Store,
    registry: &Registry,
    clock: &Clock,
    shutdown: Shutdown,
) -> Ruled {
    let netd = Netd::start(socket);
    let network = Network {
        name: "dc".into(),
        role: Role::Services,
        interfaces: vec!["dc0".into()],
        prefixes: vec!["10.1.0.0/24".parse().unwrap()],
    };
    let config = Config { networks: vec![network], seed: seed(), ..Config::default() };
    let deps = Deps {
        store: store.clone(),
        registry: registry.clone(),
        netd: Client::new(socket.to_owned()),
        clock: clock.clone(),
    };
    let part = Part::build(config, deps).await.unwrap();
    let rules = part.handle();
    tokio::spawn(part.run(shutdown));
    rules.subscribe().wait_for(|state| state.change() > 0).await.unwrap();
    Ruled { rules, netd }
}

impl Bed {
    /// A segment does what it must not; answers nothing: the list tells.
    pub(crate) async fn offence(&self, segment: u32, kind: OffenceKind, over: bool) {
        // One offence of a segment, however often it is told.
        let at = Stamp { boot: BootTime(1), wall: self.clock.wall() };
        let offence = Offence {
            segment: Some(SegmentNo(segment)),
            interface: format!("eth{segment}"),
            kind,
            since: at,
            over,
            packets: 12_345,
            examples: vec![("10.10.2.1".parse().unwrap(), 6, 445)],
        };
        let (rules, seq) = (self.rules().clone(), u64::from(segment));
        let event = Event { seq, at, body: EventBody::Offence(offence) };
        let work = self.store.write(move |tx| {
            Box::pin(async move { rules.enter(tx, Cursor { instance: 1, seq }, &event).await })
        });
        let written: Result<(), ets_store::Error> = work.await;
        written.unwrap();
    }
}
