use tokio::net::{TcpListener, TcpSocket};

use super::*;
use crate::testing::{CLIENT, OUTSIDE, gateway, in_namespace};

/// covers: N6.2: an upgrade waits for no association, and its client hears an orderly end
#[test]
fn an_association_ends_when_the_process_does() {
    in_namespace(async {
        let gateway = gateway("{}");
        let listener = TcpListener::bind((OUTSIDE, 0)).await.unwrap();
        let client = TcpSocket::new_v4().unwrap();
        client.bind((CLIENT.parse::<IpAddr>().unwrap(), 0).into()).unwrap();
        let at = listener.local_addr().unwrap();
        let (client, accepted) = tokio::join!(client.connect(at), listener.accept());
        let (mut client, (stream, peer)) = (client.unwrap(), accepted.unwrap());
        let served = Arc::clone(&gateway);
        let serving = tokio::spawn(async move { serve(&served, stream, peer).await });
        client.write_all(&[5, 1, 0, 5, 3, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
        let mut answers = [0; 2 + 10];
        client.read_exact(&mut answers).await.unwrap();
        // The address and the port behind version, answer, nothing and kind (RFC 1928, section 6).
        assert_eq!(answers[..10], [5, 0, 5, 0, 0, 1, 203, 0, 113, 9]);
        assert_eq!(gateway.datagrams().associations(), 1);
        gateway.leave();
        let end = timeout(Duration::from_secs(1), client.read(&mut [0])).await;
        assert_eq!(end.expect("the end is told at once").unwrap(), 0);
        serving.await.unwrap().unwrap();
        assert_eq!(gateway.datagrams().associations(), 0);
    });
}
