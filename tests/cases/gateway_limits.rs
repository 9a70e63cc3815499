//! Volumes and bandwidths of segments on the built product, and who went where. Judged by curl.

use std::fs::File;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{
    Lab, Options, Running, inside_of, memory, said, sized, text, wait_for, web_server,
};

const SOON: Duration = Duration::from_secs(20);
const OFTEN: Duration = Duration::from_millis(50);
/// What s001 may move in a day.
const VOLUME: u64 = 5_000_000;
/// Over the volume at most: 1 MB, or what passes in a second.
const OVER: u64 = 1_000_000;

/// Bytes of memory that a list of a million names may cost, once what reading it took is given back.
const MOST: u64 = 100_000_000;

/// What curl in a segment says, and with which exit code.
fn curl(place: &Value, words: &[&str]) -> (i32, String) {
    let base = ["curl", "-sS", "-m", "60", "--noproxy", ""];
    let words: Vec<&str> = base.iter().chain(words).copied().collect();
    let (ended, said) = said(inside_of(place, &words));
    (ended.unwrap_or(-1), said.replace('\u{a0}', " "))
}

/// How many bytes of a page came, and in how many seconds.
fn fetched(place: &Value, proxy: &str, url: &str) -> (i32, u64, f64) {
    let told = ["-o", "/dev/null", "-w", "%{size_download} %{time_total}", "-p", "-x", proxy, url];
    let (code, said) = curl(place, &told);
    let (bytes, seconds) = said.trim().split_once(' ').expect("two figures");
    (code, bytes.parse().expect("bytes"), seconds.parse().expect("seconds"))
}

/// A web server outside with files as large as their names say.
fn files(lab: &Lab, sizes: &[u64]) -> Running {
    let folder = lab.path().join("files");
    std::fs::create_dir_all(&folder).expect("a folder");
    for size in sizes {
        let file = File::create(folder.join(size.to_string())).expect("a file");
        file.set_len(*size).expect("room");
    }
    web_server(&lab.json()["external"], 8099, &folder)
}

/// The lab's rules, with the port of the files.
fn rules(lab: &Lab) -> Value {
    let mut rules = lab.gateway(&["rules"]);
    rules["rules"][0]["ports"] = json!(["tcp/80", "tcp/8099"]);
    rules
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
    let _files = files(&lab, &[50_000_000, 2_000_000, 26]);
    let url = format!("http://{outside}:8099/50000000");
    let mut rules = rules(&lab);
    rules["limits"] = json!([{ "id": "school", "name": { "ru": "Школьный", "en": "School’s" },
        "who": { "segments": ["s001"] }, "ask": { "ru": "Асем, тел. 21-14" },
        "volume": { "bytes": VOLUME, "per": "day" } }]);
    lab.apply(&rules);
    // Half of it, and then the process is killed with a tunnel open.
    let (code, bytes, _) = fetched(first, &proxy, &format!("http://{outside}:8099/2000000"));
    assert!(code == 0 && bytes == 2_000_000, "{code} {bytes}");
    Lab::signal(lab.pid("serve"), Signal::SIGKILL);
    let page = format!("http://{outside}:8099/26");
    wait_for("serve again", SOON, OFTEN, || (fetched(second, &proxy, &page).0 == 0).then_some(()));
    let before = lab.passed_both("s001");
    assert!(before >= 2_000_000, "{before}");
    let (code, bytes, _) = fetched(first, &proxy, &url);
    let all = lab.passed_both("s001");
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
    let quota = |id: &str| lab.figure(&format!("ets_gateway_quota_ratio{{segment=\"{id}\"}}"));
    let ratio = quota("s001").expect("a limit");
    assert!(ratio >= 1.0, "{ratio}");
    assert_eq!(quota("s002"), None);
    let shown = lab.gateway(&["show"]);
    let volume = &shown["volumes"][0];
    assert!(volume["spent"] == true && volume["segment"] == "s001", "{shown}");
    assert_eq!(volume["used"].as_u64(), Some(all));

    Lab::signal(lab.pid("serve"), Signal::SIGKILL);
    wait_for("serve again", SOON, OFTEN, || (fetched(second, &proxy, &page).0 == 0).then_some(()));
    assert_ne!(fetched(first, &proxy, &page).0, 0, "a kill gives no new volume");
    rules["limits"][0]["volume"]["bytes"] = json!(2 * VOLUME);
    lab.apply(&rules);
    assert_eq!(fetched(first, &proxy, &page).0, 0, "more of it opens at once");
}

