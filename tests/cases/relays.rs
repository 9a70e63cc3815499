//! Datagrams through the hub, on the built product: a call of two segments by a relay, and what SOCKS
//! relays. Judged by a script that counts octets, by `PySocks`, tcpdump and ss.

mod call;
mod socks;

use std::time::Duration;

use crate::support::{Lab, wait_for};

const SOON: Duration = Duration::from_secs(10);
const OFTEN: Duration = Duration::from_millis(50);

/// Datagrams that were dropped for a reason.
#[track_caller]
fn dropped(lab: &Lab, reason: &str) -> u64 {
    lab.counted(&format!("ets_gateway_datagrams_dropped_total{{reason=\"{reason}\"}}"))
}

/// Waits until so many associations or sessions are open.
#[track_caller]
fn await_sessions(lab: &Lab, kind: &str, count: u64) {
    let name = format!("ets_gateway_udp_sessions{{kind=\"{kind}\"}}");
    wait_for(&format!("{count} of {kind}"), SOON, OFTEN, || {
        (lab.counted(&name) == count).then_some(())
    });
}
