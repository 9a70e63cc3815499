//! Volumes and bandwidths of segments on the built product, and who went where. Judged by curl.

use std::fs::File;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Lab, Options, hub_binary, inside_of, text, tool, wait_for};

const SOON: Duration = Duration::from_secs(20);
const OFTEN: Duration = Duration::from_millis(50);
/// What s001 may move in a day.
const VOLUME: u64 = 5_000_000;
/// Over the volume at most: 1 MB, or what passes in a second.
const OVER: u64 = 1_000_000;

/// `ets-hub gateway …` with what it says; must succeed.
#[track_caller]
fn gateway(lab: &Lab, args: &[&str], input: &Value) -> Value {
    let mut command = Command::new(hub_binary());
    command.args(["gateway", "--json", "--dir"]).arg(lab.path()).args(args);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(input.to_string().as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What curl in a segment says, and with which exit code.
fn curl(place: &Value, words: &[&str]) -> (i32, String) {
    let base = ["curl", "-sS", "-m", "60", "--noproxy", ""];
    let words: Vec<&str> = base.iter().chain(words).copied().collect();
    let output = inside_of(place, &words).stdout(Stdio::piped()).output().expect("curl starts");
    let said = String::from_utf8_lossy(&output.stdout).replace('\u{a0}', " ");
    (output.status.code().unwrap_or(-1), said)
}

/// How many bytes of a page came, and in how many seconds.
fn fetched(place: &Value, proxy: &str, url: &str) -> (i32, u64, f64) {
    let told = ["-o", "/dev/null", "-w", "%{size_download} %{time_total}", "-p", "-x", proxy, url];
    let (code, said) = curl(place, &told);
    let (bytes, seconds) = said.trim().split_once(' ').expect("two figures");
    (code, bytes.parse().expect("bytes"), seconds.parse().expect("seconds"))
}

/// A web server outside with files as large as their names say; ends with its owner.
struct Files(Child);

impl Files {
    fn serve(lab: &Lab, sizes: &[u64]) -> Self {
        let folder = lab.path().join("files");
        std::fs::create_dir_all(&folder).expect("a folder");
        for size in sizes {
            let file = File::create(folder.join(size.to_string())).expect("a file");
            file.set_len(*size).expect("room");
        }
        let (json, folder) = (lab.json(), folder.to_str().expect("a path").to_owned());
        let words = ["python3", "-m", "http.server", "--directory", &folder, "8099"];
        let server = inside_of(&json["external"], &words).stderr(Stdio::null()).spawn();
        let server = Self(server.expect("python3 starts"));
        let url = format!("http://{}:8099/", text(&json["external"]["address"]));
        wait_for("the files", SOON, OFTEN, || {
            (curl(&json["external"], &["-o", "/dev/null", &url]).0 == 0).then_some(())
        });
        server
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The lab's rules, with the port of the files.
fn rules(lab: &Lab) -> Value {
    let mut rules = gateway(lab, &["rules"], &Value::Null);
    rules["rules"][0]["ports"] = json!(["tcp/80", "tcp/8099"]);
    rules
}

/// A figure of a segment.
#[track_caller]
fn figure(json: &Value, name: &str, labels: &str) -> Option<f64> {
    let figures = tool("curl", &["-sS", text(&json["metrics_url"])]);
    let line = format!("{name}{{{labels}}} ");
    let found = figures.lines().find_map(|one| one.strip_prefix(&line).map(str::to_owned));
    found.and_then(|value| value.parse().ok())
}

fn passed(json: &Value, segment: &str) -> u64 {
    let way = |way: &str| {
        let labels = format!("segment=\"{segment}\",direction=\"{way}\"");
        figure(json, "ets_gateway_bytes_total", &labels).unwrap_or(0.0) as u64
    };
    way("up") + way("down")
}

/// covers: N6.1, N6.5, G4: a volume ends with a second or a megabyte, for its segment alone; it is said
/// in words, outlives a kill -9, and more of it opens at once
#[test]
fn a_volume_stops_its_segment_and_neither_a_kill_nor_patience_gives_another() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let (first, second) = (&json["segments"][0], &json["segments"][1]);
    let outside = text(&json["external"]["address"]);
    let proxy = format!("http://{}", text(&json["proxy"]["http"]));
    let _files = Files::serve(&lab, &[50_000_000, 2_000_000, 26]);
    let url = format!("http://{outside}:8099/50000000");
    let mut rules = rules(&lab);
    rules["limits"] = json!([{ "id": "school", "name": { "ru": "Школьный", "en": "School’s" },
        "who": { "segments": ["s001"] }, "ask": { "ru": "Асем, тел. 21-14" },
        "volume": { "bytes": VOLUME, "per": "day" } }]);
    gateway(&lab, &["apply", "-"], &rules);
    // Half of it, and then the process is killed with a tunnel open.
    let (code, bytes, _) = fetched(first, &proxy, &format!("http://{outside}:8099/2000000"));
    assert!(code == 0 && bytes == 2_000_000, "{code} {bytes}");
    Lab::signal(lab.pid("serve"), Signal::SIGKILL);
    let page = format!("http://{outside}:8099/26");
    wait_for("serve again", SOON, OFTEN, || (fetched(second, &proxy, &page).0 == 0).then_some(()));
    let before = passed(&json, "s001");
    assert!(before >= 2_000_000, "{before}");
    let (code, bytes, _) = fetched(first, &proxy, &url);
    let all = passed(&json, "s001");
    assert_ne!(code, 0, "it was cut");
    assert!((VOLUME..=VOLUME + OVER).contains(&all), "{all} passed in all, {bytes} now");

    // The other goes on; this one is told, by each way.
    assert_eq!(fetched(second, &proxy, &url).1, 50_000_000);
    let (_, said) = curl(first, &["-i", "-H", "Accept-Language: ru", "-x", &proxy, &page]);
    for words in ["HTTP/1.1 429", "предел «Школьный»", "5,00 МБ в день", "Асем, тел. 21-14"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    let socks = text(&json["proxy"]["socks5"]);
    assert_eq!(curl(first, &["--socks5", socks, &page]).0, 97, "not allowed by the rules");
    let ratio = figure(&json, "ets_gateway_quota_ratio", "segment=\"s001\"").expect("a limit");
    assert!(ratio >= 1.0, "{ratio}");
    assert_eq!(figure(&json, "ets_gateway_quota_ratio", "segment=\"s002\""), None);
    let shown = gateway(&lab, &["show"], &Value::Null);
    let volume = &shown["volumes"][0];
    assert!(volume["spent"] == true && volume["segment"] == "s001", "{shown}");
    assert_eq!(volume["used"].as_u64(), Some(all));

    Lab::signal(lab.pid("serve"), Signal::SIGKILL);
    wait_for("serve again", SOON, OFTEN, || (fetched(second, &proxy, &page).0 == 0).then_some(()));
    assert_ne!(fetched(first, &proxy, &page).0, 0, "a kill gives no new volume");
    rules["limits"][0]["volume"]["bytes"] = json!(2 * VOLUME);
    gateway(&lab, &["apply", "-"], &rules);
    assert_eq!(fetched(first, &proxy, &page).0, 0, "more of it opens at once");
}

/// covers: N6.1: by curl within 10 % over three seconds; a change reaches the open tunnel
#[test]
fn a_bandwidth_is_what_curl_measures() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let first = &json["segments"][0];
    let _files = Files::serve(&lab, &[3_000_000, 30_000_000]);
    let outside = text(&json["external"]["address"]);
    let proxy = format!("http://{}", text(&json["proxy"]["http"]));
    let mut rules = rules(&lab);
    rules["limits"] =
        json!([{ "id": "slow", "who": { "segments": ["s001"] }, "bandwidth": 8_000_000 }]);
    gateway(&lab, &["apply", "-"], &rules);
    let (code, bytes, seconds) = fetched(first, &proxy, &format!("http://{outside}:8099/3000000"));
    let bits = bytes as f64 * 8.0 / seconds;
    assert!(code == 0 && (7_200_000.0..8_800_000.0).contains(&bits), "{bits} bit/s, {code}");
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let slow =
            scope.spawn(|| fetched(first, &proxy, &format!("http://{outside}:8099/30000000")));
        std::thread::sleep(Duration::from_secs(1));
        rules["limits"] = json!([]);
        gateway(&lab, &["apply", "-"], &rules);
        let (code, bytes, _) = slow.join().expect("curl ends");
        assert!(code == 0 && bytes == 30_000_000, "{code} {bytes}");
    });
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}: thirty seconds at eight megabits");
}

