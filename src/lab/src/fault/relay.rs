//! A slow and lossy line, made of a thread that carries frames from one port to the other: the
//! kernel's own means for it (netem) is missing on many machines.
//!
//! A port of a provider point is taken out of its bridge; a cable `r…`–`q…` takes its place there
//! and the relay carries frames between `q…` and the port, each after a delay of its own, so that
//! they also change their order, as on a bad radio line.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use ipnet::IpNet;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::Socket;

use super::frame::{self, OFFLOAD_HEADER, PacketSocket};
use super::worker::{Stop, Worker};
use crate::error::Result;
use crate::star::Star;

/// The largest frame that the kernel makes of several, with its headers.
const FRAME_LIMIT: usize = 65_536 + 64;
/// Frames under way at once on one line; more are lost, as in a full queue.
const QUEUE_LIMIT: usize = 20_000;
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// How slow and lossy, each way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Delay {
    least: Duration,
    spread: Duration,
    loss: f64,
}

impl Delay {
    /// `delay ± jitter` milliseconds, evenly spread, and `loss` percent lost.
    pub(super) fn new(delay: f64, jitter: f64, loss: f64) -> Self {
        let millis = |value: f64| Duration::from_secs_f64(value.max(0.0) / 1_000.0);
        let least = millis(delay - jitter);
        Self { least, spread: millis(delay + jitter) - least, loss: loss / 100.0 }
    }

    /// When a frame that arrives now leaves; `None` when it is lost.
    fn draw(&self, random: &mut Random) -> Option<Duration> {
        (random.unit() >= self.loss).then(|| self.least + self.spread.mul_f64(random.unit()))
    }
}

/// Which frames are delayed.
#[derive(Clone, Debug)]
pub(super) enum Scope {
    /// All of them.
    Everything,
    /// IP packets from or to these networks; the rest passes at once.
    Nets([IpNet; 2]),
}

/// Where a relay is put in.
#[derive(Clone, Debug)]
pub(super) struct RelayPlace {
    /// The trunk's namespace.
    pub(super) trunk: String,
    /// The port that is taken out of its bridge.
    pub(super) port: String,
    /// The bridge.
    pub(super) bridge: String,
    /// Whether the bridge keeps its ports apart.
    pub(super) apart: bool,
}

struct Rule {
    fault: u64,
    scope: Scope,
    delay: Delay,
}

type Rules = Arc<RwLock<Vec<Rule>>>;

struct Relay {
    place: RelayPlace,
    rules: Rules,
    worker: Option<Worker>,
}

/// All relays of a star, by port.
#[derive(Default)]
pub(super) struct Relays(HashMap<String, Relay>);

impl Relays {
    /// Delays frames on a port, putting a relay in where there is none.
    pub(super) fn add(
        &mut self,
        star: &Star,
        place: RelayPlace,
        fault: u64,
        scope: Scope,
        delay: Delay,
    ) -> Result<()> {
        let rule = Rule { fault, scope, delay };
        if let Some(relay) = self.0.get(&place.port) {
            write(&relay.rules).push(rule);
            return Ok(());
        }
        let rules = Rules::new(RwLock::new(vec![rule]));
        star.programs.ip(star.namespace(&place.trunk)?, &place.put_in())?;
        let worker = carry(star, &place, Arc::clone(&rules));
        let mut relay = Relay { place, rules, worker: None };
        match worker {
            Ok(worker) => relay.worker = Some(worker),
            Err(error) => {
                let _ = relay.take_out(star);
                return Err(error);
            }
        }
        self.0.insert(relay.place.port.clone(), relay);
        Ok(())
    }

    /// Ends one fault's delay; the last one takes the relay out.
    pub(super) fn remove(&mut self, star: &Star, port: &str, fault: u64) -> Result<()> {
        let Some(relay) = self.0.get(port) else {
            return Ok(());
        };
        write(&relay.rules).retain(|rule| rule.fault != fault);
        if !write(&relay.rules).is_empty() {
            return Ok(());
        }
        self.0.remove(port).map_or(Ok(()), |mut relay| relay.take_out(star))
    }
}

