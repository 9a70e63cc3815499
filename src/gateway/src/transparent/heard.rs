//! The name that a client gives in the open with its first octets: in TLS (RFC 6066, section 3) or in
//! HTTP. They are looked at where they lie, and stay there for the far host.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout_at};

use crate::target::Host;

/// How long the first octets may take. With some protocols it is the far host that speaks first.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// Nobody says his name later than here: a TLS record, or the longest head of HTTP.
const MOST: usize = 16 << 10;
/// How often it is looked whether more has come.
const PAUSE: Duration = Duration::from_millis(10);
const MOST_HEADERS: usize = 64;

/// What was heard so far.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    /// It may come yet.
    Partial,
    /// It will not.
    Nothing,
    Name(Box<str>),
}

/// The name; none where none is given in time.
pub(super) async fn name(client: &TcpStream) -> Option<Box<str>> {
    let until = Instant::now() + PATIENCE;
    let mut buffer = vec![0; MOST];
    loop {
        let length = timeout_at(until, client.peek(&mut buffer)).await.ok()?.ok()?;
        match heard(&buffer[..length]) {
            Heard::Name(name) => return Some(name),
            Heard::Partial if (1..MOST).contains(&length) => {}
            _ => return None,
        }
        if Instant::now() >= until {
            return None;
        }
        // What lies there makes the socket readable: more of it wakes nobody.
        sleep(PAUSE).await;
    }
}

fn heard(octets: &[u8]) -> Heard {
    match octets.first() {
        None => Heard::Partial,
        // A handshake (RFC 8446, section 5.1).
        Some(22) => in_tls(octets),
        Some(first) if first.is_ascii_uppercase() => in_http(octets),
        Some(_) => Heard::Nothing,
    }
}

fn named(text: &[u8]) -> Heard {
    let host = std::str::from_utf8(text).ok().and_then(Host::read);
    match host {
        Some(Host::Name(name)) => Heard::Name(name),
        _ => Heard::Nothing,
    }
}

fn in_http(octets: &[u8]) -> Heard {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(octets) {
        Ok(httparse::Status::Partial) => Heard::Partial,
        Ok(httparse::Status::Complete(_)) => {
            let mut hosts = request.headers.iter();
            let host = hosts.find(|header| header.name.eq_ignore_ascii_case("host"));
            let host = host.map_or(&[][..], |header| header.value);
            let name = host.split(|octet| *octet == b':').next().unwrap_or_default();
            named(name)
        }
        Err(_) => Heard::Nothing,
    }
}

/// The client's hello, which may lie in several records.
fn in_tls(octets: &[u8]) -> Heard {
    let mut hello = Vec::new();
    let mut rest = octets;
    while let [22, 3, _, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        hello.extend_from_slice(&after[..length.min(after.len())]);
        rest = after.get(length..).unwrap_or_default();
    }
    let [1, a, b, c, body @ ..] = &hello[..] else {
        return if hello.len() < 4 { Heard::Partial } else { Heard::Nothing };
    };
    let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
    match body.get(..length) {
        None => Heard::Partial,
        Some(body) => server_name(body).map_or(Heard::Nothing, named),
    }
}

/// The first name of a client's hello (RFC 8446, section 4.1.2).
fn server_name(body: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader(body);
    reader.take(2 + 32)?;
    reader.vector(1)?;
    reader.vector(2)?;
    reader.vector(1)?;
    let mut extensions = Reader(reader.vector(2)?);
    while !extensions.0.is_empty() {
        let kind = extensions.take(2)?;
        let mut value = Reader(extensions.vector(2)?);
        if kind == [0, 0] {
            let mut names = Reader(value.vector(2)?);
            let is_host = names.take(1)? == [0];
            return names.vector(2).filter(|_| is_host);
        }
    }
    None
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// Octets behind their length, which takes so many octets itself.
    fn vector(&mut self, width: usize) -> Option<&'a [u8]> {
        let length = self.take(width)?.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet));
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hello as OpenSSL's `s_client -servername web.example` begins it, with two extensions.
    fn hello(name: &str) -> Vec<u8> {
        let long = |value: usize| u16::try_from(value).unwrap().to_be_bytes().to_vec();
        let vector = |body: &[u8]| [long(body.len()), body.to_vec()].concat();
        let names = vector(&[&[0][..], &vector(name.as_bytes())].concat());
        let extensions =
            [&[0, 23][..], &vector(&[]), &[0, 0], &vector(&names), &[0, 43], &vector(&[2, 3, 4])];
        let body = [
            &[3, 3][..],
            &[7; 32],
            &[0],
            &vector(&[0x13, 1]),
            &[1, 0],
            &vector(&extensions.concat()),
        ];
        let body = body.concat();
        let message = [&[1, 0][..], &long(body.len()), &body].concat();
        [&[22, 3, 1][..], &vector(&message)].concat()
    }

    /// covers: N6.1
    #[test]
    fn a_name_is_heard_in_tls_and_http_and_in_nothing_else() {
        let name = || Heard::Name("web.example".into());
        let tls = hello("web.example");
        assert_eq!(heard(&tls), name());
        for end in 0..tls.len() {
            assert_eq!(heard(&tls[..end]), Heard::Partial, "{end} octets");
        }
        // The same in two records.
        let (one, two) = tls[5..].split_at(20);
        let record = |part: &[u8]| [&[22, 3, 1, 0, part.len() as u8][..], part].concat();
        assert_eq!(heard(&[record(one), record(two)].concat()), name());

        let http = b"GET / HTTP/1.1\r\nAccept: */*\r\nHOST: Web.Example:80\r\n\r\n";
        assert_eq!(heard(http), name());
        assert_eq!(heard(&http[..30]), Heard::Partial);
        for silent in [
            &b"SSH-2.0-client\r\n"[..],
            b"GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"\x00\x01",
            &hello("10.0.0.1"),
            &hello("a b"),
        ] {
            assert_eq!(heard(silent), Heard::Nothing, "{silent:?}");
        }
    }
}
