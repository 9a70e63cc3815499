//! The proxy alone, for the bench that compares it with others: `proxy CONFIG.json`.
//!
//! `{"listen": "127.0.0.1:0", "name": "closed.example", "dir": "…", "upstream": "127.0.0.1:1",
//! "revoked": 1000000}`; the folder holds `ca.pem`, `clients.pem`, `hub.pem` and `hub.key`. One
//! thread; prints the address once it listens.

use std::error::Error;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use ets_access::{Config, Decision, Deps, Held, Judge, PerCertificate, Route, build};
use ets_i18n::{Lang, TimeZone};
use ets_listen::{Bounds, Connections};
use ets_model::{Names, PersonId, WallTime};
use ets_runtime::{Clock, shutdown_on_signals};
use ets_tls::{Acceptor, CertId, Paths, RevocationSet};
use ets_web::Site;
use serde_json::Value;
use tokio::sync::watch;

/// Everybody may everything.
struct Generous(watch::Sender<u64>);

impl Judge for Generous {
    fn decide(&self, _: &PersonId, _: &Route, _: WallTime) -> Decision {
        Decision::Allowed { grant: 1, acting_for: None }
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }

    fn rights_of(&self, _: &PersonId, _: WallTime) -> Vec<Held> {
        Vec::new()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("name the file of the configuration")?;
    let config: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(&config))
}

async fn run(config: &Value) -> Result<(), Box<dyn Error>> {
    let text = |key: &str| config[key].as_str().ok_or_else(|| format!("{key} is missing"));
    let revoked = Arc::new(RevocationSet::new());
    let many = config["revoked"].as_u64().unwrap_or(0);
    revoked.load((0..many).map(|number| CertId::new(b"another", &number.to_be_bytes())));
    let (connections, paths) =
        (Connections::new(Arc::clone(&revoked)), Paths::in_dir(Path::new(text("dir")?)));
    let route = Route {
        upstreams: vec![text("upstream")?.parse()?],
        right: "app.use".to_owned(),
        ..Route::default()
    };
    let access = Config {
        names: vec![text("name")?.to_owned()],
        per_certificate: PerCertificate { in_flight: 10_000, rate: 0, burst: 0 },
        bounds: Bounds { per_certificate: 10_000, per_address: 10_000, ..Bounds::default() },
        routes: vec![route],
        ..Config::default()
    };
    let deps = Deps {
        judge: Arc::new(Generous(watch::Sender::new(0))),
        connections,
        acceptor: Acceptor::entrance(&paths, revoked, &[])?,
        clock: Clock::system(),
        site: Arc::new(site()),
        renewal: None,
    };
    let listener = TcpListener::bind(text("listen")?)?;
    println!("{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let (_trigger, shutdown) = shutdown_on_signals()?;
    build(access, deps)?.run(vec![listener], shutdown).await?;
    Ok(())
}

fn site() -> Site {
    Site {
        mark: "ETS".to_owned(),
        name: Names::default(),
        owner: Names::default(),
        zone: TimeZone::UTC,
        lang: Lang::Ru,
        nav: Vec::new(),
        search: "",
        wall: "",
        origin: String::new(),
    }
}
