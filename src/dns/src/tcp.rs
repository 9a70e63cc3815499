//! Questions over TCP (RFC 7766): many on one connection, answered in any order, each stage with a
//! deadline.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ets_listen::Network;
use ets_runtime::Shutdown;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use crate::Error;
use crate::message::{HEADER, LONGEST, Way};
use crate::resolver::{Resolver, Turn};

/// Connections of one socket; who comes above that waits in the kernel's queue.
const MOST: usize = 2_048;
/// Of one client: a whole segment may stand behind one address.
const MOST_OF_ONE: usize = 64;
/// Questions of one connection that are being answered, or whose answer waits for the client to take
/// it; then no more are read.
const PIPELINE: usize = 32;
/// How long a connection may be quiet (RFC 7766, section 6.2.3: of the order of seconds).
const QUIET: Duration = Duration::from_secs(10);
/// How long a connection lasts, however busy: places go round, and who is taken out of the network is
/// out here too.
const LIFE: Duration = Duration::from_secs(600);
/// How long a question may take to come, and an answer to be taken.
const SLOW: Duration = Duration::from_secs(5);
/// How long to wait after `accept` failed for want of descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers what comes on a listening socket until shutdown.
///
/// # Errors
/// When it cannot be used at all.
pub async fn serve_tcp(
    resolver: Resolver,
    listener: std::net::TcpListener,
    shutdown: Shutdown,
) -> Result<(), Error> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let accepted = tokio::select! {
            () = shutdown.requested() => return Ok(()),
            accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, listener.accept().await)
            } => accepted,
        };
        let (place, (stream, client)) = match accepted {
            (place, Ok(accepted)) => (place, accepted),
            (_, Err(error)) => {
                tracing::warn!(%error, "the resolver cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        if !resolver.knows(client.ip()) {
            continue;
        }
        let connections = &resolver.0.connections;
        let Some(own) = connections.take(Network::from(client.ip()), MOST_OF_ONE) else { continue };
        let resolver = resolver.clone();
        tokio::spawn(async move {
            // That a client breaks off is an ordinary thing.
            if let Err(error) = talk(resolver, stream, client, LIFE).await {
                tracing::trace!(%client, %error, "a client of the resolver broke off");
            }
            drop((place, own));
        });
    }
}

/// An answer, with the place that it takes up until it is written.
type Answer = (Vec<u8>, OwnedSemaphorePermit);

/// One connection, until the client is done or its life is over, and every answer is written.
async fn talk(
    resolver: Resolver,
    stream: TcpStream,
    client: SocketAddr,
    life: Duration,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let at = stream.local_addr()?.ip();
    let (mut reader, writer) = stream.into_split();
    let (answers, to_write) = mpsc::channel(PIPELINE);
    let writing = tokio::spawn(write(writer, to_write));
    let places = Arc::new(Semaphore::new(PIPELINE));
    let ask = ask(&resolver, &mut reader, (client.ip(), at), (&answers, &places));
    let read = timeout(life, ask).await.unwrap_or(Ok(()));
    // Answers under way hold the channel open: the writer ends after the last one.
    drop(answers);
    let written = writing.await.map_err(io::Error::other)?;
    read.and(written)
}

async fn ask(
    resolver: &Resolver,
    reader: &mut OwnedReadHalf,
    (client, at): (IpAddr, IpAddr),
    (answers, places): (&mpsc::Sender<Answer>, &Arc<Semaphore>),
) -> io::Result<()> {
    loop {
        let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
        let length = match timeout(QUIET, reader.read_u16()).await? {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            length => usize::from(length?),
        };
        if !(HEADER..=LONGEST).contains(&length) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut question = vec![0; length];
        timeout(SLOW, reader.read_exact(&mut question)).await??;
        match resolver.turn(client, at, &question, Way::Tcp) {
            Turn::Done(None) => {}
            Turn::Done(Some(answer)) => {
                answers.send((answer, place)).await.map_err(|_| io::ErrorKind::BrokenPipe)?;
            }
            Turn::Later(later) => {
                let (resolver, answers) = (resolver.clone(), answers.clone());
                tokio::spawn(async move {
                    if let Some(answer) = resolver.later(later).await {
                        // The writer may be gone with its client.
                        drop(answers.send((answer, place)).await);
                    }
                });
            }
        }
    }
}

async fn write(mut writer: OwnedWriteHalf, mut answers: mpsc::Receiver<Answer>) -> io::Result<()> {
    while let Some((answer, place)) = answers.recv().await {
        // Length and answer in one segment (RFC 7766, section 8).
        let length = u16::try_from(answer.len()).map_err(|_| io::ErrorKind::InvalidData)?;
        let mut bytes = length.to_be_bytes().to_vec();
        bytes.extend_from_slice(&answer);
        timeout(SLOW, writer.write_all(&bytes)).await??;
        drop(place);
    }
    writer.shutdown().await
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use ets_model::SegmentNo;
    use hickory_resolver::proto::op::{Message, Query};

    use super::*;
    use crate::{Client, Config, Kind, World};

    struct Alone;

    impl World for Alone {
        fn client(&self, _: IpAddr) -> Client {
            Client::Own
        }
        fn kind(&self, _: IpAddr) -> Kind {
            Kind::Inner
        }
        fn may_look_up(&self, _: SegmentNo, _: &str) -> bool {
            false
        }
        fn addresses(&self, _: &str) -> Option<Vec<IpAddr>> {
            None
        }
        fn name_of(&self, _: IpAddr) -> Option<String> {
            None
        }
    }

    /// covers: G6, T-8
    #[tokio::test]
    async fn a_connection_that_is_never_quiet_ends_all_the_same() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, at) = listener.accept().await.unwrap();
        let resolver = Resolver::new(&Config::default(), Arc::new(Alone)).unwrap();
        let talk = tokio::spawn(talk(resolver, stream, at, Duration::from_millis(500)));
        let mut question = Message::query();
        question.add_query(Query::query("localhost.".parse().unwrap(), "A".parse().unwrap()));
        let question = question.to_vec().unwrap();
        let mut bytes = u16::try_from(question.len()).unwrap().to_be_bytes().to_vec();
        bytes.extend(question);
        let mut answers = 0;
        let busy = async {
            while client.write_all(&bytes).await.is_ok() {
                let Ok(length) = client.read_u16().await else { break };
                client.read_exact(&mut vec![0; length.into()]).await.unwrap();
                answers += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(5), busy).await.expect("it ends");
        assert!(answers > 1, "{answers}");
        talk.await.unwrap().unwrap();
    }
}
