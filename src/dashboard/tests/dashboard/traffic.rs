//! The pages, the API and the figures of what passed.

use std::process::Command;
use std::time::{Duration, Instant};

use axum::body::Body;
use ets_model::WallTime;
use ets_netd_api::{Class, Direction};
use futures_util::StreamExt;
use http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::bed::{Bed, json as read, text};
use crate::pages::{heading, in_language, post};

/// Ten minutes of 49 segments.
async fn busy() -> Bed {
    let bed = Bed::new(49).await;
    bed.meters.history(bed.clock.wall(), 600, 49);
    bed.meters.feeder.settle().await.unwrap();
    bed
}

async fn api(bed: &Bed, path: &str) -> Value {
    let response = bed.get(path).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    read(response).await
}

async fn send(bed: &Bed, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
    let request = Request::builder().method(method).uri(path).body(Body::from(body.to_string()));
    let response = bed.ask(request.unwrap()).await;
    let status = response.status();
    (status, read(response).await)
}

/// covers: N5.1, N11
#[tokio::test]
async fn every_page_of_traffic_answers_in_every_language_with_figures_in_it() {
    let bed = busy().await;
    let pages = [
        "/traffic",
        "/traffic/top",
        "/traffic/reports",
        "/traffic/reports/akimat-region",
        "/segments/s001/traffic",
        "/segments/s001/traffic?period=day",
        "/segments/s001/traffic?period=month",
        "/segments/s001",
    ];
    for lang in ["kk", "ru", "en"] {
        for path in pages {
            let (status, html) = in_language(&bed, path, lang).await;
            assert_eq!(status, StatusCode::OK, "{path} in {lang}");
            assert!(!html.contains(" style=\"") && !html.contains("onclick"), "{path}");
        }
    }
    let (_, html) = in_language(&bed, "/traffic", "en").await;
    assert!(heading(&html).contains("to segments"), "{}", heading(&html));
    assert!(html.contains("Dropped by the rules") && html.contains("/traffic?at="));
    let (_, html) = in_language(&bed, "/traffic/top?period=hour", "en").await;
    assert!(heading(&html).starts_with("The most in the last hour:"), "{}", heading(&html));
    let (_, html) = in_language(&bed, "/segments/s001/traffic", "ru").await;
    assert!(html.contains("95-й процентиль") && html.contains("данных мало"), "{html}");
}

/// covers: N5.1
#[tokio::test]
async fn a_moment_has_an_address_under_which_its_picture_stands() {
    let bed = Bed::new(3).await;
    let now = bed.clock.wall().0 / 1_000_000;
    for second in now - 30..=now {
        let bytes = if second == now - 10 { 125_000_000 } else { 1_000 };
        bed.meters.second(second, &[(2, Class::Outside, Direction::Down, bytes, 7)]);
    }
    // The second that ended at `now - 10`, as the live page's link had it.
    let (_, html) = in_language(&bed, &format!("/traffic?at={}", now - 11), "en").await;
    let told = heading(&html).replace('\u{a0}', " ");
    assert!(told.contains("1.00 Gbit/s to segments"), "{told}");
    let picture = api(&bed, &format!("/api/v1/traffic?at={}", (now - 11) * 1_000_000)).await;
    assert_eq!(picture["hub"]["bps_down"], 1_000_000_000);
    assert_eq!(picture["segments"][0]["segment"], "s002");
}

/// covers: N5.1
#[tokio::test]
async fn the_stream_brings_a_new_picture_with_every_second_and_says_when_the_counters_are_silent() {
    let bed = busy().await;
    let response = bed.get("/live/traffic").await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut stream = response.into_body().into_data_stream();
    let mut next = async || {
        let part = tokio::time::timeout(Duration::from_secs(3), stream.next()).await;
        String::from_utf8(part.unwrap().unwrap().unwrap().to_vec()).unwrap()
    };
    let first = next().await;
    assert!(first.contains("event: picture") && first.contains("event: tick"), "{first}");
    let now = bed.clock.wall().0 / 1_000_000;
    let begun = Instant::now();
    bed.meters.second(now + 1, &[(7, Class::Hub, Direction::Up, 1_250_000, 900)]);
    let second = next().await;
    assert!(begun.elapsed() < Duration::from_millis(200), "{:?}", begun.elapsed());
    assert!(second.contains("10,0") && second.contains("s007"), "{second}");
    bed.meters.feeder.fall_silent();
    assert!(next().await.contains("Счётчики молчат"), "the silence is told");
    let (_, html) = in_language(&bed, "/traffic", "en").await;
    assert_eq!(heading(&html), "The counters are silent, traffic is not known now");
    assert!(api(&bed, "/api/v1/traffic").await["stale_since"].is_string());
}

