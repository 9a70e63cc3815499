//! What relying services hear about certificates from a running hub, judged by openssl and curl:
//! OCSP answers and revocation lists over plain HTTP (T1, T-4, T-5).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Lab, Options, hub_binary, tool};

/// From the answer to a revocation to the list that has it (T-4).
const AT_ONCE: Duration = Duration::from_secs(1);

struct Status {
    lab: Lab,
    json: Value,
}

impl Status {
    fn text(&self, key: &str) -> &str {
        self.json[key].as_str().expect("a text")
    }

    fn ca(&self, args: &[&str]) -> Value {
        let output = Command::new(hub_binary())
            .args(["ca", "--json", "--dir"])
            .arg(self.lab.path())
            .args(args)
            .output()
            .expect("the command starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// A certificate: its serial number and its file.
    fn issue(&self, subject: &str) -> (String, String) {
        let out = self.lab.path().join("people");
        let out = out.to_str().expect("UTF-8");
        let order =
            ["issue", "--profile", "civil-servant-file", "--subject", subject, "--out", out];
        let issued = self.ca(&order);
        let text = |key: &str| issued[key].as_str().expect("a text").to_owned();
        (text("serial"), text("cert"))
    }

    /// What openssl is told about a certificate by the responder that its certificate names, and
    /// believes.
    fn ocsp(&self, cert: &str, more: &[&str]) -> String {
        let named = tool("openssl", &["x509", "-in", cert, "-noout", "-ocsp_uri"]);
        let loopback = named.trim().replace("pki.ets.localhost", "127.0.0.1");
        let issuer = self.text("issuer_cert");
        let base = ["ocsp", "-url", &loopback, "-CAfile", self.text("ca_cert")];
        let mine = ["-issuer", issuer, "-verify_other", issuer];
        // The digest counts for what comes after it.
        let output = Command::new("openssl")
            .args([&base[..], &mine, more, &["-cert", cert]].concat())
            .output()
            .expect("openssl starts");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(said.contains("Response verify OK"), "{said}");
        said
    }

    /// A list, verified, as openssl prints it.
    fn list(&self, url: &str) -> String {
        let file = self.lab.path().join("list.crl");
        let file = file.to_str().expect("UTF-8");
        let form = ["-sSf", "--resolve", &self.resolved(), "-o", file, url];
        tool("curl", &form);
        let issuer = self.text("issuer_cert");
        tool(
            "openssl",
            &["crl", "-in", file, "-inform", "DER", "-noout", "-text", "-CAfile", issuer],
        )
    }

    /// The name of the status on the loopback, as curl is told it.
    fn resolved(&self) -> String {
        let authority = self.text("pki_url").trim_start_matches("http://");
        let (name, port) = authority.split_once(':').unwrap_or((authority, "80"));
        format!("{name}:{port}:127.0.0.1")
    }
}

/// The list that a certificate names.
fn list_of(cert: &str) -> String {
    let seen = tool("openssl", &["x509", "-in", cert, "-noout", "-text"]);
    let at = seen.split("URI:").find(|part| part.contains(".crl")).expect("it names its list");
    at.split_whitespace().next().expect("an address").to_owned()
}

/// covers: T1.3, T-4, T-5
#[test]
fn whoever_relies_on_a_certificate_hears_of_its_revocation_within_a_second() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let status = Status { json: lab.json(), lab };
    let (serial, cert) = status.issue("CN=One");
    for form in [&["-nonce"][..], &["-no_nonce"], &["-sha256", "-nonce"]] {
        assert!(status.ocsp(&cert, form).contains(": good"));
    }
    let list = list_of(&cert);
    let own = serial.to_uppercase();
    assert!(!status.list(&list).contains(&own));
    status.ca(&["revoke", "--serial", &serial, "--reason", "keyCompromise"]);
    let told = Instant::now();
    let listed = status.list(&list);
    assert!(told.elapsed() < AT_ONCE, "{:?}", told.elapsed());
    assert!(listed.contains(&own) && listed.contains("Key Compromise"), "{listed}");
    let said = status.ocsp(&cert, &["-no_nonce"]);
    assert!(said.contains(": revoked") && said.contains("keyCompromise"), "{said}");
    whole_chain(&status, &list, &cert);
}

/// The chain with every list, as a relying service checks it.
fn whole_chain(status: &Status, list: &str, cert: &str) {
    let pem = |url: &str, name: &str| -> PathBuf {
        let file = status.lab.path().join(name);
        let der = file.with_extension("der");
        let (der, out) = (path(&der), path(&file));
        tool("curl", &["-sSf", "--resolve", &status.resolved(), "-o", der, url]);
        tool("openssl", &["crl", "-in", der, "-inform", "DER", "-out", out]);
        file
    };
    let root = format!("{}/root.crl", status.text("pki_url"));
    let (root, own) = (pem(&root, "root-list.pem"), pem(list, "own-list.pem"));
    let output = Command::new("openssl")
        .args(["verify", "-crl_check_all", "-CAfile", status.text("ca_cert")])
        .args(["-untrusted", status.text("issuer_cert")])
        .args(["-CRLfile", path(&root), "-CRLfile", path(&own), cert])
        .output()
        .expect("openssl starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("certificate revoked"), "{said}");
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
