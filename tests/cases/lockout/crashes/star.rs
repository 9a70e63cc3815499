//! A lab whose data lie on a disk that can lose power.

use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::lockout::disk::{self, Disk};
use crate::lockout::ways::another_boot;
use crate::lockout::{OFTEN, SOON};
use crate::support::{Api, Lab, Options, wait_for};
use crate::support::{all, connect, text};

const SEGMENTS: u32 = 3;
/// A file that nobody syncs, and what is in it.
const UNSYNCED: &str = "unsynced";
const MARK: &[u8] = b"forget me";

/// What dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    Netd,
    Serve,
    /// Both processes at once.
    Both,
    /// The whole machine, with what was not synced.
    Power,
}

impl Cut {
    pub(super) const ALL: [Self; 4] = [Self::Power, Self::Netd, Self::Both, Self::Serve];
}

/// See the head of the file. The lab ends before its disk, the disk before the images.
pub(super) struct Star {
    lab: Option<Lab>,
    disk: Option<Disk>,
    images: TempDir,
    /// How often the power failed.
    cuts: usize,
    /// How often the disk kept all the same what nobody had synced.
    kept: usize,
    pub(super) old: String,
    pub(super) new: String,
}

impl Star {
    #[track_caller]
    pub(super) fn raise() -> Self {
        let dir = tempfile::tempdir().expect("a folder can be made");
        let images = tempfile::tempdir().expect("a folder can be made");
        let (old, new) = (String::new(), String::new());
        let mut star = Self { lab: None, disk: None, images, cuts: 0, kept: 0, old, new };
        match disk::image(&star.image()) {
            Some(()) => star.begin(dir),
            None => panic!("no image of a file system can be made and mounted here"),
        }
        star
    }

    fn image(&self) -> PathBuf {
        self.images.path().join(format!("{}.img", self.cuts))
    }

    #[track_caller]
    fn begin(&mut self, dir: TempDir) {
        let data = dir.path().join("data");
        self.disk = Some(Disk::of_image(dir.path(), &data, &self.image()));
        self.kept += usize::from(std::fs::read(data.join(UNSYNCED)).is_ok_and(|it| it == MARK));
        let netd = state_dir(&data);
        if netd.exists() {
            another_boot(&netd);
        }
        self.lab = Some(Lab::start_in(dir, &Options { segments: SEGMENTS, ..Options::default() }));
        let api = self.api();
        wait_for("all up and rules in force", SOON * 2, OFTEN, || {
            let in_force = api.try_get("/api/v1/rules")?["change"].as_u64()? > 0;
            (in_force && api.count("up") == SEGMENTS as usize).then_some(())
        });
    }

    fn lab(&self) -> &Lab {
        self.lab.as_ref().expect("it runs")
    }

    pub(super) fn api(&self) -> Api {
        self.lab().api()
    }

    /// Ends what the cut ends, and waits until it runs again.
    #[track_caller]
    pub(super) fn cut(&mut self, cut: Cut) {
        let parts: &[&str] = match cut {
            Cut::Netd => &["netd"],
            Cut::Serve => &["serve"],
            Cut::Both => &["netd", "serve"],
            Cut::Power => return self.lose_power(),
        };
        let dead: Vec<i64> = parts.iter().map(|part| self.lab().pid(part)).collect();
        dead.iter().for_each(|pid| Lab::signal(*pid, Signal::SIGKILL));
        wait_for("new processes", SOON, OFTEN, || {
            let anew = |(part, dead): (&&str, &i64)| self.lab().pid(part) != *dead;
            parts.iter().zip(&dead).all(anew).then_some(())
        });
    }

