use std::time::Duration;

use tokio::time::timeout;

use super::*;
use crate::accounts::Keep;
use crate::meters::Meters;

fn book() -> (Arc<Book>, Arc<Meters>) {
    (Arc::new(Book::new(Ledger::new(Keep::Off), 7)), Meters::in_memory().unwrap())
}

fn enter((book, meters): &(Arc<Book>, Arc<Meters>), segment: u32) -> Tunnel {
    let segment = SegmentNo(segment);
    let ask = Ask {
        segment: Some(segment),
        person: None,
        host: None,
        address: IpAddr::from([198, 51, 100, 7]),
        port: 443,
        protocol: Protocol::Tcp,
        way: Way::Proxy,
    };
    book.enter(Open::new(&ask, segment, (meters.meter(segment).unwrap(), None)))
}

async fn told(tunnel: &Tunnel) -> Option<Stop> {
    timeout(Duration::from_millis(50), tunnel.is_cut()).await.ok()
}

/// covers: G4, N6.4: at a stop every tunnel ends in order, the one that was being opened too
#[tokio::test]
async fn whoever_comes_after_the_process_began_to_end_is_told_at_once_and_each_once() {
    let all = book();
    let (early, mut left) = (enter(&all, 1), all.0.left());
    assert_eq!(told(&early).await, None);
    assert!(!*left.borrow());
    all.0.leave();
    assert_eq!(told(&early).await, Some(Stop::Leave));
    assert!(left.wait_for(|left| *left).await.is_ok() && *all.0.left().borrow());
    all.0.leave();
    assert_eq!(told(&early).await, None, "as often as sockets end, it is told once");
    assert_eq!(told(&enter(&all, 1)).await, Some(Stop::Leave));
}
