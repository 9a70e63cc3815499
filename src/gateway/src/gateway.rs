//! From a question to a tunnel: who asks, may he, and the connection outside.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use ets_listen::{Place, Tally};
use ets_model::{PersonId, PortRange, Protocol, SegmentNo, WallTime};
use jiff::Zoned;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::accept::Places;
use crate::accounts::{Deed, Keep, Ledger};
use crate::asking::Asking;
use crate::datagrams::Datagrams;
use crate::open::{Book, Open};

use crate::meters::{Meters, Passed};
pub(crate) use crate::open::Tunnel;
use crate::policy::{Ask, Moment, Policy, Verdict, Way, Why};
use crate::relay::{End, Near, Patience, Pool, join, join_near};
use crate::target::{Host, Target};

/// How long one address may take to answer before the next is tried.
const CONNECT: Duration = Duration::from_secs(5);
/// So many addresses of a name are tried.
const MOST_ADDRESSES: usize = 4;

/// What the gateway knows of the world around it; the composition fills it in.
pub trait World: Send + Sync + 'static {
    /// The segment that an address belongs to.
    fn segment_of(&self, address: IpAddr) -> Option<SegmentNo>;
    /// Now, in the hub's zone.
    fn now(&self) -> Zoned;
    /// Whether a person whose certificate is good counts as one: who is suspended is nobody.
    fn counts(&self, _person: &PersonId) -> bool {
        true
    }
}

/// Asks for the addresses of a name, once a tunnel.
pub trait Resolve: Send + Sync + 'static {
    /// The addresses, in the order in which they are to be tried.
    fn resolve(&self, name: &str) -> impl Future<Output = io::Result<Vec<IpAddr>>> + Send;
}

/// An answer of the rules, and those rules: others may be in force when it is told.
#[derive(Clone, Debug)]
pub struct Ruled {
    /// Why not.
    pub why: Why,
    /// When they may say something else.
    pub until: Option<Zoned>,
    /// The rules that were asked.
    pub policy: Arc<Policy>,
}

/// Why somebody is not let through.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// The rules say no.
    Rules(Box<Ruled>),
    /// The name has no address.
    NoSuchName,
    /// The resolver does not answer.
    NoResolver,
    /// The segment has so many connections open already, and may have no more.
    Crowded(u32),
    /// More are open than can be counted.
    Full,
    /// Nobody answers there.
    Unreachable,
}

impl Refusal {
    /// Its name in reports.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rules(ruled) => Verdict::Refused(ruled.why).code(),
            Self::NoSuchName => "no-name",
            Self::NoResolver => "no-resolver",
            Self::Crowded(_) => "crowded",
            Self::Full => "full",
            Self::Unreachable => "unreachable",
        }
    }

    /// The identifier of the rule or limit that says so; empty where none does.
    fn rule(&self) -> &str {
        let Self::Rules(ruled) = self else { return "" };
        match ruled.why {
            Why::Rule(place) => &ruled.policy.rule(place).id,
            Why::Quota(place) => ruled.policy.limit(place).map_or("", |limit| &limit.id),
            _ => "",
        }
    }
}

/// The gateway.
#[derive(Debug)]
pub struct Gateway<R> {
    world: Arc<dyn World>,
    resolver: R,
    policy: ArcSwap<Policy>,
    book: Arc<Book>,
    pool: Pool,
    meters: Arc<Meters>,
    by_segment: Arc<Tally<SegmentNo>>,
    patience: Patience,
    datagrams: Arc<Datagrams>,
    changed: watch::Sender<()>,
    places: Arc<Places>,
    asking: OnceLock<Asking>,
}

/// A connection outside that the rules allow.
#[derive(Debug)]
pub struct Reached {
    /// The far end.
    pub stream: TcpStream,
    tunnel: Tunnel,
}

impl std::fmt::Debug for dyn World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

impl Reached {
    pub(crate) fn new(stream: TcpStream, tunnel: Tunnel) -> Self {
        Self { stream, tunnel }
    }

    /// The far end, and its place among the open tunnels.
    pub(crate) fn into_parts(self) -> (TcpStream, Tunnel) {
        (self.stream, self.tunnel)
    }
}

impl<R: Resolve> Gateway<R> {
    /// With the rules that hold at first.
    pub fn new(
        world: Arc<dyn World>,
        resolver: R,
        policy: Policy,
        (patience, meters): (Patience, Arc<Meters>),
    ) -> Self {
        let (book, pool) =
            (Arc::new(Book::new(Ledger::default(), hour(&world.now()))), Pool::default());
        let policy = ArcSwap::from_pointee(policy);
        Self {
            world,
            resolver,
            policy,
            book,
            pool,
            patience,
            meters,
            by_segment: Arc::default(),
            datagrams: Arc::default(),
            changed: watch::Sender::default(),
            places: Arc::new(Places::new()),
            asking: OnceLock::new(),
        }
    }

