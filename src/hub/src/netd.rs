//! `ets-hub netd`: the privileged process.

use ets_netd::Deps;
use ets_runtime::{Clock, Shutdown, ShutdownTrigger};

use crate::config::Config;
use crate::exit::Failure;

/// The variable in which a launcher names the sockets that it opened.
const LISTEN: &str = "ETS_LISTEN";

/// Loads and pins the accounting, and says what was done.
pub(crate) fn set_up(config: &Config, segments: u32) -> Result<String, Failure> {
    let Some(pins) = &config.netd.pins else {
        let why =
            "nowhere to pin the accounting: set accounting = \"/sys/fs/bpf/ets-hub\" in [netd]";
        return Err(Failure::Usage(why.to_owned()));
    };
    ets_netd::set_up(pins, segments)
        .map(|done| format!("{done}: {}", pins.display()))
        .map_err(|error| Failure::Missing(crate::exit::chain(&error)))
}

/// Runs `netd` until shutdown.
pub(crate) async fn run(
    config: &Config,
    (_, shutdown): (ShutdownTrigger, Shutdown),
) -> Result<(), Failure> {
    let deps = Deps { clock: Clock::system(), listen: std::env::var(LISTEN).ok(), confine: true };
    let netd =
        ets_netd::build(config.netd.clone(), deps).map_err(|error| Failure::internal(&error))?;
    netd.run(shutdown).await.map_err(|error| Failure::internal(&error))
}
