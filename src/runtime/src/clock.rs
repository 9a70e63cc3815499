//! The only place that reads a clock, and the seam at which tests put another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use ets_model::{BootTime, Stamp, WallTime};
use nix::time::{ClockId, clock_gettime};

/// A source of time: the kernel's clocks, or a hand-set one in tests.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<Hand>>);

#[derive(Debug, Default)]
struct Hand {
    boot: AtomicU64,
    wall: AtomicI64,
}

impl Clock {
    /// The kernel's clocks.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still until it is [`set`](Self::set).
    pub fn by_hand(start: Stamp) -> Self {
        let clock = Self(Some(Arc::new(Hand::default())));
        clock.set(start);
        clock
    }

    /// Moves a hand-set clock; the kernel's clocks are left alone.
    pub fn set(&self, to: Stamp) {
        if let Some(hand) = &self.0 {
            hand.boot.store(to.boot.0, Ordering::SeqCst);
            hand.wall.store(to.wall.0, Ordering::SeqCst);
        }
    }

    /// `CLOCK_BOOTTIME` now.
    pub fn boot(&self) -> BootTime {
        match &self.0 {
            None => boot_now(),
            Some(hand) => BootTime(hand.boot.load(Ordering::SeqCst)),
        }
    }

    /// Wall time now.
    pub fn wall(&self) -> WallTime {
        match &self.0 {
            None => wall_now(),
            Some(hand) => WallTime(hand.wall.load(Ordering::SeqCst)),
        }
    }

    /// Wall time now in nanoseconds since 1970, for the kernel's packet stamps.
    pub fn wall_nanos(&self) -> i64 {
        match &self.0 {
            None => {
                let (seconds, nanos) = read(ClockId::CLOCK_REALTIME);
                seconds * 1_000_000_000 + nanos
            }
            Some(hand) => hand.wall.load(Ordering::SeqCst) * 1_000,
        }
    }

    /// Both clocks now.
    pub fn stamp(&self) -> Stamp {
        Stamp { boot: self.boot(), wall: self.wall() }
    }
}

/// The kernel's `CLOCK_BOOTTIME`, counted through suspend and never stepped.
pub fn boot_now() -> BootTime {
    let (seconds, nanos) = read(ClockId::CLOCK_BOOTTIME);
    BootTime(
        u64::try_from(seconds).unwrap_or(0) * 1_000_000_000 + u64::try_from(nanos).unwrap_or(0),
    )
}

/// The kernel's `CLOCK_REALTIME`.
pub fn wall_now() -> WallTime {
    let (seconds, nanos) = read(ClockId::CLOCK_REALTIME);
    WallTime(seconds * 1_000_000 + nanos / 1_000)
}

/// Both of the kernel's clocks, read one after the other.
pub fn stamp_now() -> Stamp {
    Stamp { boot: boot_now(), wall: wall_now() }
}

fn read(clock: ClockId) -> (i64, i64) {
    let time = clock_gettime(clock).expect("Linux has had this clock since 2.6.39");
    (time.tv_sec(), time.tv_nsec())
}
