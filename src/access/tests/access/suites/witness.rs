//! A service that takes no request for granted: it reads by its own strict rules (RFC 9112), writes
//! down what it heard, and answers 204.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as the service heard it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) line: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// From which address the proxy says that it came.
    pub(super) from: String,
}

impl Request {
    /// All values of a header.
    pub(super) fn all<'a>(&'a self, name: &str) -> Vec<&'a str> {
        let of = self.headers.iter().filter(|(one, _)| one == name);
        of.map(|(_, value)| value.as_str()).collect()
    }
}

/// Requests, or what was wrong with them.
type Heard = Arc<Mutex<Vec<Result<Request, String>>>>;

pub(super) struct Witness {
    pub(super) address: SocketAddr,
    heard: Heard,
}

impl Witness {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, heard) = (listener.local_addr().unwrap(), Heard::default());
        let told = Arc::clone(&heard);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(listen(stream, Arc::clone(&told)));
            }
        });
        Self { address, heard }
    }

    /// What was heard since the last time; all of it must have been clear.
    pub(super) fn take(&self) -> Vec<Request> {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap());
        heard.into_iter().map(|one| one.expect("the proxy passes on clear requests only")).collect()
    }
}

async fn listen(mut stream: TcpStream, heard: Heard) {
    let (mut unread, mut part) = (Vec::new(), [0; 16 << 10]);
    while let Ok(length @ 1..) = stream.read(&mut part).await {
        unread.extend(&part[..length]);
        loop {
            match next(&mut unread) {
                Ok(None) => break,
                Ok(Some(request)) => {
                    heard.lock().unwrap().push(Ok(request));
                    if stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.is_err() {
                        return;
                    }
                }
                Err(why) => {
                    let read = String::from_utf8_lossy(&unread);
                    heard.lock().unwrap().push(Err(format!("{why}: {read}")));
                    return;
                }
            }
        }
    }
}

/// Takes one request off what was read, once it is there as a whole.
fn next(unread: &mut Vec<u8>) -> Result<Option<Request>, &'static str> {
    let Some(end) = find(unread, b"\r\n\r\n") else { return Ok(None) };
    let (line, headers) = head(&unread[..end])?;
    let mut request = Request { line, headers, body: Vec::new(), from: String::new() };
    let from = request.all("x-forwarded-for");
    let [from] = from[..] else { return Err("it came from not exactly one address") };
    let from = from.to_owned();
    request.from = from;
    let Some((length, body)) = body(&request, &unread[end + 4..])? else { return Ok(None) };
    request.body = body;
    unread.drain(..end + 4 + length);
    Ok(Some(request))
}

type Head = (String, Vec<(String, String)>);

fn head(head: &[u8]) -> Result<Head, &'static str> {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap_or_default();
    let words: Vec<_> = line.split(' ').collect();
    let [method, target, "HTTP/1.1"] = words[..] else { return Err("no request line") };
    if method.is_empty() || !method.bytes().all(is_token) {
        return Err("no method");
    }
    if !target.starts_with('/') && target != "*" || target.contains(char::is_control) {
        return Err("no target");
    }
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':').ok_or("no header")?;
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err("no name of a header");
        }
        if value.contains(|letter: char| letter.is_control() && letter != '\t') {
            return Err("no value of a header");
        }
        Ok((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Ok((line.to_owned(), headers.collect::<Result<_, _>>()?))
}

/// How long the body is as it was sent, and the body.
fn body(request: &Request, rest: &[u8]) -> Result<Option<(usize, Vec<u8>)>, &'static str> {
    match (&request.all("content-length")[..], &request.all("transfer-encoding")[..]) {
        ([], []) => Ok(Some((0, Vec::new()))),
        ([length], []) => {
            if !length.bytes().all(|digit| digit.is_ascii_digit()) {
                return Err("no length");
            }
            let length: usize = length.parse().map_err(|_| "no length")?;
            Ok(rest.get(..length).map(|body| (length, body.to_vec())))
        }
        ([], ["chunked"]) => chunks(rest),
        _ => Err("two lengths"),
    }
}

fn chunks(rest: &[u8]) -> Result<Option<(usize, Vec<u8>)>, &'static str> {
    let (mut at, mut body) = (0, Vec::new());
    while let Some(line) = find(&rest[at..], b"\r\n") {
        let size = std::str::from_utf8(&rest[at..at + line]).map_err(|_| "no size")?;
        if !size.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err("no size of a chunk");
        }
        let size = usize::from_str_radix(size, 16).map_err(|_| "no size of a chunk")?;
        at += line + 2;
        if size == 0 {
            return trailers(&rest[at..]).map(|length| length.map(|length| (at + length, body)));
        }
        let Some(chunk) = rest.get(at..at + size + 2) else { return Ok(None) };
        if !chunk.ends_with(b"\r\n") {
            return Err("a chunk without an end");
        }
        body.extend(&chunk[..size]);
        at += size + 2;
    }
    Ok(None)
}

/// What no trailer may be called, or begin with (RFC 9110, section 6.5.1).
const FORBIDDEN: [&str; 8] = [
    "authorization",
    "client-cert",
    "content-",
    "cookie",
    "expect",
    "host",
    "transfer-encoding",
    "x-ets-",
];

/// How long the trailers are.
fn trailers(rest: &[u8]) -> Result<Option<usize>, &'static str> {
    if rest.starts_with(b"\r\n") {
        return Ok(Some(2));
    }
    let Some(end) = find(rest, b"\r\n\r\n") else { return Ok(None) };
    let text = String::from_utf8_lossy(&rest[..end]).to_lowercase();
    let names = text.split("\r\n").filter_map(|line| line.split(':').next());
    if names.into_iter().any(|name| FORBIDDEN.iter().any(|one| name.starts_with(one))) {
        return Err("a trailer that belongs into the head");
    }
    Ok(Some(end + 4))
}

pub(super) fn find(all: &[u8], one: &[u8]) -> Option<usize> {
    all.windows(one.len()).position(|part| part == one)
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
