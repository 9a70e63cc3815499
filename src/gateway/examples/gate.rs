//! The gateway alone, for the bench that compares it with others and for the long runs:
//! `gate CONFIG.json`.
//!
//! `{"dir": "…", "segments": 200, "http": "10.10.0.1:3128", "socks": "10.10.0.1:1080", "fixed":
//! ["10.10.0.1:7000", "203.0.113.9:7000"], "rules": {…}, "threads": 1}`; all but the folder may be
//! left out. The folder keeps the database and the meters. Where `http` is `stdin`, the listening
//! socket is the standard input, so that it outlives the process. Segment `sN` is `10.A.B.0/24` with
//! `N = 256 * (A - 10) + B`. Prints `ready` once it listens; SIGTERM ends it as it ends `serve`.
//! What stands in `gate.rules` in the folder is put in force at SIGHUP, and what that took is printed; at
//! SIGUSR1 what passed, how many are open, and how many octets of the heap are in use.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ets_gateway::policy::Rules;
use ets_gateway::{Config, Deps, Desk, Names, Speaks, Target};
use ets_registry::{Author, Registry};
use ets_runtime::{Clock, Memory, Shutdown, Tasks, raise_descriptors, shutdown_on_signals};
use ets_store::{Durability, Store};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tokio::signal::unix::{Signal, SignalKind, signal};

type Fault = Box<dyn Error + Send + Sync>;

/// As `serve` allows its parts.
const GRACE: Duration = Duration::from_secs(5);
const DESCRIPTORS: u64 = 1 << 20;
/// Who waits while one process ends and the next begins, as `netd` lets them.
const WAITING: i32 = 16_384;

fn main() -> Result<(), Fault> {
    let path = std::env::args().nth(1).ok_or("name the file of the configuration")?;
    let config: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    raise_descriptors(DESCRIPTORS);
    let threads = config["threads"].as_u64().unwrap_or(1);
    let mut builder = match usize::try_from(threads)? {
        1 => tokio::runtime::Builder::new_current_thread(),
        many => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(many);
            builder
        }
    };
    builder.enable_all().build()?.block_on(run(&config))
}

async fn run(config: &Value) -> Result<(), Fault> {
    let dir = PathBuf::from(config["dir"].as_str().ok_or("dir is missing")?);
    let (trigger, shutdown) = shutdown_on_signals()?;
    let desk = open(&dir, config).await?;
    let mut tasks = Tasks::new(trigger, shutdown.clone());
    tasks.spawn("rules", ets_gateway::keep(desk.clone(), shutdown.clone()));
    for (key, speaks) in [("http", Speaks::Http), ("socks", Speaks::Socks)] {
        let Some(at) = config[key].as_str() else { continue };
        let listener = listen(at)?;
        tasks.spawn(key, ets_gateway::serve(desk.clone(), speaks, listener, shutdown.clone()));
    }
    if let [at, to] = config["fixed"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let (at, to) = (at.as_str().ok_or("fixed")?, to.as_str().ok_or("fixed")?);
        let to = Target::read(to).ok_or("fixed is no HOST:PORT")?;
        tasks.spawn("fixed", fixed(desk.clone(), listen(at)?, to, shutdown.clone()));
    }
    // Before anybody is told that it is ready: a signal that nobody waits for ends the process.
    let told = (signal(SignalKind::hangup())?, signal(SignalKind::user_defined1())?);
    tasks.spawn("changes", changes(desk, dir, told, shutdown));
    println!("ready");
    std::io::stdout().flush()?;
    tasks.wait(GRACE).await.map_err(Into::into)
}

