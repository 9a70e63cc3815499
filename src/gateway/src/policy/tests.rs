use std::sync::Arc;

use ets_model::{PersonId, Protocol, SegmentId, SegmentNo};
use jiff::Zoned;

use super::*;

const RULES: &str = r#"{
  "groups": { "schools": ["s1", "s2"] },
  "lists": { "games": ["games.example", "=play.example"] },
  "rules": [
    { "id": "no-games", "name": { "en": "No games" }, "to": { "lists": ["games"] },
      "action": "refuse" },
    { "id": "director", "name": { "en": "Director" }, "who": { "persons": ["iin:1"] },
      "hours": ["sun 00:00-24:00"], "action": "allow" },
    { "id": "archive", "name": { "en": "Archive of a neighbour region" },
      "who": { "segments": ["s3"] }, "to": { "addresses": ["10.200.0.0/16"] },
      "ports": ["tcp/443"], "action": "allow" },
    { "id": "mail", "name": { "en": "Mail" }, "who": { "segments": ["s3"] },
      "to": { "domains": ["mail.example"] }, "ports": ["tcp/25"], "action": "allow" },
    { "id": "off", "name": { "en": "Off" }, "off": true, "action": "allow" },
    { "id": "work", "name": { "en": "Working hours" }, "who": { "groups": ["schools"] },
      "ports": ["tcp/80", "tcp/443", "udp/443"], "hours": ["mon-fri 09:00-18:00"],
      "action": "allow" },
    { "id": "rest", "name": { "en": "Everything" }, "who": { "segments": ["s3"] },
      "action": "allow" }
  ]
}"#;

fn policy() -> Policy {
    let rules: Rules = serde_json::from_str(RULES).unwrap();
    let ground = Ground::new(["10.10.0.0/16", "203.0.113.1/32"].map(|net| net.parse().unwrap()));
    let number = |id: &SegmentId| id.as_str().trim_start_matches('s').parse().ok().map(SegmentNo);
    Policy::new(Arc::new(rules), ground, number).unwrap()
}

fn at(text: &str) -> Zoned {
    format!("{text}[Asia/Almaty]").parse().unwrap()
}

/// `s1 games.example 203.0.113.9 443`, with a person behind it or without; `-` is no host.
fn ask<'a>(text: &'a str, person: Option<&'a PersonId>) -> Ask<'a> {
    let [segment, host, address, port] = text.split(' ').collect::<Vec<_>>()[..] else {
        panic!("four words: {text}")
    };
    Ask {
        segment: segment.strip_prefix('s').map(|no| SegmentNo(no.parse().unwrap())),
        person,
        host: (host != "-").then_some(host),
        address: address.parse().unwrap(),
        port: port.parse().unwrap(),
        protocol: Protocol::Tcp,
        way: Way::Proxy,
    }
}

fn told(policy: &Policy, verdict: Verdict) -> String {
    match verdict {
        Verdict::Allowed(place) => format!("+{}", policy.rule(place).id),
        Verdict::Refused(Why::Rule(place)) => format!("-{}", policy.rule(place).id),
        Verdict::Refused(why) => format!("-{why:?}"),
    }
}

/// covers: N6.1: one line for each thing that a rule can say
#[test]
fn the_first_rule_that_fits_decides() {
    let policy = policy();
    let director = PersonId::from_kept("iin:1");
    for (moment, asked, person, answer) in [
        // 2026-11-30 is a Monday.
        ("2026-11-30T10:00:00", "s1 www.example 203.0.113.9 443", None, "+work"),
        ("2026-11-30T08:00:00", "s1 www.example 203.0.113.9 443", None, "-NoRule"),
        ("2026-11-30T10:00:00", "s4 www.example 203.0.113.9 443", None, "-NoRule"),
        ("2026-11-30T10:00:00", "s1 www.example 203.0.113.9 22", None, "-NoRule"),
        ("2026-11-30T10:00:00", "s1 a.games.example 203.0.113.9 443", None, "-no-games"),
        ("2026-11-30T10:00:00", "s1 play.example 203.0.113.9 443", None, "-no-games"),
        ("2026-11-30T10:00:00", "s1 a.play.example 203.0.113.9 443", None, "+work"),
        ("2026-11-30T10:00:00", "s3 games.example 203.0.113.9 443", None, "-no-games"),
        ("2026-11-29T23:59:00", "s4 www.example 203.0.113.9 22", Some(&director), "+director"),
        ("2026-11-30T00:00:00", "s4 www.example 203.0.113.9 22", Some(&director), "-NoRule"),
        ("2026-11-30T10:00:00", "s3 - 10.200.1.1 443", None, "+archive"),
        ("2026-11-30T10:00:00", "s3 - ::ffff:10.200.1.1 443", None, "+archive"),
        ("2026-11-30T10:00:00", "s3 - 10.200.1.1 80", None, "-NoRule"),
        ("2026-11-30T10:00:00", "s3 - 10.201.1.1 443", None, "-NoRule"),
        ("2026-11-30T10:00:00", "s3 - 203.0.113.9 5222", None, "+rest"),
        ("2026-11-30T10:00:00", "s3 - 203.0.113.9 25", None, "-NoRule"),
        ("2026-11-30T10:00:00", "s3 mail.example 203.0.113.9 25", None, "+mail"),
        ("2026-11-30T10:00:00", "s3 www.example 10.10.4.2 443", None, "-Ours"),
        ("2026-11-30T10:00:00", "s3 www.example 203.0.113.1 443", None, "-Ours"),
        ("2026-11-30T10:00:00", "s3 www.example 127.0.0.1 443", None, "-Nobodys"),
        ("2026-11-30T10:00:00", "s3 www.example 169.254.169.254 80", None, "-Nobodys"),
        ("2026-11-30T10:00:00", "? www.example 203.0.113.9 443", None, "-Stranger"),
    ] {
        let verdict = policy.decide(&ask(asked, person), Moment::of(&at(moment)));
        assert_eq!(told(&policy, verdict), answer, "{moment} {asked}");
    }
}

