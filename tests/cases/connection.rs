//! "My connection", on the built product: what somebody in a segment is told, and somebody who is in
//! none. Judged by curl and by a browser that prints.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Lab, Options, inside_of, text, tool, wait_for};

const HUB: &str = "http://10.0.0.1/";
const SOON: Duration = Duration::from_secs(20);
const OFTEN: Duration = Duration::from_millis(200);

/// What curl at a place is answered, with the head.
#[track_caller]
fn curl(place: &Value, args: &[&str]) -> String {
    let words = [&["curl", "-sS", "-i", "-m", "5", "--noproxy", "*"][..], args].concat();
    let output = inside_of(place, &words).stdout(Stdio::piped()).output().expect("curl starts");
    assert!(output.status.success(), "curl {args:?} from {}", text(&place["netns"]));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn in_language(place: &Value, lang: &str) -> String {
    curl(place, &["-H", &format!("Accept-Language: {lang}"), HUB])
}

/// A browser that prints a page; how many sheets it takes.
fn sheets(place: &Value, dir: &Path, url: &str) -> usize {
    let file = dir.join("page.pdf");
    let print = format!("--print-to-pdf={}", file.display());
    let profile = format!("--user-data-dir={}", dir.join("browser").display());
    let flags = ["chromium", "--headless", "--no-sandbox", "--disable-gpu"];
    let more = [&profile, &print, url];
    let done = inside_of(place, &[&flags[..], &more].concat()).status().expect("it starts");
    assert!(done.success(), "the browser printed nothing");
    let told = tool("pdfinfo", &[&file.to_string_lossy()]);
    assert!(told.contains("(A4)"), "{told}");
    let pages = told.lines().find_map(|line| line.strip_prefix("Pages:"));
    pages.and_then(|count| count.trim().parse().ok()).expect("a number of pages")
}

/// covers: N10.1, N10.2: whose address it is, the channel now and this month, what may be reached,
/// whom to call; in three languages, without a script, on one sheet
#[test]
fn whoever_sits_in_a_segment_sees_his_connection_in_his_language_on_one_sheet() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let (first, second) = (&json["segments"][0], &json["segments"][1]);
    for (lang, words) in [
        ("en", ["Your connection works", "as it should be", "There was none.", "duty officer"]),
        ("ru", ["Ваше подключение работает", "верный", "Их не было.", "Дежурный по сети"]),
        ("kk", ["Қосылымыңыз жұмыс істейді", "дұрыс", "Үзіліс болған жоқ.", "Желі кезекшісі"]),
    ] {
        let page = in_language(second, lang);
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        assert!(page.contains(&format!("<html lang=\"{lang}\">")), "{lang}: {page}");
        for word in words.into_iter().chain(["10.10.2.", "s002", ">3128<", ">1080<", ":8472/"]) {
            assert!(page.contains(word), "{lang}: {word}: {page}");
        }
        assert!(!page.contains("<script") && !page.contains(" style="), "{page}");
        assert_eq!(sheets(second, lab.path(), &format!("{HUB}?lang={lang}")), 1, "{lang}");
    }
    let chosen = curl(second, &["-H", "Accept-Language: en", &format!("{HUB}?lang=kk")]);
    assert!(chosen.contains("lang=\"kk\"") && chosen.contains("set-cookie: lang=kk;"), "{chosen}");
    // Document flow is granted to every second segment.
    let documents = "Document flow";
    assert!(in_language(second, "en").contains(documents));
    assert!(!in_language(first, "en").contains(documents));
    // The hub's address on the segment's own link, and IPv6.
    let own = lab.hub_address(first);
    assert!(curl(first, &[&format!("http://{own}/")]).contains("s001"));
    assert!(curl(first, &["-H", "Accept-Language: en", "http://[fd10::1]/"]).contains("s001"));
    for method in ["POST", "PUT", "DELETE"] {
        let refused = curl(first, &["-X", method, HUB]);
        assert!(refused.starts_with("HTTP/1.1 405"), "{method}: {refused}");
    }
}

/// covers: N10.1: an outage is told with its cause and its length
#[test]
fn an_outage_of_this_month_is_told_with_its_cause() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let segment = &json["segments"][0];
    lab.tell(&["fault", "silent", "s001"]);
    let state = || lab.api().get("/api/v1/segments/s001")["state"].clone();
    wait_for("the outage", SOON, OFTEN, || (state() == "down").then_some(()));
    lab.tell(&["heal", "s001"]);
    wait_for("its end", SOON, OFTEN, || (state() == "up").then_some(()));
    let page = wait_for("the page", Duration::from_secs(80), Duration::from_secs(1), || {
        let page = in_language(segment, "en");
        (!page.contains("There was none.")).then_some(page)
    });
    for word in ["Cause", "not found out", "available "] {
        assert!(page.contains(word), "{word}: {page}");
    }
    assert!(!page.contains("available 100%"), "{page}");
}

/// covers: N10.1, T-8: who is in no segment is told what to do and nothing of what is inside, and
/// nobody asks without end
#[test]
fn a_stranger_is_told_what_to_do_and_nothing_of_what_is_inside() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let servers = &json["services"];
    for (lang, heading) in [
        ("en", "You are not connected to the closed network"),
        ("ru", "Вы не подключены к закрытой сети"),
        ("kk", "Сіз жабық желіге қосылмағансыз"),
    ] {
        let accept = format!("Accept-Language: {lang}");
        let page = curl(servers, &["-H", &accept, "http://10.1.0.1/"]);
        assert!(page.contains(heading) && page.contains("10.1.0.10"), "{lang}: {page}");
        assert_eq!(page.matches("<li>").count(), 5, "{lang}: {page}");
        for inner in ["10.10.", "10.0.0.1", "3128", "s001", "ets.localhost", "8472"] {
            assert!(!page.contains(inner), "{lang} names {inner}: {page}");
        }
    }
    let many = format!("{HUB}front-x[1-1500]");
    let words = ["curl", "-s", "--noproxy", "*", "-o", "/dev/null", "-w", "%{http_code} ", &many];
    let output = inside_of(&json["segments"][0], &words).stdout(Stdio::piped()).output();
    let said = String::from_utf8_lossy(&output.expect("curl starts").stdout).into_owned();
    let refused = said.split(' ').filter(|code| *code == "429").count();
    assert!(refused > 0, "1,500 requests at once, and none refused");
    let other = in_language(&json["segments"][1], "en");
    assert!(other.starts_with("HTTP/1.1 200"), "another segment: {other}");
    println!("of 1,500 requests of one address {refused} were refused");
}
