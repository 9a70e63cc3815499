//! A key at rest in a file: PKCS#8, encrypted (RFC 5958, PBES2 with PBKDF2 and AES-256), readable
//! by openssl.

use std::fs::OpenOptions;
use std::io::Write;
use std::num::NonZeroU32;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2::{self, PBKDF2_HMAC_SHA256};
use pkcs8::der::zeroize::Zeroizing;
use pkcs8::pkcs5::pbes2::{EncryptionScheme, Parameters, Pbkdf2Prf};
use pkcs8::{EncryptedPrivateKeyInfo, LineEnding, SecretDocument};
use rcgen::KeyPair;

use super::Passphrase;
use crate::Error;

/// Rounds of PBKDF2 with HMAC-SHA-256: what OWASP recommends in 2023, a third of a second.
const ROUNDS: u32 = 600_000;

/// Writes a key, encrypted; an older file of that name is kept from being overwritten.
pub(crate) fn write(path: &Path, key: &KeyPair, passphrase: &Passphrase) -> Result<(), Error> {
    let der = Zeroizing::new(key.serialize_der());
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    getrandom::fill(&mut salt)?;
    getrandom::fill(&mut iv)?;
    let scheme = Parameters::pbkdf2_sha256_aes256cbc(ROUNDS, &salt, &iv)
        .map_err(|_| Error::Key("it cannot be encrypted"))?;
    let data = encrypted(&der, &scheme, passphrase).ok_or(Error::Key("it cannot be encrypted"))?;
    let sealed =
        EncryptedPrivateKeyInfo { encryption_algorithm: scheme.into(), encrypted_data: &data };
    let pem = SecretDocument::encode_msg(&sealed)
        .map_err(|_| Error::Key("it cannot be written as PEM"))?
        .to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF)
        .map_err(|_| Error::Key("it cannot be written as PEM"))?;
    let fail = |source| Error::File { path: path.to_owned(), source };
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(fail)?;
    let written = file.write_all(pem.as_bytes()).and_then(|()| file.sync_all());
    // A part of a key is none, and would stand in the way of another.
    written.inspect_err(|_| drop(std::fs::remove_file(path))).map_err(fail)
}

/// Reads a key back.
pub(crate) fn read(path: &Path, passphrase: &Passphrase) -> Result<KeyPair, Error> {
    let fail = |source| Error::File { path: path.to_owned(), source };
    let pem = Zeroizing::new(std::fs::read_to_string(path).map_err(fail)?);
    let locked = || Error::Locked { path: path.to_owned() };
    let (_, sealed) = SecretDocument::from_pem(&pem).map_err(|_| locked())?;
    let info = EncryptedPrivateKeyInfo::try_from(sealed.as_bytes()).map_err(|_| locked())?;
    let der = match info.encryption_algorithm.pbes2().and_then(|scheme| derived(scheme, passphrase))
    {
        Some((key, iv)) => decrypted(info.encrypted_data, key, iv).ok_or_else(locked)?,
        // A file that an operator brought may be of another kind.
        None => {
            let der = info.decrypt(&*passphrase.0).map_err(|_| locked())?;
            Zeroizing::new(der.as_bytes().to_vec())
        }
    };
    KeyPair::try_from(der.as_slice()).map_err(|_| locked())
}

/// What a passphrase gives under parameters of the kind that we write, and the first block; none
/// for other kinds. By the provider of TLS: the rounds are what takes time.
fn derived(
    scheme: &Parameters<'_>,
    passphrase: &Passphrase,
) -> Option<(UnboundCipherKey, [u8; 16])> {
    let EncryptionScheme::Aes256Cbc { iv } = scheme.encryption else { return None };
    let rounds = scheme.kdf.pbkdf2().filter(|kdf| kdf.prf == Pbkdf2Prf::HmacWithSha256)?;
    let mut key = Zeroizing::new([0; 32]);
    let count = NonZeroU32::new(rounds.iteration_count)?;
    pbkdf2::derive(PBKDF2_HMAC_SHA256, count, rounds.salt, &passphrase.0, key.as_mut());
    Some((UnboundCipherKey::new(&AES_256, key.as_ref()).ok()?, *iv))
}

fn encrypted(der: &[u8], scheme: &Parameters<'_>, passphrase: &Passphrase) -> Option<Vec<u8>> {
    let (key, iv) = derived(scheme, passphrase)?;
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).ok()?;
    let mut data = der.to_vec();
    let context = EncryptionContext::Iv128(FixedLength::from(iv));
    key.less_safe_encrypt(&mut data, context).ok()?;
    Some(data)
}

fn decrypted(data: &[u8], key: UnboundCipherKey, iv: [u8; 16]) -> Option<Zeroizing<Vec<u8>>> {
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
    let mut data = Zeroizing::new(data.to_vec());
    let context = DecryptionContext::Iv128(FixedLength::from(iv));
    let length = key.decrypt(&mut data, context).ok()?.len();
    data.truncate(length);
    Some(data)
}
