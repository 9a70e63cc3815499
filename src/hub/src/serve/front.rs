//! Pages for people without entry, on what they stand on.

use std::sync::Arc;
use std::time::Duration;

use ets_front::{ByRules, Deps, Front};
use ets_listen::{Bounds, Limits, serve_bounded};
use ets_netd_api::Client;
use ets_registry::Registry;
use ets_runtime::{Clock, Shutdown, Tasks};

use super::listeners;
use crate::config::{Config, FRONT};
use crate::exit::Failure;

/// Strangers speak here: little patience at every stage, and few connections of one address.
const BOUNDS: Bounds = Bounds {
    limits: Limits {
        connections: 2048,
        handshake: Duration::from_secs(5),
        request_head: Duration::from_secs(5),
        drain: Duration::from_secs(1),
    },
    per_address: 64,
    handshakes: 256,
    handshakes_per_address: 32,
    per_certificate: 64,
    streams: 16,
    head: 16 << 10,
    idle: Duration::from_secs(15),
    stall: Duration::from_secs(10),
    body: Duration::from_secs(5),
    slowest: 500,
    offers_websocket: false,
};

/// Builds the pages.
pub(super) fn build(
    config: &Config,
    registry: &Registry,
    (watch, traffic, rules): (ets_watch::Handle, ets_traffic::Handle, ets_rules::Handle),
    speed: &ets_speed::Desk,
    clock: &Clock,
) -> Result<Front, Failure> {
    let deps = Deps {
        registry: registry.clone(),
        watch,
        traffic,
        speed: speed.clone(),
        services: Arc::new(ByRules(rules)),
        clock: clock.clone(),
    };
    ets_front::build(config.front.clone(), deps).map_err(|error| Failure::internal(&error))
}

/// Serves them. Where lists and OCSP are on the same port, they are answered beside.
pub(super) async fn serve(
    tasks: &mut Tasks,
    config: &Config,
    (front, ca): (Front, &ets_ca::Ca),
    netd: &Client,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    let held = config.netd.listen.as_slice();
    let status = config.is_status_in_front().then(|| ca.status_router());
    for name in FRONT {
        if held.iter().all(|(one, _)| one != name) {
            continue;
        }
        if let Some(socket) = listeners::take(netd, held, name, &shutdown).await? {
            let router = front.router(status.clone().unwrap_or_default());
            tasks.spawn(name, serve_bounded(socket, None, router, BOUNDS, shutdown.clone()));
        }
    }
    Ok(())
}
