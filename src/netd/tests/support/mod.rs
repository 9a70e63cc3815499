//! A running `netd` in the test's own process or in a process of its own, and far ends in network
//! namespaces of their own. Everything ends with the test.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ets_model::{Criticality, Method, SegmentNo};
use ets_netd::{Config, Deps, build};
use ets_netd_api::{Client, Desired, Event, EventBody, Follower, Target, Trunk};
use ets_runtime::{Shutdown, ShutdownTrigger};
use nix::sched::{CloneFlags, unshare};
use tempfile::TempDir;

/// Set for the process that is only a `netd`: the directory in which it lives.
pub const PROCESS: &str = "ETS_TEST_NETD_DIRECTORY";

/// A `netd` and where it lives.
pub struct Running {
    pub directory: TempDir,
    pub client: Client,
    trigger: Option<ShutdownTrigger>,
    thread: Option<JoinHandle<()>>,
    process: Option<Child>,
}

pub fn config(directory: &Path) -> Config {
    Config {
        socket: directory.join("netd.sock"),
        state_dir: directory.join("state"),
        ..Config::default()
    }
}

/// Starts a `netd` on a thread, in the calling thread's network namespace; `None`, with the reason
/// printed, where raw sockets are refused.
pub fn start(change: impl FnOnce(&mut Config)) -> Option<Running> {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    change(&mut config);
    let client = Client::new(&config.socket);
    let netd = match build(config, Deps::default()) {
        Ok(netd) => netd,
        Err(ets_netd::Error::Engine(error)) => {
            eprintln!("skipped: {error}");
            return None;
        }
        Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
    };
    let (trigger, shutdown) = Shutdown::new();
    let thread = std::thread::spawn(move || runtime().block_on(netd.run(shutdown)).unwrap());
    Some(Running { directory, client, trigger: Some(trigger), thread: Some(thread), process: None })
}

/// The same in a process of its own, confined as in production, so that it can be stopped and
/// killed. Needs a test named `netd_process` that calls [`be_netd`].
pub fn start_process() -> Running {
    start_process_by(&[])
}

/// The same through a program that starts it.
pub fn start_process_by(starter: &[&str]) -> Running {
    let directory = tempfile::tempdir().unwrap();
    let client = Client::new(config(directory.path()).socket);
    let mut running = Running { directory, client, trigger: None, thread: None, process: None };
    running.launch_by(starter);
    running
}

