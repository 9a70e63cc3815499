//! `ets-hub serve`: the unprivileged process. The wiring diagram of its parts.

mod access;
mod data;
mod dns;
mod enrol;
mod front;
mod gateway;
mod listeners;
mod rights;
mod rules;
mod seed;
mod services;
mod speed;
mod transparent;
mod trust;

use std::sync::Arc;
use std::time::Duration;

use ets_access::{Access, Renewal};
use ets_ca::life::{Expiry, Notices};
use ets_dashboard::Dashboard;
use ets_enrol::Enrol;
use ets_listen::{Limits, bind_unix, serve_plain, serve_tls, serve_unix};
use ets_netd_api::Client;
use ets_registry::Registry;
use ets_runtime::{Clock, Shutdown, ShutdownTrigger, Tasks};
use ets_series::Recorder;
use ets_store::Store;
use ets_tls::Acceptor;
use ets_traffic::Traffic;
use ets_watch::Watch;

use crate::config::{Config, ENTRANCE, STATUS};
use crate::exit::{Failure, chain};

pub(crate) use rights::drop_all as drop_capabilities;
pub(crate) use trust::{files, keys, request, secret};

/// How long parts may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// Runs `serve` until shutdown.
pub(crate) async fn run(
    config: Config,
    (trigger, shutdown): (ShutdownTrigger, Shutdown),
) -> Result<(), Failure> {
    let stores = data::open(&config).await?;
    let ended = work(&config, &stores, trigger, shutdown).await;
    stores.close(GRACE).await;
    ended
}

/// All that goes on between opening the databases and closing them.
async fn work(
    config: &Config,
    stores: &data::Stores,
    trigger: ShutdownTrigger,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    let clock = Clock::system();
    let registry = registry(config, stores, &clock).await?;
    let series =
        Recorder::open(stores.series.clone(), config.series.clone()).await.map_err(internal)?;
    let netd = Client::new(&config.netd.socket);
    let kept = (stores.state.clone(), registry.clone());
    let rules = rules::build(config, kept, netd.clone(), clock.clone()).await?;
    let watch = Watch::build(ets_watch::Deps {
        store: stores.state.clone(),
        series_store: stores.series.clone(),
        series: series.clone(),
        registry: registry.clone(),
        netd: netd.clone(),
        trunks: config.trunks.clone(),
        data_dir: config.server.data_dir.clone(),
        clock: clock.clone(),
        share: Some(Arc::new(rules::Events(rules.handle()))),
    })
    .await
    .map_err(internal)?;
    let counted = ets_traffic::Deps {
        series: stores.series.clone(),
        state: stores.state.clone(),
        registry: registry.clone(),
        netd: netd.clone(),
        shaper: Some(Arc::new(rules::Slower(rules.handle()))),
        clock: clock.clone(),
    };
    let traffic = Traffic::build(config.traffic.clone(), counted).await.map_err(internal)?;
    let handles = (watch.handle(), traffic.handle(), rules.handle());
    let kept = (&stores.state, &registry);
    let services = services::build(config, kept, rules.handle(), &clock).await?;
    let speed = speed::build(config, kept, handles, &clock);
    let gateway = gateway::open(config, (stores, &registry), &clock).await?;
    let seen = (watch.handle(), traffic.handle());
    let beside = (&speed, &gateway, services.reachable());
    let front = front::build(config, &registry, seen, beside, &clock)?;
    let resolver = dns::open(config, &registry, rules.handle(), gateway.as_ref())?;
    let trust = trust::open(config, &stores.state, &clock).await?;
    let rights = trust::rights(config, &stores.state, &registry, &clock).await?;
    if let Some(desk) = &gateway {
        desk.mind(rights.clone());
    }
    let enrol = enrol::open(config, &stores.state, &trust.ca, &clock).await?;
    let shown = ets_dashboard::Deps {
        registry,
        watch: watch.handle(),
        series: series.clone(),
        rules: Some(rules.handle()),
        traffic: Some(traffic.handle()),
        gateway: gateway.clone(),
        resolver: resolver.clone(),
        services: Some(services.handle()),
        reachable: Some(services.reachable()),
        routes: config.access.routes.clone(),
        speed,
        ca: Some(trust.ca.clone()),
        tokens: Some(trust.tokens.clone()),
        has_mail: config.notify.mail.is_some(),
        rights: Some(rights.clone()),
        enrol: Some(enrol.clone()),
        store: stores.state.clone(),
        clock: clock.clone(),
    };
    let dashboard = dashboard(config, shown)?;

    let mut tasks = Tasks::new(trigger, shutdown.clone());
    let end = || shutdown.clone();
    let (series_clock, series_end) = (clock.clone(), end());
    tasks.spawn("series", async move { series.run(series_clock, series_end).await });
    tasks.spawn("watch", watch.run(end()));
    tasks.spawn("rules", rules.run(end()));
    services.spawn(&mut tasks, &shutdown);
    tasks.spawn("traffic", traffic.run(end()));
    tasks.spawn("rights", rights.clone().run(end()));
    tasks.spawn("live pages", dashboard.clone().run(end()));
    notices(&mut tasks, config, &stores.state, (&clock, end()))?;
    control(&mut tasks, config, &dashboard, end()).await?;
    let entry = (&trust.connections, &trust.revoked);
    let (access, entrance) = access::build(config, entry, (&dashboard, &rights), &clock)?;
    metrics(&mut tasks, config, (&dashboard, &access), &netd, end()).await?;
    closed(&mut tasks, config, access, &netd, end()).await?;
    let entry = (trust.acceptor.clone(), Arc::clone(&trust.connections));
    gateway::serve(&mut tasks, config, (gateway, entry), &netd, end()).await?;
    dns::serve(&mut tasks, config, resolver, &netd, end()).await?;
    front::serve(&mut tasks, config, (front, &trust), &netd, end()).await?;
    pages(&mut tasks, config, (&dashboard, trust, &enrol, entrance), &netd, end()).await?;
    data::write_entry_link(config, &dashboard).await?;
    tasks.wait(GRACE).await.map_err(Failure::Bug)
}

