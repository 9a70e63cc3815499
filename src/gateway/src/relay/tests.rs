use std::future::pending;
use std::io::ErrorKind;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;
use crate::meters::Meters;

const PATIENCE: Patience =
    Patience { idle: Duration::from_secs(30), half_closed: Duration::from_secs(30) };

/// A meter of nobody's.
fn meter() -> Meter {
    Meters::in_memory().unwrap().meter(ets_model::SegmentNo(1)).unwrap()
}

/// The two ends of a connection.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
    (near.unwrap(), far.unwrap().0)
}

/// A tunnel under way: who asked, who is asked, and how it ended with what it counted.
async fn tunnel(
    patience: Patience,
    cut: impl Future<Output = Stop> + Send + 'static,
) -> (TcpStream, TcpStream, JoinHandle<(End, u64, u64)>) {
    let ((client, near), (far, server)) = (pair().await, pair().await);
    let running = tokio::spawn(async move {
        let (meter, pool) = (meter(), Pool::default());
        let end = join((&near, &far), (&meter, &pool), patience, cut).await;
        (end, meter.up().load(Ordering::Relaxed), meter.down().load(Ordering::Relaxed))
    });
    (client, server, running)
}

/// Octets that repeat after no power of two.
fn octets(count: usize) -> Vec<u8> {
    (0..count).map(|at| (at % 251) as u8).collect()
}

/// covers: N6.1, G4: each size on both sides of where copying ends and splicing begins
#[tokio::test(flavor = "multi_thread")]
async fn every_octet_arrives_in_its_place_and_is_counted_once() {
    for size in [0, 1, 16 << 10, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 7_777_777] {
        let (client, server, running) = tunnel(PATIENCE, pending()).await;
        let talk = |mut stream: TcpStream| async move {
            let (mut read, mut write) = stream.split();
            let send = async {
                write.write_all(&octets(size)).await.unwrap();
                write.shutdown().await.unwrap();
            };
            let mut heard = Vec::new();
            let (heard_all, ()) = tokio::join!(read.read_to_end(&mut heard), send);
            heard_all.unwrap();
            heard
        };
        let (up, down) = tokio::join!(talk(server), talk(client));
        assert!(up == octets(size) && down == octets(size), "{size}");
        let counted = running.await.unwrap();
        assert_eq!(counted, (End::Done, size as u64, size as u64));
    }
}

/// covers: N6.1: a question whose end is told, and an answer afterwards
#[tokio::test(flavor = "multi_thread")]
async fn a_side_that_is_done_is_still_answered() {
    let (mut client, mut server, running) = tunnel(PATIENCE, pending()).await;
    client.write_all(b"question").await.unwrap();
    client.shutdown().await.unwrap();
    let mut heard = Vec::new();
    server.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"question");
    server.write_all(&octets(1 << 20)).await.unwrap();
    drop(server);
    heard.clear();
    client.read_to_end(&mut heard).await.unwrap();
    assert!(heard == octets(1 << 20));
    assert_eq!(running.await.unwrap(), (End::Done, 8, 1 << 20));
}

/// covers: N6.1: who is broken off hears that, and takes half of an answer for no whole one
#[tokio::test(flavor = "multi_thread")]
async fn a_reset_is_passed_on_as_one() {
    let (mut client, server, running) = tunnel(PATIENCE, pending()).await;
    SockRef::from(&server).set_linger(Some(Duration::ZERO)).unwrap();
    drop(server);
    let heard = client.read(&mut [0; 8]).await;
    assert_eq!(heard.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(running.await.unwrap().0, End::Broken);
}

/// covers: N6.1: a change of the rules ends what they no longer allow
#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_ends_on_both_sides() {
    let (cut, told) = tokio::sync::oneshot::channel::<()>();
    let (mut client, mut server, running) = tunnel(PATIENCE, async {
        drop(told.await);
        Stop::Cut
    })
    .await;
    client.write_all(b"x").await.unwrap();
    server.read_exact(&mut [0; 1]).await.unwrap();
    drop(cut);
    let (mut part, mut other) = ([0; 8], [0; 8]);
    let (near, far) = tokio::join!(client.read(&mut part), server.read(&mut other));
    assert!(near.is_err() && far.is_err(), "{near:?} {far:?}");
    assert_eq!(running.await.unwrap().0, End::Cut);
}

/// covers: G8: at the end of the process what was read arrives, and then an orderly end, also while
/// one side never pauses
#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_that_is_left_ends_in_order_on_both_sides() {
    let (leave, told) = tokio::sync::oneshot::channel::<()>();
    let stop = async {
        drop(told.await);
        Stop::Leave
    };
    let (client, server, running) = tunnel(PATIENCE, stop).await;
    let (mut read, mut write) = client.into_split();
    let sending = tokio::spawn(async move {
        let mut sent = 0_usize;
        let part = octets(251 << 8);
        while let Ok(wrote) = write.write(&part[sent % 251..]).await {
            sent += wrote;
        }
    });
    let (mut from_client, mut answer) = server.into_split();
    answer.write_all(b"answer").await.unwrap();
    let mut heard = vec![0; 1 << 20];
    from_client.read_exact(&mut heard).await.unwrap();
    drop(leave);
    from_client.read_to_end(&mut heard).await.expect("no reset where all was read");
    assert!(heard.iter().enumerate().all(|(at, octet)| *octet == (at % 251) as u8));
    let mut answered = Vec::new();
    read.read_to_end(&mut answered).await.expect("an end, and no reset before it");
    assert_eq!(answered, b"answer");
    let (end, up, down) = running.await.unwrap();
    assert_eq!((end, up, down), (End::Left, heard.len() as u64, 6));
    sending.await.unwrap();
}

/// covers: N6.1: quiet tunnels are given up, busy ones are not
#[tokio::test(flavor = "multi_thread")]
async fn only_a_tunnel_in_which_nothing_passes_is_given_up() {
    let patience = Patience { idle: Duration::from_millis(300), ..PATIENCE };
    let (mut client, mut server, running) = tunnel(patience, pending()).await;
    for _ in 0..10 {
        sleep(Duration::from_millis(100)).await;
        client.write_all(b"x").await.unwrap();
        server.read_exact(&mut [0; 1]).await.unwrap();
    }
    assert!(!running.is_finished());
    assert_eq!(running.await.unwrap(), (End::Idle, 10, 0));
    assert!(client.read(&mut [0; 1]).await.is_err());
}

/// covers: G3: a tunnel at rest holds no pipe
#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_is_given_back_once_it_is_empty() {
    let ((mut client, near), (far, mut server)) = (pair().await, pair().await);
    let pool = std::sync::Arc::new(Pool::default());
    let kept = std::sync::Arc::clone(&pool);
    tokio::spawn(async move { join((&near, &far), (&meter(), &kept), PATIENCE, pending()).await });
    let sent = octets(1 << 20);
    let mut heard = vec![0; sent.len()];
    let (wrote, read) = tokio::join!(client.write_all(&sent), server.read_exact(&mut heard));
    wrote.unwrap();
    read.unwrap();
    assert!(heard == sent);
    let patient = async {
        while pool.waiting() == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(5), patient).await.expect("the pipe is back");
}
