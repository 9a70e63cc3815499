//! A hub that asks for certificates, and a client that shows whatever it is given.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use ets_tls::{Acceptor, CertId, Paths, RevocationSet};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{CertificateError, ClientConfig, RootCertStore, SignatureScheme};
use tokio::io::AsyncReadExt;
use tokio_rustls::TlsConnector;

use crate::utf8;

/// A chain, the leaf first.
pub(crate) type Chain = Vec<CertificateDer<'static>>;

/// A place with the hub's credentials, and what it trusts.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    acceptor: Acceptor,
}

/// What the hub made of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    LetIn,
    /// The chain is good; its owner did not prove it, for want of the key.
    Unproved,
    Refused(String),
}

impl Place {
    /// A hub that lets in whoever has a certificate below one of these.
    pub(crate) fn below(anchors: &[CertificateDer<'_>], revoked: Vec<CertId>) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let paths = Paths::in_dir(folder.path());
        let (cert, key) = (utf8(&paths.server_cert), utf8(&paths.server_key));
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let made = ["req", "-x509", "-subj", "/CN=hub", "-keyout", key, "-out", cert];
        let names = ["-addext", "subjectAltName=DNS:hub.test", "-addext"];
        let leaf = ["basicConstraints=critical,CA:FALSE"];
        openssl(&[&made[..], &curve, &names, &leaf].concat());
        fs::write(&paths.client_ca, anchors.iter().map(pem).collect::<String>()).expect("written");
        let other = folder.path().join("other.key");
        openssl(&["genpkey", "-algorithm", "ed25519", "-out", utf8(&other)]);
        let set = Arc::new(RevocationSet::new());
        set.load(revoked);
        let acceptor = Acceptor::open(&paths, set).expect("the credentials are good");
        Self { folder, acceptor }
    }

    /// What comes of a chain that is shown with its key.
    pub(crate) async fn shown(&self, chain: Chain, key: &Path) -> Outcome {
        // TLS cannot sign by DSA; then any key will do, for the chain is looked at first.
        let key = signer(key).or_else(|| signer(&self.folder.path().join("hub.key")));
        self.shake(chain, key.expect("a key")).await
    }

    /// What comes of a chain that is shown by somebody without its key.
    pub(crate) async fn shown_by_another(&self, chain: Chain) -> Outcome {
        let key = signer(&self.folder.path().join("other.key"));
        self.shake(chain, key.expect("a key")).await
    }

    async fn shake(&self, chain: Chain, key: Arc<dyn SigningKey>) -> Outcome {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        let own = CertificateDer::from_pem_file(self.folder.path().join("hub.pem"));
        roots.add(own.expect("it was just made")).expect("it is a certificate");
        let shown = Shown(Arc::new(CertifiedKey::new(chain, key)));
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS 1.3")
            .with_root_certificates(roots)
            .with_client_cert_resolver(Arc::new(shown));
        let name = ServerName::try_from("hub.test").expect("a name");
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        // It goes when the hub has: a refused one is read from for a while, see `Acceptor`.
        let showing = async {
            if let Ok(mut stream) = TlsConnector::from(Arc::new(config)).connect(name, theirs).await
            {
                drop(stream.read_u8().await);
            }
        };
        // The hub goes when it has made up its mind.
        let asking = async {
            match self.acceptor.shake(ours).await {
                Ok(accepted) if accepted.peer.is_some() => Outcome::LetIn,
                Ok(_) => Outcome::Refused("nobody".to_owned()),
                Err(error) if is_of_another(&error) => Outcome::Unproved,
                Err(error) => Outcome::Refused(error.to_string()),
            }
        };
        tokio::join!(asking, showing).0
    }
}

/// Whether all was good but that an Ed25519 key signed for the owner of another kind of key.
fn is_of_another(error: &std::io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(why)) = inner else { return false };
    let ed25519 = rustls::pki_types::alg_id::ED25519;
    match why {
        CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id,
            ..
        } => signature_algorithm_id == ed25519.as_ref(),
        _ => false,
    }
}

/// What a client shows, whatever it is.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

pub(crate) fn signer(key: &Path) -> Option<Arc<dyn SigningKey>> {
    let key = PrivateKeyDer::from_pem_file(key).ok()?;
    aws_lc_rs::sign::any_supported_type(&key).ok()
}

fn pem(der: &CertificateDer<'_>) -> String {
    let mut openssl = Command::new("openssl");
    openssl.args(["base64", "-e"]).stdin(std::process::Stdio::piped());
    let mut child = openssl.stdout(std::process::Stdio::piped()).spawn().expect("openssl starts");
    let mut input = child.stdin.take().expect("piped");
    std::io::Write::write_all(&mut input, der).expect("it reads");
    drop(input);
    let said = child.wait_with_output().expect("it ends").stdout;
    let body = String::from_utf8(said).expect("base64");
    format!("-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n")
}

#[track_caller]
pub(crate) fn openssl(args: &[&str]) {
    let output = Command::new("openssl").args(args).output().expect("openssl starts");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The certificates of a file: in PEM, or one in DER or whatever it is.
pub(crate) fn read(path: &Path) -> Chain {
    let text = fs::read(path).expect("a file");
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&text).flatten().collect();
    if chain.is_empty() { vec![text.into()] } else { chain }
}

/// Most memory that this process has held, in MiB.
pub(crate) fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("it is there");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a peak");
    line.split_whitespace().nth(1).and_then(|word| word.parse::<usize>().ok()).expect("kB") >> 10
}
