//! By what happens to the machine while a change waits: strangers, kills, a reboot, a full disk.

use std::fs;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::Way;
use crate::lockout::seat::Person::Administrator;
use crate::lockout::seat::{Seat, says};
use crate::lockout::{OFTEN, SHORTEST, SOON};
use crate::support::{Lab, tool, wait_for};
use crate::support::{all, connect, text};

pub(super) const WAYS: &[Way] = &[
    ("a stranger flushes all rules during the countdown", |seat| {
        locked_out(seat);
        let new = seat.text();
        in_the_hub(seat, &["nft", "flush", "ruleset"]);
        wait_for("the change is in force again", SOON, OFTEN, || {
            (seat.text() == new).then_some(())
        });
        assert!(!waiting(seat).is_null(), "the countdown goes on");
    }),
    ("serve is killed during the countdown", |seat| {
        locked_out(seat);
        seat.kill(&["serve"]);
    }),
    ("netd is killed during the countdown", |seat| {
        locked_out(seat);
        seat.kill(&["netd"]);
        seat.is_locked_out();
    }),
    ("both are killed during the countdown", |seat| {
        locked_out(seat);
        seat.kill(&["netd", "serve"]);
    }),
    ("netd is killed again and again", |seat| {
        locked_out(seat);
        (0..4).for_each(|_| seat.kill(&["netd"]));
    }),
    ("serve stands still past the end of the countdown", |seat| {
        locked_out(seat);
        frozen(seat, "serve", || {
            wait_for("the rules go back without serve", SOON, OFTEN, || reads(seat).then_some(()));
        });
    }),
    ("netd stands still past the end of the countdown", |seat| {
        locked_out(seat);
        let pause = Duration::from_secs(SHORTEST + 1);
        frozen(seat, "netd", || std::thread::sleep(pause));
    }),
    ("the machine starts anew during the countdown", rebooted),
    ("the record of what waits is damaged, and netd killed", |seat| {
        locked_out(seat);
        Lab::signal(seat.lab.pid("netd"), Signal::SIGSTOP);
        fs::write(seat.state_dir().join("rules"), "rubbish").expect("it can be written");
        seat.kill(&["netd"]);
        wait_for("the rules of before, anew", SOON, OFTEN, || seat.is_anew().then_some(()));
        seat.mark();
    }),
    ("the disk is full when the change is applied", |seat| {
        seat.disk.fill();
        seat.refuses(&withdrawn(), &["cannot be kept on disk", "is not made"]);
        seat.back();
        seat.disk.empty();
    }),
    ("the disk is full when the change is confirmed", |seat| {
        let change = seat.goes(&json!([withdrawn()[1]]));
        seat.disk.fill();
        let answer = seat.settle(Administrator, "confirm", change);
        let (status, answer) = answer.expect("the hub answers");
        says(status, &answer, &["cannot be kept on disk"]);
        seat.back();
        seat.disk.empty();
    }),
    ("the disk is full when the countdown is over", |seat| {
        locked_out(seat);
        seat.disk.fill();
        seat.back();
        seat.kill(&["netd"]);
        seat.back();
        seat.disk.empty();
    }),
];

/// From the administrator his dashboard, from s002 the documents.
fn withdrawn() -> Value {
    json!([
        { "edit": "withdraw", "segment": "s001", "service": "dashboard" },
        { "edit": "withdraw", "segment": "s002", "service": "documents" },
    ])
}

#[track_caller]
fn locked_out(seat: &Seat) {
    seat.goes(&withdrawn());
    assert!(!reads(seat), "the right is withdrawn");
}

/// Whether s002 reads its documents.
fn reads(seat: &Seat) -> bool {
    let place = &seat.places[1];
    all(vec![connect(place, text(&place["host"]), &seat.server(), 8080)])[0]
}

fn waiting(seat: &Seat) -> Value {
    seat.rules().expect("the hub answers")["waiting"].clone()
}

fn in_the_hub(seat: &Seat, words: &[&str]) {
    let json = seat.lab.json();
    tool("ip", &[&["netns", "exec", text(&json["hub_netns"])], words].concat());
}

/// Stops a process, and lets it go on after `meanwhile`.
fn frozen(seat: &Seat, part: &str, meanwhile: impl FnOnce()) {
    let pid = seat.lab.pid(part);
    Lab::signal(pid, Signal::SIGSTOP);
    meanwhile();
    Lab::signal(pid, Signal::SIGCONT);
}

/// The kernel has forgotten the rules, and what lies on disk is of another boot.
fn rebooted(seat: &mut Seat) {
    locked_out(seat);
    Lab::signal(seat.lab.pid("netd"), Signal::SIGSTOP);
    another_boot(&seat.state_dir());
    for table in ["inet", "arp"] {
        in_the_hub(seat, &["nft", "delete", "table", table, "ets"]);
    }
    seat.kill(&["netd"]);
    wait_for("the old rules at once", Duration::from_secs(5), OFTEN, || reads(seat).then_some(()));
    seat.back();
    assert_eq!(seat.became(), "reverted restarted");
}

/// Makes `netd`'s files those of another boot: its identifier stands in them as text.
#[track_caller]
pub(in crate::lockout) fn another_boot(state_dir: &std::path::Path) {
    let here = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("the kernel has one");
    let other = "00000000-0000-4000-8000-000000000000";
    let mut turned = 0;
    for name in ["rules", "alive", "states"] {
        let path = state_dir.join(name);
        let Ok(mut bytes) = fs::read(&path) else { continue };
        let found = bytes.windows(other.len()).position(|part| part == here.trim().as_bytes());
        let Some(at) = found else { continue };
        bytes[at..at + other.len()].copy_from_slice(other.as_bytes());
        fs::write(&path, bytes).expect("it can be written");
        turned += 1;
    }
    assert!(turned > 0, "nothing of this boot lies in {}", state_dir.display());
}
