//! The answers of a quota's form as a quota, with everything that is wrong said at once.

use std::collections::BTreeMap;

use ets_i18n::t;
use ets_traffic::{Action, Limit, Quota, Way};

use super::quota_form::{GIGA, MEGA};
use crate::pages::view::View;

pub(super) use super::super::answers::Answers;
/// What is wrong, by the name of the field.
pub(super) type Faults = BTreeMap<&'static str, String>;

/// Reads the answers; `known` is the quota that is changed.
pub(super) fn read(view: &View, known: Option<&Quota>, answers: &Answers) -> Result<Quota, Faults> {
    let mut reading = Reading { view, answers, faults: Faults::new() };
    let name = reading.name();
    let segment = reading.segment();
    let limit = reading.limit();
    let warn = reading.whole("warn", 1, 100);
    let action = reading.action();
    let way = match reading.given("way") {
        "up" => Way::Up,
        "down" => Way::Down,
        _ => Way::Sum,
    };
    if !reading.faults.is_empty() {
        return Err(reading.faults);
    }
    let seen = answers.get("version").and_then(|text| text.parse().ok());
    Ok(Quota {
        id: known.map_or(0, |one| one.id),
        name,
        segment,
        limit,
        way,
        warn_percent: u8::try_from(warn).unwrap_or(80),
        action,
        version: seen.unwrap_or(known.map_or(0, |one| one.version)),
    })
}

struct Reading<'a> {
    view: &'a View,
    answers: &'a Answers,
    faults: Faults,
}

impl Reading<'_> {
    fn given(&self, name: &str) -> &str {
        super::super::answers::given(self.answers, name)
    }

    fn name(&mut self) -> String {
        let name = self.given("name").to_owned();
        if name.is_empty() {
            self.faults.insert("name", t::quota_need(self.view.tr()).to_owned());
        }
        name.chars().take(200).collect()
    }

    fn segment(&mut self) -> Option<ets_model::SegmentNo> {
        let id = self.given("segment");
        if id.is_empty() {
            return None;
        }
        let found = self.view.catalog.segment(id).map(|segment| segment.no);
        if found.is_none() {
            self.faults.insert("segment", t::quota_no_segment(self.view.tr()).to_owned());
        }
        found
    }

    fn limit(&mut self) -> Limit {
        match self.given("kind") {
            "rate" => {
                let bps = self.amount("rate", MEGA);
                let minutes = self.whole("minutes", 1, 60);
                Limit::Rate { bps, minutes: u8::try_from(minutes).unwrap_or(1) }
            }
            "day" => Limit::BytesADay(self.amount("bytes", GIGA)),
            _ => Limit::BytesAMonth(self.amount("bytes", GIGA)),
        }
    }

    fn action(&mut self) -> Action {
        if self.given("action") != "shape" {
            return Action::Notice;
        }
        Action::Shape { kbps: self.whole("kbps", 64, 100_000_000) }
    }

    /// A number above zero in a large unit.
    fn amount(&mut self, field: &'static str, unit: f64) -> u64 {
        let tr = self.view.tr();
        let text = self.given(field);
        let fault = match number(text) {
            _ if text.is_empty() => t::quota_need(tr),
            Some(value) if value * unit >= 1.0 && value * unit < 1e18 => {
                return (value * unit).round() as u64;
            }
            _ => t::quota_not_number(tr),
        };
        self.faults.insert(field, fault.to_owned());
        0
    }

    fn whole(&mut self, field: &'static str, from: u64, to: u64) -> u64 {
        let tr = self.view.tr();
        let read = self.given(field).parse::<u64>().ok();
        let Some(value) = read.filter(|value| (from..=to).contains(value)) else {
            self.faults.insert(field, t::quota_range(tr, from, to));
            return from;
        };
        value
    }
}

/// A number as people write it: with a comma or a point, with spaces between thousands.
fn number(text: &str) -> Option<f64> {
    let plain: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| if c == ',' { '.' } else { c })
        .collect();
    plain.parse::<f64>().ok().filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::number;

    /// covers: N5.4
    #[test]
    fn a_number_is_read_as_people_write_it() {
        assert_eq!(number("1\u{a0}500,5"), Some(1_500.5));
        assert_eq!(number("0.25"), Some(0.25));
        assert_eq!(number("inf"), None);
        assert_eq!(number("много"), None);
    }
}
