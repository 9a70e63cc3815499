//! Quotas over days, months and minutes: told once, over restarts, shaped and let go.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ets_model::SegmentNo;
use ets_netd_api::{Class, Direction};
use ets_registry::Author;
use ets_store::testing::TestStore;
use ets_store::{BoxFuture, on_both_databases};

use super::netd::Netd;
use super::{Ground, HOUR, START, handle, state_migrations};
use crate::key::key;
use crate::quota::Keeper;
use crate::{Action, Error, Level, Limit, Notice, Quota, SERIES_MIGRATIONS, Shaper, Way};

#[derive(Debug, Default)]
struct Shaping {
    told: Mutex<Vec<BTreeMap<SegmentNo, u64>>>,
    broken: Mutex<bool>,
}

impl Shaper for Shaping {
    fn shape(&self, wanted: BTreeMap<SegmentNo, u64>) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            if *self.broken.lock().unwrap() {
                return Err("netd does not answer".to_owned());
            }
            self.told.lock().unwrap().push(wanted);
            Ok(())
        })
    }
}

fn quota(name: &str, limit: Limit, action: Action) -> Quota {
    Quota {
        id: 0,
        name: name.into(),
        segment: None,
        limit,
        way: Way::Sum,
        warn_percent: 80,
        action,
        version: 0,
    }
}

async fn journalled(ground: &Ground) -> Vec<String> {
    let filter =
        ets_journal::Filter { action: Some("quota.".into()), ..ets_journal::Filter::default() };
    let page = ets_journal::Page { before: None, limit: 100 };
    let listing = ets_journal::list(&ground.state, &filter, page).await.unwrap();
    let line = |recorded: &ets_journal::Recorded| {
        format!("{} {}", recorded.entry.action, recorded.entry.subject.id)
    };
    listing.entries.iter().rev().map(line).collect()
}

