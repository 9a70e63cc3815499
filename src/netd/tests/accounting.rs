//! The accounting at the ports of a running `netd`, in a network namespace and with a bpffs of the
//! test's own. Needs root; says so where it cannot run.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use ets_model::{Arm, Policy, SegmentNo};
use ets_netd_api::{Apply, Direction, EventBody, Meters};
use nix::mount::{MsFlags, mount, umount};
use nix::sched::{CloneFlags, unshare};
use support::{Far, during, own_namespace, run, runtime, start};
use tempfile::TempDir;
use tokio::time::{Instant, timeout_at};

/// The accounting set up in a directory on a bpffs that only this test sees.
struct Pins {
    directory: TempDir,
    path: PathBuf,
}

impl Pins {
    fn set_up() -> Option<Self> {
        unshare(CloneFlags::CLONE_NEWNS).unwrap();
        let (nothing, private) = (None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE);
        mount(nothing, "/", nothing, private, nothing).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let bpf = Some("bpf");
        if let Err(errno) = mount(bpf, directory.path(), bpf, MsFlags::empty(), nothing) {
            eprintln!("skipped: this kernel or these rights give no bpffs ({errno})");
            return None;
        }
        let path = directory.path().join("ets");
        ets_netd::set_up(&path, 64).unwrap();
        Some(Self { directory, path })
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Pins {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
        let _ = umount(self.directory.path());
    }
}

fn policy(segments: u32) -> Policy {
    let arm = |no| Arm {
        no: SegmentNo(no),
        id: format!("s{no}").parse().unwrap(),
        interface: format!("p{no}"),
        prefixes: vec![format!("10.77.{no}.0/24").parse().unwrap()],
        hardware: None,
        may: Vec::new(),
        limits: None,
        rate: None,
    };
    Policy { arms: (1..=segments).map(arm).collect(), ..Policy::default() }
}

/// What a segment sent in all, as told next: no less than `least` packets, before `end`.
async fn sent(meters: &mut Meters, no: u32, least: u64, end: Instant) -> u64 {
    let told = async {
        loop {
            let frame = meters.next().await.unwrap().unwrap();
            let up = frame.counters().filter(|one| {
                (one.segment, one.direction) == (SegmentNo(no), Direction::Up) && one.packets > 0
            });
            let packets: u64 = up.map(|one| one.packets).sum();
            if packets >= least {
                return packets;
            }
        }
    };
    timeout_at(end, told)
        .await
        .unwrap_or_else(|_| panic!("{least} packets are not counted in time"))
}

/// covers: N5.1
#[test]
fn a_port_whose_qdisc_a_stranger_removes_is_counted_again_within_seconds_without_a_change_of_rules()
{
    if !own_namespace() {
        return;
    }
    let Some(pins) = Pins::set_up() else { return };
    let fars: Vec<Far> = (1..=2).map(Far::segment).collect();
    let Some(netd) = start(|config| {
        config.pins = Some(pins.path().to_owned());
        config.rules = true;
    }) else {
        return;
    };
    let within = |seconds| Instant::now() + Duration::from_secs(seconds);
    // To the hub, from one port; whether anybody answers does not matter.
    let send = |count: u64| {
        fars[0].run(&format!("ping -q -c {count} -i 0.002 -W 0.1 10.77.1.1 >/dev/null || true"));
    };
    runtime().block_on(async {
        let (author, change) = ("a".to_owned(), 1);
        let apply = Apply { change, author, policy: policy(2), confirm_within: None };
        assert_eq!(netd.client.apply(apply).await.unwrap().problem, "");
        let mut meters = netd.client.meter(None).await.unwrap();
        assert_eq!(meters.metering.by, "wire");
        send(10);
        let before = sent(&mut meters, 1, 10, within(5)).await;
        let mut follower = netd.follow().await;

        run("tc qdisc del dev p1 clsact");
        let end = within(5);
        while Instant::now() < end && !is_attached("p1") {
            // Traffic goes on all the while.
            send(1);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        send(100);
        let after = sent(&mut meters, 1, before + 100, end).await;
        println!("{before} packets before, {after} after");
        let seen = during(&mut follower, Duration::from_millis(300)).await;
        assert!(!seen.iter().any(|event| matches!(event.body, EventBody::Rules(_))), "{seen:#?}");
    });
}

/// Whether both directions of a port are counted.
fn is_attached(port: &str) -> bool {
    let side = |side: &str| {
        let mut tc = std::process::Command::new("tc");
        let shown = tc.args(["filter", "show", "dev", port, side]).output().unwrap();
        String::from_utf8_lossy(&shown.stdout).contains("ets-account")
    };
    side("ingress") && side("egress")
}
