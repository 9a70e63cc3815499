//! The server side of a TLS connection.

use std::io::{Error as IoError, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{Acceptor as Hello, WebPkiClientVerifier};
use rustls::{HandshakeKind, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

use crate::credentials::Credentials;
use crate::provider::provider;
use crate::revocation::{RevocationSet, Standing};
use crate::sessions::{Handshake, MOST, Sessions};
use crate::verifier::Verifier;
use crate::{CertId, Error, Paths, PeerCertificate};

/// Who is refused has so long, and may send so much, before the connection is closed.
const LINGER: Duration = Duration::from_millis(500);
const MOST_UNREAD: u64 = 64 << 10;
/// Sessions of those without a certificate that are kept beside those with one.
const STRANGERS: usize = 2_000;

/// Accepts TLS 1.2 and 1.3; a client may prove a certificate of our authority, or none.
#[derive(Clone)]
pub struct Acceptor {
    closed: Half,
    open: Option<Open>,
    credentials: Arc<Credentials>,
    revoked: Arc<RevocationSet>,
    is_explaining: bool,
}

/// One configuration with sessions of its own: a session of another verifier must not be resumed.
#[derive(Clone)]
struct Half {
    config: Arc<ServerConfig>,
    sessions: Arc<Sessions>,
}

#[derive(Clone)]
struct Open {
    names: Arc<[String]>,
    half: Half,
}

/// A connection after its handshake.
#[derive(Debug)]
pub struct Accepted<S> {
    /// The encrypted stream.
    pub stream: TlsStream<S>,
    /// The certificate that the client proved and that opens something now.
    pub peer: Option<PeerCertificate>,
    /// What else the handshake said.
    pub session: Session,
}

/// What a handshake said besides the certificate.
#[derive(Clone, Debug)]
pub struct Session {
    /// The name that the client asked for (RFC 6066, section 3), in lower case.
    pub server_name: Option<String>,
    /// Whether HTTP/2 was agreed on (RFC 7301).
    pub is_http2: bool,
    /// Whether an earlier session was resumed: the client's key signed nothing.
    pub is_resumed: bool,
    /// When the client's key last signed; without a certificate, when the handshake ended.
    pub signed: Instant,
    /// The client's certificate as it was sent; empty without one.
    pub der: Arc<[u8]>,
    /// When the certificate ended, of a client that is nobody because of it.
    pub ended: Option<SystemTime>,
    handshake: Arc<Handshake>,
}

impl Session {
    /// Whether the sessions of `id` were dropped while this one was being resumed. Asked after the
    /// connection was entered where those who drop look for it.
    pub fn is_dropped(&self, id: CertId) -> bool {
        self.is_resumed && self.handshake.is_dropped(id)
    }
}

impl Acceptor {
    /// Reads the hub's credentials and the authority that client certificates must come from.
    /// Client certificates in `revoked` are refused; as long as the set is not loaded, all are.
    ///
    /// # Errors
    /// A file that cannot be read, or holds no certificate or key.
    pub fn open(paths: &Paths, revoked: Arc<RevocationSet>) -> Result<Self, Error> {
        Self::build(paths, revoked, &[], false)
    }

    /// As [`Acceptor::open`], for the entrance of the closed part: who asks for one of `open_names`
    /// is not asked for a certificate (browsers would show a dialog), and who proves one that has
    /// ended is let in as nobody, see [`Session::ended`], so that a page can say so.
    ///
    /// # Errors
    /// As [`Acceptor::open`].
    pub fn entrance(
        paths: &Paths,
        revoked: Arc<RevocationSet>,
        open_names: &[String],
    ) -> Result<Self, Error> {
        Self::build(paths, revoked, open_names, true)
    }

    /// For what is published: nobody is asked for a certificate, whatever name he asks for. Of
    /// `paths` the hub's own certificate and key are read.
    ///
    /// # Errors
    /// As [`Acceptor::open`].
    pub fn public(paths: &Paths, revoked: Arc<RevocationSet>) -> Result<Self, Error> {
        let provider = Arc::new(provider());
        let credentials = Arc::new(Credentials::read(paths, &provider)?);
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth();
        let mut config = builder.with_cert_resolver(Arc::<Credentials>::clone(&credentials));
        // Among strangers are old programs that put the weakest of their suites first.
        config.ignore_client_order = true;
        let closed = half(config, STRANGERS);
        Ok(Self { closed, open: None, credentials, revoked, is_explaining: false })
    }

    fn build(
        paths: &Paths,
        revoked: Arc<RevocationSet>,
        open_names: &[String],
        is_explaining: bool,
    ) -> Result<Self, Error> {
        let provider = Arc::new(provider());
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&paths.client_ca)? {
            roots.add(certificate)?;
        }
        let chain =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .allow_unauthenticated()
                .build()?;
        let verifier = Verifier { chain, revoked: Arc::clone(&revoked), is_explaining };
        let credentials = Arc::new(Credentials::read(paths, &provider)?);
        let builder = || {
            ServerConfig::builder_with_provider(Arc::clone(&provider))
                .with_safe_default_protocol_versions()
        };
        let asking = builder()?.with_client_cert_verifier(Arc::new(verifier));
        let asking = asking.with_cert_resolver(Arc::<Credentials>::clone(&credentials));
        // Where nothing opens without a certificate, who comes again is asked for it again.
        let closed = half(asking, if is_explaining { 0 } else { STRANGERS });
        let open = if open_names.is_empty() {
            None
        } else {
            let names = open_names.iter().map(|name| name.to_lowercase()).collect();
            let silent = builder()?.with_no_client_auth();
            let config = silent.with_cert_resolver(Arc::<Credentials>::clone(&credentials));
            Some(Open { names, half: half(config, MOST) })
        };
        Ok(Self { closed, open, credentials, revoked, is_explaining })
    }

    /// Reads the hub's credentials again: new handshakes use them, connections go on.
    ///
    /// # Errors
    /// As [`Acceptor::open`]; then the credentials stay as they were.
    pub fn renew(&self, paths: &Paths) -> Result<(), Error> {
        self.credentials.replace(paths)
    }

    /// Drops the sessions of a certificate, so that its owner's next connection is a full handshake
    /// and the token signs. Answers how many there were.
    pub fn drop_sessions(&self, id: CertId) -> usize {
        self.closed.sessions.drop_of(id)
    }

    /// Whether both are clones of one.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.closed.sessions, &other.closed.sessions)
    }

    /// Shakes hands, and says which certificate the client proved. The certificate is asked about
    /// after the handshake as well: who resumes a session is not verified by TLS, neither against
    /// the set nor against the clock.
    ///
    /// # Errors
    /// When the handshake fails, and with [`ErrorKind::PermissionDenied`] when the certificate
    /// opens nothing any more.
    pub async fn shake<S>(&self, stream: S) -> std::io::Result<Accepted<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (handshake, shaken) = match &self.open {
            None => {
                let (config, handshake) = self.closed.once();
                let shaken = TlsAcceptor::from(config).accept(stream).into_fallible().await;
                (handshake, shaken)
            }
            Some(open) => {
                let hello = LazyConfigAcceptor::new(Hello::default(), stream);
                tokio::pin!(hello);
                let start = match hello.as_mut().await {
                    Ok(start) => start,
                    Err(error) => return Err(refused(error, hello.take_io()).await),
                };
                let name = start.client_hello().server_name().map(str::to_lowercase);
                let is_open = name.is_some_and(|name| open.names.contains(&name));
                let (config, handshake) = if is_open { &open.half } else { &self.closed }.once();
                (handshake, start.into_stream(config).into_fallible().await)
            }
        };
        match shaken {
            Ok(stream) => self.enter(stream, handshake),
            Err((error, stream)) => Err(refused(error, Some(stream)).await),
        }
    }

    fn enter<S>(
        &self,
        stream: TlsStream<S>,
        handshake: Arc<Handshake>,
    ) -> std::io::Result<Accepted<S>> {
        let tls = stream.get_ref().1;
        let is_resumed = tls.handshake_kind() == Some(HandshakeKind::Resumed);
        let leaf = tls.peer_certificates().and_then(<[_]>::first);
        let (peer, ended) = leaf.map_or(Ok((None, None)), |leaf| self.admit(leaf))?;
        let mut session = Session {
            server_name: tls.server_name().map(str::to_lowercase),
            is_http2: tls.alpn_protocol() == Some(b"h2"),
            is_resumed,
            signed: Instant::now(),
            der: leaf.map(|leaf| Arc::from(leaf.as_ref())).unwrap_or_default(),
            ended,
            handshake,
        };
        // Nobody comes back as somebody whose certificate has ended.
        if ended.is_none() {
            let of = peer.as_ref().map(|peer| peer.id);
            session.signed = session.handshake.keep(of, is_resumed);
        }
        Ok(Accepted { stream, peer, session })
    }

    /// The certificate, or when it ended where that is to be explained.
    fn admit(
        &self,
        leaf: &CertificateDer<'_>,
    ) -> std::io::Result<(Option<PeerCertificate>, Option<SystemTime>)> {
        let refuse = |why| IoError::new(ErrorKind::PermissionDenied, why);
        let peer = PeerCertificate::read(leaf)
            .ok_or_else(|| refuse("the client's certificate cannot be read"))?;
        match self.revoked.standing(peer.id) {
            Standing::Good => {}
            Standing::Revoked => {
                return Err(refuse("the client's certificate is revoked or suspended"));
            }
            Standing::Unknown => {
                return Err(refuse("it is not known yet which certificates are revoked"));
            }
        }
        if peer.not_after > SystemTime::now() {
            Ok((Some(peer), None))
        } else if self.is_explaining {
            Ok((None, Some(peer.not_after)))
        } else {
            Err(refuse("the client's certificate is over"))
        }
    }
}

