//! The bytes of a measurement.

use std::convert::Infallible;
use std::sync::LazyLock;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use ets_i18n::{Tr, t};
use ets_netd_api::Direction;
use ets_speed::{DURATION, Error as Refusal, Run};
use ets_web::origin::is_own;
use futures_util::{StreamExt, stream};
use http::{HeaderValue, Method, StatusCode, header};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use crate::Error;
use crate::api::measured_document;
use crate::pages::view::View;

/// A measurement that the other side does not take part in ends after this.
const PATIENCE: Duration = Duration::from_secs(3);
/// Portions that wait for the connection.
const QUEUED: usize = 2;
const BLOCK: usize = 1 << 16;

/// What is sent: random, so that nothing on the way makes it smaller.
static RANDOM: LazyLock<Bytes> = LazyLock::new(|| {
    let mut block = vec![0; BLOCK];
    // Without random numbers it is zeroes: a worse measure, and still one.
    let _ = getrandom::fill(&mut block);
    Bytes::from(block)
});

/// `GET /down`: as many bytes as the channel gives in its time.
pub(super) async fn down(view: View) -> Result<Response, Error> {
    let run = match begin(&view, Direction::Down).await? {
        Ok(run) => run,
        Err(refusal) => return Ok(refusal),
    };
    let (send, portions) = mpsc::channel(QUEUED);
    tokio::spawn(feed(run, send));
    let body = stream::unfold(portions, |mut portions| async move {
        let portion: Bytes = portions.recv().await?;
        Some((Ok::<_, Infallible>(portion), portions))
    });
    let head = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"speed\"")),
        (header::CONNECTION, HeaderValue::from_static("close")),
    ];
    Ok((head, Body::from_stream(body)).into_response())
}

/// Hands the portions over until the time is up or nobody takes them any more.
async fn feed(mut run: Run, send: mpsc::Sender<Bytes>) {
    let end = Instant::now() + DURATION + PATIENCE;
    loop {
        let portion = run.portion().min(BLOCK);
        match timeout_at(end, send.send(RANDOM.slice(..portion))).await {
            Ok(Ok(())) if run.pass(portion).await => {}
            Ok(Ok(())) | Err(_) => break,
            Ok(Err(_)) => return,
        }
    }
    if let Err(error) = run.finish().await {
        tracing::warn!(%error, "a measurement was not kept");
    }
}

/// `POST /up`, `PUT /up`: takes bytes for its time and answers what was measured.
pub(super) async fn up(view: View, body: Body) -> Result<Response, Error> {
    let mut run = match begin(&view, Direction::Up).await? {
        Ok(run) => run,
        Err(refusal) => return Ok(refusal),
    };
    let end = Instant::now() + DURATION + PATIENCE;
    let mut portions = body.into_data_stream();
    while let Ok(Some(Ok(portion))) = timeout_at(end, portions.next()).await {
        if !run.pass(portion.len()).await {
            break;
        }
    }
    let measured = run.finish().await?;
    let document = measured.as_ref().map(measured_document).unwrap_or_default();
    let close = [(header::CONNECTION, HeaderValue::from_static("close"))];
    Ok((close, axum::Json(document)).into_response())
}

async fn begin(view: &View, direction: Direction) -> Result<Result<Run, Response>, Error> {
    // A page of somebody else may not set a channel to work.
    if !is_own(&Method::POST, &view.headers, view.authority.as_deref()) {
        return Err(Error::CrossSite);
    }
    let address = view.address().ok_or(Error::NeedEntry)?;
    match view.app.deps.speed.begin(address, direction).await {
        Ok(run) => Ok(Ok(run)),
        Err(error @ (Refusal::Store(_) | Refusal::Unreadable(_))) => Err(error.into()),
        Err(error) => {
            let (status, text) = refused(view.tr(), &error);
            let mut response = (status, text + "\n").into_response();
            if let Refusal::TooSoon(wait) | Refusal::Full(wait) = error {
                response.headers_mut().insert(header::RETRY_AFTER, seconds(wait).into());
            }
            Ok(Err(response))
        }
    }
}

/// A refusal in the reader's language.
pub(super) fn refused(tr: &Tr, error: &Refusal) -> (StatusCode, String) {
    let wait = |wait: Duration| tr.duration(Duration::from_secs(seconds(wait)));
    match error {
        Refusal::Stranger(address) => {
            (StatusCode::FORBIDDEN, t::speed_stranger(tr, address.to_string()))
        }
        Refusal::TooSoon(time) => {
            (StatusCode::TOO_MANY_REQUESTS, t::speed_too_soon(tr, wait(*time)))
        }
        Refusal::Full(time) => (StatusCode::SERVICE_UNAVAILABLE, t::speed_full(tr, wait(*time))),
        Refusal::Blind => (StatusCode::SERVICE_UNAVAILABLE, t::speed_blind(tr).to_owned()),
        Refusal::Store(_) | Refusal::Unreadable(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, t::speed_failed(tr).to_owned())
        }
    }
}

fn seconds(wait: Duration) -> u64 {
    wait.as_secs().max(1)
}
