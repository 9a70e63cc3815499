//! The client side of a TLS connection that is opened only to see which certificate is shown: the
//! proof of TLS-ALPN-01 (RFC 8737). Whom the certificate belongs to is the caller's question.

use std::io::{Error as IoError, ErrorKind};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Shakes hands as a client that asks for `name` and speaks `protocol` alone; answers the leaf that
/// the server showed, in DER. The server has proved that it holds the leaf's key; nothing else
/// about the leaf is verified.
///
/// # Errors
/// When the handshake fails, or the server does not choose `protocol`.
pub async fn shown_certificate<S>(
    stream: S,
    name: &str,
    protocol: &[u8],
) -> Result<Vec<u8>, IoError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let name = ServerName::try_from(name.to_owned())
        .map_err(|_| IoError::new(ErrorKind::InvalidInput, "that is no name of a server"))?;
    let connector = TlsConnector::from(Arc::new(config(protocol)?));
    let mut stream = connector.connect(name, stream).await?;
    let session = stream.get_ref().1;
    if session.alpn_protocol() != Some(protocol) {
        let why = "the server does not speak the protocol that was asked for";
        return Err(IoError::new(ErrorKind::InvalidData, why));
    }
    let leaf = session.peer_certificates().and_then(<[_]>::first).map(|leaf| leaf.to_vec());
    // Whether the end arrives is the server's matter.
    drop(stream.shutdown().await);
    leaf.ok_or_else(|| IoError::new(ErrorKind::InvalidData, "the server shows no certificate"))
}

fn config(protocol: &[u8]) -> Result<ClientConfig, IoError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let any = Arc::new(Any(provider.signature_verification_algorithms));
    let mut config = with_safe_versions(provider)?
        .dangerous()
        .with_custom_certificate_verifier(any)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

fn with_safe_versions(
    provider: Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, IoError> {
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(IoError::other)
}

/// Takes any certificate, and holds the handshake's signature against its key. webpki is not asked:
/// it refuses the critical extension that RFC 8737 demands.
#[derive(Debug)]
struct Any(WebPkiSupportedAlgorithms);

impl Any {
    fn verify(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let bad = |why| rustls::Error::InvalidCertificate(why);
        let (_, leaf) =
            X509Certificate::from_der(leaf).map_err(|_| bad(CertificateError::BadEncoding))?;
        let key = &leaf.public_key().subject_public_key.data;
        let all = self.0.mapping.iter().filter(|(scheme, _)| *scheme == signature.scheme);
        let is_signed = all.flat_map(|(_, algorithms)| algorithms.iter()).any(|algorithm| {
            algorithm.verify_signature(key, message, signature.signature()).is_ok()
        });
        if is_signed {
            Ok(HandshakeSignatureValid::assertion())
        } else {
            Err(bad(CertificateError::BadSignature))
        }
    }
}

impl ServerCertVerifier for Any {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
