//! The gateway alone, whose listening socket outlives it as it does with `netd`.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{ChildStdout, Stdio};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::beside::{MEASURED, start_with};
use crate::support::{Lab, Running};

/// Where clients in segments find it.
pub(super) const PROXY: &str = "10.10.0.1:3128";

pub(super) struct Gate {
    dir: tempfile::TempDir,
    listener: TcpListener,
    now: Option<(Running, BufReader<ChildStdout>)>,
}

impl Gate {
    /// With so many segments, and rules that let all of them out.
    pub(super) fn start(segments: u32) -> Self {
        let listener = TcpListener::bind(PROXY).expect("the address is free");
        let dir = tempfile::tempdir().expect("a folder");
        let config = json!({ "dir": dir.path(), "http": "stdin", "segments": segments });
        std::fs::write(dir.path().join("gate.json"), config.to_string()).expect("it is written");
        let mut gate = Self { dir, listener, now: None };
        gate.again();
        gate
    }

    /// A process in the place of the one that ended.
    pub(super) fn again(&mut self) {
        let config = self.path("gate.json");
        let config = config.to_str().expect("UTF-8");
        let socket: OwnedFd = self.listener.try_clone().expect("a descriptor").into();
        let (running, ready, says) = start_with(MEASURED, "gate", &[config], Stdio::from(socket));
        assert_eq!(ready, "ready");
        self.now = Some((running, says));
    }

    /// Ends the process and waits for that.
    pub(super) fn end(&mut self, how: Signal) {
        self.signal(how);
        let (mut running, _) = self.now.take().expect("it runs");
        running.0.wait().expect("it ends");
    }

    /// What passed until now, and how many tunnels are open.
    pub(super) fn passed(&mut self) -> Value {
        self.signal(Signal::SIGUSR1);
        self.line()
    }

    /// Puts rules in force; what that took.
    pub(super) fn change(&mut self, rules: &Value) -> Value {
        std::fs::write(self.path("gate.rules"), rules.to_string()).expect("it is written");
        self.signal(Signal::SIGHUP);
        self.line()
    }

    fn signal(&self, signal: Signal) {
        let (running, _) = self.now.as_ref().expect("it runs");
        Lab::signal(running.pid(), signal);
    }

    fn line(&mut self) -> Value {
        let (_, says) = self.now.as_mut().expect("it runs");
        line(says)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

/// The next line that a process says.
#[track_caller]
pub(super) fn line(says: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    says.read_line(&mut line).expect("it says something");
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"))
}
