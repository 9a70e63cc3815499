//! Foreign clients of ACME (T-5), each with the program that institutions use it with.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use ets_enrol::AccountKey;

use crate::ground::{Ground, Served, listener};
use crate::servers::{Web, free_port, openssl};

const NAME: &str = "mail.akimat.test";
const ADDRESS: &str = "10.9.0.1";

/// Whether a program is installed; says so where it is not (`scripts/setup.sh test` installs it).
pub(crate) fn is_there(program: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()));
    if !found {
        println!("{program}: not installed, not judged");
    }
    found
}

struct Ready {
    ground: Ground,
    served: Served,
    eab: AccountKey,
    port: u16,
}

/// A hub that looks for proofs at this port.
async fn ready(port: u16) -> Ready {
    let (listener, url) = listener();
    let ground = Ground::with(&url, |config| {
        config.http_port = port;
        config.tls_port = port;
        config.hosts.insert(ADDRESS.to_owned(), [127, 0, 0, 1].into());
    })
    .await;
    let served = ground.serve(listener);
    let eab = ground.account_key(1).await;
    Ready { ground, served, eab, port }
}

impl Ready {
    fn dir(&self) -> &Path {
        self.ground.dir.path()
    }

    fn directory(&self) -> String {
        self.served.url("/acme/directory")
    }

    /// Runs a client in the folder; it must succeed.
    async fn run(&self, program: &str, args: &[&str]) {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.dir()).env("HOME", self.dir());
        for name in
            ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "LEGO_CA_CERTIFICATES"]
        {
            command.env(name, &self.served.root);
        }
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = output.await.unwrap().unwrap_or_else(|error| panic!("{program}: {error}"));
        let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
        write!(said, "{}", String::from_utf8_lossy(&output.stderr)).unwrap();
        assert!(output.status.success(), "{program} {args:?}: {said}");
    }

    /// The client has a chain for the name; so many certificates were issued, this many revoked.
    async fn must_hold(&self, client: &str, chain: &str, issued: usize, revoked: usize) {
        let root = self.ground.authority("root.pem");
        let verify = ["verify", "-CAfile", &root, "-untrusted", chain, "-verify_hostname", NAME];
        assert!(openssl(self.dir(), &[&verify[..], &[chain]].concat()).contains("OK"));
        let kept = self.ground.ca.list(10).await.unwrap();
        let dead = kept.iter().filter(|one| one.state == ets_ca::State::Revoked).count();
        assert_eq!((kept.len(), dead), (issued, revoked), "{client}");
        println!("{client}: {issued} issued, {revoked} revoked");
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(self.dir().join(name), text).unwrap();
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(self.dir().join(name), mode).unwrap();
    }
}

