//! The issuing key on a token, judged by others: `softhsm` is the token, `opensc` makes keys on it and
//! says how they are kept, openssl judges what is signed, `p11-kit` is a token of another machine.
//!
//! The token is told by the environment where its tokens are, so each test runs in a process of its
//! own.

mod faults;
mod kinds;

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ets_ca::{Addresses, Authority, Error, Files, KeyStore, Passphrase, Token};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::{BASE, SECRET, text};

const PIN: &str = "482913";
/// Where Debian, on either of its layouts, has the token's library.
const SOFTHSM: [&str; 2] =
    ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"];

fn softhsm() -> &'static str {
    let found = SOFTHSM.into_iter().find(|path| Path::new(path).exists());
    found.expect("SoftHSM's library: run `scripts/setup.sh test`")
}

/// Runs a test in a process with tokens of its own: true in that process.
fn is_inside<T>(_: T) -> bool {
    if std::env::var_os("ETS_TOKENS").is_some() {
        return true;
    }
    let dir = tempfile::tempdir().unwrap();
    let conf = dir.path().join("softhsm.conf");
    let tokens = dir.path().join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let said = format!("directories.tokendir = {}\nobjectstore.backend = file\n", text(&tokens));
    std::fs::write(&conf, said).unwrap();
    let test = std::any::type_name::<T>().split_once("::").unwrap().1;
    let status = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--include-ignored"])
        .env("SOFTHSM2_CONF", &conf)
        .env("ETS_TOKENS", dir.path())
        .env("ETS_FAULTS", dir.path())
        .env("ETS_SOFTHSM", softhsm())
        .env("P11_KIT_SERVER_ADDRESS", format!("unix:path={}/socket", text(dir.path())))
        .status()
        .unwrap();
    assert!(status.success(), "{test}");
    false
}

/// A folder of the process, with a token in it and an authority's files beside.
struct Place {
    dir: PathBuf,
    token: Token,
}

impl Place {
    /// Makes a token, reached by `module`.
    fn new(module: &Path) -> Self {
        let dir = PathBuf::from(std::env::var_os("ETS_TOKENS").unwrap());
        let place = Self {
            token: Token {
                module: module.to_owned(),
                token: "hub of the region".to_owned(),
                key: "issuing".to_owned(),
                pin: dir.join("pin"),
            },
            dir,
        };
        std::fs::write(&place.token.pin, format!("{PIN}\n")).unwrap();
        place.another(&place.token.token);
        place
    }

    /// Makes a further token with this label.
    fn another(&self, label: &str) {
        let free = ["--init-token", "--free", "--so-pin", "87654321", "--pin", PIN];
        self.run("softhsm2-util", &[&free[..], &["--label", label]].concat());
    }

    fn run(&self, program: &str, args: &[&str]) -> String {
        let output = Command::new(program).args(args).output().expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program} {args:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The tool of `opensc` on the token, its user logged in.
    fn tool(&self, args: &[&str]) -> String {
        let base = ["--module", softhsm(), "--token-label", &self.token.token];
        self.run("pkcs11-tool", &[&base[..], &["--login", "--pin", PIN], args].concat())
    }

    fn files(&self) -> Files {
        Files::beside_token(&self.dir.join("ca"))
    }

    fn keys(&self) -> KeyStore {
        KeyStore::new(Passphrase::new(SECRET), Some(self.token.clone()))
    }

    fn addresses(&self) -> Addresses {
        Addresses::new(BASE).unwrap()
    }

    fn make(&self) -> Result<(), Error> {
        Authority::make(&self.files(), "Region", self.keys(), Some(&self.addresses()))
    }

    fn open(&self) -> Result<Authority, Error> {
        Authority::open(&self.files(), self.keys(), Some(self.addresses()))
    }

    /// A module between the hub and the token that fails when it is told to.
    fn faulty() -> PathBuf {
        let dir = PathBuf::from(std::env::var_os("ETS_TOKENS").unwrap());
        let (module, source) = (dir.join("faulty.so"), dir.join("faulty.c"));
        std::fs::write(&source, include_str!("faulty.c")).unwrap();
        let args = ["-shared", "-fPIC", "-o", text(&module), text(&source), "-ldl"];
        let made = Command::new("cc").args(args).status().expect("a C compiler");
        assert!(made.success());
        module
    }

    /// From now on the token is so.
    fn fault(&self, name: &str) {
        std::fs::write(self.dir.join(name), "").unwrap();
    }

    fn heal(&self, name: &str) {
        std::fs::remove_file(self.dir.join(name)).unwrap();
    }

    /// How often somebody logged in through the faulty module.
    fn logins(&self) -> usize {
        self.counted("logins")
    }

    /// How often the faulty module saw this.
    fn counted(&self, name: &str) -> usize {
        std::fs::read_to_string(self.dir.join(name)).unwrap_or_default().lines().count()
    }
}

/// The token in a process of its own, behind a socket, as a token of another machine.
struct Far(Child);

impl Far {
    const MODULE: &str = "/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-client.so";

    fn start(place: &Place) -> Self {
        let socket = place.dir.join("socket");
        drop(std::fs::remove_file(&socket));
        let args = ["server", "-f", "-n", text(&socket), "--provider", softhsm()];
        let child = Command::new("p11-kit")
            .args(args)
            .arg(format!("pkcs11:token={}", place.token.token.replace(' ', "%20")))
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("p11-kit: run `scripts/setup.sh test`");
        let begun = Instant::now();
        while !socket.exists() {
            assert!(begun.elapsed() < Duration::from_secs(5), "p11-kit opens no socket");
            std::thread::sleep(Duration::from_millis(5));
        }
        Self(child)
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        // Each connection has a process of its own.
        let group = Pid::from_raw(i32::try_from(self.0.id()).unwrap());
        killpg(group, Signal::SIGKILL).unwrap();
        drop(self.0.wait());
    }
}
