//! CONNECT (RFC 9113, section 8.5): the stream is the tunnel.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Request, Response, StatusCode, header};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::super::asker::Asker;
use super::super::refused;
use super::body::tell;
use super::other;
use crate::gateway::{Gateway, Refusal, Resolve};
use crate::relay::{End, Near};
use crate::target::Target;

/// What is asked for at once of the room that the client gives.
const PART: usize = 16 << 10;

/// Serves one tunnel to its end.
pub(super) async fn serve<R: Resolve>(
    gateway: &Gateway<R>,
    asker: &Asker,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
) -> Result<(), h2::Error> {
    let none = HeaderMap::new();
    let Some(target) = target(&request) else {
        return tell(&mut respond, refused::bare(&none, StatusCode::BAD_REQUEST)).await;
    };
    let reached = match gateway.places().take(asker.address) {
        None => Err(Refusal::Full),
        Some(place) => {
            let reached = gateway.reach(asker.address, asker.person(), &target).await;
            reached.map(|reached| (reached, place))
        }
    };
    let (reached, _place) = match reached {
        Ok(reached) => reached,
        Err(refusal) => {
            return tell(&mut respond, refused::answer(&none, (&refusal, &target), None)).await;
        }
    };
    let sends = respond.send_response(Response::new(()), false)?;
    let mut stream = Stream { sends, says: request.into_body(), part: Bytes::new() };
    let end = gateway.relay_near(&mut stream, &reached).await;
    stream.sends.send_reset(match end {
        End::Done | End::Left => return Ok(()),
        End::Broken => Reason::CONNECT_ERROR,
        End::Idle | End::Cut => Reason::CANCEL,
    });
    Ok(())
}

/// Whereto. A length would be one of a body, and a tunnel has none.
fn target(request: &Request<RecvStream>) -> Option<Target> {
    let headers = request.headers();
    let authority = request.uri().authority()?.as_str();
    let mut hosts = headers.get_all(header::HOST).iter();
    let agrees = hosts.all(|host| host == authority);
    let is_bare = !headers.contains_key(header::CONTENT_LENGTH);
    Target::read(authority).filter(|_| agrees && is_bare)
}

/// A stream as octets both ways.
struct Stream {
    sends: SendStream<Bytes>,
    says: RecvStream,
    /// What was not read yet of the last frame.
    part: Bytes,
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.part.is_empty() {
            match ready!(self.says.poll_data(context)) {
                None => return Poll::Ready(Ok(())),
                Some(part) => self.part = part.map_err(other)?,
            }
        }
        let length = self.part.len().min(into.remaining());
        into.put_slice(&self.part[..length]);
        self.part.advance(length);
        // The client may send as much again.
        Poll::Ready(self.says.flow_control().release_capacity(length).map_err(other))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wanted = octets.len().min(PART);
        self.sends.reserve_capacity(wanted);
        while self.sends.capacity() == 0 {
            match ready!(self.sends.poll_capacity(context)) {
                None => return Poll::Ready(Err(ErrorKind::ConnectionReset.into())),
                Some(room) => drop(room.map_err(other)?),
            }
        }
        let length = self.sends.capacity().min(wanted);
        let part = Bytes::copy_from_slice(&octets[..length]);
        self.sends.send_data(part, false).map_err(other)?;
        Poll::Ready(Ok(length))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.sends.send_data(Bytes::new(), true).map_err(other))
    }
}

impl Near for Stream {
    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.sends.poll_reset(context).map(drop)
    }
}
