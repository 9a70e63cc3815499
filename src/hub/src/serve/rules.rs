//! The rules of the packet filter, and their share in the events that the watch follows.

use std::collections::BTreeMap;

use ets_model::{PortRange, SegmentNo};
use ets_netd_api::{Client, Cursor, Event, EventBody};
use ets_registry::Registry;
use ets_rules::{Deps, Handle, Part, Rights};
use ets_runtime::Clock;
use ets_store::{BoxFuture, Store, Tx};
use ets_traffic::Shaper;
use ets_watch::Share;

use crate::config::{Config, Lab};
use crate::exit::Failure;

/// What the rules have of the events.
#[derive(Debug)]
pub(super) struct Events(pub(super) Handle);

impl Share for Events {
    fn wants(&self, body: &EventBody) -> bool {
        Handle::wants(body)
    }

    fn write<'a>(
        &'a self,
        tx: &'a mut Tx<'_>,
        cursor: Cursor,
        event: &'a Event,
    ) -> BoxFuture<'a, Result<(), ets_store::Error>> {
        Box::pin(self.0.enter(tx, cursor, event))
    }

    fn written(&self) {
        self.0.look();
    }

    fn begins(&self) {
        self.0.look();
    }
}

/// Segments that reached a quota are slowed by the rules.
#[derive(Debug)]
pub(super) struct Slower(pub(super) Handle);

impl Shaper for Slower {
    fn shape(&self, wanted: BTreeMap<SegmentNo, u64>) -> BoxFuture<'_, Result<(), String>> {
        self.0.slow(wanted);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Builds the part.
pub(super) async fn build(
    config: &Config,
    (store, registry): (Store, Registry),
    netd: Client,
    clock: Clock,
) -> Result<Part, Failure> {
    let settings = ets_rules::Config {
        networks: config.networks.clone(),
        dashboard: vec![PortRange::tcp(config.dashboard.https.port())],
        seed: seed(&config.lab)?,
    };
    let deps = Deps { store, registry, netd, clock };
    Part::build(settings, deps).await.map_err(|error| match error {
        ets_rules::Error::Seed(_) => Failure::Usage(error.to_string()),
        error => Failure::internal(&error),
    })
}

/// The lab's services, as an empty hub begins with them.
fn seed(lab: &Lab) -> Result<Rights, Failure> {
    let Some(path) = &lab.services else { return Ok(Rights::default()) };
    let wrong = |error: String| Failure::Usage(format!("{}: {error}", path.display()));
    let file = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    ets_rules::read_seed(&file).map_err(|error| wrong(error.to_string()))
}
