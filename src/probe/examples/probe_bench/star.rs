//! The link: a hub's and a far namespace, joined by a veth pair; the far one answers for whole
//! prefixes.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};

use crate::meter::Tally;

/// The two namespaces; gone when dropped.
pub(crate) struct Star {
    pub(crate) hub: String,
    pub(crate) far: String,
}

/// A process in the hub's namespace.
pub(crate) struct Worker {
    child: Child,
}

/// The address of target `index`.
pub(crate) fn address(index: u32, family: &str) -> IpAddr {
    match family {
        "v6" => Ipv6Addr::from(0xfd77_0001_u128 << 96 | u128::from(index + 1)).into(),
        _ => Ipv4Addr::from(0x0a4e_0000 + index + 1).into(),
    }
}

impl Star {
    pub(crate) fn raise() -> Result<Self, Box<dyn std::error::Error>> {
        remove_leftovers();
        let id = std::process::id();
        let star = Self { hub: format!("probe-hub-{id}"), far: format!("probe-far-{id}") };
        let Self { hub, far } = &star;
        for name in [hub, far] {
            ip(&["netns", "add", name])?;
        }
        ip(&[
            "-n", hub, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", far,
        ])?;
        for (space, host) in [(hub, 1), (far, 2)] {
            ip(&["-n", space, "link", "set", "lo", "up"])?;
            ip(&["-n", space, "address", "add", &format!("10.77.0.{host}/24"), "dev", "wire"])?;
            let v6 = format!("fd77::{host}/64");
            ip(&["-n", space, "address", "add", &v6, "dev", "wire", "nodad"])?;
            ip(&["-n", space, "link", "set", "wire", "up"])?;
        }
        ip(&["-n", hub, "route", "add", "10.78.0.0/15", "via", "10.77.0.2"])?;
        ip(&["-n", hub, "route", "add", "fd77:1::/32", "via", "fd77::2"])?;
        ip(&["-n", far, "route", "add", "local", "10.78.0.0/15", "dev", "lo"])?;
        ip(&["-n", far, "route", "add", "local", "fd77:1::/32", "dev", "lo"])?;
        Ok(star)
    }

    /// A command inside of a namespace.
    pub(crate) fn command(space: &str, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", space, program]);
        command
    }

    /// Starts this program again in the hub's namespace.
    pub(crate) fn worker(
        &self,
        role: &str,
        targets: u32,
        seconds: u32,
        rest: &[&str],
    ) -> std::io::Result<Worker> {
        let program = std::env::current_exe()?;
        let child = Self::command(&self.hub, &program.to_string_lossy())
            .args([role, "--targets", &targets.to_string(), "--seconds", &seconds.to_string()])
            .args(rest)
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Worker { child })
    }

    /// Starts fping over the first `targets` targets, each once a second, quiet until its end.
    pub(crate) fn fping(&self, targets: u32, seconds: u32) -> std::io::Result<Worker> {
        let spacing = 1_000.0 / f64::from(targets);
        let mut child = Self::command(&self.hub, "fping")
            .args(["-q", "-c", &seconds.to_string(), "-p", "1000", "-t", "900"])
            .args(["-i", &spacing.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut list = child.stdin.take().expect("it was piped");
        for index in 0..targets {
            writeln!(list, "{}", address(index, "v4"))?;
        }
        Ok(Worker { child })
    }
}

impl Worker {
    /// Waits for it and reads its tally.
    pub(crate) fn result(&mut self) -> Result<Tally, Box<dyn std::error::Error>> {
        let mut output = String::new();
        if let Some(mut pipe) = self.child.stdout.take() {
            pipe.read_to_string(&mut output)?;
        }
        self.child.wait()?;
        Tally::parse(&output).ok_or_else(|| format!("a worker gave no result: {output}").into())
    }

    /// Waits for fping and reads what it counted.
    pub(crate) fn summary(&mut self) -> Result<Tally, Box<dyn std::error::Error>> {
        let before = children_cpu();
        let mut output = String::new();
        if let Some(mut pipe) = self.child.stderr.take() {
            pipe.read_to_string(&mut output)?;
        }
        self.child.wait()?;
        let (mut sent, mut answered) = (0, 0);
        for line in output.lines().filter(|line| line.contains("xmt/rcv")) {
            let counts = line.split(" = ").nth(1).unwrap_or_default();
            let mut parts = counts.split('/').map(|part| part.trim().parse::<u64>().unwrap_or(0));
            sent += parts.next().unwrap_or(0);
            answered += parts.next().unwrap_or(0);
        }
        let cpu = children_cpu().saturating_sub(before);
        Ok(Tally { sent, answered, cpu, ..Tally::default() })
    }
}

impl Drop for Star {
    fn drop(&mut self) {
        for name in [&self.hub, &self.far] {
            if let Err(error) = ip(&["netns", "delete", name]) {
                eprintln!("probe_bench: {error}");
            }
        }
    }
}

/// Removes the namespaces of benches that were killed.
fn remove_leftovers() {
    let Ok(spaces) = std::fs::read_dir("/run/netns") else { return };
    for name in spaces.flatten().filter_map(|entry| entry.file_name().into_string().ok()) {
        let ours = ["probe-hub-", "probe-far-"].iter().find_map(|start| name.strip_prefix(start));
        if ours.is_some_and(|id| !std::path::Path::new("/proc").join(id).exists()) {
            // The other bench that removes it at the same time is welcome to.
            let _ = ip(&["netns", "delete", &name]);
        }
    }
}

/// CPU time of all children that have been waited for.
fn children_cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("getrusage cannot fail");
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    let total = micros(usage.user_time()) + micros(usage.system_time());
    Duration::from_micros(u64::try_from(total).unwrap_or(0))
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    let status = Command::new("ip").args(arguments).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        _ => Err(format!("`ip {}` failed: install iproute2 and run as root", arguments.join(" "))),
    }
}
