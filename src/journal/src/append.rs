//! Adding an entry.

use ets_model::WallTime;
use ets_store::Tx;

use crate::{Entry, Error, Recorded};

/// Adds an entry in the caller's transaction: it stands if and only if what it tells of does.
///
/// # Errors
/// The database's, or [`Error::NoHead`].
#[allow(clippy::unused_async)]
pub async fn append(tx: &mut Tx<'_>, at: WallTime, entry: Entry) -> Result<Recorded, Error> {
    let _ = (tx, at, entry);
    Err(Error::NoHead)
}