    /// With ports of the hub for those who relay datagrams by SOCKS.
    #[must_use]
    pub fn with_udp(self, ports: Option<PortRange>) -> Self {
        Self { datagrams: Arc::new(Datagrams::new(ports)), ..self }
    }

    /// What is kept of datagrams.
    pub fn datagrams(&self) -> &Arc<Datagrams> {
        &self.datagrams
    }

    /// Tells that other rules are in force.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// How many tunnels are open by each relay.
    pub fn by_relay(&self) -> HashMap<Box<str>, usize> {
        self.book.by_relay()
    }

    /// Room for what is open, in all sockets together.
    pub(crate) fn places(&self) -> &Arc<Places> {
        &self.places
    }

    /// The person, where he counts as one now.
    pub(crate) fn counted<'a>(&self, person: Option<&'a PersonId>) -> Option<&'a PersonId> {
        person.filter(|person| self.world.counts(person))
    }

    /// Refusals tell from now on where to ask for what was refused.
    pub(crate) fn take_requests(&self, asking: Asking) {
        // Once, at the start.
        let _ = self.asking.set(asking);
    }

    /// Who gives words to ask with; none where nobody takes requests.
    pub(crate) fn asking(&self) -> Option<&Asking> {
        self.asking.get()
    }

    /// Where `of`, who came to our address `hub`, asks for what was refused.
    pub(crate) fn ask_link(
        &self,
        refused: (&Refusal, &Target),
        of: IpAddr,
        hub: IpAddr,
    ) -> Option<String> {
        let now = WallTime(self.world.now().timestamp().as_microsecond());
        self.asking()?.link(refused, (of, hub), now)
    }

    /// The same with a ledger that keeps less, or nothing.
    pub(crate) fn keeping(self, keep: Keep) -> Self {
        let book = Book::new(Ledger::new(keep), hour(&self.world.now()));
        Self { book: Arc::new(book), ..self }
    }

    /// What is to be written of who went where; what cannot be is put back.
    pub(crate) fn book(&self) -> &Book {
        &self.book
    }

    /// The rules in force.
    pub fn policy(&self) -> Arc<Policy> {
        self.policy.load_full()
    }

    /// How long a connection may be quiet.
    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }

    /// Who is asked for the addresses of names.
    pub fn resolver(&self) -> &R {
        &self.resolver
    }

    /// Puts other rules in force, at once and for open tunnels too; how many were cut.
    pub fn enforce(&self, policy: Policy) -> usize {
        self.policy.store(Arc::new(policy));
        let held = self.hold();
        let cut = self.judge_again() + held.cut;
        self.changed.send_replace(());
        cut
    }

    /// Holds open tunnels against the rules: at a change, and each minute for the sake of hours.
    pub fn judge_again(&self) -> usize {
        let (policy, moment) = (self.policy.load(), self.moment());
        self.book.cut_where(|open| {
            let ask = open.ask();
            let ask = Ask { person: self.counted(ask.person), ..ask };
            open.judge(&ask, &policy, moment).is_err()
        })
    }

    /// Has every tunnel end, because the process does: what was read from one side is written to the
    /// other, then both hear an orderly end.
    pub(crate) fn leave(&self) {
        self.book.leave();
    }

    /// Over once the process ends and open tunnels are told so; borrows nothing of the gateway.
    pub(crate) fn left(&self) -> impl Future<Output = ()> + Send + use<R> {
        let mut left = self.book.left();
        async move { drop(left.wait_for(|left| *left).await) }
    }

    /// What passed, by segment.
    pub fn passed(&self) -> Vec<(SegmentNo, Passed)> {
        self.meters.passed()
    }

    /// How many tunnels are open.
    pub fn open(&self) -> usize {
        self.book.len()
    }

    /// Asks the rules and connects. A name is resolved once, and each address is judged before it
    /// is connected to: an answer that changes between (DNS rebinding) changes nothing.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn reach(
        &self,
        client: IpAddr,
        person: Option<&PersonId>,
        target: &Target,
    ) -> Result<Reached, Refusal> {
        self.reach_at(client, person, (target, None)).await
    }

    /// As [`reach`](Self::reach); with an address, somebody who knows of no proxy sent it there, and it is
    /// connected to that address alone.
    pub(crate) async fn reach_at(
        &self,
        client: IpAddr,
        person: Option<&PersonId>,
        (target, taken): (&Target, Option<IpAddr>),
    ) -> Result<Reached, Refusal> {
        let segment = self.segment(client)?;
        let reached = self.reach_from((segment, person), (target, taken)).await;
        reached.inspect_err(|refusal| {
            self.note_refusal((segment, person), &target.host.to_string(), (refusal, ""));
        })
    }

    /// Puts a refusal into the ledger, with the relay that was asked for where it was one. Those of
    /// nobody's addresses are not kept: they could be as many as there are.
    pub(crate) fn note_refusal(
        &self,
        (segment, person): (SegmentNo, Option<&PersonId>),
        host: &str,
        (refusal, relay): (&Refusal, &str),
    ) {
        let rule = Some(refusal.rule()).filter(|rule| !rule.is_empty()).unwrap_or(relay);
        self.book.refused(&Deed { segment, person, host, rule, verdict: refusal.code() });
    }

    async fn reach_from(
        &self,
        (segment, person): (SegmentNo, Option<&PersonId>),
        (target, taken): (&Target, Option<IpAddr>),
    ) -> Result<Reached, Refusal> {
        self.has_volume_left(segment)?;
        let mut place = self.place(segment)?;
        let mut refused = None;
        let mut tried = false;
        let addresses = match taken {
            Some(address) => vec![address],
            None => self.addresses(&target.host).await?,
        };
        for address in addresses {
            let ask = Ask {
                segment: Some(segment),
                person,
                host: target.name(),
                address,
                port: target.port,
                protocol: Protocol::Tcp,
                way: taken.map_or(Way::Proxy, |_| Way::Transparent),
            };
            let rule = match self.allowed(&ask) {
                Ok(rule) => rule,
                Err(no) => {
                    refused.get_or_insert_with(|| self.refusal(no, &ask));
                    continue;
                }
            };
            tried = true;
            let Some(stream) = connect(SocketAddr::new(address, target.port)).await else {
                continue;
            };
            let tunnel = self.enter(None, &ask, (segment, place.take()), &rule)?;
            return Ok(Reached { stream, tunnel });
        }
        Err(refused.filter(|_| !tried).unwrap_or(Refusal::Unreachable))
    }

    /// Lets somebody through to an address over UDP, as the rules say. Nothing is opened: the
    /// datagrams are the caller's.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn let_through(&self, ask: &Ask<'_>) -> Result<Tunnel, Refusal> {
        self.let_in(None, ask)
    }

    /// Lets somebody through by a relay, over TCP or UDP; nothing is opened.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn let_by(&self, relay: &str, ask: &Ask<'_>) -> Result<Tunnel, Refusal> {
        self.let_in(Some(relay), ask)
    }

    fn let_in(&self, relay: Option<&str>, ask: &Ask<'_>) -> Result<Tunnel, Refusal> {
        let segment = ask.segment.ok_or_else(|| self.no(Why::Stranger))?;
        let through = || {
            self.has_volume_left(segment)?;
            let rule = self.may(relay, ask)?;
            self.enter(relay, ask, (segment, self.place(segment)?), &rule)
        };
        let noted = |no: &Refusal| self.note_ask(segment, ask, (no, relay.unwrap_or_default()));
        through().inspect_err(noted)
    }

    /// The identifier of what lets somebody through: the relay, where it is asked for one, or a rule.
    fn may(&self, relay: Option<&str>, ask: &Ask<'_>) -> Result<Box<str>, Refusal> {
        let Some(relay) = relay else {
            return self.allowed(ask).map_err(|no| self.refusal(no, ask));
        };
        self.policy.load().may_by_relay(relay, ask).map_err(|why| self.no(why))?;
        Ok(relay.into())
    }

    /// Enters what was allowed by a rule or relay among the open tunnels.
    fn enter(
        &self,
        relay: Option<&str>,
        ask: &Ask<'_>,
        (segment, place): (SegmentNo, Option<Place<SegmentNo>>),
        rule: &str,
    ) -> Result<Tunnel, Refusal> {
        let meter = self.meters.meter(segment).ok_or(Refusal::Full)?;
        let open = Open::new(ask, segment, (meter, place));
        let open = if relay.is_some() { open.by_relay(rule) } else { open.by(rule) };
        let tunnel = self.book.enter(open);
        // A change since the question may have missed this tunnel.
        self.may(relay, ask)?;
        self.has_volume_left(segment)?;
        Ok(tunnel)
    }

    /// Puts the refusal of a question into the ledger.
    pub(crate) fn note_ask(&self, segment: SegmentNo, ask: &Ask<'_>, refused: (&Refusal, &str)) {
        let host = ask.host.map_or_else(|| ask.address.to_string(), ToOwned::to_owned);
        self.note_refusal((segment, ask.person), &host, refused);
    }

    /// The segment that an address belongs to.
    pub(crate) fn segment_of(&self, address: IpAddr) -> Option<SegmentNo> {
        self.world.segment_of(address)
    }

    /// The segment of who asks.
    pub(crate) fn segment(&self, client: IpAddr) -> Result<SegmentNo, Refusal> {
        self.segment_of(client).ok_or_else(|| self.no(Why::Stranger))
    }

    fn no(&self, why: Why) -> Refusal {
        Refusal::Rules(Box::new(Ruled { why, until: None, policy: self.policy() }))
    }

    /// Joins a client with what was reached, until one of them is done or the rules say no.
    pub async fn relay(&self, client: &TcpStream, reached: &Reached) -> End {
        let Reached { stream, tunnel } = reached;
        let counted = (tunnel.meter(), &self.pool);
        join((client, stream), counted, self.patience, tunnel.is_cut()).await
    }

    /// The same for a client who is no socket: by TLS, or as one stream of many.
    pub(crate) async fn relay_near(&self, client: &mut impl Near, reached: &Reached) -> End {
        let Reached { stream, tunnel } = reached;
        join_near(client, (stream, tunnel.meter()), self.patience, tunnel.is_cut()).await
    }

    fn has_volume_left(&self, segment: SegmentNo) -> Result<(), Refusal> {
        let spent = self.spent(segment);
        spent.map_or(Ok(()), |ruled| Err(Refusal::Rules(Box::new(Ruled::clone(&ruled)))))
    }

    /// What passed.
    pub(crate) fn meters(&self) -> &Arc<Meters> {
        &self.meters
    }

    /// Now, in the hub's zone.
    pub(crate) fn now(&self) -> Zoned {
        self.world.now()
    }

    /// A place among the connections of a segment, where they are limited.
    fn place(&self, segment: SegmentNo) -> Result<Option<Place<SegmentNo>>, Refusal> {
        let Some(most) = self.policy.load().allowance(segment).connections else { return Ok(None) };
        let place = self.by_segment.take(segment, usize::try_from(most).unwrap_or(usize::MAX));
        place.map(Some).ok_or(Refusal::Crowded(most))
    }

    /// The addresses of a host, in the order in which they are tried.
    pub(crate) async fn addresses(&self, host: &Host) -> Result<Vec<IpAddr>, Refusal> {
        let name = match host {
            Host::Address(address) => return Ok(vec![*address]),
            Host::Name(name) => name,
        };
        // Apart, so that a tunnel at rest does not hold room for it.
        let mut found =
            Box::pin(self.resolver.resolve(name)).await.map_err(|_| Refusal::NoResolver)?;
        found.truncate(MOST_ADDRESSES);
        if found.is_empty() { Err(Refusal::NoSuchName) } else { Ok(found) }
    }

    /// The identifier of the rule that lets somebody through.
    pub(crate) fn allowed(&self, ask: &Ask<'_>) -> Result<Box<str>, (Why, Arc<Policy>)> {
        let policy = self.policy.load();
        let ask = Ask { person: self.counted(ask.person), ..*ask };
        match policy.decide(&ask, self.moment()) {
            Verdict::Allowed(place) => Ok(policy.rule(place).id.as_str().into()),
            Verdict::Refused(why) => Err((why, Arc::clone(&policy))),
        }
    }

    /// As it is told. Until when is looked for only where there is a word for it: each datagram of a
    /// flood is asked for.
    pub(crate) fn refusal(&self, (why, policy): (Why, Arc<Policy>), ask: &Ask<'_>) -> Refusal {
        let is_told = ask.protocol == Protocol::Tcp && ask.way == Way::Proxy;
        let ask = Ask { person: self.counted(ask.person), ..*ask };
        let until = if is_told { policy.until(&ask, &self.world.now()) } else { None };
        Refusal::Rules(Box::new(Ruled { why, until, policy }))
    }

    fn moment(&self) -> Moment {
        Moment::of(&self.world.now())
    }
}

/// Hours since 1970-01-01 UTC.
pub(crate) fn hour(at: &Zoned) -> i64 {
    at.timestamp().as_second().div_euclid(3_600)
}

pub(crate) async fn connect(address: SocketAddr) -> Option<TcpStream> {
    let stream = timeout(CONNECT, TcpStream::connect(address)).await.ok()?.ok()?;
    stream.set_nodelay(true).ok()?;
    Some(stream)
}

#[cfg(test)]
mod tests;
