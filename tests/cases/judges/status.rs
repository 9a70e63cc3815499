//! Who is revoked, as the verifiers that relying services use see it: openssl, gnutls and NSS, with
//! the lists and answers at the addresses that stand in the certificates.

use std::fs;

use super::{Owner, Seen, Star, judge, list_of, must, must_not};
use crate::support::tool;

/// An answer about a certificate, in a file, that openssl took for genuine and reads as `word`.
#[track_caller]
pub(super) fn answer(star: &Star, asked: &[&str], word: &str) -> String {
    let (url, issuer, root) = (star.responder(), star.issuer(), star.root());
    let file = star.file("answer.der");
    let base = ["ocsp", "-issuer", &issuer, "-url", &url, "-CAfile", &root];
    let more = ["-verify_other", &issuer, "-respout", &file];
    must("openssl", &[&base[..], &more, asked].concat(), &["Response verify OK", word]);
    file
}

/// The certificate of whoever signs the answers.
pub(super) fn answerer(star: &Star, of: &Owner) -> String {
    let file = answer(star, &["-cert", &of.cert], ": good");
    let told = tool("openssl", &["ocsp", "-respin", &file, "-noverify", "-resp_text"]);
    let begin = told.find("-----BEGIN CERTIFICATE-----").expect("the answer carries a certificate");
    let cert = star.file("answerer.pem");
    fs::write(&cert, &told[begin..]).expect("a file can be written");
    star.alone(&cert)
}

pub(super) fn openssl(star: &Star, seen: &Seen) {
    let (own, root) = (list_of(&seen.good.cert), list_of(&star.issuer()));
    verify(star, &seen.good, &[&own, &root], None);
    verify(star, &seen.good, &[&own], Some("unable to get certificate CRL"));
    for owner in [&seen.revoked, &seen.suspended] {
        verify(star, owner, &[&list_of(&owner.cert), &root], Some("certificate revoked"));
        verify(star, owner, &[&whole(star), &root], Some("certificate revoked"));
    }
    verify(star, &seen.good, &[&another_shard(&own), &root], Some("different CRL scope"));
    println!("openssl verify -crl_check_all: by shard, whole list and root's list; no other shard");
}

fn whole(star: &Star) -> String {
    format!("{}/issuing.crl", star.text("pki_url"))
}

/// The address of another shard than this one.
fn another_shard(url: &str) -> String {
    let (base, name) = url.rsplit_once('/').expect("an address");
    let number: u32 = name.trim_end_matches(".crl").parse().expect("a number");
    format!("{base}/{:03}.crl", (number + 1) % 128)
}

/// The chain with these lists; `why` it must be refused.
#[track_caller]
fn verify(star: &Star, owner: &Owner, lists: &[&str], why: Option<&str>) {
    let (root, issuer) = (star.root(), star.issuer());
    let fetched = |(at, url): (usize, &&str)| star.list(url, &format!("list-{at}"));
    let lists: Vec<String> = lists.iter().enumerate().map(fetched).collect();
    let lists = lists.iter().flat_map(|list| ["-CRLfile", list]);
    let base = ["verify", "-crl_check_all", "-extended_crl", "-x509_strict"];
    let chain = ["-purpose", "sslclient", "-CAfile", &root, "-untrusted", &issuer];
    let args: Vec<&str> =
        base.into_iter().chain(chain).chain(lists).chain([&*owner.cert]).collect();
    match why {
        None => drop(must("openssl", &args, &[": OK"])),
        Some(word) => must_not("openssl", &args, word),
    }
}

