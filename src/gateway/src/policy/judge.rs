//! The rules made ready to be asked: who, whereto, when.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use ets_model::{PersonId, PortRange, Protocol, SegmentId, SegmentNo};
use ipnet::IpNet;
use jiff::{ToSpan, Zoned};

use super::allowance::{Allowance, Allowances};
use super::domains::DomainSet;
use super::ground::{Ground, Kind, bare};
use super::hours::{Hours, Moment};
use super::relays::Relayed;
use super::rule::{Action, Limit, Rule, Rules, To, Who};
use crate::Error;

/// How far ahead it is looked for the moment at which an answer changes.
const AHEAD_DAYS: i64 = 8;

/// One connection, or one flow of datagrams, that somebody asks for.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// From where; none for an address that belongs to no segment.
    pub segment: Option<SegmentNo>,
    /// By whom, where a certificate says it.
    pub person: Option<&'a PersonId>,
    /// The name that was asked for, as [`super::domains::ascii`] gives it.
    pub host: Option<&'a str>,
    /// The address that is connected to.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// How he asks.
    pub way: Way,
}

/// How somebody asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// By a proxy, which he knows of.
    #[default]
    Proxy,
    /// He does not: it was taken on its way outside.
    Transparent,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes, by the rule in this place.
    Allowed(usize),
    /// No.
    Refused(Why),
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The rule in this place says no.
    Rule(usize),
    /// No rule says yes.
    NoRule,
    /// The address is the hub's, or a segment's.
    Ours,
    /// The address is nobody's outside.
    Nobodys,
    /// Who asks is in no segment.
    Stranger,
    /// The segment has had what the limit in this place lets it have in the period.
    Quota(usize),
}

/// Why a rule did not decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is off.
    Off,
    /// It is for others.
    Who,
    /// It leads elsewhere.
    To,
    /// It is for other ports, or must name this one.
    Port,
    /// It is for other hours.
    Hours,
    /// It is for those who use a proxy.
    Way,
}

/// The rules in force. Asked without a lock; a change makes another.
#[derive(Debug)]
pub struct Policy {
    rules: Arc<[Ready]>,
    source: Arc<Rules>,
    index: Index,
    allowances: Allowances,
    relayed: Relayed,
    ground: Ground,
}

/// Which rules may fit whom, in their order.
#[derive(Debug)]
struct Index {
    /// Places of the rules that may fit a segment that some rule names.
    by_segment: HashMap<SegmentNo, Box<[u16]>>,
    /// Those of the rules that name no segment.
    for_all: Box<[u16]>,
}

#[derive(Debug)]
struct Ready {
    persons: Vec<PersonId>,
    anywhere: bool,
    domains: Vec<Arc<DomainSet>>,
    addresses: Vec<IpNet>,
    ports: Vec<PortRange>,
    hours: Vec<Hours>,
    action: Action,
    transparent: bool,
}

impl Verdict {
    /// Whether it is a yes.
    pub fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// The place of the rule that says so; none where none does.
    pub fn rule(self) -> Option<usize> {
        match self {
            Self::Allowed(place) | Self::Refused(Why::Rule(place)) => Some(place),
            Self::Refused(_) => None,
        }
    }

    /// Its name in the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::Allowed(_) => "allowed",
            Self::Refused(Why::Rule(_)) => "refused",
            Self::Refused(Why::NoRule) => "no-rule",
            Self::Refused(Why::Ours) => "inner-address",
            Self::Refused(Why::Nobodys) => "special-address",
            Self::Refused(Why::Stranger) => "no-segment",
            Self::Refused(Why::Quota(_)) => "quota",
        }
    }
}

impl Unfit {
    /// Its name in the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Who => "others",
            Self::To => "elsewhere",
            Self::Port => "port",
            Self::Hours => "hours",
            Self::Way => "proxy-only",
        }
    }
}

impl Policy {
    /// Makes rules ready; `numbers` gives the number of a segment that there is.
    ///
    /// # Errors
    /// [`Error::Rules`] with each fault: a name that is used and not defined, or no domain.
    pub fn new(
        source: Arc<Rules>,
        ground: Ground,
        numbers: impl Fn(&SegmentId) -> Option<SegmentNo>,
    ) -> Result<Self, Error> {
        let faults = super::check::faults(&source);
        if !faults.is_empty() {
            return Err(Error::Rules(faults));
        }
        Ok(Self::ready(source, ground, numbers))
    }

    /// The same of rules whose faults were looked for.
    pub(crate) fn ready(
        source: Arc<Rules>,
        ground: Ground,
        numbers: impl Fn(&SegmentId) -> Option<SegmentNo>,
    ) -> Self {
        let lists: HashMap<&str, Arc<DomainSet>> = source
            .lists
            .iter()
            .filter_map(|(name, domains)| Some((name.as_str(), set(domains.iter())?)))
            .collect();
        let rules = source.rules.iter().map(|rule| Ready::new(rule, &lists)).collect();
        let allowances = Allowances::new(&source, &numbers);
        let relayed = Relayed::new(&source, &numbers);
        let index = Index::new(&source, numbers);
        Self { rules, source, index, allowances, relayed, ground }
    }

