//! For tests of the rooms above: an authority on the disk, made by openssl.

use std::path::Path;
use std::process::Command;

use crate::Files;

const EXTENSIONS: &str = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature,\
    keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";

/// Runs openssl in a folder, where it must succeed; all that it says.
#[track_caller]
pub fn openssl(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("openssl").args(args).current_dir(dir).output();
    let output = output.expect("openssl starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "openssl {args:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned() + &said
}

/// A root and an issuing authority where `files` says, good for a week, their key under a passphrase with few
/// rounds before it: the hub's own many take half a minute in a build that is not optimised.
pub fn make_authority(files: &Files, passphrase: &str) {
    let dir = files.key.parent().expect("a key stands in a folder");
    std::fs::create_dir_all(dir).expect("the folder can be made");
    std::fs::write(dir.join("issuing.ext"), EXTENSIONS).expect("a file can be written");
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let root = ["req", "-x509", "-keyout", "root.key", "-out", "root.pem", "-days", "9"];
    let usage = ["-subj", "/O=Region/CN=Root", "-addext", "keyUsage=critical,keyCertSign,cRLSign"];
    openssl(dir, &[&root[..], &usage, &curve].concat());
    let issuing = ["req", "-new", "-keyout", "plain.key", "-out", "issuing.csr", "-subj"];
    openssl(dir, &[&issuing[..], &["/O=Region/CN=Issuing"], &curve].concat());
    let signed = ["x509", "-req", "-in", "issuing.csr", "-CA", "root.pem", "-CAkey", "root.key"];
    let more = ["-out", "issuing.pem", "-days", "8", "-extfile", "issuing.ext"];
    openssl(dir, &[&signed[..], &more].concat());
    let sealed = ["pkcs8", "-topk8", "-in", "plain.key", "-out", "issuing.key", "-v2"];
    let more = ["aes-256-cbc", "-v2prf", "hmacWithSHA256", "-iter", "1000", "-passout"];
    openssl(dir, &[&sealed[..], &more, &[&format!("pass:{passphrase}")]].concat());
}
