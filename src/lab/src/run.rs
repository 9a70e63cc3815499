//! `ets-hub lab run`, from the first check to the last clean-up.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::os::fd::AsFd;

use crate::args::RunArgs;
use crate::claim::{Claim, DirLock};
use crate::describe::Description;
use crate::error::{Context, Error, Result};
use crate::fault::Faults;
use crate::hub_toml::Credentials;
use crate::institutions::Seed;
use crate::layout::Layout;
use crate::listeners::{Listeners, VARIABLE, port_of};
use crate::pins::Pins;
use crate::plan::{Plan, Shape};
use crate::programs::Programs;
use crate::ready;
use crate::say::{self, Say};
use crate::star::{Names, Star};
use crate::supervise::{Job, OnChange, Supervisor};
use crate::{catalogue, control, hub_toml, traffic, user_namespace};

/// Names another program than this one to be started as `netd` and `serve`.
const PROGRAM: &str = "ETS_LAB_PROGRAM";
/// How long the hub may take until every segment answers, before the lab says what it waits for.
const PATIENCE: Duration = Duration::from_secs(60);
/// When nothing changed for so long, the rest does not answer.
const SETTLED: Duration = Duration::from_secs(8);

/// Runs a lab until it is interrupted.
pub(crate) fn run(args: &RunArgs) -> Result<()> {
    let say = Say::new(args.json);
    let done = raise(args, &say);
    if done.is_err() {
        say.broken_off();
    }
    done
}

fn raise(args: &RunArgs, say: &Say) -> Result<()> {
    let programs = Programs::find()?;
    let shape = Shape::new(args.segments, args.links)?;
    let layout = Layout::new(args.dir.clone())?;
    let lock = DirLock::take(&layout.dir)?;
    let listeners = Listeners::open(args.port)?;
    let rootless = !user_namespace::is_privileged();
    if rootless {
        say.step("Not root: building inside namespaces of this user's own");
        user_namespace::enter(&layout.dir)?;
    }
    let signals = Signals::take()?;
    let mut claim = Claim::take(&layout.dir)?;
    let plan = Plan::new(shape, &claim.prefix);
    claim.set_namespaces(plan.namespaces())?;
    let names = Names(plan.namespaces());
    let lab = Lab { args, say, layout, listeners, signals, rootless, started: Instant::now() };
    let result = lab.live(plan, programs, claim);
    // The lock goes last: until then nobody else may start in this folder.
    drop(names);
    drop(lock);
    result
}

struct Lab<'a> {
    args: &'a RunArgs,
    say: &'a Say,
    layout: Layout,
    listeners: Listeners,
    signals: Signals,
    rootless: bool,
    started: Instant,
}

