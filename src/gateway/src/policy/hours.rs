//! The hours of the week in which a rule holds.

use std::fmt;
use std::str::FromStr;

use jiff::{ToSpan, Zoned};
use serde::{Deserialize, Serialize};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// A part of the week, written `mon-fri 09:00-18:00`, `sat,sun 22:00-06:00` or `mon-sun 00:00-24:00`:
/// on these days from the first minute until before the last. What ends before it begins goes on
/// into the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hours {
    /// The days on which it begins; Monday is the lowest bit.
    days: u8,
    from: u16,
    to: u16,
}

/// The text names no hours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no hours: write mon-fri 09:00-18:00")]
pub struct InvalidHours(pub String);

/// A minute of the week by the clock on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Monday is 0.
    day: u8,
    minute: u16,
}

impl Moment {
    /// Of a moment in the hub's zone.
    pub fn of(at: &Zoned) -> Self {
        let [hour, minute] = [at.hour(), at.minute()].map(|part| u16::from(part.unsigned_abs()));
        let day = at.weekday().to_monday_zero_offset().unsigned_abs();
        Self { day, minute: hour * 60 + minute }
    }
}

impl Hours {
    /// Whether a moment is within.
    pub fn contain(self, Moment { day, minute }: Moment) -> bool {
        let begun = |day: u8| self.days & 1 << day != 0;
        if self.from < self.to {
            return begun(day) && (self.from..self.to).contains(&minute);
        }
        begun(day) && minute >= self.from || begun((day + 6) % 7) && minute < self.to
    }

    /// The next moment after `at` at which it may begin or end; within a day and a minute.
    pub fn next_change(self, at: &Zoned) -> Option<Zoned> {
        let midnight = at.start_of_day().ok()?;
        let edges = [0, 1].into_iter().flat_map(|day| [self.from, self.to].map(|edge| (day, edge)));
        edges
            .filter_map(|(day, edge)| {
                let day = midnight.checked_add(day.days()).ok()?;
                // By the clock on the wall, also on a day that has 23 or 25 hours.
                match edge {
                    DAY => day.checked_add(1.day()).ok(),
                    _ => day.with().hour((edge / 60) as i8).minute((edge % 60) as i8).build().ok(),
                }
            })
            .filter(|edge| edge > at)
            .min()
    }
}

impl FromStr for Hours {
    type Err = InvalidHours;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).ok_or_else(|| InvalidHours(text.to_owned()))
    }
}

fn read(text: &str) -> Option<Hours> {
    let (days, times) = text.trim().split_once(' ')?;
    let (from, to) = times.trim().split_once('-')?;
    let (from, to) = (minute(from)?, minute(to)?);
    let days = days.split(',').try_fold(0, |all, part| Some(all | range(part)?))?;
    (from < DAY && from != to && to != 0).then_some(Hours { days, from, to })
}

fn range(text: &str) -> Option<u8> {
    let day = |name: &str| DAYS.iter().position(|one| *one == name);
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (day(first)?, day(last)?);
    (first <= last).then(|| (first..=last).fold(0, |all, day| all | 1 << day))
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let (hour, minute): (u16, u16) =
        (digits(hour) && digits(minute)).then_some((hour.parse().ok()?, minute.parse().ok()?))?;
    (minute < 60 && hour * 60 + minute <= DAY).then_some(hour * 60 + minute)
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut day = 0;
        let mut parts = Vec::new();
        while day < DAYS.len() {
            let length = (self.days >> day).trailing_ones() as usize;
            match length {
                0 => {}
                1 => parts.push(DAYS[day].to_owned()),
                _ => parts.push(format!("{}-{}", DAYS[day], DAYS[day + length - 1])),
            }
            day += length + 1;
        }
        let [from, to] = [self.from, self.to].map(|at| format!("{:02}:{:02}", at / 60, at % 60));
        write!(f, "{} {from}-{to}", parts.join(","))
    }
}

impl TryFrom<String> for Hours {
    type Error = InvalidHours;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Hours> for String {
    fn from(hours: Hours) -> Self {
        hours.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Zoned {
        format!("{text}[Asia/Almaty]").parse().unwrap()
    }

    /// covers: N6.1
    #[test]
    fn hours_hold_on_their_days_from_the_first_minute_until_before_the_last() {
        let work: Hours = "mon-fri 09:00-18:00".parse().unwrap();
        // 2026-11-30 is a Monday.
        for (moment, holds) in [
            ("2026-11-30T08:59:59", false),
            ("2026-11-30T09:00:00", true),
            ("2026-11-30T17:59:59", true),
            ("2026-11-30T18:00:00", false),
            ("2026-11-29T12:00:00", false),
        ] {
            assert_eq!(work.contain(Moment::of(&at(moment))), holds, "{moment}");
        }
        let night: Hours = "fri 22:00-06:00".parse().unwrap();
        for (moment, holds) in [
            ("2026-12-04T21:59:00", false),
            ("2026-12-04T22:00:00", true),
            ("2026-12-05T05:59:00", true),
            ("2026-12-05T06:00:00", false),
            ("2026-12-04T05:00:00", false),
        ] {
            assert_eq!(night.contain(Moment::of(&at(moment))), holds, "{moment}");
        }
    }

    /// covers: N6.1
    #[test]
    fn the_next_change_is_told_across_midnight_and_at_the_end_of_the_day() {
        let work: Hours = "mon-fri 09:00-18:00".parse().unwrap();
        let next = |hours: Hours, moment: &str| hours.next_change(&at(moment)).unwrap();
        assert_eq!(next(work, "2026-11-30T10:00:00"), at("2026-11-30T18:00:00"));
        assert_eq!(next(work, "2026-11-30T18:00:00"), at("2026-12-01T09:00:00"));
        let whole: Hours = "mon-sun 00:00-24:00".parse().unwrap();
        assert_eq!(next(whole, "2026-11-30T10:00:00"), at("2026-12-01T00:00:00"));
    }

    /// covers: N6.1
    #[test]
    fn hours_are_written_as_they_are_read_and_nonsense_is_refused() {
        for text in ["mon-fri 09:00-18:00", "sat-sun 22:00-06:00", "mon,wed-thu 00:00-24:00"] {
            assert_eq!(text.parse::<Hours>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "mon",
            "mon 9-18",
            "mon 09:00",
            "fri-mon 09:00-18:00",
            "day 09:00-18:00",
            "mon 24:00-25:00",
            "mon 09:60-10:00",
            "mon 09:00-09:00",
            "mon +9:00-18:00",
        ] {
            assert!(bad.parse::<Hours>().is_err(), "{bad}");
        }
    }
}
