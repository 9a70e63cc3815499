//! Pages as a browser gets them.

#![allow(clippy::unwrap_used, reason = "a test may end at once")]

use std::collections::HashSet;
use std::io::Write as _;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, Uri, header};
use axum::response::Response;
use ets_i18n::{Lang, key};
use ets_model::{LinkState, Names, WallTime};
use ets_web::star::{Node, Star};
use ets_web::{
    Ctx, Flash, FlashKind, Html, NavItem, Page, Problem, Site, assets, preferences, problem, star,
    state,
};
use tower::ServiceExt as _;

fn site() -> Site {
    let item = |id, href, go| NavItem { id, title: key::STAR_TITLE, href, go: Some(go) };
    Site {
        mark: "ETC".into(),
        name: Names { ru: "узел".into(), ..Names::default() },
        owner: Names::default(),
        zone: ets_i18n::zone("Asia/Almaty").unwrap(),
        lang: Lang::Ru,
        nav: vec![item("overview", "/", 'o'), item("segments", "/segments", 's')],
        search: "/search",
        wall: "/wall",
        origin: "https://hub.example".into(),
    }
}

fn context(site: &Site, path: &str, cookie: &str) -> Ctx {
    let mut headers = HeaderMap::new();
    headers.insert(header::COOKIE, cookie.parse().unwrap());
    Ctx::from_request(
        site,
        &path.parse::<Uri>().unwrap(),
        &headers,
        WallTime(1_795_339_927_000_000),
    )
}

fn live_page() -> Page {
    Page {
        heading: "<3 & more>".into(),
        live: Some("/events".into()),
        nav: "overview",
        ..Page::default()
    }
}

