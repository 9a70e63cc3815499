//! A certificate of a public authority for the outside address (RFC 8555): account, order, proof by
//! http-01 on our own port 80, renewal when a third of its life is left. Whatever fails, the
//! certificate that there is stays.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use ets_runtime::{Clock, Shutdown};
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, BodyWrapper, BytesResponse, ChallengeType,
    ExternalAccountKey, HttpClient, Identifier, NewAccount, NewOrder, OrderStatus, RetryPolicy,
};
use tokio::net::TcpStream;
use x509_parser::pem::Pem;

use crate::Proofs;

/// How long one answer of the authority may take, and how large it may be.
const ANSWER: Duration = Duration::from_secs(30);
const LARGEST: usize = 1 << 20;
/// How long the authority may look for proofs, and sign.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often the certificate is looked at.
const LOOK: Duration = Duration::from_secs(3_600);
/// The pause after a failure, twice as long after each further one.
const PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 3_600);

/// Which authority, for which names, and where what it gives is kept.
#[derive(Clone, Debug)]
pub struct Acme {
    /// The authority's directory.
    pub directory: String,
    /// Where it tells what concerns the account: `mailto:…`.
    pub contact: Vec<String>,
    /// Its terms of service are accepted.
    pub accept_terms: bool,
    /// The key of an account that exists there already by other means: identifier and secret.
    pub binding: Option<(String, Vec<u8>)>,
    /// The authorities by which its own server is verified, in PEM.
    pub roots: PathBuf,
    /// The names.
    pub names: Vec<String>,
    /// The folder of `open.pem` and `open-account.json`.
    pub dir: PathBuf,
}

