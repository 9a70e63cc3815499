use std::future::pending;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};

use super::*;
use crate::meters::Meters;

impl Near for DuplexStream {}

const PATIENCE: Patience =
    Patience { idle: Duration::from_secs(30), half_closed: Duration::from_secs(30) };

/// A client who is no socket, the host that he is joined with, and the meter between them.
async fn joined(meter: std::sync::Arc<Meter>) -> (DuplexStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (far, host) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (far, (client, mut near)) = (far.unwrap(), duplex(64 << 10));
    tokio::spawn(async move { join_near(&mut near, (&far, &meter), PATIENCE, pending()).await });
    (client, host.unwrap().0)
}

/// covers: N6.1: by TLS and HTTP/2 as by sockets: the bandwidth each way, and nothing beyond a volume
#[tokio::test(flavor = "multi_thread")]
async fn a_client_who_is_no_socket_has_the_bandwidth_and_the_volume_of_his_segment() {
    const SIZE: usize = 1 << 20;
    let meters = Meters::in_memory().unwrap();
    let meter = std::sync::Arc::new(meters.meter(ets_model::SegmentNo(1)).unwrap());
    let lane = std::sync::Arc::clone(meter.lane());
    lane.set(None, Some(8_000_000));
    let (client, mut host) = joined(std::sync::Arc::clone(&meter)).await;
    let (mut read, mut write) = tokio::io::split(client);
    let (mut from_client, mut to_client) = host.split();
    let (sent, begun) = (vec![7; SIZE], Instant::now());
    let (mut up, mut down) = (vec![0; SIZE], vec![0; SIZE]);
    let (a, b, c, d) = tokio::join!(
        write.write_all(&sent),
        from_client.read_exact(&mut up),
        to_client.write_all(&sent),
        read.read_exact(&mut down),
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok() && d.is_ok());
    let seconds = begun.elapsed().as_secs_f64();
    // 1 MiB less a tenth of a second's burst, at 1 MB a second, both ways at once.
    assert!((0.85..1.4).contains(&seconds), "{seconds} s");

    lane.set(Some(10_000), None);
    to_client.write_all(&sent[..100_000]).await.unwrap();
    let more = timeout(Duration::from_millis(300), read.read_exact(&mut down[..100_000])).await;
    assert!(more.is_err(), "a volume ends");
    assert_eq!(meter.down().load(Ordering::Relaxed), SIZE as u64 + 10_000);
    lane.set(Some(1 << 20), None);
    let rest = timeout(Duration::from_secs(5), read.read_exact(&mut down[..90_000])).await;
    assert!(rest.unwrap().is_ok(), "with more of it the rest comes");
}
