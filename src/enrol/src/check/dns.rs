//! dns-01 (RFC 8555, section 8.4), and the addresses of names: a question to the configured
//! resolver over UDP, again over TCP where the answer is cut off (RFC 1035).
//!
//! By hand: two types of questions and one way to read an answer are less than a library for DNS
//! brings along, and nothing of an answer is used but TXT, A and AAAA.

mod message;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use self::message::{Answer, Type};
use super::Proof;
use crate::Config;
use crate::enrol::draw;
use crate::problem::{Kind, Problem};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How long one datagram may take, and how often it is sent.
const PATIENCE: Duration = Duration::from_millis(1_500);
const TRIES: usize = 3;
/// RFC 1035, section 4.2.1, without extensions; more than that comes over TCP.
const DATAGRAM: usize = 512;

/// Looks for the hash among the TXT records of `_acme-challenge`.
pub(super) async fn look(config: &Config, proof: &Proof) -> Result<(), Problem> {
    let name = format!("_acme-challenge.{}", proof.name.value());
    let wanted = URL_SAFE_NO_PAD.encode(proof.hashed());
    let texts = ask(config, &name, Type::Txt).await?.texts;
    if texts.iter().any(|text| text == wanted.as_bytes()) {
        return Ok(());
    }
    let detail = match texts.as_slice() {
        [] => format!("{name} has no TXT record"),
        all => format!("none of the {} TXT records of {name} is the one wanted", all.len()),
    };
    Err(Problem::new(if texts.is_empty() { Kind::Dns } else { Kind::Unauthorized }, detail))
}

/// The addresses of a name, those of IPv6 first.
pub(super) async fn addresses(config: &Config, name: &str) -> Result<Vec<IpAddr>, Problem> {
    let (six, four) = tokio::join!(ask(config, name, Type::Aaaa), ask(config, name, Type::A));
    match (six, four) {
        (Err(problem), Err(_)) => Err(problem),
        (six, four) => {
            let all = [six, four].into_iter().flatten().flat_map(|answer| answer.addresses);
            Ok(all.collect())
        }
    }
}

async fn ask(config: &Config, name: &str, kind: Type) -> Result<Answer, Problem> {
    let failed = |why: &str| Problem::new(Kind::Dns, format!("{name}: {why}"));
    let resolver = config
        .resolver
        .ok_or_else(|| failed("the hub knows no DNS server and the name is not in its table"))?;
    let id = u16::from_be_bytes(draw()?);
    let question = message::question(id, name, kind).ok_or_else(|| failed("it is too long"))?;
    let silent = |_| failed("the DNS server does not answer");
    let mut bytes = over_udp(resolver, &question).await.map_err(silent)?;
    if message::is_cut_off(&bytes) {
        bytes = over_tcp(resolver, &question).await.map_err(silent)?;
    }
    message::read(&bytes, &question, kind).map_err(failed)
}

/// What is not an answer to this very question is not heard: of another sender (the socket is
/// connected), number or name.
async fn over_udp(resolver: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let any: SocketAddr = match resolver {
        SocketAddr::V4(_) => ([0; 4], 0).into(),
        SocketAddr::V6(_) => ([0_u16; 8], 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(resolver).await?;
    let mut buffer = [0; DATAGRAM];
    for _ in 0..TRIES {
        socket.send(question).await?;
        let heard = async {
            loop {
                let length = socket.recv(&mut buffer).await?;
                if message::answers(&buffer[..length], question) {
                    return Ok::<_, std::io::Error>(length);
                }
            }
        };
        if let Ok(length) = tokio::time::timeout(PATIENCE, heard).await {
            let length = length?;
            return Ok(buffer[..length].to_vec());
        }
    }
    Err(std::io::ErrorKind::TimedOut.into())
}

/// With two octets of length in front (RFC 1035, section 4.2.2).
async fn over_tcp(resolver: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let asked = async {
        let mut stream = TcpStream::connect(resolver).await?;
        let length = u16::try_from(question.len()).map_err(std::io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes(), question].concat()).await?;
        let mut answer = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    };
    tokio::time::timeout(PATIENCE * 2, asked).await?
}
