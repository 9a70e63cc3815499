//! How a token signs with a key of each kind, and how what it gives becomes what others verify.
//!
//! The message is digested here, so that a list of a million entries does not travel to the token.

use aws_lc_rs::digest::{Algorithm, SHA256, SHA384, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};
use cryptoki::mechanism::Mechanism;
use rcgen::{
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, PublicKeyData,
    SubjectPublicKeyInfo,
};

use crate::der::{SEQUENCE, positive, tlv};

/// What stands before a digest by SHA-256 in a signature of PKCS #1 (RFC 8017, section 9.2, note 1).
const DIGEST_INFO: &[u8] =
    b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";

/// The kinds of keys that an issuing authority has on a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    P256,
    P384,
    Rsa,
}

impl Scheme {
    /// Of a public key; none for kinds that are not used on a token.
    pub(super) fn of(public: &SubjectPublicKeyInfo) -> Option<Self> {
        let known = [
            (&PKCS_ECDSA_P256_SHA256, Self::P256),
            (&PKCS_ECDSA_P384_SHA384, Self::P384),
            (&PKCS_RSA_SHA256, Self::Rsa),
        ];
        known.into_iter().find(|(one, _)| *one == public.algorithm()).map(|(_, scheme)| scheme)
    }

    /// The mechanism that signs what [`Scheme::input`] gives.
    pub(super) fn mechanism(self) -> Mechanism<'static> {
        match self {
            Self::P256 | Self::P384 => Mechanism::Ecdsa,
            Self::Rsa => Mechanism::RsaPkcs,
        }
    }

    /// What of a message goes to the token.
    pub(super) fn input(self, message: &[u8]) -> Vec<u8> {
        let by: &Algorithm = if self == Self::P384 { &SHA384 } else { &SHA256 };
        let digest = digest(by, message);
        let before: &[u8] = if self == Self::Rsa { DIGEST_INFO } else { &[] };
        [before, digest.as_ref()].concat()
    }

    /// A token's signature as certificates have it, seen to be right; none where it is not.
    /// ECDSA comes as two numbers of equal length (PKCS #11, `CKM_ECDSA`) and is written as a
    /// sequence of them (RFC 3279, section 2.2.3).
    pub(super) fn signature(
        self,
        raw: &[u8],
        message: &[u8],
        public: &SubjectPublicKeyInfo,
    ) -> Option<Vec<u8>> {
        let signature = match self {
            Self::Rsa => raw.to_vec(),
            Self::P256 | Self::P384 => {
                let (r, s) = raw.split_at_checked(raw.len() / 2)?;
                tlv(SEQUENCE, &[positive(r), positive(s)].concat())
            }
        };
        let by: &'static dyn VerificationAlgorithm = match self {
            Self::P256 => &ECDSA_P256_SHA256_ASN1,
            Self::P384 => &ECDSA_P384_SHA384_ASN1,
            Self::Rsa => &RSA_PKCS1_2048_8192_SHA256,
        };
        let key = UnparsedPublicKey::new(by, public.der_bytes());
        key.verify(message, &signature).is_ok().then_some(signature)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use rcgen::SigningKey;

    use super::*;

    /// covers: T1.1
    #[test]
    fn two_numbers_become_a_sequence_and_what_is_not_of_the_key_is_none() {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &aws_lc_rs::rand::SystemRandom::new(),
        );
        let pkcs8 = pkcs8.unwrap();
        let raw = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref());
        let raw = raw.unwrap();
        let same = rcgen::KeyPair::try_from(pkcs8.as_ref()).unwrap();
        let public = SubjectPublicKeyInfo::from_der(&same.subject_public_key_info()).unwrap();
        assert_eq!(raw.public_key().as_ref(), public.der_bytes());
        let scheme = Scheme::of(&public).unwrap();
        // Among so many some begin with noughts, and half of the numbers with a bit that is set.
        for round in 0..1_000_u32 {
            let message = round.to_be_bytes();
            let two = raw.sign(&aws_lc_rs::rand::SystemRandom::new(), &message).unwrap();
            assert!(scheme.signature(two.as_ref(), &message, &public).is_some(), "{round}");
            let mut broken = two.as_ref().to_vec();
            broken[usize::try_from(round).unwrap() % 64] ^= 1;
            assert!(scheme.signature(&broken, &message, &public).is_none());
        }
        let der = same.sign(b"message").unwrap();
        assert!(scheme.signature(&der, b"message", &public).is_none(), "it is no pair of numbers");
        assert!(scheme.signature(&[], b"message", &public).is_none());
    }

    /// covers: T1.1
    #[test]
    fn numbers_are_written_shortest_and_never_negative() {
        assert_eq!(positive(&[0, 0, 1]), [2, 1, 1]);
        assert_eq!(positive(&[0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(positive(&[0x7f, 0xff]), [2, 2, 0x7f, 0xff]);
        assert_eq!(positive(&[0, 0]), [2, 1, 0]);
    }
}
