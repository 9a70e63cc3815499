//! kill -9 in the middle of a change: nothing half-done (S8).

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{OFTEN, SOON, await_up, outages};
use crate::support::{Api, Lab, Options, wait_for};

const SEGMENTS: u32 = 400;
/// Kills of each process; their moments are spread over the time that the change takes.
const KILLS: u32 = 8;

fn large_lab() -> Lab {
    let lab = Lab::start(&Options { segments: SEGMENTS, links: Some(2), ..Options::default() });
    await_up(&lab, SEGMENTS as usize);
    lab
}

/// The registry as CSV; `None` while the hub does not answer.
fn export(api: &Api) -> Option<String> {
    let (status, body) = api.exchange("GET", "/api/v1/export", "").ok()?;
    (status == 200).then(|| String::from_utf8(body).expect("CSV is text"))
}

/// The same registry with every segment of the other criticality: each row changes, and with it
/// what `netd` is to watch.
fn turned(csv: &str) -> String {
    if csv.contains(",normal,") {
        csv.replace(",normal,", ",critical,")
    } else {
        csv.replace(",critical,", ",normal,")
    }
}

#[track_caller]
fn preview(api: &Api, csv: &str) -> String {
    let (_, body) = api.exchange("POST", "/api/v1/import/preview", csv).expect("it answers");
    let preview: Value = serde_json::from_slice(&body).expect("a preview is JSON");
    assert_eq!(preview["clean"], true, "{preview}");
    // All but the few that are critical from the first.
    let changed = preview["changed"].as_array().map_or(0, Vec::len);
    assert!(changed > SEGMENTS as usize * 9 / 10, "{changed} rows change");
    preview["digest"].as_str().expect("it has a digest").to_owned()
}

/// Applies a previewed file; the status, or `None` when no answer came.
fn apply(api: &Api, csv: &str, digest: &str) -> Option<u16> {
    let answer = api.exchange("POST", &format!("/api/v1/import/{digest}"), csv);
    answer.ok().map(|(status, _)| status).filter(|status| *status != 0)
}

/// How long an import takes that nobody disturbs; the file is then in force.
#[track_caller]
fn measured(api: &Api, csv: &str) -> Duration {
    let digest = preview(api, csv);
    let started = Instant::now();
    assert_eq!(apply(api, csv, &digest), Some(200));
    let took = started.elapsed();
    assert_eq!(export(api).as_deref(), Some(csv));
    println!("an import of {SEGMENTS} changed rows takes {took:?}");
    took
}

/// Imports and kills `part` after `delay`; what the import answered.
#[track_caller]
fn import_and_kill(lab: &Lab, part: &str, csv: &str, delay: Duration) -> Option<u16> {
    let api = lab.api();
    let digest = preview(&api, csv);
    let pid = lab.pid(part);
    let answered = std::thread::scope(|scope| {
        let importing = scope.spawn(|| apply(&api, csv, &digest));
        std::thread::sleep(delay);
        Lab::signal(pid, Signal::SIGKILL);
        importing.join().expect("the import ends")
    });
    wait_for("a new process", SOON, OFTEN, || (lab.pid(part) != pid).then_some(()));
    answered
}

/// covers: S8, N1.2
#[test]
fn an_import_during_which_serve_is_killed_is_done_or_not_done_but_never_half() {
    let lab = large_lab();
    let api = lab.api();
    let before = export(&api).expect("it answers");
    let mut current = turned(&before);
    let took = measured(&api, &current);
    let entries = |api: &Api| {
        let all = api.get("/api/v1/journal/verify");
        assert!(all["broken"].is_null(), "{all}");
        all["sound"].as_u64().expect("it counts them")
    };
    let mut count = entries(&api);
    let (mut done, mut undone) = (0, 0);
    for kill in 0..KILLS {
        let wanted = turned(&current);
        let delay = took * (2 * kill + 1) / 6;
        let answered = import_and_kill(&lab, "serve", &wanted, delay);
        let found = wait_for("serve again", SOON, OFTEN, || export(&lab.api()));
        let now = entries(&lab.api());
        // A start makes an entry link and journals that.
        let told = now - count;
        if found == wanted {
            done += 1;
            current = wanted;
            assert!(told > u64::from(SEGMENTS) * 9 / 10, "the journal has {told} words of it");
        } else {
            undone += 1;
            assert!(found == current, "the registry is neither as before nor as wanted");
            assert!(told < 10, "the journal tells {told} times of what was not done");
            assert_ne!(answered, Some(200), "what was acknowledged is lost");
        }
        count = now;
    }
    println!("{KILLS} kills of serve during an import: {done} were done, {undone} not, none half");
    await_up(&lab, SEGMENTS as usize);
    assert!(outages(&lab.api()).is_empty(), "{:?}", outages(&lab.api()));
}

/// covers: S8, N2.4
#[test]
fn a_netd_killed_while_it_is_configured_watches_everything_as_wanted_afterwards() {
    let lab = large_lab();
    let api = lab.api();
    let mut current = turned(&export(&api).expect("it answers"));
    let took = measured(&api, &current);
    for kill in 0..KILLS {
        let wanted = turned(&current);
        // The new state goes to `netd` right after the import is written.
        let delay = took * (KILLS + kill) / (KILLS + 1);
        assert_eq!(import_and_kill(&lab, "netd", &wanted, delay), Some(200));
        current = wanted;
        await_rate(&lab, if current.contains(",critical,") { 5 } else { 1 });
    }
    await_up(&lab, SEGMENTS as usize);
    assert!(outages(&api).is_empty(), "a false outage: {:?}", outages(&api));
    let log = std::fs::read_to_string(lab.path().join("netd.log")).expect("netd has a log");
    assert!(!log.contains("left aside"), "a kept file was half written: {log}");
    println!("{KILLS} kills of netd while it was configured: as wanted each time");
}

/// Waits until all segments are probed `each` times a second.
#[track_caller]
fn await_rate(lab: &Lab, each: u32) {
    let wanted = f64::from(SEGMENTS * each);
    let mut last = (Instant::now(), None);
    wait_for("the wanted rate of probes", Duration::from_secs(40), Duration::from_secs(1), || {
        let health = lab.api().try_get("/api/v1/health")?;
        let status = &health["netd"]["status"];
        if status["targets"] != SEGMENTS || health["netd"]["connected"] != true {
            return None;
        }
        let sent = super::metric(lab, "ets_probe_sent_total");
        let (then, before) = std::mem::replace(&mut last, (Instant::now(), Some(sent)));
        let rate = sent.checked_sub(before?)? as f64 / then.elapsed().as_secs_f64();
        (rate > wanted * 0.7 && rate < wanted * 1.6).then_some(())
    });
}
