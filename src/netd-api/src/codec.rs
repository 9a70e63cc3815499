//! Frames: a little-endian `u32` length and that many bytes of postcard.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;

/// The longest frame, in bytes without its head.
pub const FRAME_LIMIT: usize = 16 << 20;

/// The longest first frame: a stranger cannot make us reserve memory.
pub const HELLO_LIMIT: usize = 256;

/// Bytes of a frame's head.
pub(crate) const HEAD: usize = 4;

/// `message` as a frame, ready to be written.
///
/// # Errors
/// [`Error::TooLong`] when it is longer than [`FRAME_LIMIT`].
pub fn frame<T: Serialize>(message: &T) -> Result<Vec<u8>, Error> {
    let mut bytes = postcard::to_extend(message, vec![0; HEAD])
        .map_err(|_| Error::Garbled { expected: "a message that can be encoded" })?;
    let length = bytes.len() - HEAD;
    match u32::try_from(length) {
        Ok(head) if length <= FRAME_LIMIT => bytes[..HEAD].copy_from_slice(&head.to_le_bytes()),
        _ => {
            return Err(Error::TooLong { length: length as u64, limit: FRAME_LIMIT });
        }
    }
    Ok(bytes)
}

/// The message in `body`, which must be used up by it.
///
/// # Errors
/// [`Error::Garbled`] when it is not exactly one message of that type; `expected` names it.
pub fn decode<T: DeserializeOwned>(body: &[u8], expected: &'static str) -> Result<T, Error> {
    match postcard::take_from_bytes(body) {
        Ok((message, [])) => Ok(message),
        _ => Err(Error::Garbled { expected }),
    }
}

/// The length that a frame's head states, if `buffer` holds a whole head.
///
/// # Errors
/// [`Error::TooLong`] when it is above `limit`.
pub(crate) fn stated_length(buffer: &[u8], limit: usize) -> Result<Option<usize>, Error> {
    let Some(head) = buffer.first_chunk::<HEAD>() else {
        return Ok(None);
    };
    let length = u64::from(u32::from_le_bytes(*head));
    match usize::try_from(length) {
        Ok(length) if length <= limit => Ok(Some(length)),
        _ => Err(Error::TooLong { length, limit }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Reply, Request};

    #[test]
    fn a_frame_states_its_length_and_decodes_to_itself() {
        let request = Request::Listener { name: "https".into() };
        let bytes = frame(&request).unwrap();
        let length = stated_length(&bytes, FRAME_LIMIT).unwrap().unwrap();
        assert_eq!(length, bytes.len() - HEAD);
        assert_eq!(decode::<Request>(&bytes[HEAD..], "a request").unwrap(), request);
    }

    #[test]
    fn a_frame_with_bytes_left_over_is_garbled() {
        let mut bytes = frame(&Reply::Refused("no".into())).unwrap();
        bytes.push(0);
        assert!(matches!(decode::<Reply>(&bytes[HEAD..], "a reply"), Err(Error::Garbled { .. })));
    }

    #[test]
    fn a_frame_above_the_limit_is_refused_by_its_head_alone() {
        let head = u32::MAX.to_le_bytes();
        assert!(matches!(stated_length(&head, FRAME_LIMIT), Err(Error::TooLong { .. })));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_decode_or_are_refused_but_never_panic(bytes: Vec<u8>) {
            let _ = decode::<Request>(&bytes, "a request");
            let _ = decode::<Reply>(&bytes, "a reply");
        }
    }
}
