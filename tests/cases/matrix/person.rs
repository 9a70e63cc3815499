//! Somebody with a certificate: over new connections, and over one that he keeps.

use std::io::{Read, Write};
use std::process::{Child, Stdio};

use serde_json::Value;

use super::ca;
use crate::support::{Lab, program, text};

/// So long a person waits for an answer, in seconds.
const PATIENCE: &str = "2";

#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) serial: String,
    pub(super) cert: String,
    key: String,
}

impl Person {
    #[track_caller]
    pub(super) fn issue(lab: &Lab, subject: &str) -> Self {
        let out = lab.path().join("people");
        let out = out.to_str().expect("UTF-8");
        let order =
            ["issue", "--profile", "civil-servant-file", "--subject", subject, "--out", out];
        let issued = ca(lab, &order).expect("it is issued");
        let part = |name: &str| text(&issued[name]).to_owned();
        Self { serial: part("serial"), cert: part("cert"), key: part("key") }
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The rights page over a new connection: its status, or what curl said.
    pub(super) fn me(&self, json: &Value) -> Result<u16, String> {
        self.get(json, "/me", &["-o", "/dev/null"]).map(|(status, _)| status)
    }

    /// Whether he comes in within a second, where nobody may be there to answer.
    pub(super) fn is_in(&self, json: &Value) -> bool {
        let told = self.get(json, "/me", &["-o", "/dev/null", "--max-time", "1"]);
        told.is_ok_and(|(status, _)| status == 200)
    }

    /// Any page of the closed part: its status and what curl wrote before it.
    pub(super) fn get(
        &self,
        json: &Value,
        path: &str,
        more: &[&str],
    ) -> Result<(u16, String), String> {
        let output = program("curl")
            .args(["-sS", "--max-time", PATIENCE, "--cacert", text(&json["ca_cert"])])
            .args(["--cert", &self.cert, "--key", &self.key, "-w", "\n%{http_code}"])
            .args(more)
            .arg(format!("{}{path}", text(&json["portal_url"])))
            .output()
            .expect("curl starts");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, status) = said.rsplit_once('\n').expect("curl writes a status");
        Ok((status.parse().expect("a status"), body.to_owned()))
    }

    /// openssl's client on the closed part's port; what is written to it is sent.
    pub(super) fn openssl(&self, json: &Value, more: &[&str]) -> Child {
        let mut openssl = program("openssl");
        openssl.args(["s_client", "-connect", authority(json), "-CAfile", text(&json["ca_cert"])]);
        openssl.args(["-cert", &self.cert, "-key", &self.key, "-cert_chain", &self.cert]);
        openssl.args(more).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        openssl.spawn().expect("openssl starts")
    }

    /// A connection that is kept.
    pub(super) fn keep(&self, json: &Value) -> Kept {
        let more = ["-servername", "localhost", "-alpn", "http/1.1", "-ign_eof", "-quiet"];
        Kept(self.openssl(json, &more))
    }
}

/// `localhost:8444`
pub(super) fn authority(json: &Value) -> &str {
    text(&json["portal_url"]).trim_start_matches("https://").trim_end_matches('/')
}

/// A connection that a person keeps.
pub(super) struct Kept(Child);

impl Kept {
    /// Asks for the rights page; whether it came. Waits for as long as the hub needs.
    pub(super) fn is_answered(&mut self) -> bool {
        let request = b"GET /me HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n";
        let stdin = self.0.stdin.as_mut().expect("a pipe");
        if stdin.write_all(request).and_then(|()| stdin.flush()).is_err() {
            return false;
        }
        let (mut all, mut bytes) = (Vec::new(), [0; 4096]);
        let stdout = self.0.stdout.as_mut().expect("a pipe");
        loop {
            match stdout.read(&mut bytes) {
                Ok(0) | Err(_) => return false,
                Ok(length) => all.extend(&bytes[..length]),
            }
            let said = String::from_utf8_lossy(&all);
            if said.contains("\"serial\"") {
                return said.starts_with("HTTP/1.1 200");
            }
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
