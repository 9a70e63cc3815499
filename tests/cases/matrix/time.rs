//! Time: the authority was away for three days, lists were over, the clock is wrong. libfaketime
//! moves the clock of the hub's processes; openssl judges at the moved time as well.

use std::path::PathBuf;
use std::thread::sleep;

use super::{Bed, OFTEN};
use crate::support::{text, tool};

/// covers: T-7, T1.3
#[test]
fn however_the_clock_goes_lists_are_fresh_and_revoked_people_stay_out() {
    let clock = tempfile::NamedTempFile::new().expect("a file can be made");
    let set = |shift: &str| std::fs::write(clock.path(), shift).expect("it can be written");
    set("+0");
    let bed = Bed::start(vec![
        ("LD_PRELOAD", library().to_string_lossy().into_owned()),
        ("FAKETIME_TIMESTAMP_FILE", clock.path().to_string_lossy().into_owned()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]);
    let mut last = list(&bed, "+0");
    // The hub ran through: three days in which nobody asked.
    // It was stopped for longer than a list holds. The clock went back to what is right.
    for (shift, is_stopped) in [("+72h", false), ("+120h", true), ("+0", false)] {
        match is_stopped {
            true => bed.while_down(|| set(shift)),
            false => set(shift),
        }
        sleep(OFTEN);
        bed.await_back(shift);
        let next = list(&bed, shift);
        assert!(next != last, "another list at {shift}");
        last = next;
        statuses(&bed, shift);
    }
    // Nobody is valid two years ahead, and no harm is done by having been there.
    set("+800d");
    sleep(OFTEN);
    for person in [&bed.valid, &bed.revoked] {
        assert!(!person.is_in(&bed.json), "a certificate is over");
    }
    set("+0");
    sleep(OFTEN);
    bed.await_back("the clock is right again");
}

fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").expect("Linux has it");
    let candidates = folders
        .filter_map(|entry| Some(entry.ok()?.path().join("faketime/libfaketimeMT.so.1")))
        .find(|path| path.exists());
    candidates.expect("libfaketime is installed: scripts/setup.sh names it")
}

/// openssl at the hub's time.
fn openssl(shift: &str, args: &[&str]) -> String {
    let shifted = ["-f", shift, "openssl"];
    tool("faketime", &[&shifted[..], args].concat())
}

/// The list of the revoked one's certificate, which a relying service believes at that time: who
/// is in it, and who is not. Answers what openssl prints of it.
fn list(bed: &Bed, shift: &str) -> String {
    let path = |name: &str| bed.lab.path().join(name).to_string_lossy().into_owned();
    let (der, pem) = (path("list.der"), path("list.pem"));
    let url = format!("{}/issuing.crl", text(&bed.json["pki_url"]));
    for url in [&url, &address(&bed.revoked.cert)] {
        tool("curl", &["-sSf", "-o", &der, url]);
        openssl(shift, &["crl", "-inform", "DER", "-in", &der, "-out", &pem]);
        let seen = openssl(shift, &["crl", "-in", &pem, "-noout", "-text"]);
        assert!(seen.contains(&bed.revoked.serial.to_uppercase()), "{seen}");
    }
    let (root, issuer) = (text(&bed.json["ca_cert"]), text(&bed.json["issuer_cert"]));
    let verdict = |cert: &str| {
        let chain = ["-CAfile", root, "-untrusted", issuer, "-CRLfile", &pem, cert];
        let words = [&["verify", "-crl_check"], &chain[..]].concat();
        let output = std::process::Command::new("faketime")
            .args([&["-f", shift, "openssl"], &words[..]].concat())
            .output()
            .expect("faketime starts");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let said = verdict(&bed.revoked.cert);
    assert!(said.contains("certificate revoked"), "at {shift}: {said}");
    assert!(!said.contains("expired") && !said.contains("not yet valid"), "at {shift}: {said}");
    openssl(shift, &["crl", "-in", &pem, "-noout", "-lastupdate", "-nextupdate", "-crlnumber"])
}

/// Where a certificate says that its list is.
fn address(cert: &str) -> String {
    let seen = tool("openssl", &["x509", "-in", cert, "-noout", "-text"]);
    let at = seen.split("URI:").find(|part| part.contains(".crl")).expect("it names its list");
    at.split_whitespace().next().expect("an address").to_owned()
}

/// What OCSP says of both at that time.
fn statuses(bed: &Bed, shift: &str) {
    let issuer = text(&bed.json["issuer_cert"]);
    for (person, word) in [(&bed.valid, ": good"), (&bed.revoked, ": revoked")] {
        let url = format!("{}/ocsp", text(&bed.json["pki_url"]));
        let asked = ["ocsp", "-url", &url, "-issuer", issuer, "-cert", &person.cert];
        let trusts = ["-CAfile", text(&bed.json["ca_cert"]), "-verify_other", issuer];
        let said = openssl(shift, &[&asked[..], &trusts].concat());
        assert!(said.contains(word) && !said.contains("WARNING"), "at {shift}: {said}");
    }
}