/// The administrator's pages and the API.
fn dashboard(config: &Config, shown: ets_dashboard::Deps) -> Result<Dashboard, Failure> {
    let link_command = data::link_command(config);
    let setting = ets_dashboard::Config { link_command, ..config.dashboard.pages.clone() };
    ets_dashboard::build(setting, shown).map_err(internal)
}

/// The register of segments; an empty one of a lab is planted.
async fn registry(
    config: &Config,
    stores: &data::Stores,
    clock: &Clock,
) -> Result<Registry, Failure> {
    let registry = Registry::open(stores.state.clone(), clock.clone()).await.map_err(internal)?;
    registry.reserve(own_networks(config));
    seed::plant(&registry, &config.lab).await?;
    Ok(registry)
}

/// The networks of the hub that are not outside, which is everywhere else.
fn own_networks(config: &Config) -> impl Iterator<Item = (String, ipnet::IpNet)> {
    let inner = config.networks.iter().filter(|one| one.role != ets_model::Role::Outside);
    inner.flat_map(|network| network.prefixes.iter().map(|prefix| (network.name.clone(), *prefix)))
}

/// Letters, where there is a relay for them, and who is told that his certificate ends.
fn notices(
    tasks: &mut Tasks,
    config: &Config,
    store: &Store,
    (clock, shutdown): (&Clock, Shutdown),
) -> Result<(), Failure> {
    let Some(mail) = &config.notify.mail else { return Ok(()) };
    let notify = ets_notify::build(mail, store.clone(), clock.clone())
        .map_err(|error| Failure::Usage(chain(&error)))?;
    let zone = ets_i18n::zone(&config.dashboard.pages.time_zone).map_err(internal)?;
    let url = format!("{}{}", config.notify.url.trim_end_matches('/'), Renewal::PATH);
    let expiry = Expiry { days: config.notify.days.clone(), url, zone };
    let notices = Notices::new(store.clone(), clock.clone(), notify.clone(), expiry);
    tasks.spawn("letters", notify.run(shutdown.clone()));
    tasks.spawn("notices", notices.run(shutdown));
    Ok(())
}