impl Half {
    /// The configuration of one handshake, which sees the sessions by itself.
    fn once(&self) -> (Arc<ServerConfig>, Arc<Handshake>) {
        let handshake = self.sessions.handshake();
        let mut config = ServerConfig::clone(&self.config);
        config.session_storage = Arc::<Handshake>::clone(&handshake);
        (Arc::new(config), handshake)
    }
}

fn half(mut config: ServerConfig, strangers: usize) -> Half {
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Half { config: Arc::new(config), sessions: Sessions::new(strangers) }
}

async fn refused<S: AsyncRead + AsyncWrite + Unpin>(error: IoError, stream: Option<S>) -> IoError {
    if let Some(stream) = stream {
        linger(stream).await;
    }
    error
}

/// Reads and forgets what the client still sends, up to its end, so that closing does not take the
/// alert back that says why (RFC 9293, section 3.10.4: a close with unread data is a reset).
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let rest = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(MOST_UNREAD), &mut tokio::io::sink()).await
    };
    // Whether it came to its end is the client's matter.
    drop(tokio::time::timeout(LINGER, rest).await);
}

pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let unusable = || Error::Content { path: path.to_owned() };
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(path)?).collect();
    let all = all.map_err(|_| unusable())?;
    if all.is_empty() { Err(unusable()) } else { Ok(all) }
}

pub(crate) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_slice(&read(path)?)
        .map_err(|_| Error::Content { path: path.to_owned() })
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source })
}
