//! Judges all quotas once a minute, writes down what changed, and has segments shaped.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use ets_journal::{Entry, Subject};
use ets_model::{SegmentNo, WallTime};
use ets_registry::Catalog;
use ets_runtime::Shutdown;
use ets_store::BoxFuture;
use serde_json::json;
use tokio::sync::{Notify, broadcast};

use crate::part::Part;
use crate::quota::{Action, Level, Limit, Quota, Standing, rows};
use crate::sums::Sums;
use crate::{Error, Handle, Period};

/// Judged at the latest after so long, so that a period ends on time without traffic too.
const ROUND: Duration = Duration::from_secs(20);
/// So many notices may wait for a slow reader.
const LAG: usize = 1_024;

/// Makes segments slower and faster again; the hub wires it to the packet filter.
pub trait Shaper: Send + Sync + Debug {
    /// From now on exactly these segments are to be shaped because of a quota, each to so many
    /// kbit/s both ways. Called once after the start, at every change, and again each minute
    /// while it fails.
    fn shape(&self, wanted: BTreeMap<SegmentNo, u64>) -> BoxFuture<'_, Result<(), String>>;
}

/// A segment stands otherwise to a quota than before.
#[derive(Clone, Debug)]
pub struct Notice {
    /// When.
    pub at: WallTime,
    /// Which quota.
    pub quota: Arc<Quota>,
    /// How the segment stands now.
    pub standing: Standing,
    /// Bytes of the period so far; of a rate, bits a second of the last minute.
    pub value: u64,
}

/// What the quotas' handles share.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) notices: broadcast::Sender<Notice>,
    /// The quotas changed.
    pub(crate) changed: Notify,
}

impl Default for Desk {
    fn default() -> Self {
        Self { notices: broadcast::Sender::new(LAG), changed: Notify::new() }
    }
}

/// See the head of the file.
#[derive(Debug)]
pub(crate) struct Keeper {
    handle: Handle,
    shaper: Option<Arc<dyn Shaper>>,
    /// What the shaper took last.
    shaped: Option<BTreeMap<SegmentNo, u64>>,
}

/// A segment and a quota, to be judged.
struct Case<'q> {
    quota: &'q Arc<Quota>,
    segment: SegmentNo,
    before: Option<Standing>,
}

/// What was moved, as far as any quota asks.
#[derive(Default)]
struct Moved {
    day: Option<(Period, Sums)>,
    month: Option<(Period, Sums)>,
    /// The last whole minutes, ascending, with their parts.
    minutes: BTreeMap<i64, Vec<Part>>,
}

impl Keeper {
    pub(crate) fn new(handle: Handle, shaper: Option<Arc<dyn Shaper>>) -> Self {
        Self { handle, shaper, shaped: None }
    }

    /// Has those shaped who were when `serve` ended, so that a restart frees nobody.
    pub(crate) async fn resume(&mut self) -> Result<(), Error> {
        let quotas = rows::list(&self.handle.0.state).await?;
        self.shape(&quotas.into_iter().map(Arc::new).collect::<Vec<_>>()).await
    }

    /// Judges until shutdown.
    pub(crate) async fn run(mut self, shutdown: Shutdown) {
        let mut minutes = self.handle.0.minutes.subscribe();
        let meter = self.handle.0.clone();
        let mut failed = false;
        loop {
            let judged = self.judge().await;
            if let Err(error) = &judged
                && !failed
            {
                tracing::error!(%error, "quotas could not be judged; trying again");
            }
            failed = judged.is_err();
            tokio::select! {
                () = shutdown.requested() => return,
                _ = minutes.changed() => {}
                () = meter.quotas.changed.notified() => {}
                () = tokio::time::sleep(ROUND) => {}
            }
        }
    }

    /// Judges every quota now, once.
    pub(crate) async fn judge(&mut self) -> Result<(), Error> {
        let meter = self.handle.0.clone();
        let quotas: Vec<_> = rows::list(&meter.state).await?.into_iter().map(Arc::new).collect();
        let standings = rows::standings(&meter.state).await?;
        let now = meter.clock.wall();
        let moved = self.moved(&quotas, now).await?;
        let catalog = meter.registry.catalog();
        let notices: Vec<Notice> = cases(&quotas, &standings, &catalog)
            .iter()
            .filter_map(|case| case.judge(&moved, &catalog, now))
            .collect();
        if !notices.is_empty() {
            let changes = notices.iter().map(|one| (one.standing, entry(one, &catalog))).collect();
            rows::write_standings(&meter.state, now, changes).await?;
            for notice in notices {
                // An error means that nobody listens.
                let _ = meter.quotas.notices.send(notice);
            }
        }
        self.shape(&quotas).await
    }

