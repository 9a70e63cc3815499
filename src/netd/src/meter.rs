//! The meters: totals read once a second, handed to whoever follows, and a quarter of an hour of
//! minutes for whoever was away. Totals are the kernel's and never go back, so a follower that missed
//! frames misses nothing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ets_dataplane::account::{Meters, Missing, Outcome, Restored, ServiceAt, Setup, setup};
use ets_dataplane::compile::{METER_SETS, TABLE};
use ets_dataplane::nft::ir::Family;
use ets_dataplane::nft::{Kernel, TableName};
use ets_model::{Policy, PortRange, Role, SegmentNo, Served, ServicePlace, Stamp, WallTime};
use ets_netd_api::{
    Class, Counter, Direction, MeterBuilder, MeterFrame, MeterKind, Metering, Reply, frame,
};
use ipnet::IpNet;
use tokio::sync::broadcast;

use crate::rules::{Around, Refused, Standing, Tallies};

/// Minutes that are kept for a follower that was away.
const MINUTES: usize = 16;
/// Frames that a slow follower may be behind before it gets all totals anew.
const BEHIND: usize = 8;
const MINUTE: i64 = 60_000_000;

/// Loads and pins the accounting in a directory on a bpffs, for segment numbers below `segments`; in
/// words what was done. Counters that are there go on. Needs `CAP_BPF`, which `netd` itself does not.
///
/// # Errors
/// When the kernel refuses, or there is no bpffs.
pub fn set_up(pins: &Path, segments: u32) -> Result<&'static str, ets_dataplane::account::Error> {
    let wanted = Setup { segments, ..Setup::default() };
    Ok(match setup(pins, &wanted)? {
        Outcome::Made => "accounting set up",
        Outcome::Kept => "accounting was set up already",
        Outcome::ProgramsRenewed => "accounting renewed, its counters go on",
        Outcome::Grown => "accounting has more room now, its counters go on",
    })
}

type Key = (SegmentNo, u8, Direction);

/// Reads the counters. Belongs to the thread of the rules.
pub(crate) struct Meter {
    source: Source,
    hub: Arc<MeterHub>,
    refused: Refused,
}

enum Source {
    /// By the programs at the ports: exact as on the wire.
    Wire(Box<Meters>),
    /// By the packet filter.
    Filter,
}

/// What followers share.
#[derive(Debug)]
pub(crate) struct MeterHub {
    state: Mutex<State>,
    frames: broadcast::Sender<Arc<Vec<u8>>>,
}

#[derive(Debug)]
struct State {
    metering: Metering,
    all: BTreeMap<Key, (u64, u64)>,
    at: Stamp,
    minutes: VecDeque<(WallTime, Arc<Vec<u8>>)>,
    lately: BTreeSet<Key>,
}

/// What a new follower begins with.
pub(crate) struct Beginning {
    pub(crate) metering: Metering,
    pub(crate) frames: Vec<Arc<Vec<u8>>>,
    pub(crate) news: broadcast::Receiver<Arc<Vec<u8>>>,
}

impl Meter {
    /// Opens what `netd setup` pinned; without it the packet filter counts, and goes on in the life
    /// that a former process `left` here. `instance` is the life of counters that begin now.
    pub(crate) fn open(pins: Option<&Path>, instance: u64, left: Option<Tallies>) -> Self {
        let mut refused = Refused::resume(left);
        let opened = pins.map(Meters::open).transpose();
        if let Err(error) = &opened {
            tracing::warn!(%error, "the packet filter counts; exact only while offloads are off");
        }
        let source = match opened {
            Ok(Some(meters)) => Source::Wire(Box::new(meters)),
            _ => Source::Filter,
        };
        let (life, by) = match &source {
            Source::Wire(meters) => (meters.life(), "wire"),
            Source::Filter => (refused.life().unwrap_or(instance), "filter"),
        };
        refused.live(life);
        refused.tell_all();
        let metering = Metering { life, by: by.to_owned() };
        let hub = Arc::new(MeterHub::new(metering));
        Self { source, hub, refused }
    }

