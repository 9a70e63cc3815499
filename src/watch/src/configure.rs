//! Tells `netd` what to watch: at each change of the registry, after each connection, and when a
//! maintenance ends.

use std::sync::Arc;
use std::time::Duration;

use ets_model::WallTime;
use ets_netd_api::{Client, Desired, Target, Trunk};
use ets_registry::{Catalog, Registry};
use ets_runtime::Shutdown;
use tokio::sync::mpsc::UnboundedSender;

use crate::scribe::Message;
use crate::shared::Shared;

/// What configuring needs.
pub(crate) struct Configure {
    pub(crate) netd: Client,
    pub(crate) shared: Arc<Shared>,
    pub(crate) registry: Registry,
    pub(crate) trunks: Vec<Trunk>,
    pub(crate) scribe: UnboundedSender<Message>,
}

impl Configure {
    /// Keeps `netd` configured until shutdown.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let mut changes = self.registry.changes();
        let mut shown = self.shared.snapshot().generation;
        loop {
            let catalog = self.registry.catalog();
            changes.mark_unchanged();
            if catalog.generation() != shown {
                shown = catalog.generation();
                self.show(&catalog);
            }
            let due = self.configure(&catalog).await;
            tokio::select! {
                () = shutdown.requested() => return,
                changed = changes.changed() => if changed.is_err() { return },
                () = self.shared.notes.connects.notified() => {}
                () = tokio::time::sleep(due) => {}
            }
        }
    }

    fn show(&self, catalog: &Arc<Catalog>) {
        let now = self.shared.clock.wall();
        self.shared.publish(|picture| picture.register(catalog, now));
        let _ = self.scribe.send(Message::Registry(catalog.clone()));
    }

    /// Answers when it is to be done again by itself.
    async fn configure(&self, catalog: &Catalog) -> Duration {
        let now = self.shared.clock.wall();
        match self.netd.configure(desired(catalog, &self.trunks, now)).await {
            Ok(_) => next_end(catalog, now),
            Err(error) => {
                tracing::debug!(%error, "netd is not configured yet");
                Duration::from_secs(1)
            }
        }
    }
}

/// What `netd` is to watch.
pub(crate) fn desired(catalog: &Catalog, trunks: &[Trunk], now: WallTime) -> Desired {
    let targets = catalog.segments().map(|segment| Target {
        no: segment.no,
        address: segment.probing.address,
        method: segment.probing.method,
        criticality: segment.criticality,
        interface: segment.interface.clone(),
        maintenance: segment.in_maintenance(now),
    });
    let generation = catalog.generation();
    Desired { generation, targets: targets.collect(), trunks: trunks.to_vec() }
}

/// How long until the next maintenance ends; an hour at most.
fn next_end(catalog: &Catalog, now: WallTime) -> Duration {
    let ends = catalog.segments().filter_map(|segment| segment.maintenance_until);
    let next = ends.filter(|end| *end > now).min();
    let hour = Duration::from_secs(3_600);
    next.map_or(hour, |end| end.since(now) + Duration::from_millis(5)).min(hour)
}
