//! The proxy as a part: built from what is configured and what it stands on, run until shutdown.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use ets_listen::{Client, Connections, Counters, serve_service};
use ets_runtime::{Clock, Shutdown};
use ets_tls::Acceptor;
use ets_web::Site;
use tokio::task::JoinSet;

use crate::figures::{Figures, Refusals, RouteFigures};
use crate::handler::Door;
use crate::holders::Holders;
use crate::routes::{Table, Way};
use crate::streams::Streams;
use crate::token::Signer;
use crate::visit::Visit;
use crate::{Config, Error, Judge, PerCertificate};

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
}

/// The proxy.
pub struct Access {
    shared: Arc<Shared>,
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
    pub(crate) holders: Arc<Holders>,
    pub(crate) streams: Arc<Streams>,
    pub(crate) refusals: Refusals,
    pub(crate) own: Router,
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
        holders: Arc::default(),
        streams: Arc::default(),
        refusals: Refusals::default(),
        patience: config.bounds.body,
        own: ets_web::assets::router().merge(ets_web::preferences::router()),
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

    /// What was counted of requests.
    pub fn figures(&self) -> Figures {
        let shared = &self.shared;
        Figures {
            routes: shared.table.ways.iter().map(|way| of_route(way)).collect(),
            refused: shared.refusals.figures(),
            certificates: shared.holders.len(),
            streams: shared.streams.len(),
        }
    }
}

fn of_route(way: &Way) -> RouteFigures {
    let counters = &way.counters;
    RouteFigures {
        prefix: way.route.prefix.clone(),
        by_class: [0, 1, 2, 3, 4, 5].map(|class| counters.by_class[class].get()),
        bytes_up: counters.up.get(),
        bytes_down: counters.down.get(),
        upstream_errors: counters.faults.get(),
        cut: counters.cut.get(),
        down: way.upstreams.down(),
    }
}
