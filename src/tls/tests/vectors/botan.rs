//! Suites that Botan keeps: the BSI's of certification paths, x509test, RSA-PSS. They come without
//! keys, so that a good chain is one of which only the proof is missing; and with a day of their
//! own, to which libfaketime puts the clock.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ets_tls::CertId;
use x509_parser::pem::Pem;
use x509_parser::prelude::{CertificateRevocationList, FromDer};

use crate::place::{Outcome, Place, read};
use crate::{compare, files, suite};

/// Why chains are judged otherwise.
const LISTS: &str = "no list is asked: who is not in the set stands, whatever is wrong with a list";
const CHAIN: &str =
    "the set is asked about the leaf; a revoked authority is taken off what is trusted";
const SELF: &str = "webpki refuses a critical extension of the authority's certificate for itself";
const USAGE: &str = "webpki does not read key usages; those that our authorities sign are right";
const NAMES: &str = "webpki does not read constraints of names that stand in a leaf";
const SHA1: &str = "nobody signs by SHA-1 any more";
const SPELLING: &str =
    "webpki knows RSA-PSS by SHA-2 with a salt as long as the digest, and in one spelling";
const PURPOSE: &str = "it is for another purpose than coming in";

const BSI: &[(&str, &str)] = &[
    ("cert_path_CRL_01", LISTS),
    ("cert_path_CRL_03", CHAIN),
    ("cert_path_CRL_04", LISTS),
    ("cert_path_CRL_06", LISTS),
    ("cert_path_CRL_08", LISTS),
    ("cert_path_CRL_09", LISTS),
    ("cert_path_CRL_12", LISTS),
    ("cert_path_CRL_13", LISTS),
    ("cert_path_CRL_14", LISTS),
    ("cert_path_CRL_15", LISTS),
    ("cert_path_CRL_16", CHAIN),
    ("cert_path_common_13", SELF),
    ("cert_path_ext_10", USAGE),
    ("cert_path_ext_11", USAGE),
    ("cert_path_ext_15", NAMES),
];
const TEST: &[(&str, &str)] = &[
    ("ValidAltName.pem", SHA1),
    ("ValidCert.pem", SHA1),
    ("ValidChained.pem", SHA1),
    ("ValidIntCALen.pem", SHA1),
    ("ValidNameConstraint.pem", SHA1),
    ("ValidWildcard.pem", SHA1),
];
const PSS: &[(&str, &str)] = &[
    ("01", SPELLING),
    ("02", SPELLING),
    ("04", PURPOSE),
    ("100", SPELLING),
    ("101", SPELLING),
    ("102", SPELLING),
    ("103", SPELLING),
    ("104", SPELLING),
    ("105", SPELLING),
    ("106", SPELLING),
    ("108", SPELLING),
    ("110", SPELLING),
    ("111", SPELLING),
    ("112", SPELLING),
    ("113", SPELLING),
    ("16", SPELLING),
    ("17", SPELLING),
    ("18", SPELLING),
    ("19", SPELLING),
    ("20", SPELLING),
    ("26", SPELLING),
    ("27", SPELLING),
    ("28", SPELLING),
    ("29", SPELLING),
    ("30", SPELLING),
    ("56", SPELLING),
    ("57", SPELLING),
    ("58", SPELLING),
    ("59", SPELLING),
    ("60", SPELLING),
    ("71", SPELLING),
    ("72", SPELLING),
    ("73", SPELLING),
    ("74", SPELLING),
    ("75", SPELLING),
];
/// The years of the certificates signed by RSA-PSS.
const YEARS: [&str; 3] = ["2015", "2016", "2017"];

/// covers: T-8 (the BSI's test of certification paths)
#[test]
fn chains_of_the_bsi_are_judged_as_it_says() {
    on("2017-08-15 12:00:00", "bsi");
}

/// covers: T-8 (x509test)
#[test]
fn chains_of_x509test_are_judged_as_it_says() {
    on("2016-10-21 04:20:00", "x509test");
}

/// covers: T-8 (certificates signed by RSA-PSS)
#[test]
fn chains_signed_by_rsa_pss_are_judged_as_botan_does() {
    // Each has a year of its own.
    for year in YEARS {
        on(&format!("{year}-01-01 00:00:00"), "pss");
    }
}

/// Plays a role of this binary on that day.
#[track_caller]
fn on(day: &str, role: &str) {
    if suite("botan").is_none() {
        return;
    }
    let mut faketime = Command::new("faketime");
    faketime.args(["-f", &format!("@{day}")]).arg(std::env::current_exe().expect("this binary"));
    faketime.env("ETS_YEAR", &day[..4]).args([
        "--exact",
        &format!("botan::{role}"),
        "--ignored",
        "--nocapture",
    ]);
    // Waiting goes by the machine's own clock.
    let output = faketime.env("TZ", "UTC").env("FAKETIME_DONT_FAKE_MONOTONIC", "1").output();
    let output = output.expect("faketime starts");
    let said = [output.stdout, output.stderr].concat();
    println!("{}", String::from_utf8_lossy(&said));
    assert!(output.status.success());
}

