//! Raising a lab, asking it, and measuring it from outside.

mod api;
pub(crate) mod beside;
mod hub;
mod lab;
mod places;
mod process;

pub(crate) use api::Api;
pub(crate) use lab::{Lab, Options};
pub(crate) use places::{all, connect, host6, inside, inside_of, ping, script, text, web_server};
pub(crate) use process::{
    Running, Usage, alive, children_named, hub_binary, is_root, memory, program, said, tool,
};

use std::time::{Duration, Instant};

/// Waits until `check` gives something, asking every `pause`; fails with `what` after `limit`.
#[track_caller]
pub(crate) fn wait_for<T>(
    what: &str,
    limit: Duration,
    pause: Duration,
    mut check: impl FnMut() -> Option<T>,
) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = check() {
            return found;
        }
        assert!(started.elapsed() < limit, "{what} did not come within {limit:?}");
        std::thread::sleep(pause);
    }
}

/// Whether this run is at the full size of the issue (`make soak`) or at CI's smaller one.
pub(crate) fn full_size() -> bool {
    std::env::var("ETS_SIZE").is_ok_and(|size| size == "full")
}

/// `small` in CI, `full` in `make soak`; printed, so that a reader knows which.
pub(crate) fn sized<T: std::fmt::Display>(what: &str, small: T, full: T) -> T {
    let chosen = if full_size() { full } else { small };
    println!("size: {what} = {chosen}");
    chosen
}

/// The `share` quantile (0 to 1) of `values`, by the nearest rank.
pub(crate) fn quantile(values: &mut [Duration], share: f64) -> Duration {
    values.sort_unstable();
    let rank = (share * values.len() as f64).ceil() as usize;
    values[rank.clamp(1, values.len()) - 1]
}