    /// What followers share.
    pub(crate) fn hub(&self) -> Arc<MeterHub> {
        Arc::clone(&self.hub)
    }

    /// Whether the rules have to count.
    pub(crate) fn by_filter(&self) -> bool {
        matches!(self.source, Source::Filter)
    }

    /// Counts what a policy names, at the ports that are there.
    pub(crate) fn follow(&mut self, standing: &Standing, around: &Around) {
        // First, so that it is said: what follows would put it back without a word.
        self.restore(around);
        let Source::Wire(meters) = &mut self.source else { return };
        let policy = standing.policy();
        let ports: BTreeSet<u32> = policy
            .arms
            .iter()
            .filter_map(|arm| around.ports.get(&arm.interface).copied())
            .collect();
        let segments: Vec<(SegmentNo, Vec<IpNet>)> =
            policy.arms.iter().map(|arm| (arm.no, arm.prefixes.clone())).collect();
        if let Err(error) = meters.configure(
            &segments,
            &services(policy, &around.own),
            &places(policy, &around.own),
        ) {
            tracing::error!(%error, "the accounting keeps its old tables");
        }
        for error in meters.attach(&ports.into_iter().collect::<Vec<_>>()) {
            tracing::error!(%error, "a port is not counted");
        }
    }

    /// Puts back what strangers took from the ports, and says what was missing.
    pub(crate) fn restore(&mut self, around: &Around) {
        let Source::Wire(meters) = &mut self.source else { return };
        let Restored { missing, faults } = meters.restore();
        for error in faults {
            tracing::error!(%error, "a port is not counted; trying again");
        }
        if missing.is_empty() {
            return;
        }
        let ports = names(&missing, around);
        tracing::warn!(
            count = missing.len(),
            ports,
            "the accounting was missing at ports and is put back; what passed meanwhile is not counted"
        );
    }

    /// What was refused, to count on.
    pub(crate) fn refused(&mut self) -> &mut Refused {
        &mut self.refused
    }

    /// Reads what changed and hands it on.
    pub(crate) fn second(&mut self, now: Stamp, kernel: &mut Kernel) {
        let mut changed = Vec::new();
        match &mut self.source {
            Source::Wire(meters) => {
                if let Some(disturbance) = meters.read_changed(&mut changed) {
                    tracing::warn!(?disturbance, "a stranger wrote to the counters");
                }
                self.hub.set_life(meters.life());
                self.refused.live(meters.life());
            }
            Source::Filter => read_filter(kernel, &mut changed),
        }
        for (segment, (bytes, packets)) in self.refused.take_lately() {
            let (class, direction) = (Class::Dropped, Direction::Up);
            changed.push(Counter { segment, class, direction, bytes, packets });
        }
        self.hub.enter(now, &changed);
    }
}

/// Names in a line of the log.
const MOST_NAMES: usize = 16;

/// Ports and directions by name, the first of them where there are many.
fn names(missing: &[Missing], around: &Around) -> String {
    let name = |one: &Missing| {
        let found = around.ports.iter().find(|(_, number)| **number == one.interface);
        let name = found.map_or_else(|| one.interface.to_string(), |(name, _)| name.clone());
        let direction = if one.direction == Direction::Up { "up" } else { "down" };
        format!("{name} {direction}")
    };
    let mut names: Vec<String> = missing.iter().take(MOST_NAMES).map(name).collect();
    if missing.len() > MOST_NAMES {
        names.push("…".to_owned());
    }
    names.join(", ")
}