    async fn moved(&self, quotas: &[Arc<Quota>], now: WallTime) -> Result<Moved, Error> {
        let calendar = self.handle.calendar();
        let mut moved = Moved::default();
        if quotas.iter().any(|quota| matches!(quota.limit, Limit::BytesADay(_))) {
            let day = calendar.day(now);
            moved.day = Some((day, self.handle.everybodys_sums(day).await?));
        }
        if quotas.iter().any(|quota| matches!(quota.limit, Limit::BytesAMonth(_))) {
            let month = calendar.month(now);
            moved.month = Some((month, self.handle.everybodys_sums(month).await?));
        }
        let longest = quotas.iter().filter_map(|quota| match quota.limit {
            Limit::Rate { minutes, .. } => Some(i64::from(minutes)),
            _ => None,
        });
        if let Some(longest) = longest.max() {
            let memory = self.handle.0.memory();
            let end = memory.closed_until();
            for minute in end - longest..end {
                moved.minutes.insert(minute, memory.closed_parts(minute));
            }
        }
        Ok(moved)
    }

    /// Has those shaped that a quota wants shaped, if that is not so already.
    async fn shape(&mut self, quotas: &[Arc<Quota>]) -> Result<(), Error> {
        let Some(shaper) = &self.shaper else { return Ok(()) };
        let mut wanted = BTreeMap::new();
        for standing in rows::standings(&self.handle.0.state).await? {
            let quota = quotas.iter().find(|quota| quota.id == standing.quota);
            if let (Some(Action::Shape { kbps }), Level::Reached) =
                (quota.map(|quota| quota.action), standing.level)
            {
                let rate = wanted.entry(standing.segment).or_insert(kbps);
                *rate = kbps.min(*rate);
            }
        }
        if self.shaped.as_ref() != Some(&wanted) {
            match shaper.shape(wanted.clone()).await {
                Ok(()) => self.shaped = Some(wanted),
                Err(problem) => tracing::error!(%problem, "segments could not be shaped"),
            }
        }
        Ok(())
    }
}

fn cases<'q>(quotas: &'q [Arc<Quota>], standings: &[Standing], catalog: &Catalog) -> Vec<Case<'q>> {
    let stands: HashMap<_, _> =
        standings.iter().map(|one| ((one.quota, one.segment), *one)).collect();
    let active: Vec<SegmentNo> = catalog.segments().map(|segment| segment.no).collect();
    let mut cases = Vec::new();
    for quota in quotas {
        let mut whose: BTreeSet<SegmentNo> = match quota.segment {
            Some(segment) => [segment].into(),
            None => active.iter().copied().collect(),
        };
        whose.extend(standings.iter().filter(|one| one.quota == quota.id).map(|one| one.segment));
        cases.extend(whose.into_iter().map(|segment| {
            let before = stands.get(&(quota.id, segment)).copied();
            Case { quota, segment, before }
        }));
    }
    cases
}

impl Case<'_> {
    /// A notice, if the segment stands otherwise than before.
    fn judge(&self, moved: &Moved, catalog: &Catalog, now: WallTime) -> Option<Notice> {
        let before = self.before.map_or(Level::Normal, |before| before.level);
        let (mut level, value, period) = self.level(moved, before)?;
        let meant = self.quota.segment.is_none_or(|segment| segment == self.segment);
        if !meant || !catalog.by_no(self.segment).is_some_and(|segment| segment.is_active()) {
            level = Level::Normal;
        }
        let same_period = self.before.is_none_or(|before| before.period == period);
        if level == before && (same_period || level == Level::Normal) {
            return None;
        }
        let standing =
            Standing { quota: self.quota.id, segment: self.segment, level, since: now, period };
        Some(Notice { at: now, quota: self.quota.clone(), standing, value })
    }

    /// How far it has come, with what, in which period.
    fn level(&self, moved: &Moved, before: Level) -> Option<(Level, u64, WallTime)> {
        let bytes = |sums: &Option<(Period, Sums)>| {
            let (period, sums) = sums.as_ref()?;
            let moved = sums.get(&self.segment.0).map_or(0, |tally| self.quota.way.bytes(tally));
            Some((self.quota.judge_bytes(moved), moved, period.from))
        };
        match self.quota.limit {
            Limit::BytesADay(_) => bytes(&moved.day),
            Limit::BytesAMonth(_) => bytes(&moved.month),
            Limit::Rate { .. } => {
                let minutes: Vec<u64> =
                    moved.minutes.values().map(|parts| self.bytes_in(parts)).collect();
                let level = self.quota.judge_rate(&minutes, before);
                let last = minutes.last().copied().unwrap_or(0);
                Some((level, last.saturating_mul(8) / 60, WallTime(0)))
            }
        }
    }

    fn bytes_in(&self, parts: &[Part]) -> u64 {
        let tallies = parts.iter().filter_map(|part| part.get(self.segment.0));
        tallies.map(|tally| self.quota.way.bytes(&tally)).sum()
    }
}

fn entry(notice: &Notice, catalog: &Catalog) -> Entry {
    let action = match notice.standing.level {
        Level::Normal => "quota.end",
        Level::Warned => "quota.warn",
        Level::Reached => "quota.reach",
    };
    let segment = notice.standing.segment;
    let id = catalog.by_no(segment).map_or_else(|| segment.to_string(), |one| one.id.to_string());
    let detail = json!({
        "quota": notice.quota.id,
        "name": notice.quota.name,
        "limit": notice.quota.limit,
        "way": notice.quota.way,
        "action": notice.quota.action,
        "value": notice.value,
        "period": notice.standing.period,
    });
    Entry::new("system", action, Subject::new("segment", id)).detail(detail)
}
