//! The longest lists of who went where.

use ets_model::{SegmentNo, WallTime};
use ets_store::{Row, Store, Value, values};

use super::ALLOWED;
use crate::Error;

const HOUR: i64 = 3_600_000_000;

/// What lines are put together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Segments.
    Segment,
    /// Persons, where certificates name them.
    Person,
    /// Hosts as they were asked for.
    Domain,
    /// Rules and limits.
    Rule,
}

/// Which lines are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// From the hour that holds this moment.
    pub from: WallTime,
    /// To the hour that holds this moment, which is in it.
    pub until: WallTime,
    /// Put together by.
    pub by: By,
    /// Of this segment alone.
    pub segment: Option<SegmentNo>,
    /// Refusals instead of what passed.
    pub refused: bool,
    /// At most so many; 1 at least.
    pub most: u16,
}

/// One line: what, and how much of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The segment; in a list by segment alone.
    pub segment: Option<SegmentNo>,
    /// The person, host or rule; empty where none is known.
    pub name: String,
    /// Connections that ended, or asks that were refused.
    pub tunnels: u64,
    /// Bytes from the segments.
    pub up: u64,
    /// Bytes to them.
    pub down: u64,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Report {
    /// The first moment that it tells of.
    pub from: WallTime,
    /// The first moment after.
    pub until: WallTime,
    /// The largest first.
    pub lines: Vec<Line>,
    /// All of them, those that are not in the list too.
    pub total: Line,
}

impl By {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Segment, Self::Domain, Self::Person, Self::Rule];

    /// By its name in the API.
    pub fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.name() == text)
    }

    /// Its name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Person => "person",
            Self::Domain => "domain",
            Self::Rule => "rule",
        }
    }

    /// Whether it tells of people what is nobody's business but theirs who answer for it.
    pub fn is_personal(self) -> bool {
        matches!(self, Self::Person | Self::Domain)
    }

    fn column(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Person => "person",
            Self::Domain => "host",
            Self::Rule => "rule",
        }
    }
}

/// Asks the table.
pub(crate) async fn report(store: &Store, asked: &Question) -> Result<Report, Error> {
    let hours = (asked.from.0.div_euclid(HOUR), asked.until.0.div_euclid(HOUR) + 1);
    let (sign, column) = (if asked.refused { "<>" } else { "=" }, asked.by.column());
    let mut cells: Vec<Value> = values![hours.0, hours.1, ALLOWED.to_owned()].into();
    let mut filter = format!("hour >= $1 AND hour < $2 AND verdict {sign} $3");
    if let Some(segment) = asked.segment {
        cells.extend(values![i64::from(segment.0)]);
        filter += " AND segment = $4";
    }
    // With the sums of all groups in each row (a window over them), so that the table is read once.
    let sums = ["tunnels", "up", "down"].map(|of| {
        format!(
            "CAST(SUM({of}) AS BIGINT) AS {of}, CAST(SUM(SUM({of})) OVER () AS BIGINT) AS all_{of}"
        )
    });
    let sql = format!(
        "SELECT {column} AS what, {} FROM gateway_use WHERE {filter} GROUP BY {column}
         ORDER BY SUM(up) + SUM(down) DESC, SUM(tunnels) DESC, {column} LIMIT {}",
        sums.join(", "),
        asked.most.max(1)
    );
    let rows = store.query(&sql, &cells).await?;
    let line = |row: &Row| {
        let sums = sums_of(row, "")?;
        Ok::<_, Error>(match asked.by {
            By::Segment => Line { segment: Some(SegmentNo(row.number("what")?)), ..sums },
            _ => Line { name: row.text("what")?.to_owned(), ..sums },
        })
    };
    let lines = rows.iter().map(line).collect::<Result<_, _>>()?;
    let total = rows.first().map(|row| sums_of(row, "all_")).transpose()?.unwrap_or_default();
    let (from, until) = (WallTime(hours.0 * HOUR), WallTime(hours.1 * HOUR));
    Ok(Report { from, until, lines, total })
}

fn sums_of(row: &Row, prefix: &str) -> Result<Line, Error> {
    let number = |name: &str| row.number(&format!("{prefix}{name}"));
    let (tunnels, up, down) = (number("tunnels")?, number("up")?, number("down")?);
    Ok(Line { tunnels, up, down, ..Line::default() })
}
