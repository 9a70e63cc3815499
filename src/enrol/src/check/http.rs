//! http-01 (RFC 8555, section 8.3): a file under `/.well-known/acme-challenge/`.

use ::http::{Request, StatusCode, Uri, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;

use super::{Proof, address};
use crate::Config;
use crate::identifier::{Identifier, shown};
use crate::problem::{Kind, Problem};

/// The most of a body that is read. A key authorization has 87 characters.
const MOST: usize = 4 * 1024;
/// So often the server may send on.
const HOPS: usize = 3;

/// Fetches the file and compares it.
pub(super) async fn look(config: &Config, proof: &Proof) -> Result<(), Problem> {
    let mut path = format!("/.well-known/acme-challenge/{}", proof.token);
    for _ in 0..=HOPS {
        let (answer, _connection) = fetch(config, &proof.name, &path).await?;
        if answer.status().is_redirection() {
            path = next(config, &proof.name, &answer)?;
            continue;
        }
        if answer.status() != StatusCode::OK {
            let code = answer.status().as_u16();
            let detail = format!("{} answers {code} for {}", proof.name.value(), shown(&path));
            return Err(Problem::new(Kind::Unauthorized, detail));
        }
        let body = Limited::new(answer.into_body(), MOST).collect().await;
        let body = body.map_err(|_| {
            Problem::new(
                Kind::IncorrectResponse,
                format!("the file is broken or over {MOST} octets"),
            )
        })?;
        return compare(&body.to_bytes(), proof);
    }
    Err(Problem::new(Kind::Connection, format!("more than {HOPS} redirections")))
}

/// Space behind the text says nothing.
fn compare(body: &[u8], proof: &Proof) -> Result<(), Problem> {
    if body.trim_ascii_end() == proof.key_authorization().as_bytes() {
        return Ok(());
    }
    let start = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
    let detail = format!("the file holds something else: \"{}\"", shown(&start));
    Err(Problem::new(Kind::Unauthorized, detail))
}

/// The connection is driven beside, for as long as the answer is wanted.
async fn fetch(
    config: &Config,
    name: &Identifier,
    path: &str,
) -> Result<(::http::Response<Incoming>, JoinSet<Result<(), hyper::Error>>), Problem> {
    let failed =
        || Problem::new(Kind::Connection, format!("{} does not speak HTTP there", name.value()));
    let stream = address::connect(config, name, config.http_port).await?;
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_headers(64)
        .max_buf_size(16 * 1024)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| failed())?;
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let request = Request::get(path)
        .header(header::HOST, authority(config, name))
        .header(header::USER_AGENT, "ETS Hub (ACME validation)")
        .header(header::ACCEPT, "*/*")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|_| failed())?;
    let answer = sender.send_request(request).await.map_err(|_| failed())?;
    Ok((answer, driver))
}

/// A name with its port, where that is not the usual one.
fn authority(config: &Config, name: &Identifier) -> String {
    let host = match name {
        Identifier::Ip(std::net::IpAddr::V6(address)) => format!("[{address}]"),
        other => other.value(),
    };
    match config.http_port {
        80 => host,
        port => format!("{host}:{port}"),
    }
}

/// Where the server sends on, if that is the same server: another could be anything that the hub
/// can reach.
fn next<B>(
    config: &Config,
    name: &Identifier,
    answer: &::http::Response<B>,
) -> Result<String, Problem> {
    let detail = format!("{} sends on to another server: serve the file there", name.value());
    let elsewhere = || Problem::new(Kind::Unauthorized, detail.clone());
    let location = answer.headers().get(header::LOCATION).and_then(|at| at.to_str().ok());
    let to: Uri = location.and_then(|at| at.parse().ok()).ok_or_else(elsewhere)?;
    let is_here = match (to.scheme_str(), to.authority()) {
        // `//other/x` is another server too (RFC 3986, section 4.2).
        (None, None) => to.path().starts_with('/') && !to.path().starts_with("//"),
        (Some("http"), Some(at)) => {
            at.as_str().eq_ignore_ascii_case(&authority(config, name))
                || (config.http_port == 80
                    && at.as_str().eq_ignore_ascii_case(&format!("{}:80", name.value())))
        }
        _ => false,
    };
    let path = to.path_and_query().map(ToString::to_string);
    path.filter(|_| is_here).ok_or_else(elsewhere)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T1.2, T-8
    #[test]
    fn a_redirection_is_followed_to_the_same_server_only() {
        let config = Config::new("https://hub", "");
        let name = Identifier::Dns("mail.example".to_owned());
        let to = |at: &str| {
            let answer = ::http::Response::builder().header("Location", at).body(()).unwrap();
            next(&config, &name, &answer)
        };
        for (at, path) in [
            ("/a/b?c", "/a/b?c"),
            ("http://Mail.example/x", "/x"),
            ("http://mail.example:80/x", "/x"),
        ] {
            assert_eq!(to(at).unwrap(), path);
        }
        for at in [
            "http://other.example/x",
            "http://mail.example:8080/x",
            "https://mail.example/x",
            "http://mail.example@other.example/",
            "//other.example/x",
            "file:///etc/passwd",
            "",
        ] {
            assert!(to(at).is_err(), "{at}");
        }
    }
}
