//! The hub's API over its Unix socket, spoken by hand so that a question costs a test little.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

/// One hub's API.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    socket: PathBuf,
}

impl Api {
    pub(crate) fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned() }
    }

    /// GET as JSON; `None` while the hub does not answer or does not agree.
    pub(crate) fn try_get(&self, path: &str) -> Option<Value> {
        let (status, body) = self.exchange("GET", path, "").ok()?;
        (status == 200).then(|| serde_json::from_slice(&body).ok()).flatten()
    }

    /// GET as JSON.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Value {
        self.try_get(path).unwrap_or_else(|| panic!("GET {path} was refused"))
    }

    /// Any method with a JSON body: status and answer; `None` while the hub does not answer.
    pub(crate) fn try_send(&self, method: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
        let (status, body) = self.exchange(method, path, &body.to_string()).ok()?;
        Some((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    /// Any method with a JSON body: status and answer.
    #[track_caller]
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.try_send(method, path, body).expect("the hub answers")
    }

    /// One segment.
    #[track_caller]
    pub(crate) fn segment(&self, id: &str) -> Value {
        self.get(&format!("/api/v1/segments/{id}"))
    }

    /// The state of one segment; empty while the hub does not answer.
    pub(crate) fn state(&self, id: &str) -> String {
        let segment = self.try_get(&format!("/api/v1/segments/{id}")).unwrap_or_default();
        segment["state"].as_str().unwrap_or_default().to_owned()
    }

    /// How many segments are in `state`.
    pub(crate) fn count(&self, state: &str) -> usize {
        let all = self.try_get("/api/v1/segments").unwrap_or_default();
        items(&all).iter().filter(|segment| segment["state"] == state).count()
    }

    /// The outages that are open now.
    #[track_caller]
    pub(crate) fn open_outages(&self) -> Vec<Value> {
        let all = self.get("/api/v1/outages?state=open");
        items(&all).iter().filter(|outage| outage["ended"].is_null()).cloned().collect()
    }

    /// Any method with any body: status and body of the answer.
    pub(crate) fn exchange(
        &self,
        method: &str,
        path: &str,
        body: &str,
    ) -> std::io::Result<(u16, Vec<u8>)> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        // In one piece: the hub may answer and close before it has read a body that it does not need.
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: hub\r\nconnection: close\r\naccept: application/json\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(split(&answer))
    }
}

/// The rows of a listing, whether it is a bare list or an object with `items`.
fn items(listing: &Value) -> &[Value] {
    let rows = listing.as_array().or_else(|| listing["items"].as_array());
    rows.map_or(&[], Vec::as_slice)
}

/// Status and body of an HTTP/1.1 answer.
fn split(answer: &[u8]) -> (u16, Vec<u8>) {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(answer.len());
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    let body = answer.get(end + 4..).unwrap_or_default();
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    (status, if chunked { dechunk(body) } else { body.to_vec() })
}

fn dechunk(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|two| two == b"\r\n") {
        let size = String::from_utf8_lossy(&body[..end]);
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else {
            break;
        };
        let Some(chunk) = body.get(end + 2..end + 2 + size) else {
            break;
        };
        whole.extend_from_slice(chunk);
        body = body.get(end + 4 + size..).unwrap_or_default();
        if size == 0 {
            break;
        }
    }
    whole
}
