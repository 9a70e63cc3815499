//! One line of the log: its seal, a space, and JSON.

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};

use crate::{Reason, Serial};

/// Octets of a seal: HMAC-SHA-256, cut to 128 bits.
const SEAL: usize = 16;
/// Hexadecimal digits of a seal.
pub(crate) const DIGITS: usize = 2 * SEAL;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum What {
    /// A certificate is about to be signed.
    Intend,
    /// It was signed.
    Issue,
    /// It opens nothing any more.
    Revoke,
    /// It opens nothing for now.
    Suspend,
    /// It opens again what its owner may.
    Resume,
    /// Numbers of revocation lists below this one may be in use.
    Number,
}

/// What is known of a certificate before it is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ordered {
    pub(crate) profile: String,
    pub(crate) subject: String,
    pub(crate) names: String,
    /// Microseconds since 1970.
    pub(crate) from: i64,
    pub(crate) until: i64,
}

/// What is to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) what: What,
    /// Microseconds since 1970.
    pub(crate) at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) serial: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ordered: Option<Ordered>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<u64>,
}

impl Event {
    /// About a certificate.
    pub(crate) fn of(what: What, serial: Serial, at: i64) -> Self {
        let serial = Some(serial.to_string());
        Self { what, at, serial, reason: None, ordered: None, number: None }
    }

    /// With a reason.
    pub(crate) fn why(mut self, reason: Option<Reason>) -> Self {
        self.reason = reason.map(|reason| reason.code().to_owned());
        self
    }

    /// With what was ordered.
    pub(crate) fn ordered(mut self, ordered: Ordered) -> Self {
        self.ordered = Some(ordered);
        self
    }

    /// Numbers of lists below this one may be in use.
    pub(crate) fn number(number: u64, at: i64) -> Self {
        let number = Some(number);
        Self { what: What::Number, at, serial: None, reason: None, ordered: None, number }
    }

    /// Whether it may use the last of the space: everything that takes something away, what has
    /// begun, and what lists need.
    pub(crate) fn is_urgent(&self) -> bool {
        !matches!(self.what, What::Intend | What::Resume)
    }
}

/// An event in its place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    /// How many came before it.
    pub(crate) n: u64,
    /// The first line that went to the disk together with it.
    pub(crate) with: u64,
    /// The seal of the line before.
    pub(crate) after: String,
    #[serde(flatten)]
    pub(crate) event: Event,
}

impl Line {
    /// With its seal, the end of the line included; and the seal.
    pub(crate) fn sealed(&self, key: &hmac::Key) -> serde_json::Result<(String, String)> {
        let json = serde_json::to_string(self)?;
        let seal = hex::encode(&hmac::sign(key, json.as_bytes()).as_ref()[..SEAL]);
        Ok((format!("{seal} {json}\n"), seal))
    }

    /// A line without its end, if it was sealed with this key; and its seal.
    pub(crate) fn read(octets: &[u8], key: &hmac::Key) -> Option<(Self, String)> {
        let (seal, rest) = octets.split_at_checked(DIGITS)?;
        let json = rest.strip_prefix(b" ")?;
        let tag = hmac::sign(key, json);
        let mut known = [0; SEAL];
        hex::decode_to_slice(seal, &mut known).ok()?;
        aws_lc_rs::constant_time::verify_slices_are_equal(&tag.as_ref()[..SEAL], &known).ok()?;
        Some((serde_json::from_slice(json).ok()?, hex::encode(known)))
    }
}
