//! The star under load: what a flood and a scan do to everybody else (D9), and what rules applied
//! again and again do to a flow (D4). Judged by ping, hping3, nmap and curl.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Lab, Options, inside_of, sized, text, wait_for};

const SOON: Duration = Duration::from_secs(20);
const OFTEN: Duration = Duration::from_millis(50);

fn lab(segments: u32) -> (Lab, Vec<Value>) {
    let lab = Lab::start(&Options { segments, ..Options::default() });
    wait_for("all up and guarded", SOON, OFTEN, || {
        let guarded = lab.api().get("/api/v1/rules")["change"].as_u64()? > 0;
        (guarded && lab.api().count("up") == segments as usize).then_some(())
    });
    let places = lab.json()["segments"].as_array().cloned().expect("a list");
    (lab, places)
}

/// What a ping said: per cent lost, and the quarter of its round trips in the middle.
#[derive(Clone, Copy, Debug)]
struct Pinged {
    lost: f64,
    average: f64,
}

/// Pings every 10 ms for so many seconds, from a segment's computer to a service.
fn pinging(place: &Value, to: &str, seconds: u32) -> Child {
    let count = (seconds * 100).to_string();
    let words = ["ping", "-q", "-i0.01", "-c", &count, "-W2", "-I", text(&place["host"]), to];
    inside_of(place, &words).stdout(Stdio::piped()).spawn().expect("ping starts")
}

fn pinged(child: Child) -> Pinged {
    let said = child.wait_with_output().expect("ping ends").stdout;
    let said = String::from_utf8_lossy(&said).into_owned();
    let number = |after: &str, before: &str| -> f64 {
        let rest = said.split(after).nth(1).unwrap_or_default();
        rest.split(before).next().unwrap_or_default().trim().parse().unwrap_or(f64::NAN)
    };
    Pinged { lost: number("received, ", "% packet loss"), average: number("mdev = ", "/") }
}

/// All of these at once.
fn all(places: &[Value], to: &str, seconds: u32) -> Vec<Pinged> {
    let started: Vec<Child> = places.iter().map(|one| pinging(one, to, seconds)).collect();
    started.into_iter().map(pinged).collect()
}

fn worst(pinged: &[Pinged]) -> Pinged {
    let most = |figure: fn(&Pinged) -> f64| pinged.iter().map(figure).fold(0.0, f64::max);
    Pinged { lost: most(|one| one.lost), average: most(|one| one.average) }
}

/// The offences of a segment that are told now, by kind.
fn named(lab: &Lab, segment: &str, kinds: &[&str]) -> Option<()> {
    let told = lab.api().try_get("/api/v1/offences?open=true&limit=50")?;
    let list = told["offences"].as_array()?;
    let fits =
        |one: &&Value| one["segment"] == segment && kinds.iter().any(|kind| one["kind"] == *kind);
    list.iter().find(fits).map(|_| ())
}

/// Packets a second that a segment sends now.
fn rate(lab: &Lab, segment: &str) -> u64 {
    let told = lab.api().try_get(&format!("/api/v1/traffic?segment={segment}")).unwrap_or_default();
    told["segments"][0]["pps_up"].as_u64().unwrap_or(0)
}

/// covers: D9, N2.2
#[test]
fn a_flood_and_a_scan_are_named_within_two_seconds_and_trouble_nobody_else() {
    let segments = sized("segments", 8, 49);
    let seconds = sized("seconds", 8, 60);
    let (lab, places) = lab(segments);
    let server = text(&lab.json()["services"]["address"]).to_owned();
    let (others, to) = (&places[2..places.len().min(12)], server.as_str());
    let quiet = worst(&all(others, to, 3));
    let flood_words = [
        "hping3",
        "--flood",
        "-q",
        "--udp",
        "-p",
        "53",
        "-a",
        text(&places[0]["host"]),
        "-d",
        "20",
        to,
    ];
    let mut flood = inside_of(&places[0], &flood_words).spawn().expect("hping3 starts");
    let begun = Instant::now();
    let busy: Vec<Child> = others.iter().map(|one| pinging(one, to, seconds)).collect();
    wait_for("the flood in the journal", SOON, OFTEN, || named(&lab, "s001", &["flood"]));
    let flood_named = begun.elapsed();
    let hub = lab.hub_address(&places[1]);
    let mut scan = inside_of(&places[1], &["nmap", "-n", "-Pn", "-sS", "-T4", "-p1-2000", &hub])
        .spawn()
        .expect("nmap starts");
    let begun = Instant::now();
    wait_for("the scan in the journal", SOON, OFTEN, || named(&lab, "s002", &["scan"]));
    let scan_named = begun.elapsed();
    let (mut slowest, mut fastest) = (Duration::ZERO, 0);
    let until = Instant::now() + Duration::from_secs(u64::from(seconds).saturating_sub(5));
    while Instant::now() < until {
        let asked = Instant::now();
        assert_eq!(lab.api().count("up"), segments as usize, "nobody goes down");
        slowest = slowest.max(asked.elapsed());
        fastest = fastest.max(rate(&lab, "s001"));
        std::thread::sleep(OFTEN);
    }
    let busy = worst(&busy.into_iter().map(pinged).collect::<Vec<_>>());
    for one in [&mut flood, &mut scan] {
        let _ = one.kill();
        let _ = one.wait();
    }
    println!(
        "flood at {fastest} packets a second, named after {flood_named:?}; scan after {scan_named:?}"
    );
    println!("others: quiet {quiet:?}, meanwhile {busy:?}; slowest answer of the hub {slowest:?}");
    assert!(flood_named < Duration::from_secs(2), "{flood_named:?}");
    assert!(scan_named < Duration::from_secs(2), "{scan_named:?}");
    assert!(busy.lost <= 0.0, "{busy:?}");
    assert!(busy.average < quiet.average + 5.0, "{busy:?} after {quiet:?}");
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert!(fastest > 10_000, "that was no flood: {fastest}");
}

