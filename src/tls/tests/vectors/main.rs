//! Client certificates made by others, shown to the hub's acceptor in real handshakes, whole suites
//! of them: NIST PKITS and the vectors of python-cryptography, which come with the package
//! `cryptography-vectors`; the certificates of OpenSSL, Botan (BSI, x509test, RSA-PSS), mbed TLS and
//! `GnuTLS`, which come with their sources. `scripts/setup.sh test` fetches them; `ETS_JUDGES` and
//! `ETS_SUITES` name other places. Without them the tests say so and judge nothing.

mod botan;
mod openssl;
mod pkits;
mod place;
mod strange;

use std::fs;
use std::path::{Path, PathBuf};

/// The vectors of python-cryptography, where they are.
fn vectors() -> Option<PathBuf> {
    let venv = place_of("ETS_JUDGES", "judges-venv");
    let versions = fs::read_dir(venv.join("lib")).into_iter().flatten().flatten();
    let mut found = versions
        .map(|version| version.path().join("site-packages/cryptography_vectors/x509"))
        .filter(|folder| folder.is_dir());
    let found = found.next();
    if found.is_none() {
        println!("skipped: no vectors below {}: run `scripts/setup.sh test`", venv.display());
    }
    found
}

/// A suite of scripts/suites.txt, where it is.
fn suite(name: &str) -> Option<PathBuf> {
    let folder = place_of("ETS_SUITES", "suites").join(name);
    if !folder.is_dir() {
        println!("skipped: no {}: run `scripts/setup.sh test`", folder.display());
        return None;
    }
    Some(folder)
}

fn place_of(variable: &str, usual: &str) -> PathBuf {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target").join(usual);
    std::env::var_os(variable).map_or_else(usual, PathBuf::from)
}

/// The files of a folder with this ending, or with any.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    let is_wanted =
        |path: &PathBuf| ending.is_empty() || path.extension().is_some_and(|end| end == ending);
    let mut paths: Vec<_> = paths.filter(|path| path.is_file() && is_wanted(path)).collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).expect("UTF-8")
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Compares what was judged otherwise with what is known to be, and says why.
#[track_caller]
fn compare(suite: &str, mut different: Vec<String>, known: &[(&str, &str)]) {
    for (name, why) in known {
        println!("{suite} {name}: judged otherwise: {why}");
    }
    let mut known: Vec<_> = known.iter().map(|(name, _)| *name).collect();
    known.sort_unstable();
    different.sort_unstable();
    assert_eq!(different, known, "{suite}: judged otherwise than it says");
}
