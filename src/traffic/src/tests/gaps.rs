//! Lives, resets and times in which nobody read, told once.

use std::time::Duration;

use ets_model::SegmentNo;
use ets_netd_api::{Class, Direction};
use ets_store::on_both_databases;
use ets_store::testing::TestStore;

use super::netd::Netd;
use super::{DAY, Ground, HOUR, START, handle, period, work};
use crate::key::key;
use crate::{GapKind, SERIES_MIGRATIONS, Whose};

const ONE: Whose = Whose::Segment(SegmentNo(1));

async fn journalled(ground: &Ground) -> Vec<String> {
    let filter =
        ets_journal::Filter { action: Some("traffic.".into()), ..ets_journal::Filter::default() };
    let page = ets_journal::Page { before: None, limit: 100 };
    let listing = ets_journal::list(&ground.state, &filter, page).await.unwrap();
    listing.entries.iter().rev().map(|recorded| recorded.entry.action.clone()).collect()
}

on_both_databases!(
    /// covers: N5.2
    a_reset_a_new_life_and_an_absence_are_kept_and_journalled_once,
    SERIES_MIGRATIONS,
    |series: TestStore| async move {
        let ground = Ground::on(&series).await;
        let up = key(Class::Outside, Direction::Up);
        let mut netd = Netd::new(1);
        netd.ring_length = 2;
        let mut meter = ground.meter().await;
        netd.connect(&meter);
        let second = |netd: &mut Netd, meter: &crate::meter::Meter, bytes| {
            netd.pass(1, up, bytes, 1);
            let frame = netd.tick();
            ground.at(netd.now);
            meter.take(&frame, Some(Duration::from_secs(1)));
        };
        (0..100).for_each(|_| second(&mut netd, &meter, 1_000));
        // Somebody sets the counter back to 500 between two readings.
        netd.totals.insert((1, up), crate::Amount { bytes: 500, packets: 1 });
        (0..100).for_each(|_| second(&mut netd, &meter, 1_000));
        work(&meter).await;
        // serve is away for three hours, of which netd remembers two minutes.
        for _ in 0..3 * HOUR {
            netd.pass(1, up, 10, 1);
            netd.tick();
        }
        meter = ground.meter().await;
        ground.at(netd.now);
        netd.connect(&meter);
        (0..100).for_each(|_| second(&mut netd, &meter, 1_000));
        meter.flush().await.unwrap();
        // The counters are lost, two minutes later there are new ones.
        netd.reborn(2);
        netd.now += 120;
        netd.connect(&meter);
        (0..100).for_each(|_| second(&mut netd, &meter, 1_000));
        meter.flush().await.unwrap();

        for _ in 0..3 {
            let gaps = handle(&meter).gaps(period(START, netd.now)).await.unwrap();
            let kinds: Vec<_> = gaps.iter().map(|gap| gap.kind).collect();
            assert_eq!(kinds, [GapKind::Reset, GapKind::Away, GapKind::Life]);
            assert_eq!(gaps[0].counters, 1);
            assert_eq!(gaps[0].examples[0].had.bytes, 100_000);
            assert_eq!(gaps[0].examples[0].found.bytes, 1_500);
            assert_eq!(gaps[0].since.0.div_euclid(1_000_000), START + 100);
            assert_eq!(gaps[0].until.0.div_euclid(1_000_000), START + 101);
            assert!((2 * HOUR..3 * HOUR).contains(&(gaps[1].until.since(gaps[1].since).as_secs() as i64)));
            assert_eq!(gaps[2].until.since(gaps[2].since).as_secs(), 120);
            work(&meter).await;
            let told = journalled(&ground).await;
            assert_eq!(told, ["traffic.reset", "traffic.away", "traffic.life"]);
            meter = ground.meter().await;
        }

        // Nothing is lost but what lay between the last reading and the reset, and nothing doubled.
        let total = handle(&meter).total(ONE, period(START, netd.now)).await.unwrap();
        let expected = 100_000 + 99_000 + 10 * 3 * HOUR as u64 + 100_000 + 100_000;
        assert_eq!(total.amount.up.bytes, expected);
        assert!(total.spread);
        // The absence is even in steps of five minutes, and marked; the peak is none of it.
        let away = period(START + HOUR, START + 2 * HOUR);
        let range = handle(&meter).range(ONE, away, 12).await.unwrap();
        let bytes = |index: usize| range.sum(Direction::Up)[index].bytes;
        let even = |index| range.spread[index] && (2_900..4_000).contains(&bytes(index));
        assert!(range.steps == 12 && (0..12).all(even), "{range:?}");
        assert_eq!(total.peak.up, 60_000);
        ground.at(netd.now + DAY);
        work(&meter).await;
        assert_eq!(
            handle(&meter).total(ONE, period(START - DAY, netd.now + DAY)).await.unwrap(),
            total
        );
    }
);

/// covers: N5.2
#[tokio::test]
async fn a_retired_segment_whose_counters_go_is_no_reset() {
    let (_series, ground) = Ground::on_sqlite().await;
    ground.segments(2).await;
    let meter = ground.meter().await;
    let mut netd = Netd::new(1);
    let up = key(Class::Hub, Direction::Up);
    netd.pass(1, up, 10, 1);
    netd.pass(2, up, 10, 1);
    netd.tick();
    netd.connect(&meter);
    let author = ets_registry::Author::new("test");
    let version = ground.registry.catalog().segment("s002").unwrap().version;
    ground.registry.retire_segment("s002", version, &author).await.unwrap();
    netd.totals.remove(&(2, up));
    netd.tick();
    netd.connect(&meter);
    assert_eq!(meter.health().resets, 0);
    netd.totals.remove(&(1, up));
    netd.tick();
    netd.connect(&meter);
    assert_eq!(meter.health().resets, 1);
}