/// The Unix socket of the commands.
async fn control(
    tasks: &mut Tasks,
    config: &Config,
    dashboard: &Dashboard,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    let socket = bind_unix(&config.server.socket).await.map_err(internal)?;
    tasks.spawn("commands", serve_unix(socket, dashboard.control_router(), shutdown));
    Ok(())
}

/// The closed and the open part.
async fn closed(
    tasks: &mut Tasks,
    config: &Config,
    access: Arc<Access>,
    netd: &Client,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    let held = config.netd.listen.as_slice();
    if let Some(socket) = listeners::take(netd, held, ENTRANCE, &shutdown).await? {
        tasks.spawn("the closed part", access.run(vec![socket], shutdown));
    }
    Ok(())
}

/// The figures, for Prometheus.
async fn metrics(
    tasks: &mut Tasks,
    config: &Config,
    (dashboard, access): (&Dashboard, &Arc<Access>),
    netd: &Client,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    let held = config.netd.listen.as_slice();
    if let Some(socket) = listeners::take(netd, held, "metrics", &shutdown).await? {
        let access = Arc::clone(access);
        let router = dashboard.metrics_router(Arc::new(move || access.figures()));
        tasks.spawn("metrics", serve_plain(socket, router, Limits::default(), shutdown));
    }
    Ok(())
}

/// The sockets that people reach; `netd` holds them.
async fn pages(
    tasks: &mut Tasks,
    config: &Config,
    (dashboard, trust, enrol, entrance): (&Dashboard, trust::Trust, &Enrol, Acceptor),
    netd: &Client,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    let (limits, held) = (Limits::default(), config.netd.listen.as_slice());
    let trust::Trust { ca, acceptor, connections, .. } = trust;
    if !config.is_status_in_front()
        && let Some(socket) = listeners::take(netd, held, STATUS, &shutdown).await?
    {
        let router = ca.status_router();
        tasks.spawn(STATUS, serve_plain(socket, router, limits, shutdown.clone()));
    }
    tasks.spawn("revocation lists", ca.clone().keep_status(shutdown.clone()));
    let acceptors = vec![acceptor.clone(), entrance];
    let keep = trust::keep(ca, acceptors, config.clone(), shutdown.clone());
    tasks.spawn("the hub's own certificate", keep);
    tasks.spawn("certificates that are over", connections.clone().watch_clock(shutdown.clone()));
    let entry = (acceptor, connections);
    if let Some(socket) = listeners::take(netd, held, "dashboard-tls", &shutdown).await? {
        let machines = enrol.acme_router().merge(enrol.est_router());
        let router = dashboard.router().merge(machines);
        tasks.spawn("pages", serve_tls(socket, entry, router, limits, shutdown.clone()));
    }
    if config.lab.plain_http
        && let Some(socket) = listeners::take(netd, held, "dashboard", &shutdown).await?
    {
        let router = dashboard.router();
        tasks.spawn("pages in the lab", serve_plain(socket, router, limits, shutdown.clone()));
    }
    for name in speed::listeners(config) {
        if let Some(socket) = listeners::take(netd, held, name, &shutdown).await? {
            speed::keep_little(&socket).map_err(internal)?;
            let router = dashboard.speed_router();
            tasks.spawn(name, serve_plain(socket, router, speed::LIMITS, shutdown.clone()));
        }
    }
    Ok(())
}

fn internal(error: impl std::error::Error + 'static) -> Failure {
    Failure::internal(&error)
}
