//! The proxy as a part: built from what is configured and what it stands on, run until shutdown.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use ets_listen::{Addresses, Client, Connections, Counters, Network, Rate, Tally, serve_service};
use ets_runtime::{Clock, Shutdown};
use ets_tls::Acceptor;
use ets_web::Site;
use tokio::task::JoinSet;

use crate::figures::{Answers, Refusals};
use crate::handler::Door;
use crate::holders::Holders;
use crate::routes::Table;
use crate::streams::Streams;
use crate::token::Signer;
use crate::visit::Visit;
use crate::{AtOnce, Config, Error, Judge, PerCertificate};

/// What the proxy stands on.
pub struct Deps {
    /// Who decides.
    pub judge: Arc<dyn Judge>,
    /// Where connections are entered by certificate, and cut.
    pub connections: Arc<Connections>,
    /// Of [`Acceptor::entrance`], with the open names of the configuration.
    pub acceptor: Acceptor,
    /// The time.
    pub clock: Clock,
    /// What our pages share.
    pub site: Arc<Site>,
    /// How an owner renews his certificate; `None` where an officer does.
    pub renewal: Option<Renewal>,
}

/// Pages of another room on which the owner of a certificate renews it, below [`Renewal::PATH`].
#[derive(Clone, Debug)]
pub struct Renewal {
    /// Whoever comes is told to it by [`ets_listen::PeerCertificate`], [`ets_listen::Peer`] and
    /// [`ets_listen::Signed`] in the request's extensions. It refuses forms of other sites itself.
    pub pages: Router,
    /// How long before the end `/me` leads there.
    pub window: Duration,
}

impl Renewal {
    /// Where they lie.
    pub const PATH: &'static str = "/me/renew";
}

/// The proxy.
pub struct Access {
    pub(crate) shared: Arc<Shared>,
    acceptor: Acceptor,
    bounds: ets_listen::Bounds,
    counters: Arc<Counters>,
    idle: Duration,
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) table: Table,
    pub(crate) judge: Arc<dyn Judge>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) clock: Clock,
    pub(crate) site: Arc<Site>,
    pub(crate) signer: Signer,
    pub(crate) per_certificate: PerCertificate,
    pub(crate) addresses: Addresses,
    pub(crate) at_once: AtOnce,
    /// Requests to the open part under way.
    pub(crate) strangers: Arc<Tally<Network>>,
    pub(crate) holders: Arc<Holders>,
    pub(crate) streams: Arc<Streams>,
    pub(crate) answers: Answers,
    pub(crate) refusals: Refusals,
    pub(crate) own: Router,
    pub(crate) renewal: Option<Renewal>,
    /// How long a body for a page of our own may take.
    pub(crate) patience: Duration,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("table", &self.table).finish_non_exhaustive()
    }
}

/// Builds the proxy.
///
/// # Errors
/// A name that is both closed and open, a route that cannot be used, a key that cannot be read.
pub fn build(config: Config, deps: Deps) -> Result<Arc<Access>, Error> {
    let shared = Shared {
        table: Table::new(&config)?,
        judge: deps.judge,
        connections: deps.connections,
        clock: deps.clock,
        site: deps.site,
        signer: Signer::open(config.identity_key.as_deref())?,
        per_certificate: config.per_certificate,
        addresses: Addresses::new(Rate::new(config.per_address.rate, config.per_address.burst)),
        at_once: config.at_once,
        strangers: Arc::default(),
        holders: Arc::default(),
        streams: Arc::default(),
        answers: Answers::default(),
        refusals: Refusals::default(),
        patience: config.bounds.body,
        own: ets_web::assets::router().merge(ets_web::preferences::router()),
        renewal: deps.renewal,
    };
    let bounds = ets_listen::Bounds { offers_websocket: true, ..config.bounds };
    let (shared, counters) = (Arc::new(shared), Arc::default());
    Ok(Arc::new(Access { shared, acceptor: deps.acceptor, bounds, counters, idle: config.idle.0 }))
}

impl Access {
    /// Serves until shutdown, all listeners alike: which part a client comes to is said by the name
    /// that it asks for.
    ///
    /// # Errors
    /// When a listener cannot be used.
    pub async fn run(
        self: Arc<Self>,
        listeners: Vec<TcpListener>,
        shutdown: Shutdown,
    ) -> Result<(), Error> {
        let mut beside = JoinSet::new();
        let shared = &self.shared;
        let (judge, clock) = (Arc::clone(&shared.judge), shared.clock.clone());
        beside.spawn(Arc::clone(&shared.streams).watch(judge, clock.clone(), shutdown.clone()));
        let door = shared.connections.door(&self.acceptor);
        let ends = (Arc::clone(&shared.connections), door, clock.clone());
        beside.spawn(Arc::clone(&shared.holders).watch(self.idle, ends, shutdown.clone()));
        for way in &shared.table.ways {
            let (way, clock, shutdown) = (Arc::clone(way), clock.clone(), shutdown.clone());
            beside.spawn(async move { way.upstreams.watch(&way.route, clock, shutdown).await });
        }
        let mut doors = JoinSet::new();
        for listener in listeners {
            let (shared, counters) = (Arc::clone(shared), Arc::clone(&self.counters));
            let entry = (self.acceptor.clone(), Arc::clone(&shared.connections));
            let make = move |client: Arc<Client>| Door(Visit::new(Arc::clone(&shared), client));
            doors.spawn(serve_service(
                listener,
                entry,
                make,
                (self.bounds, counters),
                shutdown.clone(),
            ));
        }
        while let Some(ended) = doors.join_next().await {
            match ended {
                Ok(ended) => ended?,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        Ok(())
    }

    /// What the accept loops counted.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}
