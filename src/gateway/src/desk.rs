//! Where rules are read, tried and changed.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use ets_model::{Intercept, PersonId, Protocol, Segment, SegmentId, SegmentNo, WallTime};
use ets_registry::{Author, Registry};
use ets_rights::Rights;
use ets_runtime::Clock;
use ets_store::{Store, Tx};
use ipnet::IpNet;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::json;
use tokio::sync::{Mutex, watch};

use crate::asking::Asking;
use crate::fixed::Held;
use crate::gateway::{Gateway, World};
use crate::meters::Meters;
use crate::names::Names;
use crate::policy::{
    Ask, Fault, Ground, Moment, Policy, Rules, Unfit, Verdict, Way, faults, nobodys,
};
use crate::relay::Patience;
use crate::target::Target;
use crate::{Config, Error, tables};

/// What the gateway stands on.
#[derive(Clone, Debug)]
pub struct Deps {
    /// `state.db`, opened with [`crate::MIGRATIONS`].
    pub store: Store,
    /// `series.db`, opened with [`crate::SERIES_MIGRATIONS`].
    pub series: Store,
    /// Whose address it is.
    pub registry: Registry,
    /// The clock.
    pub clock: Clock,
    /// The hub's zone, in which hours are meant.
    pub zone: TimeZone,
    /// The hub's networks that are not outside.
    pub inner: Vec<IpNet>,
    /// The rules that an empty database begins with.
    pub seed: Rules,
}

/// A version of the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// Counted from 1; 0 before the first, when nobody is let out.
    pub no: u64,
    /// When.
    pub at: WallTime,
    /// Who wrote it.
    pub author: String,
    /// Why, as he put it.
    pub why: String,
}

/// What a change did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The version in force now.
    pub version: Version,
    /// So many open tunnels lost their right and were cut.
    pub cut: usize,
}

/// What would become of a question.
#[derive(Clone, Debug)]
pub struct Would {
    /// Who asks.
    pub segment: Arc<Segment>,
    /// Each address, with the answer.
    pub addresses: Vec<(IpAddr, Verdict)>,
    /// The rules before the one that decides on the first address, with why each did not.
    pub passed_over: Vec<(usize, Unfit)>,
    /// The rules that were asked.
    pub policy: Arc<Policy>,
    /// When the answer will be another one.
    pub until: Option<Zoned>,
}

impl Would {
    /// The answer: the gateway takes the first address that it may. None where the name has none, or
    /// nobody could be asked for it.
    pub fn verdict(&self) -> Option<Verdict> {
        let mut all = self.addresses.iter().map(|(_, verdict)| *verdict);
        let first = all.clone().next();
        all.find(|verdict| verdict.is_allowed()).or(first)
    }
}

/// Reads, tries and changes the rules. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Desk(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    deps: Deps,
    gateway: Arc<Gateway<Names>>,
    version: RwLock<Version>,
    /// One change after the other.
    applying: Mutex<()>,
    /// One writing of who went where after the other.
    writing: Mutex<()>,
    relays: Arc<Held>,
    rights: Arc<OnceLock<Rights>>,
    /// The port of the transparent sockets.
    transparent: Option<u16>,
    keep_days: u64,
}

/// The registry and the clock, as the gateway asks them.
#[derive(Debug)]
struct Around {
    registry: Registry,
    clock: Clock,
    zone: TimeZone,
    rights: Arc<OnceLock<Rights>>,
}

impl World for Around {
    fn segment_of(&self, address: IpAddr) -> Option<SegmentNo> {
        self.registry.catalog().by_address(address.to_canonical()).map(|segment| segment.no)
    }

    fn now(&self) -> Zoned {
        zoned(self.clock.wall(), &self.zone)
    }

    fn counts(&self, person: &PersonId) -> bool {
        let known = self.rights.get().and_then(|rights| rights.person(person));
        known.is_none_or(|person| !person.is_suspended(self.clock.wall()))
    }
}

impl Desk {
    /// With the last version in force, or the seed where there is none.
    pub(crate) async fn open(
        config: &Config,
        deps: Deps,
        patience: Patience,
    ) -> Result<Self, Error> {
        let (version, rules) = match tables::last(&deps.store).await? {
            Some((version, rules)) => (version, rules),
            None => (Version::default(), Rules::default()),
        };
        let policy = Policy::new(Arc::new(rules), ground(&deps), numbers(&deps))?;
        let rights = Arc::<OnceLock<Rights>>::default();
        let world = Around {
            rights: Arc::clone(&rights),
            registry: deps.registry.clone(),
            clock: deps.clock.clone(),
            zone: deps.zone.clone(),
        };
        let names = Names::new(config)?;
        let counted = (patience, meters(config)?);
        let gateway = Gateway::new(Arc::new(world), names, policy, counted)
            .with_udp(config.udp)
            .keeping(config.journal);
        if let Some(asking) = config.ask.and_then(Asking::new) {
            gateway.take_requests(asking);
        }
        let is_new = version.no == 0 && deps.seed != Rules::default();
        let seed = deps.seed.clone();
        let desk = Self(Arc::new(Inner {
            deps,
            gateway: Arc::new(gateway),
            version: RwLock::new(version),
            applying: Mutex::default(),
            writing: Mutex::default(),
            relays: Arc::default(),
            rights,
            transparent: config.transparent,
            keep_days: config.keep_days,
        }));
        if is_new {
            desk.apply(seed, 0, &Author::new("system")).await?;
        }
        Ok(desk)
    }

