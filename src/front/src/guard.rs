//! What is asked before a page is made: not too much from one address, and nothing but reading.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ets_listen::{Addresses, Peer, Rate};
use ets_runtime::Clock;
use http::{HeaderValue, Method, StatusCode, header};

/// What an address may ask for: a segment may come from one as a whole, and a page is three requests.
const RATE: u64 = 30;
const BURST: u64 = 600;

/// How fast each address asks.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    addresses: Arc<Addresses>,
    clock: Clock,
}

impl Guard {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { addresses: Arc::new(Addresses::new(Rate::new(RATE, BURST))), clock }
    }
}

/// The layer.
pub(crate) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    if let Some(peer) = request.extensions().get::<Peer>()
        && let Err(seconds) = guard.addresses.take(peer.address.ip(), guard.clock.boot())
    {
        let mut answer = (StatusCode::TOO_MANY_REQUESTS, "too many requests\n").into_response();
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        return answer;
    }
    let is_body_taken = request.method() == Method::POST;
    let mut answer = next.run(request).await;
    if is_body_taken && !answer.status().is_success() {
        // What of the body was not read is no further request.
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}
