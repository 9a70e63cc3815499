//! What people have programs for, through the gateway of the built product: a repository is cloned, a
//! package fetched, a page opened in a browser and a socket from it, a large file over HTTP/2.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Lab, Options, inside_of, text, tool, wait_for};

const PLAIN: u16 = 8081;
const TLS: u16 = 8443;
const SOCKET: u16 = 8082;
/// Of the large file.
const LARGE: usize = 32 << 20;
const SOON: Duration = Duration::from_secs(10);
const OFTEN: Duration = Duration::from_millis(50);

/// Foreign servers in the outside network, and what lies on them.
struct Outside {
    dir: TempDir,
    address: String,
    servers: Vec<Child>,
}

impl Outside {
    fn start(place: &Value) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let address = text(&place["address"]).to_owned();
        let site = dir.path().join("site");
        std::fs::create_dir(&site).expect("a folder");
        repository(dir.path());
        package(&site);
        std::fs::write(site.join("page.html"), page(&address)).expect("a page");
        shell(dir.path(), &format!("head -c {LARGE} /dev/urandom > site/large"));
        let port = SOCKET.to_string();
        let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/judges-venv/bin/python");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/cases/programs/echo.py");
        let mut outside = Self { dir, address, servers: Vec::new() };
        let config = outside.nginx();
        for words in [
            ["nginx", "-c", &config, "-e", "/dev/null"].as_slice(),
            &[python, script, &outside.address, &port],
        ] {
            let mut server = inside_of(place, words);
            let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
            outside.servers.push(server.env("PATH", path).spawn().expect("it starts"));
        }
        for port in [PLAIN, TLS, SOCKET] {
            let at = format!("exec 3<>/dev/tcp/{}/{port}", outside.address);
            wait_for("a server outside", SOON, OFTEN, || {
                let asked = inside_of(place, &["bash", "-c", &at]).status();
                asked.expect("bash starts").success().then_some(())
            });
        }
        outside
    }

    /// Plain HTTP and HTTP/2 over TLS, by nginx.
    fn nginx(&self) -> String {
        let (dir, address) = (self.dir.path().display(), &self.address);
        shell(
            self.dir.path(),
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
             -subj /CN=web.example -keyout key.pem -out cert.pem 2>/dev/null",
        );
        let text = format!(
            "daemon off; worker_processes 1; master_process off; pid {dir}/nginx.pid; user root;\n\
             events {{ worker_connections 256; }}\n\
             http {{ access_log {dir}/access.log; default_type text/html; root {dir}/site;\n\
             client_body_temp_path {dir}/nb; proxy_temp_path {dir}/np; fastcgi_temp_path {dir}/nf;\n\
             uwsgi_temp_path {dir}/nu; scgi_temp_path {dir}/ns;\n\
             server {{ listen {address}:{PLAIN}; }}\n\
             server {{ listen {address}:{TLS} ssl http2;\n\
             ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem; }} }}\n"
        );
        let path = self.dir.path().join("nginx.conf");
        std::fs::write(&path, text).expect("it can be written");
        path.to_str().expect("UTF-8").to_owned()
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().expect("UTF-8").to_owned()
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        for server in &mut self.servers {
            drop(server.kill());
            drop(server.wait());
        }
    }
}

#[track_caller]
fn shell(dir: &Path, line: &str) {
    let status = Command::new("bash").args(["-ec", line]).current_dir(dir).status();
    assert!(status.expect("bash starts").success(), "{line}");
}

/// A repository that is served as files (`git update-server-info`).
fn repository(dir: &Path) {
    shell(
        dir,
        "git init -q -b main work && cd work && echo 'Кенжар' > README && git add README \
         && git -c user.name=a -c user.email=a@b.example commit -qm first \
         && git clone -q --bare . ../site/things.git && git -C ../site/things.git update-server-info",
    );
}

/// A package and the list of a repository of it (sources.list(5), "exact path").
fn package(site: &Path) {
    shell(
        site,
        "mkdir -p apt tree/DEBIAN && cd tree && printf 'Package: kenzhar\\nVersion: 1.0\\n\
         Architecture: all\\nMaintainer: A <a@b.example>\\nDescription: nothing\\n' > DEBIAN/control \
         && cd .. && dpkg-deb --root-owner-group -b tree apt/kenzhar_1.0_all.deb >/dev/null && cd apt \
         && { cat ../tree/DEBIAN/control; echo Filename: ./kenzhar_1.0_all.deb; \
         echo Size: $(stat -c %s kenzhar_1.0_all.deb); \
         echo SHA256: $(sha256sum kenzhar_1.0_all.deb | cut -d' ' -f1); } > Packages",
    );
}

