//! Numbers: groups of three apart by a non-breaking space, the decimal mark of the language,
//! and the true minus sign.

use std::time::Duration;

use crate::{Lang, Tr};

/// The non-breaking space that stands between groups of digits and before a unit.
pub const NBSP: char = '\u{a0}';

const MINUS: char = '\u{2212}';

/// `value` with `digits` decimals by the rules of `lang`.
pub(crate) fn decimal(lang: Lang, value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return "?".to_owned();
    }
    let plain = format!("{:.digits$}", value.abs());
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let zero = plain.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let mut text = String::with_capacity(plain.len() + 8);
    if value < 0.0 && !zero {
        text.push(MINUS);
    }
    group(lang, whole, &mut text);
    if !fraction.is_empty() {
        text.push(if lang == Lang::En { '.' } else { ',' });
        text.push_str(fraction);
    }
    text
}

/// Groups of three; a number of four digits stays whole, as typographers write it.
fn group(lang: Lang, digits: &str, text: &mut String) {
    let mark = if lang == Lang::En { ',' } else { NBSP };
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len() - index;
        if index > 0 && left.is_multiple_of(3) && (digits.len() > 4 || lang == Lang::En) {
            text.push(mark);
        }
        text.push(digit);
    }
}

impl Tr {
    /// A whole number: `12 345`.
    #[must_use]
    pub fn number(&self, value: impl Into<i64>) -> String {
        let value: i64 = value.into();
        let mut text = String::new();
        if value < 0 {
            text.push(MINUS);
        }
        group(self.lang(), &value.unsigned_abs().to_string(), &mut text);
        text
    }

    /// A number with exactly `digits` decimals: `8,2`. Not a number is `?`.
    #[must_use]
    pub fn decimal(&self, value: f64, digits: usize) -> String {
        decimal(self.lang(), value, digits)
    }

    /// A ratio of 0 to 1 as a percentage without its sign: `12,5`, whole ones without decimals.
    /// What is not quite nothing or not quite all never rounds to 0 or 100.
    #[must_use]
    pub fn percent(&self, ratio: f64) -> String {
        let percent = ratio * 100.0;
        let rounded = (percent * 10.0).round() / 10.0;
        let shown = if percent > 0.0 && rounded == 0.0 {
            0.1
        } else if percent < 100.0 && rounded == 100.0 {
            99.9
        } else {
            rounded
        };
        self.decimal(shown, usize::from(shown.fract() != 0.0))
    }

    /// Availability of 0 to 1 in per cent with three decimals, rounded down: `99,982`.
    #[must_use]
    pub fn availability(&self, ratio: f64) -> String {
        if ratio >= 1.0 {
            return self.number(100);
        }
        self.decimal((ratio * 100_000.0).floor() / 1_000.0, 3)
    }

    /// A round-trip time in milliseconds without its unit, three figures: `0,42`, `8,2`, `164`.
    #[must_use]
    pub fn millis(&self, time: Duration) -> String {
        let millis = time.as_secs_f64() * 1_000.0;
        let digits = match millis {
            0.0 => 0,
            millis if millis < 0.1 => 3,
            millis if millis < 1.0 => 2,
            millis => usize::from(millis < 100.0),
        };
        self.decimal(millis, digits)
    }

    /// An amount of bytes with its unit, decimal multiples: `1,4 ГБ`.
    #[must_use]
    pub fn bytes(&self, bytes: u64) -> String {
        let (value, power) = scale(bytes as f64);
        let unit = [
            crate::key::UNIT_BYTE,
            crate::key::UNIT_KILOBYTE,
            crate::key::UNIT_MEGABYTE,
            crate::key::UNIT_GIGABYTE,
            crate::key::UNIT_TERABYTE,
        ][power];
        format!("{}{NBSP}{}", self.figures(value, power), self.get(unit))
    }

    /// A rate in bits per second with its unit: `1,42 Гбит/с`.
    #[must_use]
    pub fn bit_rate(&self, bits_per_second: f64) -> String {
        let (value, power) = scale(bits_per_second);
        let unit = [
            crate::key::UNIT_BIT_RATE,
            crate::key::UNIT_KILOBIT_RATE,
            crate::key::UNIT_MEGABIT_RATE,
            crate::key::UNIT_GIGABIT_RATE,
            crate::key::UNIT_TERABIT_RATE,
        ][power];
        format!("{}{NBSP}{}", self.figures(value, power), self.get(unit))
    }

    fn figures(&self, value: f64, power: usize) -> String {
        let digits = match value {
            _ if power == 0 => 0,
            value if value < 10.0 => 2,
            value if value < 100.0 => 1,
            _ => 0,
        };
        self.decimal(value, digits)
    }
}

/// The value divided by the largest power of 1000 that leaves at least one, up to 10^12.
fn scale(mut value: f64) -> (f64, usize) {
    let mut power = 0;
    while value >= 999.5 && power < 4 {
        value /= 1_000.0;
        power += 1;
    }
    (value, power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tr(lang: Lang) -> Tr {
        Tr::new(lang, jiff::tz::TimeZone::UTC)
    }

    #[test]
    fn large_numbers_stand_in_groups_and_fractions_behind_the_mark_of_the_language() {
        assert_eq!(tr(Lang::Ru).number(1_234_567), "1\u{a0}234\u{a0}567");
        assert_eq!(tr(Lang::Kk).number(1_024), "1024");
        assert_eq!(tr(Lang::En).number(1_024), "1,024");
        assert_eq!(tr(Lang::Ru).decimal(-12_345.678, 2), "\u{2212}12\u{a0}345,68");
        assert_eq!(tr(Lang::En).decimal(0.5, 1), "0.5");
        assert_eq!(tr(Lang::Ru).decimal(-0.001, 1), "0,0");
        assert_eq!(tr(Lang::Ru).decimal(f64::NAN, 1), "?");
    }

    #[test]
    fn a_small_loss_is_never_shown_as_none_and_a_large_one_never_as_all() {
        let tr = tr(Lang::Ru);
        assert_eq!(tr.percent(0.0), "0");
        assert_eq!(tr.percent(0.000_1), "0,1");
        assert_eq!(tr.percent(0.125), "12,5");
        assert_eq!(tr.percent(0.999_9), "99,9");
        assert_eq!(tr.percent(1.0), "100");
        assert_eq!(tr.availability(0.999_999), "99,999");
        assert_eq!(tr.availability(1.0), "100");
    }

    #[test]
    fn amounts_and_rates_carry_their_unit() {
        let tr = tr(Lang::Ru);
        assert_eq!(tr.bytes(0), "0\u{a0}Б");
        assert_eq!(tr.bytes(999), "999\u{a0}Б");
        assert_eq!(tr.bytes(1_440_000_000), "1,44\u{a0}ГБ");
        assert_eq!(tr.bit_rate(1_420_000_000.0), "1,42\u{a0}Гбит/с");
        assert_eq!(tr.millis(Duration::from_micros(8_240)), "8,2");
        assert_eq!(tr.millis(Duration::from_micros(420)), "0,42");
        assert_eq!(tr.millis(Duration::from_micros(21)), "0,021");
        assert_eq!(tr.millis(Duration::from_millis(164)), "164");
    }
}
