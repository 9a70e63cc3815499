//! Has `netd` hand over what segments send outside without a proxy, while some rule wants it.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ets_gateway::{Desk, Speak};
use ets_netd_api::Client;
use ets_runtime::Shutdown;

use crate::exit::{Failure, chain};

/// `netd` is told again so often: the same once more costs nothing, and it may have been started anew.
const AGAIN: Duration = Duration::from_secs(5);

/// Until shutdown. What was in force stays so while `serve` is away.
pub(super) async fn keep(desk: Desk, netd: Client, shutdown: Shutdown) -> Result<(), Failure> {
    let mut enforced = desk.enforced();
    let mut fault = None;
    loop {
        let told = netd.intercept(desk.intercept()).await;
        let now = told.err().map(|error| chain(&error));
        if now != fault {
            match &now {
                Some(error) => tracing::error!(error, "transparent rules do not hold"),
                None => tracing::info!("transparent rules hold"),
            }
        }
        fault = now;
        tokio::select! {
            () = shutdown.requested() => return Ok(()),
            () = tokio::time::sleep(AGAIN) => {}
            changed = enforced.changed() => if changed.is_err() { return Ok(()) },
        }
    }
}

/// Sockets that speak in the name of hosts outside, as `netd` gives them.
struct Voice(Client);

/// Asks `netd` for each.
pub(super) fn voice(netd: &Client) -> Arc<dyn Speak> {
    Arc::new(Voice(netd.clone()))
}

impl Speak for Voice {
    fn speak(
        &self,
        address: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = io::Result<UdpSocket>> + Send + '_>> {
        Box::pin(async move { self.0.speak(address).await.map_err(io::Error::other) })
    }
}
