//! What the database knows of a segment's month and day, kept for a minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ets_model::{Evidence, Fact, IcmpErrorKind, NeighbourState, Outage, SegmentNo, WallTime};
use ets_speed::Measured;
use ets_traffic::{Both, Period, Whose};
use ets_watch::{OutageFilter, OutageRow};
use tokio::sync::OnceCell;

use crate::site::App;

/// How long it is good for.
const GOOD: Duration = Duration::from_secs(60);
/// Outages that are listed, and those that are counted.
pub(crate) const LISTED: usize = 8;
const COUNTED: u32 = 200;
/// Measurements that are looked at for the last one each way.
const MEASURED: u16 = 4;

/// What is known of one segment.
#[derive(Debug, Default)]
pub(crate) struct Month {
    /// The share of the time in which it was up, 0 to 1; none where nothing is known.
    pub(crate) available: Option<f64>,
    /// The outages, newest first, the first [`LISTED`] with their causes; none where they cannot be
    /// read.
    pub(crate) outages: Option<Vec<Out>>,
    /// Bytes since midnight, from the segment and to it; none where nothing is counted.
    pub(crate) today: Option<Both<u64>>,
    /// The last measurements of the channel.
    pub(crate) measured: Vec<Measured>,
}

/// One outage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    pub(crate) began: WallTime,
    pub(crate) ended: Option<WallTime>,
    pub(crate) cause: Cause,
}

/// Why, as far as people at the far end can use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Announced works.
    Planned,
    /// The first stretch from the hub.
    Port,
    /// The segment's router says nothing.
    Router,
    /// A router on the way says that there is no way on.
    Way,
    /// The hub could not send.
    Hub,
    /// Silence.
    Unknown,
}

type Slot = Arc<OnceCell<Arc<Month>>>;

/// Those that are known, each with the moment at which it was asked for.
#[derive(Debug, Default)]
pub(crate) struct Months(Mutex<HashMap<SegmentNo, (WallTime, Slot)>>);

impl Months {
    /// What is known of a segment; at most a minute old, and asked for by one at a time.
    pub(crate) async fn of(&self, app: &App, segment: SegmentNo, now: WallTime) -> Arc<Month> {
        let slot = self.slot(segment, now);
        Arc::clone(slot.get_or_init(|| async { Arc::new(read(app, segment, now).await) }).await)
    }

    fn slot(&self, segment: SegmentNo, now: WallTime) -> Slot {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (asked, slot) = all.entry(segment).or_insert_with(|| (now, Slot::default()));
        // Also when the clock was set back.
        if now.since(*asked) >= GOOD || *asked > now {
            (*asked, *slot) = (now, Slot::default());
        }
        Arc::clone(slot)
    }
}

async fn read(app: &App, segment: SegmentNo, now: WallTime) -> Month {
    let deps = &app.deps;
    let calendar = deps.traffic.calendar();
    let from = calendar.month(now).from;
    let borders = [from, now];
    let days = deps.watch.availability(segment, &borders).await.map_err(told).unwrap_or_default();
    let up: Duration = days.iter().map(|day| day.up).sum();
    let known = up + days.iter().map(|day| day.down).sum::<Duration>();
    let today = Period { from: calendar.day(now).from, to: now };
    let today = deps.traffic.total(Whose::Segment(segment), today).await.map_err(told).ok();
    let measured = deps.speed.last(segment, MEASURED).await.map_err(told).unwrap_or_default();
    Month {
        available: (!known.is_zero()).then(|| up.as_secs_f64() / known.as_secs_f64()),
        outages: outages(app, segment, from).await,
        today: today.map(|total| Both { up: total.amount.up.bytes, down: total.amount.down.bytes }),
        measured,
    }
}

async fn outages(app: &App, segment: SegmentNo, from: WallTime) -> Option<Vec<Out>> {
    let watch = &app.deps.watch;
    let filter = OutageFilter {
        segment: Some(segment),
        from: Some(from),
        limit: COUNTED,
        ..OutageFilter::default()
    };
    let page = watch.outages(&filter).await.map_err(told).ok()?;
    let mut all = Vec::new();
    for row in page.rows {
        // Lists come without evidence.
        let whole = match all.len() < LISTED {
            true => watch.outage(row.outage.id).await.map_err(told).ok().flatten(),
            false => None,
        };
        all.push(Out {
            began: row.outage.began_before,
            ended: row.outage.ended,
            cause: cause(whole.as_ref().unwrap_or(&row)),
        });
    }
    Some(all)
}

/// A page that lacks a figure is better than none.
fn told(error: impl std::fmt::Display) {
    tracing::warn!(%error, "a figure of a segment's own page cannot be read");
}

fn cause(row: &OutageRow) -> Cause {
    if row.maintenance { Cause::Planned } else { seen(&row.outage) }
}

/// In the order in which the administrator's page trusts them.
fn seen(outage: &Outage) -> Cause {
    let has = |is: fn(&Fact) -> bool| outage.evidence.iter().any(|one: &Evidence| is(&one.fact));
    if has(|fact| matches!(fact, Fact::NotSent { .. })) {
        Cause::Hub
    } else if has(|fact| matches!(fact, Fact::Carrier { up: false, .. })) {
        Cause::Port
    } else if has(is_silent) {
        Cause::Router
    } else if has(|fact| matches!(fact, Fact::IcmpError { .. })) {
        Cause::Way
    } else {
        Cause::Unknown
    }
}

fn is_silent(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::IcmpError { kind: IcmpErrorKind::NeighbourSilent, .. }
            | Fact::Neighbour { state: NeighbourState::Failed, .. }
    )
}
