//! OpenSSL's own test of `openssl verify`: its certificates with their keys, below its roots.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use x509_parser::prelude::{FromDer, X509Certificate};

use crate::place::{Outcome, Place, read, signer};
use crate::{compare, files, suite};

/// Why it is judged otherwise.
const SERVER: &str = "it is a server's, and nobody asks there what for";
const CLIENT: &str = "it is asked there whether it is a server's; it may be a client's";
const CRITICAL: &str = "webpki refuses a critical extension that is no matter of a client's";
const FORMS: &str = "webpki refuses what is constrained by anything but DNS names and addresses";
const PERSON: &str =
    "a common name is a person's here, not a host's, so that no DNS name constrains it";
const AUTHORITY: &str = "an authority's own certificate is nobody's who comes in";

const ANCHOR: &str = "what is trusted is not asked whether it may sign (RFC 5280, section 6.1)";

const DIFFERENT: &[(&str, &str)] = &[
    ("alt1-cert below root-cert by ncca1-cert", FORMS),
    ("alt2-cert below root-cert by ncca2-cert", FORMS),
    ("alt3-cert below root-cert by ncca1-cert ncca3-cert", FORMS),
    ("badcn1-cert below root-cert by ncca1-cert", PERSON),
    ("ee-cert-ec-named-named below root-cert by ca-cert-ec-named", SERVER),
    ("ee-cert-noncrit-unknown-ext below root-cert by ca-cert", SERVER),
    ("ee-ed25519 below ee-ed25519 by ", ANCHOR),
    ("ee-cert-ocsp-nocheck below root-cert by ca-cert", CRITICAL),
    ("ee-client below root-cert by ca-cert", CLIENT),
    ("ee-pathlen below root-cert by ca-cert", CLIENT),
    ("ee-pss-cert below root-cert by ca-pss-cert", SERVER),
    ("ee-pss-sha256-cert below root-cert by ca-cert", SERVER),
    ("root-ed25519 below root-ed25519 by ", AUTHORITY),
    ("some-names1 below many-constraints by many-constraints", SERVER),
    ("some-names2 below many-constraints by many-constraints", SERVER),
    ("some-names2 below many-constraints by many-constraints", SERVER),
];

/// One line of the test.
#[derive(Debug)]
struct Verify {
    is_good: bool,
    leaf: String,
    purpose: String,
    trusted: Vec<String>,
    untrusted: Vec<String>,
    options: String,
}

impl Verify {
    fn name(&self) -> String {
        format!("{} below {} by {}", self.leaf, self.trusted.join(" "), self.untrusted.join(" "))
    }
}

/// covers: T-5, T-8 (OpenSSL's tests of chains)
#[tokio::test]
async fn chains_of_openssl_are_let_in_and_refused_as_it_says() {
    let Some(folder) = suite("openssl/test") else { return };
    let test = fs::read_to_string(folder.join("recipes/25-test_verify.t")).expect("it is there");
    let folder = folder.join("certs");
    let keys = keys(&folder);
    let (mut count, mut skipped, mut different) = (0, [0; 3], Vec::new());
    for one in lines(&test) {
        let file = |name: &String| folder.join(format!("{name}.pem"));
        let is_plain = |name: &String| {
            fs::read_to_string(file(name)).is_ok_and(|text| !text.contains("TRUSTED"))
        };
        // Its settings of trust, of policies and of strictness are none of ours.
        let reason = [
            !one.options.is_empty(),
            one.trusted.is_empty() || !one.trusted.iter().all(is_plain),
            !matches!(&*one.purpose, "" | "sslclient" | "sslserver"),
        ];
        if let Some(reason) = reason.iter().position(|is_so| *is_so) {
            skipped[reason] += 1;
            continue;
        }
        let anchors: Vec<_> = one.trusted.iter().map(|name| read(&file(name)).remove(0)).collect();
        let mut chain = vec![read(&file(&one.leaf)).remove(0)];
        chain.extend(one.untrusted.iter().map(|name| read(&file(name)).remove(0)));
        let place = Place::below(&anchors, Vec::new());
        let outcome = match key_of(&keys, &chain[0]) {
            Some(key) => place.shown(chain, key).await,
            // One that TLS cannot sign with.
            None => place.shown_by_another(chain).await,
        };
        count += 1;
        // Whoever is a server there is nobody who comes in here.
        let is_good = one.is_good && one.purpose != "sslserver";
        let is_let_in = matches!(outcome, Outcome::LetIn | Outcome::Unproved);
        if is_let_in != is_good {
            println!("{}: {outcome:?}, expected {is_good}", one.name());
            different.push(one.name());
        }
    }
    let [options, trust, purpose] = skipped;
    println!(
        "OpenSSL: {count} chains; skipped {options} with options, {trust} that trust by settings in \
         files or trust nobody, {purpose} for other purposes"
    );
    assert!(count > 60, "{count}");
    compare("OpenSSL", different, DIFFERENT);
}

/// The keys that belong to public keys.
fn keys(folder: &Path) -> HashMap<Vec<u8>, PathBuf> {
    let keys = files(folder, "pem").into_iter().filter_map(|path| {
        let public = signer(&path)?.public_key()?.to_vec();
        Some((public, path))
    });
    keys.collect()
}

fn key_of<'a>(keys: &'a HashMap<Vec<u8>, PathBuf>, leaf: &[u8]) -> Option<&'a PathBuf> {
    let (_, leaf) = X509Certificate::from_der(leaf).ok()?;
    keys.get(leaf.public_key().raw)
}

/// The lines `ok(verify(…), …)` and `ok(!verify(…), …)`.
fn lines(test: &str) -> Vec<Verify> {
    let code = test.lines().filter(|line| !line.trim_start().starts_with('#'));
    let code = code.collect::<Vec<_>>().join(" ");
    let parts = code.split("ok(").skip(1).filter_map(|part| {
        let (before, rest) = part.split_once("verify(")?;
        let (arguments, _) = rest.split_once("),")?;
        let (leaf, rest) = text(arguments)?;
        let (purpose, rest) = text(rest)?;
        let (trusted, rest) = list(rest)?;
        let (untrusted, options) = list(rest)?;
        let is_good = !before.contains('!');
        let options = options.trim_matches([' ', ',']).to_owned();
        Some(Verify { is_good, leaf, purpose, trusted, untrusted, options })
    });
    parts.collect()
}

/// What stands in the next quotation marks, and what follows.
fn text(code: &str) -> Option<(String, &str)> {
    let (_, rest) = code.split_once('"')?;
    let (text, rest) = rest.split_once('"')?;
    Some((text.to_owned(), rest))
}

/// The words of the next list, `["a"]` or `[qw(a b)]`, and what follows.
fn list(code: &str) -> Option<(Vec<String>, &str)> {
    let (_, rest) = code.split_once('[')?;
    let (list, rest) = rest.split_once(']')?;
    let plain = list.replace("qw(", " ").replace(['"', ',', ')'], " ");
    Some((plain.split_whitespace().map(str::to_owned).collect(), rest))
}
