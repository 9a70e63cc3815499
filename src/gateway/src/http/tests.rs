use h2::client::SendRequest;
use http::{Request, StatusCode};
use tokio::net::TcpListener;

use super::*;
use crate::asking::Asking;
use crate::testing::{CLIENT, Nobody, gateway};

/// A client in segment 1 who speaks HTTP/2 from the first octet on.
async fn second(gateway: &Arc<Gateway<Nobody>>) -> SendRequest<bytes::Bytes> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (client, accepted) = tokio::join!(TcpStream::connect(at), listener.accept());
    let peer = (CLIENT.parse::<std::net::IpAddr>().unwrap(), 4_000).into();
    tokio::spawn(serve(Arc::clone(gateway), accepted.unwrap().0, peer));
    let (sends, connection) = h2::client::handshake(client.unwrap()).await.unwrap();
    tokio::spawn(async move { drop(connection.await) });
    sends
}

async fn get(sends: &mut SendRequest<bytes::Bytes>, uri: &str) -> (StatusCode, String) {
    let request = Request::get(uri).header("accept-language", "en").body(()).unwrap();
    let answer = sends.send_request(request, true).unwrap().0.await.unwrap();
    let (status, mut body, mut text) = (answer.status(), answer.into_body(), Vec::new());
    while let Some(part) = body.data().await {
        text.extend(part.unwrap());
    }
    (status, String::from_utf8(text).unwrap())
}

/// covers: N6.5, G6: over HTTP/2 as over HTTP/1.1
#[tokio::test]
async fn a_refusal_over_http2_leads_to_a_request_and_one_for_want_of_room_says_so() {
    let gateway = gateway("{}");
    gateway.take_requests(Asking::new(80).unwrap());
    let mut sends = second(&gateway).await;
    let (status, text) = get(&mut sends, "http://203.0.113.9/").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(text.contains("href=\"http://127.0.0.1/request?word="), "{text}");

    let address = CLIENT.parse().unwrap();
    let all: Vec<_> = std::iter::from_fn(|| gateway.places().take(address)).collect();
    assert!(!all.is_empty());
    for uri in ["http://203.0.113.9/", "http://203.0.113.9:81/"] {
        let (status, text) = get(&mut sends, uri).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(text.contains("Too many connections are open"), "{uri}: {text}");
    }
}
