//! Whether a segment loses more than is tolerable.
//!
//! A fixed window answers this badly: short ones cry wolf at 2 %, long ones sleep through 19 %. So
//! this is Wald's sequential test of two rates, restarted at each zero (E. S. Page, "Continuous
//! Inspection Schemes", Biometrika 41, 1954). Each lost probe weighs for the bad rate, each answer
//! for the good one; the sum tells how sure one may be. The last 128 probes are kept for people.

use ets_model::BootTime;

use crate::Params;

/// How many losses are remembered in case that their answers come late.
const RECENT: usize = 4;
/// How many probes are shown to people.
const WINDOW: u8 = 128;

/// The test of one segment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LossTest {
    /// The newest probe is the lowest bit; set is lost.
    window: u128,
    filled: u8,
    /// Counts probes, wrapping, to find a bit again.
    pushed: u16,
    recent: [Lost; RECENT],
    /// How much more the losses look like the bad rate (good segment) or the answers like the good
    /// rate (bad segment), in nats.
    weight: f32,
    /// When `weight` last left zero.
    began: BootTime,
    bad: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Lost {
    /// When it was sent, in milliseconds, wrapping; 0 for none.
    sent: u32,
    pushed: u16,
}

impl LossTest {
    /// A test whose verdict was "bad" before a restart.
    pub(crate) fn already_bad() -> Self {
        Self { bad: true, ..Self::default() }
    }

    pub(crate) fn answered(&mut self, params: &Params, now: BootTime) {
        self.push(false);
        self.weigh(params, now, answer_weight(params));
    }

    pub(crate) fn lost(&mut self, params: &Params, now: BootTime, sent: BootTime) {
        self.push(true);
        self.recent.rotate_right(1);
        self.recent[0] = Lost { sent: millis(sent), pushed: self.pushed };
        self.weigh(params, now, loss_weight(params));
    }

    /// The probe sent at `sent` was answered late. Returns whether it had been counted as lost.
    pub(crate) fn answered_late(&mut self, params: &Params, now: BootTime, sent: BootTime) -> bool {
        let Some(found) = self.recent.iter_mut().find(|lost| lost.sent == millis(sent)) else {
            return false;
        };
        let age = self.pushed.wrapping_sub(found.pushed);
        *found = Lost::default();
        if age < u16::from(WINDOW) {
            self.window &= !(1 << age);
        }
        self.weigh(params, now, answer_weight(params) - loss_weight(params));
        true
    }

    /// What was lost since `from` was not the segment's doing: the evidence that gathered since then
    /// is void, and so is a verdict that it led to.
    pub(crate) fn acquit(&mut self, from: BootTime) {
        if !self.bad || self.began >= from {
            *self = Self { recent: self.recent, pushed: self.pushed, ..Self::default() };
        }
    }

    pub(crate) fn is_bad(&self) -> bool {
        self.bad
    }

    /// When the evidence for the newest verdict began to gather.
    pub(crate) fn began(&self) -> BootTime {
        self.began
    }

    /// Lost and sent of the last probes.
    pub(crate) fn recent(&self) -> (u32, u32) {
        (self.window.count_ones(), self.filled.into())
    }

    fn push(&mut self, lost: bool) {
        self.window = self.window << 1 | u128::from(lost);
        self.filled = (self.filled + 1).min(WINDOW);
        self.pushed = self.pushed.wrapping_add(1);
    }

    fn weigh(&mut self, params: &Params, now: BootTime, weight: f64) {
        if self.weight == 0.0 {
            self.began = now;
        }
        let towards = if self.bad { -weight } else { weight };
        self.weight = (self.weight + towards as f32).max(0.0);
        let limit = if self.bad { params.loss_leave } else { params.loss_enter };
        if f64::from(self.weight) >= limit {
            self.bad = !self.bad;
            self.weight = 0.0;
        }
    }
}

/// Log-likelihood ratio of a loss, bad rate to good.
fn loss_weight(params: &Params) -> f64 {
    (params.loss_bad / params.loss_good).ln()
}

/// Log-likelihood ratio of an answer, bad rate to good; negative.
fn answer_weight(params: &Params) -> f64 {
    ((1.0 - params.loss_bad) / (1.0 - params.loss_good)).ln()
}

/// Milliseconds, wrapping after 49 days and never 0.
fn millis(at: BootTime) -> u32 {
    ((at.0 / 1_000_000) as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> BootTime {
        BootTime(second * 1_000_000_000)
    }

    /// `probes` ends of which `lost` says which are losses.
    fn fed(probes: u64, lost: impl Fn(u64) -> bool) -> LossTest {
        let params = Params::default();
        let mut test = LossTest::default();
        for second in 1..=probes {
            if lost(second) {
                test.lost(&params, at(second), at(second));
            } else {
                test.answered(&params, at(second));
            }
        }
        test
    }

    #[test]
    fn an_eighth_lost_is_bad_and_a_fiftieth_good() {
        assert!(fed(600, |second| second % 8 == 0).is_bad());
        assert!(!fed(6_000, |second| second % 50 == 0).is_bad());
    }

    /// A million probes each on twelve segments; it is never bad at any one of them.
    #[test]
    fn two_percent_at_random_do_not_cry_wolf_in_twelve_days() {
        let params = Params::default();
        for seed in 1..=12u64 {
            let mut test = LossTest::default();
            let mut state = seed << 40;
            for second in 1..=1_000_000 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                if state >> 32 < (1 << 32) / 50 {
                    test.lost(&params, at(second), at(second));
                } else {
                    test.answered(&params, at(second));
                }
                assert!(!test.is_bad(), "seed {seed}, second {second}");
            }
        }
    }

    #[test]
    fn a_late_answer_takes_its_loss_back() {
        let params = Params::default();
        let mut test = LossTest::default();
        test.lost(&params, at(1), at(1));
        test.answered(&params, at(2));
        assert_eq!(test.recent(), (1, 2));
        assert!(test.answered_late(&params, at(3), at(1)));
        assert_eq!(test.recent(), (0, 2));
        assert!(!test.answered_late(&params, at(3), at(1)), "only once");
        assert_eq!(test.weight, 0.0);
    }

    #[test]
    fn the_window_holds_the_last_128_probes() {
        let params = Params::default();
        let mut test = LossTest::default();
        for second in 0..1_000 {
            test.lost(&params, at(second), at(second));
        }
        assert_eq!(test.recent(), (128, 128));
        for second in 1_000..1_128 {
            test.answered(&params, at(second));
        }
        assert_eq!(test.recent(), (0, 128));
    }

    #[test]
    fn it_is_left_only_after_a_long_time_without_loss() {
        let params = Params::default();
        let mut test = LossTest::default();
        for second in 0..20 {
            test.lost(&params, at(second), at(second));
        }
        assert!(test.is_bad());
        let clean = (0..).take_while(|second| {
            test.answered(&params, at(100 + second));
            test.is_bad()
        });
        let clean = clean.count();
        assert!((80..110).contains(&clean), "{clean}");
    }
}
