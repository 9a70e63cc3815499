//! Lengths of time in words: `4 мин 12 с`.

use std::time::Duration;

use crate::{Key, NBSP, Tr, key};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

impl Tr {
    /// A length of time in its two largest units, rounded down: `12 с`, `4 мин 12 с`, `1 ч 05 мин`,
    /// `3 сут 4 ч`, from ten days on in days alone. Under ten seconds with one decimal, under one
    /// second in milliseconds.
    #[must_use]
    pub fn duration(&self, length: Duration) -> String {
        let seconds = length.as_secs();
        match seconds {
            0 => self.piece(self.number(length.subsec_millis()), key::UNIT_MILLISECOND),
            1..10 => {
                let tenths = (length.as_millis() / 100) as f64 / 10.0;
                let digits = usize::from(tenths.fract() != 0.0);
                self.piece(self.decimal(tenths, digits), key::UNIT_SECOND)
            }
            10..MINUTE => self.piece(seconds.to_string(), key::UNIT_SECOND),
            MINUTE..HOUR => self.two(seconds, MINUTE, key::UNIT_MINUTE, 1, key::UNIT_SECOND),
            HOUR..DAY => self.two(seconds, HOUR, key::UNIT_HOUR, MINUTE, key::UNIT_MINUTE),
            _ if seconds < 10 * DAY => self.two(seconds, DAY, key::UNIT_DAY, HOUR, key::UNIT_HOUR),
            _ => self.piece(self.number((seconds / DAY) as i64), key::UNIT_DAY),
        }
    }

    /// The length of time in whole seconds, for a text that a script keeps counting: as
    /// [`Self::duration`], but never with a decimal or in milliseconds.
    #[must_use]
    pub fn whole_duration(&self, length: Duration) -> String {
        match length.as_secs() {
            seconds @ 0..10 => self.piece(seconds.to_string(), key::UNIT_SECOND),
            seconds => self.duration(Duration::from_secs(seconds)),
        }
    }

    fn two(&self, seconds: u64, unit: u64, name: Key, rest: u64, rest_name: Key) -> String {
        let major = self.piece((seconds / unit).to_string(), name);
        let minor = seconds % unit / rest;
        if minor == 0 {
            return major;
        }
        let minor = if unit == DAY { minor.to_string() } else { format!("{minor:02}") };
        format!("{major} {}", self.piece(minor, rest_name))
    }

    fn piece(&self, number: String, unit: Key) -> String {
        format!("{number}{NBSP}{}", self.get(unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Lang;

    fn russian(length: Duration) -> String {
        Tr::new(Lang::Ru, jiff::tz::TimeZone::UTC).duration(length).replace(NBSP, " ")
    }

    #[test]
    fn a_length_of_time_is_told_in_its_two_largest_units() {
        let seconds = |seconds| russian(Duration::from_secs(seconds));
        assert_eq!(russian(Duration::from_millis(400)), "400 мс");
        assert_eq!(russian(Duration::from_millis(3_470)), "3,4 с");
        assert_eq!(seconds(3), "3 с");
        assert_eq!(seconds(12), "12 с");
        assert_eq!(seconds(252), "4 мин 12 с");
        assert_eq!(seconds(125), "2 мин 05 с");
        assert_eq!(seconds(660), "11 мин");
        assert_eq!(seconds(3_900), "1 ч 05 мин");
        assert_eq!(seconds(3 * DAY + 4 * HOUR), "3 сут 4 ч");
        assert_eq!(seconds(69 * DAY + 5), "69 сут");
    }
}
