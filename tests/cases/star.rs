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
    env: Vec::new(),
    patience: Duration::from_secs(60),
};

/// covers: S1, N3.2
#[test]
fn forty_nine_segments_are_up_soon_and_ctrl_c_leaves_nothing() {
    let lab = Lab::start(&FORTY_NINE);
    println!("ready after {:?}", lab.start);
    assert!(lab.start < Duration::from_secs(10), "a start took {:?}", lab.start);
    let api = lab.api();
    wait_for("49 segments up", Duration::from_secs(5), Duration::from_millis(50), || {
        (api.count("up") == 49).then_some(())
    });
    let traces = traces(&lab);
    let pids = [lab.pid("netd"), lab.pid("serve")];
    drop(lab.stop());
    assert!(pids.iter().all(|pid| !alive(*pid)), "a process of the hub outlived the lab");
    traces.assert_none();
}

/// covers: S1
#[test]
fn a_killed_lab_is_cleaned_up_by_the_next_start() {
    let options = Options { segments: 6, ..FORTY_NINE };
    let lab = Lab::start(&options);
    let traces = traces(&lab);
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
    traces.assert_none();
}

/// covers: S1 (as an ordinary user)
#[test]
fn an_ordinary_user_raises_the_same_star() {
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
    let traces = traces(&lab);
    let pids = [lab.pid("netd"), lab.pid("serve")];
    let dir = lab.kill();
    wait_for("the hub's end", Duration::from_secs(5), Duration::from_millis(20), || {
        pids.iter().all(|pid| !alive(*pid)).then_some(())
    });
    drop(dir);
    traces.assert_none();
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

/// What this lab could leave behind: its namespaces and processes, links and rules of this machine.
/// Other labs on the machine are left out of the count.
fn traces(lab: &Lab) -> Traces {
    let hub = lab.json()["hub_netns"].as_str().unwrap_or_default().to_owned();
    let tag = hub.strip_suffix("hub").unwrap_or("ets-").to_owned();
    Traces { tag, dir: lab.path().to_string_lossy().into_owned() }
}

struct Traces {
    tag: String,
    dir: String,
}

impl Traces {
    #[track_caller]
    fn assert_none(&self) {
        let namespaces = tool("ip", &["netns", "list"]);
        let left: Vec<_> = namespaces.lines().filter(|line| line.starts_with(&self.tag)).collect();
        assert!(left.is_empty(), "namespaces were left behind: {left:?}");
        let left = children_named(&["ets-hub", &self.dir]);
        assert!(left.is_empty(), "processes were left behind: {left:?}");
        let links = tool("ip", &["-o", "link", "show"]);
        let left: Vec<_> =
            links.lines().filter(|line| line.contains("veth") || line.contains(": s0")).collect();
        assert!(left.is_empty(), "links were left behind: {left:?}");
        if is_root() {
            assert_eq!(tool("nft", &["list", "tables"]), "", "rules were left behind");
        }
    }
}
