//! The authority, judged by openssl, and its desk on both databases.

#![allow(clippy::unwrap_used, reason = "a test may end at once")]

mod crash;
mod desk;
mod judged;
mod status;
mod taken;
mod token;

use std::path::Path;
use std::process::{Command, Output};

use ets_ca::{Addresses, Authority, Files, Passphrase, Wanted};

pub(crate) const SECRET: &str = "correct horse";

pub(crate) const BASE: &str = "http://pki.ets.localhost:8480";

pub(crate) fn authority(dir: &Path) -> Authority {
    let (files, passphrase) = (Files::in_dir(dir), Passphrase::new(SECRET));
    let addresses = Addresses::new(BASE).unwrap();
    if !files.exist() {
        Authority::make(&files, "Region", &passphrase, Some(&addresses)).unwrap();
    }
    Authority::open(&files, &passphrase, Some(addresses)).unwrap()
}

pub(crate) fn wanted(profile: &str, subject: &str) -> Wanted {
    let subject = subject.parse().unwrap();
    Wanted { profile: profile.to_owned(), subject, names: Vec::new(), until: None }
}

/// Runs openssl.
#[track_caller]
pub(crate) fn openssl(args: &[&str]) -> Output {
    Command::new("openssl").args(args).output().expect("openssl starts")
}

/// What openssl said; it must have succeeded.
#[track_caller]
pub(crate) fn told(args: &[&str]) -> String {
    let output = openssl(args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "openssl {args:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned() + &said
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A key and a request for it, made by openssl.
pub(crate) fn request(dir: &Path, name: &str, key: &[&str], more: &[&str]) -> Vec<u8> {
    let (key_file, file) = (dir.join(format!("{name}.key")), dir.join(format!("{name}.csr")));
    told(&[&["genpkey", "-out", text(&key_file)], key].concat());
    let base = ["req", "-new", "-key", text(&key_file), "-out", text(&file), "-subj", "/CN=Me/O=X"];
    told(&[&base[..], more].concat());
    std::fs::read(file).unwrap()
}

pub(crate) const EC: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
