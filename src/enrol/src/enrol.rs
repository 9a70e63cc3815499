//! The part as a whole: what it stands on, and how it is opened.

use std::sync::Arc;

use ets_ca::Ca;
use ets_listen::{Addresses, Peer};
use ets_model::{BootTime, WallTime};
use ets_runtime::Clock;
use ets_store::Store;
use tokio::sync::Semaphore;

use crate::est::lineage::Lineage;
use crate::nonce::Nonces;
use crate::strangers::{self, Guesses};
use crate::{Config, Error, acme, der, est};

/// What enrolment stands on.
#[derive(Debug)]
pub struct Deps {
    /// `state.db`, opened with [`crate::MIGRATIONS`] and the journal's.
    pub store: Store,
    /// The desk that issues.
    pub ca: Ca,
    /// The clock.
    pub clock: Clock,
}

/// Enrolment. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Enrol(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) deps: Deps,
    pub(crate) nonces: Nonces,
    /// How fast those ask whom nobody knows yet.
    pub(crate) strangers: Addresses,
    /// Secrets of routers that were wrong.
    pub(crate) guesses: Guesses,
    /// Which certificate of a router came by which.
    pub(crate) lineage: Lineage,
    /// Who may validate now.
    pub(crate) places: Semaphore,
    /// What routers are told to trust: certificates in DER.
    pub(crate) authorities: Vec<Vec<u8>>,
}

impl Enrol {
    /// Opens enrolment and goes on with the validations that were under way. An order whose
    /// certificate was being signed gets it where it was signed, and can be finalized again where it
    /// was not.
    ///
    /// # Errors
    /// [`Error::Url`], [`Error::Authorities`]; the database's.
    pub async fn open(config: Config, deps: Deps) -> Result<Self, Error> {
        let is_plain = config.url.strip_prefix("https://").is_some_and(|host| {
            !host.is_empty() && !host.contains(['/', '?', '#', '@']) && host.is_ascii()
        });
        if !is_plain {
            return Err(Error::Url { url: config.url });
        }
        let authorities = der::of_pem(&config.authorities)?;
        let places = Semaphore::new(config.validations.max(1));
        let nonces = Nonces::new()?;
        let lineage = Lineage::read(&deps.store).await?;
        let (strangers, guesses) = (strangers::strangers(), Guesses::default());
        let enrol = Self(Arc::new(Inner {
            config,
            deps,
            nonces,
            strangers,
            guesses,
            lineage,
            places,
            authorities,
        }));
        enrol.watch_lineage();
        acme::finalize::settle(&enrol).await?;
        for id in acme::rows::under_way(enrol.store(), enrol.now()).await? {
            acme::validate::begin(enrol.clone(), id);
        }
        Ok(enrol)
    }

    /// ACME: everything under `/acme/`. To be served over HTTPS at [`Config::url`].
    pub fn acme_router(&self) -> axum::Router {
        acme::router(self.clone())
    }

    /// EST: everything under `/.well-known/est/`. To be served over HTTPS only, on a listener that
    /// offers to take a client's certificate and does not demand it.
    pub fn est_router(&self) -> axum::Router {
        est::router(self.clone())
    }

    /// Where machines reach it, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.config().url
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.deps.store
    }

    pub(crate) fn ca(&self) -> &Ca {
        &self.0.deps.ca
    }

    pub(crate) fn now(&self) -> WallTime {
        self.0.deps.clock.wall()
    }

    pub(crate) fn boot(&self) -> BootTime {
        self.0.deps.clock.boot()
    }

    /// Whether one whom nobody knows yet asks too much by his address; in how many seconds to come
    /// again then.
    pub(crate) fn crowded(&self, peer: Option<&Peer>) -> Result<(), u64> {
        peer.map_or(Ok(()), |peer| self.0.strangers.take(peer.address.ip(), self.boot()))
    }

    /// An address of ours.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0.config.url)
    }
}

/// So many octets that nobody can guess.
pub(crate) fn draw<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(bytes)
}
