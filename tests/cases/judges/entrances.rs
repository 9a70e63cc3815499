//! The entrances, as foreign clients and scanners see them: curl with a key on a token, testssl.sh,
//! and h2load on what is open to everybody.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::{Star, authority, must};
use crate::support::{program, quantile, sized, text, tool};

const PIN: &str = "482913";
/// Where Debian, on either of its layouts, has the token's library.
const MODULES: [&str; 2] =
    ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"];

/// A token in a folder of the test's.
struct Token {
    module: &'static str,
    conf: String,
}

impl Token {
    fn new(star: &Star) -> Self {
        let module = MODULES.into_iter().find(|path| Path::new(path).exists());
        let module = module.expect("SoftHSM's library: run `scripts/setup.sh test`");
        let (conf, tokens) = (star.file("softhsm.conf"), star.file("tokens"));
        fs::create_dir_all(&tokens).expect("a folder can be made");
        let said = format!("directories.tokendir = {tokens}\nobjectstore.backend = file\n");
        fs::write(&conf, said).expect("a file can be written");
        let token = Self { module, conf };
        let free = ["--init-token", "--free", "--label", "ets", "--so-pin", "87654321"];
        token.run("softhsm2-util", &[&free[..], &["--pin", PIN]].concat());
        token
    }

    fn command(&self, program: &str) -> Command {
        let mut command = crate::support::program(program);
        command.env("SOFTHSM2_CONF", &self.conf).env("PKCS11_MODULE_PATH", self.module);
        command
    }

