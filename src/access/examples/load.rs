//! The other ends of the bench: a client and a service that are the same for every proxy.
//!
//! `load upstream` answers `ok` and prints its address. `load kept ADDRESS DIR CONNECTIONS
//! REQUESTS` asks over kept-alive connections, `load full ADDRESS DIR HANDSHAKES GROUP` makes full
//! handshakes with one request each (`GROUP` is `x25519` or `hybrid`), `load steady ADDRESS DIR
//! RATE REQUESTS` asks at an even pace. `ADDRESS` may be `plain:ADDRESS` for the service itself.
//! The results are one line of JSON: `requests`, `seconds`, `p50_us`, `p99_us`.

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs::{self, kx_group};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

type Fault = Box<dyn Error + Send + Sync>;

const NAME: &str = "closed.example";
const REQUEST: &[u8] = b"GET /some/page?of=it HTTP/1.1\r\nHost: closed.example\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
    Accept-Language: ru,kk;q=0.7,en;q=0.3\r\nAccept-Encoding: gzip, deflate, br\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef\r\nSec-Fetch-Dest: document\r\n\r\n";

fn main() -> Result<(), Fault> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        match words[..] {
            ["upstream"] => upstream().await,
            ["kept", at, dir, connections, requests] => {
                let end = Far::read(at, Path::new(dir), "x25519")?;
                kept(end, connections.parse()?, requests.parse()?).await
            }
            ["full", at, dir, handshakes, group] => {
                full(&Far::read(at, Path::new(dir), group)?, handshakes.parse()?).await
            }
            ["steady", at, dir, rate, requests] => {
                let end = Far::read(at, Path::new(dir), "x25519")?;
                steady(&end, rate.parse()?, requests.parse()?).await
            }
            _ => Err("see the head of this example".into()),
        }
    })
}

/// Where to ask, and how.
#[derive(Clone)]
struct Far {
    address: SocketAddr,
    tls: Option<TlsConnector>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Far {
    fn read(at: &str, dir: &Path, group: &str) -> Result<Self, Fault> {
        if let Some(address) = at.strip_prefix("plain:") {
            return Ok(Self { address: address.parse()?, tls: None });
        }
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(dir.join("ca.pem"))?)?;
        let mut provider = aws_lc_rs::default_provider();
        let hybrid = group == "hybrid";
        provider.kx_groups = vec![if hybrid { kx_group::X25519MLKEM768 } else { kx_group::X25519 }];
        let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots)
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_file(dir.join("client.pem"))?],
                PrivateKeyDer::from_pem_file(dir.join("client.key"))?,
            )?;
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { address: at.parse()?, tls: Some(TlsConnector::from(Arc::new(config))) })
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, Fault> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(match &self.tls {
            None => Box::new(stream),
            Some(tls) => Box::new(tls.connect(ServerName::try_from(NAME)?, stream).await?),
        })
    }
}

/// Asks once and reads the answer, whose body is `ok`.
async fn ask(stream: &mut Box<dyn Stream>) -> Result<(), Fault> {
    stream.write_all(REQUEST).await?;
    stream.flush().await?;
    let (mut length, mut part) = (0, [0; 4096]);
    loop {
        let read = stream.read(&mut part[length..]).await?;
        length += read;
        if read == 0 || length == part.len() {
            return Err(String::from_utf8_lossy(&part[..length]).into());
        }
        let said = &part[..length];
        if said.ends_with(b"\r\n\r\nok") || said.ends_with(b"\r\nok\r\n0\r\n\r\n") {
            return if said.starts_with(b"HTTP/1.1 200") { Ok(()) } else { Err("no 200".into()) };
        }
    }
}

async fn kept(end: Far, connections: usize, requests: usize) -> Result<(), Fault> {
    let mut streams = Vec::new();
    for _ in 0..connections {
        let mut stream = end.connect().await?;
        ask(&mut stream).await?;
        streams.push(stream);
    }
    let (begun, each) = (Instant::now(), requests / connections.max(1));
    let tasks: Vec<_> = streams
        .into_iter()
        .map(|mut stream| {
            tokio::spawn(async move {
                let mut times = Vec::with_capacity(each);
                for _ in 0..each {
                    let asked = Instant::now();
                    ask(&mut stream).await?;
                    times.push(asked.elapsed());
                }
                Ok::<_, Fault>(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    tell(times, begun.elapsed());
    Ok(())
}

async fn full(end: &Far, handshakes: usize) -> Result<(), Fault> {
    let (begun, mut times) = (Instant::now(), Vec::with_capacity(handshakes));
    for _ in 0..handshakes {
        let asked = Instant::now();
        let mut stream = end.connect().await?;
        ask(&mut stream).await?;
        times.push(asked.elapsed());
    }
    tell(times, begun.elapsed());
    Ok(())
}

/// Each request has its moment; one that is late delays no other (no coordinated omission).
async fn steady(end: &Far, rate: u32, requests: u32) -> Result<(), Fault> {
    const LANES: u32 = 16;
    let begun = Instant::now() + Duration::from_millis(500);
    let mut lanes = Vec::new();
    for lane in 0..LANES {
        let mut stream = end.connect().await?;
        ask(&mut stream).await?;
        lanes.push(tokio::spawn(async move {
            let mut times = Vec::new();
            for at in (lane..requests).step_by(LANES as usize) {
                let moment = begun + Duration::from_secs(1) * at / rate;
                tokio::time::sleep_until(moment.into()).await;
                let asked = Instant::now();
                ask(&mut stream).await?;
                times.push(asked.elapsed());
            }
            Ok::<_, Fault>(times)
        }));
    }
    let mut times = Vec::new();
    for lane in lanes {
        times.extend(lane.await??);
    }
    tell(times, begun.elapsed());
    Ok(())
}

fn tell(mut times: Vec<Duration>, lasted: Duration) {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 100].as_micros();
    println!(
        "{{\"requests\":{},\"seconds\":{:.3},\"p50_us\":{},\"p99_us\":{}}}",
        times.len(),
        lasted.as_secs_f64(),
        at(50),
        at(99)
    );
}

/// A service that costs as little as possible.
async fn upstream() -> Result<(), Fault> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let (mut length, mut part) = (0, vec![0; 32 << 10]);
            while let Ok(read @ 1..) = stream.read(&mut part[length..]).await {
                length += read;
                if part[..length].ends_with(b"\r\n\r\n") {
                    length = 0;
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                    if stream.write_all(answer).await.is_err() {
                        return;
                    }
                }
            }
        });
    }
}