/// covers: D4, N2.4
#[test]
fn rules_applied_again_and_again_and_new_processes_lose_no_packet_of_a_flow() {
    let applied = sized("times applied", 10, 100);
    let (lab, places) = lab(3);
    let server = text(&lab.json()["services"]["address"]).to_owned();
    let place = &places[0];
    let count = sized("pings a millisecond apart", 6_000, 120_000).to_string();
    let words = ["ping", "-q", "-i0.001", "-c", &count, "-W2", "-I", text(&place["host"]), &server];
    let flow = inside_of(place, &words).stdout(Stdio::piped()).spawn().expect("ping starts");
    let mut transfer = download(place, &server);
    for number in 0..applied {
        apply(&lab, number);
        // An upgrade is a new process on the old state: both are ended in good order and come back.
        if number % 5 == 4 {
            let (part, signal) =
                [("netd", Signal::SIGKILL), ("serve", Signal::SIGTERM), ("netd", Signal::SIGTERM)]
                    [(number / 5 % 3) as usize];
            let pid = lab.pid(part);
            Lab::signal(pid, signal);
            wait_for("it again", SOON, OFTEN, || (lab.pid(part) != pid).then_some(()));
        }
    }
    let lost = pinged(flow);
    let _ = transfer.kill();
    let told = transfer.wait_with_output().expect("curl ends");
    let retransmitted = retransmitted(place);
    println!("{applied} times applied: {lost:?}, TCP segments repeated: {retransmitted}");
    assert!(lost.lost <= 0.0, "{lost:?}");
    assert_eq!(retransmitted, 0, "{}", String::from_utf8_lossy(&told.stderr));
}

/// A connection that keeps sending: pages, one after the other, over it.
fn download(place: &Value, server: &str) -> Child {
    let url = format!("http://{server}/?[1-1000000]");
    let words = [
        "curl",
        "-s",
        "--rate",
        "200/s",
        "-o",
        "/dev/null",
        "--interface",
        text(&place["host"]),
        &url,
    ];
    inside_of(place, &words).spawn().expect("curl starts")
}

/// TCP segments that a segment's machine had to send again.
fn retransmitted(place: &Value) -> u64 {
    let words = ["netns", "exec", text(&place["netns"]), "nstat", "-asz", "TcpRetransSegs"];
    let told = crate::support::tool("ip", &words);
    let line = told.lines().find(|line| line.starts_with("TcpRetransSegs"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).expect("a number")
}

/// A change that reloads the rules and takes nothing from the flow.
#[track_caller]
fn apply(lab: &Lab, number: u32) {
    let limits = json!({ "connections": 0, "new_connections": 0, "packets": 2_000_000 + number });
    let edits = json!({ "edits": [{ "edit": "limits", "segment": null, "limits": limits }] });
    let reason = json!({ "reason": "again" });
    wait_for("the change", SOON, OFTEN, || {
        let (status, _) = lab.api().try_send("POST", "/api/v1/rules/draft", &edits)?;
        let (applied, answer) = lab.api().try_send("POST", "/api/v1/rules/apply", &reason)?;
        let no = answer["no"].as_u64().filter(|_| status == 200 && applied == 200)?;
        let path = format!("/api/v1/rules/{no}/confirm");
        // The first one sets a limit where there was another: it waits for its confirmation.
        let _ = lab.api().try_send("POST", &path, &Value::Null);
        Some(())
    });
}
