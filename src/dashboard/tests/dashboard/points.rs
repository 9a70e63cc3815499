//! Provider points: in the API, in the list, on a page of their own, in forms.

use std::time::Duration;

use axum::body::Body;
use ets_model::LinkState;
use http::{Request, StatusCode, header};
use serde_json::{Value, json};

use crate::api::send;
use crate::bed::{Bed, json, text};
use crate::pages::{heading, in_language, post};

fn fresh(id: &str) -> Value {
    json!({"id": id, "name": {"ru": "Узел «Восток»", "en": "East node"}, "provider": "Телеком"})
}

/// covers: N1.1, N1.2
#[tokio::test]
async fn a_point_is_added_changed_and_removed_by_a_program() {
    let bed = Bed::new(3).await;
    let made = bed.ask(send("POST", "/api/v1/parents", &fresh("pp-9"))).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    assert_eq!(made.headers()[header::LOCATION], "/api/v1/parents/pp-9");
    let mut document = json(made).await;
    assert_eq!((&document["segments"], &document["down"]), (&json!(0), &json!(0)));
    let again = bed.ask(send("POST", "/api/v1/parents", &fresh("pp-9"))).await;
    assert_eq!(again.status(), StatusCode::UNPROCESSABLE_ENTITY);
    document["provider"] = " Другой ".into();
    let changed = bed.ask(send("PUT", "/api/v1/parents/pp-9", &document)).await;
    assert_eq!(changed.headers()[header::ETAG], "\"2\"");
    assert_eq!(json(changed).await["provider"], "Другой");
    let stale = bed.ask(send("PUT", "/api/v1/parents/pp-9", &document)).await;
    assert_eq!(stale.status(), StatusCode::PRECONDITION_FAILED);
    let gone = bed.ask(send("DELETE", "/api/v1/parents/pp-9", &Value::Null)).await;
    assert_eq!(gone.status(), StatusCode::OK);
    assert_eq!(bed.get("/api/v1/parents/pp-9").await.status(), StatusCode::NOT_FOUND);
    let entries = json(bed.get("/api/v1/journal?kind=parent&id=pp-9").await).await;
    let told: Vec<_> =
        entries.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(told, ["parent.remove", "parent.update", "parent.create"]);
}

/// covers: N1.1
#[tokio::test]
async fn a_program_sees_how_many_hang_on_a_point_and_how_many_are_down() {
    let bed = Bed::new(5).await;
    bed.point("pp-1", &["s001", "s002", "s003"]).await;
    bed.feeder.put(bed.picture(&[(2, LinkState::Down), (5, LinkState::Down)]));
    let all = json(bed.get("/api/v1/parents").await).await;
    assert_eq!((&all[0]["segments"], &all[0]["down"]), (&json!(3), &json!(1)));
}

/// covers: N1.1
#[tokio::test]
async fn a_point_that_segments_still_name_is_kept_and_the_refusal_names_them() {
    let bed = Bed::new(3).await;
    bed.point("pp-1", &["s002"]).await;
    let refused = bed.ask(send("DELETE", "/api/v1/parents/pp-1", &Value::Null)).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let catalog = bed.registry.catalog();
    let segment = catalog.segment("s002").unwrap();
    let problem = json(refused).await;
    let message = problem["faults"][0]["message"].as_str().unwrap();
    let name = catalog.name(segment, ets_model::Lang::En);
    assert!(message.contains(&format!("s002 ({name})")), "{message}");
    let (status, html) = in_language(&bed, "/registry/points/pp-1/remove", "ru").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(html.contains(catalog.name(segment, ets_model::Lang::Ru)), "{html}");
    assert!(!html.contains("class=\"danger\""), "there is no button");
    let response = bed.ask(post("/registry/points/pp-1/remove", "version=1")).await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    assert!(bed.registry.catalog().parent("pp-1").is_some());
}

