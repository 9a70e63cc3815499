//! Processes that die, stop or let others wait: the hub's two, a service, the database.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::json;

use super::{AT_ONCE, Asleep, Bed, OFTEN, SOON, ca};
use crate::support::{Lab, text, tool, wait_for};

/// covers: T-7, T2.1, T1.3
#[test]
fn whatever_process_dies_or_waits_valid_people_go_on_and_revoked_ones_stay_out() {
    let bed = Bed::start(Vec::new());
    serve_is_stopped(&bed);
    netd_is_killed(&bed);
    the_database_is_busy(&bed);
    the_database_takes_nothing(&bed);
    a_service_stays_out(&bed);
    serve_is_killed(&bed);
}

fn serve_is_stopped(bed: &Bed) {
    let mut kept = bed.valid.keep(&bed.json);
    assert!(kept.is_answered());
    let asleep = Asleep::begin(bed.lab.pid("serve"));
    for person in [&bed.valid, &bed.revoked] {
        assert!(!person.is_in(&bed.json), "nobody answers");
    }
    drop(asleep);
    assert!(kept.is_answered(), "a connection outlives the pause");
    bed.holds("after the pause");
}

fn netd_is_killed(bed: &Bed) {
    let mut kept = bed.valid.keep(&bed.json);
    assert!(kept.is_answered());
    let before = bed.lab.pid("netd");
    Lab::signal(before, Signal::SIGKILL);
    assert!(kept.is_answered(), "what is open does not need netd");
    bed.holds("without netd");
    wait_for("netd to come back", SOON, OFTEN, || {
        let now = bed.lab.json()["hub_pids"]["netd"].as_i64()?;
        (now != before).then_some(())
    });
    assert!(kept.is_answered());
    bed.holds("with another netd");
}

fn serve_is_killed(bed: &Bed) {
    let last = bed.issue("CN=Last");
    let [mut kept, mut of_last] = [&bed.valid, &last].map(|person| person.keep(&bed.json));
    assert!(kept.is_answered() && of_last.is_answered());
    let before = bed.lab.pid("serve");
    bed.revoke(&last);
    Lab::signal(before, Signal::SIGKILL);
    assert!(!kept.is_answered() && !of_last.is_answered(), "their connections ended");
    bed.await_back("serve is killed and back");
    bed.stays_out(&last, "revoked a moment before the kill");
}

/// Another program holds the database's lock: each write waits for ten seconds and fails.
struct Busy(Child);

impl Busy {
    #[track_caller]
    fn hold(database: &str) -> Self {
        let script = "import sqlite3, sys\n\
                      c = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
                      c.execute('BEGIN IMMEDIATE')\nprint('held', flush=True)\nsys.stdin.read()\n";
        let mut child = Command::new("/usr/bin/python3")
            .args(["-c", script, database])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("it can be read");
        assert_eq!(line, "held\n");
        Self(child)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn the_database_is_busy(bed: &Bed) {
    let person = bed.issue("CN=Lost");
    let mut kept = person.keep(&bed.json);
    assert!(kept.is_answered());
    let busy = Busy::hold(&bed.data("state.db"));
    std::thread::scope(|scope| {
        let asked = Instant::now();
        let words = ["revoke", "--serial", &person.serial, "--reason", "keyCompromise"];
        let told = scope.spawn(move || ca(&bed.lab, &words));
        wait_for("the revocation to bite", AT_ONCE, Duration::from_millis(10), || {
            person.me(&bed.json).is_err().then_some(())
        });
        println!("a revocation bites after {:?} beside a busy database", asked.elapsed());
        assert!(!kept.is_answered(), "what was open has ended");
        assert!(!told.is_finished(), "the database has not answered yet");
        bed.holds("while the database is busy");
        drop(busy);
        let told = told.join().expect("it ends").expect("the database takes it after all");
        assert_eq!(told["state"], json!("revoked"));
    });
    bed.stays_out(&person, "after the database was busy");
}

/// It is said as it is, and not that it failed: whoever reports a token must not think that it still
/// opens anything.
fn the_database_takes_nothing(bed: &Bed) {
    let person = bed.issue("CN=Owed");
    let path = format!("/api/v1/ca/certificates/{}", person.serial);
    let state = || bed.lab.api().get(&path)["state"].clone();
    let busy = Busy::hold(&bed.data("state.db"));
    let words = ["revoke", "--serial", &person.serial, "--reason", "keyCompromise"];
    let told = ca(&bed.lab, &words).expect("it is in force, so the command succeeds");
    assert_eq!((&told["type"], &told["status"]), (&json!("/help/problems#owed"), &json!(202)));
    assert_eq!(state(), json!("active"), "the register does not know it yet");
    bed.stays_out(&person, "while the database takes nothing");
    bed.holds("while the database takes nothing");
    drop(busy);
    wait_for("the register to follow", SOON, OFTEN, || (state() == "revoked").then_some(()));
    bed.stays_out(&person, "after the register followed");
}

/// The services' machine refuses connections to one of its ports.
fn port(bed: &Bed, words: &str) {
    let place = text(&bed.json["services"]["netns"]);
    tool("ip", &["netns", "exec", place, "sh", "-ec", words]);
}

fn a_service_stays_out(bed: &Bed) {
    let documents = |more: &[&str]| bed.valid.get(&bed.json, "/documents", more);
    assert_eq!(documents(&[]).map(|(status, _)| status), Ok(200));
    port(
        bed,
        "nft add table inet dead; \
         nft add chain inet dead in '{ type filter hook input priority 0; }'; \
         nft add rule inet dead in tcp dport 8080 reject with tcp reset",
    );
    let headings = ["kk", "ru", "en"].map(|language| {
        let accept = format!("accept-language: {language}");
        let (status, page) = documents(&["-H", &accept]).expect("a page");
        assert_eq!(status, 503, "{page}");
        assert!(page.contains(&format!("lang=\"{language}\"")), "{page}");
        let heading = page.split("<h1").nth(1).and_then(|rest| rest.split("</h1>").next());
        heading.expect("it says what happened").to_owned()
    });
    assert!(headings[0] != headings[1] && headings[1] != headings[2], "{headings:?}");
    bed.holds("while a service is dead");
    port(bed, "nft delete table inet dead");
    let back = Instant::now();
    sleep(OFTEN);
    wait_for("the service", Duration::from_secs(6), OFTEN, || {
        (documents(&[]).ok()?.0 == 200).then_some(())
    });
    println!("a service was used again {:?} after it was back", back.elapsed());
    assert!(bed.revoked.get(&bed.json, "/documents", &[]).is_err());
}
