use std::io;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use ets_model::{PersonId, Protocol, SegmentId};

use super::*;
use crate::World;
use crate::accounts::{ALLOWED, Key};
use crate::gateway::Refusal;
use crate::lane::Side;
use crate::meters::Meters;
use crate::policy::{Ask, Ground, Verdict, Way};
use crate::relay::Patience;
use crate::target::Target;

/// 10.10.N.0/24 is segment N.
pub(crate) struct Star(Mutex<Zoned>);

impl World for Star {
    fn segment_of(&self, address: IpAddr) -> Option<SegmentNo> {
        match address {
            IpAddr::V4(v4) => Some(SegmentNo(v4.octets()[2].into())),
            IpAddr::V6(_) => None,
        }
    }

    fn now(&self) -> Zoned {
        self.0.lock().unwrap().clone()
    }
}

pub(crate) struct Nobody;

impl Resolve for Nobody {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(Vec::new())
    }
}

fn policy(limits: &str) -> Policy {
    let rules = format!(
        r#"{{ "groups": {{ "schools": ["s1", "s2"] }}, "limits": [{limits}], "rules": [{{
        "id": "all", "name": {{ "en": "All" }}, "to": {{ "addresses": ["127.0.0.0/8"] }},
        "action": "allow" }}] }}"#
    );
    let number = |id: &SegmentId| id.as_str().trim_start_matches('s').parse().ok().map(SegmentNo);
    Policy::new(Arc::new(serde_json::from_str(&rules).unwrap()), Ground::new([]), number).unwrap()
}

fn at(text: &str) -> Zoned {
    format!("{text}[Asia/Almaty]").parse().unwrap()
}

/// On the Sunday 2026-11-29 at noon, with these limits.
pub(crate) fn gateway(meters: &Arc<Meters>, limits: &str) -> (Gateway<Nobody>, Arc<Star>) {
    let star = Arc::new(Star(Mutex::new(at("2026-11-29T12:00"))));
    let patience = Patience { idle: Duration::from_secs(9), half_closed: Duration::from_secs(9) };
    let counted = (patience, Arc::clone(meters));
    (Gateway::new(Arc::clone(&star) as _, Nobody, policy(limits), counted), star)
}

fn passes(meters: &Arc<Meters>, segment: u32, octets: u64) {
    let meter = meters.meter(SegmentNo(segment)).unwrap();
    meter.up().fetch_add(octets, std::sync::atomic::Ordering::Relaxed);
}

/// The limit that a segment has used up, and until when.
fn spent(gateway: &Gateway<Nobody>, segment: u32) -> Option<String> {
    let ruled = gateway.spent(SegmentNo(segment))?;
    let Why::Quota(place) = ruled.why else { panic!("{ruled:?}") };
    let until = ruled.until.as_ref().map(|until| until.date().to_string());
    Some(format!("{} {}", ruled.policy.limit(place).unwrap().id, until.unwrap_or_default()))
}

const LIMITS: &str = r#"
    { "id": "day", "who": { "groups": ["schools"] }, "volume": { "bytes": 1000, "per": "day" } },
    { "id": "low", "who": { "segments": ["s2"] }, "volume": { "bytes": 500, "per": "day" } },
    { "id": "month", "volume": { "bytes": 1500, "per": "month" } }"#;

/// covers: N6.1: each segment of a group has its own, the lowest holds, and each ends in its time
#[test]
fn a_segment_that_has_had_its_volume_waits_for_the_period_and_no_other_does() {
    let meters = Meters::in_memory().unwrap();
    let (gateway, star) = gateway(&meters, LIMITS);
    gateway.hold();
    passes(&meters, 1, 999);
    passes(&meters, 2, 499);
    assert_eq!(gateway.hold().notices.len(), 2, "at 80 % it is told");
    let told = gateway.hold().notices;
    assert!(told.iter().all(|one| one.level == Level::Warned), "until it is noted: {told:?}");
    told.iter().for_each(|one| gateway.told(one));
    assert!(gateway.hold().notices.is_empty());
    assert_eq!([1, 2, 3].map(|segment| spent(&gateway, segment)), [None, None, None]);
    passes(&meters, 1, 1);
    passes(&meters, 2, 1);
    let told = gateway.hold().notices;
    assert!(told.len() == 2 && told.iter().all(|one| one.level == Level::Spent), "{told:?}");
    let day = |limit: &str| Some(format!("{limit} 2026-11-30"));
    assert_eq!([1, 2, 3].map(|no| spent(&gateway, no)), [day("day"), day("low"), None]);
    // A clock put back gives nothing; the period's end does.
    for (now, first) in [
        ("2026-11-28T12:00", day("day")),
        ("2026-11-29T23:59:59", day("day")),
        ("2026-11-30T00:00", None),
        ("2026-11-29T23:59:59", None),
    ] {
        *star.0.lock().unwrap() = at(now);
        gateway.hold();
        assert_eq!(spent(&gateway, 1), first, "{now}");
    }
    passes(&meters, 1, 500);
    gateway.hold();
    assert_eq!(spent(&gateway, 1), Some("month 2026-12-01".to_owned()));
    let standings = gateway.standings(&[SegmentNo(1), SegmentNo(3)]);
    let told: Vec<_> = standings.iter().map(|one| (one.segment.0, one.used, one.bytes)).collect();
    assert_eq!(told, [(1, 500, 1000), (1, 1500, 1500), (3, 0, 1500)]);
    // More of it opens at once, a limit that is gone too.
    gateway.enforce(policy(&LIMITS.replace("1500", "2000")));
    assert_eq!(spent(&gateway, 1), None);
    passes(&meters, 1, 1_000);
    gateway.hold();
    assert!(spent(&gateway, 1).is_some());
    gateway.enforce(policy(""));
    assert_eq!(spent(&gateway, 1), None);
    *star.0.lock().unwrap() = at("2026-12-01T00:00");
    gateway.enforce(policy(LIMITS));
    assert_eq!([1, 2, 3].map(|segment| spent(&gateway, segment)), [None, None, None]);
}