#[tokio::test]
#[ignore = "a role of the tests above"]
async fn bsi() {
    let Some(folder) = suite("botan/src/tests/data/x509/bsi") else { return };
    let trusted = folder.join("cert_path_common_01/cert_path_common_01_root_ca.TA.pem.crt");
    let (mut different, mut count) = (Vec::new(), 0);
    for (name, says) in expected(&folder, '$') {
        let folder = folder.join(&name);
        let (mut leaf, mut anchor, mut between) = (Vec::new(), Vec::new(), Vec::new());
        for path in files(&folder, "crt") {
            let file = crate::utf8(&path);
            let to = match () {
                () if file.contains(".TC.") => &mut leaf,
                () if file.contains(".TA.") => &mut anchor,
                () => &mut between,
            };
            to.extend(read(&path));
        }
        count += 1;
        if anchor.is_empty() {
            // Nothing that it could be below is trusted.
            anchor = read(&trusted);
        }
        let place = Place::below(&anchor, revoked(&folder.join("crls")));
        let chain = leaf.into_iter().chain(between).collect();
        let outcome = place.shown_by_another(chain).await;
        // Botan says what is odd and goes on.
        let is_good = says == "Verified" || says.starts_with("Warning");
        judge(&mut different, name, is_good, &outcome, &says);
    }
    println!("BSI: {count} chains, {} judged otherwise", different.len());
    assert!(count > 50, "{count}");
    compare("BSI", different, BSI);
}

#[tokio::test]
#[ignore = "a role of the tests above"]
async fn x509test() {
    let Some(folder) = suite("botan/src/tests/data/x509/x509test") else { return };
    let place = Place::below(&read(&folder.join("root.pem")), Vec::new());
    let (mut different, mut count) = (Vec::new(), 0);
    for (name, says) in expected(&folder, ':') {
        let outcome = place.shown_by_another(read(&folder.join(&name))).await;
        count += 1;
        judge(&mut different, name, says == "Verified", &outcome, &says);
    }
    println!("x509test: {count} chains, {} judged otherwise", different.len());
    assert!(count > 30, "{count}");
    compare("x509test", different, TEST);
}

#[tokio::test]
#[ignore = "a role of the tests above"]
async fn pss() {
    let Some(folder) = suite("botan/src/tests/data/x509/pss_certs") else { return };
    let year = std::env::var("ETS_YEAR").expect("a year");
    let years = pairs(&folder.join("validation_times.txt"), ':');
    let of_year = |name: &String| years.iter().any(|(one, its)| one == name && its.trim() == year);
    let (mut different, mut count, mut skipped) = (Vec::new(), 0, 0);
    for (name, says) in expected(&folder, ':').into_iter().filter(|(name, _)| of_year(name)) {
        let folder = folder.join(&name);
        let (root, end) = (folder.join("root.crt"), folder.join("end.crt"));
        // The rest are lists and requests.
        if !root.is_file() || !end.is_file() {
            skipped += 1;
            continue;
        }
        count += 1;
        let place = Place::below(&read(&root), Vec::new());
        let outcome = place.shown_by_another(read(&end)).await;
        judge(&mut different, name, says == "Verified", &outcome, &says);
    }
    println!(
        "RSA-PSS of {year}: {count} chains, {} judged otherwise, {skipped} skipped: no chains",
        different.len()
    );
    let known: Vec<_> =
        PSS.iter().filter(|(name, _)| of_year(&(*name).to_owned())).copied().collect();
    compare("RSA-PSS", different, &known);
}

fn judge(different: &mut Vec<String>, name: String, is_good: bool, outcome: &Outcome, says: &str) {
    assert_ne!(*outcome, Outcome::LetIn, "{name}: without its key");
    if (*outcome == Outcome::Unproved) != is_good {
        println!("{name}: {says}: {:.120}", format!("{outcome:?}"));
        different.push(name);
    }
}

/// Names and what is expected of them.
fn expected(folder: &Path, between: char) -> Vec<(String, String)> {
    pairs(&folder.join("expected.txt"), between)
}

fn pairs(file: &Path, between: char) -> Vec<(String, String)> {
    let text = fs::read_to_string(file).expect("it is there");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once(between));
    pairs.map(|(name, says)| (name.to_owned(), says.to_owned())).collect()
}

/// What the lists in a folder name as revoked, where there is one.
fn revoked(folder: &Path) -> Vec<CertId> {
    if !folder.is_dir() {
        return Vec::new();
    }
    let read = |path: PathBuf| fs::read(path).expect("a file");
    let mut all = Vec::new();
    for text in files(folder, "").into_iter().map(read) {
        let der =
            Pem::iter_from_buffer(&text).flatten().next().map_or(text.clone(), |pem| pem.contents);
        let Ok((_, list)) = CertificateRevocationList::from_der(&der) else { continue };
        let issuer = list.issuer().as_raw();
        all.extend(
            list.iter_revoked_certificates().map(|one| CertId::new(issuer, one.raw_serial())),
        );
    }
    all
}
