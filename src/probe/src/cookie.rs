//! What a stranger cannot guess: the engine's identifiers, its tag and the cookie of each probe.

use std::net::IpAddr;

use siphasher::sip::SipHasher24;

use crate::Error;
use crate::packet::{EchoId, Mark};

/// Echo identifiers of one engine; with 65,536 sequence numbers each they tell half a million
/// probes under way apart.
pub(crate) const IDS: u16 = 8;

/// How many probes can be under way at most.
pub(crate) const NUMBERS: u64 = IDS as u64 * 65_536;

/// Drawn anew by each engine.
#[derive(Clone)]
pub(crate) struct Secret {
    hasher: SipHasher24,
    /// Starts every payload; the kernel's filter drops replies without it.
    pub(crate) tag: u32,
    /// The first of the [`IDS`] identifiers; a multiple of [`IDS`].
    pub(crate) first_id: u16,
}

impl Secret {
    /// A fresh one.
    pub(crate) fn draw() -> Result<Self, Error> {
        let mut bytes = [0; 22];
        getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
        Ok(Self::from_bytes(bytes))
    }

    pub(crate) fn from_bytes(bytes: [u8; 22]) -> Self {
        let mut key = [0; 16];
        key.copy_from_slice(&bytes[..16]);
        Self {
            hasher: SipHasher24::new_with_key(&key),
            tag: u32::from_be_bytes([bytes[16], bytes[17], bytes[18], bytes[19]]),
            first_id: u16::from_be_bytes([bytes[20], bytes[21]]) & !(IDS - 1),
        }
    }

    /// The mark of probe `number` to `address`. An answer from another address does not verify.
    pub(crate) fn mark(&self, number: u64, address: IpAddr) -> Mark {
        let mut text = [0; 24];
        text[..8].copy_from_slice(&number.to_be_bytes());
        match address {
            IpAddr::V4(address) => text[8..12].copy_from_slice(&address.octets()),
            IpAddr::V6(address) => text[8..24].copy_from_slice(&address.octets()),
        }
        Mark { tag: self.tag, number, cookie: self.hasher.hash(&text) }
    }

    /// Identifier and sequence number of probe `number`.
    pub(crate) fn echo(&self, number: u64) -> EchoId {
        let place = number % NUMBERS;
        let id = u16::try_from(place >> 16).expect("below IDS");
        let seq = u16::try_from(place & 0xffff).expect("16 bits");
        EchoId { id: self.first_id | id, seq }
    }

    /// The probe's number modulo [`NUMBERS`]; `None` when the identifier is not ours.
    pub(crate) fn place(&self, echo: EchoId) -> Option<u64> {
        (echo.id & !(IDS - 1) == self.first_id)
            .then(|| u64::from(echo.id & (IDS - 1)) << 16 | u64::from(echo.seq))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(byte: u8) -> Secret {
        Secret::from_bytes([byte; 22])
    }

    /// covers: N3.1
    #[test]
    fn a_mark_depends_on_key_number_and_address() {
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let mark = secret(1).mark(7, address);
        assert_eq!(mark, secret(1).mark(7, address));
        assert_ne!(mark.cookie, secret(2).mark(7, address).cookie);
        assert_ne!(mark.cookie, secret(1).mark(8, address).cookie);
        assert_ne!(mark.cookie, secret(1).mark(7, "192.0.2.2".parse().unwrap()).cookie);
        assert_ne!(mark.cookie, secret(1).mark(7, "2001:db8::1".parse().unwrap()).cookie);
    }

    /// covers: N3.1
    #[test]
    fn identifier_and_sequence_number_lead_back_to_the_number() {
        let secret = secret(0xa7);
        for number in [0, 1, 65_535, 65_536, NUMBERS - 1, NUMBERS, 5 * NUMBERS + 70_000] {
            assert_eq!(secret.place(secret.echo(number)), Some(number % NUMBERS));
        }
        let stranger = EchoId { id: secret.first_id ^ 0x8000, seq: 1 };
        assert_eq!(secret.place(stranger), None);
    }
}