async fn text(response: Response) -> String {
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// covers: N11
#[tokio::test]
async fn a_page_carries_no_inline_code_and_a_policy_that_forbids_it() {
    let site = site();
    let response = live_page().respond(&site, &context(&site, "/", "lang=kk"));
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    let html = text(response).await;
    for forbidden in [" style=", "<style", " onclick", "javascript:", "http://", "<3"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    assert!(html.contains("&#60;3 &#38; more&#62;"));
    assert!(html.contains("<html lang=\"kk\""));
    assert!(html.contains("<noscript><meta http-equiv=\"refresh\" content=\"10\"></noscript>"));
}

/// covers: N11
#[test]
fn no_identifier_stands_twice_in_a_page() {
    let site = site();
    let html = live_page().render(&site, &context(&site, "/", ""));
    let mut seen = HashSet::new();
    for part in html.split(" id=\"").skip(1) {
        let id = part.split('"').next().unwrap();
        assert!(seen.insert(id), "{id}");
    }
}

/// covers: N11
#[test]
fn the_theme_comes_with_the_page_and_keys_can_be_off() {
    let site = site();
    let html = live_page().render(&site, &context(&site, "/", "theme=dark; keys=off"));
    assert!(html.contains("data-theme=\"dark\"") && html.contains("data-keys=\"off\""));
    assert!(html.contains("content=\"dark\""));
    let html = live_page().render(&site, &context(&site, "/", "theme=purple"));
    assert!(html.contains("data-theme=\"auto\"") && html.contains("data-keys=\"on\""));
}

/// covers: N11
#[test]
fn a_message_survives_a_redirect_once() {
    let site = site();
    let flash = Flash { kind: FlashKind::Done, text: "Сақталды; «s001» <b>".into() };
    let cookie = flash.set_cookie().to_str().unwrap().split(';').next().unwrap().to_owned();
    let ctx = context(&site, "/", &cookie);
    assert_eq!(ctx.flash, [flash]);
    let response = live_page().respond(&site, &ctx);
    assert!(response.headers()[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
}

/// covers: N11
#[tokio::test]
async fn every_problem_has_its_status_and_says_what_to_do_in_each_language() {
    let site = site();
    let problems = [
        (Problem::NotFound, StatusCode::NOT_FOUND),
        (Problem::Forbidden, StatusCode::FORBIDDEN),
        (Problem::SignIn { command: "ets-hub link".into() }, StatusCode::UNAUTHORIZED),
        (Problem::Stale { href: "/a".into() }, StatusCode::CONFLICT),
        (Problem::FormExpired, StatusCode::FORBIDDEN),
        (Problem::BadRequest, StatusCode::BAD_REQUEST),
        (Problem::Unavailable, StatusCode::SERVICE_UNAVAILABLE),
        (Problem::Internal { reference: "7F3A".into() }, StatusCode::INTERNAL_SERVER_ERROR),
    ];
    for (what, status) in problems {
        let mut seen = HashSet::new();
        for lang in Lang::ALL {
            let response = problem(&site, &context(&site, "/x", &format!("lang={lang}")), &what);
            assert_eq!(response.status(), status);
            let html = text(response).await;
            let words = html.split("class=\"problem\"><p>").nth(1).unwrap();
            assert!(seen.insert(words.split("</p>").next().unwrap().to_owned()), "{what:?} {lang}");
        }
    }
}

fn app() -> Router {
    Router::new().merge(assets::router()).merge(preferences::router())
}

async fn get(path: &str, accept: &str) -> Response {
    let request = Request::get(path).header(header::ACCEPT_ENCODING, accept).body(Body::empty());
    app().oneshot(request.unwrap()).await.unwrap()
}

/// covers: N11
#[tokio::test]
async fn assets_are_compressed_kept_for_ever_and_nothing_else_is_served() {
    let response = get(assets::LIVE_JS, "gzip, br").await;
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "br");
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
    assert!(response.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    let response = get(assets::SITE_CSS, "gzip;q=1, br;q=0").await;
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
    let plain = text(get(assets::SITE_CSS, "identity").await).await;
    assert!(plain.contains(&format!("url({})", assets::PLEX_SANS_400_WOFF2)));
    assert_eq!(get("/assets/../Cargo.toml", "").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(get("/assets/live.js", "").await.status(), StatusCode::NOT_FOUND);
}

/// covers: N11
#[tokio::test]
async fn a_choice_of_language_becomes_a_cookie_and_leads_back() {
    let request = Request::post(preferences::PATH)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("lang=kk&back=%2Fsegments%3Fsort%3Dname"))
        .unwrap();
    let response = app().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()[header::LOCATION], "/segments?sort=name");
    assert!(
        response.headers()[header::SET_COOKIE].to_str().unwrap().starts_with("lang=kk; Path=/")
    );
}

fn star_of(count: usize) -> Html {
    let names: Vec<(String, String)> =
        (0..count).map(|index| (format!("s{index:03}"), format!("Управление № {index}"))).collect();
    let nodes: Vec<Node<'_>> = names
        .iter()
        .enumerate()
        .map(|(index, (id, name))| Node {
            id,
            name,
            href: "/segments/x",
            state: if index % 9 == 4 { LinkState::Down } else { LinkState::Up },
            sector: if count > 300 {
                if index % 2 == 0 { "Восток" } else { "Запад" }
            } else {
                ""
            },
            load: None,
        })
        .collect();
    let site = site();
    let ctx = context(&site, "/", "");
    let href = |key: &str| format!("/?group={key}");
    star::star(&ctx.tr, &Star { mark: "ETC", nodes: &nodes, group_href: &href })
}

/// covers: N11
#[test]
fn every_segment_is_a_link_with_a_name_and_can_be_followed() {
    let html = star_of(49).into_string();
    assert_eq!(html.matches("<a class=\"n\"").count(), 49);
    assert_eq!(html.matches("<title>").count(), 49);
    assert_eq!(html.matches("data-seg=\"s004\"").count(), 2);
    assert!(html.contains("<title>Управление № 4: нет связи</title>"));
}

/// covers: N11
#[test]
fn too_many_segments_become_groups_that_open() {
    let html = star_of(1_000).into_string();
    assert_eq!(html.matches("<a class=\"n\"").count(), 2);
    assert!(html.contains("href=\"/?group=Восток\"") && html.contains("data-group=\"Запад\""));
}

/// The first visit: page, style, script, fonts, icon. covers: N11
#[test]
fn a_first_visit_to_a_star_of_forty_nine_is_light() {
    let site = site();
    let ctx = context(&site, "/", "");
    let mut page = live_page();
    page.body = state::counts(&ctx.tr, &state::Counts::default(), None, &[]).then(&star_of(49));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    gzip.write_all(page.render(&site, &ctx).as_bytes()).unwrap();
    let html = gzip.finish().unwrap().len();
    let (all, scripts) = assets::weight();
    // A table of 49 rows with sparklines adds less than 15 kB to this page.
    assert!(html + all < 135_000 - 15_000, "{html} + {all}");
    assert!(scripts < 45_000, "{scripts}");
}

/// covers: N11
#[test]
fn the_zone_of_all_times_stands_in_the_frame() {
    let site = site();
    let html = live_page().render(&site, &context(&site, "/", "lang=en"));
    let footer = html.split("<footer").nth(1).unwrap();
    assert!(footer.contains("Times: Asia/Almaty, UTC+5"), "{footer}");
}
