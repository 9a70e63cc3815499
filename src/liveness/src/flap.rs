//! Whether a segment flaps: goes down again and again.
//!
//! Damping never hides a "down". It keeps a segment that has come back from looking well until it
//! has stayed up for a while.

use std::time::Duration;

use ets_model::BootTime;

use crate::Params;

/// The most downs that [`Params::flap_downs`] can ask for.
const REMEMBERED: usize = 4;

/// The latest downs of one segment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flap {
    /// In whole seconds, the newest first; 0 for none.
    downs: [u32; REMEMBERED],
    flapping: bool,
}

impl Flap {
    /// The segment went down.
    pub(crate) fn down(&mut self, params: &Params, now: BootTime) {
        self.downs.rotate_right(1);
        self.downs[0] = seconds(now);
        let nth = self.downs[usize::from(params.flap_downs.max(1) - 1).min(REMEMBERED - 1)];
        self.flapping |= nth != 0 && since(now, nth) <= params.flap_window;
    }

    /// Time passed.
    pub(crate) fn pass(&mut self, params: &Params, now: BootTime) {
        if self.flapping && since(now, self.downs[0]) >= params.flap_window {
            self.flapping = false;
        }
    }

    pub(crate) fn is_flapping(&self) -> bool {
        self.flapping
    }

    /// How many downs within the window are remembered.
    pub(crate) fn count(&self, params: &Params, now: BootTime) -> u32 {
        let within = |at: &&u32| **at != 0 && since(now, **at) <= params.flap_window;
        self.downs.iter().filter(within).count() as u32
    }
}

/// Enough for 136 years of uptime.
fn seconds(at: BootTime) -> u32 {
    u32::try_from(at.0 / 1_000_000_000).unwrap_or(u32::MAX).max(1)
}

fn since(now: BootTime, second: u32) -> Duration {
    Duration::from_secs(seconds(now).saturating_sub(second).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> BootTime {
        BootTime(second * 1_000_000_000)
    }

    #[test]
    fn the_third_down_within_five_minutes_is_flapping_until_five_minutes_are_quiet() {
        let params = Params::default();
        let mut flap = Flap::default();
        flap.down(&params, at(10));
        flap.down(&params, at(100));
        assert!(!flap.is_flapping());
        flap.down(&params, at(305));
        assert!(flap.is_flapping());
        assert_eq!(flap.count(&params, at(305)), 3);
        flap.pass(&params, at(604));
        assert!(flap.is_flapping());
        flap.pass(&params, at(605));
        assert!(!flap.is_flapping());
    }

    #[test]
    fn rare_downs_are_no_flapping() {
        let params = Params::default();
        let mut flap = Flap::default();
        for second in (10..10_000).step_by(151) {
            flap.down(&params, at(second));
            assert!(!flap.is_flapping());
        }
    }
}
