//! kill -9 and power cuts in the middle of a change (D3): the rules are wholly old or wholly new, and
//! what nobody confirmed goes back in time, after a reboot at once.
//!
//! A power cut ends the whole lab, and the hub begins anew in new namespaces, with files of another
//! boot, from a disk that has what was synced and hardly more: the copy of a file system's image,
//! whose dirty pages are still in memory. Every single step between two writes is cut in
//! `src/netd/src/rules/ruler/tests.rs`.

mod star;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{OFTEN, SHORTEST, SOON};
use crate::support::{Api, is_root, sized, wait_for};
use star::{Cut, Star};

/// Points are tried in so many labs side by side.
const LABS: usize = 4;
/// How long after its time a change may still be there: restarts and looks included.
const LATE: Duration = Duration::from_secs(3);

/// When a change is cut off, and how.
#[derive(Clone, Copy, Debug)]
struct Point {
    /// Within the time that it takes undisturbed, and a little later.
    share: f64,
    cut: Cut,
    /// In its confirmation instead of in its application.
    confirming: bool,
}

/// covers: D3, N2.3
#[test]
fn a_change_cut_off_at_any_moment_is_wholly_old_or_wholly_new_and_goes_back() {
    if !is_root() {
        println!("skipped: only root mounts disks");
        return;
    }
    let points = points(sized("points", 8, 50));
    let part = |lab: usize| points.iter().skip(lab).step_by(LABS).copied().collect::<Vec<_>>();
    let seen: Vec<String> = std::thread::scope(|scope| {
        let labs: Vec<_> = (0..LABS).map(|lab| scope.spawn(move || play(&part(lab)))).collect();
        labs.into_iter().flat_map(|lab| lab.join().expect("all points hold")).collect()
    });
    seen.iter().for_each(|line| println!("{line}"));
    let new = seen.iter().filter(|line| line.contains("found new")).count();
    println!("{} points: old {}, new {new}", seen.len(), seen.len() - new);
}

/// Spread evenly in time and over the ways to die: the golden ratio never repeats itself.
fn points(count: usize) -> Vec<Point> {
    let point = |at: usize| Point {
        share: (at as f64 * 0.618_033_99).fract() * 1.3,
        cut: Cut::ALL[(at + at / LABS) % Cut::ALL.len()],
        confirming: at % 5 == 4,
    };
    (0..count).map(point).collect()
}

fn play(points: &[Point]) -> Vec<String> {
    let mut star = Star::raise();
    let took = undisturbed(&mut star);
    let seen = points.iter().map(|point| point.play(&mut star, took)).collect();
    star.tell_disk();
    seen
}

/// What an undisturbed change looks like, and how long its application and confirmation take.
#[track_caller]
fn undisturbed(star: &mut Star) -> [Duration; 2] {
    star.old = star.text().expect("the hub answers");
    let api = star.api();
    draft(&api);
    let started = Instant::now();
    let change = apply(&api).expect("it answers").expect("it is made");
    let applied = started.elapsed();
    star.new = star.text().expect("the hub answers");
    assert_ne!(star.old, star.new);
    let started = Instant::now();
    assert_eq!(settle(&api, "confirm", change), Some(200));
    let confirmed = started.elapsed();
    again(star);
    println!("an undisturbed change takes {applied:.1?}, its confirmation {confirmed:.1?}");
    [applied, confirmed]
}

/// Takes from s002, gives to s003, and retires a service: three places in the rules.
fn draft(api: &Api) {
    let edits = json!([
        { "edit": "withdraw", "segment": "s002", "service": "documents" },
        { "edit": "grant", "segment": "s003", "service": "documents" },
        { "edit": "retire_service", "service": "names" },
    ]);
    made(api.send("POST", "/api/v1/rules/draft", &json!({ "edits": edits })));
}

#[track_caller]
fn made((status, answer): (u16, Value)) -> Value {
    assert_eq!(status, 200, "{answer}");
    answer
}

/// The change's number; `None` when it was refused, nothing at all when no answer came.
fn apply(api: &Api) -> Option<Option<u64>> {
    let body = json!({ "confirm_within_s": SHORTEST }).to_string();
    let (status, answer) = api.exchange("POST", "/api/v1/rules/apply", &body).ok()?;
    let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
    (status != 0).then(|| answer["no"].as_u64().filter(|_| status == 200))
}

fn settle(api: &Api, act: &str, change: u64) -> Option<u16> {
    let answer = api.exchange("POST", &format!("/api/v1/rules/{change}/{act}"), "").ok()?;
    Some(answer.0).filter(|status| *status != 0)
}

/// Back to the old rules, by an ordinary change.
#[track_caller]
fn again(star: &Star) {
    let api = star.api();
    discard(&api);
    let edits = json!([
        { "edit": "grant", "segment": "s002", "service": "documents" },
        { "edit": "withdraw", "segment": "s003", "service": "documents" },
        { "edit": "bring_back", "service": "names" },
    ]);
    made(api.send("POST", "/api/v1/rules/draft", &json!({ "edits": edits })));
    let change = apply(&api).flatten().expect("it is made");
    assert_eq!(settle(&api, "confirm", change), Some(200));
    assert_eq!(star.text().as_ref(), Some(&star.old), "the old rules again");
}

fn discard(api: &Api) {
    wait_for("the draft to go", SOON, OFTEN, || {
        let answer = api.exchange("DELETE", "/api/v1/rules/draft", "").ok()?;
        (answer.0 == 200).then_some(())
    });
}

impl Point {
    #[track_caller]
    fn play(self, star: &mut Star, [applying, confirming]: [Duration; 2]) -> String {
        let api = star.api();
        discard(&api);
        draft(&api);
        let change = self.confirming.then(|| apply(&api).flatten().expect("it is made"));
        let took = if self.confirming { confirming } else { applying };
        let delay = took.mul_f64(self.share);
        let started = Instant::now();
        let told = std::thread::scope(|scope| {
            let asked = scope.spawn(|| match change {
                None => apply(&api).flatten().is_some(),
                Some(change) => settle(&api, "confirm", change) == Some(200),
            });
            std::thread::sleep(delay);
            star.cut(self.cut);
            asked.join().expect("it was asked")
        });
        let found = star.whole();
        self.judge(star, found, told, started);
        let name = if found { "new" } else { "old" };
        format!("{self:?} after {delay:.1?}: acknowledged {told}, found {name}")
    }

    /// Everything that must hold after the restart; `found`: the new rules.
    #[track_caller]
    fn judge(self, star: &mut Star, found: bool, told: bool, started: Instant) {
        let stands = self.confirming && told;
        let boots = self.cut == Cut::Power;
        let waits = found && star.waits();
        if stands {
            assert!(found && !waits, "{self:?}: what was confirmed stays");
        } else if boots && found {
            assert!(self.confirming && !waits, "{self:?}: not confirmed, and not gone back");
        }
        if found && waits {
            assert!(!boots, "{self:?}: nothing waits through a reboot");
            let left = (Duration::from_secs(SHORTEST) + LATE).saturating_sub(started.elapsed());
            wait_for("it goes back in time", left, OFTEN, || star.is_old().then_some(()));
        } else if found {
            assert!(self.confirming, "{self:?}: nobody confirmed it");
            again(star);
        }
        star.is_sound();
    }
}
