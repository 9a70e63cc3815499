//! The DER values that the certificate builder does not write itself, and a reader of what
//! strangers send (X.690): definite, shortest lengths only, no copies.

/// `BOOLEAN` that is true, whole.
pub(crate) const TRUE: &[u8] = &[1, 1, 0xff];
/// `INTEGER`.
pub(crate) const INTEGER: u8 = 0x02;
/// `BIT STRING`.
pub(crate) const BITS: u8 = 0x03;
/// `OCTET STRING`.
pub(crate) const OCTETS: u8 = 0x04;
/// `OBJECT IDENTIFIER`.
pub(crate) const OID: u8 = 0x06;
/// `ENUMERATED`.
pub(crate) const ENUMERATED: u8 = 0x0a;
/// `SEQUENCE`.
pub(crate) const SEQUENCE: u8 = 0x30;
/// `GeneralName`: uniformResourceIdentifier (RFC 5280, section 4.2.1.6).
pub(crate) const URI: u8 = 0x86;

/// The tag `[number]` around values.
pub(crate) const fn around(number: u8) -> u8 {
    0xa0 | number
}

/// One value: tag, length, content (X.690).
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    head(&mut out, tag, content.len());
    out.extend_from_slice(content);
    out
}

/// Tag and length of a value whose content follows.
pub(crate) fn head(out: &mut Vec<u8>, tag: u8, length: usize) {
    out.push(tag);
    match length {
        0..=0x7f => out.push(length as u8),
        length => {
            let bytes = length.to_be_bytes();
            let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(0);
            out.push(0x80 | (bytes.len() - first) as u8);
            out.extend_from_slice(&bytes[first..]);
        }
    }
}

/// A number that is not negative.
pub(crate) fn integer(number: u64) -> Vec<u8> {
    positive(&number.to_be_bytes())
}

/// A number that is not negative, of big-endian octets.
pub(crate) fn positive(octets: &[u8]) -> Vec<u8> {
    let first = octets.iter().position(|octet| *octet != 0).unwrap_or(octets.len());
    let octets = &octets[first..];
    // The sign is a bit of its own, and nought has an octet.
    let sign: &[u8] = if octets.first().is_none_or(|octet| *octet >= 0x80) { &[0] } else { &[] };
    tlv(INTEGER, &[sign, octets].concat())
}

/// A bit string of whole octets.
pub(crate) fn bits(octets: &[u8]) -> Vec<u8> {
    tlv(BITS, &[&[0], octets].concat())
}

/// A moment as CRLs have it: two digits of the year before 2050, four from then on (RFC 5280,
/// section 4.1.2.5).
pub(crate) fn moment(seconds: i64) -> Vec<u8> {
    let at = jiff_of(seconds);
    let text = if (1950..2050).contains(&at.year()) {
        return tlv(0x17, &digits(at, false));
    } else {
        digits(at, true)
    };
    tlv(0x18, &text)
}

/// A moment as OCSP has it: four digits of the year (RFC 6960, section 4.2.2.1).
pub(crate) fn general_moment(seconds: i64) -> Vec<u8> {
    tlv(0x18, &digits(jiff_of(seconds), true))
}

fn jiff_of(seconds: i64) -> jiff::civil::DateTime {
    let at = jiff::Timestamp::from_second(seconds.max(0)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::tz::Offset::UTC.to_datetime(at)
}

fn digits(at: jiff::civil::DateTime, is_long: bool) -> Vec<u8> {
    let pair = |number: i8| [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
    let century = pair((at.year() / 100) as i8);
    let parts =
        [(at.year() % 100) as i8, at.month(), at.day(), at.hour(), at.minute(), at.second()];
    let mut out = Vec::with_capacity(15);
    if is_long {
        out.extend_from_slice(&century);
    }
    parts.iter().for_each(|part| out.extend_from_slice(&pair(*part)));
    out.push(b'Z');
    out
}

/// What is left to read of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

/// A value that was read: its tag, its content, and its octets as a whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Over these octets.
    pub(crate) fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// Whether everything was read.
    pub(crate) fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    /// The next value, whatever it is; none where it is broken or nothing is left.
    pub(crate) fn any(&mut self) -> Option<Read<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        // Tags above 30 and lengths without an end occur in nothing that we read.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                let is_shortest = bytes[0] != 0 && length >= 0x80;
                (is_shortest.then_some(length)?, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        let whole = &self.0[..self.0.len() - rest.len()];
        self.0 = rest;
        Some(Read { tag, content, whole })
    }

    /// The content of the next value, which has this tag.
    pub(crate) fn tagged(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.any().filter(|read| read.tag == tag).map(|read| read.content)
    }

    /// The content of the next value, where it has this tag; otherwise nothing is read.
    pub(crate) fn optional(&mut self, tag: u8) -> Option<Option<&'a [u8]>> {
        match self.0.first() {
            Some(next) if *next == tag => self.tagged(tag).map(Some),
            _ => Some(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T-5
    #[test]
    fn a_length_is_written_in_as_few_bytes_as_it_needs_and_read_back() {
        assert_eq!(tlv(URI, b"ab"), [0x86, 2, b'a', b'b']);
        assert_eq!(tlv(SEQUENCE, &[0; 127])[..2], [0x30, 127]);
        assert_eq!(tlv(SEQUENCE, &[0; 128])[..3], [0x30, 0x81, 128]);
        assert_eq!(tlv(SEQUENCE, &[0; 300])[..4], [0x30, 0x82, 1, 44]);
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let (content, mut both) = (vec![7; length], tlv(OCTETS, &vec![7; length]));
            let whole = both.clone();
            both.push(5);
            let mut reader = Reader::new(&both);
            let read = reader.any().unwrap();
            assert_eq!((read.tag, read.content, read.whole), (OCTETS, &content[..], &whole[..]));
            assert!(!reader.is_done());
        }
    }

    /// covers: T-8
    #[test]
    fn what_is_not_der_is_not_read() {
        for bad in [
            &[][..],
            &[0x30],
            &[0x30, 1],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x81, 1, 0],
            &[0x30, 0x82, 0, 200],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x85, 0, 0, 0, 0, 1, 0],
            &[0x1f, 1, 0],
        ] {
            assert!(Reader::new(bad).any().is_none(), "{bad:x?}");
        }
    }

    /// covers: T-5
    #[test]
    fn numbers_and_moments_are_written_as_the_standards_say() {
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(127), [2, 1, 127]);
        assert_eq!(integer(128), [2, 2, 0, 128]);
        assert_eq!(integer(0x0102_0304), [2, 4, 1, 2, 3, 4]);
        assert_eq!(moment(0)[2..], *b"700101000000Z");
        assert_eq!(moment(2_524_607_999)[2..], *b"491231235959Z");
        assert_eq!(moment(2_524_608_000)[2..], *b"20500101000000Z");
        assert_eq!(general_moment(951_782_400)[2..], *b"20000229000000Z");
    }
}
