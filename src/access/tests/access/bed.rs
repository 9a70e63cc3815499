//! A proxy with its certificates, a judge that changes its mind, a service, and clients.

use std::collections::HashSet;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use ets_access::{Access, Config, Decision, Deps, Held, Judge, Route, Scope, build};
use ets_i18n::{Lang, TimeZone};
use ets_listen::Connections;
use ets_model::{Names, PersonId, WallTime};
use ets_runtime::{Clock, Shutdown, ShutdownTrigger};
use ets_tls::testing::{Person, bootstrap_people};
use ets_tls::{Acceptor, CertId, Paths, RevocationSet};
use ets_web::Site;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// From a change to its effect on what is open.
pub(crate) const AT_ONCE: Duration = Duration::from_millis(100);
/// The most that a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A judge whose book can be changed.
#[derive(Debug)]
pub(crate) struct Book {
    taken: Mutex<HashSet<(String, String)>>,
    told: watch::Sender<u64>,
}

impl Book {
    fn new() -> Arc<Self> {
        Arc::new(Self { taken: Mutex::default(), told: watch::Sender::new(0) })
    }

    pub(crate) fn take(&self, person: &str, right: &str) {
        self.take_silently(person, right);
        self.told.send_modify(|epoch| *epoch += 1);
    }

    /// As a grant that ends by the clock.
    pub(crate) fn take_silently(&self, person: &str, right: &str) {
        self.taken.lock().unwrap().insert((person.to_owned(), right.to_owned()));
    }

    pub(crate) fn give_back(&self) {
        self.taken.lock().unwrap().clear();
        self.told.send_modify(|epoch| *epoch += 1);
    }
}

impl Judge for Book {
    fn decide(&self, person: &PersonId, route: &Route, _: WallTime) -> Decision {
        let key = (person.as_str().to_owned(), route.right.clone());
        if self.taken.lock().unwrap().contains(&key) {
            let whom_to_ask = vec!["Сауле Ержанова".to_owned()];
            return Decision::Denied { missing: route.right.clone(), whom_to_ask };
        }
        Decision::Allowed { grant: 1, acting_for: None }
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.told.subscribe()
    }

    fn rights_of(&self, person: &PersonId, _: WallTime) -> Vec<Held> {
        let taken = self.taken.lock().unwrap();
        let stands = |right: &&str| !taken.contains(&(person.as_str().to_owned(), (*right).into()));
        let rights = ["app.use", "pay.use"].iter().filter(|right| stands(right));
        vec![Held {
            grant: 7,
            role: "clerk".to_owned(),
            title: String::new(),
            rights: rights.map(|right| (*right).to_owned()).collect(),
            scope: Scope::read("institution", "archive").unwrap(),
            until: None,
            acting_for: None,
        }]
    }
}

/// Айгүл, as the rights know her.
pub(crate) const AIGUL: &str = "name:Айгүл Омарова, Әкімдік";

pub(crate) struct Bed {
    pub(crate) address: SocketAddr,
    pub(crate) access: Arc<Access>,
    pub(crate) book: Arc<Book>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) revoked: Arc<RevocationSet>,
    pub(crate) paths: Paths,
    pub(crate) dir: tempfile::TempDir,
    _end: ShutdownTrigger,
}

