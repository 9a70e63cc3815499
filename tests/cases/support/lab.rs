//! A running lab, ended when the test ends, however it ends.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use super::{Api, alive, hub_binary, program, text, tool, wait_for};

/// What kind of lab.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) segments: u32,
    pub(crate) links: Option<u32>,
    pub(crate) critical: u32,
    pub(crate) traffic: bool,
    /// As this ordinary user instead of as the one who tests.
    pub(crate) as_user: Option<(u32, u32)>,
    /// Variables that the hub's processes see.
    pub(crate) env: Vec<(&'static str, String)>,
    /// How long the start may take.
    pub(crate) patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segments: 8,
            links: None,
            critical: 0,
            traffic: false,
            as_user: None,
            env: Vec::new(),
            patience: Duration::from_secs(60),
        }
    }
}

/// A lab that runs.
pub(crate) struct Lab {
    child: Child,
    dir: TempDir,
    user: Option<(u32, u32)>,
    /// How long it took until it was ready.
    pub(crate) start: Duration,
}

impl Lab {
    /// Raises a star and waits until it is ready.
    #[track_caller]
    pub(crate) fn start(options: &Options) -> Self {
        Self::start_in(fresh_dir(options), options)
    }

    /// Raises a star in a folder that may have held one before.
    #[track_caller]
    pub(crate) fn start_in(dir: TempDir, options: &Options) -> Self {
        let log = File::create(dir.path().join("lab.log")).expect("the log can be made");
        let ready = dir.path().join("lab.json");
        if ready.exists() {
            std::fs::remove_file(&ready).expect("the old lab.json can be removed");
        }
        let started = Instant::now();
        let child = command(options, dir.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log)
            .spawn()
            .expect("the lab starts");
        let mut lab = Self { child, dir, user: options.as_user, start: Duration::ZERO };
        wait_for("the lab", options.patience, Duration::from_millis(20), || {
            if let Ok(Some(status)) = lab.child.try_wait() {
                panic!("the lab ended with {status}:\n{}", lab.log());
            }
            ready.exists().then_some(())
        });
        lab.start = started.elapsed();
        lab
    }

    /// What it says of itself.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let text = std::fs::read(self.path().join("lab.json")).expect("lab.json is there");
        serde_json::from_slice(&text).expect("lab.json is JSON")
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// What it printed.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path().join("lab.log")).unwrap_or_default()
    }

    /// Process ids of `netd` or `serve`.
    #[track_caller]
    pub(crate) fn pid(&self, part: &str) -> i64 {
        self.json()["hub_pids"][part].as_i64().expect("lab.json names the process")
    }

    /// The API over the hub's Unix socket.
    pub(crate) fn api(&self) -> Api {
        Api::new(&self.socket())
    }

    fn socket(&self) -> PathBuf {
        self.path().join("serve.sock")
    }

    /// The hub's own address on a segment's link.
    pub(crate) fn hub_address(&self, segment: &Value) -> String {
        let (hub, link) = (self.json()["hub_netns"].clone(), segment["link"].clone());
        let words = ["-n", text(&hub), "-4", "-br", "address", "show", "dev", text(&link)];
        let told = tool("ip", &words);
        let address = told.split_whitespace().nth(2).and_then(|one| one.split('/').next());
        address.expect("the hub has an address there").to_owned()
    }

    /// `ets-hub lab …` for this lab; must succeed.
    #[track_caller]
    pub(crate) fn tell(&self, words: &[&str]) -> String {
        let output = as_user(self.user)
            .arg("lab")
            .args(words)
            .arg("--dir")
            .arg(self.path())
            .output()
            .expect("the command starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "lab {words:?} failed: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Sends a signal to a process of the hub.
    pub(crate) fn signal(pid: i64, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(pid).expect("process ids are small"));
        kill(pid, signal).expect("the process lives");
    }

    /// Ctrl-C; waits for the end and gives the folder back.
    #[track_caller]
    pub(crate) fn stop(mut self) -> TempDir {
        Self::signal(i64::from(self.child.id()), Signal::SIGINT);
        wait_for("the lab's end", Duration::from_secs(30), Duration::from_millis(20), || {
            self.child.try_wait().ok().flatten()
        });
        self.take_dir()
    }

    /// kill -9 of the lab itself; gives the folder back.
    pub(crate) fn kill(mut self) -> TempDir {
        self.child.kill().expect("the lab lives");
        self.child.wait().expect("the lab can be waited for");
        self.take_dir()
    }

    fn take_dir(&mut self) -> TempDir {
        let fresh = tempfile::tempdir().expect("a folder can be made");
        std::mem::replace(&mut self.dir, fresh)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let pid = i64::from(self.child.id());
        if self.child.try_wait().ok().flatten().is_none() && alive(pid) {
            if std::thread::panicking() {
                eprintln!("the lab said:\n{}", self.log());
            }
            Self::signal(pid, Signal::SIGINT);
            let deadline = Instant::now() + Duration::from_secs(20);
            while Instant::now() < deadline && self.child.try_wait().ok().flatten().is_none() {
                std::thread::sleep(Duration::from_millis(50));
            }
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

fn fresh_dir(options: &Options) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder can be made");
    if let Some((uid, gid)) = options.as_user {
        std::os::unix::fs::chown(dir.path(), Some(uid), Some(gid)).expect("root may give it away");
    }
    dir
}

/// The hub's command, as another user where one is named.
fn as_user(user: Option<(u32, u32)>) -> Command {
    let Some((uid, gid)) = user else { return program(hub_binary()) };
    let mut command = program("setpriv");
    command.args(["--reuid", &uid.to_string(), "--regid", &gid.to_string(), "--clear-groups"]);
    command.arg(hub_binary());
    command
}

fn command(options: &Options, dir: &Path) -> Command {
    let mut command = as_user(options.as_user);
    command.env("HOME", dir).envs(options.env.iter().map(|(name, value)| (name, value)));
    command.args(["lab", "run", "--segments", &options.segments.to_string(), "--dir"]).arg(dir);
    command.args(["--critical", &options.critical.to_string()]);
    if let Some(links) = options.links {
        command.args(["--links", &links.to_string()]);
    }
    if !options.traffic {
        command.arg("--no-traffic");
    }
    command
}
