//! The issuing key on a token (T1.1), with the built product: `serve` on its own, the token of
//! `softhsm`, keys made and looked at by `opensc`, certificates judged by openssl. What tokens do
//! wrong is in `src/ca/tests/ca/token`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Lab, hub_binary, text, tool, wait_for};

const PIN: &str = "482913";
/// Where Debian, on either of its layouts, has the token's library.
const MODULES: [&str; 2] =
    ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"];
const SOON: Duration = Duration::from_secs(20);
const OFTEN: Duration = Duration::from_millis(50);
/// The longest that a command may take, in seconds.
const LIMIT: &str = "60";

/// A folder with tokens, a hub's configuration and its data.
struct Place {
    dir: TempDir,
    module: &'static str,
}

impl Place {
    fn new() -> Self {
        let module = MODULES.into_iter().find(|path| Path::new(path).exists());
        let module = module.expect("the token's library: run `scripts/setup.sh test`");
        let place = Self { dir: tempfile::tempdir().expect("a folder can be made"), module };
        let tokens = place.file("tokens");
        fs::create_dir(&tokens).expect("a folder can be made");
        place.write("softhsm.conf", &format!("directories.tokendir = {tokens}\n"));
        place.write("pin", PIN);
        place.write("root-pass", "of the root");
        place
    }

