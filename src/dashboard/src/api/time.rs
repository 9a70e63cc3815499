//! Moments in the API: RFC 3339 in UTC with microseconds.

use ets_model::WallTime;
use jiff::Timestamp;
use serde_json::Value;

/// `2026-11-22T09:32:07.214000Z`.
pub(crate) fn rfc3339(moment: WallTime) -> String {
    let stamp = Timestamp::from_microsecond(moment.0).unwrap_or(Timestamp::UNIX_EPOCH);
    stamp.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// The moment as a JSON value; null where there is none.
pub(crate) fn moment(moment: Option<WallTime>) -> Value {
    moment.map_or(Value::Null, |moment| rfc3339(moment).into())
}

/// Reads RFC 3339 with any offset, or whole microseconds since the epoch.
pub(crate) fn parse(text: &str) -> Option<WallTime> {
    if let Ok(micros) = text.parse() {
        return Some(WallTime(micros));
    }
    let stamp: Timestamp = text.parse().ok()?;
    Some(WallTime(stamp.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_comes_back_from_its_text() {
        let noon = WallTime(1_795_339_927_214_000);
        assert_eq!(rfc3339(noon), "2026-11-22T09:32:07.214000Z");
        assert_eq!(parse(&rfc3339(noon)), Some(noon));
        assert_eq!(parse("2026-11-22T14:32:07.214+05:00"), Some(noon));
        assert_eq!(parse("1795339927214000"), Some(noon));
        assert_eq!(parse("yesterday"), None);
    }
}
