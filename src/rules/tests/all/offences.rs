//! Offences: each once, with the evidence, over every restart.

use ets_model::{SegmentNo, Stamp};
use ets_netd_api::{EventBody, Offence, OffenceKind};
use ets_rules::OffenceFilter;
use ets_runtime::stamp_now;
use ets_store::on_both_databases;
use ets_store::testing::TestStore;

use crate::hub::{Hub, Place, migrations, wait};
use crate::netd::Netd;
use crate::star::id;

fn scan(no: u32, since: Stamp, packets: u64, over: bool) -> EventBody {
    EventBody::Offence(Offence {
        segment: Some(SegmentNo(no)),
        interface: format!("ets{no}"),
        kind: OffenceKind::Scan,
        since,
        over,
        packets,
        examples: vec![(id("10.1.0.10"), 6, 22), (id("fd10:1::10"), 17, 53)],
    })
}

async fn rows(hub: &Hub) -> Vec<ets_rules::OffenceRow> {
    hub.rules.offences(&OffenceFilter::default()).await.unwrap().rows
}

on_both_databases!(
    /// covers: N2.2
    an_offence_is_kept_once_from_its_beginning_to_its_end_whatever_happens_to_serve,
    &migrations(),
    |mut store: TestStore| async move {
        let place = Place::new();
        let netd = Netd::start(&place.socket());
        let mut hub = place.start(&store).await;
        hub.has(1).await;
        let since = stamp_now();
        netd.enter(scan(2, since, 10, false));
        wait("the offence", async || rows(&hub).await.len() == 1).await;
        // What is told while serve is away, and what was told before, is there once.
        for round in 0..5 {
            hub.kill().await;
            netd.enter(scan(2, since, 20 + round, false));
            store.reopen(&migrations()).await;
            hub = place.start(&store).await;
            wait("the packets", async || rows(&hub).await[0].packets == 20 + round).await;
        }
        let other = stamp_now();
        netd.enter(scan(2, since, 30, true));
        netd.enter(scan(3, other, 1, false));
        wait("the second", async || rows(&hub).await.len() == 2).await;
        let found = rows(&hub).await;
        assert_eq!((found[0].segment, found[0].open), (Some(SegmentNo(3)), true));
        assert_eq!((found[1].since, found[1].packets, found[1].open), (since.wall, 30, false));
        assert_eq!(found[1].examples[0], (id("10.1.0.10"), 6, 22));
        let entries = hub.journal().await;
        let told: Vec<_> = entries.iter().filter(|one| one.entry.action == "offence.scan").collect();
        assert_eq!(told.len(), 2, "its beginning alone");
        assert_eq!(told[0].entry.subject.id, "s2");
        assert_eq!(told[0].entry.from_segment, Some(id("s2")));
        assert_eq!(told[0].entry.detail["examples"][0][2], 22);
        let filter = OffenceFilter { segment: Some(SegmentNo(2)), ..OffenceFilter::default() };
        assert_eq!(hub.rules.offences(&filter).await.unwrap().rows.len(), 1);
        let filter = OffenceFilter { open: true, limit: 1, ..OffenceFilter::default() };
        assert_eq!(hub.rules.offences(&filter).await.unwrap().rows.len(), 1);
        let page = OffenceFilter { limit: 1, ..OffenceFilter::default() };
        let first = hub.rules.offences(&page).await.unwrap();
        let next = OffenceFilter { before: first.next, ..page };
        assert_eq!(hub.rules.offences(&next).await.unwrap().rows[0].segment, Some(SegmentNo(2)));
        // A new life of netd will not tell the end of what the former one began.
        let _netd = netd.restart().await;
        wait("the end", async || rows(&hub).await.iter().all(|row| !row.open)).await;
    }
);
