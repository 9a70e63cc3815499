//! The handle: decisions from the picture in memory, changes one after another.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use ets_model::{PersonId, WallTime};
use ets_registry::{Catalog, Registry};
use ets_runtime::{Clock, Shutdown};
use ets_store::{Store, Tx};
use tokio::sync::{Mutex, watch};

use crate::rows::{self, Which};
use crate::world::World;
use crate::{Decision, Error, Held, Object, Person, Register, Role, Version};

/// Between two looks at the clock while something begins or ends by itself: a step of the clock
/// must not keep it waiting.
const LOOK: std::time::Duration = std::time::Duration::from_secs(1);

/// What is configured.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Whether everybody who is known and has never had a grant gets the role `civil-servant`.
    pub civil_servant_by_default: bool,
    /// Rights of modules and access routes, such as `portal.documents`.
    pub more_rights: Vec<String>,
}

/// Who may do what. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Rights(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    /// Held while a change is checked, written and published.
    pub(crate) changing: Arc<Mutex<()>>,
    world: ArcSwap<World>,
    registry: OnceLock<Registry>,
    told: watch::Sender<u64>,
}

impl Rights {
    /// Opens the rights in `store`, which was opened with [`crate::MIGRATIONS`] and those of the
    /// journal.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn open(store: Store, clock: Clock) -> Result<Self, Error> {
        Self::open_with(Config::default(), store, clock).await
    }

    /// The same with what is configured.
    ///
    /// # Errors
    /// As [`Self::open`], and [`Error::NoRight`] when a configured right is none.
    pub async fn open_with(config: Config, store: Store, clock: Clock) -> Result<Self, Error> {
        let register = Register::new(config.more_rights.iter().map(String::as_str))?;
        let at = clock.wall();
        store
            .write(move |tx: &mut Tx<'_>| Box::pin(async move { rows::seed(tx, at).await }))
            .await?;
        let world = load(&store, Arc::new(register), Some(at)).await?;
        let rights = Self(Arc::new(Inner {
            store,
            clock,
            config,
            changing: Arc::default(),
            world: ArcSwap::from_pointee(world),
            registry: OnceLock::new(),
            told: watch::Sender::new(1),
        }));
        rights.give_by_default().await?;
        Ok(rights)
    }

    /// Sets the registry whose institutions, districts and segments scopes speak of. Without it
    /// nothing lies in any. Once, before anybody is judged.
    #[must_use]
    pub fn over(self, registry: Registry) -> Self {
        if self.0.registry.set(registry).is_err() {
            tracing::warn!("the rights have a registry already: the first stays");
        }
        self
    }

    /// Whether a person has a right on an object at `at`; `at` is now or later.
    pub fn decide(&self, person: &PersonId, right: &str, on: &Object, at: WallTime) -> Decision {
        // Only these two have a place in the tree.
        let placed = matches!(on, Object::Institution(_) | Object::Segment(_));
        let tree = if placed { self.tree() } else { None };
        self.0.world.load().decide(person, right, on, tree.as_deref(), at)
    }

    /// What a person may at `at`, now or later: his own first, then what he has for others.
    pub fn of(&self, person: &PersonId, at: WallTime) -> Vec<Held> {
        self.0.world.load().of(person, at)
    }

    /// Counts the moments at which a decision may have become another.
    pub fn epoch(&self) -> u64 {
        *self.0.told.borrow()
    }

    /// The epoch to wait for: whoever holds something open asks [`Self::decide`] again.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.told.subscribe()
    }

    /// When a decision may become another by itself after `at`: something begins or ends then.
    /// While [`Self::run`] runs, [`Self::changes`] tells of that moment too.
    pub fn next_turn(&self, at: WallTime) -> Option<WallTime> {
        self.0.world.load().next_turn(at)
    }

    /// Tells of what begins and ends by itself, and of changes of the registry, until shutdown.
    ///
    /// # Errors
    /// Never; the signature is that of every long-running part.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), Error> {
        let mut registry = self.registry().map(Registry::changes);
        let mut changes = self.changes();
        let mut seen = self.0.clock.wall();
        loop {
            // A clock that was put back passes the same moments again.
            seen = seen.min(self.0.clock.wall());
            let turn = self.next_turn(seen);
            let wait = async {
                match turn {
                    Some(turn) => {
                        let left = turn.since(self.0.clock.wall());
                        tokio::time::sleep(left.min(LOOK)).await;
                    }
                    None => std::future::pending().await,
                }
            };
            let moved = async {
                let is_open = match &mut registry {
                    Some(registry) => registry.changed().await.is_ok(),
                    None => false,
                };
                if !is_open {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                () = shutdown.requested() => return Ok(()),
                () = moved => self.tell(),
                _ = changes.changed() => {}
                () = wait => {
                    let now = self.0.clock.wall();
                    if turn.is_some_and(|turn| turn <= now) {
                        seen = now;
                        self.tell();
                    }
                }
            }
        }
    }

    /// All rights there are.
    pub fn register(&self) -> Arc<Register> {
        self.world().register.clone()
    }

    /// All roles that can be given now, those of every hub first.
    pub fn roles(&self) -> Vec<Role> {
        let at = self.0.clock.wall();
        let mut roles: Vec<Role> =
            self.world().roles.iter().filter(|role| role.at(at).is_some()).cloned().collect();
        roles.sort_by_key(|role| !role.is_built_in());
        roles
    }

    /// Whether a grant of a role waits for a second person: the role says so, or it holds rights that
    /// are given so.
    pub fn needs_second(&self, role: &Role) -> bool {
        let at = self.0.clock.wall();
        let needs = |one: &Version| one.needs_second || self.world().needs_second(&one.mask, at);
        role.at(at).is_some_and(needs)
    }

    /// The people in whose name, identifier or institution every word of `query` occurs, by name.
    pub fn people(&self, query: &str) -> Vec<Arc<Person>> {
        let query = query.to_lowercase();
        let words: Vec<&str> = query.split_whitespace().collect();
        let fits = |person: &&Arc<Person>| {
            if words.is_empty() {
                return true;
            }
            let text = format!("{} {} {}", person.name, person.id, person.organisation);
            let text = text.to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        let world = self.world();
        let mut people: Vec<_> = world.people().filter(fits).cloned().collect();
        people.sort_by(|one, other| (&one.name, one.no).cmp(&(&other.name, other.no)));
        people
    }

    /// One person with what stands now or begins later.
    pub fn person(&self, id: &PersonId) -> Option<Arc<Person>> {
        self.world().person(id).cloned()
    }

    /// The same by his number.
    pub fn person_no(&self, no: i64) -> Option<Arc<Person>> {
        self.world().people().find(|person| person.no == no).cloned()
    }

    /// Those who stand in for a person now or later.
    pub fn stand_ins(&self, of: &PersonId) -> Vec<(Arc<Person>, crate::Substitution)> {
        let world = self.world();
        let pairs = world.people().flat_map(|person| {
            person.stands_in.iter().map(move |one| (person.clone(), one.clone()))
        });
        pairs.filter(|(_, one)| one.of == *of).collect()
    }

    /// Whether a substitution waits for a second person, be it only with what its principal has
    /// that needs one.
    pub fn waits(&self, one: &crate::Substitution) -> bool {
        self.world().waits(one, self.0.clock.wall())
    }

    /// One person with everything that he ever had.
    ///
    /// # Errors
    /// [`Error::NoPerson`]; the database's.
    pub async fn history(&self, id: &PersonId) -> Result<Person, Error> {
        let world = self.world();
        let wanted = id.clone();
        let found: Vec<Person> = self
            .0
            .store
            .read(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    let which = Which { person: Some(&wanted), standing: None };
                    rows::people(tx, &world.roles, which).await
                })
            })
            .await?;
        found.into_iter().next().ok_or_else(|| Error::NoPerson(id.to_string()))
    }

    /// Everything that ever was, for reports of a past day.
    pub(crate) async fn everything(&self) -> Result<World, Error> {
        load(&self.0.store, self.register(), None).await
    }

    pub(crate) fn world(&self) -> Arc<World> {
        self.0.world.load_full()
    }

    pub(crate) fn registry(&self) -> Option<&Registry> {
        self.0.registry.get()
    }

    pub(crate) fn tree(&self) -> Option<Arc<Catalog>> {
        self.registry().map(Registry::catalog)
    }

    /// The picture first, then the word.
    pub(crate) fn publish(&self, world: World) {
        self.0.world.store(Arc::new(world));
        self.tell();
    }

    fn tell(&self) {
        self.0.told.send_modify(|epoch| *epoch += 1);
    }
}

async fn load(
    store: &Store,
    register: Arc<Register>,
    standing: Option<WallTime>,
) -> Result<World, Error> {
    store
        .read(move |tx: &mut Tx<'_>| {
            Box::pin(async move {
                let which = Which { person: None, standing };
                let roles = rows::roles(tx, &register).await?;
                let people = rows::people(tx, &roles, which).await?;
                Ok(World::new(register, roles, people))
            })
        })
        .await
}
