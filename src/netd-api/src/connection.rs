//! One connection: frames in and out over a Unix stream, and descriptors beside them.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::codec::{self, HEAD};
use crate::{Error, FRAME_LIMIT, Peer, descriptor};

/// Room kept in the read buffer; a larger one, needed once, is given back.
const BUFFER: usize = 64 << 10;

/// A connection that speaks in frames. [`receive`](Self::receive) may be cancelled at any await
/// without loss; [`send`](Self::send) may not.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    buffer: Vec<u8>,
    taken: usize,
    descriptors: Vec<OwnedFd>,
}

impl Connection {
    /// Wraps a connected stream.
    pub fn new(stream: UnixStream) -> Self {
        Self { stream, buffer: Vec::new(), taken: 0, descriptors: Vec::new() }
    }

    /// Who is at the other end, by `SO_PEERCRED`.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn peer(&self) -> Result<Peer, Error> {
        Peer::of(&self.stream)
    }

    /// Sends one message.
    ///
    /// # Errors
    /// When it is too long or the connection broke.
    pub async fn send<T: Serialize>(&mut self, message: &T) -> Result<(), Error> {
        let bytes = codec::frame(message)?;
        self.send_framed(&bytes).await
    }

    /// Sends bytes that are already one or more whole frames.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn send_framed(&mut self, frames: &[u8]) -> Result<(), Error> {
        Ok(self.stream.write_all(frames).await?)
    }

    /// Sends one message and `descriptor` with it.
    ///
    /// # Errors
    /// When it is too long or the connection broke.
    pub async fn send_with<T: Serialize>(
        &mut self,
        message: &T,
        descriptor: BorrowedFd<'_>,
    ) -> Result<(), Error> {
        let bytes = codec::frame(message)?;
        let sent = descriptor::send(&self.stream, &bytes, descriptor).await?;
        self.send_framed(&bytes[sent..]).await
    }

    /// The next message; `None` when the other side closed between two messages. `expected`
    /// names it in errors.
    ///
    /// # Errors
    /// When it is too long, cannot be decoded, is cut off, or the connection broke.
    pub async fn receive<T: DeserializeOwned>(
        &mut self,
        expected: &'static str,
    ) -> Result<Option<T>, Error> {
        match self.receive_body(FRAME_LIMIT).await? {
            Some(body) => codec::decode(body, expected).map(Some),
            None => Ok(None),
        }
    }

    /// The body of the next frame of at most `limit` bytes.
    pub(crate) async fn receive_body(&mut self, limit: usize) -> Result<Option<&[u8]>, Error> {
        self.drop_taken();
        loop {
            if let Some(length) = codec::stated_length(&self.buffer, limit)? {
                let end = HEAD + length;
                if self.buffer.len() >= end {
                    self.taken = end;
                    return Ok(Some(&self.buffer[HEAD..end]));
                }
            }
            self.buffer.reserve(BUFFER);
            if self.fill().await? == 0 {
                return if self.buffer.is_empty() { Ok(None) } else { Err(Error::Closed) };
            }
        }
    }

    /// Like [`receive`](Self::receive), but also keeps descriptors that come along, for
    /// [`take_descriptor`](Self::take_descriptor).
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub async fn receive_with<T: DeserializeOwned>(
        &mut self,
        expected: &'static str,
    ) -> Result<Option<T>, Error> {
        self.drop_taken();
        loop {
            let length = codec::stated_length(&self.buffer, FRAME_LIMIT)?;
            if let Some(end) =
                length.map(|length| HEAD + length).filter(|end| self.buffer.len() >= *end)
            {
                self.taken = end;
                return codec::decode(&self.buffer[HEAD..end], expected).map(Some);
            }
            let read =
                descriptor::receive(&self.stream, &mut self.buffer, &mut self.descriptors).await?;
            if read == 0 {
                return if self.buffer.is_empty() { Ok(None) } else { Err(Error::Closed) };
            }
        }
    }

    /// The oldest descriptor that came and was not taken yet.
    pub fn take_descriptor(&mut self) -> Option<OwnedFd> {
        if self.descriptors.is_empty() { None } else { Some(self.descriptors.remove(0)) }
    }

    /// Waits until the other side closes or sends something: neither belongs after a request.
    pub async fn closed(&mut self) {
        self.drop_taken();
        self.buffer.reserve(BUFFER.min(64));
        // Any outcome, an error included, means that the other side is done.
        let _ = self.fill().await;
    }

    async fn fill(&mut self) -> Result<usize, Error> {
        Ok(self.stream.read_buf(&mut self.buffer).await?)
    }

    fn drop_taken(&mut self) {
        if self.taken > 0 {
            self.buffer.drain(..self.taken);
            self.taken = 0;
            if self.buffer.is_empty() && self.buffer.capacity() > 4 * BUFFER {
                self.buffer = Vec::new();
            }
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
