//! Keys of every kind, made here or by others, and what they sign.

use std::time::SystemTime;

use ets_ca::root::{Root, ask, take};
use ets_ca::{Authority, Error, Files, Passphrase, TokenError};
use rcgen::KeyPair;

use super::{Place, is_inside, softhsm};
use crate::{openssl, text, told, wanted};

/// Issues one certificate; openssl follows it to the root.
fn issue_and_verify(place: &Place, authority: &Authority) -> String {
    let key = KeyPair::generate().unwrap();
    let order = wanted("civil-servant", "O=Akimat,CN=One");
    let draft = authority.draft(&order, &key, SystemTime::now()).unwrap();
    let leaf = place.dir.join("leaf.pem");
    std::fs::write(&leaf, authority.sign(&draft).unwrap().pem()).unwrap();
    let files = place.files();
    let (root, issuing) = (text(&files.root), text(&files.issuing));
    told(&["verify", "-x509_strict", "-CAfile", root, "-untrusted", issuing, text(&leaf)]);
    told(&["x509", "-in", text(&leaf), "-noout", "-text"])
}

/// covers: T1.1
#[test]
fn a_first_start_makes_a_key_that_never_leaves_the_token_and_openssl_follows_what_it_signs() {
    if !is_inside(
        a_first_start_makes_a_key_that_never_leaves_the_token_and_openssl_follows_what_it_signs,
    ) {
        return;
    }
    let place = Place::new(softhsm().as_ref());
    place.make().unwrap();
    let listed = place.tool(&["--list-objects", "--type", "privkey"]);
    assert!(listed.contains("label:      issuing"), "{listed}");
    assert!(listed.contains("sensitive, always sensitive, never extractable, local"), "{listed}");
    for _ in 0..2 {
        let authority = place.open().unwrap();
        for _ in 0..20 {
            let seen = issue_and_verify(&place, &authority);
            assert!(seen.contains("ecdsa-with-SHA256"), "{seen}");
        }
    }
    assert!(!Files::in_dir(&place.dir.join("ca")).key.exists(), "no issuing key in a file");
    assert_eq!(place.tool(&["--list-objects", "--type", "privkey"]), listed, "it is made once");
}

/// covers: T1.1
#[test]
fn a_key_that_others_made_is_certified_by_the_root_and_signs() {
    if !is_inside(a_key_that_others_made_is_certified_by_the_root_and_signs) {
        return;
    }
    let mut place = Place::new(softhsm().as_ref());
    let far = Passphrase::new("of the root");
    let root = Root::make(&place.dir.join("root"), "Region", &far).unwrap();
    for (kind, algorithm) in [
        ("EC:prime256v1", "ecdsa-with-SHA256"),
        ("EC:secp384r1", "ecdsa-with-SHA384"),
        ("rsa:3072", "sha256WithRSAEncryption"),
    ] {
        place.token.key = kind.to_owned();
        drop(std::fs::remove_dir_all(place.dir.join("ca")));
        let id = format!("{:02x}", kind.len());
        place.tool(&["--keypairgen", "--key-type", kind, "--label", kind, "--id", &id]);
        let request = ask(&place.files(), "Region", place.keys()).unwrap();
        let csr = place.dir.join("csr");
        std::fs::write(&csr, &request).unwrap();
        told(&["req", "-in", text(&csr), "-verify", "-noout"]);
        let answer = place.dir.join("answer");
        root.certify(request.as_bytes(), "Region", (&place.addresses(), &[]), &answer).unwrap();
        take(&place.files(), place.keys(), &answer).unwrap();
        let seen = issue_and_verify(&place, &place.open().unwrap());
        assert!(seen.contains(algorithm), "{seen}");
    }
    place.token.key = "small".to_owned();
    place.tool(&["--keypairgen", "--key-type", "rsa:2048", "--label", "small", "--id", "77"]);
    drop(std::fs::remove_dir_all(place.dir.join("ca")));
    let small = ask(&place.files(), "Region", place.keys());
    assert!(matches!(small, Err(Error::Token(TokenError::Unfit { .. }))), "{small:?}");
}

/// covers: T1.1
#[test]
fn a_token_with_the_key_of_another_authority_is_refused_and_so_is_one_without() {
    if !is_inside(a_token_with_the_key_of_another_authority_is_refused_and_so_is_one_without) {
        return;
    }
    let mut place = Place::new(softhsm().as_ref());
    place.make().unwrap();
    place.another("another");
    let ours = std::mem::replace(&mut place.token.token, "another".to_owned());
    let refused = place.open();
    let none = matches!(refused, Err(Error::Token(TokenError::Keys { count: 0, .. })));
    assert!(none, "{refused:?}");
    place.tool(&[
        "--keypairgen",
        "--key-type",
        "EC:prime256v1",
        "--label",
        "issuing",
        "--id",
        "01",
    ]);
    let refused = place.open();
    assert!(matches!(refused, Err(Error::Token(TokenError::Other { .. }))), "{refused:?}");
    // A root's answer for that key is not taken for this one.
    let answer = place.dir.join("ca");
    let taken = take(&place.files(), place.keys(), &answer);
    assert!(matches!(taken, Err(Error::Token(TokenError::Other { .. }))), "{taken:?}");
    place.tool(&[
        "--keypairgen",
        "--key-type",
        "EC:prime256v1",
        "--label",
        "issuing",
        "--id",
        "02",
    ]);
    let refused = place.open();
    let two = matches!(refused, Err(Error::Token(TokenError::Keys { count: 2, .. })));
    assert!(two, "{refused:?}");
    place.token.token = ours;
    issue_and_verify(&place, &place.open().unwrap());
    let leaf = place.dir.join("leaf.pem");
    assert!(openssl(&["x509", "-in", text(&leaf), "-noout"]).status.success());
}
