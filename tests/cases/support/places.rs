//! Programs inside the namespaces of a lab; what happens there, judged by ping and curl.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::{Running, program, wait_for};

/// A program inside a namespace.
pub(crate) fn inside(place: &str, words: &[&str]) -> Command {
    let mut command = program("ip");
    command.args(["netns", "exec", place]).args(words);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// A program inside the namespace of a place that the lab describes.
pub(crate) fn inside_of(place: &Value, words: &[&str]) -> Command {
    inside(text(&place["netns"]), words)
}

/// A script of the tests, `cases/NAME`, at such a place: with the interpreter of the system, which has
/// the foreign libraries, and with pipes to speak by.
#[track_caller]
pub(crate) fn script(place: &Value, name: &str, args: &[&str]) -> Command {
    let path = format!("{}/cases/{name}", env!("CARGO_MANIFEST_DIR"));
    // What must fail would fail without it as well.
    assert!(Path::new(&path).exists(), "there is no script {path}");
    let mut command = inside_of(place, &[&["/usr/bin/python3", "-B", &path], args].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    command
}

/// A foreign web server of a folder at such a place, once it answers at its address.
#[track_caller]
pub(crate) fn web_server(place: &Value, port: u16, folder: &Path) -> Running {
    let (address, number) = (text(&place["address"]), port.to_string());
    let folder = folder.to_str().expect("a path of the test's");
    let words = ["python3", "-m", "http.server", &number, "--bind", address, "--directory", folder];
    let server = Running::start(inside_of(place, &words));
    let url = format!("http://{address}:{port}/");
    let ask = ["curl", "-s", "--noproxy", "*", "-o", "/dev/null", &url];
    wait_for("the web server", Duration::from_secs(10), Duration::from_millis(50), || {
        inside_of(place, &ask).status().is_ok_and(|status| status.success()).then_some(())
    });
    server
}

/// Runs programs side by side, a hundred at a time; whether each succeeded.
pub(crate) fn all(commands: Vec<Command>) -> Vec<bool> {
    let mut results = Vec::with_capacity(commands.len());
    let mut waiting = commands.into_iter();
    loop {
        let some = waiting.by_ref().take(100);
        let started: Vec<_> = some.map(|mut one| one.spawn().expect("it starts")).collect();
        if started.is_empty() {
            return results;
        }
        let ended = started.into_iter().map(|mut one| one.wait().expect("it ends").success());
        results.extend(ended);
    }
}

#[track_caller]
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

pub(crate) fn ping(from: &Value, source: &str, to: &str) -> Command {
    inside_of(from, &["ping", "-q", "-c1", "-W1", "-I", source, to])
}

/// A connection that is refused by nobody and answered by nobody fails after a second.
pub(crate) fn connect(from: &Value, source: &str, to: &str, port: u16) -> Command {
    let host = if to.contains(':') { format!("[{to}]") } else { to.to_owned() };
    let url = format!("http://{host}:{port}/");
    inside_of(from, &["curl", "-s", "-m1", "--interface", source, &url])
}

/// The computer of a segment, in IPv6: its network and `::10`.
pub(crate) fn host6(segment: &Value) -> String {
    text(&segment["prefix6"]).replace("::/64", "::10")
}
