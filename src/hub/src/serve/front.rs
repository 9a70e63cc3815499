//! Pages for people without entry, on what they stand on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use ets_front::{Acme, Deps, Front, Proofs, Target, by_address};
use ets_listen::{Bounds, Limits, serve_bounded};
use ets_model::Reachable;
use ets_netd_api::Client;
use ets_registry::Registry;
use ets_runtime::{Clock, Shutdown, Tasks};
use ets_tls::{Acceptor, Paths};

use super::trust::Trust;
use super::{data, listeners};
use crate::config::{Config, FRONT, OPEN_HTTP, OPEN_HTTPS, OPEN_LAB};
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

/// How often certificates on the disk are looked at.
const LOOK: Duration = Duration::from_secs(600);

/// Builds the pages.
pub(super) fn build(
    config: &Config,
    registry: &Registry,
    (watch, traffic): (ets_watch::Handle, ets_traffic::Handle),
    (speed, gateway, services): (&ets_speed::Desk, &Option<ets_gateway::Desk>, Arc<dyn Reachable>),
    clock: &Clock,
) -> Result<Front, Failure> {
    let deps = Deps {
        registry: registry.clone(),
        watch,
        traffic,
        speed: speed.clone(),
        services,
        gateway: gateway.clone(),
        clock: clock.clone(),
    };
    ets_front::build(config.front.clone(), deps).map_err(|error| Failure::internal(&error))
}

/// Serves them, and the outside address.
pub(super) async fn serve(
    tasks: &mut Tasks,
    config: &Config,
    (front, trust): (Front, &Trust),
    netd: &Client,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    let (proofs, open) = (Proofs::default(), &config.open);
    let status = |is_wanted: bool| match is_wanted {
        true => trust.ca.status_router(),
        false => Router::new(),
    };
    let target = Target {
        names: open.names.clone(),
        port: open.https.first().map_or(443, SocketAddr::port),
    };
    let outside = front.redirect_router(target, &proofs, status(open.status));
    let inside = front.router(status(config.is_status_in_front()));
    let both = by_address(inside, open.addresses(), outside.clone());
    let plain = |name: &str| if name.starts_with(OPEN_HTTP) { &outside } else { &both };
    let named: Vec<&String> = config.netd.listen.iter().map(|(name, _)| name).collect();
    let of_ours = |name: &&&String| {
        FRONT.contains(&name.as_str())
            || (name.starts_with(OPEN_HTTP) && !name.starts_with(OPEN_HTTPS))
    };
    let held = config.netd.listen.as_slice();
    for name in named.iter().filter(of_ours) {
        if let Some(socket) = listeners::take(netd, held, name, &shutdown).await? {
            let router = plain(name).clone();
            tasks.spawn("the front", serve_bounded(socket, None, router, BOUNDS, shutdown.clone()));
        }
    }
    let mut secure: Vec<&str> = named
        .iter()
        .map(|name| name.as_str())
        .filter(|name| name.starts_with(OPEN_HTTPS))
        .collect();
    if secure.is_empty() {
        return Ok(());
    }
    if config.lab.plain_http {
        secure.push(OPEN_LAB);
    }
    let acceptor = acceptor(config, trust)?;
    let router = front.open_router();
    for name in secure {
        if let Some(socket) = listeners::take(netd, held, name, &shutdown).await? {
            let entry = (acceptor.clone(), Arc::clone(&trust.connections));
            let serve =
                serve_bounded(socket, Some(entry), router.clone(), BOUNDS, shutdown.clone());
            tasks.spawn("the open side", serve);
        }
    }
    if let Some(acme) = open.acme.clone() {
        let acme = Acme { dir: data::certificates(config), ..acme };
        let (acceptor, config) = (acceptor.clone(), config.clone());
        let installed = move || take_over(&acceptor, &config);
        let keep = ets_front::keep(acme, proofs, Clock::system(), installed, shutdown.clone());
        tasks.spawn("the public certificate", keep);
    }
    tasks.spawn("the open side's certificate", keep(acceptor, config.clone(), shutdown));
    Ok(())
}

/// With the public certificate, or the hub's own as long as there is none that can be used.
fn acceptor(config: &Config, trust: &Trust) -> Result<Acceptor, Failure> {
    let open = |paths| Acceptor::public(&paths, Arc::clone(&trust.revoked));
    let own = Paths::in_dir(&data::certificates(config));
    let opened = open(paths(config)).or_else(|error| {
        tracing::error!(%error, "the open side shows the hub's own certificate");
        open(own)
    });
    opened.map_err(|error| Failure::internal(&error))
}

fn paths(config: &Config) -> Paths {
    let dir = data::certificates(config);
    let own = Paths::in_dir(&dir);
    let pair = Acme::pair(&dir);
    if pair.exists() {
        return Paths { server_cert: pair.clone(), server_key: pair, ..own };
    }
    own
}

/// Takes over what was renewed on the disk; connections go on.
async fn keep(acceptor: Acceptor, config: Config, shutdown: Shutdown) -> Result<(), Failure> {
    loop {
        tokio::select! {
            () = shutdown.requested() => return Ok(()),
            () = tokio::time::sleep(LOOK) => take_over(&acceptor, &config),
        }
    }
}

fn take_over(acceptor: &Acceptor, config: &Config) {
    if let Err(error) = acceptor.renew(&paths(config)) {
        tracing::error!(%error, "the open side keeps its old certificate");
    }
}
