//! Faults of the hub itself and of what is shared: no false down, nothing lost (S7, S8).

use std::thread::sleep;
use std::time::{Duration, SystemTime};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::{Lab, Options, wait_for};

const SOON: Duration = Duration::from_secs(10);
const OFTEN: Duration = Duration::from_millis(50);

fn lab(segments: u32) -> Lab {
    let lab = Lab::start(&Options { segments, ..Options::default() });
    await_up(&lab, segments as usize);
    lab
}

#[track_caller]
fn await_up(lab: &Lab, segments: usize) {
    wait_for("all segments up", SOON, OFTEN, || (lab.api().count("up") == segments).then_some(()));
}

/// Every outage there ever was in this lab.
fn outages(lab: &Lab) -> Vec<Value> {
    lab.api().get("/api/v1/outages?state=any&limit=500").as_array().cloned().unwrap_or_default()
}

/// Seconds since 1970 of an RFC 3339 moment, by a foreign program.
#[track_caller]
fn seconds(moment: &Value) -> f64 {
    let text = moment.as_str().expect("a moment");
    let said = crate::support::tool("date", &["-u", "-d", text, "+%s.%N"]);
    said.trim().parse().expect("date prints a number")
}

fn now() -> f64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    now.as_secs_f64()
}

/// covers: S7, N3.2
#[test]
fn a_stopped_netd_sees_no_false_down_and_says_how_long_it_was_blind() {
    let lab = lab(8);
    let netd = lab.pid("netd");
    Lab::signal(netd, Signal::SIGSTOP);
    let stopped = now();
    sleep(Duration::from_secs(5));
    Lab::signal(netd, Signal::SIGCONT);
    let blind = now() - stopped;
    let seen = wait_for("the blind time", SOON, OFTEN, || {
        let health = lab.api().try_get("/api/v1/health")?;
        health["blind"].as_array()?.iter().find(|one| one["reason"] == "stalled").cloned()
    });
    let told = seconds(&seen["to"]) - seconds(&seen["from"]);
    assert!((told - blind).abs() < 0.1, "blind {blind:.3} s, told {told:.3} s");
    await_up(&lab, 8);
    assert!(outages(&lab).is_empty(), "a false outage: {:?}", outages(&lab));
}

/// covers: S7, N3.3
#[test]
fn a_dark_trunk_is_one_outage_of_the_hub_and_no_segment_is_called_down() {
    for fault in ["trunk-down", "trunk-silent"] {
        let lab = lab(8);
        lab.tell(&["fault", fault]);
        let api = lab.api();
        wait_for("unknown segments", SOON, OFTEN, || (api.count("unknown") == 8).then_some(()));
        let open = wait_for("the hub's outage", SOON, OFTEN, || {
            let open = api.open_outages();
            (!open.is_empty()).then_some(open)
        });
        assert_eq!(open.len(), 1, "{fault}: one outage, not {open:?}");
        assert_eq!(open[0]["kind"], "hub", "{fault}");
        lab.tell(&["heal"]);
        await_up(&lab, 8);
        wait_for("its end", SOON, OFTEN, || api.open_outages().is_empty().then_some(()));
        let kinds: Vec<_> = outages(&lab).iter().map(|one| one["kind"].clone()).collect();
        assert_eq!(kinds, ["hub"], "{fault}");
    }
}

/// covers: S8, N2.4
#[test]
fn outages_while_serve_is_away_stand_afterwards_with_their_times() {
    let lab = lab(8);
    let api = lab.api();
    let before = lab.pid("serve");
    Lab::signal(before, Signal::SIGSTOP);
    let cut: Vec<f64> = ["s001", "s002", "s003"]
        .map(|segment| {
            lab.tell(&["fault", "silent", segment]);
            now()
        })
        .to_vec();
    sleep(Duration::from_secs(crate::support::sized("seconds away", 6, 57)));
    let mut healed = Vec::new();
    for segment in ["s001", "s002", "s003"] {
        lab.tell(&["heal", segment]);
        healed.push(now());
    }
    sleep(Duration::from_secs(3));
    Lab::signal(before, Signal::SIGKILL);
    wait_for("serve again", SOON, OFTEN, || {
        (lab.pid("serve") != before && api.count("up") == 8).then_some(())
    });
    let found = wait_for("three outages", SOON, OFTEN, || {
        let outages = outages(&lab);
        (outages.len() == 3 && outages.iter().all(|one| !one["ended"].is_null())).then_some(outages)
    });
    for (index, segment) in ["s001", "s002", "s003"].iter().enumerate() {
        let outage = found.iter().find(|one| one["segment"] == *segment).expect("it stands");
        let (after, before) = (seconds(&outage["began_after"]), seconds(&outage["began_before"]));
        // The cut lies a little before the moment at which the command returned.
        assert!(after <= cut[index] && before >= cut[index] - 0.5, "{segment}: {outage}");
        assert!(before - after < 1.5, "{segment}: the interval is one probe wide: {outage}");
        let late = seconds(&outage["ended"]) - healed[index];
        assert!((-0.5..0.15).contains(&late), "{segment}: ended {late:.3} s late");
    }
}

/// covers: S8, N2.4
#[test]
fn a_killed_netd_probes_again_within_a_second_without_a_false_outage() {
    let lab = lab(8);
    let api = lab.api();
    let before = lab.pid("netd");
    Lab::signal(before, Signal::SIGKILL);
    let restarted = wait_for("blind time of the restart", SOON, OFTEN, || {
        let health = api.try_get("/api/v1/health")?;
        health["blind"].as_array()?.iter().find(|one| one["reason"] == "restarted").cloned()
    });
    let gap = seconds(&restarted["to"]) - seconds(&restarted["from"]);
    println!("blind for {gap:.3} s around the restart");
    assert!(gap < 2.1, "probing again took {gap:.3} s after the last report of the dead one");
    await_up(&lab, 8);
    assert!(outages(&lab).is_empty(), "a false outage: {:?}", outages(&lab));
}

/// covers: S8: an outage that was open when `netd` died goes on, it is not a second one
#[test]
fn an_open_outage_goes_on_over_a_restart_of_netd() {
    let lab = lab(4);
    let api = lab.api();
    lab.tell(&["fault", "silent", "s002"]);
    let first = wait_for("the outage", SOON, OFTEN, || api.open_outages().first().cloned());
    Lab::signal(lab.pid("netd"), Signal::SIGKILL);
    sleep(Duration::from_secs(4));
    let still = api.open_outages();
    assert_eq!(still.len(), 1, "{still:?}");
    assert_eq!(still[0]["id"], first["id"]);
    assert_eq!(still[0]["began_before"], first["began_before"]);
    lab.tell(&["heal", "s002"]);
    wait_for("its end", SOON, OFTEN, || api.open_outages().is_empty().then_some(()));
    assert_eq!(outages(&lab).len(), 1);
}
