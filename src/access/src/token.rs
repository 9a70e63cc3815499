//! The signed word on who asks, for services that other paths reach too: a JSON Web Token
//! (RFC 7519) with ES256, good for a minute, and the key that it is checked with (RFC 7517).

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING as ES256, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ets_listen::PeerCertificate;
use ets_model::WallTime;
use serde_json::{Value, json};

use crate::Error;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// Who says so (RFC 7519, section 4.1.1).
const ISSUER: &str = "ets-hub";

/// The key that identities are signed with.
pub(crate) struct Signer {
    key: EcdsaKeyPair,
    random: SystemRandom,
    id: String,
    header: String,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a token says.
pub(crate) struct Claims<'a> {
    pub(crate) certificate: &'a PeerCertificate,
    pub(crate) audience: &'a str,
    pub(crate) rights: &'a str,
    pub(crate) now: WallTime,
    pub(crate) life: Duration,
}

impl Signer {
    /// The key of a file, which is made where there is none; without a path one that is not kept.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Error> {
        let Some(path) = path else { return Ok(Self::new(made(Path::new("memory"))?.0)) };
        let fail = |source| Error::File { path: path.to_owned(), source };
        match std::fs::read_to_string(path) {
            Ok(pem) => read(&pem).map(Self::new).ok_or(Error::Key { path: path.to_owned() }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let (key, der) = made(path)?;
                write(path, &der).map_err(fail)?;
                Ok(Self::new(key))
            }
            Err(error) => Err(fail(error)),
        }
    }

    fn new(key: EcdsaKeyPair) -> Self {
        let (x, y) = coordinates(&key);
        // The key's thumbprint (RFC 7638) names it.
        let canonical = format!("{{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"{x}\",\"y\":\"{y}\"}}");
        let id = URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()));
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": id }).to_string();
        let header = URL_SAFE_NO_PAD.encode(header);
        Self { key, random: SystemRandom::new(), id, header }
    }

    /// A token; `None` when the system gives no randomness.
    pub(crate) fn token(&self, claims: &Claims<'_>) -> Option<String> {
        let certificate = claims.certificate;
        let issued = claims.now.0.div_euclid(1_000_000);
        let expires = issued.saturating_add(i64::try_from(claims.life.as_secs()).unwrap_or(60));
        let body = json!({
            "iss": ISSUER,
            "aud": claims.audience,
            "sub": certificate.person.as_str(),
            "name": certificate.subject,
            "institution": certificate.institution,
            "serial": certificate.serial_hex,
            "rights": claims.rights,
            "iat": issued,
            "exp": expires,
            // RFC 8705, section 3.1
            "cnf": { "x5t#S256": thumbprint(&certificate.fingerprint) },
        });
        let signed = format!("{}.{}", self.header, URL_SAFE_NO_PAD.encode(body.to_string()));
        let signature = self.key.sign(&self.random, signed.as_bytes()).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The public key, as services fetch it.
    pub(crate) fn published(&self) -> Value {
        let (x, y) = coordinates(&self.key);
        let key = json!({
            "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": self.id, "alg": "ES256", "use": "sig",
        });
        json!({ "keys": [key] })
    }
}

/// The point of the public key, without the octet that says that it is uncompressed.
fn coordinates(key: &EcdsaKeyPair) -> (String, String) {
    let point = &key.public_key().as_ref()[1..];
    let (x, y) = point.split_at(point.len() / 2);
    (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y))
}

/// SHA-256 of the certificate from hexadecimal to base64url.
fn thumbprint(hex: &str) -> String {
    let digit = |at: usize| hex.get(2 * at..2 * at + 2).map(|two| u8::from_str_radix(two, 16));
    let bytes: Vec<u8> = (0..hex.len() / 2).filter_map(|at| digit(at)?.ok()).collect();
    URL_SAFE_NO_PAD.encode(bytes)
}

fn made(path: &Path) -> Result<(EcdsaKeyPair, Vec<u8>), Error> {
    let unusable = |_| Error::Key { path: path.to_owned() };
    let key = EcdsaKeyPair::generate(&ES256).map_err(unusable)?;
    let der = key.to_pkcs8v1().map_err(unusable)?.as_ref().to_vec();
    Ok((key, der))
}

fn read(pem: &str) -> Option<EcdsaKeyPair> {
    let (_, rest) = pem.split_once(BEGIN)?;
    let (body, _) = rest.split_once(END)?;
    let text: String = body.split_whitespace().collect();
    EcdsaKeyPair::from_pkcs8(&ES256, &STANDARD.decode(text).ok()?).ok()
}

fn write(path: &Path, der: &[u8]) -> std::io::Result<()> {
    let body = STANDARD.encode(der);
    let lines: Vec<_> = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    let pem = format!("{BEGIN}\n{}\n{END}\n", lines.join("\n"));
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(pem.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// covers: T2.1
    #[test]
    fn the_key_is_made_once_for_its_owner_alone_and_a_broken_one_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity.key");
        let first = Signer::open(Some(&path)).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(Signer::open(Some(&path)).unwrap().id, first.id);
        assert_ne!(Signer::open(None).unwrap().id, first.id);
        std::fs::write(&path, "nothing").unwrap();
        assert!(matches!(Signer::open(Some(&path)), Err(Error::Key { .. })));
        assert!(matches!(Signer::open(Some(dir.path())), Err(Error::File { .. })));
    }
}
