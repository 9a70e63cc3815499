//! Foreign suites of hostile bytes, whole, against the proxy (T-8): `scripts/suites.sh` fetches them
//! into `target/suites`; `ETS_SUITES` names another place. Without them the tests say so and judge
//! nothing.

mod floods;
mod http1;
mod http2;
mod llhttp;
mod slow;
mod witness;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use crate::bed::{Bed, wait_for};
use witness::{Request, Witness};

/// Deadlines of the proxy: where it matters that honest requests pass on a busy machine, and where
/// little of what comes is honest.
const HONEST: Duration = Duration::from_secs(1);
const CORPUS: Duration = Duration::from_millis(400);
/// Then the proxy has closed, whatever came: some deadlines begin one after the other.
const CLOSED: Duration = Duration::from_secs(8);
/// Cases at once.
const AT_ONCE: usize = 96;

/// The folder of a suite, where it was fetched.
fn suite(name: &str) -> Option<PathBuf> {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/suites");
    let all = std::env::var_os("ETS_SUITES").map_or_else(usual, PathBuf::from);
    let folder = all.join(name);
    if !folder.is_dir() {
        println!("skipped: no {}: run `scripts/setup.sh test`", folder.display());
        return None;
    }
    Some(folder)
}

/// The files of a folder with their names, in order.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// What is sent over one connection.
#[derive(Clone)]
struct Case {
    name: String,
    bytes: Vec<u8>,
}

/// What came of it.
struct Played {
    name: String,
    said: Vec<u8>,
    /// What the service heard.
    heard: Vec<Request>,
}

/// The proxy before a service that writes down what it hears.
struct Field {
    bed: Bed,
    witness: Witness,
}

impl Field {
    /// With a proxy of which every deadline is this.
    async fn start(deadline: Duration) -> Self {
        let witness = Witness::start().await;
        let bed = Bed::over(vec![witness.address], |config| {
            // The name that recorded requests over HTTP/2 ask for, compressed.
            config.names.push("127.0.0.1".to_owned());
            config.bounds.limits.request_head = deadline;
            config.bounds.limits.handshake = CLOSED;
            (config.bounds.idle, config.bounds.stall, config.bounds.body) =
                (deadline, deadline, deadline);
            config.bounds.per_certificate = 4 * AT_ONCE;
            (config.per_certificate.rate, config.per_certificate.in_flight) = (0, 4096);
            for route in &mut config.routes {
                route.timeouts.upload = deadline;
                route.timeouts.answer = CLOSED;
                route.timeouts.quiet = deadline;
            }
        });
        Self { bed, witness }
    }

    /// Plays all cases, each from an address of its own.
    async fn play(&self, who: Option<&str>, alpn: &str, cases: Vec<Case>) -> Vec<Played> {
        let mut config = who.map_or_else(|| self.nobody(alpn), |who| self.bed.client(who, alpn));
        // A client that names no host in the handshake may ask for any that we serve.
        config.enable_sni = alpn != "h2";
        let config = Arc::new(config);
        let (places, to) = (Arc::new(Semaphore::new(AT_ONCE)), self.bed.address);
        let mut running = JoinSet::new();
        for (number, case) in cases.into_iter().enumerate() {
            let (places, config) = (Arc::clone(&places), Arc::clone(&config));
            running.spawn(async move {
                let _place = places.acquire().await.unwrap();
                let said = talk(to, config, own_address(number), &case).await;
                (number, case.name, said)
            });
        }
        let mut all = running.join_all().await;
        all.sort_by_key(|(number, ..)| *number);
        let heard = self.witness.take();
        let of = |number| {
            let from = own_address(number).to_string();
            heard.iter().filter(|one| one.from == from).cloned().collect()
        };
        let played = all.into_iter();
        played.map(|(number, name, said)| Played { name, said, heard: of(number) }).collect()
    }

    /// A client without a certificate.
    fn nobody(&self, alpn: &str) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.bed.paths.ca_cert).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
        config
    }

    /// People are served as before, and nothing is left under way.
    async fn must_serve(&self) {
        assert_eq!(self.bed.ask(&[], "/").await.0, 204);
        wait_for("the end of all", || self.bed.access.figures().streams == 0).await;
    }
}

/// An address of this machine for the case of this number.
fn own_address(number: usize) -> IpAddr {
    let number = u32::try_from(number).unwrap();
    IpAddr::V4(Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 1)) + number))
}

/// Sends the bytes and hears out the answer, up to the end.
async fn talk(to: SocketAddr, config: Arc<ClientConfig>, from: IpAddr, case: &Case) -> Vec<u8> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(from, 0)).unwrap();
    let stream = socket.connect(to).await.unwrap();
    let name = ServerName::try_from("closed.example").unwrap();
    let stream = TlsConnector::from(config).connect(name, stream).await.unwrap();
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut said = Vec::new();
    let talking = async {
        tokio::join!(
            // Who is refused early closes early.
            async { drop(writer.write_all(&case.bytes).await) },
            async { drop(reader.read_to_end(&mut said).await) },
        )
    };
    let ended = tokio::time::timeout(CLOSED, talking).await;
    assert!(ended.is_ok(), "{}: it was not closed", case.name);
    said
}

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Memory and panics of this process while a suite runs.
struct Watch {
    name: &'static str,
    before: usize,
}

impl Watch {
    /// From now on.
    fn begin(name: &'static str) -> Self {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.fetch_add(1, Ordering::SeqCst);
            report(panic);
        }));
        // The peak counts from here on (proc(5), clear_refs).
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        Self { name, before: memory("VmRSS:") }
    }

    /// How much more memory was held than before, at the most and at the end, in MiB; nothing may
    /// have panicked.
    fn end(self, most: usize) {
        let (peak, after) = (memory("VmHWM:"), memory("VmRSS:"));
        let more = |now: usize| now.saturating_sub(self.before) >> 20;
        println!(
            "{}: memory {} MiB before, {} at the most, {} after",
            self.name,
            self.before >> 20,
            peak >> 20,
            after >> 20
        );
        assert!(more(peak) < most, "{} MiB more than before", more(peak));
        assert_eq!(PANICS.load(Ordering::SeqCst), 0, "something panicked");
    }
}

/// A figure of this process, in bytes.
fn memory(figure: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(figure)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

/// The statuses of all answers of HTTP/1.1 and 1.0, final ones.
fn statuses(said: &[u8]) -> Vec<u16> {
    let said = String::from_utf8_lossy(said).replace("HTTP/1.0 ", "HTTP/1.1 ");
    let answers = said.split("HTTP/1.1 ").skip(1);
    answers.filter_map(|answer| answer.get(..3)?.parse().ok()).filter(|one| *one >= 200).collect()
}

/// Compares what was judged otherwise with what is known to be, and says why.
fn compare(suite: &str, different: &[String], known: &[(&str, &str)]) {
    for (name, why) in known {
        println!("{suite} {name}: judged otherwise: {why}");
    }
    let mut known: Vec<_> = known.iter().map(|(name, _)| *name).collect();
    known.sort_unstable();
    let mut different: Vec<_> = different.iter().map(String::as_str).collect();
    different.sort_unstable();
    assert_eq!(different, known, "{suite}: judged otherwise than it says");
}
