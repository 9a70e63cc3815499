//! The versions, newest first, a page at a time.

use ets_store::{Store, values};
use serde::Serialize;

use crate::rows::{self, int};
use crate::{Error, Version};

/// Which page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Versions with a smaller number than this; `None` begins with the newest.
    pub before: Option<u64>,
    /// At most so many, 1 to 500.
    pub limit: u32,
}

impl Default for Page {
    fn default() -> Self {
        Self { before: None, limit: 50 }
    }
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// Newest first.
    pub versions: Vec<Version>,
    /// [`Page::before`] of the next page; `None` on the last.
    pub next: Option<u64>,
}

pub(crate) async fn list(store: &Store, page: Page) -> Result<Listing, Error> {
    let limit = page.limit.clamp(1, 500) as usize;
    let before = int(page.before.unwrap_or(u64::MAX));
    let clause = format!("WHERE no < $1 ORDER BY no DESC LIMIT {}", limit + 1);
    let found = rows::versions(store, &clause, &values![before]).await?;
    let more = found.len() > limit;
    let versions: Vec<_> = found.into_iter().take(limit).map(|kept| kept.version).collect();
    let next = versions.last().filter(|_| more).map(|version| version.no);
    Ok(Listing { versions, next })
}
