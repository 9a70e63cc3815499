//! Keeps the hub's two processes running: starts them in the hub's namespace, starts them again
//! when they end, and ends them when the lab ends.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::error::{Context, Result};
use crate::namespace::Namespace;
use crate::{say, spawn};

/// First pause before a process is started again; doubled up to [`LONGEST_PAUSE`].
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A process that lived this long starts with the shortest pause again.
const STEADY: Duration = Duration::from_secs(10);
/// How long a process may take to end when asked.
const GRACE: Duration = Duration::from_secs(8);

/// What to start.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// `netd` or `serve`.
    pub(crate) name: &'static str,
    /// The program.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<OsString>,
    /// Additional variables.
    pub(crate) variables: Vec<(&'static str, String)>,
    /// Descriptors that it inherits.
    pub(crate) descriptors: Vec<RawFd>,
    /// Where its output goes; the run before is kept beside it with the ending `.1`.
    pub(crate) log: PathBuf,
}

/// Called when a process has started or ended, with the ids of those that run. Must not call the
/// supervisor.
pub(crate) type OnChange = Arc<dyn Fn(&BTreeMap<&'static str, u32>) + Send + Sync>;

#[derive(Default)]
struct State {
    stopping: bool,
    pids: BTreeMap<&'static str, u32>,
}

/// The running processes.
pub(crate) struct Supervisor {
    state: Arc<Mutex<State>>,
    on_change: OnChange,
    threads: Vec<JoinHandle<()>>,
}

impl Supervisor {
    /// Watches over nothing yet.
    pub(crate) fn new(on_change: OnChange) -> Self {
        Self { state: Arc::default(), on_change, threads: Vec::new() }
    }

    /// Starts a process in a namespace and keeps it running.
    pub(crate) fn start(&mut self, job: Job, place: &Namespace) -> Result<()> {
        let log = open_log(&job.log)?;
        let place = Namespace::open(place.name())?;
        let keeper = Keeper {
            job,
            log,
            state: Arc::clone(&self.state),
            on_change: Arc::clone(&self.on_change),
        };
        // The thread stays for the life of the process: the kernel ends a child with the very
        // thread that started it.
        let thread =
            std::thread::Builder::new().name(keeper.job.name.to_owned()).spawn(move || {
                if place.enter().is_ok() {
                    keeper.keep_running();
                }
            });
        self.threads.push(thread.context(|| "cannot start a thread".to_owned())?);
        Ok(())
    }

    /// The ids of the processes that run now.
    pub(crate) fn pids(&self) -> BTreeMap<&'static str, u32> {
        lock(&self.state).pids.clone()
    }

    /// Ends the processes: asks, waits, insists.
    pub(crate) fn stop(&mut self) {
        lock(&self.state).stopping = true;
        let asked = Instant::now();
        self.signal_all(Signal::SIGTERM);
        while !lock(&self.state).pids.is_empty() {
            if asked.elapsed() > GRACE {
                self.signal_all(Signal::SIGKILL);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }

    fn signal_all(&self, signal: Signal) {
        for pid in lock(&self.state).pids.values().filter_map(|pid| i32::try_from(*pid).ok()) {
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Keeper {
    job: Job,
    log: File,
    state: Arc<Mutex<State>>,
    on_change: OnChange,
}

impl Keeper {
    fn keep_running(&self) {
        let mut pause = SHORTEST_PAUSE;
        while !lock(&self.state).stopping {
            let started = Instant::now();
            self.run_once();
            if started.elapsed() > STEADY {
                pause = SHORTEST_PAUSE;
            }
            self.sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn run_once(&self) {
        let job = &self.job;
        let mut command = Command::new(&job.program);
        command.args(&job.arguments).envs(job.variables.iter().map(|(name, value)| (name, value)));
        // Under the lock, so that a stop either sees the process or prevents it.
        let child = {
            let mut state = lock(&self.state);
            if state.stopping {
                return;
            }
            let child = spawn::spawn(&mut command, &self.log, &job.descriptors);
            if let Ok(child) = &child {
                state.pids.insert(job.name, child.id());
            }
            child
        };
        let ended = child.and_then(|mut child| {
            self.report();
            child.wait()
        });
        lock(&self.state).pids.remove(job.name);
        self.report();
        self.tell(&ended);
    }

    fn report(&self) {
        // Under the lock, so that no older news overtakes a newer one.
        (self.on_change)(&lock(&self.state).pids);
    }

    fn tell(&self, ended: &std::io::Result<ExitStatus>) {
        if lock(&self.state).stopping {
            return;
        }
        let how = ended
            .as_ref()
            .map_or_else(|error| format!("cannot start: {error}"), ToString::to_string);
        let (name, log) = (self.job.name, self.job.log.display());
        say::error(&format!("{name} ended ({how}) and is started again; its log: {log}"));
    }

    fn sleep(&self, pause: Duration) {
        let until = Instant::now() + pause;
        while Instant::now() < until && !lock(&self.state).stopping {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn open_log(path: &Path) -> Result<File> {
    let _ = std::fs::rename(path, path.with_extension("log.1"));
    OpenOptions::new().create(true).append(true).open(path).at("open", path)
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    // The state is two plain values: right even after a panic elsewhere.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::namespace;
    use crate::user_namespace::is_privileged;

    struct Place(Namespace);

    impl Drop for Place {
        fn drop(&mut self) {
            namespace::remove(self.0.name());
        }
    }

    fn place() -> Option<Place> {
        if !is_privileged() {
            eprintln!("skipped: needs root");
            return None;
        }
        namespace::prepare_folder().unwrap();
        let name = format!("lab-supervise-{}", std::process::id());
        namespace::create(&[name]).unwrap().pop().map(Place)
    }

    fn job(folder: &Path, script: &str) -> Job {
        Job {
            name: "netd",
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            variables: vec![("ETS_TEST", "heard".to_owned())],
            descriptors: Vec::new(),
            log: folder.join("netd.log"),
        }
    }

    fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
        for _ in 0..500 {
            if let Some(found) = look() {
                return found;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("waited in vain");
    }

    #[test]
    fn a_killed_process_is_started_again_at_once_and_told() {
        let Some(place) = place() else { return };
        let folder = tempfile::tempdir().unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&told);
        let on_change: OnChange = Arc::new(move |pids| seen.lock().unwrap().push(pids.clone()));
        let mut supervisor = Supervisor::new(on_change);
        supervisor.start(job(folder.path(), "echo $ETS_TEST; exec sleep 100"), &place.0).unwrap();
        let first = wait_for(|| supervisor.pids().get("netd").copied());
        // A shell that is ended before its first word has said nothing.
        let log = folder.path().join("netd.log");
        let said = |text: &str| (std::fs::read_to_string(&log).ok()? == text).then_some(());
        wait_for(|| said("heard\n"));
        kill(Pid::from_raw(i32::try_from(first).unwrap()), Signal::SIGKILL).unwrap();
        let killed = Instant::now();
        let second =
            wait_for(|| supervisor.pids().get("netd").copied().filter(|pid| *pid != first));
        assert!(killed.elapsed() < Duration::from_millis(500), "{:?}", killed.elapsed());
        wait_for(|| said("heard\nheard\n"));
        supervisor.stop();
        assert!(!Path::new(&format!("/proc/{second}")).exists());
        let told: Vec<_> =
            told.lock().unwrap().iter().map(|pids| pids.get("netd").copied()).collect();
        assert_eq!(told, [Some(first), None, Some(second), None]);
    }

    #[test]
    fn a_process_that_cannot_live_is_started_ever_more_rarely() {
        let Some(place) = place() else { return };
        let folder = tempfile::tempdir().unwrap();
        let mut supervisor = Supervisor::new(Arc::new(|_| {}));
        supervisor.start(job(folder.path(), "echo once; exit 1"), &place.0).unwrap();
        std::thread::sleep(Duration::from_millis(900));
        supervisor.stop();
        let log = std::fs::read_to_string(folder.path().join("netd.log")).unwrap();
        // After 0, 50, 150, 350, 750 ms.
        assert!((3..=5).contains(&log.lines().count()), "{log}");
    }

    #[test]
    fn a_process_that_does_not_listen_is_ended_all_the_same() {
        let Some(place) = place() else { return };
        let folder = tempfile::tempdir().unwrap();
        let mut supervisor = Supervisor::new(Arc::new(|_| {}));
        let script = "trap '' TERM; echo ready; while :; do sleep 0.1; done";
        supervisor.start(job(folder.path(), script), &place.0).unwrap();
        let log = folder.path().join("netd.log");
        wait_for(|| std::fs::read_to_string(&log).ok().filter(|text| text.contains("ready")));
        let pid = supervisor.pids()["netd"];
        supervisor.stop();
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    }
}
