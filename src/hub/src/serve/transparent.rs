//! Has `netd` hand over what segments send outside without a proxy, while some rule wants it.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ets_gateway::{Desk, Speak};
use ets_netd_api::Client;
use ets_runtime::Shutdown;
use tokio::sync::Semaphore;

use crate::exit::{Failure, chain};

/// `netd` is told again so often: the same once more costs nothing, and it may have been started anew.
const AGAIN: Duration = Duration::from_secs(5);

/// Until shutdown. What was in force stays so while `serve` is away.
pub(super) async fn keep(desk: Desk, netd: Client, shutdown: Shutdown) -> Result<(), Failure> {
    let mut enforced = desk.enforced();
    let mut fault = None;
    loop {
        // A `netd` that does not answer keeps nobody from shutting down.
        let told = tokio::select! {
            () = shutdown.requested() => return Ok(()),
            told = netd.intercept(desk.intercept()) => told,
        };
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

/// So many sockets are asked for at a time, whatever a segment sends: `netd` has few places, and others
/// need them.
const ASKING: usize = 8;
static ASKED: Semaphore = Semaphore::const_new(ASKING);

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
        Box::pin(async move {
            let _turn = ASKED.acquire().await.map_err(io::Error::other)?;
            self.0.speak(address).await.map_err(io::Error::other)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::UnixListener;
    use tokio::task::JoinSet;
    use tokio::time::timeout;

    /// covers: G6: what a segment sends outside leaves places at `netd` for everybody else
    #[tokio::test]
    async fn however_many_hosts_are_asked_few_sockets_are_asked_for_at_a_time() {
        // A name in no directory (unix(7)).
        let path = format!("\0ets-hub-test-{}", std::process::id());
        let netd = UnixListener::bind(&path).unwrap();
        // Both families have a voice of their own.
        let voices = [(); 2].map(|()| voice(&Client::new(&path)));
        let mut asking = JoinSet::new();
        for port in 1..100 {
            let voice = Arc::clone(&voices[usize::from(port) % 2]);
            asking.spawn(async move { voice.speak(([203, 0, 113, 1], port).into()).await });
        }
        let mut open = Vec::new();
        while let Ok(one) = timeout(Duration::from_millis(300), netd.accept()).await {
            open.push(one.unwrap());
        }
        assert_eq!(open.len(), ASKING);
        open.clear();
        timeout(Duration::from_secs(5), netd.accept()).await.expect("the next ones ask").unwrap();
    }
}
