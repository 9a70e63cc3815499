//! What is signed, judged by openssl: chains, extensions, what is not copied from a request.

use std::time::SystemTime;

use ets_ca::{Authority, Files, Passphrase};
use rcgen::KeyPair;

use crate::{BASE, SECRET, authority, openssl, text, told, wanted};

/// covers: T1.1, T1.2
#[test]
fn openssl_verifies_the_chain_for_its_purpose_and_for_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let (authority, files) = (authority(dir.path()), Files::in_dir(dir.path()));
    for (profile, good, bad) in [
        ("civil-servant", "sslclient", "sslserver"),
        ("server", "sslserver", "sslclient"),
        ("router", "sslserver", "crlsign"),
        ("ocsp", "ocsphelper", "sslclient"),
    ] {
        let mut wanted = wanted(profile, "O=Akimat,CN=One");
        if ["server", "router"].contains(&profile) {
            wanted.names = vec!["mail.ets.localhost".to_owned(), "10.10.7.1".to_owned()];
        }
        let key = KeyPair::generate().unwrap();
        let draft = authority.draft(&wanted, &key, SystemTime::now()).unwrap();
        let certificate = authority.sign(&draft).unwrap();
        let leaf = dir.path().join(format!("{profile}.pem"));
        std::fs::write(&leaf, certificate.pem()).unwrap();
        let (root, issuing, leaf) = (text(&files.root), text(&files.issuing), text(&leaf));
        let verify = |purpose| {
            [
                "verify",
                "-x509_strict",
                "-purpose",
                purpose,
                "-CAfile",
                root,
                "-untrusted",
                issuing,
                leaf,
            ]
        };
        told(&verify(good));
        assert!(!openssl(&verify(bad)).status.success(), "{profile} for {bad}");
        let seen = told(&["x509", "-in", leaf, "-noout", "-text", "-nameopt", "RFC2253"]);
        assert!(seen.contains("Subject: CN=One,O=Akimat"), "{seen}");
        assert!(seen.contains("CA:FALSE"), "{seen}");
        let list = format!("URI:{BASE}/crl/{:03}.crl", draft.serial.shard());
        let asked = seen.contains(&format!("OCSP - URI:{BASE}/ocsp"))
            && seen.contains(&format!("CA Issuers - URI:{BASE}/issuing.cer"))
            && seen.contains(&list);
        assert_eq!(asked, profile != "ocsp", "{seen}");
        assert_eq!(seen.contains("OCSP No Check"), profile == "ocsp", "{seen}");
        let serial = told(&["x509", "-in", leaf, "-noout", "-serial"]);
        assert_eq!(
            serial.trim().trim_start_matches("serial=").to_lowercase(),
            draft.serial.to_string()
        );
    }
}

/// covers: T1.1
#[test]
fn the_issuing_key_is_encrypted_and_opens_by_its_passphrase_alone() {
    let dir = tempfile::tempdir().unwrap();
    authority(dir.path());
    let files = Files::in_dir(dir.path());
    let pem = std::fs::read_to_string(&files.key).unwrap();
    assert!(pem.contains("BEGIN ENCRYPTED PRIVATE KEY"), "{pem}");
    let open = |secret: &str| {
        openssl(&["pkey", "-in", text(&files.key), "-passin", &format!("pass:{secret}"), "-noout"])
    };
    assert!(open(SECRET).status.success(), "openssl reads it");
    assert!(!open("wrong").status.success());
    let wrong = Authority::open(&files, &Passphrase::new("wrong"), None);
    assert!(wrong.unwrap_err().to_string().contains("passphrase"));
    let again = Authority::make(&files, "Region", &Passphrase::new(SECRET), None);
    assert!(again.is_err(), "a key that is there is not overwritten");
    let other = tempfile::tempdir().unwrap();
    authority(other.path());
    std::fs::copy(Files::in_dir(other.path()).issuing, &files.issuing).unwrap();
    let mixed = Authority::open(&files, &Passphrase::new(SECRET), None);
    assert!(mixed.unwrap_err().to_string().contains("do not belong together"));
}
