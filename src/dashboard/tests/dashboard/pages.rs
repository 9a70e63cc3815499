//! Every page in every language: it answers, it keeps to itself, it needs entry.

use std::time::{Duration, Instant};

use axum::body::Body;
use ets_listen::Scheme;
use ets_model::{Fact, IcmpErrorKind, LinkState, Source};
use ets_registry::Author;
use http::{Request, StatusCode, header};

use crate::bed::{Bed, text};

const PAGES: &[&str] = &[
    "/",
    "/?view=table",
    "/?sort=rtt&dir=desc",
    "/segments",
    "/segments?state=down",
    "/segments?which=retired",
    "/segments/s003",
    "/segments/s003?period=day",
    "/segments/s003?period=month",
    "/segments/s003?period=year",
    "/segments/s003/edit",
    "/segments/s003/retire",
    "/registry/new",
    "/registry/import",
    "/registry/points",
    "/registry/points?sort=segments&dir=desc",
    "/registry/points/pp-1",
    "/registry/points/pp-1/edit",
    "/registry/points/pp-2/remove",
    "/registry/new-point",
    "/segments/s004",
    "/segments/s004/photo/edit",
    "/segments/s004/photo/remove",
    "/outages",
    "/outages?state=open",
    "/outages/1",
    "/traffic",
    "/traffic?at=1795339927",
    "/traffic/top",
    "/traffic/top?period=year&by=peak&class=outside&direction=down",
    "/traffic/top?period=custom&from=2026-11-30&to=2026-11-01",
    "/traffic/reports",
    "/traffic/reports?month=2025-02",
    "/traffic/reports/akimat-region",
    "/traffic/quotas",
    "/traffic/quotas/new",
    "/segments/s003/traffic",
    "/segments/s003/traffic?period=year",
    "/segments/s003/talkers?by=port",
    "/journal",
    "/journal?verify=1",
    "/system",
    "/settings",
    "/help",
    "/help/problems",
    "/wall",
    "/wall?scene=outages",
    "/wall?scene=table",
];

pub(crate) async fn in_language(bed: &Bed, path: &str, lang: &str) -> (StatusCode, String) {
    let request = Request::get(path).header(header::COOKIE, format!("lang={lang}"));
    let response = bed.ask(request.body(Body::empty()).unwrap()).await;
    (response.status(), text(response).await)
}

/// The first line of a page.
pub(crate) fn heading(html: &str) -> &str {
    let from = html.find("<h1").unwrap();
    html[from..].split('>').nth(1).unwrap().split('<').next().unwrap().trim()
}

async fn troubled() -> Bed {
    let bed = Bed::new(49).await;
    let now = bed.clock.wall();
    bed.point("pp-1", &["s003", "s004"]).await;
    bed.point("pp-2", &[]).await;
    bed.photo("s004").await;
    bed.outage(3, now.minus(Duration::from_secs(252)), None).await;
    bed.feeder.put(bed.picture(&[(3, LinkState::Down), (7, LinkState::Degraded)]));
    bed
}

/// covers: N11
#[tokio::test]
async fn every_page_answers_in_every_language() {
    let bed = troubled().await;
    bed.history(5).await;
    for lang in ["kk", "ru", "en"] {
        for path in PAGES {
            let (status, html) = in_language(&bed, path, lang).await;
            assert_eq!(status, StatusCode::OK, "{path} in {lang}");
            assert!(html.contains(&format!("lang=\"{lang}\"")), "{path} in {lang}");
            assert_eq!(html.matches("<h1").count(), 1, "{path} in {lang}");
        }
    }
}

/// covers: N11
#[tokio::test]
async fn the_heading_is_the_answer() {
    let bed = troubled().await;
    let (_, html) = in_language(&bed, "/", "ru").await;
    assert_eq!(heading(&html), "1 сегмент без связи");
    let (_, html) = in_language(&bed, "/", "kk").await;
    assert_eq!(heading(&html), "1 сегмент байланыссыз");
    bed.feeder.put(bed.picture(&[]));
    let (_, html) = in_language(&bed, "/", "en").await;
    assert_eq!(heading(&html), "All segments are up");
    let empty = Bed::new(0).await;
    let (_, html) = in_language(&empty, "/", "en").await;
    assert_eq!(heading(&html), "No segments yet");
}

#[tokio::test]
async fn every_page_keeps_to_itself() {
    let bed = troubled().await;
    for path in PAGES.iter().copied().chain(["/nosuch", "/outages/999", "/segments/nosuch"]) {
        let response = bed.get(path).await;
        let headers = response.headers().clone();
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'"), "{path}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store", "{path}");
        let html = text(response).await;
        for (place, _) in html.match_indices("://") {
            let outside = &html[place.saturating_sub(8)..(place + 40).min(html.len())];
            let known = ["https://localhost", "http://www.w3.org"];
            assert!(known.iter().any(|own| html[place - 5..].contains(own)), "{path}: {outside}");
        }
        assert!(!html.contains("onclick=") && !html.contains(" style=\""), "{path}");
    }
}