/// covers: N6.1: a journal that was slow over midnight takes nothing from the next day
#[test]
fn what_was_told_of_a_period_that_has_ended_is_not_told_of_the_next_one() {
    let meters = Meters::in_memory().unwrap();
    let (gateway, star) = gateway(&meters, LIMITS);
    gateway.hold();
    passes(&meters, 1, 800);
    let late = gateway.hold().notices;
    *star.0.lock().unwrap() = at("2026-11-30T00:00");
    gateway.hold();
    late.iter().for_each(|one| gateway.told(one));
    passes(&meters, 1, 800);
    let told = gateway.hold().notices;
    let day = told.iter().find(|one| one.standing.per == Per::Day);
    assert_eq!((late.len(), day.map(|one| one.level)), (1, Some(Level::Warned)), "{told:?}");
}

/// covers: N6.1: who asks is refused by the limit, and that is kept with what he asked for
#[tokio::test]
async fn a_refusal_is_kept_with_the_limit_and_the_host() {
    let meters = Meters::in_memory().unwrap();
    let (gateway, _star) = gateway(&meters, LIMITS);
    gateway.hold();
    passes(&meters, 1, 1_000);
    gateway.hold();
    let asem = PersonId::from_kept("number:1");
    let target = Target::read("203.0.113.9:443").unwrap();
    for segment in [1, 1, 3] {
        let from = IpAddr::from([10, 10, segment, 2]);
        drop(gateway.reach(from, Some(&asem), &target).await.unwrap_err());
    }
    let kept = gateway.book().take(7);
    let told = kept.iter().map(|(key, sum)| {
        let Key { segment, person, host, rule, verdict, .. } = key;
        format!("{} {person} {host} {rule} {verdict} {}", segment.0, sum.tunnels)
    });
    let mut told: Vec<_> = told.collect();
    told.sort();
    let all = ["1 number:1 203.0.113.9 day quota 2", "3 number:1 203.0.113.9  no-rule 1"];
    assert_eq!(told, all);
}

/// covers: N6.1, N6.3: datagrams and relays are refused and cut by a volume as tunnels are, and stand
/// in the ledger under what let them through
#[tokio::test]
async fn a_volume_ends_datagrams_and_relays_too() {
    let meters = Meters::in_memory().unwrap();
    let (gateway, _) = gateway(&meters, "");
    let rules = r#"{
        "limits": [{ "id": "day", "volume": { "bytes": 1000, "per": "day" } }],
        "relays": [{ "id": "calls", "name": { "en": "Calls" }, "ports": ["udp/5000"],
            "target": "10.99.0.1", "who": { "segments": ["s1"] } }],
        "rules": [{ "id": "all", "name": { "en": "All" }, "action": "allow" }] }"#;
    let number = |id: &SegmentId| id.as_str().trim_start_matches('s').parse().ok().map(SegmentNo);
    let rules = Arc::new(serde_json::from_str(rules).unwrap());
    gateway.enforce(Policy::new(rules, Ground::new([]), number).unwrap());
    let ask = |host, address: &str| Ask {
        segment: Some(SegmentNo(1)),
        person: None,
        host,
        address: address.parse().unwrap(),
        port: 5000,
        protocol: Protocol::Udp,
        way: Way::Proxy,
    };
    let (outside, inner) = (ask(Some("a.example"), "198.51.100.7"), ask(None, "10.99.0.1"));
    let tunnel = gateway.let_through(&outside).unwrap();
    let relayed = gateway.let_by("calls", &inner).unwrap();
    tunnel.meter().count(Side::Up, 600);
    relayed.meter().count(Side::Down, 500);
    assert!(!tunnel.was_cut() && !relayed.was_cut());
    assert_eq!(gateway.hold().cut, 2);
    assert!(tunnel.was_cut() && relayed.was_cut());
    assert_eq!(gateway.hold().cut, 0, "what is cut and has not ended yet is not cut again");
    for no in [gateway.let_through(&outside), gateway.let_by("calls", &inner)] {
        let no = no.unwrap_err();
        let Refusal::Rules(ruled) = &no else { panic!("{no:?}") };
        assert!(matches!(ruled.why, Why::Quota(0)) && ruled.until.is_some(), "{no:?}");
    }
    drop(tunnel);
    // The other is open still when the process ends.
    let mut all: Vec<_> = gateway.book().take_last(7).into_iter().collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    let told: Vec<_> = all
        .iter()
        .map(|(key, sum)| (&*key.host, &*key.rule, key.verdict, sum.tunnels, sum.up, sum.down))
        .collect();
    let quota = Verdict::Refused(Why::Quota(0)).code();
    assert_eq!(
        told,
        [
            ("10.99.0.1", "calls", ALLOWED, 1, 0, 500),
            ("10.99.0.1", "day", quota, 1, 0, 0),
            ("a.example", "all", ALLOWED, 1, 600, 0),
            ("a.example", "day", quota, 1, 0, 0),
        ]
    );
}
