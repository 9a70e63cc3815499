//! Rights over a database of SQLite with a clock that is set by hand.

use std::time::Duration;

use ets_model::{PersonId, Stamp, WallTime};
use ets_registry::{Author, Registry};
use ets_rights::{By, Config, Error, Object, Rights, Scope, Wanted};
use ets_runtime::{Clock, stamp_now};
use ets_store::testing::TestStore;

pub(crate) struct Bed {
    pub(crate) rights: Rights,
    pub(crate) clock: Clock,
    pub(crate) store: TestStore,
    pub(crate) registry: Registry,
}

/// One segment, `s1`, of the institution `archive` in the district `north`.
const SEGMENTS: &str = "id,institution,name_ru,district,prefixes,interface,probe_address
s1,archive,Архив,north,10.0.1.0/24,eth1,10.0.1.1
s2,school,Школа,south,10.0.2.0/24,eth2,10.0.2.1
";

impl Bed {
    pub(crate) async fn new() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let migrations =
            [ets_rights::MIGRATIONS, ets_journal::MIGRATIONS, ets_registry::MIGRATIONS].concat();
        let store = TestStore::sqlite(&migrations).await;
        let clock = Clock::by_hand(stamp_now());
        let registry = Registry::open(store.clone(), clock.clone()).await.unwrap();
        let preview = registry.preview_csv(SEGMENTS.as_bytes());
        assert!(preview.is_clean(), "{:?}", preview.faults);
        let author = Author::new("bed");
        registry.apply_csv(SEGMENTS.as_bytes(), &preview.digest, &author).await.unwrap();
        let rights = Rights::open_with(config, store.clone(), clock.clone()).await.unwrap();
        let rights = rights.over(registry.clone());
        Self { rights, clock, store, registry }
    }

    /// Opens the rights again from what is on the disk.
    pub(crate) async fn again(&self) -> Rights {
        let rights = Rights::open(self.store.clone(), self.clock.clone()).await.unwrap();
        rights.over(self.registry.clone())
    }

    pub(crate) fn later(&self, seconds: u64) -> WallTime {
        let (now, step) = (self.clock.stamp(), Duration::from_secs(seconds));
        let later = Stamp { boot: now.boot + step, wall: now.wall.plus(step) };
        self.clock.set(later);
        later.wall
    }

    pub(crate) async fn person(&self, name: &str) -> PersonId {
        let id = PersonId::of_subject(None, name, Some("Архив"));
        self.rights.know(&id, name, Some("Архив")).await.unwrap();
        id
    }

    pub(crate) async fn give(
        &self,
        person: &PersonId,
        role: &str,
        scope: Scope,
    ) -> Result<i64, Error> {
        self.rights.give(person, wanted(role, scope), &chief()).await
    }

    pub(crate) fn may(&self, person: &PersonId, right: &str, on: &Object) -> bool {
        self.rights.decide(person, right, on, self.clock.wall()).is_allowed()
    }
}

pub(crate) fn wanted(role: &str, scope: Scope) -> Wanted {
    Wanted { role: role.to_owned(), scope, from: None, until: None }
}

/// Somebody on the hub itself.
pub(crate) fn chief() -> By {
    By { author: author("system:chief (0)"), is_administrator: true, ..By::default() }
}

/// A person who uses rights of his own.
pub(crate) fn person(id: &PersonId) -> By {
    let author = author(&format!("certificate:{id}"));
    By { author, person: Some(id.clone()), ..By::default() }
}

fn author(actor: &str) -> Author {
    Author { reason: "order 7".to_owned(), ..Author::new(actor) }
}

pub(crate) fn segment(id: &str) -> Object {
    Object::Segment(id.parse().unwrap())
}

pub(crate) fn institution(id: &str) -> Object {
    Object::Institution(id.parse().unwrap())
}
