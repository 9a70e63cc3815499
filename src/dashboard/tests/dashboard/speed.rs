//! What segments open themselves, and what the administrator sees of it.

use axum::body::Body;
use axum::response::Response;
use ets_listen::{Peer, Scheme};
use http::{Request, StatusCode};
use tower::ServiceExt;

use crate::bed::{Bed, json, text};

/// Asks over the listener for segments, from an address.
async fn asks(bed: &Bed, from: &str, mut request: Request<Body>) -> Response {
    let address = std::net::SocketAddr::new(from.parse().unwrap(), 50_000);
    request.extensions_mut().insert(Peer { address, scheme: Scheme::Http });
    bed.dashboard.speed_router().oneshot(request).await.unwrap()
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

/// An address of the first segment's network, as an IPv4 and as an IPv6 socket tells it.
fn insiders(bed: &Bed) -> [String; 2] {
    let catalog = bed.registry.catalog();
    let address = catalog.segments().next().unwrap().probing.address;
    [address.to_string(), format!("::ffff:{address}")]
}

/// covers: N8.1
#[tokio::test]
async fn who_sits_in_a_segment_sees_his_channel_and_nothing_else_of_the_hub() {
    let bed = Bed::new(3).await;
    for from in insiders(&bed) {
        let response = asks(&bed, &from, get("/")).await;
        assert_eq!(response.status(), StatusCode::OK);
        let page = text(response).await;
        let name = bed.registry.catalog().segments().next().unwrap().id.clone();
        assert!(page.contains("data-measure") && page.contains("/down"), "{name}: {page}");
        assert!(!page.contains("/journal") && !page.contains("/rules"), "no administrator's page");
    }
    let [from, _] = insiders(&bed);
    for path in ["/segments", "/api/v1/segments", "/journal", "/metrics", "/enter"] {
        assert_eq!(asks(&bed, &from, get(path)).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

/// covers: N8.1
#[tokio::test]
async fn strangers_and_pages_of_others_set_no_channel_to_work() {
    let bed = Bed::new(3).await;
    for path in ["/", "/down"] {
        let response = asks(&bed, "203.0.113.9", get(path)).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path}");
        assert!(text(response).await.contains("203.0.113.9"), "it says whose address that is");
    }
    let [from, _] = insiders(&bed);
    let mut request = get("/down");
    request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(asks(&bed, &from, request).await.status(), StatusCode::FORBIDDEN);
}

/// covers: N8.1
#[tokio::test]
async fn without_the_accounting_nothing_is_measured_and_the_next_may_try_later() {
    let bed = Bed::new(3).await;
    let [from, _] = insiders(&bed);
    let response = asks(&bed, &from, get("/down")).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(text(response).await.contains("трафик"), "in the hub's language");
    let response = asks(&bed, &from, get("/down")).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(response.headers().contains_key("retry-after"));
    let list = json(bed.get("/api/v1/segments/s001/speed").await).await;
    assert_eq!(list, serde_json::json!([]), "nothing was measured");
    assert_eq!(bed.get("/api/v1/segments/s999/speed").await.status(), StatusCode::NOT_FOUND);
}