    /// Both stand still, so that the disk is copied as it is at one moment.
    #[track_caller]
    fn lose_power(&mut self) {
        for part in ["netd", "serve"] {
            Lab::signal(self.lab().pid(part), Signal::SIGSTOP);
        }
        std::fs::write(self.lab().path().join("data").join(UNSYNCED), MARK)
            .expect("a file can be written");
        let before = self.image();
        self.cuts += 1;
        disk::cut(&before, &self.image());
        let dir = self.lab.take().expect("it runs").kill();
        self.disk.take().expect("it is mounted").unmount();
        std::fs::remove_file(before).expect("the old disk can be thrown away");
        self.begin(dir);
    }

    /// Says whether the disk forgot; a stranger's sync may make it remember now and then.
    #[track_caller]
    pub(super) fn tell_disk(&self) {
        println!("{} power cuts; the disk kept what nobody synced in {}", self.cuts, self.kept);
        assert!(self.kept * 2 <= self.cuts, "this disk forgets nothing");
    }

    /// The rules without what differs between two equal ones: the mark of the change, addresses that
    /// the kernel draws for links.
    pub(super) fn text(&self) -> Option<String> {
        let (status, text) = self.api().exchange("GET", "/api/v1/rules/text", "").ok()?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines = text.lines().filter(|line| !line.contains("fe80:")).map(|line| {
            let Some((before, mark)) = line.split_once(" 0x").filter(|_| line.contains("ct mark"))
            else {
                return line.to_owned();
            };
            format!("{before} {}", mark.split_once(' ').unwrap_or_default().1)
        });
        (status == 200).then(|| lines.collect::<Vec<_>>().join("\n"))
    }

    /// Whether the new rules are in force, whole; else the old ones are.
    #[track_caller]
    pub(super) fn whole(&self) -> bool {
        let text = wait_for("the rules", SOON, OFTEN, || self.text());
        if text == self.new {
            return true;
        }
        let half: Vec<_> = text.lines().filter(|line| !self.old.contains(*line)).collect();
        assert_eq!(text, self.old, "half old, half new: {half:?}");
        false
    }

    /// Whether the new rules wait for their confirmation, once `serve` has heard of them from `netd`;
    /// else they were confirmed. Those that went back meanwhile have waited.
    #[track_caller]
    pub(super) fn waits(&self) -> bool {
        // An order makes `serve` ask `netd`; before that it may show what it last knew.
        wait_for("serve and netd", SOON, OFTEN, || {
            let asked = self.api().exchange("POST", "/api/v1/rules/0/confirm", "").ok()?;
            (asked.0 == 409).then_some(())
        });
        wait_for("what becomes of the new rules", SOON, OFTEN, || {
            if !self.api().try_get("/api/v1/rules")?["waiting"].is_null() || self.is_old() {
                return Some(true);
            }
            let list = self.api().try_get("/api/v1/rules/versions?limit=1")?;
            (list["versions"][0]["state"]["state"] == "confirmed").then_some(false)
        })
    }

    pub(super) fn is_old(&self) -> bool {
        self.text().as_ref() == Some(&self.old)
    }

    /// The old rules, in the kernel as in the books: s002 reads its documents, s003 none.
    #[track_caller]
    pub(super) fn is_sound(&self) {
        wait_for("the old rules", SOON, OFTEN, || {
            let rules = self.api().try_get("/api/v1/rules")?;
            let quiet = ["waiting", "differs", "problem", "away"];
            let quiet = quiet.iter().all(|key| rules[*key].is_null());
            (quiet && rules["drift"] == Value::Array(Vec::new()) && self.is_old()).then_some(())
        });
        let lab = self.lab().json();
        let server = text(&lab["services"]["address"]);
        let read = |at: usize| {
            let place = &lab["segments"][at];
            connect(place, text(&place["host"]), server, 8080)
        };
        assert_eq!(all(vec![read(1), read(2)]), [true, false], "s002 reads, s003 does not");
        let journal = self.api().get("/api/v1/journal/verify");
        assert!(journal["broken"].is_null(), "{journal}");
    }
}

fn state_dir(data: &Path) -> PathBuf {
    data.join(format!("{SEGMENTS}/netd"))
}
