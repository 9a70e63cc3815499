//! `WebSocket`s: over HTTP/1.1 by an upgrade (RFC 6455), over HTTP/2 by an extended CONNECT
//! (RFC 8441); to the service always the former.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ets_listen::clean_hop;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::body::Download;
use crate::forward::Order;
use crate::handler::{is_first_websocket, is_second_websocket};
use crate::streams::Leash;
use crate::upstream::Lease;
use crate::visit::Visit;

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const UPGRADE: HeaderValue = HeaderValue::from_static("Upgrade");
const KEY: HeaderName = header::SEC_WEBSOCKET_KEY;

/// What a request wants its connection or stream to become.
pub(crate) enum Wish {
    /// Nothing else.
    None,
    /// A WebSocket, asked for over HTTP/1.1.
    First(OnUpgrade),
    /// A WebSocket, asked for over HTTP/2.
    Second(OnUpgrade),
}

impl Wish {
    pub(crate) fn of(request: &mut Request<Incoming>) -> Self {
        if is_first_websocket(request) {
            Self::First(hyper::upgrade::on(request))
        } else if is_second_websocket(request) {
            Self::Second(hyper::upgrade::on(request))
        } else {
            Self::None
        }
    }

    pub(crate) fn is_some(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// Writes the wish for the service; `None` when the system gives no randomness for a key.
    pub(crate) fn write(&self, headers: &mut HeaderMap) -> Option<()> {
        if !self.is_some() {
            return Some(());
        }
        headers.insert(header::CONNECTION, UPGRADE);
        headers.insert(header::UPGRADE, WEBSOCKET);
        if matches!(self, Self::Second(_)) {
            let mut key = [0; 16];
            getrandom::fill(&mut key).ok()?;
            headers.insert(KEY, HeaderValue::try_from(STANDARD.encode(key)).ok()?);
        }
        Some(())
    }
}

/// The answer to a service that agreed; from then on bytes go both ways.
pub(crate) fn switch(
    visit: &Arc<Visit>,
    (order, lease): (Order, Lease),
    mut answer: Response<Incoming>,
    wish: Wish,
) -> Response<Download> {
    let back = hyper::upgrade::on(&mut answer);
    let (mut parts, _) = answer.into_parts();
    clean_hop(&mut parts.headers);
    let front = match wish {
        Wish::First(front) => {
            parts.headers.insert(header::CONNECTION, UPGRADE);
            parts.headers.insert(header::UPGRADE, WEBSOCKET);
            Some(front)
        }
        Wish::Second(front) => {
            parts.status = StatusCode::OK;
            parts.headers.remove(header::SEC_WEBSOCKET_ACCEPT);
            Some(front)
        }
        // Nobody asked for it.
        Wish::None => {
            parts.status = StatusCode::BAD_GATEWAY;
            None
        }
    };
    if let Some(front) = front {
        tokio::spawn(relay(Arc::clone(visit), (order, lease), front, back));
    }
    parts.version = http::Version::HTTP_11;
    parts.extensions = http::Extensions::new();
    Response::from_parts(parts, Download::own(axum::body::Body::empty()))
}

/// Passes bytes until one side ends, the right is gone or the connection is cut.
async fn relay(
    visit: Arc<Visit>,
    // The lease keeps the place of its connection.
    (order, _lease): (Order, Lease),
    front: OnUpgrade,
    back: OnUpgrade,
) {
    let _hold = visit.client.hold();
    let mut leash = Leash::new(&visit, &order.way, order.turn);
    let cut = visit.client.cut.clone();
    let passing = async {
        let (front, back) = (front.await?, back.await?);
        let mut front = Acts { stream: TokioIo::new(front), visit: &visit };
        tokio::io::copy_bidirectional(&mut front, &mut TokioIo::new(back))
            .await
            .map_err(Into::<Box<dyn std::error::Error + Send + Sync>>::into)
    };
    tokio::select! {
        passed = passing => {
            if let Ok((up, down)) = passed {
                order.way.counters.up.add(up);
                order.way.counters.down.add(down);
            }
        }
        () = poll_fn(|context| leash.poll_lost(context)) => {}
        () = cut.cancelled() => {}
    }
}

/// What the client sends is an act of its owner.
struct Acts<'a> {
    stream: TokioIo<Upgraded>,
    visit: &'a Visit,
}

impl AsyncRead for Acts<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(context, into);
        if polled.is_ready() {
            self.visit.touch();
        }
        polled
    }
}

impl AsyncWrite for Acts<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
