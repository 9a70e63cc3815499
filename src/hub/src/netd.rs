//! `ets-hub netd`: the privileged process.

use ets_netd::Deps;
use ets_runtime::{Clock, Shutdown, ShutdownTrigger};

use crate::config::Config;
use crate::exit::Failure;

/// The variable in which a launcher names the sockets that it opened.
const LISTEN: &str = "ETS_LISTEN";

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
