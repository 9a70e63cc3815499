//! What the gateway does by the clock: hours of rules, volumes, and writing down who went where.

use std::collections::HashMap;
use std::time::Duration;

use ets_journal::Subject;
use ets_registry::Author;
use ets_runtime::Shutdown;
use ets_store::Tx;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep, timeout};

use crate::accept::{FINISH, LEAVE};
use crate::accounts::{Key, Question, Report, Sum, report, sweep, write};
use crate::gateway::hour;
use crate::meters::Level;
use crate::open::Book;
use crate::quota::Notice;
use crate::{Desk, Error};

/// Hours change on the minute.
const MINUTE: Duration = Duration::from_secs(60);
/// Volumes are looked at so often, and when a tunnel has no leave left.
const LOOK: Duration = Duration::from_millis(250);
/// The least time between two looks.
const BREATH: Duration = Duration::from_millis(5);
/// Who went where is written down so often.
const WRITE: Duration = Duration::from_secs(10);

/// Holds open tunnels against hours, segments, addresses and volumes as they change, and writes down
/// who went where, until shutdown.
///
/// # Errors
/// None; parts have one shape.
pub async fn keep(desk: Desk, shutdown: Shutdown) -> Result<(), Error> {
    tokio::select! {
        () = shutdown.requested() => {}
        () = rules(&desk) => {}
        () = volumes(&desk) => {}
        () = accounts(&desk) => {}
    }
    desk.end().await;
    Ok(())
}

async fn rules(desk: &Desk) {
    let mut generation = desk.subscribe();
    let mut rights = desk.rights_changes();
    let mut minute = every(MINUTE);
    loop {
        tokio::select! {
            _ = minute.tick() => {}
            changed = generation.changed() => if changed.is_err() { return },
            () = next(&mut rights) => {
                desk.gateway().judge_again();
                continue;
            }
        }
        desk.renew().await;
    }
}

/// Waits until somebody's rights are others; for ever where nobody tells of that.
async fn next(rights: &mut Option<watch::Receiver<u64>>) {
    let is_told = match rights {
        Some(rights) => rights.changed().await.is_ok(),
        None => false,
    };
    if !is_told {
        std::future::pending::<()>().await;
    }
}

async fn volumes(desk: &Desk) {
    let gateway = desk.gateway();
    let (mut often, mut telling) = (every(LOOK), JoinSet::new());
    loop {
        tokio::select! {
            _ = often.tick() => {}
            () = gateway.meters().lanes().asked() => sleep(BREATH).await,
        }
        // Before the look, which then knows of all that was told.
        while telling.try_join_next().is_some() {}
        let held = gateway.hold();
        if held.cut > 0 {
            tracing::info!(cut = held.cut, "a segment has had its volume; its connections are cut");
        }
        // Beside the looks: no volume waits for a journal that is slow or fails.
        if telling.is_empty() && !held.notices.is_empty() {
            let desk = desk.clone();
            telling.spawn(async move { desk.tell_all(held.notices).await });
        }
    }
}

async fn accounts(desk: &Desk) {
    let (mut often, mut swept) = (every(WRITE), None);
    loop {
        often.tick().await;
        desk.write_down().await;
        desk.forget(&mut swept).await;
    }
}

fn every(time: Duration) -> Interval {
    let mut every = interval(time);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    every
}

impl Desk {
    /// Tells each; what cannot be told now is told again at a look after some time.
    async fn tell_all(&self, notices: Vec<Notice>) {
        for notice in notices {
            if let Err(error) = self.tell(&notice).await {
                tracing::warn!(%error, "the state of a volume cannot be entered in the journal");
                return sleep(WRITE).await;
            }
        }
    }

    /// Enters in the journal that a segment came to a level of its volume.
    async fn tell(&self, notice: &Notice) -> Result<(), Error> {
        let standing = &notice.standing;
        let catalog = self.deps().registry.catalog();
        let segment = catalog.by_no(standing.segment).map(|segment| segment.id.to_string());
        let Some(segment) = segment else { return Ok(()) };
        let limit = notice.policy.limit(standing.limit).map(|limit| limit.id.clone());
        let action = match notice.level {
            Level::Spent => "gateway.quota.reach",
            _ => "gateway.quota.warn",
        };
        tracing::warn!(segment, limit, used = standing.used, of = standing.bytes, "{action}");
        let detail = json!({
            "limit": limit,
            "per": standing.per.code(),
            "bytes": standing.bytes,
            "used": standing.used,
            "until": standing.until.as_ref().map(|until| until.timestamp().to_string()),
        });
        self.enter(&Author::new("system"), action, Subject::new("segment", segment), detail)
            .await?;
        self.gateway().told(notice);
        Ok(())
    }

