//! The photograph of a site: one small picture a segment.

use sha2::{Digest, Sha256};

use crate::{Fault, Rule};

/// The largest picture that is taken, in bytes.
pub const PHOTO_LIMIT: usize = 512 * 1024;

/// The kinds of picture that are taken, told by their first bytes and never by a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhotoKind {
    /// JPEG (ITU-T T.81).
    Jpeg,
    /// PNG (ISO 15948).
    Png,
    /// WebP (RFC 9649).
    Webp,
}

/// A picture of a segment's site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Photo {
    /// What it is.
    pub kind: PhotoKind,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl PhotoKind {
    /// The kind of these bytes.
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            _ => None,
        }
    }

    /// The ending of a file's name.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }
}

impl Photo {
    /// Takes a picture if it is one.
    ///
    /// # Errors
    /// When it is larger than [`PHOTO_LIMIT`] or of another kind.
    pub fn new(bytes: Vec<u8>) -> Result<Self, Fault> {
        let refuse = |rule| {
            Err(Fault {
                line: None,
                column: None,
                field: None,
                value: String::new(),
                rule: Box::new(rule),
            })
        };
        if bytes.len() > PHOTO_LIMIT {
            return refuse(Rule::PhotoSize { bytes: bytes.len(), limit: PHOTO_LIMIT });
        }
        match PhotoKind::sniff(&bytes) {
            Some(kind) => Ok(Self { kind, bytes }),
            None => refuse(Rule::PhotoKind {}),
        }
    }

    /// The SHA-256 of the bytes, for the journal and for caches.
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(&self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_bytes() {
        assert_eq!(PhotoKind::sniff(b"\x89PNG\r\n\x1a\n..."), Some(PhotoKind::Png));
        assert_eq!(PhotoKind::sniff(b"RIFF\0\0\0\0WEBPVP8 "), Some(PhotoKind::Webp));
        assert_eq!(PhotoKind::sniff(&[0xff, 0xd8, 0xff, 0xe0]), Some(PhotoKind::Jpeg));
        assert_eq!(PhotoKind::sniff(b"<svg onload=..."), None);
        assert_eq!(Photo::new(b"GIF89a".to_vec()).unwrap_err().code(), "photo_kind");
        assert_eq!(Photo::new(vec![0; PHOTO_LIMIT + 1]).unwrap_err().code(), "photo_size");
    }
}
