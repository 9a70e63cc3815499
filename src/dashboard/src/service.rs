//! The dashboard as a part: built from its configuration and the handles of other parts.

use std::sync::Arc;

use axum::Router;
use ets_registry::Registry;
use ets_runtime::{Clock, Shutdown};
use ets_series::Recorder;
use ets_store::Store;

use crate::entry::{Address, EntryLink, Sessions};
use crate::live::Live;
use crate::{Config, Error, api, metrics, pages};

/// What the dashboard shows and changes.
#[derive(Clone)]
pub struct Deps {
    /// The register of institutions and segments.
    pub registry: Registry,
    /// The live picture, outages, on-demand pings.
    pub watch: ets_watch::Handle,
    /// Measurements over time.
    pub series: Recorder,
    /// Who may reach what; `None` where nothing is kept apart: tests, demonstrations.
    pub rules: Option<ets_rules::Handle>,
    /// What passed; `None` where nothing is counted.
    pub traffic: Option<ets_traffic::Handle>,
    /// Who gets out where; `None` where nobody does.
    pub gateway: Option<ets_gateway::Desk>,
    /// The resolver of the segments; none where there is none.
    pub resolver: Option<ets_dns::Resolver>,
    /// Whether the services answer; `None` where none is asked: tests, demonstrations.
    pub services: Option<ets_poll::Handle>,
    /// Which of them each segment may reach; `None` as above.
    pub reachable: Option<Arc<dyn ets_model::Reachable>>,
    /// The closed part's ways into services.
    pub routes: Vec<ets_access::Route>,
    /// How fast channels are.
    pub speed: ets_speed::Desk,
    /// The certification authority; `None` where there is none: tests, demonstrations.
    pub ca: Option<ets_ca::Ca>,
    /// The desk of orders and tokens; `None` where there is no authority.
    pub tokens: Option<ets_ca::life::Desk>,
    /// Whether letters go out.
    pub has_mail: bool,
    /// Enrolment of machines; `None` where there is no authority.
    pub enrol: Option<ets_enrol::Enrol>,
    /// Who may do what; `None` where only administrators come in: tests, demonstrations.
    pub rights: Option<ets_rights::Rights>,
    /// `state.db`, opened with [`crate::MIGRATIONS`] among others.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
}

/// The dashboard. Cheap to clone.
#[derive(Clone)]
pub struct Dashboard {
    app: App,
}

/// What every handler holds.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

/// See [`App`].
pub(crate) struct Inner {
    pub config: Config,
    pub deps: Deps,
    pub sessions: Sessions,
    pub live: Live,
    pub metrics: metrics::Own,
    pub zone: ets_i18n::TimeZone,
    pub sites: [ets_web::Site; 3],
    pub view: pages::Cache,
}

impl App {
    /// The accounting, where there is one.
    pub(crate) fn traffic(&self) -> Result<&ets_traffic::Handle, Error> {
        self.deps.traffic.as_ref().ok_or(Error::NetdAway)
    }

    /// The one way out, where there is one.
    pub(crate) fn gateway(&self) -> Result<&ets_gateway::Desk, Error> {
        let none = || Error::NotFound { what: "part", id: "gateway".to_owned() };
        self.deps.gateway.as_ref().ok_or_else(none)
    }
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// Builds the dashboard.
///
/// # Errors
/// When the configured time zone is unknown.
pub fn build(config: Config, deps: Deps) -> Result<Dashboard, ets_i18n::Error> {
    let zone = ets_i18n::zone(&config.time_zone)?;
    let sessions = Sessions::new(&config, deps.store.clone(), deps.clock.clone());
    let inner = Inner {
        sessions,
        live: Live::default(),
        metrics: metrics::Own::new(),
        view: pages::Cache::default(),
        sites: pages::sites(&config, &zone),
        zone,
        config,
        deps,
    };
    Ok(Dashboard { app: App(Arc::new(inner)) })
}

/// Every page and every operation with what it needs.
pub fn addresses() -> Vec<Address> {
    pages::routes().merge(api::routes()).addresses().collect()
}

impl Dashboard {
    /// Pages, API, live streams and assets, for the listeners that people reach.
    pub fn router(&self) -> Router {
        pages::router(&self.app).merge(api::router(&self.app))
    }

    /// The Prometheus exposition at `/metrics`, for a listener of its own.
    pub fn metrics_router(&self, entrance: metrics::Entrance) -> Router {
        metrics::router(&self.app, entrance)
    }

    /// The page on which somebody in a segment measures its channel, for a listener that segments
    /// reach.
    pub fn speed_router(&self) -> Router {
        pages::speed_router(&self.app)
    }

    /// The pages on which an owner renews his certificate, for a part of the network that proves who
    /// comes by [`ets_listen::PeerCertificate`], [`ets_listen::Peer`] and [`ets_listen::Signed`] in
    /// the request's extensions.
    pub fn renewal_router(&self) -> Router {
        pages::renewal_router(&self.app)
    }

    /// What pages of others share with ours: mark, name, owner, zone; without the administrator's
    /// navigation.
    pub fn bare_site(&self) -> ets_web::Site {
        let lang = self.app.config.language;
        ets_web::Site {
            nav: Vec::new(),
            search: "",
            wall: "",
            ..self.app.sites[lang as usize].clone()
        }
    }

    /// The API for commands of this machine, over the Unix socket. Every request carries
    /// [`ets_listen::SystemUser`].
    pub fn control_router(&self) -> Router {
        api::router(&self.app)
    }

    /// Makes a one-time entry link; `made_by` goes to the journal. The address to show is
    /// [`Dashboard::entry_url`].
    ///
    /// # Errors
    /// When the link cannot be written down.
    pub async fn new_entry_link(&self, made_by: &str) -> Result<EntryLink, Error> {
        self.app.sessions.new_link(made_by).await
    }

    /// The address of a one-time link, to hand to the person.
    pub fn entry_url(&self, link: &EntryLink) -> String {
        entry_url(&self.app.config, link)
    }

    /// Feeds the live pages until shutdown.
    ///
    /// # Errors
    /// Never; the signature is that of every long-running part.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), Error> {
        crate::live::run(&self.app, shutdown).await;
        Ok(())
    }
}

/// See [`Dashboard::entry_url`].
pub(crate) fn entry_url(config: &Config, link: &EntryLink) -> String {
    format!("{}/enter?token={}", config.public_url.trim_end_matches('/'), link.token.as_str())
}