    async fn enter(
        &self,
        by: &Author,
        action: &str,
        subject: Subject,
        detail: serde_json::Value,
    ) -> Result<(), Error> {
        let entry = by.entry(action, subject).detail(detail);
        let at = self.deps().clock.wall();
        self.deps()
            .store
            .write(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    ets_journal::append(tx, at, entry).await?;
                    Ok::<_, Error>(())
                })
            })
            .await
    }

    /// Writes down who went where since the last time.
    pub(crate) async fn write_down(&self) {
        let desk = self.clone();
        // What was taken is on the disk or put back, also when whoever asked has gone meanwhile.
        drop(tokio::spawn(async move { desk.write_taken(Book::take).await }).await);
    }

    async fn write_taken(&self, take: impl FnOnce(&Book, i64) -> HashMap<Key, Sum>) {
        let _writing = self.writing().lock().await;
        let gateway = self.gateway();
        let mut all = take(gateway.book(), hour(&gateway.now()));
        if let Err(error) = write(&self.deps().series, &mut all).await {
            tracing::warn!(%error, "who went where cannot be written down now; it is tried again");
            gateway.book().put_back(all);
        }
    }

    /// Deletes what was kept long enough, where that is more than it was at `swept`.
    async fn forget(&self, swept: &mut Option<i64>) {
        let days = i64::try_from(self.keep_days()).unwrap_or(i64::MAX).min(100_000);
        if days == 0 {
            return;
        }
        let before = hour(&self.gateway().now()) - days * 24;
        while *swept != Some(before) {
            match sweep(&self.deps().series, before).await {
                Ok(true) => {}
                Ok(false) => *swept = Some(before),
                Err(error) => {
                    tracing::warn!(%error, "what is too old cannot be deleted now");
                    return;
                }
            }
        }
    }

    /// Writes down what passed until the end. Tunnels may end by themselves for a moment, then they are
    /// told to; what is open even then ends with the process.
    async fn end(&self) {
        let gateway = self.gateway();
        // Who has a place may be about to open a tunnel.
        let ended = |patience| async move {
            while !gateway.places().are_free(patience).await || gateway.open() > 0 {
                sleep(BREATH).await;
            }
        };
        if timeout(FINISH + BREATH, ended(FINISH)).await.is_err() {
            gateway.leave();
            if timeout(LEAVE, ended(LEAVE)).await.is_err() {
                tracing::debug!(open = gateway.open(), "some tunnels end with the process");
            }
        }
        self.write_taken(Book::take_last).await;
    }

    /// Who went where, as often as it is asked. That somebody looks at persons or hosts is entered in
    /// the journal, once for all that he looks at together; they are of the same time and segment.
    ///
    /// # Errors
    /// The database's.
    pub async fn reports(&self, all: &[Question], by: &Author) -> Result<Vec<Report>, Error> {
        let mut names: Vec<&str> =
            all.iter().filter(|one| one.by.is_personal()).map(|one| one.by.name()).collect();
        names.sort_unstable();
        names.dedup();
        if let Some(asked) = all.first().filter(|_| !names.is_empty()) {
            let catalog = self.deps().registry.catalog();
            let of = asked.segment.and_then(|no| catalog.by_no(no));
            let time = |at: ets_model::WallTime| at.0.div_euclid(1_000_000);
            let detail = json!({
                "by": names,
                "from": time(asked.from),
                "until": time(asked.until),
                "segment": of.map(|segment| segment.id.to_string()),
            });
            self.enter(by, "gateway.report", Subject::new("gateway", "report"), detail).await?;
        }
        // What happened a moment ago is in it.
        self.write_down().await;
        let mut told = Vec::with_capacity(all.len());
        for asked in all {
            told.push(report(&self.deps().series, asked).await?);
        }
        Ok(told)
    }
}
