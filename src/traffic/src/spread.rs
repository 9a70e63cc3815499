//! Which minutes an amount belongs to of which only the sum over a time is known.

use crate::Amount;

/// Up to here an amount belongs to one minute: the one in which the middle of its time lies. A
/// frame comes each second, or each minute with a little delay.
const WHOLE: i64 = 65_000_000;
/// Pieces of one minute up to here.
const BY_MINUTE: i64 = 120;
/// An amount is spread over at most so many pieces.
const MOST: i64 = 288;

/// From when to when an amount came, in microseconds since the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time {
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Time {
    /// The minute that all of it belongs to, if it is short enough.
    pub(crate) fn minute(self) -> Option<i64> {
        (self.to.saturating_sub(self.from) <= WHOLE).then(|| self.middle().div_euclid(60_000_000))
    }

    pub(crate) fn middle(self) -> i64 {
        // A clock that was turned back makes the end come first.
        if self.from >= self.to { self.to } else { self.from + (self.to - self.from) / 2 }
    }

    /// The pieces over which a longer time is spread: a minute in the middle of each, and the
    /// share of the whole up to the piece's end, as a fraction of the time's length.
    ///
    /// Two hours are spread by the minute, a day by five minutes, more over 288 pieces.
    pub(crate) fn pieces(self) -> Vec<(i64, u64)> {
        let (first, last) = (self.from.div_euclid(60_000_000), self.to.div_euclid(60_000_000));
        let minutes = (last - first + 1).max(1);
        let step = match minutes {
            few if few <= BY_MINUTE => 1,
            day if day <= 1_440 => 5,
            more => (more + MOST - 1) / MOST,
        };
        let mut pieces = Vec::new();
        let mut begin = first;
        while begin <= last {
            let end = ((begin + step) * 60_000_000).min(self.to);
            let upto = u64::try_from(end - self.from).unwrap_or(0);
            pieces.push(((begin + step / 2).min(last), upto));
            begin += step;
        }
        pieces
    }

    pub(crate) fn length(self) -> u64 {
        u64::try_from(self.to - self.from).unwrap_or(0).max(1)
    }
}

/// The shares of an amount; they sum up to it exactly.
pub(crate) fn shares(
    amount: Amount,
    length: u64,
    pieces: &[(i64, u64)],
) -> impl Iterator<Item = (i64, Amount)> {
    let part = move |whole: u64, upto: u64| {
        (u128::from(whole) * u128::from(upto.min(length)) / u128::from(length)) as u64
    };
    let mut before = Amount::default();
    pieces.iter().map(move |(minute, upto)| {
        let now = Amount { bytes: part(amount.bytes, *upto), packets: part(amount.packets, *upto) };
        let share =
            Amount { bytes: now.bytes - before.bytes, packets: now.packets - before.packets };
        before = now;
        (*minute, share)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// covers: N5.2
        #[test]
        fn shares_sum_up_to_the_whole_and_lie_within_its_time(
            from in 0i64..2_000_000_000_000_000, length in 65_000_001i64..40_000_000_000_000,
            bytes: u64, packets: u64,
        ) {
            let time = Time { from, to: from + length };
            let amount = Amount { bytes, packets };
            let pieces = time.pieces();
            prop_assert!(pieces.len() <= 290);
            let mut sum = Amount::default();
            for (minute, share) in shares(amount, time.length(), &pieces) {
                prop_assert!(minute >= from.div_euclid(60_000_000));
                prop_assert!(minute <= time.to.div_euclid(60_000_000));
                sum += share;
            }
            prop_assert_eq!(sum, amount);
        }
    }

    #[test]
    fn a_second_and_a_minute_belong_to_the_minute_of_their_middle() {
        let second = Time { from: 59_300_000, to: 60_300_000 };
        assert_eq!(second.minute(), Some(0));
        assert_eq!(Time { from: 20_000, to: 60_030_000 }.minute(), Some(0));
        assert_eq!(Time { from: 0, to: 66_000_000 }.minute(), None);
        assert_eq!(
            Time { from: 90_000_000, to: 30_000_000 }.minute(),
            Some(0),
            "a clock turned back"
        );
    }
}