/// covers: N6.1: the refusal's page says until when
#[test]
fn the_moment_at_which_the_answer_changes_is_told() {
    let policy = policy();
    let until = |asked: &str, moment: &str| policy.until(&ask(asked, None), &at(moment));
    let (web, games) = ("s1 www.example 203.0.113.9 443", "s1 games.example 203.0.113.9 443");
    assert_eq!(until(web, "2026-11-30T10:00:00"), Some(at("2026-11-30T18:00:00")));
    assert_eq!(until(web, "2026-12-04T18:00:00"), Some(at("2026-12-07T09:00:00")), "a weekend");
    assert_eq!(until(games, "2026-11-30T10:00:00"), None);
}

/// covers: N6.1: the simulator
#[test]
fn every_rule_that_was_passed_over_says_why() {
    let policy = policy();
    let moment = Moment::of(&at("2026-11-30T20:00:00"));
    let passed = policy.passed_over(&ask("s1 www.example 203.0.113.9 443", None), moment);
    let named: Vec<_> =
        passed.iter().map(|(place, why)| (policy.rule(*place).id.as_str(), *why)).collect();
    let expected = [
        ("no-games", Unfit::To),
        ("director", Unfit::Who),
        ("archive", Unfit::Who),
        ("mail", Unfit::Who),
        ("off", Unfit::Off),
        ("work", Unfit::Hours),
        ("rest", Unfit::Who),
    ];
    assert_eq!(named, expected);
}

/// covers: N6.1
#[test]
fn rules_with_faults_are_refused_and_each_fault_is_named() {
    let text = r#"{
      "lists": { "bad": ["exa mple"] },
      "rules": [
        { "id": "A", "name": {}, "action": "allow" },
        { "id": "b", "name": { "en": "B" }, "action": "allow", "ports": ["icmp"],
          "to": { "lists": ["none"], "domains": ["http://x"] }, "who": { "groups": ["none"] } },
        { "id": "b", "name": { "en": "B" }, "action": "allow" }
      ],
      "limits": [ { "id": "c", "connections": 0, "who": { "persons": ["name:A"] } } ]
    }"#;
    let rules: Rules = serde_json::from_str(text).unwrap();
    let found: Vec<String> = faults(&rules).iter().map(ToString::to_string).collect();
    let expected = [
        "list bad: \"exa mple\" is no domain name: write example.kz, =example.kz for that name alone",
        "rule A: its id is made of a-z, 0-9 and -",
        "rule A: it has no name; people who are refused read it",
        "rule b: icmp does not pass the gateway; name ports of tcp and udp",
        "rule b: there is no list none",
        "rule b: there is no group none",
        "rule b: \"http://x\" is no domain name: write example.kz, =example.kz for that name alone",
        "rule b: another has the same id; choose a new one",
        "limit c: nobody could come out; refuse by a rule",
        "limit c: a limit is a segment's; leave persons out",
    ];
    assert_eq!(found, expected);
}