/// The body of the test named `netd_process`: runs until killed, and does nothing in a normal run.
pub fn be_netd() {
    let Some(directory) = std::env::var_os(PROCESS) else {
        return;
    };
    let deps = Deps { confine: true, ..Deps::default() };
    let netd = build(config(&PathBuf::from(directory)), deps).unwrap();
    let (_trigger, shutdown) = Shutdown::new();
    runtime().block_on(netd.run(shutdown)).unwrap();
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

impl Running {
    /// Starts the process, also again after [`kill`](Self::kill).
    pub fn launch(&mut self) {
        self.launch_by(&[]);
    }

    /// The same through a program that starts it, such as unshare.
    pub fn launch_by(&mut self, starter: &[&str]) {
        let own = std::env::current_exe().unwrap();
        let mut line: Vec<&std::ffi::OsStr> = starter.iter().map(AsRef::as_ref).collect();
        line.push(own.as_os_str());
        let child = Command::new(line[0])
            .args(&line[1..])
            .args(["--exact", "netd_process", "--nocapture"])
            .env(PROCESS, self.directory.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(child);
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.process.as_ref().unwrap().id()).unwrap()
    }

    /// Kill -9.
    pub fn kill(&mut self) {
        let mut child = self.process.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Ends it in order, and leaves its directory.
    pub fn stop(&mut self) {
        if let Some(trigger) = self.trigger.take() {
            trigger.fire();
        }
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking());
        }
    }

    /// Waits until it answers, then follows.
    pub async fn follow(&self) -> Follower {
        let begin = Instant::now();
        loop {
            match self.client.follow(None).await {
                Ok(follower) => return follower,
                Err(error) if begin.elapsed() > Duration::from_secs(5) => panic!("{error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
        if self.process.is_some() {
            self.kill();
        }
    }
}

/// Reads events until `wanted` gives something, for at most `within`.
pub async fn until<T>(
    follower: &mut Follower,
    within: Duration,
    mut wanted: impl FnMut(&Event) -> Option<T>,
) -> T {
    let mut seen = Vec::new();
    let search = async {
        loop {
            let event = follower.next().await.unwrap().unwrap();
            if let Some(found) = wanted(&event) {
                return found;
            }
            if !matches!(event.body, EventBody::Tick(_)) {
                seen.push(event);
            }
        }
    };
    match tokio::time::timeout(within, search).await {
        Ok(found) => found,
        Err(_) => panic!("did not come within {within:?}; came: {seen:#?}"),
    }
}

/// All events of the next `length`.
pub async fn during(follower: &mut Follower, length: Duration) -> Vec<Event> {
    let end = tokio::time::Instant::now() + length;
    let mut seen = Vec::new();
    while let Ok(event) = tokio::time::timeout_at(end, follower.next()).await {
        seen.push(event.unwrap().unwrap());
    }
    seen
}

pub fn target(no: u32, address: &str, interface: &str) -> Target {
    Target {
        no: SegmentNo(no),
        address: address.parse().unwrap(),
        method: Method::Icmp,
        criticality: Criticality::Normal,
        interface: interface.into(),
        maintenance: false,
    }
}

pub fn desired(targets: Vec<Target>) -> Desired {
    let trunk = Trunk { name: "trunk".into(), interfaces: vec!["p*".into()] };
    Desired { generation: 1, targets, trunks: vec![trunk] }
}

/// Moves the calling thread into a network namespace of its own; false, with the reason printed,
/// where that is refused.
pub fn own_namespace() -> bool {
    if let Err(errno) = unshare(CloneFlags::CLONE_NEWNET) {
        eprintln!("skipped: a network namespace needs root ({errno})");
        return false;
    }
    run("ip link set lo up");
    true
}

/// Runs a shell command in the calling thread's namespace.
pub fn run(line: &str) {
    let done = Command::new("sh").args(["-c", line]).status().unwrap();
    assert!(done.success(), "{line}");
}

/// The far end of a port: a namespace of its own, held by a thread.
pub struct Far {
    lines: Sender<String>,
    done: Receiver<()>,
}

impl Far {
    /// Segment `n`: the hub's port `p<n>` with 10.77.`n`.1/24, the far end answers at 10.77.`n`.2.
    pub fn segment(n: u32) -> Self {
        let far = Self::empty();
        let place = far.place.clone();
        run(&format!(
            "ip link add p{n} type veth peer name far netns {place} && ip addr add 10.77.{n}.1/24 \
             dev p{n} && ip link set p{n} up"
        ));
        let far = far.far;
        far.run(&format!(
            "ip addr add 10.77.{n}.2/24 dev far && ip link set far up && ip link set lo up"
        ));
        far
    }

    /// A namespace with nothing in it yet.
    pub fn empty() -> Placed {
        let (lines, orders) = channel::<String>();
        let (told, done) = channel();
        let (here, place) = channel();
        std::thread::spawn(move || {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            let thread = nix::unistd::gettid();
            here.send(format!("/proc/{}/task/{thread}/ns/net", std::process::id())).unwrap();
            for line in orders {
                run(&line);
                told.send(()).unwrap();
            }
        });
        Placed { far: Self { lines, done }, place: place.recv().unwrap() }
    }

    /// Runs a shell command there.
    pub fn run(&self, line: &str) {
        self.lines.send(line.to_owned()).unwrap();
        self.done.recv().unwrap();
    }

    /// Answers no echo request from now on, or answers again.
    pub fn silent(&self, on: bool) {
        self.run(&format!("echo {} > /proc/sys/net/ipv4/icmp_echo_ignore_all", u8::from(on)));
    }
}

/// A far end and the path of its namespace.
pub struct Placed {
    pub far: Far,
    pub place: String,
}