    /// The same rules where the ground and the segments are others; lists are not read again.
    pub(crate) fn on(
        &self,
        ground: Ground,
        numbers: impl Fn(&SegmentId) -> Option<SegmentNo>,
    ) -> Self {
        let source = Arc::clone(&self.source);
        let allowances = Allowances::new(&source, &numbers);
        let relayed = Relayed::new(&source, &numbers);
        let index = Index::new(&source, numbers);
        Self { rules: Arc::clone(&self.rules), source, index, allowances, relayed, ground }
    }

    /// The rules as they were written.
    pub fn source(&self) -> &Arc<Rules> {
        &self.source
    }

    /// The rule in a place.
    pub fn rule(&self, place: usize) -> &Rule {
        &self.source.rules[place]
    }

    /// What an address is, whatever the rules say.
    pub fn kind(&self, address: IpAddr) -> Kind {
        self.ground.kind(address)
    }

    /// Whether a segment could come to a host of this name at any hour, by any port, as anybody:
    /// where it could not, it need not look the name up. A rule for addresses may lead to any name,
    /// and one for persons to whoever asks.
    pub fn may_look_up(&self, segment: SegmentNo, name: &str) -> bool {
        for rule in self.index.of(Some(segment)).iter().map(|at| &self.rules[usize::from(*at)]) {
            let named = rule.anywhere || rule.domains.iter().any(|set| set.contains(name));
            match rule.action {
                Action::Allow if named || !rule.addresses.is_empty() => return true,
                Action::Refuse if named && rule.is_for_all() => return false,
                Action::Allow | Action::Refuse => {}
            }
        }
        false
    }

    /// The limit in a place.
    pub fn limit(&self, place: usize) -> Option<&Limit> {
        self.source.limits.get(place)
    }

    /// What a segment may have. Of all the limits that are for it the lowest of each kind holds.
    pub fn allowance(&self, segment: SegmentNo) -> Allowance {
        self.allowances.of(segment)
    }

    /// Whether some rule opens to those of a segment who do not know of a proxy.
    pub fn takes_from(&self, segment: SegmentNo) -> bool {
        self.of(segment).any(|rule| rule.transparent && rule.action == Action::Allow)
    }

    /// Whether some rule for a segment goes by names.
    pub fn goes_by_names(&self, segment: SegmentNo) -> bool {
        self.of(segment).any(|rule| !rule.domains.is_empty())
    }

    fn of(&self, segment: SegmentNo) -> impl Iterator<Item = &Ready> {
        let mine = self.index.of(Some(segment)).iter();
        mine.map(|place| &self.rules[usize::from(*place)])
    }

    /// Whether somebody may, at a moment in the hub's zone.
    pub fn decide(&self, ask: &Ask<'_>, at: Moment) -> Verdict {
        let Some(segment) = ask.segment else { return Verdict::Refused(Why::Stranger) };
        let kind = match self.ground.kind(ask.address) {
            Kind::Ours => return Verdict::Refused(Why::Ours),
            Kind::Nobodys => return Verdict::Refused(Why::Nobodys),
            kind => kind,
        };
        let fits = |place: &&u16| self.rules[usize::from(**place)].unfit(ask, kind, at).is_none();
        match self.index.of(Some(segment)).iter().find(fits).map(|place| usize::from(*place)) {
            None => Verdict::Refused(Why::NoRule),
            Some(place) => match self.rules[place].action {
                Action::Allow => Verdict::Allowed(place),
                Action::Refuse => Verdict::Refused(Why::Rule(place)),
            },
        }
    }

    /// Whether somebody may by a relay: the one way to an inner address, to this one alone.
    ///
    /// # Errors
    /// Why not.
    pub fn may_by_relay(&self, id: &str, ask: &Ask<'_>) -> Result<(), Why> {
        let segment = ask.segment.ok_or(Why::Stranger)?;
        if !self.ground.may_be_relayed(ask.address) {
            return Err(Why::Ours);
        }
        let may = self.relayed.may(&self.source, id, segment, ask);
        if may { Ok(()) } else { Err(Why::NoRule) }
    }

    /// The rules before the one that decides, with why each did not.
    pub fn passed_over(&self, ask: &Ask<'_>, at: Moment) -> Vec<(usize, Unfit)> {
        let (kind, mut passed) = (self.ground.kind(ask.address), Vec::new());
        let mine = self.index.of(ask.segment);
        for (place, rule) in self.rules.iter().enumerate() {
            let unfit = if self.source.rules[place].off {
                Some(Unfit::Off)
            } else if !mine.iter().any(|one| usize::from(*one) == place) {
                Some(Unfit::Who)
            } else {
                rule.unfit(ask, kind, at)
            };
            match unfit {
                Some(unfit) => passed.push((place, unfit)),
                None => break,
            }
        }
        passed
    }