/// covers: N6.1
#[test]
fn of_the_limits_that_are_for_a_segment_the_lowest_holds() {
    let text = r#"{ "groups": { "schools": ["s1", "s2"] }, "limits": [
        { "id": "all", "connections": 100 },
        { "id": "schools", "connections": 50, "who": { "groups": ["schools"] } },
        { "id": "one", "connections": 200, "who": { "segments": ["s1", "s3"] } } ] }"#;
    let number = |id: &SegmentId| id.as_str().trim_start_matches('s').parse().ok().map(SegmentNo);
    let rules = Arc::new(serde_json::from_str(text).unwrap());
    let policy = Policy::new(rules, Ground::new([]), number).unwrap();
    let most = [1, 2, 3, 4].map(|no| policy.allowance(SegmentNo(no)).connections);
    assert_eq!(most, [Some(50), Some(50), Some(100), Some(100)]);
    let none = Policy::new(Arc::default(), Ground::new([]), number).unwrap();
    assert_eq!(none.allowance(SegmentNo(1)).connections, None);
}

/// covers: N6.1, G6: who knows of no proxy passes by rules that say so, and is refused by every one
#[test]
fn without_a_proxy_only_a_transparent_rule_opens_and_every_refusal_holds() {
    let rules: Rules = serde_json::from_value(serde_json::json!({ "rules": [
        { "id": "no", "name": { "en": "A rule" }, "to": { "addresses": ["203.0.113.66/32"] }, "action": "refuse" },
        { "id": "proxy", "name": { "en": "A rule" }, "ports": ["tcp/443"], "action": "allow" },
        { "id": "all", "name": { "en": "A rule" }, "who": { "segments": ["s1"] }, "transparent": true,
          "ports": ["tcp/80", "tcp/443"], "action": "allow" },
    ] }))
    .unwrap();
    let number = |id: &SegmentId| id.as_str().trim_start_matches('s').parse().ok().map(SegmentNo);
    let policy = Policy::new(Arc::new(rules.clone()), Ground::new([]), number).unwrap();
    let moment = Moment::of(&at("2026-11-30T10:00:00"));
    let answer = |text, way| {
        let ask = Ask { way, ..ask(text, None) };
        told(&policy, policy.decide(&ask, moment))
    };
    for (asked, by_proxy, without) in [
        ("s1 - 203.0.113.9 443", "+proxy", "+all"),
        ("s1 - 203.0.113.9 80", "+all", "+all"),
        ("s1 - 203.0.113.66 443", "-no", "-no"),
        ("s2 - 203.0.113.9 443", "+proxy", "-NoRule"),
        ("s2 - 203.0.113.66 443", "-no", "-no"),
    ] {
        assert_eq!(answer(asked, Way::Proxy), by_proxy, "{asked}");
        assert_eq!(answer(asked, Way::Transparent), without, "{asked}");
    }
    assert!(policy.takes_from(SegmentNo(1)) && !policy.takes_from(SegmentNo(2)));
    let without = Ask { way: Way::Transparent, ..ask("s1 - 203.0.113.9 443", None) };
    assert_eq!(policy.passed_over(&without, moment), [(0, Unfit::To), (1, Unfit::Way)]);

    let mut for_persons = rules;
    for_persons.rules[2].who.persons = vec!["iin:1".to_owned()];
    assert!(faults(&for_persons)[0].to_string().starts_with("rule all: a rule for persons"));
}

/// covers: N6.2: who could come there at some hour, as somebody, may look the name up
#[test]
fn a_name_is_looked_up_by_those_whom_some_rule_lets_there_at_some_hour() {
    let text = r#"{ "rules": [
        { "id": "n", "name": { "en": "No" }, "to": { "domains": ["no.example"] },
          "action": "refuse" },
        { "id": "h", "name": { "en": "Now not" }, "to": { "domains": ["later.example"] },
          "hours": ["mon-fri 09:00-18:00"], "action": "refuse" },
        { "id": "d", "name": { "en": "One" }, "who": { "segments": ["s1"] },
          "to": { "domains": ["one.example", "later.example", "no.example"] }, "action": "allow" },
        { "id": "p", "name": { "en": "She" }, "who": { "segments": ["s2"], "persons": ["iin:1"] },
          "to": { "domains": ["hers.example"] }, "action": "allow" },
        { "id": "a", "name": { "en": "Net" }, "who": { "segments": ["s3"] },
          "to": { "addresses": ["198.51.100.0/24"] }, "action": "allow" } ] }"#;
    let rules: Rules = serde_json::from_str(text).unwrap();
    let number = |id: &SegmentId| id.as_str().trim_start_matches('s').parse().ok().map(SegmentNo);
    let policy = Policy::new(Arc::new(rules), Ground::new([]), number).unwrap();
    for (segment, name, may) in [
        (1, "www.one.example", true),
        (1, "later.example", true),
        (1, "no.example", false),
        (1, "two.example", false),
        (2, "hers.example", true),
        (2, "one.example", false),
        (3, "whatever.example", true),
        (3, "www.no.example", false),
        (4, "one.example", false),
    ] {
        assert_eq!(policy.may_look_up(SegmentNo(segment), name), may, "s{segment} {name}");
    }
}
