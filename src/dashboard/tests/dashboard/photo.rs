//! The photograph of a site: served as what it is, placed, replaced and removed.

use axum::body::Body;
use ets_registry::PHOTO_LIMIT;
use http::{Request, StatusCode, header};
use serde_json::Value;

use crate::api::send;
use crate::bed::{Bed, PICTURE, json, text};
use crate::pages::post;

const PHOTO: &str = "/api/v1/segments/s001/photo";

fn put(bytes: &[u8]) -> Request<Body> {
    Request::put(PHOTO).body(Body::from(bytes.to_vec())).unwrap()
}

fn upload(bytes: &[u8]) -> Request<Body> {
    let mut body =
        b"--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a\"\r\n\r\n".to_vec();
    body.extend(bytes);
    body.extend(b"\r\n--b--\r\n");
    Request::post("/segments/s001/photo/edit")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
        .header("sec-fetch-site", "same-origin")
        .header(header::COOKIE, "lang=ru")
        .body(Body::from(body))
        .unwrap()
}

async fn actions(bed: &Bed) -> Vec<String> {
    let entries = json(bed.get("/api/v1/journal?kind=segment&id=s001").await).await;
    let action = |entry: &Value| entry["action"].as_str().unwrap().to_owned();
    entries.as_array().unwrap().iter().map(action).collect()
}

/// covers: N1.1
#[tokio::test]
async fn a_program_places_reads_and_removes_a_photograph() {
    let bed = Bed::new(1).await;
    assert_eq!(bed.get(PHOTO).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(bed.ask(put(PICTURE)).await.status(), StatusCode::OK);
    let got = bed.get(PHOTO).await;
    assert_eq!(got.headers()[header::CONTENT_TYPE], "image/png");
    assert_eq!(got.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(got.headers()[header::CACHE_CONTROL], "private, no-cache");
    assert!(got.headers().contains_key(header::CONTENT_SECURITY_POLICY));
    let tag = got.headers()[header::ETAG].clone();
    let bytes = axum::body::to_bytes(got.into_body(), PHOTO_LIMIT).await.unwrap();
    assert_eq!(bytes, PICTURE);
    let again = Request::get(PHOTO).header(header::IF_NONE_MATCH, tag).body(Body::empty());
    assert_eq!(bed.ask(again.unwrap()).await.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(bed.ask(put(b"\xff\xd8\xff\xe0 another")).await.status(), StatusCode::OK);
    assert_eq!(bed.get(PHOTO).await.headers()[header::CONTENT_TYPE], "image/jpeg");
    let gone = || send("DELETE", PHOTO, &Value::Null);
    assert_eq!(bed.ask(gone()).await.status(), StatusCode::OK);
    assert_eq!(bed.ask(gone()).await.status(), StatusCode::NOT_FOUND);
    let told = ["segment.photo.remove", "segment.photo", "segment.photo", "segment.create"];
    assert_eq!(actions(&bed).await, told);
}

/// covers: N1.1
#[tokio::test]
async fn what_is_no_picture_or_too_large_is_refused_and_the_old_photograph_stays() {
    let bed = Bed::new(1).await;
    bed.ask(put(PICTURE)).await;
    let mut large = PICTURE.to_vec();
    large.resize(PHOTO_LIMIT + 1, 0);
    for (bytes, word) in [(b"<svg/>".to_vec(), "WebP"), (large, "524289")] {
        let refused = bed.ask(put(&bytes)).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let problem = json(refused).await;
        assert_eq!(problem["faults"][0]["field"], "photo");
        assert!(problem["faults"][0]["message"].as_str().unwrap().contains(word), "{problem}");
    }
    assert_eq!(bed.get(PHOTO).await.headers()[header::CONTENT_TYPE], "image/png");
    let nobody = Request::put("/api/v1/segments/nosuch/photo").body(Body::from(PICTURE)).unwrap();
    assert_eq!(bed.ask(nobody).await.status(), StatusCode::NOT_FOUND);
}

/// covers: N1.1
#[tokio::test]
async fn a_person_places_a_photograph_sees_it_and_removes_it() {
    let bed = Bed::new(1).await;
    let html = text(bed.get("/segments/s001").await).await;
    assert!(!html.contains("<img") && html.contains("href=\"/segments/s001/photo/edit\""));
    let placed = bed.ask(upload(PICTURE)).await;
    assert_eq!(placed.headers()[header::LOCATION], "/segments/s001");
    let html = text(bed.get("/segments/s001").await).await;
    assert!(html.contains("<img src=\"/segments/s001/photo\" alt=\"Место сегмента: "), "{html}");
    assert!(html.contains("загружена фотография места"), "the journal says it");
    let shown = bed.get("/segments/s001/photo").await;
    assert_eq!(shown.headers()[header::CONTENT_TYPE], "image/png");
    let removed = bed.ask(post("/segments/s001/photo/remove", "")).await;
    assert_eq!(removed.status(), StatusCode::SEE_OTHER);
    assert!(!text(bed.get("/segments/s001").await).await.contains("<img"));
    let nothing = bed.get("/segments/s001/photo/remove").await;
    assert_eq!(nothing.status(), StatusCode::NOT_FOUND);
}

/// covers: N1.1
#[tokio::test]
async fn a_form_with_a_bad_file_says_so_at_the_field() {
    let bed = Bed::new(1).await;
    let large = [PICTURE, &vec![0; 3_000_000]].concat();
    let cases = [
        (Vec::new(), "Файл не выбран"),
        (b"GIF89a".to_vec(), "JPEG, PNG или WebP"),
        (large, "снимок занимает 3,00\u{a0}МБ"),
    ];
    for (bytes, words) in cases {
        let refused = bed.ask(upload(&bytes)).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{words}");
        let html = text(refused).await.to_lowercase();
        assert!(html.contains("id=\"e-photo\""), "{words}");
        assert!(html.contains(&words.to_lowercase()), "{words}: {html}");
    }
}

/// covers: N1.2
#[tokio::test]
async fn a_photograph_from_a_page_of_another_site_is_refused() {
    let bed = Bed::new(1).await;
    let mut request = upload(PICTURE);
    request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(bed.ask(request).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(actions(&bed).await, ["segment.create"]);
}
