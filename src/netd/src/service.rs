//! Composition: from the configuration to a running `netd`.

use std::fs::{self, Permissions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::mpsc::Sender;

use ets_dataplane::Watch;
use ets_model::Intercept;
use ets_netd_api::Allow;
use ets_probe::{Engine, EngineConfig};
use ets_runtime::{Clock, Shutdown};
use nix::unistd::{Gid, chown};
use tokio::sync::{Mutex, Semaphore, oneshot};

use crate::alive::Pulse;
use crate::journal::Journal;
use crate::keeper::{self, Keep, Store};
use crate::listeners::Listeners;
use crate::meter::Meter;
use crate::rules::{self, Filter, Order, Safety};
use crate::server::{self, Control, PINGS, SPEAKING};
use crate::speak::Rate;
use crate::watcher::{Command, Orders, Parts, Watcher};
use crate::{Config, Error, confine};

/// What `netd` is handed besides its configuration.
#[derive(Debug, Default)]
pub struct Deps {
    /// The clock.
    pub clock: Clock,
    /// Listening sockets that the parent process left open: the value of `ETS_LISTEN`, which is
    /// `name=descriptor,…`.
    pub listen: Option<String>,
    /// Whether to [`confine`] the calling thread, and with it the process, once everything is
    /// open. False only in tests, which share their thread with others.
    pub confine: bool,
}

/// Everything opened, nothing started yet.
pub struct Netd {
    watcher: Watcher,
    orders: Orders,
    control: Arc<Control>,
    listener: UnixListener,
    socket: PathBuf,
}

/// Opens everything that `netd` needs, in the network namespace of the calling thread, and goes on
/// with what a former process watched.
///
/// # Errors
/// When a right, a file or a socket is refused, or another `netd` holds the state directory.
pub fn build(config: Config, deps: Deps) -> Result<Netd, Error> {
    let clock = deps.clock;
    let started = clock.stamp();
    let store = Store::open(&config.state_dir)?;
    let listeners = Listeners::open(deps.listen.as_deref(), &config.listen, &config.listen_udp)?;
    let listener = bind(&config.socket, config.group)?;
    let watch = Watch::open()?;
    let engine = Engine::open(EngineConfig { clock: clock.clone(), ..EngineConfig::default() })?;
    if deps.confine {
        confine()?;
    }
    let mut left = store.load(started);
    let tallies = left.tallies.take();
    let left_rules = (left.rules.take(), left.intercept.take());
    let pulse = Pulse::default();
    pulse.start(store.alive_path(), clock.clone())?;
    let instance = instance();
    let journal = Journal::new(instance, config.ring_bytes);
    let (keeper, kept) = store.start(journal.clone())?;
    let parts = Parts {
        clock: clock.clone(),
        engine,
        watch,
        journal: journal.clone(),
        keeper: keeper.clone(),
        pulse,
    };
    let (mut watcher, orders) = Watcher::new(parts)?;
    watcher.resume(left);
    let meter = Meter::open(config.pins.as_deref(), instance, tallies);
    let meters = meter.hub();
    let rules = rule(&config, (&journal, &keeper, &clock), meter, left_rules);
    let control = Control {
        journal,
        orders: orders.clone(),
        keeper,
        kept,
        listeners,
        allow: Allow { group: config.group },
        started,
        pings: Semaphore::new(PINGS),
        speaking: Semaphore::new(SPEAKING),
        spoken: Rate::default(),
        followers: AtomicU32::new(0),
        configuring: Mutex::new(()),
        rules,
        meters,
    };
    Ok(Netd { watcher, orders, control: Arc::new(control), listener, socket: config.socket })
}

/// Brings the rules into force. Where that cannot be, the segments are watched all the same, and
/// whoever asks for rules is told why there are none.
fn rule(
    config: &Config,
    (journal, keeper, clock): (&Journal, &Sender<Keep>, &Clock),
    meter: Meter,
    (left, intercept): (Option<Safety>, Option<Intercept>),
) -> Result<Sender<Order>, String> {
    if !config.rules {
        return Err("rules are switched off: set rules = true in [netd]".to_owned());
    }
    let told = |error: &dyn std::error::Error| {
        let why = format!("rules cannot be put in force on this machine: {error}");
        tracing::error!("{why}");
        why
    };
    let filter =
        Filter::open(meter.by_filter(), config.published.clone()).map_err(|error| told(&error))?;
    let (clock, journal, keeper) = (clock.clone(), journal.clone(), keeper.clone());
    let boot_id = keeper::boot_id();
    let parts = rules::Parts { clock, journal, keeper, filter, meter, left, intercept, boot_id };
    rules::start(parts).map_err(|error| told(&error))
}

impl Netd {
    /// Watches and serves until shutdown. Must be called in a tokio runtime.
    ///
    /// # Errors
    /// When a thread cannot be started, or the watching thread ends before its time.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), Error> {
        let listener = tokio::net::UnixListener::from_std(self.listener)
            .map_err(|error| Error::file("listening on", &self.socket, error))?;
        let (ended, has_ended) = oneshot::channel::<()>();
        let watcher = self.watcher;
        let thread = std::thread::Builder::new()
            .name("watcher".into())
            .spawn(move || {
                watcher.run();
                drop(ended);
            })
            .map_err(|error| Error::System("starting the watching thread", error))?;
        tracing::info!(socket = %self.socket.display(), "netd watches");
        let serving = server::serve(listener, self.control, shutdown.clone());
        let died = tokio::select! {
            () = serving => false,
            _ = has_ended => true,
        };
        self.orders.send(Command::Stop);
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        let _ = fs::remove_file(&self.socket);
        match (died, joined) {
            (false, Ok(Ok(()))) => Ok(()),
            _ => Err(Error::WatcherEnded),
        }
    }
}

impl std::fmt::Debug for Netd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Netd").field("socket", &self.socket).finish_non_exhaustive()
    }
}

/// Tells this life of `netd` from every other one.
fn instance() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Binds the control socket. One that a dead process left is taken away.
fn bind(path: &Path, group: Option<u32>) -> Result<UnixListener, Error> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)
            .map_err(|source| Error::file("making directory", directory, source))?;
    }
    if UnixStream::connect(path).is_ok() {
        return Err(Error::Running(path.to_owned()));
    }
    let _ = fs::remove_file(path);
    let listener =
        UnixListener::bind(path).map_err(|source| Error::file("listening on", path, source))?;
    let fault = |source| Error::file("setting the rights of", path, source);
    fs::set_permissions(path, Permissions::from_mode(0o660)).map_err(fault)?;
    if let Some(group) = group {
        chown(path, None, Some(Gid::from_raw(group))).map_err(|errno| fault(errno.into()))?;
    }
    listener.set_nonblocking(true).map_err(fault)?;
    Ok(listener)
}
