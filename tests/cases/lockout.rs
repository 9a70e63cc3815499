//! Nobody locks himself out for long (D3), broken input is refused or done whole (D10), and the
//! proof stays the truth over random changes (D2): on the built product, from inside a segment.

mod broken;
mod crashes;
mod disk;
mod door;
mod hundred;
mod seat;
mod ways;

use std::time::Duration;

const SOON: Duration = Duration::from_secs(15);
const OFTEN: Duration = Duration::from_millis(100);

/// The shortest countdown that the hub takes, in seconds.
const SHORTEST: u64 = 10;
