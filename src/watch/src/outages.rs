//! Questions about outages and availability.

use std::time::Duration;

use ets_model::{Outage, OutageId, SegmentNo, WallTime};

/// An outage as a line of a list; the evidence comes with [`crate::Handle::outage`] alone.
#[derive(Clone, Debug, PartialEq)]
pub struct OutageRow {
    /// The outage, without its evidence in lists.
    pub outage: Outage,
    /// The trunk, where the hub's own is out; empty otherwise.
    pub trunk: String,
    /// Whether it began or went on under maintenance.
    pub maintenance: bool,
}

/// Open ones, closed ones or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Both.
    #[default]
    Any,
    /// Not over.
    Open,
    /// Over.
    Closed,
}

/// Which outages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutageFilter {
    /// Open, closed or both.
    pub phase: Phase,
    /// Of one segment.
    pub segment: Option<SegmentNo>,
    /// That did not end before this moment.
    pub from: Option<WallTime>,
    /// That began before this moment.
    pub to: Option<WallTime>,
    /// After this place: [`Page::next`] of the page before.
    pub after: Option<PageKey>,
    /// At most this many; 0 means 50, more than 1,000 means 1,000.
    pub limit: u32,
}

/// A place in the list (newest first): began, number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageKey {
    /// When the outage began.
    pub began: WallTime,
    /// Its number.
    pub id: OutageId,
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The lines.
    pub rows: Vec<T>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<PageKey>,
}

/// One stretch of an availability strip, usually a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// Its beginning.
    pub from: WallTime,
    /// Its end; for the current one, now.
    pub to: WallTime,
    /// How long the segment was up in it.
    pub up: Duration,
    /// How long it was down.
    pub down: Duration,
    /// How long nothing was known.
    pub unknown: Duration,
    /// How many outages began in it.
    pub outages: u32,
}

impl std::fmt::Display for PageKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.began, self.id)
    }
}

impl std::str::FromStr for PageKey {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (began, id) = text.split_once('-').ok_or(())?;
        Ok(Self {
            began: WallTime(began.parse().map_err(|_| ())?),
            id: OutageId(id.parse().map_err(|_| ())?),
        })
    }
}
