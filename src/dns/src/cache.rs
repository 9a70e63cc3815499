//! What servers outside said, for as long as they said, and for a day longer in case they are gone
//! (RFC 2308, RFC 8767).

use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::proto::serialize::binary::BinEncodable;
use moka::sync::Cache as Moka;
use tokio::time::Instant;

/// Bytes of all answers together.
const MOST_BYTES: u64 = 32 << 20;
/// An answer is asked for again after a day, whatever it says; that there is none, after an hour.
const LONGEST: u32 = 86_400;
const LONGEST_NONE: u32 = 3_600;
/// How long after its time an answer may still be given (RFC 8767, section 5: one to three days).
const STALE: Duration = Duration::from_secs(86_400);
/// The time of an answer that is given then (RFC 8767, section 4).
const STALE_TTL: u32 = 30;

/// What is asked for: in lower case.
pub(crate) type Key = (Name, RecordType);

/// An answer.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) code: ResponseCode,
    pub(crate) answers: Vec<Record>,
    pub(crate) authorities: Vec<Record>,
    at: Instant,
    ttl: u32,
}

impl Kept {
    /// An answer of now. Its time is the shortest one of its records; that of an answer without
    /// records is told by its zone (RFC 2308, section 5).
    pub(crate) fn new(code: ResponseCode, answers: Vec<Record>, authorities: Vec<Record>) -> Self {
        let shortest = answers.iter().map(|record| record.ttl).min();
        let ttl = match shortest {
            Some(ttl) => ttl.min(LONGEST),
            None => none_ttl(&authorities).min(LONGEST_NONE),
        };
        Self { code, answers, authorities, at: Instant::now(), ttl }
    }

    /// Whether its time is not over.
    pub(crate) fn is_fresh(&self) -> bool {
        self.at.elapsed().as_secs() < u64::from(self.ttl)
    }

    /// Whether it may be given when nobody outside answers.
    pub(crate) fn may_be_stale(&self) -> bool {
        self.at.elapsed() <= Duration::from_secs(u64::from(self.ttl)) + STALE
    }

    /// Its records, with the time that is left of each, or the one of answers that are too old.
    pub(crate) fn records(&self, is_stale: bool) -> (Vec<Record>, Vec<Record>) {
        let age = u32::try_from(self.at.elapsed().as_secs()).unwrap_or(u32::MAX);
        let left = |record: &Record| {
            let mut record = record.clone();
            let ttl = record.ttl.min(LONGEST);
            record.ttl = if is_stale { STALE_TTL } else { ttl.saturating_sub(age) };
            record
        };
        (self.answers.iter().map(left).collect(), self.authorities.iter().map(left).collect())
    }
}

fn none_ttl(authorities: &[Record]) -> u32 {
    let soa = authorities.iter().find_map(|record| match &record.data {
        RData::SOA(soa) => Some(soa.minimum.min(record.ttl)),
        _ => None,
    });
    soa.unwrap_or(0)
}

/// All answers. Those asked for least go first when there are too many.
#[derive(Debug)]
pub(crate) struct Cache(Moka<Key, Arc<Kept>>);

impl Cache {
    pub(crate) fn new() -> Self {
        let longest = Duration::from_secs(u64::from(LONGEST)) + STALE;
        let cache = Moka::builder().max_capacity(MOST_BYTES).weigher(weight);
        Self(cache.time_to_live(longest).build())
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Kept>> {
        self.0.get(key)
    }

    pub(crate) fn put(&self, key: Key, kept: Arc<Kept>) {
        self.0.insert(key, kept);
    }

    /// How many there are, about.
    pub(crate) fn len(&self) -> u64 {
        self.0.run_pending_tasks();
        self.0.entry_count()
    }
}

/// Bytes in memory, roughly: names are short, and texts the only long records.
fn weight(key: &Key, kept: &Arc<Kept>) -> u32 {
    let record = |record: &Record| record.to_bytes().map_or(512, |bytes| bytes.len() + 256);
    let records: usize = kept.answers.iter().chain(&kept.authorities).map(record).sum();
    u32::try_from(256 + key.0.len() + records).unwrap_or(u32::MAX)
}