/// covers: N6.1, N6.4: sums of the report are those of the meters; refusals are counted; a clean stop
/// loses nothing
#[test]
fn the_report_says_who_went_where_and_its_sums_are_those_of_the_meters() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let (first, second) = (&json["segments"][0], &json["segments"][1]);
    let outside = text(&json["external"]["address"]);
    let proxy = format!("http://{}", text(&json["proxy"]["http"]));
    let _files = Files::serve(&lab, &[1_000_000, 70, 300_000, 900_000_000, 26]);
    gateway(&lab, &["apply", "-"], &rules(&lab));
    for (place, bytes) in [(first, 1_000_000), (first, 70), (second, 300_000)] {
        let url = format!("http://{outside}:8099/{bytes}");
        assert_eq!(fetched(place, &proxy, &url).1, bytes);
    }
    assert_eq!(curl(first, &["-x", &proxy, "-o", "/dev/null", "http://web.example/5"]).0, 0);
    curl(first, &["-x", &proxy, "-o", "/dev/null", &format!("http://{outside}:25/")]);
    let report = |words: &[&str]| {
        let words: Vec<&str> = ["report", "--since", "2h"].iter().chain(words).copied().collect();
        gateway(&lab, &words, &Value::Null)
    };
    let sums = |report: &Value| -> Vec<(String, u64)> {
        let by = text(&report["by"]).to_owned();
        let lines = report["lines"].as_array().expect("lines").iter();
        let sum = |one: &Value| {
            one["bytes_up"].as_u64().unwrap_or(0) + one["bytes_down"].as_u64().unwrap_or(0)
        };
        lines.map(|one| (text(&one[&by]).to_owned(), sum(one))).collect()
    };
    let same = || {
        let told = report(&["--by", "segment"]);
        let meters = ["s001", "s002"].map(|id| (id.to_owned(), passed(&json, id)));
        (sums(&told) == meters).then_some(told)
    };
    let told = wait_for("the sums of the meters", SOON, OFTEN, same);
    assert_eq!(told["total"]["tunnels"], 4, "{told}");
    let hosts = sums(&report(&["--by", "domain", "--segment", "s001"]));
    let names: Vec<&str> = hosts.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, [outside, "web.example"]);
    assert_eq!(sums(&report(&["--by", "rule"]))[0].0, "outside");
    let refused = report(&["--by", "domain", "--refused"]);
    assert!(
        refused["lines"][0]["domain"] == outside && refused["total"]["tunnels"] == 1,
        "{refused}"
    );
    // A stop in the ordinary way, in the midst of a download.
    std::thread::scope(|scope| {
        let cut =
            scope.spawn(|| fetched(second, &proxy, &format!("http://{outside}:8099/900000000")));
        std::thread::sleep(Duration::from_millis(300));
        Lab::signal(lab.pid("serve"), Signal::SIGTERM);
        drop(cut.join());
    });
    wait_for("the sums of the meters", SOON, OFTEN, || {
        (fetched(second, &proxy, &format!("http://{outside}:8099/26")).0 == 0).then_some(())
    });
    wait_for("the sums of the meters after a stop", SOON, OFTEN, || {
        let told: u64 = sums(&report(&["--by", "segment"])).iter().map(|(_, sum)| *sum).sum();
        let meters = passed(&json, "s001") + passed(&json, "s002");
        (told == meters).then_some(())
    });
}