/// covers: N5.1, N12
#[tokio::test]
async fn api_segments_and_metrics_tell_the_same_totals() {
    let bed = Bed::new(3).await;
    let now = bed.clock.wall().0 / 1_000_000;
    for second in now - 20..=now {
        let hub = (1, Class::Hub, Direction::Up, 100, 1);
        let dropped = (1, Class::Dropped, Direction::Up, 40, 1);
        bed.meters.second(second, &[hub, dropped, (2, Class::Outside, Direction::Down, 900, 2)]);
    }
    let segments = api(&bed, "/api/v1/segments").await;
    assert_eq!((&segments[0]["bytes_up"], &segments[0]["bytes_down"]), (&json!(2_100), &json!(0)));
    assert_eq!(segments[1]["bytes_down"], 18_900);
    assert_eq!(segments[2]["bytes_up"], 0, "nothing passed, and that is known");
    assert_eq!(api(&bed, "/api/v1/segments/s001").await["bytes_up"], 2_100);
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let scrape = text(bed.metrics_router().oneshot(request).await.unwrap()).await;
    for line in [
        "ets_segment_bytes_total{segment=\"s001\",direction=\"up\",class=\"hub\"} 2100",
        "ets_segment_packets_total{segment=\"s002\",direction=\"down\",class=\"outside\"} 42",
        "ets_segment_dropped_bytes_total{segment=\"s001\",direction=\"up\"} 840",
        "ets_traffic_followed 1",
    ] {
        assert!(scrape.contains(line), "{line} in\n{scrape}");
    }
    let series = api(&bed, "/api/v1/segments/s001/traffic?period=hour&points=60").await;
    assert_eq!(series["total"]["bytes_up"], 2_100);
    assert_eq!(series["total"]["dropped"]["bytes_up"], 840);
    let sum: u64 = series["lines"][0]["bytes_up"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_u64().unwrap())
        .sum();
    assert_eq!(sum, 2_100, "{series}");
    assert_eq!(series["forecast"]["up"]["answer"], "not_enough");
    let top = api(&bed, "/api/v1/traffic/top?period=hour&by=packets").await;
    assert_eq!(
        (&top["segments"][0]["segment"], &top["segments"][0]["value"]),
        (&json!("s002"), &json!(42))
    );
    let top = api(&bed, "/api/v1/traffic/top?period=hour&class=hub").await;
    assert_eq!(top["segments"].as_array().unwrap().len(), 1);
    assert_eq!(
        bed.get("/api/v1/traffic/top?class=nonsense").await.status(),
        StatusCode::BAD_REQUEST
    );
    assert_eq!(bed.get("/api/v1/traffic/top?period=eon").await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(api(&bed, "/api/v1/traffic/gaps").await, json!([]));
}

/// covers: N5.4
#[tokio::test]
async fn a_quota_lives_by_the_form_and_by_the_api_and_its_page_says_who_reached_it() {
    let bed = busy().await;
    let wrong = "name=&segment=s999&kind=day&bytes=much&way=sum&warn=0&action=shape&kbps=3";
    let response = bed.ask(post("/traffic/quotas/new", wrong)).await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let html = text(response).await;
    for field in ["name", "segment", "bytes", "warn", "kbps"] {
        assert!(html.contains(&format!("id=\"e-{field}\"")), "{field}");
    }
    assert!(html.contains("value=\"much\""), "nothing typed is lost");

    let form = "name=Daily&segment=&kind=day&bytes=0%2C05&way=sum&warn=80&action=notice";
    let response = bed.ask(post("/traffic/quotas/new", form)).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    bed.meters.feeder.settle().await.unwrap();
    let (_, html) = in_language(&bed, "/traffic/quotas", "en").await;
    assert_eq!(heading(&html), "49 segments have used up a quota");
    let (_, html) = in_language(&bed, "/segments/s004/traffic", "en").await;
    assert!(html.contains("Daily") && html.contains("used up"));
    let (_, html) = in_language(&bed, "/journal", "en").await;
    assert!(html.contains("quota used up") && html.contains("quota added"), "{html}");

    let quotas = api(&bed, "/api/v1/quotas").await;
    assert_eq!(quotas[0]["limit"]["bytes_a_day"], 50_000_000);
    assert_eq!(quotas[0]["standings"].as_array().unwrap().len(), 49);
    let mut quota = quotas[0].clone();
    quota["limit"] = json!({"rate": {"bps": 900_000_000_000_u64, "minutes": 5}});
    quota["segment"] = json!("s007");
    quota["action"] = json!({"shape": {"kbps": 512}});
    let id = quota["id"].as_i64().unwrap();
    let (status, told) = send(&bed, "PUT", &format!("/api/v1/quotas/{id}"), &quota).await;
    assert_eq!((status, &told["version"]), (StatusCode::OK, &json!(2)));
    let (status, _) = send(&bed, "PUT", &format!("/api/v1/quotas/{id}"), &quota).await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED, "an old version");
    let (_, html) = in_language(&bed, &format!("/traffic/quotas/{id}/edit"), "ru").await;
    assert!(html.contains("value=\"900000\"") && html.contains("value=\"512\""), "{html}");
    bed.meters.feeder.settle().await.unwrap();
    let (_, html) = in_language(&bed, "/traffic/quotas", "ru").await;
    assert_eq!(heading(&html), "Все сегменты в пределах квот");
    let response = bed.ask(post(&format!("/traffic/quotas/{id}/remove"), "version=2")).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(api(&bed, "/api/v1/quotas").await, json!([]));
    let (status, told) =
        send(&bed, "POST", "/api/v1/quotas", &json!({"name": "x", "limit": {"bytes_a_day": 0}}))
            .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
}