    /// The gateway itself.
    pub fn gateway(&self) -> &Arc<Gateway<Names>> {
        &self.0.gateway
    }

    /// From now on who is suspended there is nobody here. Told once.
    pub fn mind(&self, rights: Rights) {
        drop(self.0.rights.set(rights));
        self.0.gateway.judge_again();
    }

    /// Tells that somebody was suspended, or came back; none where [`Desk::mind`] was not told.
    pub(crate) fn rights_changes(&self) -> Option<watch::Receiver<u64>> {
        self.0.rights.get().map(Rights::changes)
    }

    /// The sockets of relays.
    pub(crate) fn relays(&self) -> &Arc<Held> {
        &self.0.relays
    }

    /// Who gives words to ask with; none where nobody takes requests.
    pub fn asking(&self) -> Option<&Asking> {
        self.0.gateway.asking()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.deps.store
    }

    pub(crate) fn now(&self) -> WallTime {
        self.0.deps.clock.wall()
    }

    /// The version in force.
    pub fn version(&self) -> Version {
        self.0.version.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last versions, newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn history(&self, most: u16) -> Result<Vec<Version>, Error> {
        tables::history(&self.0.deps.store, most).await
    }

    /// The rules of a version.
    ///
    /// # Errors
    /// [`Error::NoVersion`]; the database's.
    pub async fn rules_of(&self, no: u64) -> Result<Rules, Error> {
        let found = tables::one(&self.0.deps.store, no).await?;
        found.map(|(_, rules)| rules).ok_or(Error::NoVersion(no))
    }

    /// Every fault of rules, those that only the registry knows too.
    pub fn check(&self, rules: &Rules) -> Vec<Fault> {
        let catalog = self.0.deps.registry.catalog();
        let mut found = faults(rules);
        let used = rules.rules.iter().map(|rule| (format!("rule {}", rule.id), &rule.who.segments));
        let used = used
            .chain(rules.limits.iter().map(|one| (format!("limit {}", one.id), &one.who.segments)))
            .chain(rules.relays.iter().map(|one| (format!("relay {}", one.id), &one.who.segments)))
            .chain(rules.groups.iter().map(|(name, ids)| (format!("group {name}"), ids)));
        for (place, ids) in used {
            let unknown = ids.iter().filter(|id| catalog.segment(id.as_str()).is_none());
            found.extend(unknown.map(|id| Fault {
                place: place.clone(),
                what: format!("there is no segment {id}"),
            }));
        }
        let socks = self.0.gateway.datagrams().ports();
        found.extend(crate::fixed::faults(rules, &ground(&self.0.deps), socks));
        found
    }

    /// Puts rules in force that were made from version `base`: on the disk with their entry in the
    /// journal first, then at once for every new question and every open tunnel.
    ///
    /// # Errors
    /// [`Error::Rules`], [`Error::Changed`]; the database's.
    pub async fn apply(&self, rules: Rules, base: u64, by: &Author) -> Result<Applied, Error> {
        let found = self.check(&rules);
        if !found.is_empty() {
            return Err(Error::Rules(found));
        }
        let (desk, by) = (self.clone(), by.clone());
        // What is on the disk is in force, also when whoever asked has gone meanwhile.
        let done = tokio::spawn(async move { desk.put_in_force(rules, base, &by).await });
        done.await.unwrap_or(Err(Error::Abandoned))
    }

    async fn put_in_force(&self, rules: Rules, base: u64, by: &Author) -> Result<Applied, Error> {
        let _applying = self.0.applying.lock().await;
        let deps = &self.0.deps;
        let ready = Policy::ready(Arc::new(rules), ground(deps), numbers(deps));
        let version = self.write(ready.source(), base, by).await?;
        *self.0.version.write().unwrap_or_else(PoisonError::into_inner) = version.clone();
        let cut = self.0.gateway.enforce(ready);
        tracing::info!(version = version.no, by = version.author, cut, "the gateway's rules");
        Ok(Applied { version, cut })
    }

    async fn write(&self, rules: &Rules, base: u64, by: &Author) -> Result<Version, Error> {
        let text = serde_json::to_string(rules).map_err(|error| Error::Unreadable(base, error))?;
        let version = Version {
            no: base + 1,
            at: self.0.deps.clock.wall(),
            author: by.actor.clone(),
            why: by.reason.clone(),
        };
        let subject = ets_journal::Subject::new("gateway", version.no.to_string());
        let detail = json!({ "rules": rules.rules.len(), "base": base });
        let entry = by.entry("gateway.rules", subject).detail(detail);
        let written = version.clone();
        self.0
            .deps
            .store
            .write(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    let last = tables::last_no(tx).await?;
                    if last != base {
                        return Err(Error::Changed(last));
                    }
                    tables::insert(tx, &written, text).await?;
                    ets_journal::append(tx, written.at, entry).await?;
                    Ok(())
                })
            })
            .await?;
        Ok(version)
    }

    /// Holds the rules against the segments and addresses that there are now, and open tunnels
    /// against the rules.
    pub(crate) async fn renew(&self) {
        let _applying = self.0.applying.lock().await;
        let deps = &self.0.deps;
        let policy = self.0.gateway.policy().on(ground(deps), numbers(deps));
        self.0.gateway.enforce(policy);
    }

    /// Whose flows outside are to be taken on their way, as the rules are now; `None`: nobody's.
    pub fn intercept(&self) -> Option<Intercept> {
        let deps = &self.0.deps;
        let (port, policy) = (self.0.transparent?, self.0.gateway.policy());
        let catalog = deps.registry.catalog();
        let mut segments: Vec<SegmentNo> = catalog.all_segments().map(|one| one.no).collect();
        segments.retain(|no| policy.takes_from(*no));
        segments.sort_unstable();
        let kept = deps.inner.iter().copied().chain(nobodys()).collect();
        (!segments.is_empty()).then_some(Intercept { segments, kept, port })
    }

    /// Tells that rules were put in force, by whomever.
    pub fn enforced(&self) -> watch::Receiver<()> {
        self.0.gateway.changes()
    }

    /// What it stands on.
    pub(crate) fn deps(&self) -> &Deps {
        &self.0.deps
    }

    /// Held while who went where is written down.
    pub(crate) fn writing(&self) -> &Mutex<()> {
        &self.0.writing
    }

    /// For how many days it is kept who went where; 0 for ever.
    pub(crate) fn keep_days(&self) -> u64 {
        self.0.keep_days
    }

    /// Tells that the registry changed.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.deps.registry.changes()
    }

    /// What would become of a question: asked as the gateway itself asks, at any moment.
    ///
    /// # Errors
    /// [`Error::NoSegment`].
    pub async fn would(
        &self,
        segment: &SegmentId,
        target: &Target,
        person: Option<&PersonId>,
        (way, at): (Way, Option<WallTime>),
    ) -> Result<Would, Error> {
        let Deps { registry, clock, zone, .. } = &self.0.deps;
        let found = registry.catalog().segment(segment.as_str()).cloned();
        let segment = found.ok_or_else(|| Error::NoSegment(segment.clone()))?;
        let at = zoned(at.unwrap_or_else(|| clock.wall()), zone);
        // Those that the gateway itself would try.
        let addresses = self.0.gateway.addresses(&target.host).await.unwrap_or_default();
        let policy = self.0.gateway.policy();
        let person = self.0.gateway.counted(person);
        let ask = |address| Ask {
            segment: Some(segment.no),
            person,
            host: target.name(),
            address,
            port: target.port,
            protocol: Protocol::Tcp,
            way,
        };
        let moment = Moment::of(&at);
        let first = addresses.first().map(|address| ask(*address));
        let passed_over = first.map(|ask| policy.passed_over(&ask, moment)).unwrap_or_default();
        let until = first.and_then(|ask| policy.until(&ask, &at));
        let addresses = addresses
            .into_iter()
            .map(|address| (address, policy.decide(&ask(address), moment)))
            .collect();
        Ok(Would { segment, addresses, passed_over, policy, until })
    }
}

