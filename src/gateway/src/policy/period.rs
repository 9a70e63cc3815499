//! Periods of the hub's calendar by number, so that a later one has a larger number.

use jiff::civil::Date;
use jiff::{Span, ToSpan, Zoned};

use super::rule::Per;

const EPOCH: Date = Date::constant(1970, 1, 1);

impl Per {
    /// All of them, in the order of their places in [`super::Allowance::volumes`].
    pub const ALL: [Self; super::MOST_PERIODS] = [Self::Day, Self::Week, Self::Month];

    /// Its name in the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The number of the period that holds a moment; 1 and more.
    pub(crate) fn number(self, at: &Zoned) -> u64 {
        let date = at.date();
        let days = date.since(EPOCH).map_or(0, |span: Span| i64::from(span.get_days()));
        let number = match self {
            Self::Day => days,
            // 1970-01-01 was a Thursday.
            Self::Week => (days + 3).div_euclid(7),
            Self::Month => i64::from(date.year()) * 12 + i64::from(date.month()) - 1,
        };
        u64::try_from(number).unwrap_or(0) + 1
    }

    /// The first moment after the period with this number, in the zone of `at`. A midnight that a
    /// change of clocks leaves out is the moment after it.
    pub(crate) fn end(self, number: u64, at: &Zoned) -> Option<Zoned> {
        let number = i64::try_from(number).ok()?;
        let next = match self {
            Self::Day => EPOCH.checked_add(number.days()).ok()?,
            Self::Week => EPOCH.checked_add((number * 7 - 3).days()).ok()?,
            Self::Month => Date::new(
                i16::try_from(number.div_euclid(12)).ok()?,
                i8::try_from(number.rem_euclid(12) + 1).ok()?,
                1,
            )
            .ok()?,
        };
        next.to_zoned(at.time_zone().clone()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Zoned {
        text.parse().unwrap()
    }

    /// covers: N6.1: the hub's own midnight, Monday and first; years, leap days and changes of clocks
    #[test]
    fn a_period_ends_where_the_next_one_begins_in_the_hubs_zone() {
        for (now, day, week, month) in [
            ("2026-11-29T12:00[Asia/Almaty]", "2026-11-30", "2026-11-30", "2026-12-01"),
            ("2026-11-30T00:00[Asia/Almaty]", "2026-12-01", "2026-12-07", "2026-12-01"),
            ("2026-12-31T23:59:59[Asia/Almaty]", "2027-01-01", "2027-01-04", "2027-01-01"),
            ("2028-02-28T10:00[Asia/Almaty]", "2028-02-29", "2028-03-06", "2028-03-01"),
            // Clocks go forward in the night before the 29th of March 2026.
            ("2026-03-28T23:30[Europe/Berlin]", "2026-03-29", "2026-03-30", "2026-04-01"),
            ("2026-03-29T23:30[Europe/Berlin]", "2026-03-30", "2026-03-30", "2026-04-01"),
            ("2026-10-25T02:30+01:00[Europe/Berlin]", "2026-10-26", "2026-10-26", "2026-11-01"),
        ] {
            let now = at(now);
            for (per, end) in Per::ALL.into_iter().zip([day, week, month]) {
                let number = per.number(&now);
                let next = per.end(number, &now).unwrap();
                assert_eq!(
                    next.to_string(),
                    at(&format!("{end}T00:00[{}]", now.time_zone().iana_name().unwrap()))
                        .to_string(),
                    "{now} {per:?}"
                );
                assert_eq!(per.number(&next), number + 1, "{now} {per:?}");
                let last = next.checked_sub(1.second()).unwrap();
                assert_eq!(per.number(&last), number, "{now} {per:?}");
            }
        }
    }
}