/// covers: N5.4 (D8)
#[tokio::test]
async fn the_month_of_all_49_is_a_page_two_tables_and_signed_acts_in_time() {
    let bed = busy().await;
    let month = bed.clock.wall();
    let word = ets_i18n_month(month);
    let mut slowest = Duration::ZERO;
    for path in [
        "/traffic/reports".to_owned(),
        "/traffic/reports/akimat-region".to_owned(),
        "/traffic/reports/all.csv".to_owned(),
        "/traffic/reports/all.xlsx".to_owned(),
        "/traffic/top?period=month".to_owned(),
        "/segments/s001/traffic?period=year".to_owned(),
        format!("/api/v1/traffic/report?month={word}"),
    ] {
        let begun = Instant::now();
        let response = bed.get(&path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap();
        println!("{path}: {:?}", begun.elapsed());
        slowest = slowest.max(begun.elapsed());
    }
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    let report =
        api(&bed, &format!("/api/v1/traffic/report?month={word}&institution=akimat-region")).await;
    assert_eq!(report["institutions"].as_array().unwrap().len(), 1);
    assert!(report["institutions"][0]["total"]["bytes_down"].as_u64().unwrap() > 1_000_000);

    for lang in ["kk", "ru", "en"] {
        let begun = Instant::now();
        let request =
            Request::get("/traffic/reports/all.pdf").header(header::COOKIE, format!("lang={lang}"));
        let response = bed.ask(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/pdf");
        let bytes = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap();
        println!("49 acts in {lang}: {:?}, {} bytes", begun.elapsed(), bytes.len());
        assert!(begun.elapsed() < Duration::from_secs(10));
        let text = as_text(&bytes);
        let sign = match lang {
            "kk" => "қолы, тегі, аты-жөні",
            "ru" => "подпись, фамилия, инициалы",
            _ => "signature, name",
        };
        assert_eq!(text.matches(sign).count(), 2 * 49, "two sides sign each act: {lang}");
        assert!(text.contains("/traffic/reports/akimat-region?month="), "{text}");
    }
    let response = bed.get("/traffic/reports/akimat-region/act.pdf").await;
    assert_eq!(response.status(), StatusCode::OK);
    if let Some(path) = std::env::var_os("ETS_ACT") {
        let bytes = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    assert_eq!(
        bed.get("/traffic/reports/all.pdf?month=2020-01").await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(bed.get("/traffic/reports/nobody").await.status(), StatusCode::NOT_FOUND);
}

fn ets_i18n_month(at: WallTime) -> String {
    let stamp = jiff::Timestamp::from_microsecond(at.0).unwrap();
    stamp.in_tz("Asia/Almaty").unwrap().strftime("%Y-%m").to_string()
}

fn as_text(pdf: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acts.pdf");
    std::fs::write(&path, pdf).unwrap();
    let told = Command::new("pdftotext").arg("-layout").arg(&path).arg("-").output().unwrap();
    String::from_utf8(told.stdout).unwrap()
}

/// covers: N5.4
#[tokio::test]
async fn files_have_every_line_and_exact_figures() {
    let bed = busy().await;
    let csv = text(bed.get("/traffic/top.csv?period=hour").await).await;
    assert_eq!(csv.lines().count(), 50, "{csv}");
    let csv = text(bed.get("/segments/s002/traffic.csv?period=hour").await).await;
    assert!(csv.lines().count() > 50 && csv.contains("Внешняя сеть"), "{csv}");
    for path in [
        "/traffic/top.xlsx",
        "/segments/s002/traffic.xlsx",
        "/traffic/reports/akimat-region/report.xlsx",
    ] {
        let response = bed.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let bytes = axum::body::to_bytes(response.into_body(), 8 << 20).await.unwrap();
        assert!(bytes.starts_with(b"PK"), "{path}");
    }
}

/// covers: N12, D7
#[tokio::test]
async fn a_scrape_of_ten_thousand_busy_segments_is_quick_and_small() {
    let bed = Bed::new(10_000).await;
    bed.meters.history(bed.clock.wall(), 3, 10_000);
    let begun = Instant::now();
    let request =
        Request::get("/metrics").header(header::ACCEPT_ENCODING, "gzip").body(Body::empty());
    let response = bed.metrics_router().oneshot(request.unwrap()).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap();
    println!("10,000 busy segments: {:?}, {} bytes compressed", begun.elapsed(), body.len());
    assert!(body.len() < 3_000_000, "{}", body.len());
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}
