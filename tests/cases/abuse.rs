//! The gateway abused from inside the segments of a lab, by foreign tools (G6): heads that two readers
//! understand differently, slow clients, ways back in.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::beside::Running;
use crate::support::{Lab, Options, inside_of, quantile, sized, text, wait_for};

const SOON: Duration = Duration::from_secs(10);
const OFTEN: Duration = Duration::from_millis(50);
const PORT: &str = "8099";

fn script(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "cases/abuse", name].iter().collect();
    path.to_str().expect("UTF-8").to_owned()
}

/// A program in Python in a place of the lab, once it has said its first line.
fn python(
    place: &Value,
    name: &str,
    args: &[&str],
) -> (Child, BufReader<std::process::ChildStdout>) {
    let script = script(name);
    let words = [&["/usr/bin/python3", script.as_str()][..], args].concat();
    let mut child = inside_of(place, &words).stdout(Stdio::piped()).spawn().expect("it starts");
    let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    (child, stdout)
}

/// The proxies' address and the ports of HTTP and SOCKS.
fn proxies(json: &Value) -> (String, String, String) {
    let part = |key: &str| text(&json["proxy"][key]).rsplit_once(':').expect("address:port");
    let ((hub, http), (_, socks)) = (part("http"), part("socks5"));
    (hub.to_owned(), http.to_owned(), socks.to_owned())
}

/// covers: G6: what reaches a host outside is one request, as its head says, or none
#[test]
fn a_head_that_two_readers_understand_differently_is_refused_or_cleaned() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let (hub, http, _) = proxies(&json);
    let outside = &json["external"];
    let seen = lab.path().join("seen.jsonl");
    let host = format!("{}:{PORT}", text(&outside["address"]));
    let args = [text(&outside["address"]), PORT, seen.to_str().expect("UTF-8")];
    let (far, mut said) = python(outside, "far.py", &args);
    let _far = Running(far);
    let mut line = String::new();
    said.read_line(&mut line).expect("it says that it is ready");
    let (mut sender, mut said) = python(&json["segments"][0], "smuggle.py", &[&hub, &http, &host]);
    let mut told = String::new();
    said.read_to_string(&mut told).expect("it says what it heard");
    assert!(sender.wait().expect("it ends").success());
    let cases: Vec<Value> =
        told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let seen = std::fs::read_to_string(seen).unwrap_or_default();
    let seen: Vec<Value> =
        seen.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let codes = |name: &str| {
        let case = cases.iter().find(|one| one["case"] == name);
        case.unwrap_or_else(|| panic!("no case {name}: {told}"))["codes"].clone()
    };
    // What is in order goes through, or the rest would prove nothing.
    for name in ["plain", "chunked"] {
        assert_eq!(codes(name)[0], 200, "{told}");
        let one = seen.iter().find(|one| one["path"] == format!("/{name}"));
        assert_eq!(one.expect("it was seen")["body"], "hi");
    }
    for one in &seen {
        let of = |name: &str| -> Vec<&str> {
            let headers = one["headers"].as_array().expect("a list");
            headers.iter().filter(|pair| pair[0] == name).map(|pair| text(&pair[1])).collect()
        };
        assert_eq!(of("host"), [host.as_str()], "{one}");
        assert!(of("content-length").len() + of("transfer-encoding").len() <= 1, "{one}");
        for name in
            ["x-secret", "proxy-authorization", "proxy-connection", "keep-alive", "te", "x-b"]
        {
            assert!(of(name).is_empty(), "{one}");
        }
    }
    // A pipelined request is one of its own and may be answered; hidden ones are not.
    for case in &cases {
        let (name, codes) = (text(&case["case"]), case["codes"].as_array().expect("a list"));
        let first = codes.first().and_then(Value::as_u64);
        let fine = match name {
            "plain" | "chunked" | "hop-by-hop" | "host-of-another" => first == Some(200),
            _ => first.is_none_or(|code| [200, 400, 502].contains(&code)),
        };
        assert!(fine, "{case}");
        println!("{name}: {codes:?}");
    }
    let smuggled = seen.iter().filter(|one| one["path"] == "/smuggled").count();
    assert_eq!(smuggled, 0, "{seen:?}");
}