/// The meters of the file; where it has no room for them they are in memory, and that is told.
fn meters(config: &Config) -> Result<Arc<Meters>, Error> {
    let Some(path) = &config.meters else { return Meters::in_memory() };
    Meters::open(path).or_else(|error| {
        tracing::error!(%error, "what passes the gateway is counted in memory until the next start");
        Meters::in_memory()
    })
}

/// Whose every address is now.
fn ground(deps: &Deps) -> Ground {
    let catalog = deps.registry.catalog();
    let prefixes = catalog.all_segments().flat_map(|segment| segment.prefixes.iter().copied());
    let closed: Vec<IpNet> = prefixes.chain(own_addresses()).collect();
    Ground::new(closed.iter().chain(&deps.inner).copied()).closing(closed)
}

/// The numbers of the segments that there are now.
fn numbers(deps: &Deps) -> impl Fn(&SegmentId) -> Option<SegmentNo> {
    let catalog = deps.registry.catalog();
    move |id| catalog.segment(id.as_str()).map(|segment| segment.no)
}

/// The addresses of this machine, the one outside too.
fn own_addresses() -> Vec<IpNet> {
    let Ok(interfaces) = nix::ifaddrs::getifaddrs() else { return Vec::new() };
    let ip = |one: nix::ifaddrs::InterfaceAddress| {
        let address = one.address?;
        let v4 = address.as_sockaddr_in().map(|socket| IpAddr::V4(socket.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|socket| IpAddr::V6(socket.ip())))
    };
    interfaces.filter_map(ip).map(IpNet::from).collect()
}

fn zoned(at: WallTime, zone: &TimeZone) -> Zoned {
    Timestamp::from_microsecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone())
}

#[cfg(test)]
mod tests;
