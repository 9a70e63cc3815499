//! Datagrams through the hub, on the built product: a call of two segments by a relay, and what SOCKS
//! relays. Judged by a script that counts octets, by `PySocks`, tcpdump and ss.

mod call;
mod socks;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Lab, hub_binary, inside_of, text, tool, wait_for};

const SOON: Duration = Duration::from_secs(10);
const OFTEN: Duration = Duration::from_millis(50);

/// A script of ours, with the interpreter of the system, which has `PySocks`.
fn script(place: &Value, name: &str, args: &[&str]) -> Command {
    let path = format!("{}/cases/relays/{name}.py", env!("CARGO_MANIFEST_DIR"));
    let words: Vec<&str> =
        ["/usr/bin/python3", path.as_str()].iter().chain(args).copied().collect();
    let mut command = inside_of(place, &words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    command
}

/// A script that is spoken with, line by line; it ends with this.
struct Spoken {
    child: Child,
    stdin: ChildStdin,
    lines: BufReader<ChildStdout>,
}

impl Spoken {
    #[track_caller]
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the script starts");
        let stdin = child.stdin.take().expect("it is piped");
        let lines = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, stdin, lines }
    }

    /// The next line; empty at the end.
    #[track_caller]
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("it can be read");
        line.trim().to_owned()
    }

    #[track_caller]
    fn ask(&mut self, question: &str) -> String {
        writeln!(self.stdin, "{question}").expect("it listens");
        self.line()
    }
}

impl Drop for Spoken {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// `ets-hub gateway …` with what it says; must succeed.
#[track_caller]
fn gateway(lab: &Lab, args: &[&str], input: &Value) -> Value {
    let (answer, said) = try_gateway(lab, args, input);
    answer.unwrap_or_else(|| panic!("{args:?}: {said}"))
}

/// The same; none and what it complains of where it fails.
#[track_caller]
fn try_gateway(lab: &Lab, args: &[&str], input: &Value) -> (Option<Value>, String) {
    let mut command = Command::new(hub_binary());
    command.args(["gateway", "--json", "--dir"]).arg(lab.path()).args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(input.to_string().as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let answer = output.status.success().then(|| serde_json::from_slice(&output.stdout));
    (answer.map(|answer| answer.expect("JSON")), said)
}

/// A figure for Prometheus; 0 where there is none.
#[track_caller]
fn figure(json: &Value, name: &str) -> u64 {
    let figures = tool("curl", &["-sS", text(&json["metrics_url"])]);
    let value = figures.lines().find_map(|one| one.strip_prefix(name)?.strip_prefix(' '));
    value.and_then(|value| value.parse().ok()).unwrap_or(0)
}

/// Octets of payload of a segment that the gateway counted.
#[track_caller]
fn passed(json: &Value, segment: &str, direction: &str) -> u64 {
    let labels = format!("segment=\"{segment}\",direction=\"{direction}\"");
    figure(json, &format!("ets_gateway_bytes_total{{{labels}}}"))
}

/// Datagrams that were dropped for a reason.
#[track_caller]
fn dropped(json: &Value, reason: &str) -> u64 {
    figure(json, &format!("ets_gateway_datagrams_dropped_total{{reason=\"{reason}\"}}"))
}

/// Waits until so many associations or sessions are open.
#[track_caller]
fn await_sessions(json: &Value, kind: &str, count: u64) {
    let name = format!("ets_gateway_udp_sessions{{kind=\"{kind}\"}}");
    wait_for(&format!("{count} of {kind}"), SOON, OFTEN, || {
        (figure(json, &name) == count).then_some(())
    });
}
