//! Months of the hub's own calendar: in addresses, in words, and the ones beside them.

use ets_i18n::{Key, Tr, key, t};
use ets_traffic::{Handle, Period};
use jiff::Zoned;

use crate::api::month;
use crate::pages::view::View;

const NAMES: [Key; 12] = [
    key::MONTH_NAME_1,
    key::MONTH_NAME_2,
    key::MONTH_NAME_3,
    key::MONTH_NAME_4,
    key::MONTH_NAME_5,
    key::MONTH_NAME_6,
    key::MONTH_NAME_7,
    key::MONTH_NAME_8,
    key::MONTH_NAME_9,
    key::MONTH_NAME_10,
    key::MONTH_NAME_11,
    key::MONTH_NAME_12,
];

/// A month that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Month {
    pub period: Period,
    pub year: i16,
    number: i8,
}

impl Month {
    /// The one in the address, or the one that runs.
    pub(super) fn read(view: &View, traffic: &Handle) -> Self {
        let asked = month(traffic, &view.asked("month"));
        let period = asked.unwrap_or_else(|| traffic.calendar().month(view.ctx.now));
        // The middle of a month is in it whatever the reader's zone.
        let half = period.to.since(period.from) / 2;
        let day: Zoned = view.tr().zoned(period.from.plus(half));
        Self { period, year: day.year(), number: day.month() }
    }

    /// As it stands in an address: `2026-11`.
    pub(super) fn word(self) -> String {
        format!("{}-{:02}", self.year, self.number)
    }

    /// `ноябрь 2026`.
    pub(super) fn name(self, tr: &Tr) -> String {
        t::month_of_year_short(tr, self.month(tr), self.year.to_string())
    }

    /// `ноябрь 2026 года`.
    pub(super) fn full(self, tr: &Tr) -> String {
        t::month_of_year(tr, self.month(tr), self.year.to_string())
    }

    /// The name as a heading begins: `Ноябрь 2026`.
    pub(super) fn title(self, tr: &Tr) -> String {
        let name = self.name(tr);
        let mut letters = name.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect())
            .unwrap_or_default()
    }

    fn month(self, tr: &Tr) -> &'static str {
        let index = usize::try_from(self.number - 1).unwrap_or_default();
        tr.get(NAMES[index.min(11)])
    }

    /// The month before, as it stands in an address.
    pub(super) fn previous(self) -> String {
        let (year, month) =
            if self.number == 1 { (self.year - 1, 12) } else { (self.year, self.number - 1) };
        format!("{year}-{month:02}")
    }

    /// The month after, unless it lies ahead.
    pub(super) fn next(self, view: &View) -> Option<String> {
        let (year, month) =
            if self.number == 12 { (self.year + 1, 1) } else { (self.year, self.number + 1) };
        (self.period.to <= view.ctx.now).then(|| format!("{year}-{month:02}"))
    }

    /// Whether it has not begun.
    pub(super) fn is_ahead(self, view: &View) -> bool {
        self.period.from > view.ctx.now
    }

    /// Whether it is not over.
    pub(super) fn runs(self, view: &View) -> bool {
        self.period.to > view.ctx.now
    }
}
