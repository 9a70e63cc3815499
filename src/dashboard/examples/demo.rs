//! Serves the dashboard over an invented picture on a local port, to look at its pages without a
//! network: `cargo run -p ets-dashboard --example demo -- 8089 49`.

#[path = "../tests/bed/mod.rs"]
mod bed;

use std::net::TcpListener;
use std::time::Duration;

use ets_listen::{Limits, serve_plain};
use ets_model::{LinkState, SegmentNo, WallTime};
use ets_netd_api::OffenceKind;
use ets_runtime::Shutdown;
use ets_watch::ChangeBody;

#[tokio::main]
#[allow(clippy::unwrap_used, reason = "a demonstration may end at once")]
async fn main() {
    let mut args = std::env::args().skip(1);
    let port: u16 = args.next().and_then(|port| port.parse().ok()).unwrap_or(8089);
    let count: usize = args.next().and_then(|count| count.parse().ok()).unwrap_or(49);
    let bed = bed::Bed::ruled(count).await;
    let odd = [
        (3, LinkState::Down),
        (17, LinkState::Down),
        (18, LinkState::Down),
        (26, LinkState::Degraded),
        (33, LinkState::Maintenance),
        (41, LinkState::Unknown),
    ];
    if count >= 49 {
        past(&bed).await;
    }
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let (_trigger, shutdown) = Shutdown::new();
    let router = bed.dashboard.router();
    tokio::spawn(serve_plain(listener, router, Limits::default(), shutdown));
    let link = bed.dashboard.new_entry_link("demo").await.unwrap();
    println!("http://ets.localhost:{port}/enter?token={}", link.token.as_str());
    let steady = std::env::args().nth(3).is_some_and(|word| word == "steady");
    live(&bed, if count >= 49 { &odd } else { &[] }, steady).await;
}

/// What has happened before.
async fn past(bed: &bed::Bed) {
    let ago = |seconds: u64| bed.clock.wall().minus(Duration::from_secs(seconds));
    for (no, began, ended) in [(9, 90_000, 89_840), (12, 40_000, 36_400), (3, 9_000, 8_900)] {
        bed.outage(no, ago(began), Some(ago(ended))).await;
    }
    for no in [3, 17, 18] {
        bed.outage(no, ago(252), None).await;
    }
    offences(bed).await;
    bed.history(180).await;
}

/// What segments do that they must not.
async fn offences(bed: &bed::Bed) {
    for (no, kind, over) in [
        (12, OffenceKind::Flood, true),
        (21, OffenceKind::Spoof, true),
        (9, OffenceKind::Scan, false),
    ] {
        bed.offence(no, kind, over).await;
    }
}

/// Figures each second; one segment comes and goes.
async fn live(bed: &bed::Bed, odd: &[(u32, LinkState)], steady: bool) {
    let open = bed.store.query("SELECT id, segment FROM watch_outage WHERE ended IS NULL", &[]);
    let open: Vec<(i64, u32)> = open
        .await
        .unwrap_or_default()
        .iter()
        .filter_map(|row| Some((row.int("id").ok()?, row.number("segment").ok()?)))
        .collect();
    let mut down = false;
    for second in 0_u64.. {
        let mut states = odd.to_vec();
        let flips = !steady && second % 20 == 19;
        down ^= flips;
        if down {
            states.push((5, LinkState::Down));
        }
        let mut picture = bed.picture(&states);
        for now in &mut picture.segments {
            let found = open.iter().find(|(_, no)| *no == now.no.0);
            now.outage = found.map(|(id, _)| ets_model::OutageId(*id));
        }
        bed.feeder.put(picture);
        if flips {
            let (up, gone) = (LinkState::Up, LinkState::Down);
            let (from, to) = if down { (up, gone) } else { (gone, up) };
            let since: WallTime = bed.clock.wall();
            bed.feeder.tell(ChangeBody::State { segment: SegmentNo(5), from, to, since });
        }
        bed.feeder.tell(ChangeBody::Tick);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
