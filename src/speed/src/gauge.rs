//! What a measurement comes to, from the readings of the accounting. Pure.

use std::time::Duration;

use crate::Rates;
use crate::governor::Echo;

/// Collects readings once the channel has settled.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    last: u64,
    seconds: Vec<(u64, u64)>,
    echoes: Vec<Duration>,
}

/// See [`crate::Measured`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) rate: u64,
    pub(crate) work: u64,
    pub(crate) loaded: Option<Duration>,
}

impl Gauge {
    /// Takes a reading, once.
    pub(crate) fn take(&mut self, rates: Rates) {
        if rates.reading != self.last {
            self.last = rates.reading;
            self.seconds.push((rates.own, rates.work));
        }
    }

    /// Readings up to this one are of before.
    pub(crate) fn begin(&mut self, reading: u64) {
        self.last = reading;
    }

    pub(crate) fn echo(&mut self, echo: Echo) {
        if let Echo::Took(time) = echo {
            self.echoes.push(time);
        }
    }

    /// The mean of the middle half of the seconds, so that neither a stutter nor what had piled up
    /// before it counts; `None` where there was not a whole second.
    pub(crate) fn sum(mut self) -> Option<Sum> {
        self.seconds.sort_unstable();
        let quarter = self.seconds.len() / 4;
        let middle = &self.seconds[quarter..self.seconds.len() - quarter];
        let count = u64::try_from(middle.len()).ok().filter(|count| *count > 0)?;
        let mean = |of: fn(&(u64, u64)) -> u64| middle.iter().map(of).sum::<u64>() / count;
        self.echoes.sort_unstable();
        let loaded = self.echoes.get(self.echoes.len() / 2).copied();
        Some(Sum { rate: mean(|one| one.0), work: mean(|one| one.1), loaded })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N8.1
    #[test]
    fn the_middle_half_counts_and_each_reading_once() {
        let mut gauge = Gauge::default();
        gauge.begin(3);
        for (reading, own) in [(3, 900), (4, 10), (5, 30), (5, 30), (6, 20), (7, 999)] {
            gauge.take(Rates { reading, own, work: own / 10 });
        }
        for ms in [9, 3, 4] {
            gauge.echo(Echo::Took(Duration::from_millis(ms)));
        }
        let sum = gauge.sum().unwrap();
        assert_eq!(sum, Sum { rate: 25, work: 2, loaded: Some(Duration::from_millis(4)) });
        assert_eq!(Gauge::default().sum(), None);
    }
}
