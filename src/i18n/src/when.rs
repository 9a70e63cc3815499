//! Moments: clock times, dates and both, in the zone of the reader.

use ets_model::WallTime;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::{Error, Lang, NBSP, Tr, key};

/// The time zone of this name (IANA), from the database built into the program.
pub fn zone(name: &str) -> Result<TimeZone, Error> {
    TimeZone::get(name).map_err(|_| Error::UnknownZone(name.to_owned()))
}

const MONTHS: [crate::Key; 12] = [
    key::MONTH_OF_1,
    key::MONTH_OF_2,
    key::MONTH_OF_3,
    key::MONTH_OF_4,
    key::MONTH_OF_5,
    key::MONTH_OF_6,
    key::MONTH_OF_7,
    key::MONTH_OF_8,
    key::MONTH_OF_9,
    key::MONTH_OF_10,
    key::MONTH_OF_11,
    key::MONTH_OF_12,
];

impl Tr {
    /// The moment on the calendar and clock of the reader.
    #[must_use]
    pub fn zoned(&self, moment: WallTime) -> Zoned {
        let stamp = Timestamp::from_microsecond(moment.0).unwrap_or(Timestamp::UNIX_EPOCH);
        stamp.to_zoned(self.zone().clone())
    }

    /// The time of day: `14:32:07`.
    #[must_use]
    pub fn time(&self, moment: WallTime) -> String {
        self.zoned(moment).strftime("%H:%M:%S").to_string()
    }

    /// The time of day without seconds: `14:32`.
    #[must_use]
    pub fn short_time(&self, moment: WallTime) -> String {
        self.zoned(moment).strftime("%H:%M").to_string()
    }

    /// The time of day with milliseconds: `14:32:07,214`.
    #[must_use]
    pub fn exact_time(&self, moment: WallTime) -> String {
        let zoned = self.zoned(moment);
        let mark = if self.lang() == Lang::En { '.' } else { ',' };
        format!("{}{mark}{:03}", zoned.strftime("%H:%M:%S"), zoned.millisecond())
    }

    /// The day, with the year where it is not the one of `now`: `8 декабря`, `8 декабря 2025`.
    #[must_use]
    pub fn date(&self, moment: WallTime, now: WallTime) -> String {
        let day = self.zoned(moment).date();
        if day.year() == self.zoned(now).date().year() { self.day(day) } else { self.full_day(day) }
    }

    /// The day with its year: `8 декабря 2025`.
    #[must_use]
    pub fn full_date(&self, moment: WallTime) -> String {
        self.full_day(self.zoned(moment).date())
    }

    /// What a person needs to place the moment: the time alone if it is today, the day and the
    /// time else: `14:32:07`, `20 ноября, 14:32`.
    #[must_use]
    pub fn moment(&self, moment: WallTime, now: WallTime) -> String {
        if self.zoned(moment).date() == self.zoned(now).date() {
            return self.time(moment);
        }
        format!("{}, {}", self.date(moment, now), self.short_time(moment))
    }

    /// The exact moment, for hovering and print: `20 ноября 2026, 14:32:07 +05`.
    #[must_use]
    pub fn exact(&self, moment: WallTime) -> String {
        let zoned = self.zoned(moment);
        let offset = zoned.strftime("%:::z");
        format!("{}, {} {offset}", self.full_day(zoned.date()), zoned.strftime("%H:%M:%S"))
    }

    /// The moment for machines (RFC 3339, whole seconds, UTC), for `<time datetime>`.
    #[must_use]
    pub fn machine(&self, moment: WallTime) -> String {
        let stamp = Timestamp::from_second(moment.0.div_euclid(1_000_000));
        stamp.unwrap_or(Timestamp::UNIX_EPOCH).to_string()
    }

    /// A calendar day: `8 декабря`, `8 December`, `8 желтоқсан`.
    #[must_use]
    pub fn day(&self, day: Date) -> String {
        format!("{}{NBSP}{}", day.day(), self.month_of(day.month()))
    }

    /// A calendar day with its year: `8 декабря 2026`, `2026 жылғы 8 желтоқсан`.
    #[must_use]
    pub fn full_day(&self, day: Date) -> String {
        match self.lang() {
            Lang::Kk => format!("{}{NBSP}жылғы {}", day.year(), self.day(day)),
            Lang::Ru | Lang::En => format!("{} {}", self.day(day), day.year()),
        }
    }

    fn month_of(&self, month: i8) -> &'static str {
        let index = usize::try_from(month - 1).unwrap_or_default();
        self.get(MONTHS[index.min(11)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22T09:32:07.214Z.
    const NOON: WallTime = WallTime(1_795_339_927_214_000);

    fn tr(lang: Lang) -> Tr {
        Tr::new(lang, zone("Asia/Almaty").unwrap())
    }

    #[test]
    fn moments_stand_in_the_zone_of_the_reader() {
        let tr = tr(Lang::Ru);
        assert_eq!(tr.time(NOON), "14:32:07");
        assert_eq!(tr.exact_time(NOON), "14:32:07,214");
        assert_eq!(tr.exact(NOON).replace(NBSP, " "), "22 ноября 2026, 14:32:07 +05");
        assert_eq!(tr.machine(NOON), "2026-11-22T09:32:07Z");
    }

    #[test]
    fn a_moment_of_another_day_carries_its_date_and_of_another_year_its_year() {
        let day = 86_400_000_000;
        let earlier = WallTime(NOON.0 - 2 * day);
        let long_ago = WallTime(NOON.0 - 400 * day);
        let russian = tr(Lang::Ru);
        assert_eq!(russian.moment(NOON, NOON), "14:32:07");
        assert_eq!(russian.moment(earlier, NOON).replace(NBSP, " "), "20 ноября, 14:32");
        assert_eq!(russian.date(long_ago, NOON).replace(NBSP, " "), "18 октября 2025");
        let kazakh = tr(Lang::Kk);
        assert_eq!(kazakh.full_date(NOON).replace(NBSP, " "), "2026 жылғы 22 қараша");
    }

    #[test]
    fn an_unknown_zone_is_refused_by_name() {
        let error = zone("Asia/Atlantis").unwrap_err();
        assert!(error.to_string().contains("Asia/Atlantis"));
    }
}
