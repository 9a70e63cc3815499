//! The one way out, on what it stands on.

use ets_gateway::{Deps, Desk};
use ets_listen::Entry;
use ets_netd_api::Client;
use ets_registry::Registry;
use ets_runtime::{Clock, Shutdown, Tasks};

use super::data::Stores;
use super::{listeners, transparent};
use crate::config::{Config, GATEWAY, GATEWAY_TLS, GATEWAY_UDP};
use crate::exit::Failure;

/// Opens the desk with the last rules; none where nobody is to come out.
pub(super) async fn open(
    config: &Config,
    (stores, registry): (&Stores, &Registry),
    clock: &Clock,
) -> Result<Option<Desk>, Failure> {
    if !config.gateway.is_on() {
        return Ok(None);
    }
    let internal = |error: ets_i18n::Error| Failure::internal(&error);
    let deps = Deps {
        store: stores.state.clone(),
        series: stores.series.clone(),
        registry: registry.clone(),
        clock: clock.clone(),
        zone: ets_i18n::zone(&config.dashboard.pages.time_zone).map_err(internal)?,
        inner: super::own_networks(config).map(|(_, prefix)| prefix).collect(),
        seed: seed(config)?,
    };
    let meters = Some(config.server.data_dir.join("gateway.meters"));
    let setting = ets_gateway::Config { meters, ..config.gateway.clone() };
    let desk = ets_gateway::open(&setting, deps).await;
    desk.map(Some).map_err(|error| Failure::internal(&error))
}

/// The lab's rules, as an empty hub begins with them.
fn seed(config: &Config) -> Result<ets_gateway::policy::Rules, Failure> {
    let Some(path) = &config.lab.gateway else { return Ok(Default::default()) };
    let wrong = |error: String| Failure::Usage(format!("{}: {error}", path.display()));
    let file = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_slice(&file).map_err(|error| wrong(error.to_string()))
}

/// Serves it.
pub(super) async fn serve(
    tasks: &mut Tasks,
    config: &Config,
    (desk, entry): (Option<Desk>, Entry),
    netd: &Client,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    let Some(desk) = desk else { return Ok(()) };
    tasks.spawn("the gateway's rules", ets_gateway::keep(desk.clone(), shutdown.clone()));
    tasks.spawn("relays", ets_gateway::hold(desk.clone(), shutdown.clone()));
    tasks.spawn("interception", transparent::keep(desk.clone(), netd.clone(), shutdown.clone()));
    let held = config.netd.listen.as_slice();
    for (name, speaks) in GATEWAY {
        if held.iter().all(|(one, _)| one != name) {
            continue;
        }
        if let Some(socket) = listeners::take(netd, held, name, &shutdown).await? {
            let serve = ets_gateway::serve(desk.clone(), speaks, socket, shutdown.clone());
            tasks.spawn(name, serve);
        }
    }
    for name in GATEWAY_TLS {
        if held.iter().all(|(one, _)| one != name) {
            continue;
        }
        if let Some(socket) = listeners::take(netd, held, name, &shutdown).await? {
            let serve =
                ets_gateway::serve_tls(desk.clone(), entry.clone(), socket, shutdown.clone());
            tasks.spawn(name, serve);
        }
    }
    let held = config.netd.listen_udp.as_slice();
    for name in GATEWAY_UDP {
        if held.iter().all(|(one, _)| one != name) {
            continue;
        }
        if let Some(socket) = listeners::take_udp(netd, held, name, &shutdown).await? {
            let speak = transparent::voice(netd);
            let serve = ets_gateway::serve_datagrams(desk.clone(), socket, speak, shutdown.clone());
            tasks.spawn(name, serve);
        }
    }
    Ok(())
}
