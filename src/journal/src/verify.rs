//! Proving that nobody changed the past.
//!
//! Each entry's hash covers the entry before it, so whoever changes one must recompute all that
//! follow, up to the head. That shows as soon as any later hash was seen elsewhere: an [`Anchor`],
//! written down on paper or in another log, is compared as well.

use ets_store::{Store, Tx, values};

use crate::Error;
use crate::chain::{COLUMNS, Hash, ORIGIN, Stored, hash_of};

/// Entries read at a time.
const STRIDE: usize = 1_000;

/// A number and its hash as they were seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The entry.
    pub seq: i64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// What the proof came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How many entries were found sound, from the first on.
    pub sound: i64,
    /// The last sound entry: to be kept elsewhere as an anchor. `None` in an empty journal.
    pub last: Option<Anchor>,
    /// The first that is not.
    pub broken: Option<Broken>,
}

/// Where the chain breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The entry's number.
    pub seq: i64,
    /// How.
    pub fault: Fault,
}

/// How the chain breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The entry is not there.
    Missing,
    /// The entry is not what was written.
    Changed,
    /// The entries end before or after what the head says.
    Head,
    /// The chain is whole but not the one that the anchor was taken from.
    Anchor,
}

/// Walks the whole chain and names the first broken entry.
///
/// # Errors
/// The database's.
pub async fn verify(store: &Store) -> Result<Verdict, Error> {
    verify_against(store, &[]).await
}

/// The same, and compares with what was seen before.
///
/// # Errors
/// The database's.
pub async fn verify_against(store: &Store, anchors: &[Anchor]) -> Result<Verdict, Error> {
    let anchors = anchors.to_vec();
    store.read(|tx| Box::pin(async move { walk(tx, &anchors).await })).await
}

async fn walk(tx: &mut Tx<'_>, anchors: &[Anchor]) -> Result<Verdict, Error> {
    let mut chain = Chain { seq: 0, hash: ORIGIN };
    let sql = format!(
        "SELECT {COLUMNS}, hash FROM journal_entry WHERE seq > $1 ORDER BY seq LIMIT {STRIDE}"
    );
    loop {
        let rows = tx.query(&sql, &values![chain.seq]).await?;
        for row in &rows {
            let found = hash_of(row)?;
            if let Err(broken) = chain.follow(&Stored::from_row(row)?, found, anchors) {
                return Ok(chain.verdict(Some(broken)));
            }
        }
        if rows.len() < STRIDE {
            break;
        }
    }
    let broken = chain.end(tx, anchors).await?;
    Ok(chain.verdict(broken))
}

/// How far the walk has come.
struct Chain {
    seq: i64,
    hash: Hash,
}

impl Chain {
    fn follow(
        &mut self,
        entry: &Stored,
        found: Option<Hash>,
        anchors: &[Anchor],
    ) -> Result<(), Broken> {
        let seq = self.seq + 1;
        if entry.seq != seq {
            return Err(Broken { seq, fault: Fault::Missing });
        }
        let hash = entry.hash(&self.hash);
        if found != Some(hash) {
            return Err(Broken { seq, fault: Fault::Changed });
        }
        if anchors.iter().any(|anchor| anchor.seq == seq && anchor.hash != hash) {
            return Err(Broken { seq, fault: Fault::Anchor });
        }
        *self = Self { seq, hash };
        Ok(())
    }

    /// The head and the anchors must not know of more than there is.
    async fn end(&self, tx: &mut Tx<'_>, anchors: &[Anchor]) -> Result<Option<Broken>, Error> {
        let head =
            tx.query_optional("SELECT seq, hash FROM journal_head WHERE id = 1", &[]).await?;
        let next = self.seq + 1;
        let Some(head) = head else { return Ok(Some(Broken { seq: next, fault: Fault::Head })) };
        let known = anchors.iter().map(|anchor| anchor.seq).max().unwrap_or(0);
        if head.int("seq")?.max(known) > self.seq {
            return Ok(Some(Broken { seq: next, fault: Fault::Missing }));
        }
        let agrees = head.int("seq")? == self.seq && hash_of(&head)? == Some(self.hash);
        Ok((!agrees).then_some(Broken { seq: self.seq, fault: Fault::Head }))
    }

    fn verdict(&self, broken: Option<Broken>) -> Verdict {
        let last = (self.seq > 0).then_some(Anchor { seq: self.seq, hash: self.hash });
        Verdict { sound: self.seq, last, broken }
    }
}
