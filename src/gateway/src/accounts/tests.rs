use ets_model::{SegmentNo, WallTime};
use ets_store::testing::TestStore;

use super::*;

const HOUR: i64 = 3_600_000_000;

fn key(hour: i64, segment: u32, host: &str, verdict: &'static str) -> Key {
    let (person, rule) = ("number:1".into(), "all".into());
    Key { hour, segment: SegmentNo(segment), person, host: host.into(), rule, verdict }
}

async fn is_kept_and_asked_for(store: &TestStore) {
    let mut all = std::collections::HashMap::new();
    for at in 0..5_000_u64 {
        let sum = Sum { tunnels: 1, up: at, down: 2 * at };
        all.insert(key(100, 1, &format!("h{at}.example"), ALLOWED), sum);
    }
    all.insert(key(101, 2, "h1.example", ALLOWED), Sum { tunnels: 3, up: 1 << 40, down: 0 });
    all.insert(key(101, 2, "bad.example", "refused"), Sum { tunnels: 9, up: 0, down: 0 });
    let again = all.clone();
    write(store, &mut all).await.unwrap();
    assert!(all.is_empty());
    let ask = |by, refused, segment: Option<u32>, hours: (i64, i64)| {
        let (from, until) = (WallTime(hours.0 * HOUR + 5), WallTime(hours.1 * HOUR + 5));
        Question { from, until, by, segment: segment.map(SegmentNo), refused, most: 2 }
    };
    let told = report(store, &ask(By::Domain, false, None, (100, 101))).await.unwrap();
    let names: Vec<_> = told.lines.iter().map(|line| (&*line.name, line.tunnels)).collect();
    assert_eq!(names, [("h1.example", 4), ("h4999.example", 1)]);
    let sum: u64 = (0..5_000).sum();
    assert_eq!((told.total.up, told.total.down), (sum + (1 << 40), 2 * sum), "of all, not of two");
    assert_eq!((told.from.0, told.until.0), (100 * HOUR, 102 * HOUR));
    let told = report(store, &ask(By::Segment, false, None, (100, 100))).await.unwrap();
    let numbers: Vec<_> = told.lines.iter().map(|line| line.segment.unwrap().0).collect();
    assert_eq!((numbers, told.total.tunnels), (vec![1], 5_000), "the other hour is not asked for");
    let told = report(store, &ask(By::Rule, true, Some(2), (0, 200))).await.unwrap();
    assert_eq!((told.lines.len(), told.total.tunnels, &*told.lines[0].name), (1, 9, "all"));
    let told = report(store, &ask(By::Person, true, Some(1), (0, 200))).await.unwrap();
    assert!(told.lines.is_empty());
    assert_eq!(told.total, Line::default());

    // The same once more is added, not put in its place.
    write(store, &mut again.clone()).await.unwrap();
    let told = report(store, &ask(By::Segment, false, Some(1), (0, 200))).await.unwrap();
    assert_eq!(told.total.up, 2 * sum);
    for _ in 0..3 {
        assert!(sweep(store, 101).await.unwrap(), "others have their turn between");
    }
    assert!(!sweep(store, 101).await.unwrap());
    let told = report(store, &ask(By::Segment, false, None, (0, 200))).await.unwrap();
    assert_eq!(told.total.tunnels, 6);
}

/// covers: N6.1: kept by hour, put together as asked, deleted in its time
#[tokio::test]
async fn who_went_where_is_kept_and_asked_for() {
    is_kept_and_asked_for(&TestStore::sqlite(SERIES_MIGRATIONS).await).await;
}

/// covers: N6.1: the same on PostgreSQL
#[tokio::test]
async fn who_went_where_is_kept_and_asked_for_on_postgresql() {
    is_kept_and_asked_for(&TestStore::postgres(SERIES_MIGRATIONS).await).await;
}
