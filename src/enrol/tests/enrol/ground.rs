//! A hub's authority and its enrolment, in a folder of their own.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ets_ca::testing::make_authority;
use ets_ca::{Authority, Ca, Files, Passphrase};
use ets_enrol::{AccountKey, Config, Enrol};
use ets_listen::{Connections, Limits, serve_tls};
use ets_registry::Author;
use ets_runtime::{Clock, Shutdown, ShutdownTrigger};
use ets_store::testing::TestStore;
use ets_store::{Migration, Store};
use ets_tls::testing::bootstrap;
use ets_tls::{Acceptor, RevocationSet};

pub(crate) const URL: &str = "https://hub.test";

pub(crate) fn migrations() -> Vec<Migration> {
    [ets_journal::MIGRATIONS, ets_ca::MIGRATIONS, ets_enrol::MIGRATIONS].concat()
}

/// The hub.
pub(crate) struct Ground {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) store: TestStore,
    pub(crate) ca: Ca,
    pub(crate) enrol: Enrol,
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) connections: Arc<Connections>,
    pub(crate) revoked: Arc<RevocationSet>,
}

pub(crate) fn officer() -> Author {
    Author::new("officer")
}

pub(crate) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

impl Ground {
    /// On SQLite, with the usual configuration.
    pub(crate) async fn new() -> Self {
        Self::with(URL, |_| {}).await
    }

    pub(crate) async fn with(url: &str, set: impl FnOnce(&mut Config)) -> Self {
        Self::on(TestStore::sqlite(&migrations()).await, url, set).await
    }

    pub(crate) async fn on(store: TestStore, url: &str, set: impl FnOnce(&mut Config)) -> Self {
        Self::at(Clock::system(), store, url, set).await
    }

    /// Where the time is what this clock says.
    pub(crate) async fn at(
        clock: Clock,
        store: TestStore,
        url: &str,
        set: impl FnOnce(&mut Config),
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::in_dir(&dir.path().join("ca"));
        make_authority(&files, SECRET);
        let authority = Authority::open(&files, &Passphrase::new(SECRET), None).unwrap();
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        let mut config = Config::new(url, read(&files.root) + &read(&files.issuing));
        config.hosts = [("mail.akimat.test".to_owned(), IpAddr::from([127, 0, 0, 1]))].into();
        set(&mut config);
        Self::start((dir, clock), store, authority, config).await
    }

    async fn start(
        (dir, clock): (tempfile::TempDir, Clock),
        store: TestStore,
        authority: Authority,
        config: Config,
    ) -> Self {
        let revoked = Arc::new(RevocationSet::new());
        let connections = Connections::new(Arc::clone(&revoked));
        let deps = ets_ca::Deps {
            store: Store::clone(&store),
            authority,
            connections: Arc::clone(&connections),
            revoked: Arc::clone(&revoked),
            clock: clock.clone(),
        };
        let ca = Ca::open(deps).await.unwrap();
        let enrol = open(&config, &store, &ca, &clock).await;
        Self { dir, store, ca, enrol, config, clock, connections, revoked }
    }

    /// As after a crash of the whole hub: the authority is opened anew as well.
    pub(crate) async fn crash(self) -> Self {
        let Self { dir, store, ca, enrol, config, clock, .. } = self;
        drop((ca, enrol));
        let files = Files::in_dir(&dir.path().join("ca"));
        let authority = Authority::open(&files, &Passphrase::new(SECRET), None).unwrap();
        Self::start((dir, clock), store, authority, config).await
    }

    /// As after a restart.
    pub(crate) async fn restart(&mut self) {
        self.enrol = open(&self.config, &self.store, &self.ca, &self.clock).await;
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn authority(&self, name: &str) -> String {
        self.path("ca").join(name).to_str().unwrap().to_owned()
    }

    /// A key for accounts of the institution that most tests speak of.
    pub(crate) async fn account_key(&self, accounts: u32) -> AccountKey {
        let names = words(&["akimat.test", "127.0.0.2", "10.9.0.0/16"]);
        let institution = "Akimat, \"city\" of \u{49a}ala";
        self.enrol.new_account_key(institution, &names, accounts, &officer()).await.unwrap()
    }

    /// What the journal says, the oldest first.
    pub(crate) async fn actions(&self) -> Vec<String> {
        let page = ets_journal::Page { before: None, limit: 100 };
        let filter = ets_journal::Filter::default();
        let listing = ets_journal::list(&self.store, &filter, page).await.unwrap();
        listing.entries.iter().rev().map(|one| one.entry.action.clone()).collect()
    }

    /// Serves both protocols over TLS at `https://localhost:PORT`, which must be the hub's address.
    pub(crate) fn serve(&self, listener: TcpListener) -> Served {
        let dir = self.path("tls");
        let mut paths = bootstrap(&dir, &words(&["localhost", "127.0.0.1"])).unwrap();
        paths.client_ca = self.path("ca").join("issuing.pem");
        let acceptor = Acceptor::open(&paths, Arc::clone(&self.revoked)).unwrap();
        let router = self.enrol.acme_router().merge(self.enrol.est_router());
        let (end, shutdown) = Shutdown::new();
        let entry = (acceptor, Arc::clone(&self.connections));
        let address = listener.local_addr().unwrap();
        let task = serve_tls(listener, entry, router, Limits::default(), shutdown);
        tokio::spawn(async move { task.await.unwrap() });
        let root = paths.ca_cert.to_str().unwrap().to_owned();
        Served { address, root, _end: end }
    }
}

/// A running listener.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    /// What its clients must trust.
    pub(crate) root: String,
    _end: ShutdownTrigger,
}

impl Served {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }
}

/// A listener whose address can be part of the configuration.
pub(crate) fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    (listener, url)
}

const SECRET: &str = "correct horse";

async fn open(config: &Config, store: &Store, ca: &Ca, clock: &Clock) -> Enrol {
    let deps = ets_enrol::Deps { store: store.clone(), ca: ca.clone(), clock: clock.clone() };
    Enrol::open(config.clone(), deps).await.unwrap()
}
