//! The engine: sockets around the core, one [`turn`](Engine::turn) at a time.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use ets_model::{BootTime, Method};
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

use crate::batch::{ReceiveBatch, SEND};
use crate::cookie::Secret;
use crate::core::{Core, Staged, nanos};
use crate::pace::{Allowance, Pace};
use crate::packet::Family;
use crate::tcp::TcpProber;
use crate::timebase::Timebase;
use crate::wire::{Ear, Wire};
use crate::{Counters, Ended, EngineConfig, Error, ProbeTarget, Unsent};

/// Longest sleep, so that a stall's begin is known to within it.
const HEARTBEAT: Duration = Duration::from_millis(50);
/// Probes many targets from one plain thread. Whoever owns it calls [`turn`](Self::turn) and then
/// sleeps until [`next_due`](Self::next_due), or uses [`sleep`](Self::sleep).
pub struct Engine {
    config: EngineConfig,
    core: Core,
    timebase: Timebase,
    v4: Wire,
    v6: Option<Wire>,
    tcp: TcpProber,
    receive: ReceiveBatch,
    pace: Pace,
    allowance: Allowance,
    /// When the last turn ended and the next one is due; `None` before the first.
    last: Option<Turned>,
}

#[derive(Clone, Copy)]
struct Turned {
    begun: u64,
    ended: u64,
}

impl Engine {
    /// Opens the sockets. Needs `CAP_NET_RAW`; with `CAP_NET_ADMIN` the queues get their full size.
    ///
    /// # Errors
    /// When a socket is refused.
    pub fn open(config: EngineConfig) -> Result<Self, Error> {
        let secret = Secret::draw()?;
        let now = config.clock.boot().0;
        let v4 = Wire::open(Family::V4, &secret, &config, now)?;
        let v6 = match Wire::open(Family::V6, &secret, &config, now) {
            Ok(wire) => Some(wire),
            Err(error) => {
                tracing::warn!(%error, "IPv6 targets cannot be probed");
                None
            }
        };
        tracing::debug!(receive_buffer = v4.socket.capacity(), "probe engine opened");
        Ok(Self {
            core: Core::new(&config, secret, now),
            timebase: Timebase::new(&config.clock),
            v4,
            v6,
            tcp: TcpProber::new()?,
            receive: ReceiveBatch::new(),
            pace: Pace::default(),
            allowance: Allowance::new(config.max_rate, now),
            last: None,
            config,
        })
    }

    /// Adds a target or changes it. An unchanged one keeps its probes under way and its timeout; a
    /// new address or method forgets them.
    pub fn set_target(&mut self, target: ProbeTarget) {
        let now = self.now();
        self.core.targets.set(target, self.config.timeout, now);
    }

    /// Forgets a target and its probes under way.
    pub fn remove(&mut self, slot: u32) {
        self.core.targets.remove(slot);
    }

    /// Sends `count` probes `spacing` apart, the first one at once; then back to the interval.
    pub fn burst(&mut self, slot: u32, count: u8, spacing: Duration) {
        let now = self.now();
        self.core.targets.burst(slot, count, spacing, now);
    }

    /// Changes the time between two probes of a target.
    pub fn set_interval(&mut self, slot: u32, interval: Duration) {
        let now = self.now();
        self.core.targets.set_interval(slot, interval, now);
    }

    /// Changes how long a probe of a target is waited for, up to the window. Holds from its next
    /// probe on.
    pub fn set_timeout(&mut self, slot: u32, timeout: Duration) {
        self.core.targets.set_timeout(slot, timeout);
    }

    /// One round: reads all answers, times out, sends what is due. Ends are appended to `out` in
    /// this order: what was read, then [`Ended::Stalled`] and [`Ended::Overflowed`], then what is
    /// lost or void. `now` is the clock's boot time, read just before the call.
    pub fn turn(&mut self, now: BootTime, out: &mut Vec<Ended>) {
        let (now, due) = (now.0, self.next_due().0);
        let dry = self.v6.as_ref().map_or(self.v4.dry, |v6| self.v4.dry.min(v6.dry));
        self.timebase.refresh(&self.config.clock, dry);
        let horizon = self.hear(now, out);
        self.report_stall(now, due, out);
        self.core.expire(horizon, out);
        self.send_due(now, out);
        self.last = Some(Turned { begun: now, ended: self.config.clock.boot().0.max(now) });
    }

    /// When the next [`turn`](Self::turn) is due. One that comes much later is a stall.
    pub fn next_due(&self) -> BootTime {
        let Some(last) = self.last else { return self.config.clock.boot() };
        let rest = if self.core.is_waiting() { self.config.latency } else { HEARTBEAT };
        let latest = last.begun + nanos(rest.min(HEARTBEAT));
        let earliest = last.begun + nanos(self.config.tick);
        BootTime(self.core.next_due().unwrap_or(latest).min(latest).max(earliest))
    }

