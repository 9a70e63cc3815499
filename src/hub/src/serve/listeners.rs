//! Fetching the sockets that `netd` holds.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use ets_netd_api::{Client, Error};
use ets_runtime::Shutdown;

use crate::exit::{Failure, chain};

/// `netd` may still be starting: how often and how long it is asked.
const PAUSE: Duration = Duration::from_millis(100);
const ATTEMPTS: u32 = 600;

/// One socket by name; `None` when `netd` is to hold none of that name, or the process is to end.
pub(crate) async fn take(
    netd: &Client,
    configured: &[(String, SocketAddr)],
    name: &str,
    shutdown: &Shutdown,
) -> Result<Option<TcpListener>, Failure> {
    fetch(configured, name, shutdown, || netd.tcp_listener(name)).await
}

/// As [`take`], of those for UDP.
pub(crate) async fn take_udp(
    netd: &Client,
    configured: &[(String, SocketAddr)],
    name: &str,
    shutdown: &Shutdown,
) -> Result<Option<UdpSocket>, Failure> {
    fetch(configured, name, shutdown, || netd.udp_socket(name)).await
}

async fn fetch<S, F: Future<Output = Result<S, Error>>>(
    configured: &[(String, SocketAddr)],
    name: &str,
    shutdown: &Shutdown,
    ask: impl Fn() -> F,
) -> Result<Option<S>, Failure> {
    for attempt in 0..ATTEMPTS {
        match ask().await {
            Ok(socket) => return Ok(Some(socket)),
            Err(Error::Refused(why)) if configured.iter().all(|(one, _)| one != name) => {
                tracing::warn!(name, why, "netd holds no such socket");
                return Ok(None);
            }
            Err(Error::Refused(why)) if attempt + 1 == ATTEMPTS => {
                return Err(Failure::Missing(why));
            }
            Err(error) if attempt + 1 == ATTEMPTS => {
                return Err(Failure::Missing(format!("netd does not answer: {}", chain(&error))));
            }
            Err(_) => tokio::select! {
                () = shutdown.requested() => return Ok(None),
                () = tokio::time::sleep(PAUSE) => {}
            },
        }
    }
    Ok(None)
}