impl Bed {
    /// A proxy with one service at `/` and others as `change` says.
    pub(crate) async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let service = service().await;
        Self::over(vec![service], change)
    }

    pub(crate) fn over(upstreams: Vec<SocketAddr>, change: impl FnOnce(&mut Config)) -> Self {
        Self::with_people(0, upstreams, change)
    }

    /// With so many more people, whose files are `p0`, `p1`, and so on.
    pub(crate) fn with_people(
        more: usize,
        upstreams: Vec<SocketAddr>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let day = Duration::from_secs(86_400);
        let aigul = Person {
            file: "aigul",
            name: "Айгүл Омарова",
            institution: Some("Әкімдік"),
            ends: now + day,
        };
        let files: Vec<String> = (0..more).map(|at| format!("p{at}")).collect();
        let mut people = vec![
            aigul,
            Person { file: "bolat", name: "Bolat", institution: None, ends: now + day },
            Person { file: "soon", ends: now + day / 4, ..aigul },
            Person { file: "ended", ends: now - Duration::from_secs(60), ..aigul },
        ];
        people.extend(files.iter().map(|file| Person { file, name: file, ..aigul }));
        let names = ["closed.example", "open.example", "other.example"].map(str::to_owned);
        let paths = bootstrap_people(dir.path(), &names, &people).unwrap();
        let route = |prefix: &str, right: &str| Route {
            prefix: prefix.to_owned(),
            right: right.to_owned(),
            upstreams: upstreams.clone(),
            ..Route::default()
        };
        let mut config = Config {
            names: vec!["closed.example".to_owned(), "other.example".to_owned()],
            open_names: vec!["open.example".to_owned()],
            routes: vec![
                route("/", "app.use"),
                route("/pay", "pay.use"),
                Route { open: true, ..route("/", "") },
            ],
            ..Config::default()
        };
        change(&mut config);
        let revoked = Arc::new(RevocationSet::new());
        revoked.load([]);
        let connections = Connections::new(Arc::clone(&revoked));
        let book = Book::new();
        let deps = Deps {
            judge: Arc::<Book>::clone(&book),
            connections: Arc::clone(&connections),
            acceptor: Acceptor::entrance(&paths, Arc::clone(&revoked), &config.open_names).unwrap(),
            clock: Clock::system(),
            site: Arc::new(site()),
            renewal: Some(crate::renewal::pages()),
        };
        let access = build(config, deps).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (end, shutdown) = Shutdown::new();
        tokio::spawn(Arc::clone(&access).run(vec![listener], shutdown));
        Self { address, access, book, connections, revoked, paths, dir, _end: end }
    }

    /// The certificate of a file, as the set of revoked ones knows it.
    pub(crate) fn id(&self, file: &str) -> CertId {
        let pem = std::fs::read(self.dir.path().join(format!("{file}.pem"))).unwrap();
        let der = CertificateDer::from_pem_slice(&pem).unwrap();
        ets_tls::testing::id_of(&der)
    }

    pub(crate) fn curl(&self, who: Option<&str>, more: &[&str], url: &str) -> Command {
        let mut curl = Command::new("curl");
        curl.args(["-sSN", "--max-time", "10", "--cacert"]).arg(&self.paths.ca_cert);
        for name in ["closed.example", "open.example", "other.example", "strange.example"] {
            curl.arg("--connect-to").arg(format!("{name}:443:{}", self.address));
        }
        if let Some(who) = who {
            curl.arg("--cert").arg(self.dir.path().join(format!("{who}.pem")));
            curl.arg("--key").arg(self.dir.path().join(format!("{who}.key")));
        }
        curl.args(more).arg(url).stdout(Stdio::piped()).stderr(Stdio::piped());
        curl
    }

    /// Status and body of a request by Айгүл to the closed part.
    pub(crate) async fn ask(&self, more: &[&str], path: &str) -> (u16, String) {
        self.ask_as(Some("aigul"), more, &format!("https://closed.example{path}")).await
    }

    pub(crate) async fn ask_as(
        &self,
        who: Option<&str>,
        more: &[&str],
        url: &str,
    ) -> (u16, String) {
        let mut curl = self.curl(who, &[&["-w", "\n%{http_code}"], more].concat(), url);
        let output = tokio::task::spawn_blocking(move || curl.output()).await.unwrap().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, status) = said.rsplit_once('\n').unwrap_or(("", "0"));
        (status.parse().unwrap(), body.to_owned())
    }

    /// What the service saw of a request, as JSON.
    pub(crate) async fn seen(&self, more: &[&str], path: &str) -> Value {
        let (status, body) = self.ask(more, path).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// A TLS connection by a client of our own, for bytes that no client would send.
    pub(crate) async fn tls(&self, who: &str, alpn: &str, name: &str) -> TlsStream<TcpStream> {
        let connector = TlsConnector::from(Arc::new(self.client(who, alpn)));
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        connector.connect(name, stream).await.unwrap()
    }

    pub(crate) fn client(&self, who: &str, alpn: &str) -> ClientConfig {
        client(self.dir.path(), who, alpn)
    }

    /// Sends bytes over HTTP/1.1 and reads until the proxy closes or is silent for a while.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.tls("aigul", "http/1.1", "closed.example").await;
        // Who is refused early closes early.
        drop(stream.write_all(bytes).await);
        read_for(&mut stream, Duration::from_millis(400)).await
    }
}

/// A client that proves the certificate `WHO.pem` of a folder.
pub(crate) fn client(dir: &Path, who: &str, alpn: &str) -> ClientConfig {
    let read = |path: &Path| std::fs::read(path).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&read(&dir.join("ca.pem"))).unwrap()).unwrap();
    let cert = read(&dir.join(format!("{who}.pem")));
    let key = read(&dir.join(format!("{who}.key")));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![CertificateDer::from_pem_slice(&cert).unwrap()],
            PrivateKeyDer::from_pem_slice(&key).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    config
}

