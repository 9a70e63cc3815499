//! Whether outages of one provider point speak of one fault at the point.

use std::ops::Range;
use std::time::Duration;

use ets_model::WallTime;

/// Links that were lost within this time of the first of them were lost together.
const TOGETHER: Duration = Duration::from_secs(5);
/// Fewer are a chance.
const FEWEST: usize = 3;

/// Whether so many of a point's `total` segments, lost together, speak of a common fault.
pub fn is_common(lost: usize, total: usize) -> bool {
    lost >= FEWEST && lost * 2 >= total
}

/// Which of a point's outages began together, the most that did, if they are enough of its `total`
/// segments. `began`: in order.
pub fn together(began: &[WallTime], total: usize) -> Option<Range<usize>> {
    let runs = (0..began.len()).map(|first| {
        let with_it = |at: &&WallTime| at.since(began[first]) <= TOGETHER;
        first..first + began[first..].iter().take_while(with_it).count()
    });
    runs.max_by_key(ExactSizeIterator::len).filter(|run| is_common(run.len(), total))
}