impl Relay {
    fn take_out(&mut self, star: &Star) -> Result<()> {
        self.worker = None;
        star.programs.ip(star.namespace(&self.place.trunk)?, &self.place.take_out())
    }
}

impl RelayPlace {
    fn outer(&self) -> String {
        format!("r{}", &self.port[1..])
    }

    fn inner(&self) -> String {
        format!("q{}", &self.port[1..])
    }

    fn put_in(&self) -> String {
        let (port, outer, inner, bridge) = (&self.port, self.outer(), self.inner(), &self.bridge);
        let apart = if self.apart {
            format!("link set {outer} type bridge_slave isolated on\n")
        } else {
            String::new()
        };
        format!(
            "link add {outer} type veth peer name {inner}\nlink set {inner} up\n\
             link set {port} nomaster\nlink set {outer} master {bridge} up\n{apart}"
        )
    }

    fn take_out(&self) -> String {
        let (port, outer, bridge) = (&self.port, self.outer(), &self.bridge);
        let apart = if self.apart {
            format!("link set {port} type bridge_slave isolated on\n")
        } else {
            String::new()
        };
        format!("link del {outer}\nlink set {port} master {bridge}\n{apart}")
    }
}

/// Starts the thread that carries frames.
fn carry(star: &Star, place: &RelayPlace, rules: Rules) -> Result<Worker> {
    let open = || -> Result<_> {
        let ends = [place.inner(), place.port.clone()];
        Ok([
            frame::open(&ends[0], PacketSocket::Relaying)?,
            frame::open(&ends[1], PacketSocket::Relaying)?,
        ])
    };
    let ends = star.namespace(&place.trunk)?.within(open)??;
    Worker::start(move |stop| Line::new(&ends, &rules).run(stop))
}

fn write(rules: &Rules) -> std::sync::RwLockWriteGuard<'_, Vec<Rule>> {
    rules.write().unwrap_or_else(PoisonError::into_inner)
}

/// A frame under way; ordered by when it leaves.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    due: Instant,
    to: usize,
    frame: Vec<u8>,
}

/// The two ends of a line and what is under way between them.
struct Line<'a> {
    ends: &'a [Socket; 2],
    rules: &'a Rules,
    waiting: BinaryHeap<Reverse<Waiting>>,
    random: Random,
    buffer: Vec<u8>,
}

impl<'a> Line<'a> {
    fn new(ends: &'a [Socket; 2], rules: &'a Rules) -> Self {
        Self {
            ends,
            rules,
            waiting: BinaryHeap::new(),
            random: Random::new(),
            buffer: Vec::with_capacity(FRAME_LIMIT),
        }
    }

    fn run(&mut self, stop: &Stop) {
        while !stop.is_set() {
            self.wait();
            for from in 0..self.ends.len() {
                self.take_in(from);
            }
            self.let_out();
        }
    }

    fn wait(&self) {
        let next = self
            .waiting
            .peek()
            .map(|Reverse(frame)| frame.due.saturating_duration_since(Instant::now()));
        let wait = next.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        // Rounded up: a frame that leaves a little late is a slower line, not a busy loop.
        let wait = u8::try_from(wait.as_micros().div_ceil(1_000)).unwrap_or(u8::MAX);
        let mut ready =
            [0, 1].map(|end: usize| PollFd::new(self.ends[end].as_fd(), PollFlags::POLLIN));
        let _ = poll(&mut ready, PollTimeout::from(wait));
    }

    fn take_in(&mut self, from: usize) {
        while let Ok(Some(frame)) = self.receive(from) {
            let Some(after) = self.fate(&frame) else {
                continue;
            };
            if self.waiting.len() < QUEUE_LIMIT {
                self.waiting.push(Reverse(Waiting {
                    due: Instant::now() + after,
                    to: 1 - from,
                    frame,
                }));
            }
        }
    }

