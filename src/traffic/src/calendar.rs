//! Days and months of the hub's own time zone, by number: days since 1970-01-01, months since
//! January of the year 0.

use ets_model::WallTime;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::{Error, Period};

const MINUTE: i64 = 60_000_000;

/// The hub's calendar.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
}

/// A span of minutes taken apart for reading: whole months, whole days, and what is left at its
/// ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) months: Vec<i64>,
    pub(crate) days: Vec<i64>,
    /// Minutes from and to (not included).
    pub(crate) rest: Vec<(i64, i64)>,
}

impl Calendar {
    /// Of the time zone with this name (IANA).
    ///
    /// # Errors
    /// [`Error::UnknownZone`].
    pub fn of(zone: &str) -> Result<Self, Error> {
        let found = TimeZone::get(zone).map_err(|_| Error::UnknownZone(zone.to_owned()))?;
        Ok(Self { zone: found })
    }

    /// The day that holds this moment.
    pub fn day(&self, at: WallTime) -> Period {
        let day = self.day_of(at.0.div_euclid(MINUTE));
        let minute = |day| WallTime(self.day_start(day) * MINUTE);
        Period { from: minute(day), to: minute(day + 1) }
    }

    /// The month that holds this moment.
    pub fn month(&self, at: WallTime) -> Period {
        self.month_period(self.month_of(self.day_of(at.0.div_euclid(MINUTE))))
    }

    /// A month by year and number (1 to 12); `None` when there is no such month.
    pub fn month_of_year(&self, year: i16, month: i8) -> Option<Period> {
        Date::new(year, month, 1).ok()?;
        Some(self.month_period(i64::from(year) * 12 + i64::from(month) - 1))
    }

    pub(crate) fn month_period(&self, month: i64) -> Period {
        let minute = |month| WallTime(self.month_start(month) * MINUTE);
        Period { from: minute(month), to: minute(month + 1) }
    }

    /// The day of a minute.
    pub(crate) fn day_of(&self, minute: i64) -> i64 {
        let stamp = Timestamp::from_microsecond(minute.saturating_mul(MINUTE));
        let stamp = stamp.unwrap_or(Timestamp::UNIX_EPOCH);
        number(stamp.to_zoned(self.zone.clone()).date())
    }

    /// The month of a day.
    #[allow(clippy::unused_self)]
    pub(crate) fn month_of(&self, day: i64) -> i64 {
        let date = date_of(day);
        i64::from(date.year()) * 12 + i64::from(date.month()) - 1
    }

    /// The first minute of a day.
    pub(crate) fn day_start(&self, day: i64) -> i64 {
        let zoned = date_of(day).to_zoned(self.zone.clone());
        zoned.map_or(day * 1_440, |zoned| zoned.timestamp().as_microsecond().div_euclid(MINUTE))
    }

    /// The first minute of a month.
    pub(crate) fn month_start(&self, month: i64) -> i64 {
        self.day_start(first_day(month))
    }

    /// The minute's offset from UTC, in minutes.
    pub(crate) fn offset(&self, minute: i64) -> i64 {
        let stamp = Timestamp::from_microsecond(minute.saturating_mul(MINUTE));
        let offset = self.zone.to_offset(stamp.unwrap_or(Timestamp::UNIX_EPOCH));
        i64::from(offset.seconds()).div_euclid(60)
    }

    /// Takes minutes `from` to `to` (not included) apart.
    pub(crate) fn split(&self, from: i64, to: i64) -> Split {
        let mut split = Split::default();
        let mut day = self.day_of(from);
        if self.day_start(day) < from {
            day += 1;
        }
        let begin = self.day_start(day);
        if begin >= to {
            split.rest.push((from, to));
            return split;
        }
        split.rest.extend((from < begin).then_some((from, begin)));
        loop {
            let month = self.month_of(day);
            if first_day(month) == day && self.month_start(month + 1) <= to {
                split.months.push(month);
                day = first_day(month + 1);
            } else if self.day_start(day + 1) <= to {
                split.days.push(day);
                day += 1;
            } else {
                break;
            }
        }
        let end = self.day_start(day);
        split.rest.extend((end < to).then_some((end, to)));
        split
    }
}

const EPOCH: Date = date(1970, 1, 1);

fn date_of(day: i64) -> Date {
    Span::new().try_days(day).ok().and_then(|span| EPOCH.checked_add(span).ok()).unwrap_or(EPOCH)
}

fn number(date: Date) -> i64 {
    date.since(EPOCH).map_or(0, |span| i64::from(span.get_days()))
}

fn first_day(month: i64) -> i64 {
    let year = i16::try_from(month.div_euclid(12)).unwrap_or(1970);
    let of_year = i8::try_from(month.rem_euclid(12) + 1).unwrap_or(1);
    Date::new(year, of_year, 1).map_or(0, number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2026-11-22T10:00Z.
    const NOW: i64 = 29_922_360;

    /// covers: N5.4
    #[test]
    fn a_month_of_kazakhstan_begins_at_its_own_midnight() {
        let calendar = Calendar::of("Asia/Almaty").unwrap();
        let november = calendar.month(WallTime(NOW * MINUTE));
        // 2026-10-31T19:00Z to 2026-11-30T19:00Z.
        assert_eq!(november.from.0, 1_793_473_200_000_000);
        assert_eq!(november.to.0 - november.from.0, 30 * 86_400_000_000);
        assert_eq!(calendar.month_of_year(2026, 11), Some(november));
        assert_eq!(calendar.month_of_year(2026, 13), None);
        assert_eq!(calendar.day(WallTime(NOW * MINUTE)).from.0, 1_795_287_600_000_000);
    }

    proptest! {
        /// covers: N5.4
        #[test]
        fn what_is_taken_apart_lies_side_by_side_and_is_the_whole(
            from in 20_000_000i64..32_000_000, length in 1i64..1_200_000,
            zone in prop::sample::select(vec!["Asia/Almaty", "Asia/Kolkata", "Europe/Berlin", "UTC"]),
        ) {
            let calendar = Calendar::of(zone).unwrap();
            let split = calendar.split(from, from + length);
            let mut pieces = split.rest.clone();
            pieces.extend(split.days.iter().map(|d| (calendar.day_start(*d), calendar.day_start(d + 1))));
            pieces.extend(
                split.months.iter().map(|m| (calendar.month_start(*m), calendar.month_start(m + 1))));
            pieces.sort_unstable();
            prop_assert_eq!(pieces.first().unwrap().0, from);
            prop_assert_eq!(pieces.last().unwrap().1, from + length);
            prop_assert!(pieces.windows(2).all(|two| two[0].1 == two[1].0));
            prop_assert!(split.days.len() <= 62);
        }
    }
}
