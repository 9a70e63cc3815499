//! Public keys as clients write them (RFC 7517, RFC 7518 section 6, RFC 8037).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::problem::{Kind, Problem};

/// RSA keys have at least and at most so many bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=4_096;
const ED25519_OID: &str = "1.3.101.112";

/// A public key. Two are equal when they are the same key, however they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// The two coordinates, 32 octets each.
    P256(Vec<u8>),
    /// The two coordinates, 48 octets each.
    P384(Vec<u8>),
    /// Modulus and exponent, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// 32 octets.
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct Written {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<Value>,
}

impl Key {
    /// Reads a key.
    ///
    /// # Errors
    /// A problem of kind badPublicKey: of another type, too weak, or not written as it must be.
    pub(crate) fn read(jwk: &Value) -> Result<Self, Problem> {
        let bad = |why: &str| Problem::new(Kind::BadPublicKey, format!("the key: {why}"));
        let written: Written =
            serde_json::from_value(jwk.clone()).map_err(|_| bad("it is no JWK"))?;
        if written.d.is_some() {
            return Err(bad("the private key was sent: it is no longer private, make a new one"));
        }
        let field = |text: &Option<String>, length: usize| {
            let bytes = text.as_ref().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
            bytes.filter(|bytes| length == 0 || bytes.len() == length)
        };
        let point = |length| {
            let xy = field(&written.x, length).zip(field(&written.y, length));
            let missing = || bad("a coordinate is missing or has another length");
            xy.map(|(x, y)| [x, y].concat()).ok_or_else(missing)
        };
        match (written.kty.as_str(), written.crv.as_deref()) {
            ("EC", Some("P-256")) => Ok(Self::P256(point(32)?)),
            ("EC", Some("P-384")) => Ok(Self::P384(point(48)?)),
            ("OKP", Some("Ed25519")) => {
                let x = field(&written.x, 32).ok_or_else(|| bad("x has not 32 octets"))?;
                Ok(Self::Ed25519(x))
            }
            ("RSA", None) => {
                let (n, e) = (field(&written.n, 0), field(&written.e, 0));
                let (n, e) = n.zip(e).ok_or_else(|| bad("n or e is missing"))?;
                rsa(n, e).ok_or_else(|| bad("an RSA key has 2048 to 4096 bits and an odd exponent"))
            }
            _ => Err(bad("use EC on P-256 or P-384, RSA, or Ed25519")),
        }
    }

    /// The key of a certificate or a request; `None` where no JWK of ours can say it.
    pub(crate) fn of_info(info: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        match info.parsed().ok()? {
            PublicKey::RSA(key) => rsa(plain(key.modulus), plain(key.exponent)),
            PublicKey::EC(point) => match point.data() {
                [4, xy @ ..] if xy.len() == 64 => Some(Self::P256(xy.to_vec())),
                [4, xy @ ..] if xy.len() == 96 => Some(Self::P384(xy.to_vec())),
                _ => None,
            },
            _ if info.algorithm.algorithm.to_id_string() == ED25519_OID => {
                Some(Self::Ed25519(info.subject_public_key.data.to_vec()))
            }
            _ => None,
        }
    }

    /// The required members in their order, without space (RFC 7638, section 3).
    pub(crate) fn canonical(&self) -> String {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let ec = |curve, xy: &[u8]| {
            let (x, y) = xy.split_at(xy.len() / 2);
            format!(r#"{{"crv":"{curve}","kty":"EC","x":"{}","y":"{}"}}"#, text(x), text(y))
        };
        match self {
            Self::P256(xy) => ec("P-256", xy),
            Self::P384(xy) => ec("P-384", xy),
            Self::Rsa { n, e } => {
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, text(e), text(n))
            }
            Self::Ed25519(x) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, text(x)),
        }
    }

    /// SHA-256 of [`Key::canonical`], in base64url.
    pub(crate) fn thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.canonical().as_bytes()))
    }

    /// Whether `signature` under this algorithm is by this key. An algorithm belongs to one type of
    /// key, so that no key is taken for another's.
    pub(crate) fn has_signed(&self, algorithm: &str, signed: &[u8], signature: &[u8]) -> bool {
        let by = |how: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(how, key).verify(signed, signature).is_ok()
        };
        match (algorithm, self) {
            ("ES256", Self::P256(xy)) => by(&ECDSA_P256_SHA256_FIXED, &uncompressed(xy)),
            ("ES384", Self::P384(xy)) => by(&ECDSA_P384_SHA384_FIXED, &uncompressed(xy)),
            ("EdDSA", Self::Ed25519(x)) => by(&ED25519, x),
            ("RS256", Self::Rsa { n, e }) => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
                .is_ok(),
            _ => false,
        }
    }
}

/// SEC 1, section 2.3.3.
fn uncompressed(xy: &[u8]) -> Vec<u8> {
    [&[4], xy].concat()
}

fn plain(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().skip_while(|byte| *byte == 0).collect()
}

/// `None` when the key is too weak, or written with zeros in front, which would give one key two
/// thumbprints.
fn rsa(n: Vec<u8>, e: Vec<u8>) -> Option<Key> {
    let bits = n.len() * 8 - n.first()?.leading_zeros() as usize;
    let is_odd = e.last().is_some_and(|last| last % 2 == 1);
    let is_sound = e.first() != Some(&0) && e.len() <= 4 && e != [1] && n.first() != Some(&0);
    (RSA_BITS.contains(&bits) && is_odd && is_sound).then_some(Key::Rsa { n, e })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The key of RFC 7638, section 3.1.
    const N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

    /// covers: T1.2
    #[test]
    fn a_thumbprint_is_that_of_the_standard() {
        let jwk = json!({ "kty": "RSA", "n": N, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29" });
        let key = Key::read(&jwk).unwrap();
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        let again = serde_json::from_str(&key.canonical()).unwrap();
        assert_eq!(Key::read(&again).unwrap(), key);
    }

    /// covers: T1.2, T-8
    #[test]
    fn a_key_that_is_weak_or_written_twice_over_is_refused() {
        let short = URL_SAFE_NO_PAD.encode([0xff; 128]);
        let padded = URL_SAFE_NO_PAD.encode([&[0][..], &[0xff; 256]].concat());
        for jwk in [
            json!({ "kty": "RSA", "n": short, "e": "AQAB" }),
            json!({ "kty": "RSA", "n": padded, "e": "AQAB" }),
            json!({ "kty": "RSA", "n": N, "e": "AQ" }),
            json!({ "kty": "RSA", "n": N, "e": "AQAA" }),
            json!({ "kty": "RSA", "n": "", "e": "AQAB" }),
            json!({ "kty": "RSA", "n": N, "e": "AQAB", "d": "AQAB" }),
            json!({ "kty": "RSA", "n": N }),
            json!({ "kty": "EC", "crv": "P-256", "x": "AQAB", "y": "AQAB" }),
            json!({ "kty": "EC", "crv": "secp256k1", "x": "AQAB", "y": "AQAB" }),
            json!({ "kty": "oct", "k": "AQAB" }),
            json!("RSA"),
            json!(null),
        ] {
            assert_eq!(Key::read(&jwk).unwrap_err().kind, Kind::BadPublicKey, "{jwk}");
        }
    }
}
