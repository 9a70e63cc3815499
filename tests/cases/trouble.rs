//! What a hub must live through: full disks, strangers, forgers, kills at the worst moment, crowds.

mod crowd;
mod disk;
mod forgers;
mod kills;
mod releases;
mod strangers;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::support::{Api, Lab, Options, tool, wait_for};

const SOON: Duration = Duration::from_secs(15);
const OFTEN: Duration = Duration::from_millis(50);

/// A lab whose segments are all up.
#[track_caller]
fn lab(segments: u32) -> Lab {
    let lab = Lab::start(&Options { segments, ..Options::default() });
    await_up(&lab, segments as usize);
    lab
}

#[track_caller]
fn await_up(lab: &Lab, segments: usize) {
    wait_for("all segments up", Duration::from_secs(60), OFTEN, || {
        (lab.api().count("up") == segments).then_some(())
    });
}

/// Every outage there ever was.
fn outages(api: &Api) -> Vec<Value> {
    let all = api.try_get("/api/v1/outages?state=any&limit=500").unwrap_or_default();
    all.as_array().cloned().unwrap_or_default()
}

/// Seconds since 1970 of an RFC 3339 moment, by a foreign program.
#[track_caller]
fn seconds(moment: &Value) -> f64 {
    let text = moment.as_str().expect("a moment");
    let said = tool("date", &["-u", "-d", text, "+%s.%N"]);
    said.trim().parse().expect("date prints a number")
}

fn now() -> f64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    now.as_secs_f64()
}

/// One metric without labels.
#[track_caller]
fn metric(lab: &Lab, name: &str) -> u64 {
    lab.figure(name).expect("the metric is there") as u64
}

/// A session in the lab's dashboard as the value of a `cookie` header, got through the entry link.
#[track_caller]
fn session(lab: &Lab) -> String {
    let data = lab.json()["data_dir"].as_str().expect("lab.json names it").to_owned();
    let link = std::fs::read_to_string(format!("{data}/entry-link")).expect("a link was made");
    let (url, token) = link.trim().split_once("?token=").expect("the link carries a token");
    let (_, rest) = url.split_once("://").expect("a URL");
    let port = rest.split(['/', ':']).nth(1).expect("a port").to_owned();
    let pin = format!("ets.localhost:{port}:127.0.0.1");
    let token = format!("token={token}");
    let head =
        tool("curl", &["-sS", "--resolve", &pin, "-o", "/dev/null", "-D", "-", "-d", &token, url]);
    let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: "));
    let cookie = cookie.unwrap_or_else(|| panic!("no session was opened: {head}"));
    cookie.split(';').next().expect("it has a first part").to_owned()
}

/// A request on the lab's plain dashboard; the answer is read from what is given back.
#[track_caller]
fn ask(lab: &Lab, path: &str, cookie: &str, more: &str) -> TcpStream {
    let url = lab.json()["dashboard_plain_url"].as_str().expect("lab.json names it").to_owned();
    let host = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let port = host.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the dashboard listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookie}\r\n{more}\r\n");
    stream.write_all(request.as_bytes()).expect("the dashboard reads");
    stream
}

/// A whole page: how long it took, and its bytes with the head.
#[track_caller]
fn page(lab: &Lab, path: &str, cookie: &str) -> (Duration, Vec<u8>) {
    let started = Instant::now();
    let more = "accept-encoding: br, gzip\r\nconnection: close\r\n";
    let mut answer = Vec::new();
    ask(lab, path, cookie, more).read_to_end(&mut answer).expect("the page comes whole");
    (started.elapsed(), answer)
}
