//! The servers of those who ask: web, DNS, TLS; and openssl.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path as At, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
pub(crate) use ets_ca::testing::openssl;
use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What a web server has under `/.well-known/acme-challenge/`; a text that begins with `to ` sends
/// on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Web(Arc<Mutex<HashMap<String, String>>>);

impl Web {
    /// Starts it; answers its port.
    pub(crate) async fn start() -> (Self, u16) {
        let web = Self::default();
        let router = Router::new()
            .route("/.well-known/acme-challenge/{token}", get(file))
            .with_state(web.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (web, port)
    }

    pub(crate) fn put(&self, token: &str, text: impl Into<String>) {
        self.0.lock().unwrap().insert(token.to_owned(), text.into());
    }
}

async fn file(State(web): State<Web>, At(token): At<String>) -> Response {
    let found = web.0.lock().unwrap().get(&token).cloned();
    match found {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(text) => match text.strip_prefix("to ") {
            Some(at) => (StatusCode::FOUND, [("location", at.to_owned())]).into_response(),
            None => text.into_response(),
        },
    }
}

/// Records of a DNS server: name and type to their data.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dns(Arc<Mutex<Records>>);

type Records = HashMap<(String, u16), Vec<Vec<u8>>>;

pub(crate) const TXT: u16 = 16;
pub(crate) const A: u16 = 1;

impl Dns {
    /// Starts it; with `is_short`, what it has to say does not fit into a datagram.
    pub(crate) async fn start(is_short: bool) -> (Self, SocketAddr) {
        let dns = Self::default();
        let (udp, tcp) = pair().await;
        let address = udp.local_addr().unwrap();
        let own = dns.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok((length, from)) = udp.recv_from(&mut buffer) {
                let mut answer = own.answer(&buffer[..length]);
                if is_short {
                    answer = buffer[..length].to_vec();
                    answer[2] |= 0x82;
                }
                // Somebody who guesses badly comes first.
                let mut forged = answer.clone();
                forged[0] ^= 1;
                udp.send_to(&forged, from).unwrap();
                udp.send_to(&answer, from).unwrap();
            }
        });
        let own = dns.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = tcp.accept().await {
                let mut question = vec![0; usize::from(stream.read_u16().await.unwrap())];
                stream.read_exact(&mut question).await.unwrap();
                let answer = own.answer(&question);
                stream.write_u16(u16::try_from(answer.len()).unwrap()).await.unwrap();
                stream.write_all(&answer).await.unwrap();
            }
        });
        (dns, address)
    }

    pub(crate) fn put(&self, name: &str, kind: u16, data: impl Into<Vec<u8>>) {
        let mut all = self.0.lock().unwrap();
        all.entry((name.to_owned(), kind)).or_default().push(data.into());
    }

    pub(crate) fn put_text(&self, name: &str, text: &str) {
        let length = u8::try_from(text.len()).unwrap();
        self.put(name, TXT, [&[length], text.as_bytes()].concat());
    }

    fn answer(&self, question: &[u8]) -> Vec<u8> {
        let (mut at, mut labels) = (12, Vec::new());
        while question[at] != 0 {
            let end = at + 1 + usize::from(question[at]);
            labels.push(String::from_utf8_lossy(&question[at + 1..end]).into_owned());
            at = end;
        }
        let kind = u16::from_be_bytes([question[at + 1], question[at + 2]]);
        let found = self.0.lock().unwrap().get(&(labels.join("."), kind)).cloned();
        let found = found.unwrap_or_default();
        let mut out = question.to_vec();
        out[2] |= 0x80;
        out[7] = u8::try_from(found.len()).unwrap();
        for data in found {
            out.extend([0xc0, 12]);
            out.extend(kind.to_be_bytes());
            out.extend([0, 1, 0, 0, 0, 9]);
            out.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            out.extend(data);
        }
        out
    }
}

/// A port that is free for both.
async fn pair() -> (UdpSocket, tokio::net::TcpListener) {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = udp.local_addr().unwrap();
        if let Ok(tcp) = tokio::net::TcpListener::bind(address).await {
            return (udp, tcp);
        }
    }
}

/// A port that nobody has.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub(crate) const EC: &str = "EC -pkeyopt ec_paramgen_curve:P-256";

/// A key in `NAME.key`, and a request for it in DER.
pub(crate) fn request(dir: &Path, name: &str, key: &str, subject: &str, more: &[&str]) -> Vec<u8> {
    let (key_file, file) = (format!("{name}.key"), format!("{name}.csr"));
    let key: Vec<&str> = key.split(' ').collect();
    openssl(dir, &[&["genpkey", "-out", &key_file, "-algorithm"], &key[..]].concat());
    request_of(dir, name, subject, more);
    std::fs::read(dir.join(file)).unwrap()
}

/// A request for the key that is there.
pub(crate) fn request_of(dir: &Path, name: &str, subject: &str, more: &[&str]) {
    let (key_file, file) = (format!("{name}.key"), format!("{name}.csr"));
    let base =
        ["req", "-new", "-key", &key_file, "-out", &file, "-outform", "DER", "-subj", subject];
    openssl(dir, &[&base[..], more].concat());
}

/// A server's request for these names.
pub(crate) fn server_request(dir: &Path, name: &str, names: &str) -> Vec<u8> {
    let extension = format!("subjectAltName={names}");
    request(dir, name, EC, "/", &["-addext", &extension])
}
