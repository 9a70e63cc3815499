//! The cryptography: aws-lc-rs, with the key exchange that a later quantum computer does not open
//! first in line.

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, kx_group};

/// X25519 with ML-KEM-768 where the client offers it (draft-ietf-tls-ecdhe-mlkem), else as rustls
/// has them.
pub(crate) fn provider() -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups.retain(|group| group.name() != kx_group::X25519MLKEM768.name());
    provider.kx_groups.insert(0, kx_group::X25519MLKEM768);
    provider
}
