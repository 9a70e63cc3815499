//! The resolver of the segments, on the built product: asked by dig from every segment over UDP and
//! TCP, silent to everybody else, and there while `serve` and the server outside are not.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Lab, Options, inside, inside_of, said, text, wait_for};

const SOON: Duration = Duration::from_secs(20);
const OFTEN: Duration = Duration::from_millis(200);
/// The hub's address on every link.
const HUB: &str = "10.0.0.1";
/// And outside.
const HUB_OUTSIDE: &str = "203.0.113.1";

/// What dig in a place says of a question.
fn dig(place: &Value, words: &[&str]) -> String {
    let base = ["dig", "+nocookie", "+tries=1", "+time=4"];
    let words: Vec<&str> = base.iter().chain(words).copied().collect();
    said(inside_of(place, &words)).1
}

/// The answers alone: `+short`.
fn short(place: &Value, words: &[&str]) -> String {
    dig(place, &[&["+short"], words].concat()).trim().to_owned()
}

#[track_caller]
fn counted(lab: &Lab, result: &str) -> f64 {
    let series = format!("ets_dns_queries_total{{result=\"{result}\"}}");
    lab.figure(&series).expect("it is counted")
}

/// covers: N6.1, N6.2, G1, G6: each segment, an own name and one outside, over UDP and TCP; what is
/// refused; who gets no answer
#[test]
fn every_segment_has_its_names_from_the_hub_and_nobody_else_has() {
    let lab = Lab::start(&Options { segments: 3, ..Options::default() });
    let json = lab.json();
    let (outside, inner) = (text(&json["external"]["address"]), text(&json["services"]["address"]));
    let at = format!("@{HUB}");
    for segment in json["segments"].as_array().expect("a list") {
        let id = text(&segment["id"]);
        // The port of its own link answers as well, and from there.
        let own = format!("@{}", lab.hub_address(segment));
        for (at, way) in [(&at, "+notcp"), (&at, "+tcp"), (&own, "+notcp"), (&own, "+tcp")] {
            let ask = |name: &str| short(segment, &[at, way, name]);
            assert_eq!(ask("hub.ets.example"), HUB, "{id} {at} {way}");
            assert_eq!(ask("gateway.ets.example"), HUB, "{id} {at} {way}");
            assert_eq!(ask("mail.ets.example"), inner, "{id} {at} {way}");
            assert_eq!(ask("web.example"), outside, "{id} {at} {way}");
            let none = dig(segment, &[at, way, "nothing.ets.example"]);
            assert!(none.contains("status: NXDOMAIN") && none.contains("SOA"), "{none}");
        }
        let any = dig(segment, &[&at, "+notcp", "web.example", "ANY"]);
        assert!(any.contains("RFC8482"), "{any}");
        // By the name of the hub to the gateway, and by a name outside through it.
        let url = "http://web.example/26";
        let way = ["curl", "-sS", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}", "-x"];
        let proxy = format!("http://{}", text(&json["proxy"]["http"]));
        let words: Vec<&str> = way.iter().copied().chain([proxy.as_str(), url]).collect();
        assert_eq!(said(inside_of(segment, &words)), (Some(0), "200".to_owned()));
    }
    assert!(counted(&lab, "cached") >= 10.0, "the second segment has it from the cache");
    // A segment to which no rule lets a name is told so; the others look it up.
    let net = ["203.0.113.0/24", "2001:db8:113::/64"];
    lab.apply(&json!({ "rules": [
        { "id": "no", "name": { "en": "Not there" }, "who": { "segments": ["s001"] },
          "to": { "domains": ["blocked.example"] }, "action": "refuse" },
        { "id": "outside", "name": { "en": "Outside" }, "to": { "addresses": net },
          "action": "allow" },
    ] }));
    let segment = |place: usize| &json["segments"][place];
    for way in ["+notcp", "+tcp"] {
        let said = dig(segment(0), &[&at, way, "www.blocked.example"]);
        assert!(said.contains("status: REFUSED") && said.contains("EDE: 15"), "{said}");
        assert_eq!(short(segment(1), &[&at, way, "www.blocked.example"]), outside);
    }
    // Outside nothing is said, by UDP, TCP, or the hub's inner address.
    let before = counted(&lab, "own");
    for (hub, way) in [(HUB_OUTSIDE, "+notcp"), (HUB_OUTSIDE, "+tcp"), (HUB, "+notcp")] {
        let at = format!("@{hub}");
        let said = dig(&json["external"], &["+time=1", &at, way, "hub.ets.example"]);
        assert!(!said.contains("HEADER"), "{hub} {way} answers outside: {said}");
    }
    assert_eq!(counted(&lab, "own"), before);
    // The hub's own services answer on the hub.
    let own = ["dig", "+short", "@127.0.0.1", "web.example"];
    let (_, own) = said(inside(text(&json["hub_netns"]), &own));
    assert_eq!(own.trim(), outside);
}

/// covers: N6.1, G8: while `serve` is gone questions wait with `netd`; while the server outside is
/// gone its last answers stand in
#[test]
fn names_outlast_serve_and_the_server_outside() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let outside = text(&json["external"]["address"]);
    let segment = |place: usize| &json["segments"][place];
    let at = format!("@{HUB}");
    assert_eq!(short(segment(0), &[&at, "web.example"]), outside);
    // One try each, no repetition: a datagram that comes meanwhile lies in the socket.
    for way in ["+notcp", "+tcp"] {
        Lab::signal(lab.pid("serve"), Signal::SIGKILL);
        let said = short(segment(0), &["+time=30", &at, way, "hub.ets.example"]);
        assert_eq!(said, HUB, "{way}: asked while serve was gone");
    }
    assert_eq!(short(segment(0), &["+time=30", &at, "web.example"]), outside);
    // The server outside is cut off: its answers are older than they were good for then.
    let cut = ["ip", "link", "set", "ext0", "down"];
    let done = inside(text(&json["hub_netns"]), &cut).status().expect("ip starts");
    assert!(done.success(), "the link outside is cut");
    let (said, took) = wait_for("an answer that is too old", SOON, OFTEN, || {
        let started = Instant::now();
        let said = dig(segment(1), &[&at, "web.example"]);
        said.contains("EDE: 3 (Stale Answer)").then(|| (said, started.elapsed()))
    });
    assert!(said.contains(outside), "{said}");
    assert!(said.contains("\t30\tIN") || said.contains(" 30 IN"), "{said}");
    assert!(took < Duration::from_millis(2_800), "{took:?}");
    let none = dig(segment(1), &["+time=8", &at, "new.example"]);
    assert!(none.contains("status: SERVFAIL"), "{none}");
    assert_eq!(short(segment(1), &[&at, "mail.ets.example"]), text(&json["services"]["address"]));
    let mend = ["ip", "link", "set", "ext0", "up"];
    let done = inside(text(&json["hub_netns"]), &mend).status().expect("ip starts");
    assert!(done.success(), "the link outside is mended");
    wait_for("fresh answers", Duration::from_secs(60), Duration::from_secs(1), || {
        let said = dig(segment(1), &[&at, "web.example"]);
        (said.contains(outside) && !said.contains("EDE")).then_some(())
    });
}
