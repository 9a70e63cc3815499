//! Entry: one-time links, sessions, and pages of other sites.

use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::response::Response;
use ets_listen::{CertId, PeerCertificate, Scheme};
use ets_model::Stamp;
use ets_runtime::{Clock, stamp_now};
use http::{Request, StatusCode, header};

use crate::bed::{Bed, person, text};

async fn open(bed: &Bed, token: &str, scheme: Scheme) -> Response {
    let request = Request::post("/enter")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header(header::USER_AGENT, "test")
        .body(Body::from(format!("token={token}")))
        .unwrap();
    bed.ask_as_nobody(request, scheme).await
}

fn cookie(response: &Response) -> String {
    let line = response.headers()[header::SET_COOKIE].to_str().unwrap();
    line.split(';').next().unwrap().to_owned()
}

async fn overview(bed: &Bed, cookie: &str, scheme: Scheme) -> StatusCode {
    let request = Request::get("/").header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    bed.ask_as_nobody(request, scheme).await.status()
}

async fn entered(bed: &Bed, scheme: Scheme) -> String {
    let link = bed.dashboard.new_entry_link("test").await.unwrap();
    let response = open(bed, link.token.as_str(), scheme).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    cookie(&response)
}

#[tokio::test]
async fn a_link_opens_one_session_and_looking_at_it_uses_nothing_up() {
    let bed = Bed::new(1).await;
    let link = bed.dashboard.new_entry_link("test").await.unwrap();
    let token = link.token.as_str();
    for _ in 0..3 {
        let request = Request::get(format!("/enter?token={token}")).body(Body::empty()).unwrap();
        let response = bed.ask_as_nobody(request, Scheme::Http).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.headers().get(header::SET_COOKIE).is_none());
    }
    let first = open(&bed, token, Scheme::Http).await;
    assert_eq!(overview(&bed, &cookie(&first), Scheme::Http).await, StatusCode::OK);
    assert_eq!(open(&bed, token, Scheme::Http).await.status(), StatusCode::GONE);
}

#[tokio::test]
async fn two_who_press_at_once_open_one_session() {
    let bed = Bed::new(1).await;
    let link = bed.dashboard.new_entry_link("test").await.unwrap();
    let token = link.token.as_str();
    let (one, other) =
        tokio::join!(open(&bed, token, Scheme::Https), open(&bed, token, Scheme::Https));
    let opened = [one.status(), other.status()];
    assert!(opened.contains(&StatusCode::SEE_OTHER) && opened.contains(&StatusCode::GONE));
}

#[tokio::test]
async fn an_old_link_and_an_invented_one_open_nothing() {
    let start = stamp_now();
    let clock = Clock::by_hand(start);
    let bed = Bed::with(1, clock.clone()).await;
    let link = bed.dashboard.new_entry_link("test").await.unwrap();
    let later = Duration::from_secs(15 * 60);
    clock.set(Stamp { boot: start.boot + later, wall: start.wall.plus(later) });
    assert_eq!(open(&bed, link.token.as_str(), Scheme::Http).await.status(), StatusCode::GONE);
    assert_eq!(open(&bed, &"0".repeat(64), Scheme::Http).await.status(), StatusCode::GONE);
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_after_its_life() {
    let start = stamp_now();
    let clock = Clock::by_hand(start);
    let bed = Bed::with(1, clock.clone()).await;
    let cookie = entered(&bed, Scheme::Https).await;
    let after = |hours: u64| {
        let later = Duration::from_secs(hours * 3600);
        clock.set(Stamp { boot: start.boot + later, wall: start.wall.plus(later) });
    };
    for hours in (10..168).step_by(10) {
        after(hours);
        assert_eq!(overview(&bed, &cookie, Scheme::Https).await, StatusCode::OK, "{hours}");
    }
    after(168);
    assert_eq!(overview(&bed, &cookie, Scheme::Https).await, StatusCode::UNAUTHORIZED);
    let cookie = entered(&bed, Scheme::Https).await;
    after(168 + 12);
    assert_eq!(overview(&bed, &cookie, Scheme::Https).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn leaving_ends_the_session_at_once() {
    let bed = Bed::new(1).await;
    let cookie = entered(&bed, Scheme::Https).await;
    let request = Request::post("/leave")
        .header(header::COOKIE, &cookie)
        .header("sec-fetch-site", "same-origin")
        .body(Body::empty())
        .unwrap();
    let response = bed.ask_as_nobody(request, Scheme::Https).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(overview(&bed, &cookie, Scheme::Https).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_database_holds_no_secret_that_opens_anything() {
    let bed = Bed::new(1).await;
    let link = bed.dashboard.new_entry_link("test").await.unwrap();
    let cookie = entered(&bed, Scheme::Https).await;
    let session = cookie.split('=').nth(1).unwrap();
    for table in ["dashboard_entry_link", "dashboard_session", "journal_entry"] {
        let rows = bed.store.query(&format!("SELECT * FROM {table}"), &[]).await;
        let Ok(rows) = rows else { continue };
        let dump = format!("{rows:?}");
        assert!(!dump.contains(link.token.as_str()) && !dump.contains(session), "{table}");
    }
}

#[tokio::test]
async fn a_change_from_a_page_of_another_site_is_refused_whoever_asks() {
    let bed = Bed::new(2).await;
    for (path, method) in [
        ("/segments/s001/maintenance", "POST"),
        ("/segments/s001/retire", "POST"),
        ("/registry/new", "POST"),
        ("/settings/sessions/00/end", "POST"),
        ("/api/v1/segments/s001", "DELETE"),
        ("/api/v1/segments", "POST"),
        ("/api/v1/segments/s001/ping", "POST"),
    ] {
        for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")]
        {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header(header::HOST, "hub.example")
                .header(name, value)
                .body(Body::empty())
                .unwrap();
            let status = bed.ask(request).await.status();
            assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path} {name}");
        }
    }
    assert!(bed.registry.catalog().segment("s001").unwrap().is_active());
}

/// covers: T1.3, T-8
#[tokio::test]
async fn a_machines_certificate_is_nobody_even_under_the_name_of_an_administrator() {
    let bed = Bed::new(1).await;
    for (is_machine, status) in [(false, StatusCode::OK), (true, StatusCode::UNAUTHORIZED)] {
        let mut request = Request::get("/").body(Body::empty()).unwrap();
        request.extensions_mut().insert(PeerCertificate {
            subject: "administrator".to_owned(),
            person: person("administrator"),
            institution: None,
            serial_hex: "3fa1".to_owned(),
            fingerprint: "00".repeat(32),
            id: CertId::new(b"bed", b"administrator"),
            not_after: SystemTime::now() + Duration::from_secs(60),
            is_machine,
        });
        assert_eq!(
            bed.ask_as_nobody(request, Scheme::Https).await.status(),
            status,
            "{is_machine}"
        );
    }
}

#[tokio::test]
async fn the_page_for_strangers_says_how_to_come_in() {
    let bed = Bed::new(1).await;
    let request = Request::get("/").header(header::ACCEPT_LANGUAGE, "en");
    let response = bed.ask_as_nobody(request.body(Body::empty()).unwrap(), Scheme::Http).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let html = text(response).await;
    assert!(html.contains("ets-hub link"));
    for leads_nowhere in ["href=\"/journal\"", "class=\"button\" href=\"/\"", "role=\"search\""] {
        assert!(!html.contains(leads_nowhere), "{leads_nowhere}: {html}");
    }
}
