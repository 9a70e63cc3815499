//! pkilint over one certificate of every profile, every kind of list, and every kind of answer.
//! Nothing above a warning; warnings and notices are printed.

use std::path::Path;

use serde_json::Value;

use super::{Seen, Star, judge, list_of, must, status};
use crate::support::{text, tool};

/// The profiles: one certificate of each is looked at, so a new one needs a line in [`of_profile`].
const PROFILES: &str = include_str!("../../../certs/profiles.toml");

pub(super) fn certificates(star: &Star, seen: &Seen) {
    let names = PROFILES.lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'));
    let mut count = 0;
    for profile in names {
        let cert = of_profile(star, seen, profile);
        lint("lint_pkix_cert", &[], &[&cert], profile);
        let issuer =
            if matches!(profile, "root" | "issuing") { star.root() } else { star.issuer() };
        lint("lint_pkix_signer_signee_cert_chain", &[], &[&issuer, &cert], profile);
        count += 1;
    }
    println!("pkilint: {count} certificates, one of each profile, each with its issuer: no fault");
}

fn of_profile(star: &Star, seen: &Seen, profile: &str) -> String {
    let requested = |subject: &str, names: &[&str]| {
        let csr = star.file(&format!("{profile}.csr"));
        let key = star.file(&format!("{profile}.key"));
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let made = ["req", "-new", "-subj", "/CN=ignored", "-keyout", &key, "-out", &csr];
        tool("openssl", &[&made[..], &curve].concat());
        star.issue(profile, subject, &[&["--csr", &csr], names].concat()).cert
    };
    match profile {
        "root" => star.root(),
        "issuing" => star.issuer(),
        "ocsp" => seen.answerer.clone(),
        "hub" => star.alone(&format!("{}/certs/hub.pem", star.text("data_dir"))),
        "administrator" => star.alone(star.text("admin_cert")),
        "civil-servant-file" => seen.good.cert.clone(),
        "civil-servant" => requested("CN=Ерлан Қасымов,O=Әкімдік,OU=Құжаттама бөлімі", &[]),
        "server" => requested(
            "CN=mail.akimat.kz,O=Әкімдік",
            &["--name", "mail.akimat.kz", "--name", "10.1.0.10"],
        ),
        "router" => requested("CN=router-1.akimat.kz", &["--name", "router-1.akimat.kz"]),
        other => panic!("no certificate of the profile {other} is judged: add it here"),
    }
}

pub(super) fn lists(star: &Star, seen: &Seen) {
    let whole = format!("{}/issuing.crl", star.text("pki_url"));
    let lists = [
        ("the shard of a revoked one", list_of(&seen.revoked.cert), "CRL"),
        ("the shard of a suspended one", list_of(&seen.suspended.cert), "CRL"),
        ("the whole list", whole, "CRL"),
        ("the root's list", list_of(&star.issuer()), "ARL"),
    ];
    for (what, url, kind) in &lists {
        let list = star.fetch(url, "linted.crl");
        lint("lint_crl", &["-t", kind, "-p", "PKIX"], &[&list], what);
    }
    println!("pkilint: {} lists: no fault", lists.len());
}

pub(super) fn answers(star: &Star, seen: &Seen) {
    let nobody = "0x70000000000000000000000000000001";
    let asked = [
        (["-cert", seen.good.cert.as_str()], ": good"),
        (["-cert", &seen.revoked.cert], "Reason: keyCompromise"),
        (["-cert", &seen.suspended.cert], "Reason: certificateHold"),
        (["-serial", nobody], ": unknown"),
    ];
    for (subject, word) in &asked {
        for nonce in ["-nonce", "-no_nonce"] {
            let answer = status::answer(star, &[&subject[..], &[nonce]].concat(), word);
            lint("lint_ocsp_response", &[], &[&answer], &format!("an answer, {word} {nonce}"));
        }
    }
    println!("openssl ocsp: good, revoked, suspended and unknown, with a nonce and without");
    println!("pkilint: the same answers: no fault");
}

/// Runs one of pkilint's linters and looks at each of its findings.
#[track_caller]
fn lint(linter: &str, options: &[&str], files: &[&str], what: &str) {
    let venv = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/judges-venv/bin").join(linter);
    assert!(venv.exists(), "{} is missing: run `scripts/setup.sh test`", venv.display());
    let form = ["-f", "JSON", "-s", "INFO"];
    let args = [&["lint"], options, &form, files].concat();
    let (_, said) = judge(venv.to_str().expect("UTF-8"), &args);
    // Its answer is the last line; what it cannot read it says in words, and that is no JSON.
    let answer: Value = serde_json::from_str(said.trim())
        .unwrap_or_else(|error| panic!("{linter} of {what}: {error}: {said}"));
    for result in answer["results"].as_array().expect("a list of results") {
        for found in result["finding_descriptions"].as_array().expect("a list of findings") {
            weigh(found, &format!("{linter} of {what}, {}", text(&result["node_path"])));
        }
    }
}

#[track_caller]
fn weigh(found: &Value, place: &str) {
    let severity = text(&found["severity"]);
    let line = format!("{place}: {severity} {} {}", text(&found["code"]), found["message"]);
    let is_fault = matches!(severity, "ERROR" | "FATAL") && !is_only_localhost(found);
    assert!(!is_fault, "{line}");
    println!("pkilint, noted: {line}");
}

/// The lab's own address where the machine does not resolve `*.localhost`: a name without a dot is
/// none that the linter takes for a host's. An operator's address has dots.
fn is_only_localhost(found: &Value) -> bool {
    let syntax = ["pkix.invalid_uri_syntax", "pkix.invalid_domain_name_syntax"];
    let message = found["message"].as_str().unwrap_or_default();
    syntax.contains(&text(&found["code"]))
        && (message.contains("\"http://localhost:") || message.ends_with("\"localhost\""))
}

/// covers: T-5 (a judge that finds nothing in anything is none)
#[test]
fn the_linter_finds_the_fault_of_a_certificate_that_has_one() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let (key, cert) = (at("key"), at("cert"));
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let made = ["req", "-x509", "-subj", "/CN=a", "-keyout", &key, "-out", &cert];
    let fault = ["-addext", "subjectAltName=DNS:not a name", "-addext", "keyUsage=keyCertSign"];
    must("openssl", &[&made[..], &curve, &fault].concat(), &[]);
    let found = std::panic::catch_unwind(|| lint("lint_pkix_cert", &[], &[&cert], "a bad one"));
    let said = found.expect_err("it was found good");
    let said = said.downcast_ref::<String>().expect("it says what it found");
    assert!(said.contains("pkix.") && said.contains("not a name"), "{said}");
}