    #[track_caller]
    fn run(&self, program: &str, args: &[&str]) -> String {
        let output = self.command(program).args(args).output().expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program} {args:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn tool(&self, args: &[&str]) {
        let base = ["--module", self.module, "--login", "--pin", PIN, "--label", "ets"];
        self.run("pkcs11-tool", &[&base[..], &["--id", "01"], args].concat());
    }
}

/// The key never leaves its token: curl is told where it is, and asks the token to sign.
pub(super) fn token(star: &Star) {
    let token = Token::new(star);
    token.tool(&["--keypairgen", "--key-type", "EC:prime256v1"]);
    let uri =
        |kind: &str, pin: &str| format!("pkcs11:token=ets;id=%01;type={kind};pin-value={pin}");
    let (csr, der) = (star.file("token.csr"), star.file("token.der"));
    let made = ["req", "-new", "-engine", "pkcs11", "-keyform", "engine", "-subj", "/CN=ets"];
    let key = uri("private", PIN);
    token.run("openssl", &[&made[..], &["-key", &key, "-out", &csr]].concat());
    let owner = star.issue("civil-servant", "CN=Айгүл Омарова,O=Әкімдік", &["--csr", &csr]);
    tool("openssl", &["x509", "-in", &owner.cert, "-outform", "DER", "-out", &der]);
    token.tool(&["--write-object", &der, "--type", "cert"]);
    let me = |pin: &str| {
        let (host, port) = authority(star.text("portal_url"));
        let resolved = format!("{host}:{port}:127.0.0.1");
        let output = token
            .command("curl")
            .args(["-sSf", "--max-time", "10", "--cacert", star.text("ca_cert")])
            .args(["--resolve", &resolved, "--engine", "pkcs11", "-H", "accept: application/json"])
            .args(["--cert", &uri("cert", pin), "--key", &uri("private", pin)])
            .arg(format!("{}/me", star.text("portal_url")))
            .output()
            .expect("curl starts");
        let said = [&output.stdout[..], &output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    };
    let (is_in, said) = me(PIN);
    assert!(is_in && said.contains("Айгүл Омарова") && said.contains(&owner.serial), "{said}");
    let (is_in, said) = me("111111");
    assert!(!is_in && !said.contains("Омарова"), "a wrong PIN: {said}");
    star.ca(&["revoke", "--serial", &owner.serial, "--reason", "keyCompromise"]);
    let (is_in, said) = me(PIN);
    assert!(!is_in && said.contains("revoked"), "after the revocation: {said}");
    println!("curl with a PKCS#11 URI: in by the token, out with a wrong PIN and once revoked");
}

/// Scans one entrance: protocols, certificate and defaults, renegotiation, compression.
pub(super) fn scan(star: &Star, entrance: &str) {
    let found = star.file(&format!("{entrance}.json"));
    drop(fs::remove_file(&found));
    let (host, port) = authority(star.text(entrance));
    let target = format!("{host}:{port}");
    let parts = ["--protocols", "--server-defaults", "--renegotiation", "--compression"];
    let form = ["--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--ip"];
    let more = ["127.0.0.1", "--add-ca", star.text("ca_cert"), "--jsonfile", &found, &target];
    let words = [&["60", "testssl"][..], &parts, &form, &more].concat();
    let output = program("timeout").args(words).output().expect("testssl starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let found = fs::read(&found).unwrap_or_else(|error| panic!("testssl: {error}: {said}"));
    let found: Value = serde_json::from_slice(&found).expect("JSON");
    let found = found.as_array().expect("a list of findings");
    for one in found {
        let severity = text(&one["severity"]);
        let line = format!("{}: {severity}: {}", text(&one["id"]), text(&one["finding"]));
        assert!(!matches!(severity, "HIGH" | "CRITICAL" | "FATAL"), "{entrance}: {line}");
        if !matches!(severity, "OK" | "INFO") {
            println!("testssl.sh of {entrance}, noted: {line}");
        }
    }
    let of = |id: &str| found.iter().find(|one| one["id"] == id).map(|one| text(&one["finding"]));
    for old in ["SSLv2", "SSLv3", "TLS1", "TLS1_1"] {
        assert_eq!(of(old), Some("not offered"), "{entrance}: {old}: {said}");
    }
    for (id, word) in [
        ("TLS1_2", "offered"),
        ("TLS1_3", "offered"),
        ("secure_client_renego", "not vulnerable"),
        ("CRIME_TLS", "not vulnerable"),
    ] {
        let finding = of(id).unwrap_or_else(|| panic!("{entrance}: nothing on {id}: {said}"));
        assert!(finding.starts_with(word), "{entrance}: {id}: {finding}");
    }
    println!("testssl.sh of {entrance}: {} findings, none high or critical", found.len());
}

/// Questions about a certificate over plain HTTP/1.1.
pub(super) fn many_questions(star: &Star) {
    let (issuer, question) = (star.issuer(), star.file("question.der"));
    let cert = star.alone(star.text("admin_cert"));
    let asked = ["ocsp", "-issuer", &issuer, "-cert", &cert, "-no_nonce", "-reqout", &question];
    must("openssl", &asked, &[]);
    let kind = "content-type: application/ocsp-request";
    let more = ["--h1", "-d", &question, "-H", kind, &star.responder()];
    load(star, "OCSP by POST", sized("questions", 20_000, 400_000), &more);
}

/// The open part, over HTTP/2, without a certificate.
pub(super) fn many_pages(star: &Star) {
    let (_, port) = authority(star.text("portal_url"));
    // Under a name of the open part, whose handshake asks for no certificate.
    let (page, at) = (format!("https://open.ets.localhost:{port}/"), format!("127.0.0.1:{port}"));
    let more = ["-m", "4", &format!("--connect-to={at}"), &page];
    load(star, "the open part over h2", sized("pages", 5_000, 100_000), &more);
}

fn load(star: &Star, what: &str, count: u32, more: &[&str]) {
    let (count, log) = (count.to_string(), star.file("h2load.log"));
    drop(fs::remove_file(&log));
    let base = ["-n", &count, "-c", "8", "-t", "1", "--log-file", &log];
    let all = format!("status codes: {count} 2xx, 0 3xx, 0 4xx, 0 5xx");
    let said = must("h2load", &[&base[..], more].concat(), &[&all, "0 failed, 0 errored"]);
    let rate = said.lines().find(|line| line.starts_with("finished in")).unwrap_or_default();
    let log = fs::read_to_string(&log).expect("its log");
    let took = |line: &str| line.split('\t').nth(2)?.parse().ok().map(Duration::from_micros);
    let mut took: Vec<Duration> = log.lines().filter_map(took).collect();
    let (half, most) = (quantile(&mut took, 0.5), quantile(&mut took, 0.99));
    println!("h2load, {what}: {rate}, p50 {half:?}, p99 {most:?}");
}
