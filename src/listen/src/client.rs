//! The other end of a connection, as its handler sees it.

use std::sync::Arc;

use ets_tls::{PeerCertificate, Session};
use http::{Request, Response};
use hyper::body::{Body, Bytes, Incoming};
use tokio_util::sync::CancellationToken;

use crate::pulse::{Hold, Pulse};
use crate::{Local, Peer};

/// One connection: who is at the other end, and how it is ended.
#[derive(Debug)]
pub struct Client {
    /// Its address.
    pub peer: Peer,
    /// The address of ours that it came to; known over plain HTTP.
    pub local: Option<Local>,
    /// The certificate that it proved in the handshake.
    pub certificate: Option<Arc<PeerCertificate>>,
    /// What the handshake said; none over plain HTTP.
    pub session: Option<Session>,
    /// Its number in [`crate::Connections`]; none without a certificate.
    pub number: Option<u64>,
    /// Ends the connection at once, streams that were made of it by an upgrade included. Cancelled
    /// when the certificate opens nothing any more: what was read before is not begun then.
    pub cut: CancellationToken,
    pub(crate) pulse: Arc<Pulse>,
}

impl Client {
    /// Keeps the connection from counting as idle: for streams that go on after their answer.
    pub fn hold(&self) -> Hold {
        Hold::on(&self.pulse)
    }

    /// The stream is a tunnel's from now on: an end of what is written says nothing of what is read,
    /// and nothing is read and forgotten after it.
    pub fn hand_on(&self) {
        self.pulse.upgrade();
    }
}

/// What answers the requests of one connection. It asks [`Client::cut`] before it begins one, and
/// ends with it what it goes on with.
pub trait Handler: Send + 'static {
    /// The body of its answers.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + Unpin
        + 'static;

    /// Answers one request; there is always an answer.
    fn answer(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Self::Body>> + Send + 'static;
}
