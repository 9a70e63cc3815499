//! Round-trip times in logarithmic buckets, eight to the octave.

use std::time::Duration;

/// How many round trips fell into each bucket.
///
/// Bucket 0 ends at 8.192 µs; each further one is 2^(1/8), that is 9.05 %, wider than the one
/// before it, up to 8.6 s. A quantile is the geometric middle of its bucket and so is wrong by at
/// most [`Histogram::ERROR`] (from 8.2 µs up).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Pairs of bucket and count, ascending, no zero counts.
    filled: Vec<(u8, u32)>,
}

/// One filled bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Not shorter than this.
    pub from: Duration,
    /// Shorter than this.
    pub to: Duration,
    /// So many.
    pub count: u32,
}

/// 2^(k/8) times 2^32, rounded: where the eight buckets of an octave begin.
const STEPS: [u64; 8] = [
    4_294_967_296,
    4_683_669_945,
    5_107_550_744,
    5_569_793_520,
    6_073_870_042,
    6_623_566_360,
    7_223_011_250,
    7_876_706_986,
];

/// The end of bucket 0 is 2^13 ns.
const FLOOR_BITS: u32 = 13;

/// The last bucket; it takes everything longer, too.
const LAST: u8 = 160;

impl Histogram {
    /// The largest relative error of a quantile: 2^(1/16) - 1.
    pub const ERROR: f64 = 0.0443;

    /// The bucket of a round-trip time.
    pub(crate) fn bucket(rtt: Duration) -> u8 {
        let nanos = u64::try_from(rtt.as_nanos()).unwrap_or(u64::MAX);
        if nanos < 1 << FLOOR_BITS {
            return 0;
        }
        let octave = nanos.ilog2() - FLOOR_BITS;
        if octave >= 20 {
            return LAST;
        }
        // The mantissa as a fixed-point number of 32 fractional bits, 1.0 to 2.0.
        let mantissa = (u128::from(nanos) << 32 >> (octave + FLOOR_BITS)) as u64;
        let step = STEPS.iter().rposition(|start| mantissa >= *start).unwrap_or(0);
        u8::try_from(octave * 8 + 1).map_or(LAST, |first| first + step as u8).min(LAST)
    }

    /// Bytes beside the histogram itself.
    pub(crate) fn footprint(&self) -> usize {
        self.filled.capacity() * size_of::<(u8, u32)>()
    }

    /// The lower bound of a bucket, in nanoseconds.
    fn start(bucket: u8) -> u64 {
        if bucket == 0 {
            return 0;
        }
        let index = u32::from(bucket) - 1;
        let step = STEPS[(index % 8) as usize];
        (u128::from(step) << (index / 8 + FLOOR_BITS) >> 32) as u64
    }

    /// A histogram of one bucket's count.
    pub(crate) fn add_bucket(&mut self, bucket: u8, count: u32) {
        if count == 0 {
            return;
        }
        match self.filled.binary_search_by_key(&bucket, |(at, _)| *at) {
            Ok(index) => self.filled[index].1 = self.filled[index].1.saturating_add(count),
            Err(index) => self.filled.insert(index, (bucket, count)),
        }
    }

    /// The filled buckets by number, ascending.
    pub(crate) fn filled(&self) -> &[(u8, u32)] {
        &self.filled
    }

    /// Adds one round trip.
    pub fn add(&mut self, rtt: Duration) {
        self.add_bucket(Self::bucket(rtt), 1);
    }

    /// Adds all of another one.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.filled {
            self.add_bucket(*bucket, *count);
        }
    }

    /// How many round trips it holds.
    pub fn count(&self) -> u64 {
        self.filled.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.filled.is_empty()
    }

    /// The round trip that the share `q` (0 to 1) of all did not exceed, to within
    /// [`Histogram::ERROR`]; `None` where there is none.
    #[allow(clippy::cast_precision_loss, clippy::cast_sign_loss, clippy::cast_possible_truncation)]
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let count = self.count();
        let rank = ((q.clamp(0.0, 1.0) * count as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, held) in &self.filled {
            seen += u64::from(*held);
            if seen >= rank {
                return Some(Self::middle(*bucket));
            }
        }
        None
    }

    /// The filled buckets, shortest first.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        self.filled.iter().map(|(bucket, count)| Bucket {
            from: Duration::from_nanos(Self::start(*bucket)),
            to: Duration::from_nanos(Self::start(bucket.saturating_add(1))),
            count: *count,
        })
    }

    #[allow(clippy::cast_precision_loss, clippy::cast_sign_loss, clippy::cast_possible_truncation)]
    fn middle(bucket: u8) -> Duration {
        if bucket == 0 {
            return Duration::from_nanos(1 << (FLOOR_BITS - 1));
        }
        let (from, to) = (Self::start(bucket) as f64, Self::start(bucket + 1) as f64);
        Duration::from_nanos((from * to).sqrt() as u64)
    }
}