impl Lab<'_> {
    fn live(&self, plan: Plan, programs: Programs, claim: Claim) -> Result<()> {
        let seed = Arc::new(Seed::new(&plan, self.args.critical)?);
        let pins =
            (!self.rootless && !self.args.no_hub).then(|| Pins::place(&plan.prefix)).flatten();
        self.write_files(&plan, &seed, pins.as_ref())?;
        if let Some(pins) = &pins
            && let Err(why) = pins.set_up(&program()?, &self.layout.hub_toml())
        {
            self.say.step(&format!("The packet filter counts, for want of better: {why}"));
        }
        self.say.step(&format!(
            "Building {} segments out of {} namespaces",
            plan.segments.len(),
            plan.namespaces().len()
        ));
        let star = Arc::new(Star::build(plan, programs)?);
        self.say.done(self.started.elapsed());
        traffic::start(Arc::clone(&star), !self.args.no_traffic)?;
        let faults = Arc::new(Mutex::new(Faults::new(Arc::clone(&star), seed)));
        control::serve(&self.layout.control(), Arc::clone(&faults))?;
        control::watch_expiry(faults)?;
        let description =
            Description::new(&self.layout, &star.plan, &self.listeners, self.rootless);
        let board = Arc::new(Mutex::new(Board {
            description,
            path: self.layout.lab_json(),
            claim,
            ready: false,
        }));
        let result = self.with_hub(&star, &board);
        self.layout.forget_this_run();
        result
    }

    fn write_files(&self, plan: &Plan, seed: &Seed, pins: Option<&Pins>) -> Result<()> {
        let data = self.layout.data(plan.shape);
        fs::create_dir_all(&data).at("create", &data)?;
        self.layout.forget_this_run();
        let _ = fs::remove_file(Credentials::new(&data).entry_link);
        seed.write(&self.layout.seed())?;
        seed.write_parents(&self.layout.parents())?;
        catalogue::write(plan, &self.layout.services())?;
        catalogue::write_gateway(&self.layout.gateway())?;
        hub_toml::write(&self.layout, plan, &self.listeners, pins.map(Pins::path))
    }

    fn with_hub(&self, star: &Star, board: &Arc<Mutex<Board>>) -> Result<()> {
        let seen = Arc::clone(board);
        let on_change: OnChange = Arc::new(move |pids| lock(&seen).set_pids(pids));
        let mut supervisor = Supervisor::new(on_change);
        if !self.args.no_hub {
            self.start_hub(star, &mut supervisor)?;
            if !self.wait_until_up(star.plan.segments.len())? {
                self.stop(supervisor);
                return Ok(());
            }
        }
        lock(board).publish(&supervisor.pids())?;
        let description = lock(board).description.clone();
        let link = Credentials::new(&description.data_dir).entry_link;
        let link = (!self.args.no_hub).then(|| self.entry_link(&link)).flatten();
        self.say.ready(&description, &self.layout, link.as_deref(), self.started.elapsed());
        self.signals.wait(None);
        self.stop(supervisor);
        Ok(())
    }

    fn start_hub(&self, star: &Star, supervisor: &mut Supervisor) -> Result<()> {
        self.say.step("Starting the hub");
        let hub = star.place("hub")?;
        let mut netd = self.job("netd")?;
        netd.variables.push((VARIABLE, self.listeners.variable()));
        netd.descriptors = self.listeners.descriptors();
        supervisor.start(netd, hub)?;
        // `serve` would find `netd` by itself, only later.
        let socket = self.layout.netd_socket();
        let until = Instant::now() + Duration::from_secs(5);
        while !socket.exists() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        supervisor.start(self.job("serve")?, hub)
    }

    fn job(&self, name: &'static str) -> Result<Job> {
        Ok(Job {
            name,
            program: program()?,
            arguments: [name.into(), OsString::from("--config"), self.layout.hub_toml().into()]
                .to_vec(),
            variables: Vec::new(),
            descriptors: Vec::new(),
            log: self.layout.log(name),
        })
    }

    /// Whether everything is up; `false` when the user had enough of waiting.
    fn wait_until_up(&self, segments: usize) -> Result<bool> {
        self.say.done(self.started.elapsed());
        self.say.step("Waiting until every segment answers");
        let until = Instant::now() + PATIENCE + Duration::from_millis(segments as u64);
        let pause = Duration::from_millis(if segments > 1_000 { 250 } else { 50 });
        let (mut last, mut since) = (ready::Progress::default(), Instant::now());
        while Instant::now() < until {
            let now = ready::ask_netd(&self.layout.netd_socket());
            if now != last {
                (last, since) = (now, Instant::now());
            }
            // Somebody may have retired segments: the registry outlives the star.
            let settled = last.up > 0 && since.elapsed() >= SETTLED;
            if (last.up >= segments || settled)
                && ready::answers_http(port_of(&self.listeners.dashboard))
            {
                self.say.done(self.started.elapsed());
                if last.up < segments {
                    self.say.note(&format!(
                        "{} of {segments} segments do not answer. Were some retired? Bring them back on \
                         the dashboard, or remove {} to begin anew",
                        segments - last.up,
                        self.layout.dir.join("data").display()
                    ));
                }
                return Ok(true);
            }
            if self.signals.wait(Some(pause)) {
                return Ok(false);
            }
        }
        Err(Error::Refused(format!(
            "the hub did not come up: of {segments} segments {} are watched and {} answer; see {} and {}",
            last.watched,
            last.up,
            self.layout.log("netd").display(),
            self.layout.log("serve").display()
        )))
    }

    /// The one-time link that `serve` made at this start; else a new one by the hub's own command.
    fn entry_link(&self, path: &Path) -> Option<String> {
        if let Ok(text) = fs::read_to_string(path) {
            return Some(text.trim().to_owned());
        }
        let mut command = Command::new(program().ok()?);
        command.arg("entry-link").arg("--config").arg(self.layout.hub_toml());
        let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.split_whitespace().find(|word| word.starts_with("http")).map(str::to_owned)
    }

    fn stop(&self, mut supervisor: Supervisor) {
        self.say.step("Stopping");
        supervisor.stop();
        self.say.done(Duration::ZERO);
    }
}

fn program() -> Result<PathBuf> {
    match std::env::var_os(PROGRAM) {
        Some(program) => Ok(program.into()),
        None => {
            std::env::current_exe().context(|| "cannot find this program's own file".to_owned())
        }
    }
}

/// What the outside world is told, kept current.
struct Board {
    description: Description,
    path: PathBuf,
    claim: Claim,
    ready: bool,
}

impl Board {
    fn publish(&mut self, pids: &BTreeMap<&'static str, u32>) -> Result<()> {
        self.ready = true;
        self.description.hub_pids =
            pids.iter().map(|(name, pid)| ((*name).to_owned(), *pid)).collect();
        self.description.write(&self.path)
    }

    fn set_pids(&mut self, pids: &BTreeMap<&'static str, u32>) {
        let recorded = self.claim.set_children(pids.values().copied());
        // A process that is being started again is told when it has its new number.
        let complete = self.ready && pids.len() == 2;
        let published = if complete { self.publish(pids) } else { Ok(()) };
        if let Err(error) = recorded.and(published) {
            say::error(&error);
        }
    }
}

fn lock(board: &Mutex<Board>) -> std::sync::MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The signals that end the lab, taken from their usual way so that nothing is left behind.
struct Signals(SignalFd);

impl Signals {
    fn take() -> Result<Self> {
        let mut set = SigSet::empty();
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            set.add(signal);
        }
        let what = || "cannot take over the signals".to_owned();
        set.thread_block().context(what)?;
        SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC).map(Self).context(what)
    }

    /// Waits for a signal, at most so long; whether one came.
    fn wait(&self, at_most: Option<Duration>) -> bool {
        let timeout = at_most.map_or(PollTimeout::NONE, |time| {
            PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX)
        });
        loop {
            let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
            match poll(&mut fds, timeout) {
                Ok(count) => return count > 0,
                Err(nix::Error::EINTR) => {}
                Err(_) => return true,
            }
        }
    }
}
