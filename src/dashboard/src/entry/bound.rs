//! An answer that goes on ends when the right to it does.

use std::convert::Infallible;

use axum::body::{Body, BodyDataStream};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::header;
use tokio::sync::watch;

/// What an open answer depends on.
struct Bound<F> {
    body: BodyDataStream,
    changes: watch::Receiver<u64>,
    may: F,
}

/// Ends a stream of events at the first change after which `may` says no. `changes` was taken
/// before the right was looked at. Other answers end by themselves.
pub(crate) fn bound<F>(response: Response, changes: watch::Receiver<u64>, may: F) -> Response
where
    F: Fn() -> bool + Send + 'static,
{
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let bound = Bound { body: body.into_data_stream(), changes, may };
    let stream = stream::unfold(bound, |mut bound| async {
        let bytes = bound.next().await?;
        Some((Ok::<_, Infallible>(bytes), bound))
    });
    Response::from_parts(parts, Body::from_stream(stream))
}

impl<F: Fn() -> bool> Bound<F> {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            tokio::select! {
                biased;
                changed = self.changes.changed() => {
                    if changed.is_err() || !(self.may)() {
                        return None;
                    }
                }
                bytes = self.body.next() => return bytes?.ok(),
            }
        }
    }
}
