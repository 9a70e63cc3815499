//! The gateway abused from inside the segments of a lab, by foreign tools (G6): heads that two readers
//! understand differently, slow clients, ways back in.

mod rebinding;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{
    Lab, Options, Running, inside_of, quantile, said, script, sized, text, wait_for,
};

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

/// covers: G6: what reaches a host outside is one request, as its head says, or none
#[test]
fn a_head_that_two_readers_understand_differently_is_refused_or_cleaned() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let (hub, http) = lab.proxy("http");
    let outside = &json["external"];
    let seen = lab.path().join("seen.jsonl");
    let host = format!("{}:{PORT}", text(&outside["address"]));
    let args = [text(&outside["address"]), PORT, seen.to_str().expect("UTF-8")];
    let mut far = Running::start(script(outside, "abuse/far.py", &args));
    assert_eq!(far.line(), "ready");
    let sender = script(&json["segments"][0], "abuse/smuggle.py", &[&hub, &http, &host]);
    let (ended, told) = said(sender);
    assert_eq!(ended, Some(0), "{told}");
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
    let (hub, http) = lab.proxy("http");
    let [slow, other] = [0, 1].map(|at| json["segments"][at].clone());
    let (proxy, outside) = (format!("http://{hub}:{http}"), text(&json["external"]["address"]));
    let asks = || {
        let begun = Instant::now();
        assert!(gets(&other, &proxy, outside), "others are served");
        begun.elapsed()
    };
    let mut before: Vec<Duration> = (0..20).map(|_| asks()).collect();
    let mut clients = Running::start(script(&slow, "abuse/slow.py", &[&hub, &http, count, "14"]));
    assert_eq!(clients.line(), "begun");
    // Asked as long as they are there: while they come, while they are slow, while they are sent away.
    let mut during = Vec::new();
    let ended = loop {
        if let Some(ended) = clients.ended() {
            break ended;
        }
        during.push(asks());
        std::thread::sleep(OFTEN);
    };
    let told = clients.line();
    assert!(ended.success(), "{told}");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let asked = during.len();
    let [before, during] = [&mut before, &mut during].map(|times| quantile(times, 0.9));
    println!(
        "others, {asked} times: {before:?} before, {during:?} beside {count} slow ones: {told}"
    );
    // An address has an eighth of all places, which are as many as the limit of descriptors allows.
    let (most, all) = (told["most"].as_u64(), count.parse::<u64>().ok());
    assert!(most > Some(100) && most < all, "they were there, and not all of them: {told}");
    assert!(asked > 20, "others asked only {asked} times");
    assert!(during < before * 3 + Duration::from_millis(100), "{during:?} instead of {before:?}");
    // The head had its ten seconds: who was let in was sent away, and nobody has a place any more.
    assert_eq!(told["left"], 0, "{told}");
    wait_for("a place for their own segment", SOON, OFTEN, || {
        gets(&slow, &proxy, outside).then_some(())
    });
    assert_eq!(lab.api().get("/api/v1/gateway")["open"], 0);
}

/// Whether curl gets a page outside.
fn gets(place: &Value, proxy: &str, host: &str) -> bool {
    let url = format!("http://{host}/26");
    let words = ["curl", "-s", "-m", "5", "-f", "-x", proxy, "--noproxy", "", &url];
    inside_of(place, &words).status().expect("curl starts").success()
}

/// covers: G6: back into the hub, into the proxy itself, to segments and to what is nobody's, in every
/// form that an address can be written in
#[test]
fn no_form_of_an_inner_address_leads_back_in() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let ((hub, http), (_, socks)) = (lab.proxy("http"), lab.proxy("socks5"));
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
    let mut rules = lab.gateway(&["rules"]);
    rules["rules"] = json!([{ "id": "all", "name": { "en": "All" }, "action": "allow",
        "ports": ["tcp/1-65535"] }]);
    lab.apply(&rules);
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
            let (_, said) = said(inside_of(place, &["bash", "-c", &talk]));
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
    said(inside_of(place, &[&base[..], way, &told].concat())).1
}
