//! Certificates with broken, huge or strange contents: whatever the suites have of them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::place::{Outcome, Place, peak, read};
use crate::{suite, vectors};

/// The suites, their folders or files, and at least how many there are.
const SUITES: [(&str, &[&str], usize); 4] = [
    ("botan", &["src/tests/data/x509"], 1_000),
    ("gnutls", &["tests/certs-interesting", "tests/cert-tests/data", "fuzz"], 250),
    ("mbedtls", &["tests/data_files"], 400),
    ("openssl", &["test/certs"], 250),
];

/// covers: T-8 (certificates of python-cryptography, Botan, `GnuTLS`, mbed TLS and OpenSSL)
#[tokio::test]
async fn a_strange_certificate_lets_nobody_in() {
    let Some(folder) = vectors() else { return };
    let anchor = read(&folder.join("PKITS_data/certs/TrustAnchorRootCertificate.crt"));
    let place = Place::below(&anchor, Vec::new());
    // PKITS is a test of its own.
    let own =
        below(&folder).into_iter().filter(|path| !path.starts_with(folder.join("PKITS_data")));
    all_refused(&place, "cryptography-vectors", own.collect(), 200).await;
    for (name, parts, least) in SUITES {
        let Some(folder) = suite(name) else { continue };
        let files = parts.iter().flat_map(|part| below(&folder.join(part)));
        all_refused(&place, name, files.collect(), least).await;
    }
}

/// Shows each file as a chain: none lets anybody in, and memory stays what it was.
async fn all_refused(place: &Place, name: &str, files: Vec<PathBuf>, least: usize) {
    let (before, mut unproved, mut largest) = (peak(), 0, 0);
    for path in &files {
        let chain = read(path);
        largest = chain.iter().map(|one| one.len()).sum::<usize>().max(largest);
        match place.shown_by_another(chain).await {
            Outcome::LetIn => panic!("{}", path.display()),
            Outcome::Unproved => unproved += 1,
            Outcome::Refused(_) => {}
        }
    }
    let more = peak() - before;
    println!(
        "{name}: {} files, none lets anybody in, {unproved} of them good but for the key; the \
         largest {largest} bytes; memory at the most {more} MiB more",
        files.len()
    );
    assert!(files.len() >= least, "{name}: {}", files.len());
    assert!(more < 32, "{name}: {more} MiB");
}

/// All files below a folder, in order.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            all.extend(below(&path));
        } else {
            all.push(path);
        }
    }
    all.sort();
    all
}

/// covers: T-8 (the certificates of mbed TLS' tests, one for each fault of a parser)
#[tokio::test]
async fn a_certificate_with_each_single_fault_lets_nobody_in() {
    let Some(folder) = suite("mbedtls") else { return };
    let list = fs::read_to_string(folder.join("tests/suites/test_suite_x509parse.data"));
    let list = list.expect("it is there");
    let anchor = read(&folder.join("tests/data_files/test-ca2.crt"));
    let place = Place::below(&anchor[..1], Vec::new());
    let cases = list.lines().filter_map(|line| line.strip_prefix("x509parse_crt"));
    let (before, mut count) = (peak(), 0);
    for case in cases {
        let Some(hexadecimal) = case.split('"').nth(1) else { continue };
        let Ok(der) = hex::decode(hexadecimal) else { continue };
        let outcome = place.shown_by_another(vec![der.into()]).await;
        assert!(matches!(outcome, Outcome::Refused(_)), "{case}: {outcome:?}");
        count += 1;
    }
    println!("mbedtls: {count} faulty certificates, all refused; {} MiB more", peak() - before);
    assert!(count > 280, "{count}");
}
