//! Those who know of no proxy, on the built product: taken on their way outside where a rule says so, by
//! TCP and UDP, counted like everybody else, forwarded never. Judged by curl and dig.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Lab, Options, Running, inside_of, said, text, wait_for};

const SOON: Duration = Duration::from_secs(15);
const OFTEN: Duration = Duration::from_millis(100);

/// Whether curl without any proxy gets a page.
fn gets(place: &Value, url: &str, patience: &str) -> bool {
    let words = ["curl", "-sS", "--noproxy", "*", "-m", patience, "-o", "/dev/null", "-w"];
    let words: Vec<&str> = words.into_iter().chain(["%{http_code}", url]).collect();
    said(inside_of(place, &words)) == (Some(0), "200".to_owned())
}

/// What a DNS server answers; nothing where it does not.
fn dig(place: &Value, server: &str) -> String {
    let at = format!("@{server}");
    let words = ["dig", &at, "+short", "+tries=1", "+time=2", "web.example"];
    let (ended, answer) = said(inside_of(place, &words));
    if ended == Some(0) { answer.trim().to_owned() } else { String::new() }
}

/// Packets that the hub's kernel forwarded, in both families (`ForwDatagrams`, RFC 4293).
fn forwarded(json: &Value) -> u64 {
    let hub = json!({ "netns": json["hub_netns"] });
    let (_, told) = said(inside_of(&hub, &["cat", "/proc/net/snmp", "/proc/net/snmp6"]));
    let ip: Vec<&str> = told.lines().filter(|line| line.starts_with("Ip: ")).collect();
    let column = |line: &str| line.split_whitespace().position(|word| word == "ForwDatagrams");
    let four = column(ip[0]).and_then(|at| ip[1].split_whitespace().nth(at)?.parse::<u64>().ok());
    let six = told.lines().find(|line| line.starts_with("Ip6OutForwDatagrams"));
    let six = six.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    four.expect("a column") + six.expect("a line")
}

/// What the hub's kernel has of the interception: rules of its routing and of its filter.
fn installed(json: &Value) -> (bool, bool) {
    let hub = json!({ "netns": json["hub_netns"] });
    let has = |words: &[&str], what: &str| said(inside_of(&hub, words)).1.contains(what);
    let routed = has(&["ip", "rule"], "lookup 69") || has(&["ip", "-6", "rule"], "lookup 69");
    (routed, has(&["nft", "list", "table", "inet", "ets"], "tproxy"))
}

fn until(what: &str, is: impl Fn() -> bool) {
    wait_for(what, SOON, OFTEN, || is().then_some(()));
}

