//! The head with which a connection begins, as it stands on the wire: what it is to become is said by
//! it, and what two programs could read in two ways is refused here (RFC 9112, section 11.2).

use std::io;

use http::StatusCode;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, timeout_at};

use super::{LONGEST_HEAD, PATIENCE};
use crate::target::Target;

/// How HTTP/2 begins without TLS (RFC 9113, section 3.4), as a request of HTTP/1 that is none.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\n";
/// As many as hyper takes.
const MOST_HEADERS: usize = 100;

/// What a connection begins with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// Nothing more.
    Gone,
    /// HTTP/2.
    Second,
    /// A request in absolute form, or one that is none to a proxy.
    Request,
    /// Whereto, and how long the head is.
    Tunnel(Target, usize),
    /// What is refused, and how.
    Wrong(StatusCode),
}

/// Reads it to its end; what was read stays.
pub(super) async fn read(
    client: &mut (impl AsyncRead + Unpin),
    read: &mut Vec<u8>,
) -> io::Result<Head> {
    let until = Instant::now() + PATIENCE;
    let mut looked = 0;
    loop {
        // Looked at when it may be whole, and once before that for what is no HTTP at all.
        let is_due = (looked == 0 && !read.is_empty()) || may_end(&read[looked..]);
        if is_due && let Some(head) = judge(read) {
            return Ok(head);
        }
        if read.len() >= LONGEST_HEAD {
            return Ok(Head::Wrong(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
        }
        looked = read.len().saturating_sub(2);
        if timeout_at(until, client.read_buf(read)).await?? == 0 {
            return Ok(Head::Gone);
        }
    }
}

/// Whether an empty line is in it.
fn may_end(octets: &[u8]) -> bool {
    octets.windows(2).any(|two| two == b"\n\n") || octets.windows(3).any(|three| three == b"\n\r\n")
}

/// None where it is not whole.
fn judge(read: &[u8]) -> Option<Head> {
    if read.starts_with(PREFACE) {
        return Some(Head::Second);
    }
    if PREFACE.starts_with(read) {
        return None;
    }
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let length = match request.parse(read) {
        Ok(httparse::Status::Partial) => return None,
        Ok(httparse::Status::Complete(length)) => length,
        Err(httparse::Error::TooManyHeaders) => {
            return Some(Head::Wrong(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
        }
        Err(_) => return Some(Head::Wrong(StatusCode::BAD_REQUEST)),
    };
    let wrong = Head::Wrong(StatusCode::BAD_REQUEST);
    let headers = Headers(request.headers);
    if headers.is_ambiguous() {
        return Some(wrong);
    }
    if request.method != Some("CONNECT") {
        return Some(Head::Request);
    }
    Some(match request.path.and_then(Target::read) {
        // A tunnel has no body that could be mistaken for its first octets.
        Some(target) if !headers.announce_body() => Head::Tunnel(target, length),
        _ => wrong,
    })
}

struct Headers<'a>(&'a [httparse::Header<'a>]);

impl Headers<'_> {
    fn count(&self, name: &str) -> usize {
        self.0.iter().filter(|header| header.name.eq_ignore_ascii_case(name)).count()
    }

    /// Two hosts (RFC 9112, section 3.2), or two lengths of one body (section 6.3).
    fn is_ambiguous(&self) -> bool {
        let (lengths, encodings) = (self.count("content-length"), self.count("transfer-encoding"));
        self.count("host") > 1 || lengths > 1 || encodings > 1 || lengths + encodings > 1
    }

    fn announce_body(&self) -> bool {
        self.0.iter().any(|header| {
            header.name.eq_ignore_ascii_case("transfer-encoding")
                || header.name.eq_ignore_ascii_case("content-length") && header.value != b"0"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: G6 (header splitting)
    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        let get = "GET http://web.test/ HTTP/1.1\r\n";
        let wrong = Some(Head::Wrong(StatusCode::BAD_REQUEST));
        for lines in [
            "Host: a.test\r\nHost: b.test\r\n",
            "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
            "Content-Length: 1\r\nContent-Length: 1\r\n",
            "X: a\r\n b\r\n",
            "X: a\rY: b\r\n",
            "X : a\r\n",
            "X\0: a\r\n",
        ] {
            assert_eq!(judge(format!("{get}{lines}\r\n").as_bytes()), wrong, "{lines:?}");
        }
        assert_eq!(judge(format!("{get}Host: web.test\r\n\r\n").as_bytes()), Some(Head::Request));
        assert_eq!(judge(get.as_bytes()), None);
    }

    /// covers: N6.1
    #[test]
    fn a_preface_is_known_once_it_is_whole() {
        assert_eq!(judge(&PREFACE[..7]), None);
        assert_eq!(judge(PREFACE), Some(Head::Second));
        assert_eq!(judge(b"PRI / HTTP/1.1\r\n\r\n"), Some(Head::Request));
    }
}
