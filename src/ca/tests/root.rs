//! A root on a machine of its own, judged by openssl.

#![allow(clippy::unwrap_used, reason = "a test may end at once")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::SystemTime;

use ets_ca::root::{Root, ask, take};
use ets_ca::{Addresses, Authority, Error, Files, Passphrase, Wanted};

fn openssl(args: &[&str]) -> Output {
    Command::new("openssl").args(args).output().expect("openssl starts")
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

struct Place {
    root: tempfile::TempDir,
    hub: tempfile::TempDir,
    out: tempfile::TempDir,
}

/// Certifies the hub's authority for these names.
fn place(names: &[&str]) -> (Place, Authority) {
    let dir = || tempfile::tempdir().unwrap();
    let place = Place { root: dir(), hub: dir(), out: dir() };
    let (far, here) = (Passphrase::new("of the root"), Passphrase::new("of the hub"));
    let addresses = Addresses::new("http://pki.ets.localhost:8480").unwrap();
    let files = Files::in_dir(place.hub.path());
    let request = ask(&files, "Region", &here).unwrap();
    let root = Root::make(place.root.path(), "Region", &far).unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let where_and_what = (&addresses, names.as_slice());
    root.certify(request.as_bytes(), "Region", where_and_what, place.out.path()).unwrap();
    take(&files, &here, place.out.path()).unwrap();
    let authority = Authority::open(&files, &here, Some(addresses)).unwrap();
    (place, authority)
}

fn server(authority: &Authority, place: &Place, name: &str) -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let wanted = Wanted {
        profile: "server".to_owned(),
        subject: "CN=Mail,O=Archive".parse().unwrap(),
        names: vec![name.to_owned()],
        until: None,
    };
    let draft = authority.draft(&wanted, &key, SystemTime::now()).unwrap();
    let file = place.out.path().join(format!("{name}.pem"));
    std::fs::write(&file, authority.sign(&draft).unwrap().pem()).unwrap();
    text(&file).to_owned()
}

/// covers: T1.1, T-5
#[test]
fn what_the_root_certified_signs_and_openssl_follows_the_chain() {
    let (place, authority) = place(&[]);
    let leaf = server(&authority, &place, "mail.region.example");
    let files = Files::in_dir(place.hub.path());
    let list = place.out.path().join("root.crl.pem");
    let der = files.root_list();
    let args = ["crl", "-inform", "DER", "-in", text(&der), "-out", text(&list)];
    assert!(openssl(&args).status.success());
    let args = [
        "verify",
        "-x509_strict",
        "-CAfile",
        text(&files.root),
        "-untrusted",
        text(&files.issuing),
    ];
    let told = openssl(&[&args[..], &[&leaf]].concat());
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let checked = ["verify", "-crl_check", "-CAfile", text(&files.root), "-CRLfile", text(&list)];
    let told = openssl(&[&checked[..], &[text(&files.issuing)]].concat());
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    assert!(!place.hub.path().join("root.key").exists(), "the root's key stays where it is");
}

/// covers: T1.1, T-5
#[test]
fn a_certificate_that_leaves_the_names_of_its_authority_is_refused_by_openssl() {
    let (place, authority) = place(&["region.example", "10.0.0.0/8"]);
    let files = Files::in_dir(place.hub.path());
    let verify = |leaf: &str| {
        let (root, issuing) = (text(&files.root), text(&files.issuing));
        openssl(&["verify", "-CAfile", root, "-untrusted", issuing, leaf]).status.success()
    };
    assert!(verify(&server(&authority, &place, "mail.region.example")));
    assert!(verify(&server(&authority, &place, "10.10.1.5")));
    assert!(!verify(&server(&authority, &place, "mail.elsewhere.example")));
    assert!(!verify(&server(&authority, &place, "192.0.2.5")));
}

/// covers: T1.1
#[test]
fn an_answer_to_another_key_is_not_taken_and_changes_nothing() {
    let (place, _) = place(&[]);
    let other = tempfile::tempdir().unwrap();
    let (files, here) = (Files::in_dir(other.path()), Passphrase::new("of another"));
    ask(&files, "Region", &here).unwrap();
    let taken = take(&files, &here, place.out.path());
    assert!(matches!(taken, Err(Error::Mismatch)), "{taken:?}");
    assert!(!files.issuing.exists() && !files.root.exists());
    let locked = Root::open(place.root.path(), &Passphrase::new("guessed"));
    assert!(matches!(locked, Err(Error::Locked { .. })), "{locked:?}");
}