/// Why there is no new certificate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The authority, or the way to it.
    #[error("the authority did not issue a certificate: {0}")]
    Authority(#[from] instant_acme::Error),
    /// It does not look over HTTP.
    #[error("the authority offers no proof by http-01 for {0}")]
    NoHttp(String),
    /// It was not convinced.
    #[error("the authority did not accept the proof: the order is {0:?}")]
    Refused(OrderStatus),
    /// Nobody is there by whom its server could be verified.
    #[error("the authorities that the authority is verified by: {0}")]
    Roots(#[from] ets_tls::Error),
    /// It cannot be kept.
    #[error("{path} cannot be read or written")]
    File {
        /// Which file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The account of an earlier time.
    #[error("{0} holds no account: remove it to have a new one made")]
    Account(PathBuf),
}

impl Acme {
    /// The chain and its key in one file: one without the other is of no use to anybody, whenever
    /// the machine stops.
    pub fn pair(dir: &Path) -> PathBuf {
        dir.join("open.pem")
    }

    /// Whether there is no certificate with its key, or one of which less than a third of its life
    /// is left.
    pub fn is_due(&self, now: i64) -> bool {
        let life = fs::read(Self::pair(&self.dir)).ok().and_then(|pem| life(&pem));
        life.is_none_or(|(from, until)| now > until - (until - from) / 3)
    }
}

/// The beginning and the end of the first certificate, in seconds since 1970; nothing without a
/// key behind.
fn life(pem: &[u8]) -> Option<(i64, i64)> {
    let parts: Vec<Pem> = Pem::iter_from_buffer(pem).collect::<Result<_, _>>().ok()?;
    let first = parts.first()?;
    parts.iter().find(|part| part.label.ends_with("PRIVATE KEY"))?;
    let validity = first.parse_x509().ok()?.validity().clone();
    Some((validity.not_before.timestamp(), validity.not_after.timestamp()))
}

/// Sees to it that there is a certificate; `installed` is called after each new one.
///
/// # Errors
/// None: what fails is told in the log and tried again.
pub async fn keep(
    acme: Acme,
    proofs: Proofs,
    clock: Clock,
    installed: impl Fn() + Send + Sync + 'static,
    shutdown: Shutdown,
) -> Result<(), Error> {
    let mut pause = PAUSE;
    loop {
        let mut wait = LOOK;
        if acme.is_due(clock.wall().0 / 1_000_000) {
            let renewed = tokio::select! {
                // What there is stays whole: an order may take minutes.
                () = shutdown.requested() => return Ok(()),
                renewed = renew(&acme, &proofs) => renewed,
            };
            match renewed {
                Ok(()) => {
                    tracing::info!(names = ?acme.names, "the open side has a new certificate");
                    installed();
                    pause = PAUSE;
                }
                Err(error) => {
                    tracing::error!(%error, again_in = ?pause, "the open side keeps its certificate");
                    wait = pause;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        tokio::select! {
            () = shutdown.requested() => return Ok(()),
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Gets one certificate and puts it in its place.
///
/// # Errors
/// [`Error`]; what there was stays then.
pub async fn renew(acme: &Acme, proofs: &Proofs) -> Result<(), Error> {
    let done = order(acme, proofs).await;
    proofs.clear();
    let (key, chain) = done?;
    put(&Acme::pair(&acme.dir), format!("{}\n{key}", chain.trim_end()).as_bytes())
}

async fn order(acme: &Acme, proofs: &Proofs) -> Result<(String, String), Error> {
    let account = account(acme).await?;
    let names: Vec<Identifier> = acme.names.iter().cloned().map(Identifier::Dns).collect();
    let mut order = account.new_order(&NewOrder::new(&names)).await?;
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let name = authorization.identifier().to_string();
        let challenge = authorization.challenge(ChallengeType::Http01);
        let mut challenge = challenge.ok_or(Error::NoHttp(name))?;
        let token = challenge.token.clone();
        proofs.show(&token, challenge.key_authorization().as_str());
        challenge.set_ready().await?;
    }
    let patience = RetryPolicy::new().timeout(PATIENCE);
    let status = order.poll_ready(&patience).await?;
    if status != OrderStatus::Ready {
        return Err(Error::Refused(status));
    }
    let key = order.finalize().await?;
    Ok((key, order.poll_certificate(&patience).await?))
}

/// The account that was made before, else a new one.
async fn account(acme: &Acme) -> Result<Account, Error> {
    let path = acme.dir.join("open-account.json");
    let http = Http { client: ets_tls::Client::new(&acme.roots)? };
    let builder = Account::builder_with_http(Box::new(http));
    match fs::read(&path) {
        Ok(kept) => {
            let kept: AccountCredentials =
                serde_json::from_slice(&kept).map_err(|_| Error::Account(path))?;
            return Ok(builder.from_credentials(kept).await?);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(Error::File { path, source }),
    }
    let contact: Vec<&str> = acme.contact.iter().map(String::as_str).collect();
    let new = NewAccount {
        contact: &contact,
        terms_of_service_agreed: acme.accept_terms,
        only_return_existing: false,
    };
    let binding = acme.binding.as_ref();
    let binding = binding.map(|(id, secret)| ExternalAccountKey::new(id.clone(), secret));
    let (account, kept) = builder.create(&new, acme.directory.clone(), binding.as_ref()).await?;
    let kept = serde_json::to_vec(&kept).map_err(|_| Error::Account(path.clone()))?;
    put(&path, &kept)?;
    Ok(account)
}

/// Whole or not at all, for its owner alone; on the disk when it returns, its name too.
fn put(path: &Path, content: &[u8]) -> Result<(), Error> {
    let fresh = path.with_extension("new");
    let written = || {
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    };
    written().map_err(|source| Error::File { path: path.to_owned(), source })
}

/// HTTP/1.1 over TLS, one connection for each request: an order takes a dozen.
#[derive(Debug)]
struct Http {
    client: ets_tls::Client,
}

type Answer = Pin<Box<dyn Future<Output = Result<BytesResponse, instant_acme::Error>> + Send>>;

impl HttpClient for Http {
    fn request(&self, request: Request<BodyWrapper<Bytes>>) -> Answer {
        let client = self.client.clone();
        let other = |error: io::Error| instant_acme::Error::Other(Box::new(error));
        Box::pin(async move {
            let asked = tokio::time::timeout(ANSWER, exchange(&client, request)).await;
            asked.unwrap_or_else(|late| Err(late.into())).map_err(other)
        })
    }
}

async fn exchange(
    client: &ets_tls::Client,
    request: Request<BodyWrapper<Bytes>>,
) -> io::Result<BytesResponse> {
    let wrong = || io::Error::new(io::ErrorKind::InvalidInput, "an authority is asked by https");
    let uri = request.uri().clone();
    let authority = uri.authority().filter(|_| uri.scheme_str() == Some("https"));
    let authority = authority.ok_or_else(wrong)?;
    let place = (authority.host(), authority.port_u16().unwrap_or(443));
    let stream = TcpStream::connect(place).await?;
    let stream = TokioIo::new(client.connect(stream, authority.host()).await?);
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(stream).await.map_err(io::Error::other)?;
    tokio::spawn(connection);
    let (mut parts, body) = request.into_parts();
    parts.uri =
        uri.path_and_query().map_or_else(|| Uri::from_static("/"), |path| Uri::from(path.clone()));
    let host = HeaderValue::from_str(authority.as_str()).map_err(io::Error::other)?;
    parts.headers.insert(header::HOST, host);
    let agent = HeaderValue::from_static(concat!("ets-hub/", env!("CARGO_PKG_VERSION")));
    parts.headers.insert(header::USER_AGENT, agent);
    let answer = sender.send_request(Request::from_parts(parts, body)).await;
    let (parts, body) = answer.map_err(io::Error::other)?.into_parts();
    let body = Limited::new(body, LARGEST).collect().await.map_err(io::Error::other)?;
    Ok(BytesResponse::from(Response::from_parts(parts, Full::new(body.to_bytes()))))
}