    /// Descriptors that, when readable, are worth an early turn: TCP probes. The raw sockets are
    /// not among them: the kernel stamps their packets.
    pub fn fds(&self) -> Vec<BorrowedFd<'_>> {
        if self.tcp.is_idle() { Vec::new() } else { vec![self.tcp.as_fd()] }
    }

    /// Sleeps until the next turn is due, or a TCP probe has ended, or one of `others` is
    /// readable. Signals end the sleep early.
    pub fn sleep(&self, others: &[BorrowedFd<'_>]) {
        let left = self.next_due().since(self.config.clock.boot());
        let mut fds: Vec<PollFd<'_>> = self
            .fds()
            .into_iter()
            .chain(others.iter().copied())
            .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
            .collect();
        if !left.is_zero() {
            // An interrupted sleep is only an early turn.
            let _ = ppoll(&mut fds, Some(TimeSpec::from_duration(left)), None);
        }
    }

    /// The counters.
    pub fn counters(&self) -> Counters {
        self.core.counters
    }

    /// How many targets there are.
    pub fn len(&self) -> usize {
        self.core.targets.len()
    }

    /// Whether there are no targets.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory held by tables, for the health page.
    pub fn bytes(&self) -> usize {
        self.core.bytes() + size_of::<Self>() + 64 * 1024
    }

    /// Bytes that each receive queue may hold; less than asked for without `CAP_NET_ADMIN`.
    pub fn receive_capacity(&self) -> usize {
        self.v4.socket.capacity()
    }

    fn now(&self) -> u64 {
        self.last.map_or_else(|| self.config.clock.boot().0, |last| last.begun)
    }

    /// Reads all sockets; returns the moment up to which everything stamped has been read.
    fn hear(&mut self, now: u64, out: &mut Vec<Ended>) -> u64 {
        let mut horizon = now;
        let mut overflow: Option<(u64, u64)> = None;
        for wire in [Some(&mut self.v4), self.v6.as_mut()].into_iter().flatten() {
            let since = wire.dry;
            let ear = Ear { core: &mut self.core, timebase: &self.timebase, config: &self.config };
            let drained = wire.drain(&mut self.receive, ear, now, out);
            horizon = horizon.min(drained.horizon);
            if drained.overflowed > 0 {
                let (from, dropped) = overflow.unwrap_or((since, 0));
                overflow = Some((from.min(since), dropped + u64::from(drained.overflowed)));
            }
        }
        if !self.tcp.is_idle() {
            self.tcp.poll(&mut self.core, &self.config.clock, out);
            self.tcp.give_up(now.saturating_sub(nanos(self.config.window)));
        }
        if let Some((from, dropped)) = overflow {
            self.report_overflow(from, dropped, out);
        }
        horizon
    }

    fn report_overflow(&mut self, from: u64, dropped: u64, out: &mut Vec<Ended>) {
        let to = self.config.clock.boot().0.max(from);
        self.core.counters.overflowed += dropped;
        self.core.counters.blind_ns += to - from;
        self.core.void_under_way();
        out.push(Ended::Overflowed { from: BootTime(from), to: BootTime(to), dropped });
    }

    fn report_stall(&mut self, now: u64, due: u64, out: &mut Vec<Ended>) {
        let Some(last) = self.last else { return };
        if now.saturating_sub(due) < nanos(self.config.stall) {
            return;
        }
        let length = now.saturating_sub(last.ended);
        self.core.counters.blind_ns += length;
        if length >= nanos(self.config.stall_voids) {
            self.core.void_under_way();
        }
        out.push(Ended::Stalled { from: BootTime(last.ended), to: BootTime(now) });
    }

    fn send_due(&mut self, now: u64, out: &mut Vec<Ended>) {
        self.allowance.refill(now);
        while self.allowance.take() {
            let Some(staged) = self.core.stage(now) else { break };
            match staged.method {
                Method::Icmp => self.send_icmp(staged, out),
                Method::Tcp(port) => self.connect(staged, port, out),
            }
        }
        self.flush(Family::V4, out);
        self.flush(Family::V6, out);
    }

    fn send_icmp(&mut self, staged: Staged, out: &mut Vec<Ended>) {
        let family = Family::of(staged.address);
        let packet = self.core.packet(staged);
        let wire = match family {
            Family::V4 => &mut self.v4,
            Family::V6 => match &mut self.v6 {
                Some(wire) => wire,
                None => return self.core.unsent(staged.number, Unsent::NoRoute, out),
            },
        };
        wire.batch.push(staged.number, staged.address, packet);
        if wire.batch.is_full() {
            self.flush(family, out);
        }
    }

    fn flush(&mut self, family: Family, out: &mut Vec<Ended>) {
        let wire = match (family, &mut self.v6) {
            (Family::V4, _) => &mut self.v4,
            (Family::V6, Some(wire)) => wire,
            (Family::V6, None) => return,
        };
        if wire.batch.is_empty() {
            return;
        }
        let clock = &self.config.clock;
        let mut refused: [Option<Unsent>; SEND] = [None; SEND];
        let before = clock.boot().0;
        wire.batch.send(wire.socket.as_fd(), |index, error| refused[index] = Some(why(&error)));
        let after = clock.boot().0.max(before);
        let numbers = wire.batch.numbers();
        let spread = self.pace.spread(before, after, numbers.len());
        for (index, number) in numbers.iter().enumerate() {
            match refused[index] {
                Some(reason) => self.core.unsent(*number, reason, out),
                None => {
                    let (earliest, latest) = spread.at(index);
                    self.core.left(*number, earliest, latest);
                }
            }
        }
        wire.batch.clear();
    }

    fn connect(&mut self, staged: Staged, port: u16, out: &mut Vec<Ended>) {
        let to = SocketAddr::new(staged.address, port);
        match self.tcp.start(staged.number, to, &self.config.clock) {
            Ok((earliest, latest)) => self.core.left(staged.number, earliest, latest),
            Err(error) => self.core.unsent(staged.number, why(&error), out),
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("targets", &self.len()).finish_non_exhaustive()
    }
}

/// Which of the kernel's errors is whose fault.
fn why(error: &io::Error) -> Unsent {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => Unsent::Prohibited,
        Some(
            libc::ENETUNREACH
            | libc::EHOSTUNREACH
            | libc::ENETDOWN
            | libc::EHOSTDOWN
            | libc::ENODEV
            | libc::ENXIO
            | libc::EINVAL
            | libc::EAFNOSUPPORT,
        ) => Unsent::NoRoute,
        _ => Unsent::Resource,
    }
}
