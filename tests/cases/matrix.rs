//! The failure matrix of trust (T-7): what fails, what a valid person can do meanwhile, and that a
//! revoked one can do nothing, before, during and after. What strangers try at the closed part's
//! port is in `strangers` (T-8). docs/OPERATIONS.md tells operators the same.
//!
//! Two rows are elsewhere: the moment before the revocations are loaded cannot be caught from
//! outside (`listen/tests/revoked.rs` holds it still), and a token is pulled out in
//! `tests/browser/token.test.mjs`.

mod data;
mod person;
mod processes;
mod strangers;
mod time;

use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::{Lab, Options, children_named, hub_binary, text, wait_for};
use person::Person;

const SOON: Duration = Duration::from_secs(15);
const OFTEN: Duration = Duration::from_millis(50);
/// The database has so long for a write; a revocation does not wait for it.
const AT_ONCE: Duration = Duration::from_secs(1);

/// A hub with two people, of whom one was let in and then revoked.
struct Bed {
    lab: Lab,
    json: Value,
    valid: Person,
    revoked: Person,
}

impl Bed {
    #[track_caller]
    fn start(env: Vec<(&'static str, String)>) -> Self {
        let lab = Lab::start(&Options { segments: 2, env, ..Options::default() });
        let json = lab.json();
        let [valid, revoked] = ["CN=Valid", "CN=Revoked"].map(|who| Person::issue(&lab, who));
        let bed = Self { lab, json, valid, revoked };
        assert_eq!(bed.valid.me(&bed.json), Ok(200));
        assert_eq!(bed.revoked.me(&bed.json), Ok(200));
        bed.revoke(&bed.revoked);
        bed.holds("at the start");
        bed
    }

    /// A person more.
    #[track_caller]
    fn issue(&self, subject: &str) -> Person {
        let person = Person::issue(&self.lab, subject);
        assert_eq!(person.me(&self.json), Ok(200), "{subject}");
        person
    }

    #[track_caller]
    fn revoke(&self, person: &Person) {
        let words = ["revoke", "--serial", &person.serial, "--reason", "keyCompromise"];
        ca(&self.lab, &words).expect("it is revoked");
    }

    /// Who is valid opens what is his, and who is revoked is told so by an alert.
    #[track_caller]
    fn holds(&self, when: &str) {
        assert_eq!(self.valid.me(&self.json), Ok(200), "{when}");
        self.stays_out(&self.revoked, when);
    }

    #[track_caller]
    fn stays_out(&self, person: &Person, when: &str) {
        let said = person.me(&self.json).expect_err(when);
        assert!(said.contains("certificate revoked"), "{when}: {said}");
    }

    /// Waits until the hub is back; the revoked one tries first each time and never comes in.
    #[track_caller]
    fn await_back(&self, when: &str) {
        wait_for(when, SOON, OFTEN, || {
            let tried = self.revoked.me(&self.json);
            assert!(tried.is_err(), "{when}: {tried:?}");
            (self.valid.me(&self.json) == Ok(200)).then_some(())
        });
        self.holds(when);
    }

    /// `serve` says so in its log, and lets nobody in.
    #[track_caller]
    fn refuses(&self, words: &str) {
        wait_for(words, SOON, OFTEN, || self.said().contains(words).then_some(()));
        for person in [&self.valid, &self.revoked] {
            assert!(!person.is_in(&self.json), "nobody comes in: {words}");
        }
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.lab.path().join("serve.log")).unwrap_or_default()
    }

    fn data(&self, name: &str) -> String {
        format!("{}/{name}", text(&self.json["data_dir"]))
    }

    /// Does something while `serve` is not there: it is killed, and the lab, which would start it
    /// again at once, sleeps.
    #[track_caller]
    fn while_down(&self, work: impl FnOnce()) {
        let lab = self.json["lab_pid"].as_i64().expect("lab.json names it");
        let _asleep = Asleep::begin(lab);
        let config = text(&self.json["config"]);
        wait_for("the end of serve", SOON, OFTEN, || {
            let running = children_named(&["ets-hub serve", config]);
            for pid in &running {
                let pid = nix::unistd::Pid::from_raw(i32::try_from(*pid).expect("a process id"));
                // It may have ended by itself meanwhile.
                let _ = nix::sys::signal::kill(pid, Signal::SIGKILL);
            }
            running.is_empty().then_some(())
        });
        work();
    }
}

/// A process that is stopped; it goes on when this goes, also where a test fails.
struct Asleep(i64);

impl Asleep {
    fn begin(pid: i64) -> Self {
        Lab::signal(pid, Signal::SIGSTOP);
        // A child that it was just starting is seen by its name then.
        std::thread::sleep(OFTEN);
        Self(pid)
    }
}

impl Drop for Asleep {
    fn drop(&mut self) {
        Lab::signal(self.0, Signal::SIGCONT);
    }
}

/// `ets-hub ca …` in JSON, or what it said.
fn ca(lab: &Lab, args: &[&str]) -> Result<Value, String> {
    let output = Command::new(hub_binary())
        .args(["ca", "--json", "--dir"])
        .arg(lab.path())
        .args(args)
        .output()
        .expect("the command starts");
    match output.status.success() {
        true => Ok(serde_json::from_slice(&output.stdout).unwrap_or_default()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}
