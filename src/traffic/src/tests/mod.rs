//! The accounting against a `netd` that counts, on both databases.

mod bench;
mod ever;
mod exact;
mod follow;
mod full;
mod gaps;
mod keeping;
mod ledger;
mod netd;
mod percentile;
mod questions;
mod quota;

use std::sync::Arc;

use ets_model::{BootTime, Stamp, WallTime};
use ets_registry::Registry;
use ets_runtime::Clock;
use ets_store::testing::TestStore;
use ets_store::{Migration, Store};

use crate::meter::{Meter, Parts};
use crate::{Config, Handle, Period, SERIES_MIGRATIONS, STATE_MIGRATIONS};

/// 2026-11-22T10:00:00Z: the beginning of an hour, 15:00 in Almaty.
const START: i64 = 1_795_341_600;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

fn wall(second: i64) -> WallTime {
    WallTime(second * 1_000_000)
}

fn stamp(second: i64) -> Stamp {
    let since = u64::try_from(second - START + DAY).unwrap();
    Stamp { boot: BootTime(since * 1_000_000_000), wall: wall(second) }
}

fn period(from: i64, to: i64) -> Period {
    Period { from: wall(from), to: wall(to) }
}

fn state_migrations() -> Vec<Migration> {
    [ets_journal::MIGRATIONS, ets_registry::MIGRATIONS, STATE_MIGRATIONS].concat()
}

/// Everything that a meter stands on.
struct Ground {
    series: Store,
    state: TestStore,
    registry: Registry,
    clock: Clock,
    config: Config,
}

impl Ground {
    /// On this series; what is kept in `state.db` is on SQLite.
    async fn on(series: &TestStore) -> Self {
        let state = TestStore::sqlite(&state_migrations()).await;
        Self::of(series, state).await
    }

    async fn of(series: &Store, state: TestStore) -> Self {
        let clock = Clock::by_hand(stamp(START));
        let registry = Registry::open((*state).clone(), clock.clone()).await.unwrap();
        Self { series: series.clone(), state, registry, clock, config: Config::default() }
    }

    async fn on_sqlite() -> (TestStore, Self) {
        let series = TestStore::sqlite(SERIES_MIGRATIONS).await;
        let ground = Self::on(&series).await;
        (series, ground)
    }

    /// A meter as after a start: what the database has and nothing else.
    async fn meter(&self) -> Arc<Meter> {
        let parts = Parts {
            store: self.series.clone(),
            state: (*self.state).clone(),
            registry: self.registry.clone(),
            clock: self.clock.clone(),
            config: self.config.clone(),
        };
        let meter = Arc::new(Meter::open(parts).await.unwrap());
        meter.count_from_the_past().await.unwrap();
        meter
    }

    fn at(&self, second: i64) {
        self.clock.set(stamp(second));
    }

    /// Adds segments 1 to `count`, each with an institution of its own.
    async fn segments(&self, count: u32) {
        let mut file = String::from(
            "id;institution;name_ru;interface;prefixes;probe_address;down_kbps;up_kbps\n",
        );
        let one = |no: u32| {
            let (high, low) = (no / 250, no % 250);
            format!(
                "s{no:03};i{no:03};Школа {no};p{no};10.{high}.{low}.0/24;10.{high}.{low}.1;100000;50000\n"
            )
        };
        (1..=count).for_each(|no| file.push_str(&one(no)));
        let preview = self.registry.preview_csv(file.as_bytes());
        assert!(preview.faults.iter().all(ets_registry::Fault::is_warning), "{:?}", preview.faults);
        let author = ets_registry::Author::new("test");
        self.registry.apply_csv(file.as_bytes(), &preview.digest, &author).await.unwrap();
    }
}

fn handle(meter: &Arc<Meter>) -> Handle {
    Handle(meter.clone())
}

/// Does everything that is due.
async fn work(meter: &Meter) {
    while meter.work(meter.clock.wall()).await.unwrap() {}
}

async fn rows(store: &Store, table: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) AS n FROM {table}");
    store.query_one(&sql, &[]).await.unwrap().int("n").unwrap()
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}