/// Totals of the packet filter. A set that is made anew begins at zero: the reader sees totals go back
/// and counts on from there.
fn read_filter(kernel: &mut Kernel, changed: &mut Vec<Counter>) {
    let table = TableName { family: Family::Inet, name: TABLE.to_owned() };
    for (set, direction) in METER_SETS.into_iter().zip([Direction::Up, Direction::Down]) {
        let Ok(counts) = kernel.counters(&table, set) else { continue };
        for count in counts {
            let word = |at: usize| count.key.get(at..)?.first_chunk().copied();
            let (Some(segment), Some(class)) = (word(0), word(4)) else { continue };
            changed.push(Counter {
                segment: SegmentNo(u32::from_ne_bytes(segment)),
                class: Class::from_code(u8::try_from(u32::from_ne_bytes(class)).unwrap_or(0)),
                direction,
                bytes: count.bytes,
                packets: count.packets,
            });
        }
    }
}

/// Where services answer: behind the hub at their addresses, on the hub at all of its own.
fn services(policy: &Policy, own: &BTreeSet<IpAddr>) -> Vec<ServiceAt> {
    let at = |one: &Served, address: IpAddr, ports| ServiceAt {
        class: Class::Service(one.no),
        address,
        ports: Some(ports),
    };
    let mut list = Vec::new();
    for one in policy.services.iter().filter(|one| one.place == ServicePlace::Behind) {
        let each = one.addresses.iter().flat_map(|to| one.ports.iter().map(|port| (*to, *port)));
        list.extend(each.map(|(to, port)| at(one, to, port)));
    }
    let hub = policy.services.iter().filter(|one| one.place == ServicePlace::Hub);
    let hub: Vec<(&Served, PortRange)> =
        hub.flat_map(|one| one.ports.iter().map(move |port| (one, *port))).collect();
    let wide = |range: &PortRange| usize::from(range.last - range.first) + 1;
    let each: usize = hub.iter().map(|(_, range)| wide(range)).sum();
    if hub.is_empty() {
        return list;
    }
    if (each + 1) * own.len() > MOST_ON_HUB {
        tracing::warn!("the hub has too many addresses and ports: its services count as the hub");
        return list;
    }
    for address in own {
        list.extend(hub.iter().map(|(one, port)| at(one, *address, *port)));
        // What has no port, a ping for one, is not the service's where there is but one.
        list.push(ServiceAt { class: Class::Hub, address: *address, ports: None });
    }
    list
}

/// Of the accounting's places for services, so many are for those on the hub: ports by addresses.
const MOST_ON_HUB: usize = 1 << 15;

/// Addresses of no machine in particular: every machine, all machines on a link, groups of them.
const GROUPS: [&str; 5] =
    ["255.255.255.255/32", "224.0.0.0/4", "169.254.0.0/16", "ff00::/8", "fe80::/10"];

/// Everywhere is outside, but for what the hub's own networks say; its own addresses are itself,
/// also where they lie in a segment's network.
fn places(policy: &Policy, own: &BTreeSet<IpAddr>) -> Vec<(IpNet, Class)> {
    let mut places: Vec<(IpNet, Class)> = Vec::new();
    let groups = GROUPS.iter().filter_map(|net| net.parse::<IpNet>().ok());
    places.extend(groups.map(|net| (net, Class::Other)));
    places.extend(own.iter().map(|address| (IpNet::from(*address), Class::Hub)));
    for everywhere in ["0.0.0.0/0", "::/0"] {
        places.extend(everywhere.parse::<IpNet>().ok().map(|net| (net, Class::Outside)));
    }
    for network in policy.networks.iter().filter(|network| network.role != Role::Outside) {
        places.extend(network.prefixes.iter().map(|prefix| (prefix.trunc(), Class::Other)));
    }
    places
}

impl MeterHub {
    fn new(metering: Metering) -> Self {
        let state = State {
            metering,
            all: BTreeMap::new(),
            at: Stamp::default(),
            minutes: VecDeque::new(),
            lately: BTreeSet::new(),
        };
        Self { state: Mutex::new(state), frames: broadcast::Sender::new(BEHIND) }
    }