pub(super) fn gnutls(star: &Star, seen: &Seen) {
    let (root, issuer) = (star.root(), star.issuer());
    let chain = star.file("chain.pem");
    let whole_chain = [&seen.good.cert, &issuer, &root].map(|file| fs::read(file).expect("a file"));
    fs::write(&chain, whole_chain.concat()).expect("a file can be written");
    must("certtool", &["--verify-chain", "--infile", &chain], &["The certificate is trusted"]);
    for (url, signer) in
        [(list_of(&seen.revoked.cert), &issuer), (whole(star), &issuer), (list_of(&issuer), &root)]
    {
        let list = star.list(&url, "gnutls-list");
        let form = ["--verify-crl", "--infile", &list, "--load-ca-certificate"];
        must(
            "certtool",
            &[&form[..], &[signer.as_str()]].concat(),
            &["Verification output: Verified"],
        );
        let stranger = if *signer == issuer { &root } else { &issuer };
        let (_, said) = judge("certtool", &[&form[..], &[stranger.as_str()]].concat());
        assert!(said.contains("Not verified"), "{said}");
    }
    let list = star.list(&whole(star), "gnutls-list");
    for (owner, word) in [
        (&seen.good, "Verified. The certificate is trusted"),
        (&seen.revoked, "The certificate chain is revoked"),
        (&seen.suspended, "The certificate chain is revoked"),
    ] {
        let pair = [&owner.cert, &issuer].map(|file| fs::read(file).expect("a file"));
        fs::write(&chain, pair.concat()).expect("a file can be written");
        let form = ["--verify", "--load-ca-certificate", &root, "--load-crl", &list];
        let (_, said) = judge("certtool", &[&form[..], &["--infile", &chain]].concat());
        assert!(said.contains(word), "{said}");
    }
    println!("gnutls certtool: the chain, a shard, the whole list and the root's list");
    for (owner, word) in [
        (&seen.good, "Certificate Status: good"),
        (&seen.revoked, "Certificate Status: revoked"),
        (&seen.suspended, "Certificate Status: revoked"),
    ] {
        let url = format!("--ask={}", star.responder());
        let saved = star.file("gnutls-answer.der");
        let form = ["--nonce", "--load-issuer", &issuer, "--load-trust", &issuer];
        let asked = [&url, "--load-cert", &owner.cert, "--outder", "--outfile", &saved];
        must("ocsptool", &[&asked[..], &form].concat(), &["Verifying OCSP Response: Success"]);
        let again = ["--verify-response", "--load-trust", &issuer, "--load-response", &saved];
        must("ocsptool", &again, &["Verifying OCSP Response: Success"]);
        let read = ["--response-info", "--inder", "--load-response", &saved];
        must("ocsptool", &read, &[word]);
    }
    println!("gnutls ocsptool: good, revoked and suspended, with a nonce");
}

/// NSS reads a list of everybody; a shard it refuses, as it does not know the critical extension
/// that says whom a shard is about.
pub(super) fn nss(star: &Star, seen: &Seen) {
    let folder = star.file("nss");
    fs::create_dir_all(&folder).expect("a folder can be made");
    let store = format!("sql:{folder}");
    let ask = |program: &str, args: &[&str]| judge(program, &[&["-d", &store], args].concat());
    let done = |program: &str, args: &[&str]| {
        let (is_done, said) = ask(program, args);
        assert!(is_done, "{program} {args:?}: {said}");
    };
    done("certutil", &["-N", "--empty-password"]);
    let hub = star.alone(&format!("{}/certs/hub.pem", star.text("data_dir")));
    for (name, trust, file) in [
        ("root", "CT,,", &star.root()),
        ("issuing", ",,", &star.issuer()),
        ("person", ",,", &seen.good.cert),
        ("revoked", ",,", &seen.revoked.cert),
        ("suspended", ",,", &seen.suspended.cert),
        ("hub", ",,", &hub),
    ] {
        done("certutil", &["-A", "-n", name, "-t", trust, "-i", file]);
    }
    for url in [list_of(&star.issuer()), whole(star)] {
        // 1 is a list of revocations.
        done("crlutil", &["-I", "-t", "1", "-i", &star.fetch(&url, "nss.crl")]);
    }
    let (is_taken, said) =
        ask("crlutil", &["-I", "-t", "1", "-i", &star.fetch(&list_of(&seen.good.cert), "nss.crl")]);
    assert!(!is_taken && said.contains("UNKNOWN_CRITICAL_EXTENSION"), "a shard: {said}");
    // C is a client's use, V a server's.
    for (name, usage, word) in [
        ("person", "C", "certificate is valid"),
        ("person", "V", "not approved"),
        ("hub", "V", "certificate is valid"),
        ("hub", "C", "not approved"),
        ("revoked", "C", "has been revoked"),
        ("suspended", "C", "has been revoked"),
    ] {
        let (_, said) = ask("certutil", &["-V", "-n", name, "-u", usage, "-e"]);
        assert!(said.contains(word), "{name} as {usage}: {said}");
    }
    println!(
        "NSS certutil: a person's as client alone, the hub's as server alone, by the whole list"
    );
}
