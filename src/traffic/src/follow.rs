//! The stream of the meters from `netd`.

use std::sync::Arc;
use std::time::Duration;

use ets_model::Stamp;
use ets_netd_api::{Client, MeterKind, Meters};
use ets_runtime::Shutdown;

use crate::meter::Meter;

/// After this long without a frame no rate is known any more; frames come each second.
const STALE: Duration = Duration::from_secs(3);

/// Follows until shutdown, connecting again whenever the stream ends.
pub(crate) async fn run(netd: Client, meter: Arc<Meter>, shutdown: Shutdown) {
    let mut pause = Duration::ZERO;
    loop {
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(pause) => {}
        }
        let problem = tokio::select! {
            () = shutdown.requested() => return,
            ended = connection(&netd, &meter) => ended,
        };
        // A netd that does not count, or speaks another protocol, will not do so at once.
        let lasting = problem.as_ref().is_some_and(|error| {
            error.is_mismatch() || matches!(error, ets_netd_api::Error::Refused(_))
        });
        let problem = problem.map_or_else(
            || "netd ended the connection: it is tried again".to_owned(),
            |error| error.to_string(),
        );
        if meter.unheard(&problem) {
            tracing::warn!(%problem, "the counters are not followed; trying again");
        }
        pause = if lasting { Duration::from_secs(5) } else { Duration::from_millis(200) };
    }
}

/// One connection, until it ends.
async fn connection(netd: &Client, meter: &Meter) -> Option<ets_netd_api::Error> {
    match netd.meter(meter.known()).await {
        Ok(mut meters) => frames(&mut meters, meter).await,
        Err(error) => Some(error),
    }
}

async fn frames(meters: &mut Meters, meter: &Meter) -> Option<ets_netd_api::Error> {
    meter.begin(meters.metering.life, &meters.metering.by);
    let mut last: Option<Stamp> = None;
    loop {
        let frame = match meters.next().await {
            Ok(Some(frame)) => frame,
            Ok(None) => return None,
            Err(error) => return Some(error),
        };
        let over = last.map(|last| frame.at.boot.since(last.boot));
        meter.take(&frame, over);
        if frame.kind != MeterKind::Minute {
            last = Some(frame.at);
            meter.heard(meter.clock.stamp());
        }
    }
}

/// Says when nothing is heard for too long, until shutdown.
pub(crate) async fn watch_silence(meter: Arc<Meter>, shutdown: Shutdown) {
    let mut beat = tokio::time::interval(Duration::from_millis(500));
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.requested() => return,
            _ = beat.tick() => {}
        }
        let now = meter.clock.stamp();
        let Some(heard) = meter.last_heard() else { continue };
        if now.boot.since(heard.boot) > STALE && meter.live.borrow().stale_since.is_none() {
            let stale = meter.live.borrow().stale(heard.wall);
            meter.live.send_replace(Arc::new(stale));
        }
    }
}
