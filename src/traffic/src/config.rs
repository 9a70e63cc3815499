//! How much is kept.

use std::time::Duration;

/// How much is kept, and where recording stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Bytes for the seconds in memory. A counter that moved in a second takes about 6 bytes, so
    /// the window is an hour for 49 segments in 4 MB, and shorter for 10,000 busy ones.
    pub seconds_budget: u64,
    /// The longest window of seconds.
    pub seconds_kept: Duration,
    /// How long minutes are kept.
    pub minutes_kept: Duration,
    /// How long hours, days and months are kept.
    pub hours_kept: Duration,
    /// Recording stops while the disk has less than so many free bytes: what is left belongs to
    /// `state.db`.
    pub min_free: u64,
    /// How many minutes wait in memory while nothing can be written; above that the oldest are
    /// put together, so that no byte is lost.
    pub waiting_minutes: usize,
    /// The hub's time zone (IANA): days and months of reports and quotas are its own.
    pub time_zone: String,
}

impl Default for Config {
    fn default() -> Self {
        let day = Duration::from_secs(86_400);
        Self {
            seconds_budget: 128 << 20,
            seconds_kept: Duration::from_secs(3_600),
            minutes_kept: day * 90,
            hours_kept: day * (5 * 365 + 1),
            min_free: 256 << 20,
            waiting_minutes: 60,
            time_zone: "Asia/Almaty".to_owned(),
        }
    }
}
