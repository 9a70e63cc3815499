//! A full disk (S8; design, section 4).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::sys::statvfs::statvfs;
use serde_json::Value;

use super::{OFTEN, SOON, await_up, now, outages, seconds};
use crate::support::{Lab, Options, is_root, tool, wait_for};

const MIB: u64 = 1 << 20;

/// A small disk under a lab's data; taken away with whatever lies on it.
struct Disk(PathBuf);

impl Disk {
    #[track_caller]
    fn mount(folder: &Path) -> Self {
        let data = folder.join("data");
        std::fs::create_dir(&data).expect("a folder can be made");
        let path = data.to_string_lossy().into_owned();
        tool("mount", &["-t", "tmpfs", "-o", "size=256m", "tmpfs", &path]);
        Self(data)
    }

    fn free(&self) -> u64 {
        let disk = statvfs(&self.0).expect("the disk answers");
        disk.blocks_available() * disk.fragment_size()
    }

    /// Fills it up to the last `left` bytes.
    fn fill(&self, name: &str, left: u64) {
        let file = std::fs::File::create(self.0.join(name)).expect("a file can be made");
        let size = self.free().saturating_sub(left);
        let size = i64::try_from(size).expect("a small disk");
        if size > 0 {
            nix::fcntl::posix_fallocate(&file, 0, size).expect("there is so much space");
        }
    }

    fn empty(&self, name: &str) {
        std::fs::remove_file(self.0.join(name)).expect("the ballast can be removed");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
        if let Some(folder) = self.0.parent() {
            drop(std::fs::remove_dir_all(folder));
        }
    }
}

fn health(lab: &Lab) -> Value {
    lab.api().get("/api/v1/health")
}

fn state_db(health: &Value) -> Value {
    let all = health["databases"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|one| one["name"] == "state").expect("there is one")
}

#[track_caller]
fn cut(lab: &Lab, segment: &str) -> f64 {
    lab.tell(&["fault", "silent", segment]);
    let at = now();
    wait_for("down in the picture", SOON, OFTEN, || {
        (lab.api().state(segment) == "down").then_some(())
    });
    at
}

fn of(lab: &Lab, segment: &str) -> Option<Value> {
    outages(&lab.api()).into_iter().find(|outage| outage["segment"] == segment)
}

/// covers: S8, design 4 (disk full)
#[test]
fn a_full_disk_stops_recording_first_and_loses_no_outage() {
    if !is_root() {
        println!("skipped: only root mounts a small disk");
        return;
    }
    let dir = tempfile::tempdir().expect("a folder can be made");
    let disk = Disk::mount(dir.path());
    let lab = Lab::start_in(dir, &Options::default());
    await_up(&lab, 8);
    let reserve = disk.0.join("8/state.db.reserve");
    assert!(reserve.exists(), "a reserve is kept");
    let sent = super::metric(&lab, "ets_probe_sent_total");

    // Little is left: recording stops, with an alarm that says why; all else goes on.
    disk.fill("ballast", 20 * MIB);
    let alarm = wait_for("recording to stop", SOON, OFTEN, || {
        let health = lab.api().try_get("/api/v1/health")?;
        (health["recording"]["stopped"] == true).then_some(health)
    });
    let why = alarm["recording"]["problem"].as_str().unwrap_or_default().to_owned();
    println!("recording stopped: {why}");
    assert!(why.contains("disk is nearly full") && why.contains("free some space"), "{alarm}");
    assert!(reserve.exists(), "recording stops before the reserve is needed");
    assert_eq!(state_db(&alarm)["writable"], true);

    // Nothing is left: the reserve is given up, and outages are still written down.
    disk.fill("more", 0);
    let first = cut(&lab, "s002");
    wait_for("the outage in the database", SOON, OFTEN, || of(&lab, "s002"));
    assert!(!reserve.exists(), "the reserve was given up for it");
    println!("after the reserve was given up: {} MiB free", disk.free() / MIB);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(health(&lab)["recording"]["stopped"], true, "the reserve is not for recording");

    // The reserve is used up as well: what happens waits in memory, the picture is still right.
    disk.fill("most", 0);
    let second = cut(&lab, "s003");
    lab.tell(&["heal", "s003"]);
    let healed = now();
    wait_for("s003 up in the picture", SOON, OFTEN, || {
        (lab.api().state("s003") == "up").then_some(())
    });
    let full = health(&lab);
    let state = state_db(&full);
    println!(
        "with no space at all: state.db writable {}, {}; {} things wait",
        state["writable"], state["problem"], full["behind"]
    );
    let known = of(&lab, "s003").is_some_and(|outage| !outage["ended"].is_null());
    assert!(
        known || (state["writable"] == false && full["behind"].as_u64() > Some(0)),
        "neither written nor said to wait: {full}"
    );
    assert!(super::metric(&lab, "ets_probe_sent_total") > sent + 8, "probing goes on");

    // Space again: all by itself.
    let freed = now();
    for name in ["ballast", "more", "most"] {
        disk.empty(name);
    }
    wait_for("everything as before", SOON, OFTEN, || {
        let health = lab.api().try_get("/api/v1/health")?;
        let well = health["recording"]["stopped"] == false
            && state_db(&health)["writable"] == true
            && state_db(&health)["disk_full"] == false
            && health["behind"] == 0
            && reserve.exists();
        well.then_some(())
    });
    println!("recovered {:.1} s after the space came back", now() - freed);
    let other = of(&lab, "s003").expect("the outage of that time stands");
    truth(&other, second);
    let late = seconds(&other["ended"]) - healed;
    assert!((-0.7..0.15).contains(&late), "ended {late:.3} s late");
    lab.tell(&["heal"]);
    await_up(&lab, 8);
    wait_for("the end", SOON, OFTEN, || lab.api().open_outages().is_empty().then_some(()));
    truth(&of(&lab, "s002").expect("it stands"), first);
    assert_eq!(outages(&lab.api()).len(), 2, "{:?}", outages(&lab.api()));
    assert!(lab.api().get("/api/v1/journal/verify")["broken"].is_null());
}

/// The interval of an outage's beginning contains the cut; the command returned a little later.
#[track_caller]
fn truth(outage: &Value, cut: f64) {
    let (after, before) = (seconds(&outage["began_after"]), seconds(&outage["began_before"]));
    assert!(after <= cut && before >= cut - 0.7, "cut at {cut}: {outage}");
}
