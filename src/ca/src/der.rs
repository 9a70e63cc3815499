//! The few DER values that the certificate builder does not write itself (X.690).

/// `SEQUENCE`.
pub(crate) const SEQUENCE: u8 = 0x30;
/// `OBJECT IDENTIFIER`.
pub(crate) const OID: u8 = 0x06;
/// `GeneralName`: uniformResourceIdentifier (RFC 5280, section 4.2.1.6).
pub(crate) const URI: u8 = 0x86;

/// One value: tag, length, content.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        length @ 0..0x80 => out.push(length as u8),
        length => {
            let bytes = length.to_be_bytes();
            let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(0);
            out.push(0x80 | (bytes.len() - first) as u8);
            out.extend_from_slice(&bytes[first..]);
        }
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_written_in_as_few_bytes_as_it_needs() {
        assert_eq!(tlv(URI, b"ab"), [0x86, 2, b'a', b'b']);
        assert_eq!(tlv(SEQUENCE, &[0; 127])[..2], [0x30, 127]);
        assert_eq!(tlv(SEQUENCE, &[0; 128])[..3], [0x30, 0x81, 128]);
        assert_eq!(tlv(SEQUENCE, &[0; 300])[..4], [0x30, 0x82, 1, 44]);
    }
}
