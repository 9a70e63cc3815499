//! Project Wycheproof: signatures that are wrong in ways in which verifiers have been wrong, given
//! to every algorithm by which a client's certificate or its owner's proof is verified.

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{AlgorithmIdentifier, SignatureVerificationAlgorithm, alg_id};
use wycheproof::{HashFunction, TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};
use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo};

/// Signatures by one key, with what is to be said of each.
struct Group {
    /// The key, with its algorithm (RFC 5280, section 4.1).
    key: Vec<u8>,
    /// By which algorithm; `None` for one that has no name in TLS.
    by: Option<AlgorithmIdentifier>,
    tests: Vec<Test>,
}

struct Test {
    name: String,
    message: Vec<u8>,
    signature: Vec<u8>,
    says: TestResult,
}

/// The groups of all sets of a kind.
macro_rules! groups {
    ($kind:ident, $by:expr) => {{
        let mut groups = Vec::new();
        for name in $kind::TestName::all() {
            let set = $kind::TestSet::load(name).expect("it can be read");
            for group in set.test_groups {
                let tests = group.tests.iter().map(|test| Test {
                    name: format!("{name:?} {}", test.tc_id),
                    message: test.msg.to_vec(),
                    signature: test.sig.to_vec(),
                    says: test.result,
                });
                let by = $by(&group);
                groups.push(Group { key: group.der.to_vec(), by, tests: tests.collect() });
            }
        }
        groups
    }};
}

fn all() -> Vec<Group> {
    use HashFunction::{Sha2_256, Sha2_384, Sha2_512};
    let by_ecdsa = |group: &ecdsa::TestGroup| match (&group.test_type, group.hash) {
        (ecdsa::TestGroupTypeId::Ecdsa, Sha2_256) => Some(alg_id::ECDSA_SHA256),
        (ecdsa::TestGroupTypeId::Ecdsa, Sha2_384) => Some(alg_id::ECDSA_SHA384),
        (ecdsa::TestGroupTypeId::Ecdsa, Sha2_512) => Some(alg_id::ECDSA_SHA512),
        _ => None,
    };
    let by_eddsa = |_: &eddsa::TestGroup| Some(alg_id::ED25519);
    let by_pkcs1 = |group: &rsa_pkcs1_verify::TestGroup| match group.hash {
        Sha2_256 => Some(alg_id::RSA_PKCS1_SHA256),
        Sha2_384 => Some(alg_id::RSA_PKCS1_SHA384),
        Sha2_512 => Some(alg_id::RSA_PKCS1_SHA512),
        _ => None,
    };
    // TLS has salts as long as the digest (RFC 8446, section 4.2.3).
    let by_pss = |group: &rsa_pss_verify::TestGroup| {
        let is_same = group.mgf_hash == Some(group.hash);
        match (is_same, group.hash, group.salt_size) {
            (true, Sha2_256, 32) => Some(alg_id::RSA_PSS_SHA256),
            (true, Sha2_384, 48) => Some(alg_id::RSA_PSS_SHA384),
            (true, Sha2_512, 64) => Some(alg_id::RSA_PSS_SHA512),
            _ => None,
        }
    };
    let mut all = groups!(ecdsa, by_ecdsa);
    all.extend(groups!(eddsa, by_eddsa));
    all.extend(groups!(rsa_pkcs1_verify, by_pkcs1));
    all.extend(groups!(rsa_pss_verify, by_pss));
    all
}

/// covers: T-5, T-8 (Wycheproof), T2.1
#[test]
fn no_signature_is_taken_that_is_wrong_and_none_refused_that_is_right() {
    let (mut count, mut skipped, mut different) = (0, 0, Vec::new());
    for group in all() {
        let (_, key) = SubjectPublicKeyInfo::from_der(&group.key).expect("a key");
        let Some(algorithm) = algorithm(&key, group.by) else {
            skipped += group.tests.len();
            continue;
        };
        for test in group.tests {
            let verified = algorithm.verify_signature(
                &key.subject_public_key.data,
                &test.message,
                &test.signature,
            );
            count += 1;
            match test.says {
                TestResult::Acceptable => {}
                says if verified.is_ok() == (says == TestResult::Valid) => {}
                says => different.push(format!("{}: {says:?}", test.name)),
            }
        }
    }
    println!(
        "Wycheproof: {count} signatures; {skipped} skipped: by algorithms that nobody may use here"
    );
    assert_eq!(different, [""; 0]);
    assert!(count > 5_000, "{count}");
}

/// What verifies signatures by this key, as the acceptor has it.
fn algorithm(
    key: &SubjectPublicKeyInfo<'_>,
    by: Option<AlgorithmIdentifier>,
) -> Option<&'static dyn SignatureVerificationAlgorithm> {
    let by = by?;
    let all = aws_lc_rs::default_provider().signature_verification_algorithms.all;
    // The key's own algorithm is the first that stands in it.
    let is_of_key = |id: &[u8]| key.raw.windows(id.len()).take(8).any(|part| part == id);
    all.iter()
        .copied()
        .find(|one| one.signature_alg_id() == by && is_of_key(one.public_key_alg_id().as_ref()))
}
