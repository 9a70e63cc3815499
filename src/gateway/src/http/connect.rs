//! A tunnel: one head, then octets both ways.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use http::{HeaderMap, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::{LONGEST_HEAD, PATIENCE, refused};
use crate::gateway::{Gateway, Resolve};
use crate::target::Target;

const ESTABLISHED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";
const MOST_HEADERS: usize = 64;

/// Serves a connection whose first octets ask for a tunnel.
pub(super) async fn serve<R: Resolve>(
    gateway: &Gateway<R>,
    mut client: TcpStream,
    peer: SocketAddr,
    mut read: Vec<u8>,
) -> io::Result<()> {
    let until = Instant::now() + PATIENCE;
    let asked = loop {
        match parse(&read) {
            Head::Partial if read.len() >= LONGEST_HEAD => {
                break Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
            }
            Head::Partial => {
                if timeout_at(until, client.read_buf(&mut read)).await?? == 0 {
                    return Ok(());
                }
            }
            Head::Target(target, length) => break Ok((target, length)),
            Head::Wrong => break Err(StatusCode::BAD_REQUEST),
        }
    };
    let reached = match asked {
        Err(status) => Err(refused::bare(&HeaderMap::new(), status)),
        Ok((target, length)) => match gateway.reach(peer.ip(), None, &target).await {
            Ok(reached) => Ok((reached, length)),
            // Browsers show nothing of it, and programs log it.
            Err(refusal) => Err(refused::answer(&HeaderMap::new(), (&refusal, &target))),
        },
    };
    let (mut reached, length) = match reached {
        Ok(reached) => reached,
        Err(answer) => {
            client.write_all(&refused::octets(&answer)).await?;
            return client.shutdown().await;
        }
    };
    client.write_all(ESTABLISHED).await?;
    // What the client said without waiting for the answer.
    let early = &read[length..];
    reached.stream.write_all(early).await?;
    reached.meter().up().fetch_add(early.len() as u64, Ordering::Relaxed);
    drop(read);
    gateway.relay(&client, &reached).await;
    Ok(())
}

enum Head {
    Partial,
    Wrong,
    /// Whereto, and how long the head is.
    Target(Target, usize),
}

fn parse(read: &[u8]) -> Head {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(read) {
        Ok(httparse::Status::Partial) => Head::Partial,
        Ok(httparse::Status::Complete(length)) => {
            match request.path.and_then(Target::read) {
                // A tunnel has no body that could be mistaken for its first octets.
                Some(target) if !announces_body(request.headers) => Head::Target(target, length),
                _ => Head::Wrong,
            }
        }
        Err(_) => Head::Wrong,
    }
}

fn announces_body(headers: &[httparse::Header<'_>]) -> bool {
    headers.iter().any(|header| {
        header.name.eq_ignore_ascii_case("transfer-encoding")
            || header.name.eq_ignore_ascii_case("content-length") && header.value != b"0"
    })
}