/// covers: G6, G3: slow clients take the places of their own address and nobody else's time
#[test]
fn slow_clients_trouble_nobody_else() {
    let count = sized("slow clients", "2000", "20000");
    let lab = Lab::start(&Options { segments: 3, ..Options::default() });
    let json = lab.json();
    let (hub, http, _) = proxies(&json);
    let [slow, other] = [0, 1].map(|at| json["segments"][at].clone());
    let asks =
        || asked(&other, &format!("http://{hub}:{http}"), text(&json["external"]["address"]));
    let mut before: Vec<Duration> = (0..20).map(|_| asks()).collect();
    let (mut clients, mut said) = python(&slow, "slow.py", &[&hub, &http, count, "14"]);
    let mut line = String::new();
    said.read_line(&mut line).expect("they begin");
    std::thread::sleep(Duration::from_secs(2));
    let mut during: Vec<Duration> = (0..20).map(|_| asks()).collect();
    line.clear();
    said.read_line(&mut line).expect("they end");
    assert!(clients.wait().expect("they end").success());
    let told: Value = serde_json::from_str(&line).expect("JSON");
    let [before, during] = [&mut before, &mut during].map(|times| quantile(times, 0.9));
    println!("others: {before:?} before, {during:?} beside {count} slow ones: {told}");
    // An address has an eighth of all places, which are as many as the limit of descriptors allows.
    let (most, all) = (told["most"].as_u64(), count.parse::<u64>().ok());
    assert!(most > Some(100) && most < all, "they were there, and not all of them: {told}");
    assert!(during < before * 3 + Duration::from_millis(100), "{during:?} instead of {before:?}");
    // The head had its ten seconds; nobody has a place any more.
    wait_for("all are gone", SOON, OFTEN, || {
        (lab.api().get("/api/v1/gateway")["open"] == 0).then_some(())
    });
}

/// How long curl takes for a page outside.
fn asked(place: &Value, proxy: &str, host: &str) -> Duration {
    let begun = Instant::now();
    let words =
        ["curl", "-s", "-m", "5", "-f", "-x", proxy, "--noproxy", "", &format!("http://{host}/26")];
    assert!(inside_of(place, &words).status().expect("curl starts").success(), "others are served");
    begun.elapsed()
}

/// covers: G6: back into the hub, into the proxy itself, to segments and to what is nobody's, in every
/// form that an address can be written in
#[test]
fn no_form_of_an_inner_address_leads_back_in() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let (hub, http, socks) = proxies(&json);
    let far = text(&json["segments"][1]["address"]).to_owned();
    let of_link = lab.hub_address(&json["segments"][0]);
    let outside = text(&json["external"]["address"]);
    let octets: Vec<u8> = far.split('.').map(|part| part.parse().expect("an octet")).collect();
    let [a, b, c, d] = octets[..] else { panic!("{far} is no IPv4 address") };
    let hex = format!("{a:x}{b:02x}:{c:x}{d:02x}");
    let mut hosts: Vec<String> =
        [hub.as_str(), &of_link, &far, "127.0.0.1", "169.254.169.254", "0.0.0.0", "localhost"]
            .into_iter()
            .map(str::to_owned)
            .collect();
    hosts.extend([
        format!("[::ffff:{far}]"),
        format!("[::{far}]"),
        format!("[64:ff9b::{hex}]"),
        format!("[64:ff9b:1::{hex}]"),
        format!("[2002:{hex}::1]"),
        "[64:ff9b::a9fe:a9fe]".to_owned(),
        "[::ffff:169.254.169.254]".to_owned(),
        "[::1]".to_owned(),
        "[fe80::1]".to_owned(),
        "127.1".to_owned(),
        "0x7f000001".to_owned(),
        "2130706433".to_owned(),
        "0177.0.0.1".to_owned(),
    ]);
    let place = &json["segments"][0];
    let mut targets: Vec<String> = hosts
        .iter()
        .flat_map(|host| [&http, &socks, "80"].map(|port| format!("{host}:{port}")))
        .collect();
    targets.push(format!("{outside}:25"));
    for target in &targets {
        let proxy = format!("http://{hub}:{http}");
        let url = format!("http://{target}/");
        for way in [&["-p", "-x", &proxy][..], &["-x", &proxy]] {
            let base = [
                "curl",
                "-s",
                "-m",
                "5",
                "-o",
                "/dev/null",
                "-w",
                "%{http_connect}%{http_code}",
                "--noproxy",
                "",
            ];
            let words = [&base[..], way, &[&url]].concat();
            let output =
                inside_of(place, &words).stdout(Stdio::piped()).output().expect("curl starts");
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let refused = ["403", "400", "502"].iter().any(|code| said.contains(code));
            assert!(refused && !said.contains("200"), "{target} by {way:?}: {said}");
        }
    }
}
