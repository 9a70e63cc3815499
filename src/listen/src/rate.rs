//! A steady rate with a burst: a token bucket, told by the moment at which it will be full again
//! (the virtual scheduling of ITU-T I.371, annex A).

use ets_model::BootTime;

const NANOS: u64 = 1_000_000_000;

/// So many a second in the long run, and so many at once before that counts.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    apart: u64,
    ahead: u64,
}

impl Rate {
    /// `None` for no limit, which a rate of 0 stands for.
    pub fn new(rate: u64, burst: u64) -> Option<Self> {
        let apart = NANOS.checked_div(rate)?;
        Some(Self { apart, ahead: apart.saturating_mul(burst) })
    }

    /// When the bucket will be full again once one more is taken out of it; `due` is when it is or
    /// was without that, both in nanoseconds since the boot. Where it holds none, in how many
    /// seconds to come again.
    pub fn take(self, due: u64, now: BootTime) -> Result<u64, u64> {
        let due = due.max(now.0);
        match (due - now.0).checked_sub(self.ahead) {
            None | Some(0) => Ok(due + self.apart),
            Some(late) => Err(late.div_ceil(NANOS).max(1)),
        }
    }
}
