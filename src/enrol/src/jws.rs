//! Signed requests: flattened JWS (RFC 7515, as RFC 8555 section 6.2 narrows it).

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::jwk::Key;
use crate::problem::{Kind, Problem};

/// What requests may be signed with.
pub(crate) const ALGORITHMS: [&str; 4] = ["ES256", "ES384", "RS256", "EdDSA"];

/// Three texts; anything else beside them, such as a header that is not signed, is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flattened {
    protected: String,
    payload: String,
    signature: String,
}

/// The signed header. Members that we do not know say nothing (RFC 7515, section 4).
#[derive(Debug, Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) nonce: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) kid: Option<String>,
    pub(crate) jwk: Option<Value>,
    crit: Option<Value>,
}

/// A request, read and not verified.
#[derive(Debug)]
pub(crate) struct Jws {
    pub(crate) header: Header,
    pub(crate) payload: Vec<u8>,
    signed: String,
    signature: Vec<u8>,
}

impl Jws {
    /// Reads a request.
    ///
    /// # Errors
    /// A problem of kind malformed.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Problem> {
        let flattened = serde_json::from_slice(bytes);
        Self::of(flattened.map_err(|_| Problem::malformed("the body is no flattened JWS"))?)
    }

    /// Reads one that stands inside of another.
    ///
    /// # Errors
    /// As [`Jws::read`].
    pub(crate) fn inside(value: &Value) -> Result<Self, Problem> {
        let flattened = Flattened::deserialize(value);
        Self::of(flattened.map_err(|_| Problem::malformed("what it holds is no flattened JWS"))?)
    }

    fn of(flattened: Flattened) -> Result<Self, Problem> {
        let decode = |text: &str| {
            let decoded = URL_SAFE_NO_PAD.decode(text);
            decoded.map_err(|_| Problem::malformed("a part of the JWS is not in base64url"))
        };
        let header: Header = serde_json::from_slice(&decode(&flattened.protected)?)
            .map_err(|_| Problem::malformed("the protected header cannot be read"))?;
        if header.crit.is_some() {
            return Err(Problem::malformed("the header demands extensions that are not known"));
        }
        Ok(Self {
            payload: decode(&flattened.payload)?,
            signature: decode(&flattened.signature)?,
            signed: format!("{}.{}", flattened.protected, flattened.payload),
            header,
        })
    }

    /// Holds the request against a key.
    ///
    /// # Errors
    /// badSignatureAlgorithm, or malformed where the signature is not by that key.
    pub(crate) fn verify(&self, key: &Key) -> Result<(), Problem> {
        let algorithm = self.header.alg.as_str();
        if !ALGORITHMS.contains(&algorithm) {
            let detail = "sign with one of the algorithms that are listed";
            return Err(Problem::new(Kind::BadSignatureAlgorithm, detail));
        }
        if key.has_signed(algorithm, self.signed.as_bytes(), &self.signature) {
            return Ok(());
        }
        Err(Problem::malformed("the signature is not by the key that the header names"))
    }

    /// Whether a shared key has signed it (HS256, RFC 7518 section 3.2): only for the binding of an
    /// account to an institution.
    pub(crate) fn is_sealed_by(&self, secret: &[u8]) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        self.header.alg == "HS256"
            && hmac::verify(&key, self.signed.as_bytes(), &self.signature).is_ok()
    }

    /// What the request says.
    ///
    /// # Errors
    /// A problem of kind malformed.
    pub(crate) fn says<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.payload)
            .map_err(|error| Problem::malformed(format!("the payload cannot be used: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SAID: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

    fn jws(protected: &str, signature: &str) -> Jws {
        let text = json!({ "protected": protected, "payload": SAID, "signature": signature });
        Jws::read(text.to_string().as_bytes()).unwrap()
    }

    fn p256() -> Key {
        Key::read(&json!({
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        }))
        .unwrap()
    }

    const ES256_SIGNED: &str =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    /// covers: T1.2
    #[test]
    fn the_examples_of_the_standard_verify_and_their_neighbours_do_not() {
        // RFC 7515, appendix A.1.
        let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let secret = URL_SAFE_NO_PAD.decode(secret).unwrap();
        let sealed = jws(
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        );
        assert!(sealed.is_sealed_by(&secret));
        assert!(!sealed.is_sealed_by(&secret[1..]));
        // RFC 7515, appendix A.2.
        let n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
        let rsa = Key::read(&json!({ "kty": "RSA", "n": n, "e": "AQAB" })).unwrap();
        let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
        let rs256 = jws("eyJhbGciOiJSUzI1NiJ9", signature);
        rs256.verify(&rsa).unwrap();
        assert!(rs256.verify(&p256()).is_err(), "a key of another type");
        // RFC 7515, appendix A.3.
        let es256 = jws("eyJhbGciOiJFUzI1NiJ9", ES256_SIGNED);
        es256.verify(&p256()).unwrap();
        assert!(es256.verify(&rsa).is_err());
        let mut other = es256;
        other.signed.push('A');
        assert_eq!(other.verify(&p256()).unwrap_err().kind, Kind::Malformed);
    }

    /// covers: T1.2, T-8
    #[test]
    fn no_algorithm_is_taken_for_another() {
        let of = |alg: &str| URL_SAFE_NO_PAD.encode(json!({ "alg": alg }).to_string());
        for alg in ["none", "HS256", "RS1", "PS256", "es256", ""] {
            let told = jws(&of(alg), ES256_SIGNED).verify(&p256()).unwrap_err();
            assert_eq!(told.kind, Kind::BadSignatureAlgorithm, "{alg}");
        }
        assert!(jws(&of("ES384"), ES256_SIGNED).verify(&p256()).is_err());
        // HS256 with what everybody knows as the secret, as some libraries let through.
        let key = hmac::Key::new(hmac::HMAC_SHA256, p256().canonical().as_bytes());
        let signed = format!("{}.{SAID}", of("HS256"));
        let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
        assert!(jws(&of("HS256"), &tag).verify(&p256()).is_err());
    }

    /// covers: T1.2, T-8
    #[test]
    fn what_is_not_a_flattened_jws_is_refused() {
        let good = json!({ "protected": "eyJhbGciOiJFUzI1NiJ9", "payload": "", "signature": "" });
        assert!(Jws::read(good.to_string().as_bytes()).is_ok());
        let with = |key: &str, value: Value| {
            let mut other = good.clone();
            other[key] = value;
            other.to_string()
        };
        let critical = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","crit":["b64"],"b64":false}"#);
        for bad in [
            with("header", json!({ "kid": "a" })),
            with("signatures", json!([])),
            with("payload", json!("a b")),
            with("payload", json!("QQ==")),
            with("payload", json!(7)),
            with("protected", json!("e30")),
            with("protected", json!(critical)),
            good.to_string().replace('}', r#","payload":""}"#),
            "[]".to_owned(),
            String::new(),
        ] {
            assert_eq!(Jws::read(bad.as_bytes()).unwrap_err().kind, Kind::Malformed, "{bad}");
        }
    }
}