/// A page that opens a socket and asks for what it heard, which the log of the server then tells.
fn page(address: &str) -> String {
    format!(
        "<!doctype html><title>outside</title><script>\
         const socket = new WebSocket('ws://{address}:{SOCKET}/');\
         socket.onopen = () => socket.send('through-the-gateway');\
         socket.onmessage = (message) => fetch('/heard-' + message.data);</script>"
    )
}

/// What a program in a segment says, and whether it succeeded.
fn run(segment: &Value, home: &str, line: &str) -> (bool, String) {
    let mut command = inside_of(segment, &["timeout", "60", "bash", "-c", line]);
    // No settings of whoever tests.
    command.env("HOME", home).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0");
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output();
    let output = output.expect("it starts");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[track_caller]
fn succeeds(segment: &Value, home: &str, line: &str) -> String {
    let (done, said) = run(segment, home, line);
    assert!(done, "{line}: {said}");
    said
}

/// covers: G1, N6.1: git by each way, apt, HTTP/2, a browser and a socket from its page
#[test]
fn the_programs_that_people_have_get_out_by_the_gateway() {
    let lab = Lab::start(&Options { segments: 2, ..Options::default() });
    let json = lab.json();
    let outside = Outside::start(&json["external"]);
    let (at, home) = (&outside.address, outside.path(""));
    let (http, socks) = (text(&json["proxy"]["http"]), text(&json["proxy"]["socks5"]));
    let segment = &json["segments"][0];
    let said = |line: &str| succeeds(segment, &home, line);

    for (count, (proxy, from)) in [
        (format!("http://{http}"), format!("http://web.example:{PLAIN}")),
        (format!("http://{http}"), format!("https://web.example:{TLS}")),
        (format!("socks5h://{socks}"), format!("http://web.example:{PLAIN}")),
    ]
    .into_iter()
    .enumerate()
    {
        said(&format!(
            "git -c http.proxy={proxy} -c http.sslVerify=false clone -q {from}/things.git \
             {home}/clone{count} && grep -q Кенжар {home}/clone{count}/README"
        ));
    }
    let inner = text(&json["services"]["address"]);
    let (done, refused) = run(
        segment,
        &home,
        &format!("git -c http.proxy=http://{http} clone http://{inner}/things.git {home}/none"),
    );
    assert!(!done && refused.contains("403"), "{refused}");

    apt(&said, &home, (http, &format!("http://web.example:{PLAIN}/apt")));
    let large = outside.path("site/large");
    let got = said(&format!(
        "curl -sS -k --http2 --noproxy '' -x http://{http} -o {home}/got -w '%{{http_version}}' \
         https://{at}:{TLS}/large && cmp {home}/got {large}"
    ));
    assert_eq!(got, "2");
    browser(segment, &outside, http);
}

/// The list and a package, with nothing of this machine's own apt.
fn apt(said: &dyn Fn(&str) -> String, home: &str, (proxy, source): (&str, &str)) {
    let mut options = format!("-o Acquire::http::Proxy=http://{proxy} -o APT::Sandbox::User=root");
    for (name, value) in [
        ("Dir::Etc::sourcelist", "list"),
        ("Dir::Etc::sourceparts", "none"),
        ("Dir::Etc::parts", "none"),
        ("Dir::Etc::main", "none"),
        ("Dir::State", "state"),
        ("Dir::Cache", "cache"),
    ] {
        options.push_str(&format!(" -o {name}={home}/{value}"));
    }
    said(&format!(
        "cd {home} && mkdir -p state/lists/partial cache/archives/partial \
         && echo 'deb [trusted=yes] {source} ./' > list && apt-get -qq {options} update \
         && apt-get -qq {options} download kenzhar && cmp kenzhar_1.0_all.deb site/apt/kenzhar_1.0_all.deb"
    ));
}

/// Chromium opens the page; its socket goes by CONNECT, as a browser does that knows of a proxy.
fn browser(segment: &Value, outside: &Outside, proxy: &str) {
    let profile = format!("--user-data-dir={}", outside.path("profile"));
    let proxy = format!("--proxy-server=http://{proxy}");
    let page = format!("http://{}:{PLAIN}/page.html", outside.address);
    let quiet = "--disable-background-networking";
    let words = ["timeout", "60", "chromium", "--headless", "--no-sandbox", "--disable-gpu"];
    let mut command =
        inside_of(segment, &[&words, [&*profile, &proxy, quiet, &page].as_slice()].concat());
    let mut running = command.spawn().expect("it starts");
    let log = outside.path("access.log");
    wait_for("what the socket said", SOON, OFTEN, || {
        tool("cat", &[&log]).contains("/heard-through-the-gateway").then_some(())
    });
    // It ends what it started.
    Lab::signal(running.id().into(), Signal::SIGTERM);
    drop(running.wait());
}
