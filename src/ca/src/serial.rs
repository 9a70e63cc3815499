//! Serial numbers: 127 random bits, so that no two are alike and none can be guessed.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};

use crate::build::SHARDS;

/// A serial number: positive, 16 octets (RFC 5280, section 4.1.2.2, allows 20).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Serial([u8; 16]);

impl Serial {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn draw() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        // Positive without a further octet, and never nought.
        bytes[0] = bytes[0] & 0x7f | 0x40;
        Ok(Self(bytes))
    }

    /// The number with these octets, if it is one of ours.
    pub(crate) fn read(octets: &[u8]) -> Option<Self> {
        octets.try_into().ok().map(Self)
    }

    /// The revocation list that it stands in, once it is revoked: a function of the number alone,
    /// because it is written into the certificate.
    pub fn shard(&self) -> usize {
        let digest = digest(&SHA256, &self.0);
        usize::from(digest.as_ref()[0]) % SHARDS
    }

    /// Its octets, big-endian.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A text is no serial number of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a serial number has 32 hexadecimal digits")]
pub struct NoSerial;

impl FromStr for Serial {
    type Err = NoSerial;

    /// Also as openssl writes it: capital letters, colons between octets.
    fn from_str(text: &str) -> Result<Self, NoSerial> {
        let digits: String = text.chars().filter(|char| *char != ':').collect();
        let mut bytes = [0; 16];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| NoSerial)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T1.2
    #[test]
    fn a_serial_is_positive_and_read_as_openssl_writes_it() {
        for _ in 0..1_000 {
            let serial = Serial::draw().unwrap();
            assert!((0x40..0x80).contains(&serial.bytes()[0]));
            assert_eq!(serial.to_string().parse(), Ok(serial));
            let colons: Vec<String> =
                serial.bytes().iter().map(|byte| format!("{byte:02X}")).collect();
            assert_eq!(colons.join(":").parse(), Ok(serial));
        }
        for bad in
            ["", "12", "zz345678901234567890123456789012", "+1345678901234567890123456789012"]
        {
            assert_eq!(bad.parse::<Serial>(), Err(NoSerial), "{bad}");
        }
    }
}
