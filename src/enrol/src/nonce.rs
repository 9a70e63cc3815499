//! Nonces against replay (RFC 8555, section 6.5): a number with a seal. What was used is one bit
//! in a ring, so that memory is bounded and no clock is asked.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::Error;
use crate::enrol::draw;

/// So many of the newest nonces can be used: 128 KiB of bits. Who waits for longer than a million
/// others is told to come with a newer one.
const WINDOW: u64 = 1 << 20;
/// Octets of the seal that are sent along.
const SEAL: usize = 16;

/// The nonces of this process. After a restart none of the old ones is known: clients get
/// badNonce with a new one, and try again by themselves.
pub(crate) struct Nonces {
    key: hmac::Key,
    ring: Mutex<Ring>,
}

struct Ring {
    next: u64,
    used: Vec<u64>,
}

impl Nonces {
    pub(crate) fn new() -> Result<Self, Error> {
        let secret = draw::<32>()?;
        let used = vec![0; usize::try_from(WINDOW / 64).unwrap_or(0)];
        let ring = Mutex::new(Ring { next: 0, used });
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, &secret), ring })
    }

    /// A new one.
    pub(crate) fn draw(&self) -> String {
        let number = {
            let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
            let number = ring.next;
            ring.next += 1;
            ring.mark(number, false);
            number.to_be_bytes()
        };
        let seal = hmac::sign(&self.key, &number);
        URL_SAFE_NO_PAD.encode([&number[..], &seal.as_ref()[..SEAL]].concat())
    }

    /// Whether it is one of ours, not too old, and used for the first time.
    pub(crate) fn take(&self, nonce: &str) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(nonce) else { return false };
        let Some((number, seal)) = bytes.split_first_chunk::<8>() else { return false };
        let ours = hmac::sign(&self.key, number);
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(&ours.as_ref()[..SEAL], seal);
        if same.is_err() {
            return false;
        }
        let number = u64::from_be_bytes(*number);
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = ring.next.saturating_sub(number) <= WINDOW && !ring.is_marked(number);
        if is_fresh {
            ring.mark(number, true);
        }
        is_fresh
    }
}

impl Ring {
    fn place(number: u64) -> (usize, u64) {
        let bit = number % WINDOW;
        (usize::try_from(bit / 64).unwrap_or(0), 1 << (bit % 64))
    }

    fn is_marked(&self, number: u64) -> bool {
        let (word, bit) = Self::place(number);
        self.used[word] & bit != 0
    }

    fn mark(&mut self, number: u64, used: bool) {
        let (word, bit) = Self::place(number);
        if used {
            self.used[word] |= bit;
        } else {
            self.used[word] &= !bit;
        }
    }
}

impl std::fmt::Debug for Nonces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nonces")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T1.2, T-8
    #[test]
    fn a_nonce_is_used_once_and_only_where_it_was_made() {
        let (nonces, others) = (Nonces::new().unwrap(), Nonces::new().unwrap());
        let (first, second) = (nonces.draw(), nonces.draw());
        assert!(nonces.take(&second) && nonces.take(&first));
        assert!(!nonces.take(&first) && !nonces.take(&second));
        assert!(!nonces.take(&others.draw()));
        for bad in ["", "AAAA", "!", &"A".repeat(32), &nonces.draw()[1..]] {
            assert!(!nonces.take(bad), "{bad}");
        }
    }

    /// covers: T1.2, T-8
    #[test]
    fn a_nonce_that_is_too_old_does_not_come_back_as_a_fresh_one() {
        let nonces = Nonces::new().unwrap();
        let (used, old) = (nonces.draw(), nonces.draw());
        assert!(nonces.take(&used));
        for _ in 0..WINDOW {
            nonces.ring.lock().unwrap().next += 1;
        }
        let fresh = nonces.draw();
        assert!(!nonces.take(&used) && !nonces.take(&old));
        assert!(nonces.take(&fresh));
    }
}
