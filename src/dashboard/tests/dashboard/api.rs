//! The HTTP API: lists, one segment's life, refusals that say what to do, its own description.

use axum::body::Body;
use ets_listen::SystemUser;
use ets_model::LinkState;
use http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::bed::{Bed, json, text};

pub(crate) fn send(method: &str, path: &str, body: &Value) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}

fn fresh(id: &str) -> Value {
    json!({
        "id": id,
        "institution": "akimat-region",
        "prefixes": ["10.77.1.0/24"],
        "interface": "eth77",
        "probing": {"address": "10.77.1.1", "method": {"tcp": 443}},
    })
}

/// covers: N3.2
#[tokio::test]
async fn the_list_tells_each_segment_with_its_state() {
    let bed = Bed::new(5).await;
    bed.feeder.put(bed.picture(&[(2, LinkState::Down)]));
    let all = json(bed.get("/api/v1/segments").await).await;
    assert_eq!(all.as_array().unwrap().len(), 5);
    let second = &all[1];
    assert_eq!(second["id"], "s002");
    assert_eq!(second["state"], "down");
    assert_eq!(second["rtt_ms"], Value::Null);
    assert_eq!(second["loss"], 1.0);
    for name in ["name", "since", "bytes_up", "bytes_down", "outage"] {
        assert!(second.get(name).is_some(), "{name}");
    }
    let down = json(bed.get("/api/v1/segments?state=down").await).await;
    assert_eq!(down.as_array().unwrap().len(), 1);
    let found = json(bed.get("/api/v1/segments?q=10.10.3.7").await).await;
    assert_eq!(found[0]["id"], "s003");
}

/// covers: N1.2
#[tokio::test]
async fn a_segment_is_added_changed_retired_and_restored() {
    let bed = Bed::new(2).await;
    let response = bed.ask(send("POST", "/api/v1/segments", &fresh("s077"))).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(response.headers()[header::LOCATION], "/api/v1/segments/s077");
    let mut document = json(bed.get("/api/v1/segments/s077").await).await;
    assert_eq!(document["probing"]["method"]["tcp"], 443);
    document["notes"] = "moved".into();
    let response = bed.ask(send("PUT", "/api/v1/segments/s077", &document)).await;
    assert_eq!(response.status(), StatusCode::OK);
    let changed = json(response).await;
    assert_eq!(changed["notes"], "moved");
    let stale = bed.ask(send("PUT", "/api/v1/segments/s077", &document)).await;
    assert_eq!(stale.status(), StatusCode::PRECONDITION_FAILED);
    assert_eq!(json(stale).await["version"], changed["version"]);
    let retired = bed.ask(send("DELETE", "/api/v1/segments/s077", &Value::Null)).await;
    assert_eq!(json(retired).await["state"], Value::Null);
    let list = json(bed.get("/api/v1/segments").await).await;
    assert_eq!(list.as_array().unwrap().len(), 2);
    let back = bed.ask(send("POST", "/api/v1/segments/s077/restore", &Value::Null)).await;
    assert_eq!(back.status(), StatusCode::OK);
}