    /// Everything for a follower that has the minutes up to `after`.
    pub(crate) fn begin(&self, after: Option<WallTime>) -> Beginning {
        let state = self.lock();
        let news = self.frames.subscribe();
        let missed = |(end, _): &&(WallTime, _)| after.is_some_and(|after| *end > after);
        let mut frames: Vec<Arc<Vec<u8>>> =
            state.minutes.iter().filter(missed).map(|(_, frame)| Arc::clone(frame)).collect();
        frames.extend(state.everything());
        Beginning { metering: state.metering.clone(), frames, news }
    }

    /// Every total, for a follower that fell behind.
    pub(crate) fn everything(&self) -> Option<Arc<Vec<u8>>> {
        self.lock().everything()
    }

    fn set_life(&self, life: u64) {
        let mut state = self.lock();
        if state.metering.life != life {
            tracing::warn!("the counters began a new life");
            state.metering.life = life;
            state.all.clear();
            state.lately.clear();
            state.minutes.clear();
        }
    }

    fn enter(&self, now: Stamp, changed: &[Counter]) {
        let mut state = self.lock();
        state.close_minute(now);
        state.at = now;
        let mut fresh = BTreeSet::new();
        for counter in changed {
            let key = (counter.segment, counter.class.code(), counter.direction);
            let total = (counter.bytes, counter.packets);
            if state.all.insert(key, total) != Some(total) {
                fresh.insert(key);
            }
        }
        let packed = state.packed(fresh.iter());
        state.lately.extend(fresh);
        drop(state);
        if let Some(frame) = encode(MeterFrame { at: now, kind: MeterKind::Second, packed }) {
            // Nobody may be following.
            let _ = self.frames.send(frame);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; if it did, totals would still be totals.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Nothing before the first reading: what is not told would be taken for zero.
    fn everything(&self) -> Option<Arc<Vec<u8>>> {
        if self.at == Stamp::default() {
            return None;
        }
        let packed = self.packed(self.all.keys());
        encode(MeterFrame { at: self.at, kind: MeterKind::All, packed })
    }

    /// When a minute of the wall clock is over, its counters as they stood at the last reading.
    fn close_minute(&mut self, now: Stamp) {
        let (before, after) = (self.at.wall.0.div_euclid(MINUTE), now.wall.0.div_euclid(MINUTE));
        if self.at == Stamp::default() || before == after {
            return;
        }
        let lately = std::mem::take(&mut self.lately);
        let packed = self.packed(lately.iter());
        let frame = MeterFrame { at: self.at, kind: MeterKind::Minute, packed };
        if let Some(frame) = encode(frame) {
            self.minutes.push_back((self.at.wall, frame));
        }
        while self.minutes.len() > MINUTES {
            self.minutes.pop_front();
        }
    }

    fn packed<'a>(&self, keys: impl Iterator<Item = &'a Key>) -> Vec<u8> {
        let mut builder = MeterBuilder::default();
        for key in keys {
            let (segment, class, direction) = *key;
            let (bytes, packets) = self.all.get(key).copied().unwrap_or_default();
            let class = Class::from_code(class);
            builder.push(Counter { segment, class, direction, bytes, packets });
        }
        builder.build()
    }
}

fn encode(meter: MeterFrame) -> Option<Arc<Vec<u8>>> {
    match frame(&Reply::Meter(meter)) {
        Ok(bytes) => Some(Arc::new(bytes)),
        Err(error) => {
            tracing::error!(%error, "counters cannot be encoded and are left out");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ets_model::BootTime;
    use ets_netd_api::{FRAME_LIMIT, decode};

    fn at(seconds: i64) -> Stamp {
        Stamp { boot: BootTime(0), wall: WallTime(seconds * 1_000_000) }
    }

    fn counter(bytes: u64) -> Counter {
        let (class, direction) = (Class::Hub, Direction::Up);
        Counter { segment: SegmentNo(7), class, direction, bytes, packets: bytes / 100 }
    }

    fn read(frame: &[u8]) -> (MeterKind, Vec<u64>) {
        assert!(frame.len() < FRAME_LIMIT);
        match decode::<Reply>(&frame[4..], "a reply").unwrap() {
            Reply::Meter(meter) => (meter.kind, meter.counters().map(|one| one.bytes).collect()),
            other => panic!("{other:?}"),
        }
    }

    /// covers: N5.1, N8.1
    #[test]
    fn a_service_on_the_hub_answers_at_each_of_its_addresses_and_pings_are_the_hubs() {
        let mut policy: Policy = Policy::default();
        let service = |ports: &str| Served {
            no: ets_model::ServiceNo(5),
            id: "speed".parse().unwrap(),
            place: ServicePlace::Hub,
            addresses: Vec::new(),
            ports: vec![ports.parse().unwrap()],
            everyone: true,
        };
        policy.services.push(service("tcp/8472"));
        let own: BTreeSet<IpAddr> =
            ["10.1.1.254", "fd10::254"].map(|one| one.parse().unwrap()).into();
        let at = |address: &IpAddr, class, ports: Option<&str>| ServiceAt {
            class,
            address: *address,
            ports: ports.map(|ports| ports.parse().unwrap()),
        };
        let speed = Class::Service(ets_model::ServiceNo(5));
        let wanted: Vec<ServiceAt> = own
            .iter()
            .flat_map(|to| [at(to, speed, Some("tcp/8472")), at(to, Class::Hub, None)])
            .collect();
        assert_eq!(services(&policy, &own), wanted);
        policy.services = vec![service("udp/1-40000")];
        assert_eq!(services(&policy, &own), [], "too much for the accounting");
    }

    /// covers: N5.1
    #[test]
    fn the_hub_is_itself_also_where_its_address_lies_in_a_segments_network() {
        let own = ["10.10.1.254".parse().unwrap(), "fe80::1".parse().unwrap()].into();
        let places = places(&Policy::default(), &own);
        let class = |address: &str| {
            let address: IpAddr = address.parse().unwrap();
            let inside = places.iter().filter(|(net, _)| net.contains(&address));
            inside.max_by_key(|(net, _)| net.prefix_len()).map(|(_, class)| *class)
        };
        assert_eq!(class("10.10.1.254"), Some(Class::Hub));
        assert_eq!((class("fe80::1"), class("fe80::2")), (Some(Class::Hub), Some(Class::Other)));
        assert_eq!(
            (class("224.0.0.1"), class("1.1.1.1")),
            (Some(Class::Other), Some(Class::Outside))
        );
    }

    fn hub() -> MeterHub {
        MeterHub::new(Metering { life: 1, by: "wire".into() })
    }

    /// covers: N5.2
    #[test]
    fn a_follower_begins_with_the_minutes_it_missed_and_then_every_total() {
        let hub = hub();
        for second in [0, 30, 59, 61, 119, 121] {
            hub.enter(at(second), &[counter(u64::try_from(second).unwrap() * 100 + 100)]);
        }
        let begin = |after| {
            let beginning = hub.begin(after);
            beginning.frames.iter().map(|frame| read(frame)).collect::<Vec<_>>()
        };
        let all = (MeterKind::All, vec![12_200]);
        assert_eq!(begin(None), std::slice::from_ref(&all));
        let minutes = [(MeterKind::Minute, vec![6_000]), (MeterKind::Minute, vec![12_000])];
        assert_eq!(begin(Some(WallTime(0))), [&minutes[..], std::slice::from_ref(&all)].concat());
        assert_eq!(begin(Some(at(60).wall)), [minutes[1].clone(), all]);
    }

    #[test]
    fn only_what_changed_is_told_each_second() {
        let hub = hub();
        let mut news = hub.begin(None).news;
        hub.enter(at(1), &[counter(100)]);
        hub.enter(at(2), &[counter(100)]);
        hub.enter(at(3), &[counter(300)]);
        let told: Vec<_> = (0..3).map(|_| read(&news.try_recv().unwrap()).1).collect();
        assert_eq!(told, [vec![100], vec![], vec![300]]);
    }
}
