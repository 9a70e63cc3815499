//! The outside address, seen from the external network: what answers there and what does not.
//! Judged by nmap, curl, slowhttptest and testssl.sh.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{
    Lab, Options, Running, all, full_size, inside_of, quantile, said, sized, text, tool, wait_for,
};

const SOON: Duration = Duration::from_secs(15);
const OFTEN: Duration = Duration::from_millis(50);
const OUTSIDE: &str = "203.0.113.1";
/// Another address outside, for those who ask while one attacks.
const OTHER: &str = "203.0.113.11";

fn lab() -> Lab {
    Lab::start(&Options { segments: 2, ..Options::default() })
}

/// What a program in the external network says.
#[track_caller]
fn outside(lab: &Lab, words: &[&str]) -> String {
    let external = lab.json()["external"].clone();
    said(inside_of(&external, words)).1
}

/// The ports that nmap found open, as `80/tcp`.
#[track_caller]
fn open_ports(lab: &Lab, args: &[&str]) -> Vec<String> {
    let base = ["nmap", "-n", "-Pn", "-oG", "-", "--max-retries", "1", "--min-rate", "10000"];
    let said = outside(lab, &[&base[..], args].concat());
    assert!(said.contains("1 host up"), "{said}");
    let ports = said.split("Ports: ").nth(1).unwrap_or_default();
    let ports = ports.split('\t').next().unwrap_or_default().split(", ");
    let open = ports.filter_map(|port| {
        let mut parts = port.trim().split('/');
        let (number, state, kind) = (parts.next()?, parts.next()?, parts.next()?);
        (state == "open").then(|| format!("{number}/{kind}"))
    });
    open.collect()
}

/// covers: N6.2, G7: nothing else answers, over TCP and UDP, IPv4 and IPv6
#[test]
fn a_scan_from_outside_sees_80_and_443_only() {
    let lab = lab();
    let web = ["80/tcp", "443/tcp"];
    assert_eq!(open_ports(&lab, &["-sS", "-p-", OUTSIDE]), web);
    assert_eq!(open_ports(&lab, &["-6", "-sS", "--top-ports", "2000", "2001:db8:113::1"]), web);
    assert_eq!(open_ports(&lab, &["-sU", "--top-ports", "200", OUTSIDE]), [""; 0]);
    // Addresses inside are none outside, whatever way a packet finds to the hub.
    tool(
        "ip",
        &[
            "-n",
            text(&lab.json()["external"]["netns"]),
            "route",
            "replace",
            "10.0.0.0/8",
            "via",
            OUTSIDE,
        ],
    );
    for inner in ["10.0.0.1", "10.1.0.1"] {
        assert_eq!(open_ports(&lab, &["-sS", "--top-ports", "1000", inner]), [""; 0], "{inner}");
    }
}

/// covers: N6.2, N10.1: HTTP leads to HTTPS, which says what to do, in a browser's safety
#[test]
fn plain_http_leads_to_https_which_says_how_to_come_in() {
    let lab = lab();
    let json = lab.json();
    let ca = text(&json["ca_cert"]).to_owned();
    let led =
        outside(&lab, &["curl", "-sSi", "-H", "Host: evil.example", "http://203.0.113.1/a?b=c"]);
    assert!(led.starts_with("HTTP/1.1 308"), "{led}");
    assert!(led.contains("location: https://203.0.113.1/a?b=c"), "{led}");
    let ask = ["curl", "-sSi", "-m", "5", "--cacert", &ca, "-H", "Accept-Language: en"];
    let page = outside(&lab, &[&ask[..], &["https://203.0.113.1/"]].concat());
    for word in [
        "HTTP/2 200",
        "You are not connected to the closed network",
        "strict-transport-security: max-age=31536000",
        "x-content-type-options: nosniff",
        "x-frame-options: DENY",
        "frame-ancestors 'none'",
    ] {
        assert!(page.contains(word), "{word}: {page}");
    }
    assert_eq!(page.matches("content-security-policy").count(), 1, "{page}");
    for inner in ["10.10.", "10.0.0.1", "3128", "s001", "segments", "portal"] {
        assert!(!page.contains(inner), "it names {inner}: {page}");
    }
    for path in ["/segments", "/api/v1/segments", "/enter", "/issuing.crl", "/acme/directory"] {
        let asked = outside(&lab, &[&ask[..], &[&format!("https://203.0.113.1{path}")]].concat());
        assert!(asked.starts_with("HTTP/2 404"), "{path}: {asked}");
    }
    // The same from this machine.
    let url = text(&json["open_url"]).to_owned();
    let here = tool("curl", &["-sSk", "-H", "Accept-Language: ru", &url]);
    assert!(here.contains("Вы не подключены"), "{here}");
}

