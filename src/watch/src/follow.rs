//! The live stream from `netd` into the picture, the recorder and the scribe.

use std::sync::Arc;
use std::time::Duration;

use ets_model::Stamp;
use ets_netd_api::{Client, Event, EventBody, Follower};
use ets_runtime::Shutdown;
use ets_series::Recorder;
use futures_util::FutureExt;
use tokio::sync::mpsc::UnboundedSender;

use crate::scribe::{Message, Session};
use crate::shared::Shared;

/// After this long without an event nothing is known any more; ticks come each second.
const STALE: Duration = Duration::from_secs(3);
/// How many events are taken in before the picture is published.
const BATCH: usize = 1_024;

/// What following needs.
pub(crate) struct Follow {
    pub(crate) netd: Client,
    pub(crate) shared: Arc<Shared>,
    pub(crate) series: Recorder,
    pub(crate) scribe: UnboundedSender<Message>,
}

impl Follow {
    /// Follows until shutdown, connecting again whenever the stream ends.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let mut pause = Duration::ZERO;
        loop {
            tokio::select! {
                () = shutdown.requested() => return,
                () = tokio::time::sleep(pause) => {}
            }
            let problem = tokio::select! {
                () = shutdown.requested() => return,
                ended = self.connection() => ended,
            };
            let mismatch = problem.as_ref().is_some_and(ets_netd_api::Error::is_mismatch);
            let problem = problem.map_or_else(
                || "netd ended the connection: it is tried again".to_owned(),
                |e| e.to_string(),
            );
            if self.shared.notes.disconnected(&problem) {
                tracing::warn!(%problem, "netd is not followed; trying again");
            }
            pause = if mismatch { Duration::from_secs(5) } else { Duration::from_millis(200) };
        }
    }

    /// One connection, until it ends or is given up.
    async fn connection(&self) -> Option<ets_netd_api::Error> {
        let mut follower = match self.netd.follow(None).await {
            Ok(follower) => follower,
            Err(error) => return Some(error),
        };
        let now = std::mem::take(&mut follower.now);
        let at = self.shared.clock.stamp();
        self.shared.publish(|picture| picture.begin(&now, at.wall));
        self.shared.notes.connected(at);
        let session = Session { oldest: follower.oldest, newest: follower.newest, now };
        // An error means that the scribe has ended, and so has the process.
        let _ = self.scribe.send(Message::Session(session));
        tokio::select! {
            ended = self.events(&mut follower) => ended,
            () = self.shared.notes.resync.notified() => None,
        }
    }

    async fn events(&self, follower: &mut Follower) -> Option<ets_netd_api::Error> {
        let instance = follower.newest.instance;
        let mut batch = Vec::new();
        loop {
            match follower.next().await {
                Ok(Some(event)) => batch.push(event),
                Ok(None) => return None,
                Err(error) => return Some(error),
            }
            while batch.len() < BATCH {
                match follower.next().now_or_never() {
                    Some(Ok(Some(event))) => batch.push(event),
                    // The end and an error come again with the next wait.
                    _ => break,
                }
            }
            self.take(instance, &mut batch);
        }
    }

    /// First what people see, then what is recorded.
    fn take(&self, instance: u64, batch: &mut Vec<Event>) {
        let now = self.shared.clock.stamp();
        self.shared.notes.heard(now);
        self.shared.publish(|picture| {
            picture.heard(now.wall);
            for event in batch.iter() {
                match &event.body {
                    EventBody::Tick(tick) => picture.tick(event.at, tick),
                    EventBody::Transition(change) => picture.transition(change),
                    EventBody::Trunk { name, dark, since } => {
                        picture.trunk(name, *dark, since.wall);
                    }
                    _ => {}
                }
            }
        });
        for event in batch.drain(..) {
            let message = match &event.body {
                EventBody::Tick(tick) => {
                    self.series.record(instance, event.seq, event.at.wall, tick.samples());
                    Message::Tick(event.seq, event.at)
                }
                _ => {
                    self.series.pass(instance, event.seq);
                    Message::Event(event)
                }
            };
            let _ = self.scribe.send(message);
        }
    }
}

/// Says when `netd` is not heard of for too long, until shutdown.
pub(crate) async fn watch_silence(shared: Arc<Shared>, shutdown: Shutdown) {
    let mut beat = tokio::time::interval(Duration::from_millis(250));
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.requested() => return,
            _ = beat.tick() => {}
        }
        let now = shared.clock.stamp();
        let Some(heard) = shared.notes.last_heard().filter(|heard| is_stale(*heard, now)) else {
            continue;
        };
        if shared.snapshot().stale_since.is_none() {
            tracing::warn!("netd was not heard of for {} s", STALE.as_secs());
            shared.publish(|picture| picture.lost(heard.wall, now.wall));
        }
    }
}

fn is_stale(heard: Stamp, now: Stamp) -> bool {
    now.boot.since(heard.boot) > STALE
}
