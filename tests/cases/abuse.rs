//! The gateway abused from inside the segments of a lab, by foreign tools (G6): heads that two readers
//! understand differently, slow clients, ways back in.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::beside::Running;
use crate::support::{Lab, Options, hub_binary, inside_of, quantile, sized, text, wait_for};

const SOON: Duration = Duration::from_secs(10);
const OFTEN: Duration = Duration::from_millis(50);
const PORT: &str = "8099";
/// Heads that are refused as they stand, and answered once.
const REFUSED: [&str; 17] = [
    "cr-lf-in-target",
    "lf-in-target",
    "two-lengths",
    "length-and-chunked",
    "chunked-and-length",
    "chunked-twice",
    "odd-coding",
    "two-hosts",
    "obs-fold",
    "obs-fold-of-length",
    "nul",
    "bare-cr",
    "space-before-colon",
    "list-of-lengths",
    "signed-length",
    "chunked-not-last",
    "old-with-chunked",
];

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
    for name in REFUSED {
        codes(name);
    }
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
            "plain" | "chunked" | "hop-by-hop" | "host-of-another" | "bare-lf-lines" => {
                first == Some(200)
            }
            _ if REFUSED.contains(&name) => *codes == [400],
            _ => first.is_none_or(|code| [200, 400, 502].contains(&code)),
        };
        assert!(fine, "{case}");
        println!("{name}: {codes:?}");
    }
    let smuggled = seen.iter().filter(|one| one["path"] == "/smuggled").count();
    assert_eq!(smuggled, 0, "{seen:?}");
}

/// covers: G6: slow clients take the places of their own address and nobody else's time
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
    // Asked as long as they are there: while they come, while they are slow, while they are sent away.
    let mut during = Vec::new();
    std::thread::scope(|scope| {
        let end = scope.spawn(|| {
            line.clear();
            said.read_line(&mut line).expect("they end");
        });
        while !end.is_finished() {
            during.push(asks());
            std::thread::sleep(OFTEN);
        }
    });
    assert!(clients.wait().expect("they end").success());
    let told: Value = serde_json::from_str(&line).expect("JSON");
    let asked = during.len();
    let [before, during] = [&mut before, &mut during].map(|times| quantile(times, 0.9));
    println!(
        "others, {asked} times: {before:?} before, {during:?} beside {count} slow ones: {told}"
    );
    // An address has an eighth of all places, which are as many as the limit of descriptors allows.
    let (most, all) = (told["most"].as_u64(), count.parse::<u64>().ok());
    assert!(most > Some(100) && most < all, "they were there, and not all of them: {told}");
    assert!(asked > 100, "others asked only {asked} times");
    assert!(during < before * 3 + Duration::from_millis(100), "{during:?} instead of {before:?}");
    // The head had its ten seconds: who was let in was sent away, and nobody has a place any more.
    assert_eq!(told["left"], 0, "{told}");
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
    ]);
    let (place, proxy) = (&json["segments"][0], format!("http://{hub}:{http}"));
    let targets =
        hosts.iter().flat_map(|host| [&http, &socks, "80"].map(|port| format!("{host}:{port}")));
    refused(place, &proxy, &format!("{outside}:25"));
    // From here on the rules let everything: what is refused is refused by the wall.
    let mut rules = gateway(&lab, &["rules"], &Value::Null);
    rules["rules"] = json!([{ "id": "all", "name": { "en": "All" }, "action": "allow",
        "ports": ["tcp/1-65535"] }]);
    gateway(&lab, &["apply", "-"], &rules);
    assert_eq!(status(place, &["-p", "-x", &proxy], &format!("{outside}:25")), "200 000");
    for target in targets {
        refused(place, &proxy, &target);
    }
    // curl would write these in the usual form: they are said as they stand.
    for host in ["127.1", "0x7f000001", "2130706433", "0177.0.0.1"] {
        for head in [
            format!("CONNECT {host}:80 HTTP/1.1\\r\\n\\r\\n"),
            format!("GET http://{host}/ HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n"),
        ] {
            let talk = format!(
                "exec 3<>/dev/tcp/{hub}/{http}; printf '{head}' >&3; IFS= read -r -t 5 line <&3; echo $line"
            );
            let said = output(inside_of(place, &["bash", "-c", &talk]));
            assert!(said.starts_with("HTTP/1.1 400 "), "{head}: {said}");
        }
    }
}

/// By a tunnel and without one the gateway refuses, not whoever is asked.
#[track_caller]
fn refused(place: &Value, proxy: &str, target: &str) {
    for (way, wanted) in [(&["-p", "-x", proxy][..], "403 000"), (&["-x", proxy], "000 403")] {
        assert_eq!(status(place, way, target), wanted, "{target} by {way:?}");
    }
}

/// The status that the proxy gives a tunnel, and that of the answer.
fn status(place: &Value, way: &[&str], target: &str) -> String {
    let url = format!("http://{target}/");
    let base = ["curl", "-s", "-m", "5", "-o", "/dev/null", "--noproxy", ""];
    let told = ["-w", "%{http_connect} %{http_code}", &url];
    output(inside_of(place, &[&base[..], way, &told].concat()))
}

fn output(mut command: Command) -> String {
    let output = command.stdout(Stdio::piped()).output().expect("it starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// `ets-hub gateway …` with what it says; must succeed.
#[track_caller]
fn gateway(lab: &Lab, args: &[&str], input: &Value) -> Value {
    let mut command = Command::new(hub_binary());
    command.args(["gateway", "--json", "--dir"]).arg(lab.path()).args(args);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(input.to_string().as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).expect("JSON")
}