/// covers: N1.2
#[tokio::test]
async fn an_overlap_is_refused_with_both_names() {
    let bed = Bed::new(2).await;
    let mut document = fresh("s077");
    document["prefixes"] = json!(["10.10.1.128/25"]);
    let response = bed.ask(send("POST", "/api/v1/segments", &document)).await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let problem = json(response).await;
    let message = problem["faults"][0]["message"].as_str().unwrap();
    assert!(message.contains("s077") && message.contains("s001"), "{message}");
    assert_eq!(problem["faults"][0]["field"], "prefixes");
    assert!(!problem["remedy"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_with_what_to_do() {
    let bed = Bed::new(2).await;
    let mut mistyped = fresh("s077");
    mistyped["prefxes"] = json!([]);
    let cases = [
        (send("POST", "/api/v1/segments", &mistyped), StatusCode::UNPROCESSABLE_ENTITY),
        (send("POST", "/api/v1/segments", &json!([])), StatusCode::BAD_REQUEST),
        (send("GET", "/api/v1/segments/nosuch", &Value::Null), StatusCode::NOT_FOUND),
        (send("GET", "/api/v1/nosuch", &Value::Null), StatusCode::NOT_FOUND),
        (send("GET", "/api/v1/outages?state=half", &Value::Null), StatusCode::BAD_REQUEST),
        (send("PATCH", "/api/v1/segments/s001", &Value::Null), StatusCode::METHOD_NOT_ALLOWED),
        (send("POST", "/api/v1/entry-links", &Value::Null), StatusCode::FORBIDDEN),
        (
            send("POST", "/api/v1/segments/s001/ping", &json!({"count": 999})),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            send("POST", "/api/v1/segments/s001/ping", &json!({"count": 3})),
            StatusCode::SERVICE_UNAVAILABLE,
        ),
    ];
    for (request, status) in cases {
        let what = format!("{} {}", request.method(), request.uri());
        let response = bed.ask(request).await;
        assert_eq!(response.status(), status, "{what}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json", "{what}");
        let problem = json(response).await;
        assert_eq!(problem["status"], status.as_u16(), "{what}");
        assert!(!problem["remedy"].as_str().unwrap().is_empty(), "{what}");
    }
}

#[tokio::test]
async fn outages_come_in_pages_with_their_evidence() {
    let bed = Bed::new(3).await;
    let now = bed.clock.wall();
    let ago = |seconds| now.minus(std::time::Duration::from_secs(seconds));
    for hour in 1..=5 {
        bed.outage(2, ago(hour * 3600), Some(ago(hour * 3600 - 60))).await;
    }
    bed.outage(3, ago(30), None).await;
    let first = bed.get("/api/v1/outages?limit=4").await;
    let link = first.headers()[header::LINK].to_str().unwrap().to_owned();
    let first = json(first).await;
    assert_eq!(first.as_array().unwrap().len(), 4);
    assert_eq!(first[0]["segment"], "s003");
    assert_eq!(first[0]["open"], true);
    let next = link.split(['<', '>']).nth(1).unwrap();
    let second = json(bed.get(next).await).await;
    assert_eq!(second.as_array().unwrap().len(), 2);
    let one = json(bed.get(&format!("/api/v1/outages/{}", first[0]["id"])).await).await;
    assert_eq!(one["evidence"].as_array().unwrap().len(), 2);
    let open = json(bed.get("/api/v1/outages?state=open&segment=s002").await).await;
    assert!(open.as_array().unwrap().is_empty());
}

#[tokio::test]
async fn the_series_fills_a_chart() {
    let bed = Bed::new(2).await;
    bed.history(10).await;
    let series = json(bed.get("/api/v1/segments/s001/series?histogram=true").await).await;
    assert_eq!(series["step_s"], 15);
    let measured = series["points"].as_array().unwrap().iter().filter(|one| one["sent"] != 0);
    assert!(measured.count() >= 39);
}

/// covers: N1.2
#[tokio::test]
async fn an_import_is_previewed_and_taken_whole() {
    let bed = Bed::new(3).await;
    let file = text(bed.get("/api/v1/export").await).await;
    let file = file.replacen("eth2", "eth202", 1);
    let csv = |path: &str| {
        Request::post(path)
            .header(header::CONTENT_TYPE, "text/csv")
            .body(Body::from(file.clone()))
            .unwrap()
    };
    let preview = json(bed.ask(csv("/api/v1/import/preview")).await).await;
    assert_eq!(preview["clean"], true);
    assert_eq!(preview["changed"][0]["id"], "s002");
    let wrong = bed.ask(csv("/api/v1/import/0000")).await;
    assert_eq!(wrong.status(), StatusCode::CONFLICT);
    let path = format!("/api/v1/import/{}", preview["digest"].as_str().unwrap());
    let applied = json(bed.ask(csv(&path)).await).await;
    assert_eq!(applied["changed"], 1);
    assert_eq!(bed.registry.catalog().segment("s002").unwrap().interface, "eth202");
}

#[tokio::test]
async fn the_journal_can_be_read_and_proved() {
    let bed = Bed::new(3).await;
    let entries = json(bed.get("/api/v1/journal?kind=segment&limit=2").await).await;
    assert_eq!(entries.as_array().unwrap().len(), 2);
    let verdict = json(bed.get("/api/v1/journal/verify").await).await;
    assert_eq!(verdict["broken"], Value::Null);
    assert!(verdict["sound"].as_i64().unwrap() > 3);
}

#[tokio::test]
async fn a_command_on_this_machine_makes_an_entry_link_under_its_users_name() {
    let bed = Bed::new(1).await;
    let mut request = send("POST", "/api/v1/entry-links", &Value::Null);
    request.extensions_mut().insert(SystemUser { uid: 0, name: "root".into() });
    let response = bed.dashboard.control_router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    let link = json(response).await;
    assert!(link["url"].as_str().unwrap().starts_with("https://localhost/enter?token="));
    let journal = json(bed.get("/api/v1/journal?kind=entry-link").await).await;
    assert_eq!(journal[0]["actor"], "system:root (0)");
}

#[tokio::test]
async fn the_document_describes_every_route_and_every_route_answers() {
    let bed = Bed::new(2).await;
    let document = json(bed.get("/api/openapi.json").await).await;
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    for wanted in ["/api/v1/segments", "/api/v1/segments/{id}", "/api/v1/outages", "/api/v1/events"]
    {
        assert!(paths.contains_key(wanted), "{wanted}");
    }
    for (path, methods) in paths {
        for method in methods.as_object().unwrap().keys() {
            if path == "/api/v1/events" {
                continue;
            }
            let concrete = path.replace("{id}", "nosuch").replace("{digest}", "00");
            let request = send(&method.to_uppercase(), &concrete, &Value::Null);
            let status = bed.ask(request).await.status();
            assert_ne!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn health_tells_both_processes_and_the_databases() {
    let bed = Bed::new(2).await;
    let health = json(bed.get("/api/v1/health").await).await;
    assert_eq!(health["databases"].as_array().unwrap().len(), 2);
    assert!(health["serve"]["pid"].as_u64().is_some());
    assert!(health["netd"].get("connected").is_some());
    assert!(health.get("blind").is_some());
}