/// What comes until the end, or until nothing comes for `silence`.
pub(crate) async fn read_for(stream: &mut TlsStream<TcpStream>, silence: Duration) -> String {
    let (mut all, mut part) = (Vec::new(), vec![0; 16 << 10]);
    while let Ok(Ok(length @ 1..)) = tokio::time::timeout(silence, stream.read(&mut part)).await {
        all.extend(&part[..length]);
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// Reads until `word` has come.
pub(crate) async fn until(stream: &mut TlsStream<TcpStream>, word: &str) -> String {
    let (mut all, mut part) = (String::new(), vec![0; 4096]);
    while !all.contains(word) {
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut part)).await;
        let length = read.expect("it comes in time").unwrap_or(0);
        assert!(length > 0, "it ended before {word}: {all}");
        all.push_str(&String::from_utf8_lossy(&part[..length]));
    }
    all
}

/// Waits until something holds.
pub(crate) async fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn site() -> Site {
    Site {
        mark: "ETS".to_owned(),
        name: Names { en: "hub".to_owned(), ..Names::default() },
        owner: Names::default(),
        zone: TimeZone::UTC,
        lang: Lang::Ru,
        nav: Vec::new(),
        search: "",
        wall: "",
        origin: String::new(),
    }
}

/// A service as there may be one behind the proxy.
pub(crate) async fn service() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener));
    address
}

pub(crate) async fn serve(listener: tokio::net::TcpListener) {
    axum::serve(listener, router()).await.unwrap();
}

fn router() -> Router {
    Router::new()
        .route("/count", any(count))
        .route("/events", get(events))
        .route("/quiet", get(quiet))
        .route("/socket", get(socket))
        .route("/hop", get(hop))
        .route("/slow", any(slow))
        .route("/large", get(|| async { vec![b'x'; 20 << 20] }))
        .route("/early", any(|| async { StatusCode::ACCEPTED }))
        .fallback(echo)
}

/// Tells what came, trailers included.
async fn echo(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().map(pairs);
    let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    let (method, uri) = (parts.method.as_str(), parts.uri.to_string());
    let told = json!({
        "method": method, "uri": uri, "headers": pairs(&parts.headers), "body": body,
        "trailers": trailers,
    });
    axum::Json(told).into_response()
}

fn pairs(headers: &HeaderMap) -> Value {
    let mut all = serde_json::Map::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let list = all.entry(name.as_str()).or_insert_with(|| json!([]));
        list.as_array_mut().unwrap().push(json!(value));
    }
    Value::Object(all)
}

async fn count(request: Request) -> String {
    let mut body = request.into_body();
    let mut length = 0;
    while let Some(Ok(frame)) = body.frame().await {
        length += frame.data_ref().map_or(0, bytes::Bytes::len);
    }
    length.to_string()
}

async fn events() -> Response {
    let ticks = futures(|| async { tokio::time::sleep(Duration::from_millis(10)).await });
    let kind = [("content-type", "text/event-stream")];
    (kind, Body::new(ticks)).into_response()
}

/// A stream of events in which little happens.
async fn quiet() -> Response {
    let ticks = futures(|| async { tokio::time::sleep(Duration::from_secs(600)).await });
    let kind = [("content-type", "text/event-stream")];
    (kind, Body::new(ticks)).into_response()
}

/// A body that says `data: tick` again and again.
fn futures<F, T>(wait: F) -> http_body_util::combinators::BoxBody<bytes::Bytes, std::io::Error>
where
    F: Fn() -> T + Send + Sync + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        while sender.send(bytes::Bytes::from_static(b"data: tick\n\n")).await.is_ok() {
            wait().await;
        }
    });
    Ticks(receiver).boxed()
}

struct Ticks(tokio::sync::mpsc::Receiver<bytes::Bytes>);

impl hyper::body::Body for Ticks {
    type Data = bytes::Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<bytes::Bytes>, std::io::Error>>> {
        self.0.poll_recv(context).map(|part| part.map(|part| Ok(hyper::body::Frame::data(part))))
    }
}

/// Sends back what comes, in capitals.
async fn socket(request: Request) -> Response {
    assert_eq!(request.headers()["upgrade"], "websocket");
    let key = request.headers()["sec-websocket-key"].clone();
    tokio::spawn(async move {
        let Ok(upgraded) = hyper::upgrade::on(request).await else { return };
        let mut stream = hyper_util::rt::TokioIo::new(upgraded);
        let mut part = [0; 1024];
        while let Ok(length @ 1..) = stream.read(&mut part).await {
            let loud = part[..length].to_ascii_uppercase();
            if stream.write_all(&loud).await.is_err() {
                return;
            }
        }
    });
    let head = [("connection", "upgrade"), ("upgrade", "websocket")];
    (StatusCode::SWITCHING_PROTOCOLS, head, [("sec-websocket-accept", key)]).into_response()
}

/// An answer with headers of one hop.
async fn hop() -> Response {
    let head = [("connection", "x-secret"), ("x-secret", "1"), ("keep-alive", "timeout=7")];
    (head, "hop").into_response()
}

async fn slow() -> &'static str {
    tokio::time::sleep(PATIENCE).await;
    "late"
}
