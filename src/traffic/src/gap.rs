//! Times of which not everything is known, kept and told to the journal, once each.

use ets_journal::{Entry, Subject};
use ets_model::{SegmentNo, WallTime};
use ets_netd_api::{Class, Direction};
use ets_runtime::Clock;
use ets_store::{Row, Store, Tx, values};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::ledger::{Reset, Taken};
use crate::{Amount, Error, Period, key};

/// So many of a gap's counters are kept as examples.
const EXAMPLES: usize = 20;
/// So many gaps are told in one transaction.
const AT_ONCE: i64 = 50;

/// What is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GapKind {
    /// Counters went back within a life: somebody reset them. What passed between the last good
    /// reading and the reset is lost; they are counted from the new value on.
    Reset,
    /// Counters of another life: what passed between the last reading and the end of the former
    /// life is lost.
    Life,
    /// Nobody read the counters. Nothing is lost: what passed is spread over the time and marked.
    Away,
}

impl GapKind {
    /// As it stands in the database and in the journal's action `traffic.…`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Life => "life",
            Self::Away => "away",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        [Self::Reset, Self::Life, Self::Away].into_iter().find(|kind| kind.code() == code)
    }
}

/// A time of which not everything is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Its number; later ones have larger numbers.
    pub id: i64,
    /// What is not known.
    pub kind: GapKind,
    /// The last good reading before.
    pub since: WallTime,
    /// The first reading after.
    pub until: WallTime,
    /// How many counters it is about.
    pub counters: u64,
    /// Some of them.
    pub examples: Vec<Example>,
}

/// A counter of a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Whose.
    pub segment: SegmentNo,
    /// Which class.
    pub class: Class,
    /// Which way.
    pub direction: Direction,
    /// What it had before.
    pub had: Amount,
    /// What it was found with.
    pub found: Amount,
}

/// What is kept of a gap as text.
#[derive(Serialize, Deserialize)]
struct Detail {
    counters: u64,
    examples: Vec<Example>,
}

/// The gaps that a frame shows.
pub(crate) fn of(taken: &Taken) -> Vec<Gap> {
    let gap = |kind, since: i64, counters: usize, resets: &[Reset]| Gap {
        id: 0,
        kind,
        since: WallTime(since),
        until: WallTime(taken.time.to),
        counters: counters as u64,
        examples: resets.iter().take(EXAMPLES).map(Example::of).collect(),
    };
    let mut gaps = Vec::new();
    if let Some(known) = taken.after_life {
        gaps.push(gap(GapKind::Life, known.0, 0, &[]));
    }
    if !taken.resets.is_empty() {
        let from = taken.time.from;
        gaps.push(gap(GapKind::Reset, from, taken.resets.len(), &taken.resets));
    }
    let spread = taken.deltas.iter().filter(|delta| delta.time.minute().is_none());
    if let Some(since) = spread.clone().map(|delta| delta.time.from).min() {
        gaps.push(gap(GapKind::Away, since, spread.count(), &[]));
    }
    gaps
}

impl Example {
    fn of(reset: &Reset) -> Self {
        let (class, direction) = (key::class(reset.key), key::direction(reset.key));
        let Reset { segment, had, found, .. } = *reset;
        Self { segment, class, direction, had, found }
    }
}

impl Gap {
    pub(crate) async fn insert(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let detail = Detail { counters: self.counters, examples: self.examples.clone() };
        let detail = json!(detail).to_string();
        let sql = "INSERT INTO traffic_gap (id, kind, since, until, detail)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING";
        let gap = values![self.id, self.kind.code(), self.since.0, self.until.0, detail];
        tx.execute(sql, &gap).await?;
        Ok(())
    }

    fn read(row: &Row) -> Result<Self, Error> {
        let id = row.int("id")?;
        let what = || Error::Unreadable { what: format!("gap {id}") };
        let detail: Detail = serde_json::from_str(row.text("detail")?).map_err(|_| what())?;
        Ok(Self {
            id,
            kind: GapKind::from_code(row.text("kind")?).ok_or_else(what)?,
            since: WallTime(row.int("since")?),
            until: WallTime(row.int("until")?),
            counters: detail.counters,
            examples: detail.examples,
        })
    }

    fn entry(&self) -> Entry {
        let subject = Subject::new("traffic", "counters");
        let detail = json!({
            "from": self.since,
            "to": self.until,
            "counters": self.counters,
            "examples": self.examples,
        });
        Entry::new("system", format!("traffic.{}", self.kind.code()), subject).detail(detail)
    }
}

/// The gaps that touch a period, oldest first; at most 1,000.
pub(crate) async fn list(store: &Store, period: Period) -> Result<Vec<Gap>, Error> {
    let sql = "SELECT id, kind, since, until, detail FROM traffic_gap
        WHERE until > $1 AND since < $2 ORDER BY id LIMIT 1000";
    let rows = store.query(sql, &values![period.from.0, period.to.0]).await?;
    rows.iter().map(Gap::read).collect()
}

/// Tells the journal the gaps that it does not know. The place is kept beside the journal, in one
/// transaction with its entries. Answers whether there were any.
pub(crate) async fn tell(series: &Store, state: &Store, clock: &Clock) -> Result<bool, Error> {
    let sql = "SELECT gap FROM traffic_told WHERE one = 1";
    let told = state.query_one(sql, &[]).await?.int("gap")?;
    let sql = "SELECT id, kind, since, until, detail FROM traffic_gap
        WHERE id > $1 ORDER BY id LIMIT $2";
    let rows = series.query(sql, &values![told, AT_ONCE]).await?;
    let gaps: Vec<Gap> = rows.iter().map(Gap::read).collect::<Result<_, _>>()?;
    let Some(last) = gaps.last().map(|gap| gap.id) else { return Ok(false) };
    let now = clock.wall();
    state
        .write::<_, Error, _>(move |tx| {
            Box::pin(async move {
                for gap in &gaps {
                    ets_journal::append(tx, now, gap.entry()).await?;
                }
                tx.execute("UPDATE traffic_told SET gap = $1 WHERE one = 1", &values![last])
                    .await?;
                Ok(())
            })
        })
        .await?;
    Ok(true)
}
