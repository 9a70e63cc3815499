//! Processes: ours, and foreign judges.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The built product, as `make build` leaves it.
pub(crate) fn hub_binary() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
    let binary = target.join("release/ets-hub");
    assert!(binary.exists(), "{} is not built: run `make build`", binary.display());
    binary.canonicalize().expect("an existing file has a path")
}

/// Bytes of memory of a process, by the name of the field of `proc_pid_status`(5): `VmRSS`, or `RssAnon` for
/// its own alone.
pub(crate) fn memory(pid: i64, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.expect("the field").trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
}

/// Whether the tests run as root.
pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// What a machine's environment says of proxies, which is no matter of the lab.
const PROXIES: [&str; 4] = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];

/// A program that asks nobody's proxy but the one it is told.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    for name in PROXIES {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command
}

/// Runs a program to its end; fails when it cannot be started.
#[track_caller]
fn run(program: &str, args: &[&str]) -> Output {
    self::program(program)
        .args(args)
        .output()
        .unwrap_or_else(|error| panic!("{program} cannot be started: {error}"))
}

/// Runs a foreign tool that must succeed and gives what it printed.
#[track_caller]
pub(crate) fn tool(program: &str, args: &[&str]) -> String {
    let output = run(program, args);
    assert!(
        output.status.success(),
        "{program} {args:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A process that is ended with the test, however that ends.
#[derive(Debug)]
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // One that ended and was waited for has left its process id to others.
        if self.0.try_wait().is_ok_and(|ended| ended.is_some()) {
            return;
        }
        // Some have children that end with them only when they are asked.
        let pid = Pid::from_raw(i32::try_from(self.0.id()).expect("process ids are small"));
        let _ = kill(pid, Signal::SIGTERM);
        for _ in 0..100 {
            if self.0.try_wait().ok().flatten().is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Running {
    #[track_caller]
    pub(crate) fn start(mut command: Command) -> Self {
        let program = command.get_program().to_owned();
        Self(command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program.display())))
    }

    pub(crate) fn pid(&self) -> i64 {
        i64::from(self.0.id())
    }

    /// The next line that it prints, octet by octet so that nothing of what follows is lost; empty at the end.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        let stdout = self.0.stdout.as_mut().expect("it is piped");
        let (mut line, mut octet) = (Vec::new(), [0]);
        while stdout.read(&mut octet).expect("it can be read") == 1 && octet != *b"\n" {
            line.push(octet[0]);
        }
        String::from_utf8(line).expect("UTF-8")
    }

    /// Says a line and hears the next one.
    #[track_caller]
    pub(crate) fn ask(&mut self, question: &str) -> String {
        let mut stdin = self.0.stdin.as_ref().expect("it is piped");
        writeln!(stdin, "{question}").expect("it listens");
        self.line()
    }

    /// The exit status once it has ended by itself.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("it is ours")
    }

    /// Ends it at once (kill -9).
    pub(crate) fn kill(mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it ends");
    }
}

/// What a program prints on its standard output, and its exit code.
#[track_caller]
pub(crate) fn said(mut command: Command) -> (Option<i32>, String) {
    let output = command.stdout(Stdio::piped()).output().expect("the program starts");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a process lives (and is no zombie).
pub(crate) fn alive(pid: i64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

/// The living processes whose command line holds all of `words`.
pub(crate) fn children_named(words: &[&str]) -> Vec<i64> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i64>().ok())
        .filter(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            !line.is_empty() && words.iter().all(|word| line.contains(word)) && alive(*pid)
        })
        .collect()
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// CPU time, user and system.
    pub(crate) cpu: Duration,
    /// Resident memory now, in bytes.
    pub(crate) resident: u64,
}

impl Usage {
    /// Reads it from /proc.
    #[track_caller]
    pub(crate) fn of(pid: i64) -> Self {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process lives");
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let number = |at: usize| fields[at].parse::<u64>().expect("the kernel writes numbers");
        // Fields 14, 15 and 24 of proc(5), counted from the state, which is field 3.
        let ticks = number(11) + number(12);
        Self {
            cpu: Duration::from_millis(ticks * 1000 / ticks_per_second()),
            resident: number(21) * 4096,
        }
    }
}

fn ticks_per_second() -> u64 {
    let ticks = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).ok().flatten();
    ticks.and_then(|ticks| u64::try_from(ticks).ok()).unwrap_or(100)
}
