//! SOCKS version 5 (RFC 1928), without authentication: who asks is known by his segment.

mod associate;
mod datagram;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::gateway::{Gateway, Refusal, Resolve};
use crate::target::{Host, Target};
use associate::{Association, Client};
use datagram::HEAD;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const NO_METHOD: u8 = 0xff;
const CONNECT: u8 = 1;
const UDP_ASSOCIATE: u8 = 3;

/// How long the greeting and the request may take together.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers of a server (RFC 1928, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Reply {
    Succeeded = 0,
    GeneralFailure = 1,
    NotAllowed = 2,
    NetworkUnreachable = 3,
    HostUnreachable = 4,
    CommandNotSupported = 7,
    AddressTypeNotSupported = 8,
}

/// What is asked for.
enum Asked {
    Connect(Target),
    /// With where the client says that he will send from; nought for what he does not know.
    Associate(Option<Host>, u16),
}

/// Serves one connection to its end.
///
/// # Errors
/// The client's end of it, when he breaks off or speaks something else.
pub async fn serve<R: Resolve>(
    gateway: &Arc<Gateway<R>>,
    mut client: TcpStream,
    peer: SocketAddr,
) -> io::Result<()> {
    let asked = timeout(PATIENCE, request(&mut client)).await??;
    let reached = match asked {
        Ok(Asked::Associate(host, port)) => {
            return associate(gateway, client, peer, (host, port)).await;
        }
        Ok(Asked::Connect(target)) => {
            gateway.reach(peer.ip(), None, &target).await.map_err(|why| reply_to(&why))
        }
        Err(reply) => Err(reply),
    };
    match reached {
        Ok(reached) => {
            let local = reached.stream.local_addr()?;
            reply(&mut client, Reply::Succeeded, local).await?;
            gateway.relay(&client, &reached).await;
        }
        Err(refused) => {
            reply(&mut client, refused, (Ipv4Addr::UNSPECIFIED, 0).into()).await?;
            client.shutdown().await?;
        }
    }
    Ok(())
}

/// Datagrams, until the connection ends.
async fn associate<R: Resolve>(
    gateway: &Arc<Gateway<R>>,
    mut client: TcpStream,
    peer: SocketAddr,
    announced: (Option<Host>, u16),
) -> io::Result<()> {
    let at = client.local_addr()?.ip();
    let opened = match gateway.segment_of(peer.ip()) {
        _ if gateway.datagrams().ports().is_none() => Err(Reply::CommandNotSupported),
        None => Err(Reply::NotAllowed),
        Some(segment) => {
            // Behind a translator of addresses his port is another one than he knows.
            let is_here = announced.0 == Some(Host::Address(peer.ip()))
                || matches!(announced.0, Some(Host::Address(any)) if any.is_unspecified());
            let port = Some(announced.1).filter(|port| *port > 0 && is_here);
            let client = Client { segment, address: peer.ip(), port };
            Association::open(gateway, client, at).map_err(|error| {
                tracing::debug!(%peer, %error, "no place for one more association");
                Reply::GeneralFailure
            })
        }
    };
    match opened {
        Ok(association) => {
            reply(&mut client, Reply::Succeeded, association.bound()?).await?;
            association.run(&client).await;
            Ok(())
        }
        Err(refused) => {
            reply(&mut client, refused, (Ipv4Addr::UNSPECIFIED, 0).into()).await?;
            client.shutdown().await
        }
    }
}

fn reply_to(refusal: &Refusal) -> Reply {
    match refusal {
        Refusal::Rules(..) | Refusal::Crowded(_) => Reply::NotAllowed,
        Refusal::NoSuchName | Refusal::Unreachable => Reply::HostUnreachable,
        Refusal::NoResolver => Reply::NetworkUnreachable,
        Refusal::Full => Reply::GeneralFailure,
    }
}

/// The greeting and the request; an answer where that is none that can be served.
async fn request(client: &mut TcpStream) -> io::Result<Result<Asked, Reply>> {
    let [version, methods] = octets(client).await?;
    if version != VERSION {
        return Err(nonsense());
    }
    let mut offered = vec![0; usize::from(methods)];
    client.read_exact(&mut offered).await?;
    if !offered.contains(&NO_AUTHENTICATION) {
        client.write_all(&[VERSION, NO_METHOD]).await?;
        return Err(nonsense());
    }
    client.write_all(&[VERSION, NO_AUTHENTICATION]).await?;
    let [version, command, _, kind] = octets(client).await?;
    if version != VERSION {
        return Err(nonsense());
    }
    let host = match kind {
        1 => Some(Host::Address(IpAddr::V4(Ipv4Addr::from(octets::<4>(client).await?)))),
        4 => Some(Host::Address(IpAddr::V6(Ipv6Addr::from(octets::<16>(client).await?)))),
        3 => name(client).await?,
        _ => return Ok(Err(Reply::AddressTypeNotSupported)),
    };
    let port = u16::from_be_bytes(octets(client).await?);
    Ok(match command {
        CONNECT => {
            let target = host.and_then(|host| Target::new(host, port));
            target.map(Asked::Connect).ok_or(Reply::AddressTypeNotSupported)
        }
        UDP_ASSOCIATE => Ok(Asked::Associate(host, port)),
        _ => Err(Reply::CommandNotSupported),
    })
}

/// Clients write addresses as names too.
async fn name(client: &mut TcpStream) -> io::Result<Option<Host>> {
    let [length] = octets(client).await?;
    let mut text = vec![0; usize::from(length)];
    client.read_exact(&mut text).await?;
    Ok(std::str::from_utf8(&text).ok().and_then(Host::read))
}

async fn octets<const N: usize>(client: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut octets = [0; N];
    client.read_exact(&mut octets).await?;
    Ok(octets)
}

async fn reply(client: &mut TcpStream, reply: Reply, bound: SocketAddr) -> io::Result<()> {
    // But for the first two octets it is the head of a datagram (RFC 1928, sections 6 and 7).
    let mut room = [0; HEAD];
    let answer = datagram::write(&mut room, bound);
    room[answer..answer + 2].copy_from_slice(&[VERSION, reply as u8]);
    client.write_all(&room[answer..]).await
}

fn nonsense() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "this is no SOCKS 5 without authentication")
}

#[cfg(test)]
mod tests;