async fn open(dir: &Path, config: &Value) -> Result<Desk, Fault> {
    let path = dir.join("state.db");
    let target = ets_store::Target::Sqlite { path, durability: Durability::Full, reserve: 0 };
    let tables = [
        ets_journal::MIGRATIONS,
        ets_registry::MIGRATIONS,
        ets_gateway::MIGRATIONS,
        ets_gateway::SERIES_MIGRATIONS,
    ]
    .concat();
    let store = Store::open(&target, &tables).await?;
    let clock = Clock::system();
    let registry = Registry::open(store.clone(), clock.clone()).await?;
    if registry.catalog().segments().next().is_none() {
        let star = star(config["segments"].as_u64().unwrap_or(16));
        let digest = registry.preview_csv(star.as_bytes()).digest;
        registry.apply_csv(star.as_bytes(), &digest, &Author::new("gate")).await?;
    }
    let all = json!({ "rules": [{ "id": "all", "name": { "en": "All" }, "action": "allow" }] });
    let rules = config.get("rules").cloned().unwrap_or(all);
    let deps = Deps {
        series: store.clone(),
        store,
        registry,
        clock,
        zone: TimeZone::UTC,
        inner: Vec::new(),
        seed: serde_json::from_value(rules)?,
    };
    let meters = Some(dir.join("gateway.meters"));
    Ok(ets_gateway::open(&Config { meters, ..Config::default() }, deps).await?)
}

/// A star of so many segments, as it is imported.
fn star(segments: u64) -> String {
    let mut star = "id;institution;name_ru;interface;prefixes;probe_address\n".to_owned();
    for number in 1..=segments {
        let (a, b) = (10 + number / 256, number % 256);
        let _ =
            writeln!(star, "s{number};i{number};S{number};p{number};10.{a}.{b}.0/24;10.{a}.{b}.1");
    }
    star
}

fn listen(at: &str) -> Result<TcpListener, Fault> {
    if at == "stdin" {
        let listener = std::io::stdin().as_fd().try_clone_to_owned()?;
        socket2::SockRef::from(&listener).listen(WAITING)?;
        return Ok(listener.into());
    }
    let at: SocketAddr = at.parse()?;
    let socket =
        socket2::Socket::new(socket2::Domain::for_address(at), socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&at.into())?;
    socket.listen(4096)?;
    Ok(socket.into())
}

/// Each connection goes to one host, without a word: as `HAProxy` relays TCP.
async fn fixed(
    desk: Desk,
    listener: TcpListener,
    to: Target,
    shutdown: Shutdown,
) -> Result<(), Fault> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let gateway: &Arc<ets_gateway::Gateway<Names>> = desk.gateway();
    loop {
        let (client, peer) = tokio::select! {
            () = shutdown.requested() => return Ok(()),
            accepted = listener.accept() => accepted?,
        };
        let (gateway, to) = (Arc::clone(gateway), to.clone());
        tokio::spawn(async move {
            if let Ok(reached) = gateway.reach(peer.ip(), None, &to).await {
                gateway.relay(&client, &reached).await;
            }
        });
    }
}

/// Does what signals ask for.
async fn changes(
    desk: Desk,
    dir: PathBuf,
    (mut change, mut tell): (Signal, Signal),
    shutdown: Shutdown,
) -> Result<(), Fault> {
    loop {
        let told = tokio::select! {
            () = shutdown.requested() => return Ok(()),
            _ = change.recv() => changed(&desk, &dir).await?,
            _ = tell.recv() => passed(&desk),
        };
        println!("{told}");
        std::io::stdout().flush()?;
    }
}

async fn changed(desk: &Desk, dir: &Path) -> Result<Value, Fault> {
    let text = std::fs::read(dir.join("gate.rules"))?;
    let rules: Rules = serde_json::from_slice(&text)?;
    let begun = Instant::now();
    let done = desk.apply(rules, desk.version().no, &Author::new("gate")).await?;
    let us = begun.elapsed().as_micros();
    Ok(json!({ "us": us, "cut": done.cut, "open": desk.gateway().open() }))
}

fn passed(desk: &Desk) -> Value {
    let all = desk.gateway().passed();
    let up: u64 = all.iter().map(|(_, passed)| passed.up).sum();
    let down: u64 = all.iter().map(|(_, passed)| passed.down).sum();
    json!({ "up": up, "down": down, "open": desk.gateway().open(), "heap": Memory::now().used })
}