    /// When the answer will be another one, by the hours of the rules; none within a week.
    pub fn until(&self, ask: &Ask<'_>, at: &Zoned) -> Option<Zoned> {
        // Who is in none is refused at every hour.
        let segment = ask.segment?;
        let now = self.decide(ask, Moment::of(at));
        let (mut moment, end) = (at.clone(), at.checked_add(AHEAD_DAYS.days()).ok()?);
        loop {
            let hours = self.of(segment).flat_map(|rule| &rule.hours);
            moment = hours.filter_map(|hours| hours.next_change(&moment)).min()?;
            if moment > end {
                return None;
            }
            if self.decide(ask, Moment::of(&moment)) != now {
                return Some(moment);
            }
        }
    }
}

impl Ready {
    fn new(rule: &Rule, lists: &HashMap<&str, Arc<DomainSet>>) -> Self {
        let To { domains, lists: named, addresses } = &rule.to;
        let named = named.iter().filter_map(|name| lists.get(name.as_str()).cloned());
        let domains = set(domains.iter().map(String::as_str))
            .filter(|set| !set.is_empty())
            .into_iter()
            .chain(named)
            .collect();
        Self {
            persons: rule.who.persons.iter().map(PersonId::from_kept).collect(),
            anywhere: rule.to == To::default(),
            domains,
            addresses: addresses.clone(),
            ports: rule.ports.clone(),
            hours: rule.hours.clone(),
            action: rule.action,
            transparent: rule.transparent,
        }
    }

    /// Why this rule does not decide; none where it does.
    fn unfit(&self, ask: &Ask<'_>, kind: Kind, at: Moment) -> Option<Unfit> {
        let is_one = |person: &PersonId| self.persons.contains(person);
        if !self.persons.is_empty() && !ask.person.is_some_and(is_one) {
            return Some(Unfit::Who);
        }
        let proxy_only = self.action == Action::Allow && !self.transparent;
        if ask.way == Way::Transparent && proxy_only {
            return Some(Unfit::Way);
        }
        if !self.leads_to(ask, kind) {
            return Some(Unfit::To);
        }
        if !self.is_for_port(ask) {
            return Some(Unfit::Port);
        }
        let outside = !self.hours.is_empty() && !self.hours.iter().any(|hours| hours.contain(at));
        outside.then_some(Unfit::Hours)
    }

    /// A refusal holds for whatever it names; what is private opens by its network alone.
    fn leads_to(&self, ask: &Ask<'_>, kind: Kind) -> bool {
        let address = bare(ask.address);
        if self.addresses.iter().any(|net| net.contains(&address)) {
            return true;
        }
        let named =
            || ask.host.is_some_and(|host| self.domains.iter().any(|set| set.contains(host)));
        (kind == Kind::Public || self.action == Action::Refuse) && (self.anywhere || named())
    }

    /// Whether it holds for everybody of its segments, at every hour and for every port.
    fn is_for_all(&self) -> bool {
        self.persons.is_empty() && self.hours.is_empty() && self.ports.is_empty()
    }

    fn is_for_port(&self, ask: &Ask<'_>) -> bool {
        let asked = PortRange { protocol: ask.protocol, first: ask.port, last: ask.port };
        if self.ports.is_empty() {
            return self.action == Action::Refuse
                || !Rule::GUARDED.iter().any(|guarded| guarded.overlaps(asked));
        }
        self.ports.iter().any(|range| range.overlaps(asked))
    }
}

fn set<'a>(domains: impl Iterator<Item = &'a str>) -> Option<Arc<DomainSet>> {
    DomainSet::new(domains).ok().map(Arc::new)
}

pub(super) fn for_everybody(who: &Who) -> bool {
    who.segments.is_empty() && who.groups.is_empty()
}

/// The segments that are named, by themselves or by their groups.
pub(super) fn segments<'a>(source: &'a Rules, who: &'a Who) -> impl Iterator<Item = &'a SegmentId> {
    let groups = who.groups.iter().filter_map(|name| source.groups.get(name));
    who.segments.iter().chain(groups.flatten())
}

impl Index {
    fn new(source: &Rules, numbers: impl Fn(&SegmentId) -> Option<SegmentNo>) -> Self {
        let in_use = source.rules.iter().enumerate().filter(|(_, rule)| !rule.off);
        let (mut named, mut for_all) = (HashMap::<SegmentNo, Vec<u16>>::new(), Vec::new());
        for (place, rule) in in_use {
            // Their number is checked.
            let place = place as u16;
            if for_everybody(&rule.who) {
                for_all.push(place);
            }
            for segment in segments(source, &rule.who).filter_map(&numbers) {
                named.entry(segment).or_default().push(place);
            }
        }
        let merged = |mut own: Vec<u16>| {
            own.extend(&for_all);
            own.sort_unstable();
            own.dedup();
            own.into_boxed_slice()
        };
        let by_segment = named.into_iter().map(|(segment, own)| (segment, merged(own))).collect();
        Self { by_segment, for_all: for_all.into_boxed_slice() }
    }

    /// Places of the rules that may fit a segment.
    fn of(&self, segment: Option<SegmentNo>) -> &[u16] {
        let named = segment.and_then(|segment| self.by_segment.get(&segment));
        named.unwrap_or(&self.for_all)
    }
}
