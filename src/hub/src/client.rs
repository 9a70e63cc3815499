//! Commands speak to the running hub as the pages' API does: HTTP, over its Unix socket.

use std::path::{Path, PathBuf};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;

use crate::exit::Failure;

/// A connection's worth of questions to the running hub.
pub(crate) struct Client {
    socket: PathBuf,
}

/// What the hub answered, read whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Client {
    /// Speaks to the hub at `socket`.
    pub(crate) fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned() }
    }

    /// GET, as JSON.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send(Method::GET, path, "application/json", Bytes::new()).await?.json()
    }

    /// GET, as it comes.
    pub(crate) async fn get_bytes(&self, path: &str) -> Result<Bytes, Failure> {
        self.send(Method::GET, path, "*/*", Bytes::new()).await?.ok()
    }

    /// POST or PUT of JSON, answered in JSON.
    pub(crate) async fn change(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, Failure> {
        let body = Bytes::from(body.to_string());
        self.send(method, path, "application/json", body).await?.json()
    }

    /// POST of a CSV file, answered in JSON whatever the status says.
    pub(crate) async fn post_csv(&self, path: &str, csv: Vec<u8>) -> Result<Answer, Failure> {
        self.send_as(Method::POST, path, "text/csv", Bytes::from(csv)).await
    }

    /// The answer as a stream of bytes, handed to `each` as they come, until it wants no more.
    pub(crate) async fn stream(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        mut each: impl FnMut(&[u8]) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let request = request(method, path, "text/event-stream", "application/json")
            .body(Full::new(Bytes::from(body.to_string())))
            .map_err(|error| Failure::internal(&error))?;
        let response = self.exchange(request).await?;
        if !response.status().is_success() {
            return read(response).await?.ok().map(drop);
        }
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| Failure::internal(&error))?;
            if let Some(data) = frame.data_ref()
                && !each(data)?
            {
                break;
            }
        }
        Ok(())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        accept: &str,
        body: Bytes,
    ) -> Result<Answer, Failure> {
        let request = request(method, path, accept, "application/json")
            .body(Full::new(body))
            .map_err(|error| Failure::internal(&error))?;
        read(self.exchange(request).await?).await
    }

    async fn send_as(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: Bytes,
    ) -> Result<Answer, Failure> {
        let request = request(method, path, "application/json", kind)
            .body(Full::new(body))
            .map_err(|error| Failure::internal(&error))?;
        read(self.exchange(request).await?).await
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Failure> {
        let stream = UnixStream::connect(&self.socket).await.map_err(|error| {
            Failure::Missing(format!(
                "the hub does not answer at {} ({error}): is it running, and may this user speak to it?",
                self.socket.display()
            ))
        })?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| Failure::internal(&error))?;
        tokio::spawn(connection);
        sender.send_request(request).await.map_err(|error| Failure::internal(&error))
    }
}

impl Answer {
    /// The body, when the hub agreed.
    pub(crate) fn ok(self) -> Result<Bytes, Failure> {
        if self.status.is_success() { Ok(self.body) } else { Err(self.refusal()) }
    }

    /// The body as JSON, when the hub agreed; null for an empty one.
    pub(crate) fn json(self) -> Result<Value, Failure> {
        let body = self.ok()?;
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(|error| Failure::internal(&error))
    }

    /// The problem document (RFC 9457) as a sentence.
    fn refusal(&self) -> Failure {
        let problem: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let text = |key: &str| problem.get(key).and_then(Value::as_str).map(str::to_owned);
        let mut said = match (text("title"), text("detail")) {
            (Some(title), Some(detail)) => format!("{title}: {detail}"),
            (Some(said), None) | (None, Some(said)) => said,
            (None, None) => format!("the hub answered {}", self.status),
        };
        for fault in problem["faults"].as_array().into_iter().flatten() {
            let word = |key: &str| fault[key].as_str().unwrap_or_default();
            said.push_str(&format!("\n  {}; {}", word("message"), word("remedy")));
        }
        if self.status.is_server_error() { Failure::Bug(said) } else { Failure::Refused(said) }
    }
}

fn request(method: Method, path: &str, accept: &str, kind: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "hub")
        .header("accept", accept)
        .header("content-type", kind)
}

async fn read(response: Response<Incoming>) -> Result<Answer, Failure> {
    let status = response.status();
    let body = response.into_body().collect().await.map_err(|error| Failure::internal(&error))?;
    Ok(Answer { status, body: body.to_bytes() })
}
