//! The star in real namespaces, once as root and once as an ordinary user.
//!
//! What needs root is skipped, with a word, for who is not root.
#![allow(clippy::unwrap_used)] // A test that cannot go on ends here.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Who runs a lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum As {
    Root,
    OrdinaryUser,
}

/// A running lab without a hub in it.
struct Lab {
    who: As,
    folder: TempDir,
    child: Child,
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// The program under test, where another user may read it.
fn program(folder: &Path) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.parent().unwrap().with_file_name("examples").join("ets-lab");
    let copy = folder.join("ets-lab");
    if !copy.exists() {
        fs::copy(built, &copy).unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    }
    copy
}

fn command(who: As, folder: &Path) -> Command {
    let program = program(folder);
    if who == As::OrdinaryUser && is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(program);
        return command;
    }
    Command::new(program)
}

impl Lab {
    /// Starts a lab and waits until it is ready; `None` where this machine cannot.
    fn start(who: As, arguments: &[&str]) -> Option<Self> {
        if who == As::Root && !is_root() {
            eprintln!("skipped: needs root");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        Some(Self::start_in(who, folder, arguments))
    }

    fn start_in(who: As, folder: TempDir, arguments: &[&str]) -> Self {
        let mut start = command(who, folder.path());
        start.args(["run", "--no-hub", "--no-traffic", "--dir"]).arg(folder.path().join("lab"));
        let child = start.args(arguments).stdout(Stdio::null()).spawn().unwrap();
        let mut lab = Self { who, folder, child };
        let until = Instant::now() + Duration::from_secs(60);
        while !lab.description().exists() {
            assert!(lab.child.try_wait().unwrap().is_none(), "the lab ended");
            assert!(Instant::now() < until, "the lab is not ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        lab
    }

    fn description(&self) -> PathBuf {
        self.folder.path().join("lab/lab.json")
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&fs::read(self.description()).unwrap()).unwrap()
    }

    fn call(&self, arguments: &[&str]) -> Output {
        let (verb, rest) = arguments.split_first().unwrap();
        let mut command = command(self.who, self.folder.path());
        command.arg(verb).arg("--dir").arg(self.folder.path().join("lab")).args(rest);
        command.output().unwrap()
    }

    fn tell(&self, arguments: &[&str]) {
        let output = self.call(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Whether `address` answers a TCP connection to a closed port, as any live host does.
    fn reaches(&self, place: &str, address: &str) -> bool {
        let connect = format!("exec 3<>/dev/tcp/{address}/9");
        let output = self.call(&["exec", place, "timeout", "1", "bash", "-c", &connect]);
        String::from_utf8_lossy(&output.stderr).contains("refused")
    }

    fn end(&mut self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, signal).unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.end(nix::sys::signal::Signal::SIGTERM);
        }
    }
}

/// Names of namespaces that a lab's description mentions and that exist.
fn left_behind(lab: &Value) -> Vec<String> {
    let segments = lab["segments"].as_array().unwrap().iter().map(|segment| &segment["netns"]);
    let fixed = [
        &lab["hub_netns"],
        &lab["trunk_netns"],
        &lab["services"]["netns"],
        &lab["external"]["netns"],
    ];
    let names = segments.chain(fixed).map(|name| name.as_str().unwrap().to_owned());
    names.filter(|name| Path::new("/run/netns").join(name).exists()).collect()
}

fn every_segment_answers(who: As) {
    let Some(lab) = Lab::start(who, &["--segments", "12"]) else { return };
    for segment in lab.json()["segments"].as_array().unwrap() {
        for address in ["address", "address6", "host"] {
            let address = segment[address].as_str().unwrap();
            assert!(lab.reaches("hub", address), "{address}");
        }
    }
    let page = "exec 3<>/dev/tcp/10.1.0.10/80; printf 'GET /100 HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3";
    let output = lab.call(&["exec", "s003", "timeout", "5", "bash", "-c", page]);
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("HTTP/1.1 200 OK"));
}

#[test]
fn every_segment_answers_as_root() {
    every_segment_answers(As::Root);
}

#[test]
fn every_segment_answers_as_an_ordinary_user() {
    every_segment_answers(As::OrdinaryUser);
}

/// Faults that cut s003 off, each with what it does to the carrier of the hub's port.
const CUTS: [(&[&str], bool); 7] = [
    (&["silent", "s003"], true),
    (&["link-down", "s003"], false),
    (&["link-down", "s003", "--side", "segment"], true),
    (&["loss", "s003", "--loss", "100"], true),
    (&["reboot", "s003", "--seconds", "1000"], true),
    (&["trunk-silent"], true),
    (&["trunk-down"], false),
];

fn faults_cut_a_segment_off_and_are_healed(who: As) {
    let Some(lab) = Lab::start(who, &["--segments", "4"]) else { return };
    for (fault, carrier) in CUTS {
        lab.tell(&[&["fault"], fault].concat());
        assert!(!lab.reaches("hub", "10.10.3.1"), "{fault:?}");
        assert!(!lab.reaches("hub", "fd10:10:3::1"), "{fault:?}");
        let link = lab.call(&["exec", "hub", "ip", "link", "show", "s003"]);
        let has_carrier = !String::from_utf8_lossy(&link.stdout).contains("NO-CARRIER");
        assert_eq!(has_carrier, carrier, "{fault:?}");
        lab.tell(&["heal"]);
        assert!(lab.reaches("hub", "10.10.3.1"), "after {fault:?}");
        assert!(lab.reaches("hub", "fd10:10:3::1"), "after {fault:?}");
    }
}

#[test]
fn faults_cut_a_segment_off_and_are_healed_as_root() {
    faults_cut_a_segment_off_and_are_healed(As::Root);
}

#[test]
fn faults_cut_a_segment_off_and_are_healed_as_an_ordinary_user() {
    faults_cut_a_segment_off_and_are_healed(As::OrdinaryUser);
}

#[test]
fn a_provider_point_takes_its_segments_along_and_no_others() {
    let Some(lab) = Lab::start(As::OrdinaryUser, &[]) else { return };
    lab.tell(&["fault", "provider-down", "pp-akbulak"]);
    assert!(!lab.reaches("hub", "10.10.17.1"));
    assert!(lab.reaches("hub", "10.10.1.1"));
    lab.tell(&["heal", "pp-akbulak"]);
    assert!(lab.reaches("hub", "10.10.17.1"));
}

#[test]
fn a_wrong_route_is_answered_by_the_router_it_leads_to() {
    let Some(lab) = Lab::start(As::OrdinaryUser, &["--segments", "4"]) else { return };
    lab.tell(&["fault", "wrong-route", "s003"]);
    let connect = "exec 3<>/dev/tcp/10.10.3.1/9";
    let output = lab.call(&["exec", "hub", "timeout", "3", "bash", "-c", connect]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("No route to host"));
    lab.tell(&["heal", "s003"]);
    assert!(lab.reaches("hub", "10.10.3.1"));
}

#[test]
fn a_reboot_ends_by_itself() {
    let Some(lab) = Lab::start(As::OrdinaryUser, &["--segments", "3"]) else { return };
    lab.tell(&["fault", "reboot", "s002", "--seconds", "1.5"]);
    assert!(!lab.reaches("hub", "10.10.2.1"));
    std::thread::sleep(Duration::from_secs(2));
    assert!(lab.reaches("hub", "10.10.2.1") && lab.reaches("hub", "fd10:10:2::1"));
    let status = lab.call(&["status"]);
    assert!(String::from_utf8_lossy(&status.stdout).ends_with("no faults\n"));
}

#[test]
fn a_delayed_line_is_slow_and_whole() {
    for shape in
        [&["--segments", "4"][..], &["--segments", "4", "--links", "2"], &["--segments", "202"]]
    {
        let Some(lab) = Lab::start(As::OrdinaryUser, shape) else { return };
        let description = lab.json();
        let segment = &description["segments"][2];
        let (id, address) = (segment["id"].as_str().unwrap(), segment["address"].as_str().unwrap());
        lab.tell(&["fault", "delay", id, "--delay", "100", "--jitter", "10"]);
        let started = Instant::now();
        assert!(lab.reaches("hub", address), "{shape:?}");
        let took = started.elapsed();
        assert!(took > Duration::from_millis(180), "{shape:?}: {took:?}");
        lab.tell(&["heal"]);
        assert!(lab.reaches("hub", address), "{shape:?}");
    }
}

#[test]
fn neighbours_on_one_link_do_not_reach_each_other_there() {
    let Some(lab) = Lab::start(As::OrdinaryUser, &["--segments", "4", "--links", "2"]) else {
        return;
    };
    assert!(lab.reaches("hub", "10.10.1.1") && lab.reaches("hub", "10.10.2.1"));
    // Past the hub, straight onto the wire that both hang on.
    lab.tell(&["exec", "s001", "ip", "route", "add", "10.10.2.1", "dev", "up0"]);
    assert!(!lab.reaches("s001", "10.10.2.1"));
}

#[test]
fn a_thousand_segments_answer_through_their_links() {
    let Some(lab) = Lab::start(As::Root, &["--segments", "1000", "--links", "5"]) else { return };
    let description = lab.json();
    for index in [0, 199, 200, 999] {
        let segment = &description["segments"][index];
        assert!(lab.reaches("hub", segment["address"].as_str().unwrap()), "{segment}");
        assert!(lab.reaches("hub", segment["address6"].as_str().unwrap()), "{segment}");
    }
    lab.tell(&["fault", "silent", "s0200"]);
    assert!(!lab.reaches("hub", description["segments"][199]["address"].as_str().unwrap()));
    assert!(lab.reaches("hub", description["segments"][198]["address"].as_str().unwrap()));
}

#[test]
fn an_interrupt_leaves_nothing_behind() {
    let Some(mut lab) = Lab::start(As::Root, &["--segments", "5"]) else { return };
    let description = lab.json();
    assert_eq!(left_behind(&description).len(), 9);
    lab.end(nix::sys::signal::Signal::SIGINT);
    assert_eq!(left_behind(&description), Vec::<String>::new());
    assert!(!lab.description().exists());
}

#[test]
fn the_start_after_a_kill_cleans_up_what_the_dead_lab_left() {
    let Some(mut lab) = Lab::start(As::Root, &["--segments", "5"]) else { return };
    let description = lab.json();
    lab.end(nix::sys::signal::Signal::SIGKILL);
    assert_eq!(left_behind(&description).len(), 9);
    let next = Lab::start(As::Root, &["--segments", "1"]).unwrap();
    let own = left_behind(&next.json());
    assert!(left_behind(&description).iter().all(|name| own.contains(name)));
}

#[test]
fn two_labs_live_side_by_side_and_one_folder_has_one() {
    let Some(one) = Lab::start(As::Root, &["--segments", "2"]) else { return };
    let two = Lab::start(As::Root, &["--segments", "2"]).unwrap();
    assert_ne!(one.json()["hub_netns"], two.json()["hub_netns"]);
    assert!(one.reaches("hub", "10.10.2.1") && two.reaches("hub", "10.10.2.1"));
    one.tell(&["fault", "silent", "2"]);
    assert!(!one.reaches("hub", "10.10.2.1") && two.reaches("hub", "10.10.2.1"));
    let refused = one.call(&["run", "--no-hub"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("a lab already runs in"));
}

#[test]
fn nonsense_is_refused_with_a_word_and_a_code() {
    let Some(lab) = Lab::start(As::OrdinaryUser, &["--segments", "2"]) else { return };
    let cases: [(&[&str], i32, &str); 6] = [
        (&["fault", "silent"], 64, "name at least one segment"),
        (&["fault", "silent", "s009"], 1, "there are s001 to s002"),
        (&["fault", "loss", "1", "--loss", "101"], 64, "from 0 to 100"),
        (&["fault", "provider-down", "nowhere"], 1, "there are pp-center"),
        (&["exec", "nowhere", "true"], 1, "give hub, trunk"),
        (&["heal", "s777"], 1, "there are s001 to s002"),
    ];
    for (arguments, code, word) in cases {
        let output = lab.call(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert!(error.contains(word), "{arguments:?}: {error}");
    }
}