/// covers: N6.1: by curl within 10 % over three seconds; a change reaches the open tunnel
#[test]
fn a_bandwidth_is_what_curl_measures() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let first = &json["segments"][0];
    let _files = files(&lab, &[3_000_000, 30_000_000]);
    let outside = text(&json["external"]["address"]);
    let proxy = format!("http://{}", text(&json["proxy"]["http"]));
    let mut rules = rules(&lab);
    rules["limits"] =
        json!([{ "id": "slow", "who": { "segments": ["s001"] }, "bandwidth": 8_000_000 }]);
    lab.apply(&rules);
    let (code, bytes, seconds) = fetched(first, &proxy, &format!("http://{outside}:8099/3000000"));
    let bits = bytes as f64 * 8.0 / seconds;
    assert!(code == 0 && (7_200_000.0..8_800_000.0).contains(&bits), "{bits} bit/s, {code}");
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let slow =
            scope.spawn(|| fetched(first, &proxy, &format!("http://{outside}:8099/30000000")));
        std::thread::sleep(Duration::from_secs(1));
        rules["limits"] = json!([]);
        lab.apply(&rules);
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
    let _files = files(&lab, &[1_000_000, 70, 300_000, 900_000_000, 26]);
    lab.apply(&rules(&lab));
    for (place, bytes) in [(first, 1_000_000), (first, 70), (second, 300_000)] {
        let url = format!("http://{outside}:8099/{bytes}");
        assert_eq!(fetched(place, &proxy, &url).1, bytes);
    }
    assert_eq!(curl(first, &["-x", &proxy, "-o", "/dev/null", "http://web.example/5"]).0, 0);
    curl(first, &["-x", &proxy, "-o", "/dev/null", &format!("http://{outside}:25/")]);
    let report = |words: &[&str]| {
        let words: Vec<&str> = ["report", "--since", "2h"].iter().chain(words).copied().collect();
        lab.gateway(&words)
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
        let meters = ["s001", "s002"].map(|id| (id.to_owned(), lab.passed_both(id)));
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
        let meters = lab.passed_both("s001") + lab.passed_both("s002");
        (told == meters).then_some(())
    });
}

/// covers: N6.1, G3: a list of a million names comes over the command line, decides, and fits
#[test]
fn a_long_list_of_names_decides_like_a_short_one_and_fits_into_memory() {
    let count = sized("names of a list", 20_000, 1_000_000);
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let (place, proxy) = (&json["segments"][0], format!("http://{}", text(&json["proxy"]["http"])));
    let told = ["-o", "/dev/null", "-w", "%{http_code}", "-x", &proxy, "http://web.example/26"];
    let asked = || curl(place, &told).1;
    let serve = lab.pid("serve");
    let before = memory(serve, "RssAnon");
    let names = |last: &str| {
        let mut names: Vec<String> =
            (1..count).map(|number| format!("host{number}.of-zone{}.kz", number % 997)).collect();
        names.push(last.to_owned());
        names
    };
    for (last, wanted) in [("web.example", "403"), ("other.example", "200")] {
        let begun = Instant::now();
        lab.apply(&json!({ "lists": { "blocked": names(last) }, "rules": [
            { "id": "no", "name": { "en": "Blocked" }, "to": { "lists": ["blocked"] },
              "action": "refuse" },
            { "id": "all", "name": { "en": "All" },
              "to": { "addresses": ["203.0.113.0/24", "2001:db8:113::/64"] }, "action": "allow" },
        ] }));
        println!("{count} names in force after {:?}", begun.elapsed());
        assert_eq!(asked(), wanted, "{last}");
    }
    let more = wait_for("memory that was given back", SOON, Duration::from_secs(1), || {
        let more = memory(serve, "RssAnon").saturating_sub(before);
        (more < MOST).then_some(more)
    });
    println!("{count} names: {} MB (limit {})", more / 1_000_000, MOST / 1_000_000);
}