/// covers: G7: the handshake has no weakness that testssl.sh knows
#[test]
fn testssl_finds_no_weakness() {
    let lab = lab();
    let ca = text(&lab.json()["ca_cert"]).to_owned();
    let file = lab.path().join("testssl.json");
    let told = file.to_string_lossy().into_owned();
    // It tries each curve with a host that there is not, and nobody outside answers for its name.
    let patience = ["env", "RES_OPTIONS=timeout:1 attempts:1", "timeout", "500"];
    let words = ["testssl", "--quiet", "--color", "0", "--warnings", "off"];
    // What takes minutes (each weakness by its name, imitations of browsers) is for the long runs.
    let parts = sized("parts of testssl.sh", "-p -s -S -P -h", "");
    let parts: Vec<&str> = parts.split_whitespace().collect();
    let more = ["--nodns", "none", "--add-ca", &ca, "--jsonfile", &told, "203.0.113.1:443"];
    let said = outside(&lab, &[&patience[..], &words, &parts, &more].concat());
    let found = std::fs::read(&file).unwrap_or_else(|error| panic!("testssl: {error}: {said}"));
    let found: Value = serde_json::from_slice(&found).expect("JSON");
    let found = found.as_array().expect("a list of findings");
    let mut weak = Vec::new();
    for one in found {
        let severity = text(&one["severity"]);
        let line = format!("{}: {severity}: {}", text(&one["id"]), text(&one["finding"]));
        match severity {
            "OK" | "INFO" => {}
            "HIGH" | "CRITICAL" | "FATAL" => weak.push(line),
            _ => println!("testssl.sh, noted: {line}"),
        }
    }
    assert!(weak.is_empty(), "{}", weak.join("\n"));
    let named = ["heartbleed", "ROBOT", "BREACH", "LOGJAM", "BEAST", "RC4", "LUCKY13"];
    let offered = ["TLS1", "TLS1_2", "TLS1_3"];
    for id in offered.iter().chain(named.iter().filter(|_| full_size())) {
        let one = found.iter().find(|one| one["id"] == *id);
        assert!(one.is_some(), "nothing on {id}: {said}");
    }
    println!("testssl.sh: {} findings, none high or critical", found.len());
}

/// Asks for the page, a new connection each time, until a moment; how long each took.
fn latencies(lab: &Lab, until: Instant) -> Vec<Duration> {
    let mut took = Vec::new();
    let ca = text(&lab.json()["ca_cert"]).to_owned();
    while Instant::now() < until {
        let form = ["curl", "-s", "-m", "5", "-o", "/dev/null", "-w", "%{http_code} %{time_total}"];
        let more = ["--cacert", &ca, "--interface", OTHER, "https://203.0.113.1/"];
        let said = outside(lab, &[&form[..], &more].concat());
        let (code, time) = said.split_once(' ').expect("two words");
        assert_eq!(code, "200", "while somebody is slow");
        took.push(Duration::from_secs_f64(time.parse().expect("seconds")));
        std::thread::sleep(Duration::from_millis(20));
    }
    took
}

/// How many connections slowhttptest has had, open or closed, by its report of each second.
fn connections(report: &str) -> u32 {
    let had = |row: &str| {
        // Seconds, closed, pending, connected, whether the service is there.
        let cells: Vec<u32> = row.split(',').map_while(|cell| cell.trim().parse().ok()).collect();
        Some(cells.get(1)? + cells.get(3)?)
    };
    report.lines().filter_map(had).max().unwrap_or(0)
}

/// covers: G7, N6.2, T-8: slow heads, slow bodies, ranges and slow readers leave others unmoved
#[test]
fn the_slow_leave_others_alone() {
    let lab = lab();
    let external = lab.json()["external"].clone();
    let other = format!("{OTHER}/24");
    let there = ["ip", "address", "add", &other, "dev", "eth0"];
    assert_eq!(all(vec![inside_of(&external, &there)]), [true]);
    let seconds = sized("seconds of each way to be slow", 5, 60);
    let span = Duration::from_secs(seconds);
    let mut calm = latencies(&lab, Instant::now() + span);
    let before = quantile(&mut calm, 0.99);
    println!("alone: {} requests, p99 {before:?}", calm.len());
    let length = seconds.to_string();
    // Not optimised, one core more or less shakes hands for the attacker alone.
    let spare = Duration::from_millis(if cfg!(debug_assertions) { 1_000 } else { 100 });
    for (way, switches) in [
        ("heads", &["-H", "-x", "24"][..]),
        ("bodies", &["-B", "-s", "8192", "-x", "10"]),
        ("ranges", &["-R", "-a", "10", "-b", "3000"]),
        ("readers", &["-X", "-w", "10", "-y", "20", "-n", "5", "-z", "32", "-k", "3"]),
    ] {
        for url in ["http://203.0.113.1/", "https://203.0.113.1/"] {
            let base = ["slowhttptest", "-c", "1000", "-r", "300", "-i", "5", "-l", &length];
            let report = lab.path().join("slow");
            let words = [&base[..], &["-g", "-o", &report.to_string_lossy(), "-u", url], switches];
            let mut slow = Running::start(inside_of(&external, &words.concat()));
            let mut took = latencies(&lab, Instant::now() + span);
            let ended = wait_for("slowhttptest's end", SOON, OFTEN, || slow.ended());
            assert!(ended.success(), "{way} {url}: {ended}");
            let report = std::fs::read_to_string(report.with_extension("csv"));
            let report = report.expect("it is text");
            let many = connections(&report);
            assert!(many >= 200, "{way} {url}: {many} of 1000 connections: {report}");
            let now = quantile(&mut took, 0.99);
            println!("slow {way}, {url}: {} requests of another, p99 {now:?}", took.len());
            assert!(now < before * 2 + spare, "{way} {url}: {now:?}");
        }
    }
}
