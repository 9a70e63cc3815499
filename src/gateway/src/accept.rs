//! The accept loop of one socket: so many connections at once, and so many of one address.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ets_listen::{Network, Place, Tally};
use ets_runtime::Shutdown;
use nix::sys::resource::{Resource, getrlimit};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::Error;

/// Descriptors of the process that are not for the gateway.
const OF_OTHERS: u64 = 9_000;
/// Those of a tunnel: both ends, and pipes while there is much to move.
const OF_EACH: u64 = 3;
/// An address has this part of all places: a whole segment may stand behind one, and none takes the
/// way out from the others.
const SHARE: usize = 8;
/// How long to wait after `accept` failed for want of descriptors.
const PAUSE: Duration = Duration::from_millis(50);
/// How long what is short may finish when the process ends. Who comes meanwhile waits in the kernel's
/// queue for the next process, so this is part of what an upgrade takes.
pub(crate) const FINISH: Duration = Duration::from_millis(300);
/// How long tunnels may then take to end in order.
pub(crate) const LEAVE: Duration = Duration::from_millis(1_500);

/// Places of all sockets together; who comes above that waits in the kernel's queue.
#[derive(Debug)]
pub(crate) struct Places {
    all: Arc<Semaphore>,
    by_address: Arc<Tally<Network>>,
    most: u32,
    most_of_one: usize,
}

/// A place that is taken; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    _of_all: OwnedSemaphorePermit,
    _of_address: Place<Network>,
}

impl Places {
    /// As many as the process's limit of descriptors lets it have, from 256 to 60,000.
    pub(crate) fn new() -> Self {
        let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(1_024, |(soft, _)| soft);
        let most = limit.saturating_sub(OF_OTHERS) / OF_EACH;
        Self::of(usize::try_from(most).unwrap_or(usize::MAX).clamp(256, 60_000))
    }

    /// A place for one that is open beside its connection, or comes by another way than
    /// [`accept`]; none where there is no room.
    pub(crate) fn take(&self, address: IpAddr) -> Option<Taken> {
        let of_all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let of_address = self.by_address.take(Network::from(address), self.most_of_one)?;
        Some(Taken { _of_all: of_all, _of_address: of_address })
    }

    /// How many there are.
    pub(crate) fn most(&self) -> usize {
        self.most_of_one * SHARE
    }

    fn of(most: usize) -> Self {
        let all = Arc::new(Semaphore::new(most));
        let number = u32::try_from(most).unwrap_or(u32::MAX);
        Self { all, by_address: Arc::default(), most: number, most_of_one: most.div_ceil(SHARE) }
    }

    /// Waits until nobody has a place any more, for so long at most; whether that is so.
    pub(crate) async fn are_free(&self, patience: Duration) -> bool {
        timeout(patience, self.all.acquire_many(self.most)).await.is_ok()
    }
}

/// Serves what comes until shutdown. Connections that are open then may finish for a moment; those
/// that do not are told to by `leave`.
pub(crate) async fn accept<F>(
    listener: std::net::TcpListener,
    talk: impl Fn(TcpStream, SocketAddr) -> F,
    (places, leave): (Arc<Places>, impl Fn()),
    shutdown: Shutdown,
) -> Result<(), Error>
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    take_all(listener, talk, &places, shutdown).await?;
    if !places.are_free(FINISH).await {
        leave();
        places.are_free(LEAVE).await;
    }
    Ok(())
}

async fn take_all<F>(
    listener: std::net::TcpListener,
    talk: impl Fn(TcpStream, SocketAddr) -> F,
    places: &Places,
    shutdown: Shutdown,
) -> Result<(), Error>
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    listener.set_nonblocking(true)?;
    // What is accepted has it from here (tcp(7)): one call less for each.
    SockRef::from(&listener).set_tcp_nodelay(true)?;
    let listener = TcpListener::from_std(listener)?;
    loop {
        let accepted = tokio::select! {
            () = shutdown.requested() => return Ok(()),
            accepted = async {
                let place = Arc::clone(&places.all).acquire_owned().await;
                (place, listener.accept().await)
            } => accepted,
        };
        match accepted {
            (place, Ok((client, peer))) => {
                let own = places.by_address.take(Network::from(peer.ip()), places.most_of_one);
                let Some(own) = own else {
                    tracing::debug!(%peer, "an address has too many connections to the gateway");
                    continue;
                };
                // Moved into the task as it is, it would have its room there twice.
                let talk = Box::pin(talk(client, peer));
                tokio::spawn(async move {
                    // That a client breaks off is an ordinary thing.
                    if let Err(error) = talk.await {
                        tracing::trace!(%peer, %error, "a client of the gateway broke off");
                    }
                    drop((place, own));
                });
            }
            (_, Err(error)) => {
                tracing::warn!(%error, "the gateway cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    /// covers: G6 (slow clients by the thousand)
    #[tokio::test]
    async fn one_address_takes_its_share_and_leaves_the_rest_to_others() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let (_trigger, shutdown) = Shutdown::new();
        let places = Arc::new(Places::of(3 * SHARE));
        let hold = |client: TcpStream, _| async move {
            // Until the client goes.
            let mut client = client;
            drop(client.read_u8().await);
            Ok(())
        };
        let serving = tokio::spawn(accept(listener, hold, (places, || ()), shutdown));
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(TcpStream::connect(at).await.unwrap());
        }
        let mut fourth = TcpStream::connect(at).await.unwrap();
        assert_eq!(fourth.read(&mut [0]).await.unwrap(), 0, "it is closed at once");
        let other = tokio::net::TcpSocket::new_v4().unwrap();
        other.bind("127.0.0.9:0".parse().unwrap()).unwrap();
        let mut other = other.connect(at).await.unwrap();
        let still = timeout(PAUSE * 2, other.read(&mut [0])).await;
        assert!(still.is_err(), "another address has its own share");
        drop(held.pop());
        let again = async {
            loop {
                let mut again = TcpStream::connect(at).await.unwrap();
                if timeout(PAUSE, again.read(&mut [0])).await.is_err() {
                    return;
                }
            }
        };
        again.await;
        serving.abort();
    }
}