/// covers: N1.1, N3.3
#[tokio::test]
async fn a_common_fault_is_seen_at_once() {
    let bed = Bed::new(9).await;
    bed.point("pp-1", &["s001", "s002", "s003", "s005"]).await;
    bed.point("pp-2", &["s004"]).await;
    let (_, html) = in_language(&bed, "/registry/points", "ru").await;
    assert_eq!(heading(&html), "За точками провайдеров отключений нет");
    bed.feeder.put(bed.picture(&[(1, LinkState::Down), (3, LinkState::Down)]));
    let (_, html) = in_language(&bed, "/registry/points", "en").await;
    assert_eq!(heading(&html), "1 provider point has segments without a link");
    let (_, html) = in_language(&bed, "/registry/points/pp-1", "ru").await;
    assert_eq!(heading(&html), "Узел pp-1: без связи 2 из 4");
    assert!(html.contains("похоже на отдельные неисправности"), "two are a chance: {html}");
    bed.feeder.put(bed.picture(&[1, 2, 3].map(|no| (no, LinkState::Down))));
    let (_, html) = in_language(&bed, "/registry/points/pp-1", "ru").await;
    assert!(html.contains("Похоже на общую неисправность"), "{html}");
    for id in ["s001", "s002", "s003", "s005"] {
        assert!(html.contains(&format!("<tr data-seg=\"{id}\"")), "{id}");
    }
    assert!(!html.contains("data-count="), "the stream tells the counts of all segments");
    let all = [1, 2, 3, 5].map(|no| (no, LinkState::Down));
    bed.feeder.put(bed.picture(&all));
    let (_, html) = in_language(&bed, "/registry/points/pp-1", "en").await;
    assert!(html.contains("All segments of this point are without a link"), "{html}");
    let (_, html) = in_language(&bed, "/registry/points/pp-2", "en").await;
    assert_eq!(heading(&html), "Node pp-2: no outages");
}

/// covers: N3.3
#[tokio::test]
async fn an_outage_that_is_one_of_many_behind_a_point_names_the_point_and_its_provider() {
    let bed = Bed::new(9).await;
    bed.point("pp-1", &["s001", "s002", "s003", "s004"]).await;
    let began = bed.clock.wall().minus(Duration::from_secs(60));
    bed.feeder.put(bed.picture(&[1, 2, 3, 5].map(|no| (no, LinkState::Down))));
    let mut numbers = Vec::new();
    for no in [1, 2, 3, 5] {
        numbers.push(bed.outage(no, began, None).await);
    }
    let named = "<a href=\"/registry/points/pp-1\">Node pp-1</a>";
    let (_, html) = in_language(&bed, &format!("/outages/{}", numbers[0]), "en").await;
    assert!(html.contains("the break is most likely there") && html.contains(named), "{html}");
    assert!(html.contains("Call the provider: Телеком"), "{html}");
    let (_, html) = in_language(&bed, &format!("/outages/{}", numbers[3]), "en").await;
    assert!(!html.contains("the break is most likely there"), "it hangs on no point: {html}");
}

/// covers: N1.1
#[tokio::test]
async fn the_page_of_a_segment_leads_to_its_point() {
    let bed = Bed::new(3).await;
    bed.point("pp-1", &["s001"]).await;
    let html = text(bed.get("/segments/s001").await).await;
    assert!(html.contains("<a href=\"/registry/points/pp-1\">Узел pp-1</a>"), "{html}");
    let html = text(bed.get("/journal?kind=parent").await).await;
    assert!(html.contains("href=\"/registry/points/pp-1\""), "{html}");
}

/// covers: N1.2
#[tokio::test]
async fn the_form_of_a_point_says_what_is_wrong_and_keeps_what_was_typed() {
    let bed = Bed::new(1).await;
    let refused = bed.ask(post("/registry/new-point", "id=PP+1&provider=Sky")).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let html = text(refused).await;
    for field in ["id", "name_ru"] {
        assert_eq!(html.matches(&format!("id=\"e-{field}\"")).count(), 1, "{field}");
    }
    assert!(html.contains("value=\"Sky\""), "{html}");
    let taken = bed.ask(post("/registry/new-point", "id=pp-1&name_kk=Торап")).await;
    assert_eq!(taken.headers()[header::LOCATION], "/registry/points/pp-1");
    let form = "version=1&name_kk=Торап&name_ru=Узел&provider=Sky";
    let saved = bed.ask(post("/registry/points/pp-1/edit", form)).await;
    assert_eq!(saved.status(), StatusCode::SEE_OTHER);
    assert_eq!(bed.registry.catalog().parent("pp-1").unwrap().provider, "Sky");
    let stale = bed.ask(post("/registry/points/pp-1/edit", form)).await;
    assert_eq!(stale.status(), StatusCode::CONFLICT);
    let removed = bed.ask(post("/registry/points/pp-1/remove", "version=2")).await;
    assert_eq!(removed.headers()[header::LOCATION], "/registry/points");
    assert!(bed.registry.catalog().parent("pp-1").is_none());
}

/// covers: N1.1
#[tokio::test]
async fn a_point_that_is_not_there_is_not_found() {
    let bed = Bed::new(1).await;
    for path in ["", "/edit", "/remove"] {
        let request = Request::get(format!("/registry/points/nosuch{path}"));
        let response = bed.ask(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}
