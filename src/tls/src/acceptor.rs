//! The server side of a TLS connection.

use std::io::{Error as IoError, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ServerSessionMemoryCache, WebPkiClientVerifier};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::credentials::Credentials;
use crate::revocation::{RevocationSet, Standing};
use crate::verifier::Verifier;
use crate::{Error, Paths, PeerCertificate};

/// Sessions that may be resumed. A token signs slowly and one connection at a time, so that who
/// comes back with a session spares its owner a second and a PIN.
const SESSIONS: usize = 10_000;
/// Who is refused has so long, and may send so much, before the connection is closed.
const LINGER: Duration = Duration::from_millis(500);
const MOST_UNREAD: u64 = 64 << 10;

/// Accepts TLS 1.2 and 1.3; a client may prove a certificate of our authority, or none.
#[derive(Clone)]
pub struct Acceptor {
    tls: TlsAcceptor,
    credentials: Arc<Credentials>,
    revoked: Arc<RevocationSet>,
}

impl Acceptor {
    /// Reads the hub's credentials and the authority that client certificates must come from.
    /// Client certificates in `revoked` are refused; as long as the set is not loaded, all are.
    ///
    /// # Errors
    /// A file that cannot be read, or holds no certificate or key.
    pub fn open(paths: &Paths, revoked: Arc<RevocationSet>) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&paths.client_ca)? {
            roots.add(certificate)?;
        }
        let chain =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .allow_unauthenticated()
                .build()?;
        let verifier = Verifier { chain, revoked: Arc::clone(&revoked) };
        let credentials = Arc::new(Credentials::read(paths, &provider)?);
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(Arc::<Credentials>::clone(&credentials));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // Of this configuration alone: a session of another verifier must not be resumed here.
        config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
        Ok(Self { tls: TlsAcceptor::from(Arc::new(config)), credentials, revoked })
    }

    /// Reads the hub's credentials again: new handshakes use them, connections go on.
    ///
    /// # Errors
    /// As [`Acceptor::open`]; then the credentials stay as they were.
    pub fn renew(&self, paths: &Paths) -> Result<(), Error> {
        self.credentials.replace(paths)
    }

    /// Shakes hands, and says which certificate the client proved. The certificate is asked about
    /// after the handshake as well: who resumes a session is not verified by TLS, neither against
    /// the set nor against the clock.
    ///
    /// # Errors
    /// When the handshake fails, and with [`ErrorKind::PermissionDenied`] when the certificate
    /// opens nothing any more.
    pub async fn accept<S>(
        &self,
        stream: S,
    ) -> std::io::Result<(TlsStream<S>, Option<PeerCertificate>)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let stream = match self.tls.accept(stream).into_fallible().await {
            Ok(stream) => stream,
            Err((error, stream)) => {
                linger(stream).await;
                return Err(error);
            }
        };
        let Some(leaf) = stream.get_ref().1.peer_certificates().and_then(<[_]>::first) else {
            return Ok((stream, None));
        };
        let refuse = |why| IoError::new(ErrorKind::PermissionDenied, why);
        let peer = PeerCertificate::read(leaf)
            .ok_or_else(|| refuse("the client's certificate cannot be read"))?;
        self.admit(&peer, SystemTime::now()).map_err(refuse)?;
        Ok((stream, Some(peer)))
    }

    fn admit(&self, peer: &PeerCertificate, now: SystemTime) -> Result<(), &'static str> {
        if peer.not_after <= now {
            return Err("the client's certificate is over");
        }
        match self.revoked.standing(peer.id) {
            Standing::Good => Ok(()),
            Standing::Revoked => Err("the client's certificate is revoked or suspended"),
            Standing::Unknown => Err("it is not known yet which certificates are revoked"),
        }
    }
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
