//! How long an answer takes, and so how long a probe is given.
//!
//! RFC 6298 with two changes. A sample counts for at most the timeout that held, so that a lone
//! straggler does not spoil the next minute's detection. And the second largest time of the last
//! half to whole minute is a floor, so that rare but regular long times are waited for.

use std::time::Duration;

use ets_model::BootTime;

use crate::Params;

/// The largest times are forgotten after one to two of these.
const PEAK_SPAN: Duration = Duration::from_secs(30);

/// The estimator of one segment. Times are whole microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Estimator {
    smoothed: u32,
    variation: u32,
    /// The two largest times of the running span and of the one before it.
    peaks: [u32; 2],
    old_peaks: [u32; 2],
    span_began: BootTime,
    /// The least time of answers that lay in a queue until the link was back; 0 for none.
    queued: u32,
}

impl Estimator {
    /// An answer to a probe that met a working link.
    pub(crate) fn sample(&mut self, params: &Params, now: BootTime, rtt: Duration) {
        let time = micros(rtt).max(1);
        let held = micros(self.timeout(params));
        self.queued = 0;
        self.smooth(time.min(held));
        self.peak(now, time);
    }

    /// An answer to a probe that may have waited in a queue (for a neighbour's address, say) until
    /// the link was back. It says only how long the way takes at most, until a better one comes.
    pub(crate) fn sample_queued(&mut self, rtt: Duration) {
        let time = micros(rtt).max(1);
        self.queued = if self.queued == 0 { time } else { self.queued.min(time) };
    }

    /// How long the next probe is given.
    pub(crate) fn timeout(&self, params: &Params) -> Duration {
        if self.smoothed == 0 {
            return params.timeout_initial.max(2 * Duration::from_micros(self.queued.into()));
        }
        let steady = u64::from(self.smoothed) + 4 * u64::from(self.variation);
        let regular = u64::from(self.peaks[1].max(self.old_peaks[1])) * 5 / 4;
        let queued = 2 * u64::from(self.queued);
        Duration::from_micros(steady.max(regular).max(queued))
            .clamp(params.timeout_floor, params.timeout_cap)
    }

    /// The longest that an answer took lately.
    pub(crate) fn longest(&self) -> Duration {
        Duration::from_micros(self.peaks[0].max(self.old_peaks[0]).into())
    }

    pub(crate) fn smoothed(&self) -> Option<Duration> {
        (self.smoothed > 0).then(|| Duration::from_micros(self.smoothed.into()))
    }

    /// RFC 6298, section 2: gains of 1/8 and 1/4.
    fn smooth(&mut self, time: u32) {
        if self.smoothed == 0 {
            (self.smoothed, self.variation) = (time, time / 2);
            return;
        }
        let off = self.smoothed.abs_diff(time);
        self.variation = self.variation - self.variation / 4 + off / 4;
        self.smoothed = (self.smoothed - self.smoothed / 8 + time / 8).max(1);
    }

    fn peak(&mut self, now: BootTime, time: u32) {
        if now.since(self.span_began) > PEAK_SPAN {
            (self.old_peaks, self.peaks) = (self.peaks, [0; 2]);
            self.span_began = now;
        }
        if time > self.peaks[0] {
            self.peaks = [time, self.peaks[0]];
        } else if time > self.peaks[1] {
            self.peaks[1] = time;
        }
    }
}

/// Whole microseconds, at most 71 minutes.
pub(crate) fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(times: impl IntoIterator<Item = u64>) -> Estimator {
        let params = Params::default();
        let mut estimator = Estimator::default();
        for (second, millis) in times.into_iter().enumerate() {
            let now = BootTime((second as u64 + 1) * 1_000_000_000);
            estimator.sample(&params, now, Duration::from_millis(millis));
        }
        estimator
    }

    fn timeout(estimator: &Estimator) -> u128 {
        estimator.timeout(&Params::default()).as_millis()
    }

    #[test]
    fn a_probe_is_given_between_the_floor_and_the_cap() {
        assert_eq!(timeout(&Estimator::default()), 1_000);
        assert_eq!(timeout(&fed([1; 50])), 100);
        assert_eq!(timeout(&fed([1_900; 50])), 2_000);
    }

    #[test]
    fn a_lone_straggler_hardly_moves_the_timeout() {
        let straggler = fed([1; 50].into_iter().chain([1_900]));
        assert!(timeout(&straggler) <= 125, "{}", timeout(&straggler));
    }

    #[test]
    fn a_longer_way_is_learned_from_two_answers() {
        let longer = fed([1; 50].into_iter().chain([600, 600]));
        assert!(timeout(&longer) >= 600, "{}", timeout(&longer));
    }

    #[test]
    fn rare_long_times_are_waited_for() {
        let times = (0..300).map(|n| if n % 12 == 0 { 400 } else { 20 });
        assert!(timeout(&fed(times)) >= 400);
    }

    #[test]
    fn answers_that_lay_in_a_queue_do_not_lengthen_the_timeout_for_long() {
        let mut estimator = fed([1; 50]);
        for millis in (100..2_000).rev().step_by(100) {
            estimator.sample_queued(Duration::from_millis(millis));
        }
        assert!(timeout(&estimator) <= 400, "{}", timeout(&estimator));
        estimator.sample(&Params::default(), BootTime(60_000_000_000), Duration::from_millis(1));
        assert_eq!(timeout(&estimator), 100);
    }
}
