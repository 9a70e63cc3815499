//! Requests in absolute form: their bodies, and those of the answers.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{Request, Response, StatusCode, Version, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, SizeHint};

use super::super::asker::Asker;
use super::super::{plain, refused};
use crate::gateway::{Gateway, Refusal, Resolve};

/// Serves one request to its end.
pub(super) async fn serve<R: Resolve>(
    gateway: &Gateway<R>,
    asker: &Asker,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
) -> Result<(), h2::Error> {
    let Some(_place) = gateway.places().take(asker.address) else {
        let headers = request.headers();
        let answer = match plain::target(request.uri()) {
            Some(target) => refused::answer(headers, (&Refusal::Full, &target), None),
            None => refused::bare(headers, StatusCode::SERVICE_UNAVAILABLE),
        };
        return tell(&mut respond, answer).await;
    };
    let answered = {
        let answer = plain::answer(gateway, asker, request.map(Sent));
        tokio::select! {
            answer = answer => answer,
            // Nobody waits for it any more.
            reset = poll_fn(|context| respond.poll_reset(context)) => return reset.map(drop),
        }
    };
    pass(&mut respond, answered).await
}

/// An answer of our own.
pub(super) async fn tell(
    respond: &mut SendResponse<Bytes>,
    answer: Response<Bytes>,
) -> Result<(), h2::Error> {
    pass(respond, answer.map(Full::new)).await
}

async fn pass<B>(respond: &mut SendResponse<Bytes>, answer: Response<B>) -> Result<(), h2::Error>
where
    B: Body<Data = Bytes> + Unpin,
{
    let (mut head, mut body) = answer.into_parts();
    head.version = Version::HTTP_2;
    // What HTTP/2 says otherwise (RFC 9113, section 8.2.2).
    head.headers.remove(header::CONNECTION);
    head.headers.remove(header::TRANSFER_ENCODING);
    let is_over = body.is_end_stream();
    let mut sends = respond.send_response(Response::from_parts(head, ()), is_over)?;
    if is_over {
        return Ok(());
    }
    loop {
        let frame = tokio::select! {
            frame = body.frame() => frame,
            reset = poll_fn(|context| sends.poll_reset(context)) => return reset.map(drop),
        };
        match frame.map(|frame| frame.map(Frame::into_data)) {
            None => return sends.send_data(Bytes::new(), true),
            Some(Ok(Ok(data))) => send(&mut sends, data).await?,
            Some(Ok(Err(rest))) => {
                if let Ok(trailers) = rest.into_trailers() {
                    return sends.send_trailers(trailers);
                }
            }
            // What came is not all.
            Some(Err(_)) => {
                sends.send_reset(Reason::INTERNAL_ERROR);
                return Ok(());
            }
        }
    }
}

/// Sends as much at a time as the client has room for.
async fn send(sends: &mut SendStream<Bytes>, mut data: Bytes) -> Result<(), h2::Error> {
    while !data.is_empty() {
        sends.reserve_capacity(data.len());
        if sends.capacity() == 0 {
            match poll_fn(|context| sends.poll_capacity(context)).await {
                None => return Err(Reason::STREAM_CLOSED.into()),
                Some(room) => drop(room?),
            }
        }
        let part = data.split_to(data.len().min(sends.capacity()));
        if !part.is_empty() {
            sends.send_data(part, false)?;
        }
    }
    Ok(())
}

/// The body of a request.
struct Sent(RecvStream);

impl Body for Sent {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        match self.0.poll_data(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => {
                let trailers = self.0.poll_trailers(context);
                trailers.map(|found| found.transpose().map(|one| one.map(Frame::trailers)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error))),
            Poll::Ready(Some(Ok(data))) => {
                let released = self.0.flow_control().release_capacity(data.len());
                Poll::Ready(Some(released.map(|()| Frame::data(data))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