on_both_databases!(
    /// covers: N5.4
    a_daily_quota_warns_shapes_and_ends_at_midnight_each_told_once,
    &state_migrations(),
    |state: TestStore| async move {
        let series = TestStore::sqlite(SERIES_MIGRATIONS).await;
        let ground = Ground::of(&series, state).await;
        ground.segments(3).await;
        let mut meter = ground.meter().await;
        let author = Author::new("admin");
        let daily = quota("a gigabyte a day", Limit::BytesADay(1_000_000), Action::Shape { kbps: 512 });
        let daily = handle(&meter).put_quota(daily, &author).await.unwrap();
        let shaping = Arc::new(Shaping::default());
        let mut keeper = Keeper::new(handle(&meter), Some(shaping.clone()));
        let mut notices = handle(&meter).notices();
        let mut netd = Netd::new(1);
        netd.connect(&meter);
        let up = key(Class::Outside, Direction::Up);
        // Segment 2 moves 100 kB a minute from 15:00 on.
        for minute in 0..20 {
            netd.pass(2, up, 100_000, 100);
            netd.pass(1, up, 10, 1);
            for _ in 0..60 {
                let frame = netd.tick();
                ground.at(netd.now);
                meter.take(&frame, Some(Duration::from_secs(1)));
            }
            meter.work(ground.clock.wall()).await.unwrap();
            *shaping.broken.lock().unwrap() = minute < 15;
            keeper.judge().await.unwrap();
            // A start in between changes nothing.
            if minute == 12 {
                meter.flush().await.unwrap();
                meter = ground.meter().await;
                netd.connect(&meter);
                keeper = Keeper::new(handle(&meter), Some(shaping.clone()));
            }
        }
        let expected = ["quota.create 1", "quota.warn s002", "quota.reach s002"];
        assert_eq!(journalled(&ground).await, expected);
        let levels: Vec<_> =
            std::iter::from_fn(|| notices.try_recv().ok()).map(|Notice { standing, value, .. }| (standing.level, value)).collect();
        assert_eq!(levels, [(Level::Warned, 800_000), (Level::Reached, 1_000_000)]);
        let standings = handle(&meter).standings().await.unwrap();
        assert_eq!((standings.len(), standings[0].segment), (1, SegmentNo(2)));
        let shaped = BTreeMap::from([(SegmentNo(2), 512)]);
        assert_eq!(*shaping.told.lock().unwrap(), std::slice::from_ref(&shaped), "once it worked");

        // Midnight in Almaty comes nine hours after the start.
        ground.at(START + 9 * HOUR - 1);
        keeper.judge().await.unwrap();
        assert_eq!(journalled(&ground).await.len(), 3);
        ground.at(START + 9 * HOUR);
        keeper.judge().await.unwrap();
        keeper.judge().await.unwrap();
        assert_eq!(journalled(&ground).await[3..], ["quota.end s002"]);
        assert_eq!(*shaping.told.lock().unwrap(), [shaped, BTreeMap::new()]);
        assert!(handle(&meter).standings().await.unwrap().is_empty());

        // A change and a removal are checked and journalled.
        let stale = Quota { version: 0, ..daily.clone() };
        let refused = handle(&meter).put_quota(stale, &author).await;
        assert!(matches!(refused, Err(Error::Conflict { current: 1, .. })));
        let changed = Quota { warn_percent: 50, ..daily.clone() };
        let changed = handle(&meter).put_quota(changed, &author).await.unwrap();
        assert_eq!(handle(&meter).quotas().await.unwrap(), [changed]);
        for bad in [
            Quota { name: " ".into(), ..daily.clone() },
            Quota { warn_percent: 0, ..daily.clone() },
            Quota { limit: Limit::Rate { bps: 1, minutes: 61 }, ..daily.clone() },
            Quota { action: Action::Shape { kbps: 1 }, ..daily.clone() },
            Quota { segment: Some(SegmentNo(99)), ..daily.clone() },
        ] {
            let refused = handle(&meter).put_quota(bad, &author).await;
            assert!(matches!(refused, Err(Error::BadQuota(_))));
        }
        handle(&meter).remove_quota(daily.id, 2, &author).await.unwrap();
        let again = handle(&meter).remove_quota(daily.id, 2, &author).await;
        assert!(matches!(again, Err(Error::NoQuota(_))));
        assert_eq!(journalled(&ground).await.len(), 6);
    }
);

/// covers: N5.4
#[tokio::test]
async fn a_rate_of_minutes_is_told_when_it_lasts_and_when_it_is_over() {
    let (_series, ground) = Ground::on_sqlite().await;
    ground.segments(2).await;
    let meter = ground.meter().await;
    let limit = Limit::Rate { bps: 8_000, minutes: 3 };
    let fast = Quota { segment: Some(SegmentNo(1)), ..quota("fast", limit, Action::Notice) };
    handle(&meter).put_quota(fast, &Author::new("admin")).await.unwrap();
    let mut keeper = Keeper::new(handle(&meter), None);
    let mut netd = Netd::new(1);
    netd.connect(&meter);
    let up = key(Class::Outside, Direction::Up);
    let mut told = Vec::new();
    let loads =
        [90_000, 90_000, 10, 90_000, 90_000, 90_000, 90_000, 10, 90_000, 10, 10, 10, 10, 10];
    for load in loads {
        netd.pass(1, up, load, 1);
        netd.pass(2, up, 900_000, 1);
        for second in 0..60 {
            let frame = netd.tick();
            ground.at(netd.now);
            meter.take(&frame, None);
            // The first second closes the minute before.
            if second == 0 {
                meter.work(ground.clock.wall()).await.unwrap();
                keeper.judge().await.unwrap();
                told.push(journalled(&ground).await.len() - 1);
            }
        }
    }
    // Reached when the third fast minute in a row is over, not over while fast ones come.
    assert_eq!(told, [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2], "{told:?}");
    let lines = journalled(&ground).await;
    assert_eq!(lines[1..], ["quota.reach s001", "quota.end s001"]);
}