    fn receive(&mut self, from: usize) -> io::Result<Option<Vec<u8>>> {
        self.buffer.resize(FRAME_LIMIT, 0);
        let mut socket = &self.ends[from];
        match io::Read::read(&mut socket, &mut self.buffer) {
            Ok(length) => Ok(Some(self.buffer[..length].to_vec())),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn fate(&mut self, frame: &[u8]) -> Option<Duration> {
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        match rules.iter().find(|rule| rule.scope.holds(frame)) {
            Some(rule) => rule.delay.draw(&mut self.random),
            None => Some(Duration::ZERO),
        }
    }

    fn let_out(&mut self) {
        let now = Instant::now();
        while self.waiting.peek().is_some_and(|Reverse(frame)| frame.due <= now) {
            if let Some(Reverse(frame)) = self.waiting.pop() {
                // A port that is down loses frames, as it should.
                let _ = self.ends[frame.to].send(&frame.frame);
            }
        }
    }
}

impl Scope {
    fn holds(&self, frame: &[u8]) -> bool {
        match self {
            Self::Everything => true,
            Self::Nets(nets) => addresses(frame.get(OFFLOAD_HEADER..).unwrap_or_default())
                .is_some_and(|ends| {
                    ends.iter().any(|end| nets.iter().any(|net| net.contains(end)))
                }),
        }
    }
}

/// Source and destination of the IP packet in an Ethernet frame.
fn addresses(frame: &[u8]) -> Option<[IpAddr; 2]> {
    let v4 = |at: usize| {
        Some(IpAddr::from(Ipv4Addr::from(<[u8; 4]>::try_from(frame.get(at..at + 4)?).ok()?)))
    };
    let v6 = |at: usize| {
        Some(IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(frame.get(at..at + 16)?).ok()?)))
    };
    match frame.get(12..14)? {
        [0x08, 0x00] => Some([v4(26)?, v4(30)?]),
        [0x86, 0xdd] => Some([v6(22)?, v6(38)?]),
        _ => None,
    }
}

/// xorshift64*: quick and even enough for dice.
struct Random(u64);

impl Random {
    fn new() -> Self {
        Self(getrandom::u64().unwrap_or(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Evenly from 0 up to, not including, 1.
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11;
        // 53 bits are exactly what a double holds.
        #[allow(clippy::cast_precision_loss)]
        let value = bits as f64 / (1_u64 << 53) as f64;
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_stays_within_its_bounds_and_loses_its_share() {
        let delay = Delay::new(80.0, 40.0, 1.0);
        let mut random = Random::new();
        let drawn: Vec<_> = (0..100_000).filter_map(|_| delay.draw(&mut random)).collect();
        assert!(drawn.iter().all(|after| (40..=120).contains(&after.as_millis())));
        let lost = 100_000 - drawn.len();
        assert!((800..1_200).contains(&lost), "{lost}");
        let mean = drawn.iter().sum::<Duration>() / u32::try_from(drawn.len()).unwrap();
        assert!((79..=81).contains(&mean.as_millis()), "{mean:?}");
    }

    #[test]
    fn a_jitter_above_the_delay_does_not_go_below_zero() {
        let delay = Delay::new(10.0, 40.0, 0.0);
        assert_eq!((delay.least, delay.spread), (Duration::ZERO, Duration::from_millis(50)));
    }

    #[test]
    fn only_packets_of_the_named_networks_are_delayed() {
        let scope =
            Scope::Nets(["10.16.0.0/28".parse().unwrap(), "fd10:16:1::/64".parse().unwrap()]);
        let mut frame = vec![0; OFFLOAD_HEADER + 60];
        frame[OFFLOAD_HEADER + 12] = 8;
        assert!(!scope.holds(&frame));
        frame[OFFLOAD_HEADER + 30..OFFLOAD_HEADER + 34].copy_from_slice(&[10, 16, 0, 1]);
        assert!(scope.holds(&frame));
        assert!(!scope.holds(&frame[..OFFLOAD_HEADER + 20]));
    }
}