/// A web server whose files a client writes into a folder of the test's.
async fn web_of_folder() -> (std::path::PathBuf, tempfile::TempDir, u16) {
    let (web, port) = Web::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let seen = path.clone();
    tokio::spawn(async move {
        loop {
            for file in std::fs::read_dir(&seen).into_iter().flatten().flatten() {
                if let Ok(text) = std::fs::read_to_string(file.path()) {
                    web.put(&file.file_name().to_string_lossy(), text);
                }
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    });
    (path, folder, port)
}

/// covers: T1.2, T-5 (certbot)
#[tokio::test(flavor = "multi_thread")]
async fn certbot_gets_renews_and_revokes() {
    if !is_there("certbot") {
        return;
    }
    let ready = ready(free_port()).await;
    let (port, directory) = (ready.port.to_string(), ready.directory());
    let base = ["--config-dir", "c", "--work-dir", "w", "--logs-dir", "l", "--server", &directory];
    let base = [&base[..], &["--non-interactive"]].concat();
    let eab = ["--eab-kid", &ready.eab.kid, "--eab-hmac-key", &ready.eab.hmac, "--agree-tos"];
    let get = ["certonly", "--standalone", "--http-01-port", &port, "-d", NAME];
    let who = ["-m", "it@akimat.test", "--no-eff-email"];
    ready.run("certbot", &[&get[..], &base, &eab, &who].concat()).await;
    let chain = format!("c/live/{NAME}/fullchain.pem");
    let revoke =
        ["revoke", "--cert-path", &chain, "--reason", "superseded", "--no-delete-after-revoke"];
    ready.run("certbot", &[&revoke[..], &base].concat()).await;
    ready.must_hold("certbot", &chain, 1, 1).await;
}

/// covers: T1.3, T-5 (certbot; RFC 8555, section 7.6)
#[tokio::test(flavor = "multi_thread")]
async fn certbot_revokes_what_another_account_got_and_by_the_certificates_key() {
    if !is_there("certbot") {
        return;
    }
    let ready = ready(free_port()).await;
    let (port, directory, eab) =
        (ready.port.to_string(), ready.directory(), ready.ground.account_key(2).await);
    let base = |dir: &'static str| {
        let own = ["--config-dir", dir, "--work-dir", "w", "--logs-dir", "l", "--non-interactive"];
        [&own[..], &["--server", &directory]].concat()
    };
    let eab = ["--eab-kid", &eab.kid, "--eab-hmac-key", &eab.hmac, "--agree-tos"];
    let get = ["certonly", "--standalone", "--http-01-port", &port, "-d", NAME];
    let who = ["-m", "it@akimat.test", "--no-eff-email"];
    for dir in ["one", "two"] {
        ready.run("certbot", &[&get[..], &base(dir), &eab, &who].concat()).await;
    }
    let chain = |dir: &str| format!("{dir}/live/{NAME}/fullchain.pem");
    let (one, two) = (chain("one"), chain("two"));
    let revoke = |path: &'static str| ["revoke", "--no-delete-after-revoke", path];
    let by_names = [&revoke("--cert-path")[..], &[&one], &base("two")].concat();
    ready.run("certbot", &by_names).await;
    ready.must_hold("certbot, another account", &one, 2, 1).await;
    // A third one has no account at all.
    let key = format!("two/live/{NAME}/privkey.pem");
    let by_key = [&revoke("--cert-path")[..], &[&two, "--key-path", &key], &base("three")].concat();
    ready.run("certbot", &by_key).await;
    ready.must_hold("certbot, by the key", &two, 2, 2).await;
}

/// covers: T1.2, T-5 (lego, HTTP-01 and TLS-ALPN-01)
#[tokio::test(flavor = "multi_thread")]
async fn lego_gets_by_file_and_by_handshake() {
    if !is_there("lego") {
        return;
    }
    let ready = ready(free_port()).await;
    let (at, directory) = (format!("127.0.0.1:{}", ready.port), ready.directory());
    let base = ["--server", &directory, "--accept-tos", "--email", "it@akimat.test", "-d", NAME];
    let eab = ["--eab", "--kid", &ready.eab.kid, "--hmac", &ready.eab.hmac];
    let base = [&base[..], &eab].concat();
    let file = ["--path", "file", "--http", "--http.port", &at];
    ready.run("lego", &[&base[..], &file, &["run"]].concat()).await;
    // The same account, so that the key, which was good for one, does not matter.
    std::fs::create_dir(ready.dir().join("shake")).unwrap();
    let (from, to) = (ready.dir().join("file/accounts"), ready.dir().join("shake/accounts"));
    std::fs::rename(from, to).unwrap();
    let shake = ["--path", "shake", "--tls", "--tls.port", &at];
    ready.run("lego", &[&base[..], &shake, &["run"]].concat()).await;
    let revoke = ["--path", "shake", "revoke"];
    ready.run("lego", &[&base[..], &revoke].concat()).await;
    ready.must_hold("lego", &format!("file/certificates/{NAME}.crt"), 2, 1).await;
}

/// covers: T1.2, T-5 (uacme)
#[tokio::test(flavor = "multi_thread")]
async fn uacme_gets_and_revokes_also_for_an_address() {
    if !is_there("uacme") || !is_there("unshare") {
        return;
    }
    let (files, _folder, port) = web_of_folder().await;
    let ready = ready(port).await;
    let hook = format!(
        "#!/bin/sh\ncase \"$1 $2\" in 'begin http-01') printf %s \"$5\" >{}/\"$4\";;\n\
         begin*) exit 1;; esac\n",
        files.display()
    );
    ready.write("hook", &hook, 0o755);
    // It knows no authorities but the system's, so it is given a system of its own.
    let directory = ready.directory();
    let eab = format!("{}:{}", ready.eab.kid, ready.eab.hmac);
    let script = format!(
        "mount --bind '{}' /etc/ssl/certs/ca-certificates.crt && umask 077 && \
         u='uacme -a {directory} -c u -h ./hook -y -t EC' && $u -e '{eab}' new it@akimat.test && \
         $u issue {NAME} && cp u/{NAME}/cert.pem chain.pem && $u revoke u/{NAME}/cert.pem && \
         $u issue {ADDRESS}",
        ready.served.root
    );
    ready.run("unshare", &["--map-root-user", "--mount", "sh", "-c", &script]).await;
    ready.must_hold("uacme", "chain.pem", 2, 1).await;
}

/// covers: T1.2, T-5 (dehydrated and acme-tiny)
#[tokio::test(flavor = "multi_thread")]
async fn dehydrated_and_acme_tiny_get_with_one_account() {
    if !is_there("dehydrated") {
        return;
    }
    let (files, _folder, port) = web_of_folder().await;
    let ready = ready(port).await;
    let config = format!(
        "CA={}\nBASEDIR={dir}\nWELLKNOWN={}\nEAB_KID={}\nEAB_HMAC_KEY={}\nKEY_ALGO=prime256v1\n\
         CONTACT_EMAIL=it@akimat.test\nCURL_OPTS='--cacert {root}'\n",
        ready.directory(),
        files.display(),
        ready.eab.kid,
        ready.eab.hmac,
        dir = ready.dir().display(),
        root = ready.served.root,
    );
    ready.write("config", &config, 0o600);
    ready.run("dehydrated", &["--register", "--accept-terms", "-f", "config"]).await;
    ready.run("dehydrated", &["-c", "-d", NAME, "-f", "config"]).await;
    let chain = format!("certs/{NAME}/fullchain.pem");
    std::fs::copy(ready.dir().join(&chain), ready.dir().join("chain.pem")).unwrap();
    ready.run("dehydrated", &["-r", &format!("certs/{NAME}/cert.pem"), "-f", "config"]).await;
    ready.must_hold("dehydrated", "chain.pem", 1, 1).await;
    if !is_there("acme-tiny") {
        return;
    }
    // It knows nothing of bindings: an account is bound by another client, and used by it.
    let script = format!(
        "acme-tiny --quiet --disable-check --directory-url {} --account-key accounts/*/account_key.pem \
         --csr tiny.pem --acme-dir {} >tiny.crt",
        ready.directory(),
        files.display()
    );
    crate::servers::server_request(ready.dir(), "tiny", &format!("DNS:{NAME}"));
    openssl(ready.dir(), &["req", "-inform", "DER", "-in", "tiny.csr", "-out", "tiny.pem"]);
    ready.run("sh", &["-c", &script]).await;
    ready.must_hold("acme-tiny", "tiny.crt", 2, 1).await;
}