#[tokio::test]
async fn a_search_without_a_hit_says_so_in_its_heading() {
    let bed = troubled().await;
    let (_, html) = in_language(&bed, "/segments?q=nowhere", "en").await;
    assert!(html.contains("<h1 id=\"heading\">Nothing was found for “nowhere”</h1>"));
}

/// covers: N3.2
#[tokio::test]
async fn an_unstable_segment_says_why_and_until_when() {
    let bed = Bed::new(9).await;
    bed.feeder.put(bed.picture(&[(3, LinkState::Degraded)]));
    let (_, html) = in_language(&bed, "/segments/s003", "en").await;
    assert!(html.contains("More probes are lost than on a sound link"), "{html}");
    for ago in [400, 300, 200] {
        let began = bed.clock.wall().minus(Duration::from_secs(ago));
        bed.outage(3, began, Some(began.plus(Duration::from_secs(9)))).await;
    }
    let (_, html) = in_language(&bed, "/segments/s003", "en").await;
    assert!(html.contains("The link was lost 3 times within ten minutes"), "{html}");
    let (_, html) = in_language(&bed, "/segments/s004", "en").await;
    assert!(!html.contains("counts as unstable"), "{html}");
}

/// covers: N3.3
#[tokio::test]
async fn probes_that_reach_another_segment_blame_the_hubs_route_and_nobody_outside() {
    let bed = Bed::new(9).await;
    bed.feeder.put(bed.picture(&[(3, LinkState::Down), (4, LinkState::Down)]));
    let began = bed.clock.wall().minus(Duration::from_secs(30));
    let told = async |no: u32, router: &str| {
        let outage = bed.outage(no, began, None).await;
        let (from, kind) = (router.parse().unwrap(), IcmpErrorKind::HostUnreachable);
        bed.saw(outage, Source::Icmp, Fact::IcmpError { from, kind }).await;
        in_language(&bed, &format!("/outages/{outage}"), "en").await.1
    };
    let html = told(3, "10.10.7.1").await;
    assert!(html.contains("own route is wrong") && html.contains("ip route get 10.10.3"), "{html}");
    assert!(!html.contains("Call the provider"), "{html}");
    let html = told(4, "192.0.2.1").await;
    assert!(html.contains("Router 192.0.2.1 answers") && html.contains("Call the provider"));
}

#[tokio::test]
async fn the_heading_of_the_register_says_what_the_list_is_of() {
    let bed = Bed::new(9).await;
    let (_, html) = in_language(&bed, "/segments?which=retired", "en").await;
    assert_eq!(heading(&html), "No segment is retired");
    bed.registry.retire_segment("s004", 1, &Author::new("bed")).await.unwrap();
    bed.feeder.put(bed.picture(&[]));
    for (path, told, rows) in [
        ("/segments", "8 segments are watched", 8),
        ("/segments?which=retired", "1 segment is retired", 1),
        ("/segments?q=s00&list=1", "9 segments found for “s00”", 9),
        ("/segments?q=s00&which=", "8 segments found for “s00”", 8),
    ] {
        let (_, html) = in_language(&bed, path, "en").await;
        assert_eq!(heading(&html), told, "{path}");
        assert_eq!(html.matches("<small class=\"id\">s00").count(), rows, "{path}");
    }
}

