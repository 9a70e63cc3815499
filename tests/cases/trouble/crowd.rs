//! Many viewers, and a large overview (S11).

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{OFTEN, SOON, ask, await_up, lab, now, page, seconds, session};
use crate::support::{Lab, Options, Usage, full_size, quantile, wait_for};

const VIEWERS: usize = 500;
const GOAL: Duration = Duration::from_millis(250);
/// Two busy cores of a CI machine also run the viewers themselves.
const LIMIT: Duration = Duration::from_secs(1);

/// What a viewer saw: who, which segment, its new state, when, and when the hub says it told it.
struct Seen {
    viewer: usize,
    segment: String,
    state: String,
    at: f64,
    told: Option<Value>,
}

/// Follows a stream until it ends and tells each change of a state.
fn follow(viewer: usize, stream: impl Read, seen: &Sender<Seen>) {
    let mut name = String::new();
    for line in BufReader::with_capacity(4096, stream).lines() {
        let Ok(line) = line else { return };
        if let Some(event) = line.strip_prefix("event: ") {
            event.clone_into(&mut name);
        } else if let Some(data) = line.strip_prefix("data: ").filter(|_| name == "state") {
            // The API's stream.
            let at = now();
            let data: Value = serde_json::from_str(data).unwrap_or_default();
            let word = |key: &str| data[key].as_str().unwrap_or_default().to_owned();
            let one = Seen {
                viewer,
                segment: word("segment"),
                state: word("to"),
                at,
                told: Some(data["at"].clone()),
            };
            drop(seen.send(one));
        } else if let Some(data) = line.strip_prefix("data: ").filter(|_| name == "segment") {
            // The page's stream: every second the figures of all, so only a state is looked for.
            if data.contains("\"down\"") {
                let at = now();
                let data: Value = serde_json::from_str(data).unwrap_or_default();
                let word = |key: &str| data[key].as_str().unwrap_or_default().to_owned();
                drop(seen.send(Seen {
                    viewer,
                    segment: word("id"),
                    state: word("state"),
                    at,
                    told: None,
                }));
            }
        }
    }
}

/// Half of them programs on the Unix socket, half of them open pages.
#[track_caller]
fn crowd(lab: &Lab) -> Receiver<Seen> {
    let cookie = session(lab);
    let (sender, seen) = channel();
    for viewer in 0..VIEWERS {
        let sender = sender.clone();
        let body: Box<dyn FnOnce() + Send> = if viewer % 2 == 0 {
            let mut stream =
                UnixStream::connect(lab.path().join("serve.sock")).expect("it listens");
            let request = "GET /api/v1/events HTTP/1.1\r\nhost: hub\r\n\r\n";
            stream.write_all(request.as_bytes()).expect("the hub reads");
            Box::new(move || follow(viewer, stream, &sender))
        } else {
            let stream = ask(lab, "/live", &cookie, "accept: text/event-stream\r\n");
            Box::new(move || follow(viewer, stream, &sender))
        };
        let thread = std::thread::Builder::new().stack_size(256 << 10);
        drop(thread.spawn(body).expect("a thread"));
    }
    seen
}

/// The viewers that saw `segment` go down: how long after the hub had it each of them did.
#[track_caller]
fn gather(seen: &Receiver<Seen>, segment: &str) -> Vec<Duration> {
    let (mut times, mut told) = (Vec::new(), None);
    let mut known = HashSet::new();
    let deadline = Instant::now() + SOON;
    while times.len() < VIEWERS {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(one) = seen.recv_timeout(left) else {
            panic!("{} of {VIEWERS} viewers saw {segment} go down", times.len());
        };
        // Each page tells the figures of what is down again a second later.
        if one.segment == segment && one.state == "down" && known.insert(one.viewer) {
            times.push(one.at);
            told = told.or(one.told);
        }
    }
    let told = seconds(&told.expect("the API says when"));
    times.iter().map(|at| Duration::from_secs_f64((at - told).max(0.0))).collect()
}

/// covers: S11 (500 viewers), N11
#[test]
fn five_hundred_viewers_each_see_a_transition_at_once() {
    let lab = lab(49);
    let serve = lab.pid("serve");
    let before = Usage::of(serve).resident;
    let seen = crowd(&lab);
    wait_for("all viewers", SOON, OFTEN, || {
        let health = lab.api().try_get("/api/v1/health")?;
        (health["viewers"] == VIEWERS).then_some(())
    });
    let mut times = Vec::new();
    let mut settled = None;
    for number in 1..=8 {
        let segment = format!("s{number:03}");
        lab.tell(&["fault", "link-down", &segment]);
        times.extend(gather(&seen, &segment));
        lab.tell(&["heal", &segment]);
        await_up(&lab, 49);
        while seen.try_recv().is_ok() {}
        settled =
            settled.or(Some((Usage::of(serve).resident, Usage::of(serve).cpu, Instant::now())));
    }
    let (settled, cpu, since) = settled.expect("there was a first one");
    let usage = Usage::of(serve);
    let share = (usage.cpu - cpu).as_secs_f64() / since.elapsed().as_secs_f64() * 100.0;
    let (median, worst) = (quantile(&mut times, 0.5), quantile(&mut times, 0.99));
    println!(
        "{VIEWERS} viewers, {} transitions each: median {median:?}, p99 {worst:?}, slowest {:?} (goal {GOAL:?})",
        times.len() / VIEWERS,
        quantile(&mut times, 1.0)
    );
    println!(
        "memory of serve: {} KiB a viewer, {} KiB more after all transitions; {share:.0} % of a core",
        settled.saturating_sub(before) / 1024 / VIEWERS as u64,
        usage.resident.saturating_sub(settled) / 1024
    );
    assert!(worst < if full_size() { GOAL } else { LIMIT }, "p99 {worst:?}");
    assert!(settled < before + (64 << 20), "the viewers cost too much memory");
    assert!(usage.resident < settled + (16 << 20), "memory grows with each transition");
}

/// covers: S11 (overview with 1,000 segments), N11
#[test]
fn the_overview_of_a_thousand_segments_is_served_at_once() {
    let lab = Lab::start(&Options {
        segments: 1_000,
        links: Some(5),
        patience: Duration::from_secs(120),
        ..Options::default()
    });
    await_up(&lab, 1_000);
    let cookie = session(&lab);
    for path in ["/", "/segments"] {
        let mut size = 0;
        let mut times: Vec<Duration> = (0..200)
            .map(|_| {
                let (took, answer) = page(&lab, path, &cookie);
                assert!(answer.starts_with(b"HTTP/1.1 200"), "{path} was refused");
                size = answer.len();
                // So that many of them are the first ones after new figures came, each second.
                std::thread::sleep(Duration::from_millis(30));
                took
            })
            .collect();
        let (median, worst) = (quantile(&mut times, 0.5), quantile(&mut times, 0.99));
        let slow = times.iter().filter(|took| **took > median * 2).count();
        println!(
            "{path} of 1,000 segments: median {median:?}, p99 {worst:?}, slowest {:?}, {slow} of \
             200 over twice the median, {size} bytes on the wire (goal 50 ms)",
            times[times.len() - 1]
        );
        assert!(path != "/" || worst < Duration::from_millis(150), "p99 {worst:?}");
    }
}
