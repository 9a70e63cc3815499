//! Connections that were taken on their way.

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpStream;

use super::heard;
use crate::gateway::{Gateway, Reached, Refusal, Resolve};
use crate::policy::{Ask, Way, Why};
use crate::relay::reset;
use crate::target::{Host, Target};

/// Serves one connection to its end. Whoever opened it believes to speak with the far host: where the
/// rules refuse, he is told by a reset, at once.
///
/// # Errors
/// When it has gone before anything could be asked of it.
pub(crate) async fn serve<R: Resolve>(
    gateway: &Gateway<R>,
    client: TcpStream,
    peer: SocketAddr,
) -> io::Result<()> {
    // The far host's address is the near end of the connection.
    let to = client.local_addr()?;
    match reach(gateway, &client, (peer, to)).await {
        Ok(reached) => drop(gateway.relay(&client, &reached).await),
        Err(refusal) => {
            tracing::debug!(%peer, %to, ?refusal, "what was taken on its way goes no further");
            reset(&client);
        }
    }
    Ok(())
}

async fn reach<R: Resolve>(
    gateway: &Gateway<R>,
    client: &TcpStream,
    (peer, to): (SocketAddr, SocketAddr),
) -> Result<Reached, Refusal> {
    let (peer, address) = (peer.ip().to_canonical(), to.ip().to_canonical());
    let by_names = gateway.policy().goes_by_names(gateway.segment(peer)?);
    let name = if by_names { heard::name(client).await } else { None };
    let host = match name {
        Some(name) if is_true(gateway, &name, address).await => Host::Name(name),
        // Nobody gets anywhere by a name that is not the host's, but a name that is refused is refused.
        Some(name) => {
            refuse_by(gateway, &name, (peer, SocketAddr::new(address, to.port())))?;
            Host::Address(address)
        }
        None => Host::Address(address),
    };
    let target = Target { host, port: to.port() };
    gateway.reach_at(peer, None, (&target, Some(address))).await
}

/// Whether a name that a client gave leads to where he sent it.
async fn is_true<R: Resolve>(gateway: &Gateway<R>, name: &str, address: IpAddr) -> bool {
    let found = gateway.resolver().resolve(name).await;
    found.is_ok_and(|found| found.iter().any(|one| one.to_canonical() == address))
}

/// Refuses what a rule says of a name.
fn refuse_by<R: Resolve>(
    gateway: &Gateway<R>,
    name: &str,
    (peer, to): (IpAddr, SocketAddr),
) -> Result<(), Refusal> {
    let segment = gateway.segment(peer)?;
    let ask = Ask {
        segment: Some(segment),
        person: None,
        host: Some(name),
        address: to.ip(),
        port: to.port(),
        protocol: ets_model::Protocol::Tcp,
        way: Way::Transparent,
    };
    match gateway.allowed(&ask) {
        Err(no) if matches!(no.0, Why::Rule(_)) => {
            let refusal = gateway.refusal(no, &ask);
            gateway.note_ask(segment, &ask, (&refusal, ""));
            Err(refusal)
        }
        _ => Ok(()),
    }
}