/// covers: N11
#[tokio::test]
async fn what_is_printed_carries_the_scheme_of_the_request() {
    let bed = troubled().await;
    for (scheme, word) in [(Scheme::Http, "http"), (Scheme::Https, "https")] {
        let request = Request::get("/outages").header(header::HOST, "hub.example:8080");
        let response = bed.ask_as_nobody(request.body(Body::empty()).unwrap(), scheme).await;
        let html = text(response).await;
        let printed = format!("class=\"address\">{word}://hub.example:8080/outages<");
        assert!(html.contains(&printed), "{html}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_language_of_the_reader() {
    let bed = Bed::new(3).await;
    let (status, html) = in_language(&bed, "/segments/s999", "ru").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(html.contains("Такой страницы нет"), "{html}");
    assert!(html.contains("href=\"/journal\""), "who is signed in finds his way back: {html}");
}

#[tokio::test]
async fn nothing_but_the_entry_page_opens_without_entry() {
    let bed = Bed::new(3).await;
    let paths = PAGES.iter().chain(&["/segments.csv", "/journal.csv", "/live", "/api/v1/segments"]);
    for path in paths {
        let request = Request::get(*path).body(Body::empty()).unwrap();
        let response = bed.ask_as_nobody(request, Scheme::Https).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert!(!text(response).await.contains("10.10."), "{path}");
    }
}

/// covers: N1.2
#[tokio::test]
async fn a_segment_is_added_by_the_form_with_its_institution() {
    let bed = Bed::new(3).await;
    let form = "id=s050&label_ru=%D0%9D%D0%BE%D0%B2%D1%8B%D0%B9&prefixes=10.99.50.0%2F24\
        &probe_address=10.99.50.1&interface=eth50&method=icmp&institution=&name_ru=%D0%A8%D0%BA\
        &criticality=normal";
    let response = bed.ask(post("/registry/new", form)).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()[header::LOCATION], "/segments/s050");
    let catalog = bed.registry.catalog();
    assert_eq!(catalog.segment("s050").unwrap().label.ru, "Новый");
}

/// covers: N1.2
#[tokio::test]
async fn a_fault_is_told_at_its_field_and_nothing_typed_is_lost() {
    let bed = Bed::new(3).await;
    let form = "id=s050&prefixes=10.10.1.0%2F25&probe_address=10.99.50.1&interface=eth50\
        &method=icmp&institution=akimat-region&notes=keep+me&criticality=normal";
    let response = bed.ask(post("/registry/new", form)).await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let html = text(response).await;
    assert!(html.contains("id=\"e-prefixes\""), "the fault stands at the field");
    assert!(html.contains("пересекается"), "in the language of the reader");
    assert!(html.contains("s050") && html.contains("keep me"), "nothing is lost");
    assert!(bed.registry.catalog().segment("s050").is_none());
}

/// covers: N1.2
#[tokio::test]
async fn an_edit_of_what_somebody_else_changed_is_refused() {
    let bed = Bed::new(3).await;
    let version = bed.registry.catalog().segment("s001").unwrap().version;
    let form = format!("version={}&prefixes=10.10.1.0%2F24", version - 1);
    let response = bed.ask(post("/segments/s001/edit", &form)).await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
}

#[tokio::test]
async fn maintenance_is_announced_and_ended_by_buttons() {
    let bed = Bed::new(3).await;
    let response = bed.ask(post("/segments/s002/maintenance", "minutes=60")).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let until = bed.registry.catalog().segment("s002").unwrap().maintenance_until.unwrap();
    let minutes = until.since(bed.clock.wall()).as_secs() / 60;
    assert!((58..=60).contains(&minutes), "{minutes}");
    bed.ask(post("/segments/s002/maintenance", "")).await;
    assert_eq!(bed.registry.catalog().segment("s002").unwrap().maintenance_until, None);
}

#[tokio::test]
async fn a_ping_without_netd_says_so_on_the_page() {
    let bed = Bed::new(3).await;
    let response = bed.ask(post("/segments/s001/ping", "count=5")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(text(response).await.contains("Процесс наблюдения не отвечает"));
}

/// covers: N11
#[tokio::test]
async fn the_overview_of_a_thousand_segments_is_made_quickly() {
    quickly(1_000).await;
}

/// covers: N11
#[tokio::test]
async fn the_overview_of_ten_thousand_segments_is_made_quickly() {
    quickly(10_000).await;
}

async fn quickly(count: usize) {
    let bed = Bed::new(count).await;
    let mut times = Vec::new();
    for round in 0..100 {
        if round % 10 == 0 {
            bed.feeder.put(bed.picture(&[(round + 1, LinkState::Down)]));
        }
        let start = Instant::now();
        let response = bed.get("/").await;
        assert_eq!(response.status(), StatusCode::OK);
        text(response).await;
        times.push(start.elapsed());
    }
    times.sort();
    println!("overview of {count}: median {:?}, p99 {:?}", times[50], times[98]);
}

/// covers: N1.2
#[tokio::test]
async fn a_file_that_was_mended_in_the_page_is_taken_as_the_browser_sends_it() {
    let bed = Bed::new(3).await;
    let file = bed.registry.export_csv().replacen("eth2", "eth202", 1).replace('\n', "\r\n");
    let body =
        format!("--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n{file}\r\n--b--\r\n");
    let request = Request::post("/registry/import")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body))
        .unwrap();
    let response = bed.ask(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    let html = text(response).await;
    let digest = html.split("name=\"digest\" value=\"").nth(1).unwrap();
    let digest = digest.split('"').next().unwrap();
    let sent = percent_encoding::utf8_percent_encode(&file, percent_encoding::NON_ALPHANUMERIC);
    let form = format!("digest={digest}&text={sent}");
    let response = bed.ask(post("/registry/import/apply", &form)).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(bed.registry.catalog().segment("s002").unwrap().interface, "eth202");
}

pub(crate) fn post(path: &str, form: &str) -> Request<Body> {
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header(header::COOKIE, "lang=ru")
        .body(Body::from(form.to_owned()))
        .unwrap()
}
