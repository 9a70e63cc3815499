//! When each packet of a batch left, and how many may leave in a turn.

/// Where within its share of the batch's time a packet passes its device, in 1/16.
const PASSES: u64 = 5;

/// What a packet usually takes to send, learnt from the batches.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Nanoseconds a packet; 0 before the first batch.
    usual: u64,
}

/// The moments at which the packets of one batch left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    before: u64,
    after: u64,
    count: u64,
    /// Nanoseconds a packet when the batch was held up on its way; 0 when it ran evenly.
    held_up: u64,
}

impl Pace {
    /// The spread of a batch of `count` packets sent between the two moments.
    ///
    /// A batch that took much longer than usual was held up at one point (an interrupt, another
    /// process): packets before it left as usual after the begin, packets behind it as usual before
    /// the end. Which ones these are is seen from their answers.
    pub(crate) fn spread(&mut self, before: u64, after: u64, count: usize) -> Spread {
        let count = u64::try_from(count).unwrap_or(1).max(1);
        let each = (after - before) / count;
        let even = self.usual == 0 || each <= self.usual + self.usual / 2;
        let held_up = if even { 0 } else { self.usual };
        let weight = if even { 16 } else { 256 };
        self.usual = match self.usual {
            0 => each,
            usual if each > usual => usual + (each - usual) / weight,
            usual => usual - (usual - each) / 16,
        };
        Spread { before, after, count, held_up }
    }
}

impl Spread {
    /// The earliest and the latest moment at which packet `index` can have left.
    pub(crate) fn at(&self, index: usize) -> (u64, u64) {
        let place = u64::try_from(index).unwrap_or(0) * 16 + PASSES;
        if self.held_up == 0 {
            let at = self.before + (self.after - self.before) * place / (self.count * 16);
            return (at, at);
        }
        let behind = self.count * 16 - place;
        (self.before + self.held_up * place / 16, self.after - self.held_up * behind / 16)
    }
}

/// How many probes may leave: a token bucket that holds 10 ms.
#[derive(Debug)]
pub(crate) struct Allowance {
    /// Probes a second.
    rate: u64,
    /// Billionths of a probe.
    filled: u64,
    at: u64,
}

const PROBE: u64 = 1_000_000_000;

impl Allowance {
    pub(crate) fn new(rate: u32, now: u64) -> Self {
        Self { rate: u64::from(rate.max(100)), filled: 0, at: now }
    }

    /// Adds what has become allowed until `now`.
    pub(crate) fn refill(&mut self, now: u64) {
        let most = (self.rate * 10_000_000).max(PROBE);
        let passed = now.saturating_sub(self.at).min(10_000_000);
        self.filled = (self.filled + self.rate * passed).min(most);
        self.at = now;
    }

    /// Takes one probe, if one is left.
    pub(crate) fn take(&mut self) -> bool {
        let enough = self.filled >= PROBE;
        if enough {
            self.filled -= PROBE;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N3.1
    #[test]
    fn packets_of_an_even_batch_are_spread_over_its_time() {
        let mut pace = Pace::default();
        let spread = pace.spread(1_000_000, 1_064_000, 16);
        let times: Vec<u64> = (0..16).map(|index| spread.at(index).0).collect();
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] == 4_000), "{times:?}");
        assert!(times[0] > 1_000_000 && times[15] < 1_064_000);
        assert_eq!(spread.at(3).0, spread.at(3).1, "the moment is known");
    }

    /// covers: N3.1
    #[test]
    fn a_held_up_batch_leaves_two_possible_moments_a_packet() {
        let mut pace = Pace::default();
        for _ in 0..100 {
            pace.spread(0, 64_000, 16);
        }
        let spread = pace.spread(1_000_000, 6_000_000, 16);
        let (earliest, latest) = spread.at(8);
        assert!((1_030_000..1_040_000).contains(&earliest), "{earliest}");
        assert!((5_960_000..5_980_000).contains(&latest), "{latest}");
    }

    /// covers: N3.1
    #[test]
    fn no_more_than_the_rate_may_leave_and_little_is_saved_up() {
        let mut allowance = Allowance::new(100_000, 0);
        let mut drain = |now| {
            allowance.refill(now);
            std::iter::from_fn(|| allowance.take().then_some(())).count()
        };
        assert_eq!(drain(4_000_000), 400);
        assert_eq!(drain(4_000_000), 0);
        assert_eq!(drain(9_000_000_000), 1_000);
    }
}
