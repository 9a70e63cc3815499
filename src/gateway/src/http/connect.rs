//! A tunnel: one head, then octets both ways.

use std::io;
use std::time::Duration;

use http::HeaderMap;
use tokio::io::AsyncWriteExt;

use super::asker::{Asker, Wire};
use super::plain::is_idle;
use super::refused;
use super::stream::Metered;
use crate::gateway::{Gateway, Reached, Resolve};
use crate::relay::reset;
use crate::target::Target;

const ESTABLISHED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

/// Serves a connection that asks for a tunnel; `early` is what the client said without waiting for
/// the answer.
pub(super) async fn serve<R: Resolve>(
    gateway: &Gateway<R>,
    mut client: impl Wire,
    asker: &Asker,
    (target, early): (Target, Vec<u8>),
) -> io::Result<()> {
    let reached = match gateway.reach(asker.address, asker.person(), &target).await {
        Ok(reached) => reached,
        Err(refusal) => {
            // Browsers show nothing of it, and programs log it.
            let answer = refused::answer(&HeaderMap::new(), (&refusal, &target), None);
            client.write_all(&refused::octets(&answer)).await?;
            return client.shutdown().await;
        }
    };
    client.write_all(ESTABLISHED).await?;
    client.flush().await?;
    let reached = if early.is_empty() {
        reached
    } else {
        // Apart, so that a tunnel at rest does not hold room for it.
        Box::pin(say(early, reached, gateway.patience().idle))
            .await
            .inspect_err(|_| client.reset())?
    };
    client.relay(gateway, &reached).await;
    Ok(())
}

/// Says to the far host what the client said early, as fast as it may pass, until the rules say no or
/// nothing is taken. Where not all of it was said both sides are told by a reset.
async fn say(early: Vec<u8>, reached: Reached, patience: Duration) -> io::Result<Reached> {
    let (mut stream, tunnel) = reached.into_parts();
    let mut metered = Metered::new(&mut stream, tunnel.clone());
    let said = tokio::select! {
        biased;
        _ = tunnel.is_cut() => Err(io::ErrorKind::ConnectionAborted.into()),
        said = metered.write_all(&early) => said,
        () = is_idle(tunnel.meter(), patience) => Err(io::ErrorKind::TimedOut.into()),
    };
    drop(metered);
    match said {
        Ok(()) => Ok(Reached::new(stream, tunnel)),
        Err(error) => {
            reset(&stream);
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;

    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpSocket};
    use tokio::time::{sleep, timeout};

    use super::*;
    use crate::policy::{Ground, Policy};
    use crate::testing::{CLIENT, OUTSIDE, gateway, in_namespace};

    /// Segment 1 has 1,000 bytes a second.
    const SLOW: &str = r#"{
        "rules": [{ "id": "all", "name": { "en": "All" }, "action": "allow", "ports": ["tcp/7"] }],
        "limits": [{ "id": "slow", "who": { "segments": ["s1"] }, "bandwidth": 8000 }] }"#;

    /// covers: N6.1, N6.3: what is said before the answer has no way round the limits and the rules
    #[test]
    fn early_octets_have_the_bandwidth_of_the_segment_and_end_with_the_right() {
        in_namespace(async {
            let gateway = gateway(SLOW);
            gateway.hold();
            let (far, near) = (TcpListener::bind((OUTSIDE, 7)).await.unwrap(), (OUTSIDE, 0));
            let listener = TcpListener::bind(near).await.unwrap();
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind((CLIENT.parse::<IpAddr>().unwrap(), 0).into()).unwrap();
            let at = listener.local_addr().unwrap();
            let (client, accepted) = tokio::join!(socket.connect(at), listener.accept());
            let (mut client, (stream, peer)) = (client.unwrap(), accepted.unwrap());
            let early = vec![b'x'; 16 << 10];
            let serving = tokio::spawn(super::super::serve(gateway.clone(), stream, peer));
            // What is read with a long head is much.
            let long = "x".repeat(17 << 10);
            let head = format!("CONNECT {OUTSIDE}:7 HTTP/1.1\r\nX: {long}\r\n\r\n");
            client.write_all(&[head.as_bytes(), &early].concat()).await.unwrap();
            let (mut far, _) = far.accept().await.unwrap();
            client.read_exact(&mut [0; ESTABLISHED.len()]).await.unwrap();

            sleep(Duration::from_millis(700)).await;
            let mut heard = vec![0; 32 << 10];
            let at_once = timeout(Duration::from_millis(50), far.read(&mut heard)).await;
            let at_once = at_once.map_or(0, Result::unwrap);
            assert!(at_once < 4 << 10, "{at_once} octets in less than a second");

            let nothing = Policy::new(Arc::default(), Ground::new([]), |_| None).unwrap();
            assert_eq!(gateway.enforce(nothing), 1);
            let soon = Duration::from_millis(500);
            timeout(soon, serving).await.expect("the cut is heard").unwrap().unwrap_err();
            let end = timeout(soon, client.read(&mut [0])).await.unwrap();
            assert_eq!(end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
            let end = timeout(soon, far.read_to_end(&mut heard)).await.unwrap();
            assert_eq!(end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        });
    }
}
