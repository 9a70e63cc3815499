//! Figures for people: a column has one unit, and what is exact stands on hover and in the files.

use ets_i18n::{Key, NBSP, Tr, key};
use ets_traffic::{Amount, Both};
use ets_web::Html;
use ets_web::html::escape;

/// Bits in a byte.
const BITS: u64 = 8;
/// Decimals in a column.
const DIGITS: usize = 2;

/// A unit: what it is called and how many of the smallest are in it.
#[derive(Clone, Copy)]
pub(super) struct Unit {
    word: Key,
    size: f64,
}

const VOLUMES: [Unit; 5] = [
    unit(key::UNIT_BYTE, 1.0),
    unit(key::UNIT_KILOBYTE, 1e3),
    unit(key::UNIT_MEGABYTE, 1e6),
    unit(key::UNIT_GIGABYTE, 1e9),
    unit(key::UNIT_TERABYTE, 1e12),
];

const RATES: [Unit; 5] = [
    unit(key::UNIT_BIT_RATE, 1.0),
    unit(key::UNIT_KILOBIT_RATE, 1e3),
    unit(key::UNIT_MEGABIT_RATE, 1e6),
    unit(key::UNIT_GIGABIT_RATE, 1e9),
    unit(key::UNIT_TERABIT_RATE, 1e12),
];

/// Mbit/s: the unit of live figures, which is not to jump from one second to the next.
pub(super) const MEGABITS: Unit = RATES[2];

const fn unit(word: Key, size: f64) -> Unit {
    Unit { word, size }
}

impl Unit {
    /// The largest unit of bytes in which the largest figure is one or more.
    pub(super) fn of_volume(largest: u64) -> Self {
        Self::fitting(&VOLUMES, largest)
    }

    /// The same of bits a second.
    pub(super) fn of_rate(largest: u64) -> Self {
        Self::fitting(&RATES, largest)
    }

    fn fitting(units: &[Self; 5], largest: u64) -> Self {
        let fits = |one: &&Self| largest as f64 >= one.size;
        *units.iter().rev().find(fits).unwrap_or(&units[0])
    }

    /// What it is called.
    pub(super) fn word(self, tr: &Tr) -> &'static str {
        tr.get(self.word)
    }

    /// How many of the smallest are in it.
    pub(super) fn size(self) -> f64 {
        self.size
    }

    /// A live figure in this unit: three decimals where it is small, so that idle segments are told
    /// apart.
    pub(super) fn show_live(self, tr: &Tr, value: u64) -> String {
        let digits = match value as f64 / self.size {
            ..10.0 => 3,
            10.0..100.0 => 2,
            _ => 1,
        };
        self.show_with(tr, value, digits)
    }

    /// The figure in this unit. What is there and too small to show is told apart from nothing.
    pub(super) fn show(self, tr: &Tr, value: u64) -> String {
        self.show_with(tr, value, if self.size <= 1.0 { 0 } else { DIGITS })
    }

    fn show_with(self, tr: &Tr, value: u64, digits: usize) -> String {
        let (shown, least) = (value as f64 / self.size, 10f64.powi(-(digits as i32)));
        if value == 0 {
            tr.number(0)
        } else if shown < least / 2.0 {
            format!("<{NBSP}{}", tr.decimal(least, digits))
        } else {
            tr.decimal(shown, digits)
        }
    }
}

/// Bits a second from bytes a second.
pub(super) fn bits(bytes: u64) -> u64 {
    bytes.saturating_mul(BITS)
}

/// A rate with its unit, from bytes a second.
pub(crate) fn rate(tr: &Tr, bytes: u64) -> String {
    tr.bit_rate(bits(bytes) as f64)
}

/// A rate with its unit, from bits a second.
pub(super) fn bps(tr: &Tr, bits: u64) -> String {
    tr.bit_rate(bits as f64)
}

/// A volume in a column's unit, exact on hover.
pub(super) fn volume(tr: &Tr, unit: Unit, amount: Amount) -> Html {
    let exact =
        ets_i18n::t::flow_exact_bytes(tr, whole(tr, amount.bytes), whole(tr, amount.packets));
    titled(&exact, &unit.show(tr, amount.bytes))
}

/// A rate in a column's unit, exact on hover; `bits` a second.
pub(super) fn rate_in(tr: &Tr, unit: Unit, bits: u64) -> Html {
    let exact = format!("{}{NBSP}{}", whole(tr, bits), tr.get(key::UNIT_BIT_RATE));
    titled(&exact, &unit.show(tr, bits))
}

/// A live rate in Mbit/s, exact on hover; `bits` a second.
pub(super) fn live(tr: &Tr, bits: u64) -> Html {
    let exact = format!("{}{NBSP}{}", whole(tr, bits), tr.get(key::UNIT_BIT_RATE));
    titled(&exact, &MEGABITS.show_live(tr, bits))
}

/// A whole number.
pub(super) fn whole(tr: &Tr, value: u64) -> String {
    tr.number(i64::try_from(value).unwrap_or(i64::MAX))
}

/// A share of a whole in per cent; nothing of nothing is a dash.
pub(super) fn share(tr: &Tr, part: u64, whole: u64) -> Html {
    if whole == 0 {
        return ets_web::facts::none(tr);
    }
    Html::text(&tr.percent(part as f64 / whole as f64))
}

/// The larger of both ways in bytes.
pub(super) fn larger(amount: Both<Amount>) -> u64 {
    amount.up.bytes.max(amount.down.bytes)
}

fn titled(title: &str, text: &str) -> Html {
    Html::trusted(format!("<span title=\"{}\">{}</span>", escape(title), escape(text)))
}

#[cfg(test)]
mod tests {
    use ets_i18n::{Lang, TimeZone};

    use super::*;

    /// covers: N5.4
    #[test]
    fn a_column_has_one_unit_and_little_is_not_nothing() {
        let tr = Tr::new(Lang::Ru, TimeZone::UTC);
        let unit = Unit::of_volume(1_234_567_890);
        assert_eq!(unit.word(&tr), "ГБ");
        assert_eq!(unit.show(&tr, 1_234_567_890), "1,23");
        assert_eq!(unit.show(&tr, 4_000_000), format!("<{NBSP}0,01"));
        assert_eq!(unit.show(&tr, 0), "0");
        assert_eq!(Unit::of_volume(0).show(&tr, 0), "0");
        assert_eq!(Unit::of_volume(999).show(&tr, 999), "999");
        assert_eq!(MEGABITS.show_live(&tr, bits(1_000_000)), "8,000");
        assert_eq!(MEGABITS.show_live(&tr, 672), "0,001");
        assert_eq!(MEGABITS.show_live(&tr, 123_456_789), "123,5");
    }
}