    fn file(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.file(name), content).expect("a file can be written");
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = crate::support::program(program);
        command.env("SOFTHSM2_CONF", self.file("softhsm.conf"));
        command
    }

    #[track_caller]
    fn run(&self, program: &str, args: &[&str]) -> String {
        let output = self.command(program).args(args).output().expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program} {args:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn make_token(&self, label: &str) {
        let free = ["--init-token", "--free", "--so-pin", "87654321", "--pin", PIN];
        self.run("softhsm2-util", &[&free[..], &["--label", label]].concat());
    }

    /// Private keys on a token, as its tool lists them.
    fn keys(&self, token: &str) -> String {
        let base = ["--module", self.module, "--token-label", token, "--login", "--pin", PIN];
        self.run("pkcs11-tool", &[&base[..], &["--list-objects", "--type", "privkey"]].concat())
    }

    /// A hub's configuration, with its issuing key on this token, or in a file.
    fn configure(&self, token: Option<&str>) {
        let pki = token.map_or_else(String::new, |token| {
            format!(
                "[pki]\nmodule = \"{}\"\ntoken = \"{token}\"\nkey = \"issuing\"\npin = \"{}\"\n",
                self.module,
                self.file("pin")
            )
        });
        let text = format!(
            "[server]\ndata_dir = \"{0}/data\"\nsocket = \"{0}/serve.sock\"\n\
             [netd]\nsocket = \"{0}/netd.sock\"\nstate_dir = \"{0}/netd\"\n\
             [[trunk]]\nname = \"main\"\ninterfaces = [\"s*\"]\n{pki}",
            self.dir.path().display()
        );
        self.write("hub.toml", &text);
    }

    /// A command; `serve` too, where it is to refuse: one that goes on instead is ended.
    fn hub(&self, args: &[&str]) -> Output {
        let config = self.file("hub.toml");
        let mut command = self.command("timeout");
        command.args(["--foreground", "--kill-after=5", LIMIT]).arg(hub_binary());
        command.args(args).args(["--config", &config]).output().expect("the command starts")
    }

    #[track_caller]
    fn must(&self, args: &[&str]) -> Value {
        let output = self.hub(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    fn issue(&self, subject: &str) -> Output {
        let out = self.file("owners");
        let order = ["ca", "issue", "--json", "--profile", "civil-servant-file"];
        self.hub(&[&order[..], &["--subject", subject, "--out", &out]].concat())
    }

    /// Issues; openssl follows the certificate to the root. Its serial number.
    #[track_caller]
    fn issued(&self, subject: &str) -> String {
        let output = self.issue(subject);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{subject}: {said}");
        let issued: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let (root, issuing) = (self.file("data/ca/root.pem"), self.file("data/ca/issuing.pem"));
        let leaf = text(&issued["cert"]);
        tool(
            "openssl",
            &["verify", "-x509_strict", "-CAfile", &root, "-untrusted", &issuing, leaf],
        );
        text(&issued["serial"]).to_owned()
    }

    fn start(&self) -> Serve {
        let socket = PathBuf::from(self.file("serve.sock"));
        drop(fs::remove_file(&socket));
        let log = fs::File::create(self.file("serve.log")).expect("a log can be made");
        let child = self
            .command(hub_binary())
            .args(["serve", "--config", &self.file("hub.toml")])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log)
            .spawn()
            .expect("serve starts");
        let mut serve = Serve(child);
        wait_for("serve", SOON, OFTEN, || {
            let ended = serve.0.try_wait().expect("it can be waited for");
            assert!(ended.is_none(), "{}", self.log());
            socket.exists().then_some(())
        });
        serve
    }

    fn log(&self) -> String {
        fs::read_to_string(self.file("serve.log")).expect("it can be read")
    }
}

struct Serve(Child);

impl Serve {
    #[track_caller]
    fn stop(mut self) {
        Lab::signal(i64::from(self.0.id()), Signal::SIGTERM);
        wait_for("the end of serve", SOON, OFTEN, || self.0.try_wait().ok().flatten());
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// covers: T1.1 (key custody in a PKCS#11 module), T-7
#[test]
fn a_hub_makes_its_issuing_key_on_a_token_and_lives_on_without_it() {
    let place = Place::new();
    place.make_token("first");
    place.configure(Some("first"));
    let serve = place.start();
    let keys = place.keys("first");
    assert!(keys.contains("sensitive, always sensitive, never extractable"), "{keys}");
    assert!(!Path::new(&place.file("data/ca/issuing.key")).exists());
    let known = place.issued("CN=One");
    serve.stop();

    place.write("pin", "111111");
    let serve = place.start();
    for _ in 0..3 {
        let refused = place.issue("CN=Two");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains("refuses the PIN"), "{said}");
        std::thread::sleep(Duration::from_millis(1_200));
    }
    place.must(&["ca", "revoke", "--serial", &known, "--reason", "keyCompromise"]);
    let log = place.log();
    let told = log.lines().filter(|line| line.contains("the issuing key cannot sign")).count();
    assert_eq!(told, 1, "{log}");
    place.write("pin", PIN);
    std::thread::sleep(Duration::from_millis(1_200));
    place.issued("CN=Two");
    serve.stop();

    // A token with the key of another authority.
    place.make_token("second");
    place.run(
        "pkcs11-tool",
        &[
            "--module",
            place.module,
            "--token-label",
            "second",
            "--login",
            "--pin",
            PIN,
            "--keypairgen",
            "--key-type",
            "EC:prime256v1",
            "--label",
            "issuing",
        ],
    );
    place.configure(Some("second"));
    let refused = place.hub(&["serve"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(64), "{said}");
    assert!(said.contains("is not that of the issuing certificate"), "{said}");
}

/// As docs/OPERATIONS.md tells it.
///
/// covers: T1.1 (key custody in a PKCS#11 module)
#[test]
fn a_hub_moves_from_a_file_to_a_token_under_a_root_elsewhere() {
    let place = Place::new();
    place.configure(None);
    let serve = place.start();
    let before = place.issued("CN=Before");
    serve.stop();

    place.make_token("first");
    place.configure(Some("first"));
    let refused = place.hub(&["serve"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(69), "{said}");
    assert!(said.contains("ets-hub root ask"), "{said}");
    fs::rename(place.file("data/ca"), place.file("data/ca.before")).expect("it can be moved");
    let (root, pass, answer) = (place.file("root"), place.file("root-pass"), place.file("answer"));
    let whose = ["--owner", "Region"];
    let make = ["root", "make", "--dir", &root, "--passphrase", &pass];
    let certify = ["root", "certify", "--dir", &root, "--passphrase", &pass];
    let csr = place.file("data/ca/issuing.csr");
    let what = ["--request", &csr, "--url", "http://pki.ets.localhost:8480", "--out", &answer];
    tool_of_hub(&place, &[&make[..], &whose].concat());
    place.must(&[&["root", "ask"][..], &whose].concat());
    tool_of_hub(&place, &[&certify[..], &whose, &what].concat());
    place.must(&["root", "take", "--from", &answer]);
    // Whoever has a certificate of the one before goes on with it.
    fs::create_dir(place.file("data/ca/before")).expect("a folder can be made");
    let (old, kept) = (place.file("data/ca.before/issuing.pem"), "data/ca/before/1.pem");
    fs::copy(&old, place.file(kept)).expect("it can be copied");

    let serve = place.start();
    let after = place.issued("CN=After");
    let anchors = place.file("data/certs/clients.pem");
    for authority in [old, place.file("data/ca/issuing.pem")] {
        tool("openssl", &["verify", "-partial_chain", "-CAfile", &anchors, &authority]);
    }
    for serial in [&before, &after] {
        place.must(&["ca", "revoke", "--serial", serial, "--reason", "superseded"]);
    }
    serve.stop();
}

/// A command that reads no configuration.
#[track_caller]
fn tool_of_hub(place: &Place, args: &[&str]) {
    let output = place.command(hub_binary()).args(args).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}: {said}");
}
