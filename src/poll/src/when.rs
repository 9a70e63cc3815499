//! When each is asked: spread over time, so that checks that were set up together are not asked
//! together.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::Target;

/// The first time, a target is asked at most so much after it was planned: a page is not empty
/// for long.
const FIRST: Duration = Duration::from_secs(3);
/// How much sooner than its time a check may come, as a part of its interval.
const JITTER: f64 = 0.1;

/// How long after it was planned a target is asked first: by what it is, not by chance, so that
/// the same targets lie apart in the same way each time.
pub(crate) fn first(target: &Target) -> Duration {
    let mut hasher = DefaultHasher::new();
    (target.service.as_str(), target.address, target.check.to_string()).hash(&mut hasher);
    let part = (hasher.finish() % 1_000) as f64 / 1_000.0;
    FIRST.min(every(target)).mul_f64(part)
}

/// How long after the last one a target is asked again: never later than its interval, so that
/// `fall` failures take no more than `fall` intervals. `chance` is in 0..1.
pub(crate) fn next(target: &Target, chance: f64) -> Duration {
    every(target).mul_f64(1.0 - JITTER * chance.clamp(0.0, 1.0))
}

fn every(target: &Target) -> Duration {
    Duration::from_secs(target.check.every_s.max(1).into())
}

/// A number in 0..1.
pub(crate) fn chance() -> f64 {
    let word = getrandom::u32().unwrap_or_default();
    f64::from(word) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ets_model::Check;

    /// covers: N7.1
    #[test]
    fn a_thousand_targets_planned_together_are_asked_apart_and_never_late() {
        let target = |no: u16| Target {
            service: "mail".parse().unwrap(),
            check: Check::default(),
            address: ([10, 1, 0, 10], no).into(),
        };
        let mut moments: Vec<_> = (1..=1_000).map(|no| first(&target(no))).collect();
        moments.sort_unstable();
        assert!(moments.iter().all(|moment| *moment < FIRST));
        let most = moments.windows(100).map(|some| some[99] - some[0]).min().unwrap();
        assert!(most > FIRST / 15, "a hundred of a thousand come within {most:?}");
        for chance in [0.0, 0.5, 1.0] {
            let next = next(&target(1), chance).as_secs_f64();
            assert!((27.0..=30.0).contains(&next), "{next}");
        }
    }
}
