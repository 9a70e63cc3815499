//! "My connection", on the built product: what somebody in a segment is told, and somebody who is in
//! none. Judged by curl and by a browser that prints.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Lab, Options, inside_of, said, text, tool, wait_for};

const HUB: &str = "http://10.0.0.1/";
const SOON: Duration = Duration::from_secs(20);
const OFTEN: Duration = Duration::from_millis(200);

/// What curl at a place is answered, with the head.
#[track_caller]
fn curl(place: &Value, args: &[&str]) -> String {
    let words = [&["curl", "-sS", "-i", "-m", "5", "--noproxy", "*"][..], args].concat();
    let (ended, said) = said(inside_of(place, &words));
    assert_eq!(ended, Some(0), "curl {args:?} from {}", text(&place["netns"]));
    said
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
    let (_, said) = said(inside_of(&json["segments"][0], &words));
    let refused = said.split(' ').filter(|code| *code == "429").count();
    assert!(refused > 0, "1,500 requests at once, and none refused");
    let other = in_language(&json["segments"][1], "en");
    assert!(other.starts_with("HTTP/1.1 200"), "another segment: {other}");
    println!("of 1,500 requests of one address {refused} were refused");
}

/// covers: N6.5, G1, T-8: who is refused asks with the gateway's word, and only with it
#[test]
fn whoever_is_refused_asks_for_access_and_administrators_see_it() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let (first, second) = (&json["segments"][0], &json["segments"][1]);
    let proxy = format!("http://{}", text(&json["proxy"]["http"]));
    let refused = ["curl", "-sS", "-m", "5", "-x", &proxy, "-H", "Accept-Language: en"];
    let refused = [&refused[..], &["http://203.0.113.10:25/"]].concat();
    let (_, page) = said(inside_of(first, &refused));
    let link = page.split("class=\"ask\" href=\"").nth(1).expect("a button").split('"').next();
    let link = link.expect("its end").to_owned();
    assert!(link.starts_with("http://10.0.0.1/request?word="), "{link}");
    let english = "Accept-Language: en";
    let form = curl(first, &["-H", english, &link]);
    assert!(form.contains("Ask for access to 203.0.113.10:25"), "{form}");
    let word = link.split_once("word=").expect("a word").1.to_owned();
    let post = |place: &Value, word: &str, reason: &str| {
        let fields = [
            format!("word={word}"),
            "host=evil.example".to_owned(),
            "name=Асем".to_owned(),
            "phone=21-14".to_owned(),
            format!("reason={reason}"),
        ];
        let mut words = vec!["-H", english];
        for field in &fields {
            words.extend(["--data-urlencode", field]);
        }
        words.push("http://10.0.0.1/request");
        curl(place, &words)
    };
    assert!(post(second, &word, "mail").starts_with("HTTP/1.1 403"), "somebody else's word");
    assert!(post(first, &format!("{word}x"), "mail").starts_with("HTTP/1.1 403"), "a changed word");
    assert!(post(first, &word, "").starts_with("HTTP/1.1 422"), "no reason");
    let done = post(first, &word, "we send mail");
    assert!(done.starts_with("HTTP/1.1 200") && done.contains("Request No. "), "{done}");
    let again = post(first, &word, "we send mail");
    let number = |page: &str| page.split("Request No. ").nth(1).map(|rest| rest[..8].to_owned());
    assert_eq!(number(&done), number(&again), "sent twice, filed once");
    let listed = lab.api().get("/api/v1/gateway/requests");
    let listed = listed.as_array().expect("a list");
    assert_eq!(listed.len(), 1, "{listed:?}");
    for (field, value) in [
        ("segment", "s001"),
        ("host", "203.0.113.10"),
        ("name", "Асем"),
        ("reason", "we send mail"),
    ] {
        assert_eq!(listed[0][field], value, "{listed:?}");
    }
    assert_eq!(listed[0]["port"], 25);
}
