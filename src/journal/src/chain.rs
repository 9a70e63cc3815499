//! The hash of an entry: SHA-256 over the hash before it and every field, each with its length, so
//! that no two different entries have the same bytes.

use ets_model::WallTime;
use ets_store::{Row, Type, Value};
use sha2::{Digest as _, Sha256};

/// A hash of the chain.
pub(crate) type Hash = [u8; 32];

/// What the first entry is chained to.
pub(crate) const ORIGIN: Hash = [0; 32];

/// The columns of an entry, in the order in which they are hashed and stored.
pub(crate) const COLUMNS: &str =
    "seq, at, actor, on_behalf, why, from_segment, action, subject_kind, subject_id, detail";

/// An entry in the form in which it is stored and hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) seq: i64,
    pub(crate) at: WallTime,
    pub(crate) actor: String,
    pub(crate) on_behalf: Option<String>,
    pub(crate) why: String,
    pub(crate) from_segment: Option<String>,
    pub(crate) action: String,
    pub(crate) subject_kind: String,
    pub(crate) subject_id: String,
    /// JSON as it was written: parsing and printing it again could change its bytes.
    pub(crate) detail: String,
}

impl Stored {
    pub(crate) fn from_row(row: &Row) -> Result<Self, ets_store::Error> {
        let text = |column| row.text(column).map(str::to_owned);
        let optional = |column| Ok(row.opt_text(column)?.map(str::to_owned));
        Ok(Self {
            seq: row.int("seq")?,
            at: WallTime(row.int("at")?),
            actor: text("actor")?,
            on_behalf: optional("on_behalf")?,
            why: text("why")?,
            from_segment: optional("from_segment")?,
            action: text("action")?,
            subject_kind: text("subject_kind")?,
            subject_id: text("subject_id")?,
            detail: text("detail")?,
        })
    }

    /// The fields in the order of [`COLUMNS`].
    pub(crate) fn values(&self) -> Vec<Value> {
        vec![
            self.seq.into(),
            self.at.0.into(),
            self.actor.as_str().into(),
            self.on_behalf.as_deref().into(),
            self.why.as_str().into(),
            self.from_segment.as_deref().into(),
            self.action.as_str().into(),
            self.subject_kind.as_str().into(),
            self.subject_id.as_str().into(),
            self.detail.as_str().into(),
        ]
    }

    /// The hash of this entry after `before`.
    pub(crate) fn hash(&self, before: &Hash) -> Hash {
        let mut digest = Sha256::new();
        digest.update(b"ets-hub journal 1");
        digest.update(before);
        for value in self.values() {
            match value {
                Value::Int(number) => digest.update(number.to_be_bytes()),
                Value::Null(Type::Text) => digest.update([0]),
                Value::Text(text) => {
                    digest.update([1]);
                    digest.update((text.len() as u64).to_be_bytes());
                    digest.update(text);
                }
                other => unreachable!("an entry has numbers and texts, not {other:?}"),
            }
        }
        digest.finalize().into()
    }
}

/// A stored hash; `None` when it has not the length of one.
pub(crate) fn hash_of(row: &Row) -> Result<Option<Hash>, ets_store::Error> {
    Ok(row.blob("hash")?.try_into().ok())
}
