//! The sparklines of the overview: one point a minute for each segment.

use std::sync::Arc;
use std::time::Duration;

use ets_model::{SegmentNo, WallTime};
use ets_runtime::Shutdown;
use ets_series::{Minute, Recorder, Second};

use crate::shared::Shared;
use crate::{Spark, SparkPoint};

const MINUTE: Duration = Duration::from_secs(60);
/// Points of a sparkline.
const POINTS: usize = 60;
/// The last ends of a minute's probes come this much after it.
const LATE: Duration = Duration::from_millis(3_500);

/// Draws a point a minute until shutdown.
pub(crate) async fn run(shared: Arc<Shared>, series: Recorder, shutdown: Shutdown) {
    let begun = shared.clock.wall();
    tokio::select! {
        () = shutdown.requested() => return,
        () = tokio::time::sleep(Duration::from_secs(3)) => {}
    }
    tokio::select! {
        () = shutdown.requested() => return,
        () = fill(&shared, &series, begun) => {}
    }
    loop {
        let now = shared.clock.wall();
        let minute = floor(now.minus(LATE));
        let due = minute.plus(MINUTE).plus(LATE).since(now);
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(due.max(Duration::from_millis(100))) => {}
        }
        draw(&shared, &series, minute).await;
    }
}

/// The hour before the start, as far as it is known.
async fn fill(shared: &Shared, series: &Recorder, begun: WallTime) {
    let to = floor(begun);
    let from = to.minus(MINUTE * 60);
    let known = match series.minutes(from, to).await {
        Ok(known) => known,
        Err(error) => {
            tracing::warn!(%error, "the sparklines begin empty");
            return;
        }
    };
    let sparks = known.into_iter().map(|(no, minutes)| (no, Arc::new(past(&minutes, to))));
    let sparks: Vec<_> = sparks.collect();
    shared.quietly(|picture| sparks.into_iter().for_each(|(no, spark)| picture.spark(no, spark)));
}

/// The sparkline up to `to`, from the minutes that have anything.
fn past(minutes: &[Minute], to: WallTime) -> Spark {
    let newest = to.minus(MINUTE);
    let first = minutes.first().map_or(to, |minute| minute.at);
    let count = usize::try_from(to.since(first).as_secs() / 60).unwrap_or(0).min(POINTS);
    let mut points = vec![SparkPoint::default(); count];
    for minute in minutes {
        let back = usize::try_from(newest.since(minute.at).as_secs() / 60).unwrap_or(POINTS);
        if let Some(at) = count.checked_sub(back + 1) {
            points[at] = SparkPoint {
                rtt_us: minute.p50_us,
                sent: u16::try_from(minute.sent).unwrap_or(u16::MAX),
                lost: u16::try_from(minute.lost).unwrap_or(u16::MAX),
            };
        }
    }
    Spark { newest, points }
}

/// Adds the point of `minute` to every sparkline.
async fn draw(shared: &Arc<Shared>, series: &Recorder, minute: WallTime) {
    let (shared, series) = (shared.clone(), series.clone());
    let drawn = tokio::task::spawn_blocking(move || {
        let sparks = shared.quietly(|picture| picture.sparks());
        let next = sparks.into_iter().map(|(no, spark)| (no, after(&spark, minute, &series, no)));
        let next: Vec<_> = next.collect();
        shared.quietly(|picture| next.into_iter().for_each(|(no, spark)| picture.spark(no, spark)));
    });
    if drawn.await.is_err() {
        tracing::error!("a sparkline could not be drawn");
    }
}

fn after(spark: &Spark, minute: WallTime, series: &Recorder, no: SegmentNo) -> Arc<Spark> {
    if spark.newest >= minute && !spark.points.is_empty() {
        return Arc::new(spark.clone());
    }
    let gap = minute.since(spark.newest).as_secs() / 60;
    let missing = if spark.points.is_empty() { 0 } else { gap.saturating_sub(1) };
    let missing = usize::try_from(missing).unwrap_or(POINTS).min(POINTS);
    let old = (spark.points.len() + missing + 1).saturating_sub(POINTS).min(spark.points.len());
    let mut points = Vec::with_capacity(POINTS);
    points.extend_from_slice(&spark.points[old..]);
    points.extend(std::iter::repeat_n(SparkPoint::default(), missing.min(POINTS - 1)));
    points.push(point(&series.recent(no, minute.plus(MINUTE).minus(Duration::from_micros(1)), 60)));
    Arc::new(Spark { newest: minute, points })
}

fn point(seconds: &[Second]) -> SparkPoint {
    let mut rtts: Vec<_> = seconds.iter().filter_map(|second| second.rtt).collect();
    rtts.sort_unstable();
    let sum = |of: fn(&Second) -> u8| seconds.iter().map(|second| u16::from(of(second))).sum();
    SparkPoint {
        rtt_us: rtts.get(rtts.len() / 2).map_or(0, |rtt| micros(*rtt)),
        sent: sum(|second| second.sent),
        lost: sum(|second| second.lost),
    }
}

fn micros(rtt: Duration) -> u32 {
    u32::try_from(rtt.as_micros()).unwrap_or(u32::MAX)
}

fn floor(at: WallTime) -> WallTime {
    WallTime(at.0 - at.0.rem_euclid(60_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(at: i64, sent: u32) -> Minute {
        Minute { at: WallTime(at * 60_000_000), sent, lost: 1, p50_us: 3_000 }
    }

    #[test]
    fn a_sparkline_from_disk_has_a_point_a_minute_and_gaps_where_nothing_is_known() {
        let spark = past(&[minute(10, 60), minute(12, 59)], WallTime(15 * 60_000_000));
        let sent: Vec<_> = spark.points.iter().map(|point| point.sent).collect();
        assert_eq!(sent, [60, 0, 59, 0, 0]);
        assert_eq!(spark.newest, WallTime(14 * 60_000_000));
        assert!(past(&[], WallTime(0)).points.is_empty());
        assert_eq!(past(&[minute(10, 60)], WallTime(200 * 60_000_000)).points.len(), 60);
    }
}
