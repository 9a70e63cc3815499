//! The star as a whole: it rises quickly, it is right, and it leaves nothing behind (S1).

use std::time::Duration;

use crate::support::{Lab, Options, alive, children_named, is_root, tool, wait_for};

/// An ordinary user that every Debian machine has: nobody, nogroup.
const NOBODY: (u32, u32) = (65534, 65534);

const FORTY_NINE: Options = Options {
    segments: 49,
    links: None,
    critical: 0,
    traffic: true,
    as_user: None,
    patience: Duration::from_secs(60),
};

/// covers: S1, N3.2
#[test]
fn forty_nine_segments_are_up_soon_and_ctrl_c_leaves_nothing() {
    let before = traces();
    let lab = Lab::start(&FORTY_NINE);
    println!("ready after {:?}", lab.start);
    assert!(lab.start < Duration::from_secs(10), "a start took {:?}", lab.start);
    let api = lab.api();
    wait_for("49 segments up", Duration::from_secs(5), Duration::from_millis(50), || {
        (api.count("up") == 49).then_some(())
    });
    let pids = [lab.pid("netd"), lab.pid("serve")];
    drop(lab.stop());
    assert!(pids.iter().all(|pid| !alive(*pid)), "a process of the hub outlived the lab");
    assert_eq!(traces(), before, "something was left behind");
}

/// covers: S1
#[test]
fn a_killed_lab_is_cleaned_up_by_the_next_start() {
    let before = traces();
    let options = Options { segments: 6, ..FORTY_NINE };
    let lab = Lab::start(&options);
    let pids = [lab.pid("netd"), lab.pid("serve")];
    let dir = lab.kill();
    wait_for("the hub's end", Duration::from_secs(5), Duration::from_millis(20), || {
        pids.iter().all(|pid| !alive(*pid)).then_some(())
    });
    let lab = Lab::start_in(dir, &options);
    wait_for("6 segments up", Duration::from_secs(5), Duration::from_millis(50), || {
        (lab.api().count("up") == 6).then_some(())
    });
    drop(lab.stop());
    assert_eq!(traces(), before, "something was left behind");
}

/// covers: S1 (as an ordinary user)
#[test]
fn an_ordinary_user_raises_the_same_star() {
    let before = traces();
    let as_user = is_root().then_some(NOBODY);
    let lab = Lab::start(&Options { segments: 12, as_user, ..FORTY_NINE });
    let api = lab.api();
    wait_for("12 segments up", Duration::from_secs(5), Duration::from_millis(50), || {
        (api.count("up") == 12).then_some(())
    });
    lab.tell(&["fault", "silent", "s003"]);
    wait_for("s003 down", Duration::from_secs(5), Duration::from_millis(50), || {
        (api.state("s003") == "down").then_some(())
    });
    lab.tell(&["heal", "s003"]);
    wait_for("s003 up", Duration::from_secs(5), Duration::from_millis(50), || {
        (api.state("s003") == "up").then_some(())
    });
    let pids = [lab.pid("netd"), lab.pid("serve")];
    let dir = lab.kill();
    wait_for("the hub's end", Duration::from_secs(5), Duration::from_millis(20), || {
        pids.iter().all(|pid| !alive(*pid)).then_some(())
    });
    drop(dir);
    assert_eq!(traces(), before, "something was left behind");
}

/// covers: S1, design 1 (rights of the two processes)
#[test]
fn serve_holds_no_capability_and_netd_three() {
    let lab = Lab::start(&Options { segments: 2, ..FORTY_NINE });
    assert_eq!(capabilities(lab.pid("serve")), 0, "serve holds a capability");
    // CAP_NET_BIND_SERVICE (10), CAP_NET_ADMIN (12), CAP_NET_RAW (13): capabilities(7).
    let three = (1 << 10) | (1 << 12) | (1 << 13);
    assert_eq!(capabilities(lab.pid("netd")) & !three, 0, "netd holds more than three");
}

/// Permitted capabilities of a process.
#[track_caller]
fn capabilities(pid: i64) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix("CapPrm:"));
    u64::from_str_radix(line.expect("the kernel writes it").trim(), 16).expect("it is hexadecimal")
}

/// What a lab could leave behind: namespaces, links and rules of this machine, processes.
fn traces() -> Vec<String> {
    let mut traces: Vec<String> = Vec::new();
    traces.extend(tool("ip", &["netns", "list"]).lines().map(str::to_owned));
    traces.extend(
        tool("ip", &["-o", "link", "show"])
            .lines()
            .map(|line| line.split(':').nth(1).unwrap_or_default().trim().to_owned()),
    );
    if is_root() {
        traces.extend(tool("nft", &["list", "tables"]).lines().map(str::to_owned));
    }
    for part in ["netd", "serve"] {
        let pids = children_named(&["ets-hub", part]);
        traces.extend(pids.into_iter().map(|pid| format!("{part} {pid}")));
    }
    traces
}
