//! `GET` over HTTP/1.1. Of the body no more is read than is looked at, and 64 KiB at the most.

use std::error::Error as _;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::connect;
use crate::{Reason, Target};

/// Octets of a body that are looked at.
const BODY: usize = 64 << 10;
/// The longest head.
const HEAD: usize = 16 << 10;

pub(super) async fn ask(target: &Target) -> Result<(), Reason> {
    let stream = connect(target).await?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD)
        .handshake::<_, Empty<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(reason)?;
    let talk = async {
        let answer = sender.send_request(request(target)?).await.map_err(reason)?;
        judge(target, answer).await
    };
    // The connection is driven here, so that it ends with the check, whatever the server does.
    let mut talk = std::pin::pin!(talk);
    tokio::select! {
        judged = &mut talk => return judged,
        _ = connection => {}
    }
    // The server has closed it: what it sent before is there, or the reason why it is not.
    talk.await
}

fn request(target: &Target) -> Result<Request<Empty<Bytes>>, Reason> {
    let path = if target.check.path.is_empty() { "/" } else { &target.check.path };
    Request::get(path)
        .header(header::HOST, target.address.to_string())
        .header(header::USER_AGENT, "ets-hub")
        .header(header::ACCEPT, "*/*")
        .header(header::CONNECTION, "close")
        .body(Empty::new())
        .map_err(|error| Reason::Other { error: error.to_string() })
}

async fn judge(target: &Target, answer: http::Response<Incoming>) -> Result<(), Reason> {
    let code = answer.status().as_u16();
    if !target.check.status.has(code) {
        return Err(Reason::Status { code });
    }
    match target.check.text.as_bytes() {
        [] => Ok(()),
        wanted => look_for(wanted, answer.into_body()).await,
    }
}

async fn look_for(wanted: &[u8], mut body: Incoming) -> Result<(), Reason> {
    let mut seen = Vec::new();
    while seen.len() < BODY {
        let Some(frame) = body.frame().await else { break };
        let Ok(data) = frame.map_err(reason)?.into_data() else { continue };
        let from = seen.len().saturating_sub(wanted.len());
        seen.extend_from_slice(&data[..data.len().min(BODY - seen.len())]);
        if seen[from..].windows(wanted.len()).any(|part| part == wanted) {
            return Ok(());
        }
    }
    Err(Reason::NoText)
}

fn reason(error: hyper::Error) -> Reason {
    if error.is_parse() {
        return Reason::NotHttp;
    }
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        return Reason::BrokenOff;
    }
    let io = error.source().and_then(|cause| cause.downcast_ref::<std::io::Error>());
    match io {
        Some(io) => Reason::from(std::io::Error::from(io.kind())),
        None => Reason::Other { error: error.to_string() },
    }
}
