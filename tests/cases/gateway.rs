//! The one way out, on the built product: from every segment by each of its ways, refused clearly
//! where the rules say no, and told beforehand by the simulator. Judged by curl.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Lab, Options, Running, inside_of, said, text, wait_for};

const SOON: Duration = Duration::from_secs(10);
const OFTEN: Duration = Duration::from_millis(50);

/// What curl in a segment makes of a way to an address: the status of the answer, or of the proxy's
/// refusal; where there is none, its own exit code.
fn curl(place: &Value, way: &[&str], url: &str) -> String {
    let base = ["curl", "-sS", "-m", "5", "-o", "/dev/null", "-w", "%{http_code} %{http_connect}"];
    // What the machine's environment says of proxies is not meant.
    let any = ["--noproxy", "", url];
    let words: Vec<&str> = base.iter().chain(way).chain(&any).copied().collect();
    let (ended, said) = said(inside_of(place, &words));
    let mut codes = said.split_whitespace().filter(|code| *code != "000" && *code != "200");
    match (ended == Some(0), codes.next_back()) {
        (_, Some(code)) => code.to_owned(),
        (true, None) => "200".to_owned(),
        (false, None) => format!("exit {}", ended.unwrap_or(-1)),
    }
}

/// The ways out, as curl is told them, and what a refusal looks like on each.
fn ways(json: &Value) -> [(Vec<String>, &'static str); 4] {
    let (http, socks) = (text(&json["proxy"]["http"]), text(&json["proxy"]["socks5"]));
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let http = format!("http://{http}");
    [
        (words(&["-x", &http]), "403"),
        (words(&["-p", "-x", &http]), "403"),
        // CURLE_PROXY, for the reply "connection not allowed by ruleset".
        (words(&["--socks5", socks]), "exit 97"),
        (words(&["--socks5-hostname", socks]), "exit 97"),
    ]
}

/// covers: N6.1, G1, G6: every way from every segment; what may not be reached, and who may not ask
#[test]
fn every_segment_gets_out_by_every_way_and_nowhere_else() {
    let lab = Lab::start(&Options { segments: 3, ..Options::default() });
    let json = lab.json();
    let (outside, inner) = (text(&json["external"]["address"]), text(&json["services"]["address"]));
    let hub = text(&json["proxy"]["http"]).split(':').next().expect("an address");
    let segments = json["segments"].as_array().expect("a list");
    let far = &segments[2];
    let mail = format!("http://{outside}:25/");
    let walled = [
        format!("http://{inner}/"),
        format!("http://{hub}:8472/"),
        format!("http://{}/", text(&far["address"])),
        "http://127.0.0.1:9470/metrics".to_owned(),
        "http://169.254.169.254/".to_owned(),
    ];
    let refused: Vec<&String> = walled.iter().chain([&mail]).collect();
    for segment in segments {
        let id = text(&segment["id"]);
        let direct = curl(segment, &["-m", "1"], &format!("http://{outside}/26"));
        assert!(direct.starts_with("exit"), "{id}: {direct} without the gateway");
        for (way, refusal) in ways(&json) {
            let way: Vec<&str> = way.iter().map(String::as_str).collect();
            // By --socks5 curl looks names up itself, and segments have nobody to ask yet.
            let hosts = [outside, "web.example"];
            let many = if way[0] == "--socks5" { 1 } else { 2 };
            for host in &hosts[..many] {
                assert_eq!(
                    curl(segment, &way, &format!("http://{host}/26")),
                    "200",
                    "{id} {way:?}"
                );
            }
            for url in &refused {
                assert_eq!(curl(segment, &way, url), refusal, "{id} {way:?} {url}");
            }
        }
    }
    let would = |url: &str| {
        let to = url.trim_start_matches("http://").split('/').next().expect("a host");
        let to = if to.contains(':') { to.to_owned() } else { format!("{to}:80") };
        lab.gateway(&["would", "--segment", "s001", "--to", &to])
    };
    for url in &refused {
        assert_eq!(would(url)["allowed"], false, "{url}");
    }
    let to = ["would", "--segment", "s001", "--to", "web.example:80"];
    let allowed = lab.gateway(&to);
    assert!(allowed["allowed"] == true && allowed["rule"] == "outside", "{allowed}");
    // A rule that lets everything opens the port, and nothing inside: the wall is no matter of rules.
    let mut rules = lab.gateway(&["rules"]);
    rules["rules"] = json!([{ "id": "all", "name": { "en": "All" }, "action": "allow",
        "ports": ["tcp/1-65535"] }]);
    lab.apply(&rules);
    assert_eq!(would(&mail)["allowed"], true);
    for (way, refusal) in ways(&json) {
        let way: Vec<&str> = way.iter().map(String::as_str).collect();
        for url in &walled {
            assert_eq!(curl(&segments[0], &way, url), refusal, "{way:?} {url}");
            assert_eq!(would(url)["allowed"], false, "{url}");
        }
    }
    // The outside has no proxy in us.
    let external = &json["external"];
    let net = "203.0.113.1";
    for port in [3128, 3129, 1080] {
        let asked = curl(external, &["-m", "1"], &format!("http://{net}:{port}/"));
        assert!(asked.starts_with("exit"), "port {port} answers outside: {asked}");
    }
}

/// covers: N6.2, N6.4, G3, G4, G8: a change cuts who lost the right and nobody else; who comes while `serve`
/// starts again waits, and is not refused
#[test]
fn a_change_cuts_those_who_lost_their_right_and_a_restart_refuses_nobody() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let outside = text(&json["external"]["address"]);
    let http = format!("http://{}", text(&json["proxy"]["http"]));
    let segment = |place: usize| &json["segments"][place];
    // A mail server speaks first and then waits: a tunnel that stays open.
    let mut rules = lab.gateway(&["rules"]);
    rules["rules"][0]["ports"] = json!(["tcp/25", "tcp/80"]);
    assert_eq!(lab.apply(&rules)["version"]["no"], 2);
    let proxy = text(&json["proxy"]["http"]).replace(':', "/");
    let talk = format!(
        "exec 3<>/dev/tcp/{proxy}; printf 'CONNECT {outside}:25 HTTP/1.1\\r\\n\\r\\n' >&3; cat <&3"
    );
    let hold = |place: usize| Running::start(inside_of(segment(place), &["bash", "-c", &talk]));
    let mut held = [hold(0), hold(1)];
    let open = |count: u64| {
        wait_for("the tunnels", SOON, OFTEN, || {
            (lab.gateway(&["show"])["open"] == count).then_some(())
        });
    };
    open(2);
    let no = json!({ "id": "no", "name": { "en": "Not now" }, "who": { "segments": ["s001"] },
        "action": "refuse" });
    rules["rules"].as_array_mut().expect("a list").insert(0, no);
    let done = lab.hub("gateway", &["apply", "-", "--why", "a test"], &rules);
    assert_eq!(done["cut"], 1, "{done}");
    wait_for("the end of the first", Duration::from_secs(1), OFTEN, || held[0].ended());
    open(1);
    assert!(held[1].ended().is_none(), "the second one goes on");
    let url = format!("http://{outside}/26");
    let greeting = lab.passed("s002", "down");
    assert!(greeting > 0, "what passes is seen while the tunnel is open");
    assert_eq!(curl(segment(0), &["-x", &http], &url), "403");
    assert_eq!(curl(segment(1), &["-x", &http], &url), "200");

    let before = lab.passed("s002", "down");
    let page = before - greeting;
    assert!(page > 26, "{page} bytes of a page");
    Lab::signal(lab.pid("serve"), Signal::SIGKILL);
    let asked = ["-m", "30", "-x", &http];
    assert_eq!(curl(segment(1), &asked, &url), "200", "who comes meanwhile waits");
    assert_eq!(curl(segment(0), &asked, &url), "403", "the rules are those of before");
    assert_eq!(
        lab.passed("s002", "down"),
        before + page,
        "the same page once more, nothing is lost"
    );
}
