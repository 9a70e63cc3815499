//! How far a segment has come (pure).

use crate::Both;
use crate::quota::{Level, Limit, Quota, Way};
use crate::tally::Tally;

impl Way {
    /// The bytes that count.
    pub(crate) fn bytes(self, tally: &Tally) -> u64 {
        let amount = tally.amount();
        let both = Both { up: amount.up.bytes, down: amount.down.bytes };
        match self {
            Self::Up => both.up,
            Self::Down => both.down,
            Self::Sum => both.up.saturating_add(both.down),
        }
    }
}

impl Quota {
    /// Of the bytes that were moved in the period.
    pub(crate) fn judge_bytes(&self, moved: u64) -> Level {
        let (Limit::BytesADay(limit) | Limit::BytesAMonth(limit)) = self.limit else {
            return Level::Normal;
        };
        self.level(moved, limit)
    }

    /// Of the bytes of the last whole minutes, oldest first; fewer than the quota watches tell
    /// nothing new.
    pub(crate) fn judge_rate(&self, minutes: &[u64], before: Level) -> Level {
        let Limit::Rate { bps, minutes: watched } = self.limit else { return Level::Normal };
        let watched = usize::from(watched);
        let Some(last) = minutes.len().checked_sub(watched).map(|first| &minutes[first..]) else {
            return before;
        };
        let levels = || last.iter().map(|bytes| self.level(bytes.saturating_mul(8) / 60, bps));
        // All of them above it raise, all of them below it lower, and between that it stays.
        let (least, most) = (levels().min(), levels().max());
        before.clamp(least.unwrap_or_default(), most.unwrap_or_default())
    }

    fn level(&self, value: u64, limit: u64) -> Level {
        let percent = u128::from(value) * 100;
        if value >= limit {
            Level::Reached
        } else if percent >= u128::from(limit) * u128::from(self.warn_percent) {
            Level::Warned
        } else {
            Level::Normal
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::Action;

    fn quota(limit: Limit) -> Quota {
        Quota {
            id: 1,
            name: "a".into(),
            segment: None,
            limit,
            way: Way::Sum,
            warn_percent: 80,
            action: Action::Notice,
            version: 1,
        }
    }

    /// covers: N5.4
    #[test]
    fn bytes_warn_at_80_per_cent_and_are_reached_at_100() {
        let quota = quota(Limit::BytesADay(1_000));
        let told: Vec<_> = [0, 799, 800, 999, 1_000, u64::MAX].map(|b| quota.judge_bytes(b)).into();
        use Level::{Normal, Reached, Warned};
        assert_eq!(told, [Normal, Normal, Warned, Warned, Reached, Reached]);
    }

    /// covers: N5.4
    #[test]
    fn a_rate_counts_when_every_minute_is_above_it_and_ends_when_none_is() {
        let quota = quota(Limit::Rate { bps: 8_000, minutes: 3 });
        // 60,000 bytes a minute are 8,000 bit/s.
        let judge = |minutes: &[u64], before| quota.judge_rate(minutes, before);
        assert_eq!(judge(&[60_000, 60_000], Level::Normal), Level::Normal, "too few");
        assert_eq!(judge(&[0, 60_000, 70_000, 60_000], Level::Normal), Level::Reached);
        assert_eq!(judge(&[60_000, 100, 60_000], Level::Normal), Level::Normal);
        assert_eq!(judge(&[60_000, 100, 60_000], Level::Reached), Level::Reached, "one pause");
        assert_eq!(judge(&[50_000, 60_000, 50_000], Level::Normal), Level::Warned);
        assert_eq!(judge(&[0, 0, 0], Level::Reached), Level::Normal);
    }
}
