//! What the hub proves, and what is tried to compare it with.

use std::io;
use std::net::UdpSocket;
use std::process::Command;

use serde_json::Value;

use super::{PATIENCE, Star, second};
use crate::lockout::door;
use crate::support::{connect, host6, inside, ping, text};

/// Something that is tried, and whether it should work.
pub(super) struct Attempt {
    what: String,
    proved: bool,
    how: How,
}

enum How {
    /// A program that fails when it gets no answer.
    Run(Command),
    /// A question for a name, over UDP: namespace, source, server.
    Name(String, String, String),
}

/// Attempts at once; one that nobody answers takes a second.
const AT_ONCE: usize = 100;

/// Everything to be tried from these segments: each service by every address and port, from each
/// network of theirs, and each other.
#[track_caller]
pub(super) fn judge(star: &Star, segments: &[usize]) -> Vec<Attempt> {
    let api = star.api();
    let (reach, rules) = (api.get("/api/v1/reachability"), api.get("/api/v1/rules"));
    assert_eq!(reach["change"], rules["change"], "the proof is of these rules");
    assert_eq!(reach["neighbours"], Value::Array(Vec::new()), "{reach}");
    let services = api.get("/api/v1/services");
    let services = services.as_array().cloned().unwrap_or_default();
    let mut attempts = Vec::new();
    for at in segments {
        let place = &star.places[*at];
        let known = api.segment(text(&place["id"]));
        for service in services.iter().filter(|one| one["retired"].is_null()) {
            let proved = proves(&reach, &place["id"], &service["id"]);
            attempts.extend(towards(place, &known, service, proved));
        }
        for other in segments.iter().filter(|other| *other != at) {
            attempts.extend(between(place, &star.places[*other]));
        }
    }
    attempts
}

/// What the reachability says of a segment and a service. One that it does not name reaches nothing.
fn proves(reach: &Value, segment: &Value, service: &Value) -> bool {
    let rows = reach["segments"].as_array().expect("rows");
    let row = rows.iter().find(|row| row["segment"] == *segment);
    row.and_then(|row| row["services"].as_array()).is_some_and(|list| list.contains(service))
}

/// A service by each of its addresses and ports, from each computer of a segment. The second network
/// counts while the registry has it.
fn towards(place: &Value, known: &Value, service: &Value, proved: bool) -> Vec<Attempt> {
    let has_second = known["prefixes"].to_string().contains("\"10.11.");
    let list = |key: &str| service[key].as_array().cloned().unwrap_or_default();
    let mut attempts = Vec::new();
    for server in list("addresses").iter().map(text) {
        let sources = if server.contains(':') {
            vec![(host6(place), true)]
        } else {
            vec![(text(&place["host"]).to_owned(), true), (second(place), has_second)]
        };
        for (source, ours) in sources {
            for port in list("ports").iter().flat_map(|range| ports(text(range))) {
                attempts.push(Attempt {
                    what: format!(
                        "{} {source} to {} {server} {port:?}",
                        place["id"], service["id"]
                    ),
                    proved: proved && ours,
                    how: how(place, &source, server, port),
                });
            }
        }
    }
    attempts
}

/// The two ends of a range of ports; none for an echo request.
fn ports(range: &str) -> Vec<Option<(bool, u16)>> {
    let Some((protocol, ports)) = range.split_once('/') else { return vec![None] };
    let ends = ports.split('-').map(|port| port.parse().expect("a port"));
    ends.map(|port| Some((protocol == "udp", port))).collect()
}

fn how(place: &Value, source: &str, server: &str, port: Option<(bool, u16)>) -> How {
    match port {
        None => How::Run(ping(place, source, server)),
        Some((true, _)) => {
            How::Name(text(&place["netns"]).to_owned(), source.to_owned(), server.to_owned())
        }
        Some((false, 25)) => {
            let host = if server.contains(':') { format!("[{server}]") } else { server.to_owned() };
            let url = format!("smtp://{host}:25");
            let words = ["curl", "-s", "-m1", "--interface", source, &url];
            How::Run(inside(text(&place["netns"]), &words))
        }
        Some((false, port)) => How::Run(connect(place, source, server, port)),
    }
}

/// Another segment: its computer, its router, in both families, from both networks.
fn between(from: &Value, to: &Value) -> Vec<Attempt> {
    let own = text(&from["host"]);
    let tries = [
        ping(from, own, text(&to["host"])),
        connect(from, own, text(&to["address"]), 80),
        ping(from, &second(from), &second(to)),
        ping(from, &host6(from), &host6(to)),
    ];
    let what = format!("{} to its neighbour {}", from["id"], to["id"]);
    tries.map(|one| Attempt { what: what.clone(), proved: false, how: How::Run(one) }).into()
}

/// Tries everything; what is otherwise than proved.
pub(super) fn tried(attempts: Vec<Attempt>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut waiting = attempts.into_iter();
    loop {
        let some: Vec<Attempt> = waiting.by_ref().take(AT_ONCE).collect();
        if some.is_empty() {
            return wrong;
        }
        let found = std::thread::scope(|scope| {
            let all: Vec<_> =
                some.into_iter().map(|one| scope.spawn(move || one.try_it())).collect();
            all.into_iter().filter_map(|one| one.join().expect("it is tried")).collect::<Vec<_>>()
        });
        wrong.extend(found);
    }
}

impl Attempt {
    /// What is wrong. What should work may be lost once by a busy machine, not three times.
    fn try_it(mut self) -> Option<String> {
        let times = if self.proved { 3 } else { 1 };
        let happens = (0..times).any(|_| self.how.works());
        let Self { what, proved, .. } = self;
        (happens != proved).then(|| format!("{what}: proved {proved}, happens {happens}"))
    }
}

impl How {
    fn works(&mut self) -> bool {
        match self {
            Self::Run(command) => command.status().expect("it starts").success(),
            Self::Name(place, source, server) => {
                let (source, server) = (source.clone(), server.clone());
                door::inside(place, move || Ok(answers(&source, &server).is_ok()))
            }
        }
    }
}

/// A question for the address of `mail` (RFC 1035, section 4.1).
fn answers(source: &str, server: &str) -> io::Result<usize> {
    let socket = UdpSocket::bind((source, 0))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let question = b"\x07\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04mail\x00\x00\x01\x00\x01";
    socket.send_to(question, (server, 53))?;
    socket.recv(&mut [0; 512])
}