/// covers: G1, G6, N6.1, N6.4: every segment, both families, TCP and UDP; what may not be reached stays
/// unreached, and none of it is forwarded
#[test]
fn who_knows_of_no_proxy_gets_out_where_a_rule_is_transparent_and_nowhere_else() {
    let lab = Lab::start(&Options { segments: 3, ..Options::default() });
    let json = lab.json();
    let outside = [text(&json["external"]["address"]), text(&json["external"]["address6"])];
    let url = |address: &str| match address.contains(':') {
        true => format!("http://[{address}]/26"),
        false => format!("http://{address}/26"),
    };
    let segments = json["segments"].as_array().expect("a list");
    let would = ["would", "--segment", "s001", "--to", &format!("{}:80", outside[0])];
    let transparent: Vec<&str> = would.iter().copied().chain(["--transparent"]).collect();

    // As long as no rule says so, nothing is installed.
    assert_eq!(installed(&json), (false, false));
    assert!(!gets(&segments[0], &url(outside[0]), "1"), "the default lab is closed");
    assert_eq!(dig(&segments[0], outside[0]), "");
    assert_eq!(lab.gateway(&would)["allowed"], true);
    let closed = lab.gateway(&transparent);
    assert!(closed["allowed"] == false && closed["why"] == "no-rule", "{closed}");
    assert_eq!(closed["passed_over"][0]["because"], "proxy-only", "{closed}");

    let mut rules = lab.gateway(&["rules"]);
    rules["rules"][0]["transparent"] = json!(true);
    let no = json!({ "id": "no", "name": { "en": "Not now" }, "who": { "segments": ["s003"] },
        "action": "refuse" });
    rules["rules"].as_array_mut().expect("a list").insert(0, no);
    lab.apply(&rules);
    until("the interception", || installed(&json) == (true, true));
    assert_eq!(lab.gateway(&transparent)["rule"], "outside");

    let before = forwarded(&json);
    for segment in &segments[..2] {
        let id = text(&segment["id"]);
        for address in outside {
            let counted = lab.passed_both(id);
            assert!(gets(segment, &url(address), "5"), "{id} to {address}");
            until("the page's bytes", || lab.passed_both(id) > counted + 26);
            let counted = lab.passed_both(id);
            assert_eq!(dig(segment, address), outside[0], "{id} by {address}");
            until("the answer's bytes", || lab.passed_both(id) > counted + 20);
        }
    }
    let (inner, hub) = (text(&json["services"]["address"]), text(&json["proxy"]["http"]));
    let hub = hub.split(':').next().expect("an address");
    let far = text(&segments[1]["address"]);
    // A rule that refuses holds for those without a proxy though it is not transparent itself.
    assert!(!gets(&segments[2], &url(outside[0]), "2"), "s003 is refused");
    assert_eq!(dig(&segments[2], outside[0]), "");
    let refused = [
        format!("http://{outside}:25/", outside = outside[0]),
        format!("http://{hub}:8470/"),
        format!("http://{hub}:3131/"),
        "http://169.254.169.254/".to_owned(),
        "http://198.51.100.7/".to_owned(),
    ];
    // Side by side: each of them waits for an answer that must not come. The hub itself has a resolver.
    std::thread::scope(|scope| {
        for url in &refused {
            scope.spawn(move || assert!(!gets(&segments[0], url, "1"), "{url}"));
        }
        for server in ["169.254.169.254", "198.51.100.7"] {
            scope.spawn(move || assert_eq!(dig(&segments[0], server), "", "{server}"));
        }
    });
    assert_eq!(forwarded(&json), before, "a packet was forwarded");
    // Inside it is not the interception that refuses: the kernel counts a packet before its filter says no.
    for url in [format!("http://{far}/"), format!("http://{inner}:9/")] {
        assert!(!gets(&segments[0], &url, "1"), "{url}");
    }
    assert_eq!(dig(&segments[0], far), "", "{far}");
}

/// covers: G6, G8, N6.2: the flag taken away cuts open tunnels at once and removes the interception; neither
/// `serve` nor `netd` need live on for it, and what a stranger takes away is put back
#[test]
fn the_flag_taken_away_cuts_at_once_and_what_is_in_force_outlives_both_processes() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let outside = text(&json["external"]["address"]);
    let url = format!("http://{outside}/26");
    let segment = &json["segments"][0];
    let mut rules = lab.gateway(&["rules"]);
    rules["rules"][0]["transparent"] = json!(true);
    rules["rules"][0]["ports"] = json!(["tcp/25", "tcp/80", "udp/53"]);
    lab.apply(&rules);
    until("the interception", || installed(&json) == (true, true));

    Lab::signal(lab.pid("serve"), Signal::SIGKILL);
    assert!(gets(segment, &url, "30"), "who comes while serve is away waits");
    Lab::signal(lab.pid("netd"), Signal::SIGKILL);
    until("a page after netd came back", || gets(segment, &url, "2"));
    until("an answer after netd came back", || dig(segment, outside) == outside);
    assert_eq!(installed(&json), (true, true));
    let hub = json!({ "netns": json["hub_netns"] });
    assert_eq!(said(inside_of(&hub, &["ip", "rule", "del", "table", "69"])).0, Some(0));
    assert_eq!(
        said(inside_of(&hub, &["nft", "flush", "chain", "inet", "ets", "intercept4"])).0,
        Some(0)
    );
    until("what was taken away", || gets(segment, &url, "1"));

    // A mail server speaks first and then waits: a tunnel that stays open.
    let talk = format!("exec 3<>/dev/tcp/{outside}/25; cat <&3");
    let mut held = Running::start(inside_of(segment, &["bash", "-c", &talk]));
    until("the tunnel", || lab.gateway(&["show"])["open"].as_u64() > Some(0));
    rules["rules"][0]["transparent"] = json!(false);
    let done = lab.apply(&rules);
    assert!(done["cut"].as_u64() >= Some(1), "{done}");
    wait_for("the end of the tunnel", Duration::from_secs(1), OFTEN, || held.ended());
    until("the end of the interception", || installed(&json) == (false, false));
    assert!(!gets(segment, &url, "1"));
    assert_eq!(dig(segment, outside), "");
}
