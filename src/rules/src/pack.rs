//! Rights and policies as the database keeps them for ever: JSON, so that a later release reads
//! what an earlier one wrote, compressed (zlib, RFC 1950), once for each content.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

/// A packed value and the name under which it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packed {
    /// SHA-256 of the JSON, as hexadecimal digits.
    pub(crate) digest: String,
    pub(crate) body: Vec<u8>,
}

/// Packs a value. Equal values have equal digests.
pub(crate) fn pack<T: Serialize>(value: &T) -> Packed {
    let json = json(value);
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&json).expect("writing into memory cannot fail");
    let body = encoder.finish().expect("writing into memory cannot fail");
    Packed { digest: hex::encode(Sha256::digest(&json)), body }
}

/// The digest alone.
pub(crate) fn digest<T: Serialize>(value: &T) -> String {
    hex::encode(Sha256::digest(json(value)))
}

/// The value again; `None` when it cannot be understood.
pub(crate) fn unpack<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let mut json = Vec::new();
    ZlibDecoder::new(body).read_to_end(&mut json).ok()?;
    serde_json::from_slice(&json).ok()
}

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("the model's types have no keys that JSON does not know")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rights;

    #[test]
    fn what_was_packed_comes_back_and_what_is_damaged_does_not() {
        let mut rights = Rights::default();
        rights.limits.packets = 9;
        let packed = pack(&rights);
        assert_eq!(unpack::<Rights>(&packed.body), Some(rights.clone()));
        assert_eq!(packed.digest, digest(&rights));
        assert_ne!(packed.digest, digest(&Rights::default()));
        assert_eq!(unpack::<Rights>(&packed.body[..5]), None);
    }
}
