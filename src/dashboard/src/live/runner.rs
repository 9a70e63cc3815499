//! The task that follows the watch and makes a beat of what it tells.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ets_i18n::{Lang, Tr};
use ets_model::SegmentNo;
use ets_registry::Catalog;
use ets_runtime::Shutdown;
use ets_watch::{Change, ChangeBody, Snapshot};
use ets_web::live as words;
use tokio::time::{Instant, timeout_at};

use super::Beat;
use super::frames::{api_frame, segment, tick, write_id, write_json};
use super::rules::Rules;
use super::services::Services;
use crate::pages;
use crate::service::App;

/// Changes that come together are told together: a state is on screen at most this much later.
const GATHER: Duration = Duration::from_millis(40);
/// Above so many segments the overview shows groups, and figures go to who asks for one segment.
pub(crate) const STAR_LIMIT: usize = 300;

/// Follows the watch until shutdown.
pub(crate) async fn run(app: &App, shutdown: Shutdown) {
    let mut changes = app.deps.watch.subscribe(None);
    let mut rules = Rules::follow(app);
    let mut services = Services::follow(app);
    loop {
        let mut news = News::default();
        tokio::select! {
            () = shutdown.requested() => return,
            () = rules.changed() => news.add_rules(),
            () = services.changed() => {
                news.fragments.insert(pages::SERVICES_FRAGMENT);
            }
            change = changes.next() => match change {
                Some(change) => news.add(change),
                None => return,
            },
        }
        let until = Instant::now() + GATHER;
        while let Ok(Some(more)) = timeout_at(until, changes.next()).await {
            news.add(more);
        }
        let beat = news.beat(app);
        // Nobody looking is no fault.
        let _ = app.live.beats.send(Arc::new(beat));
    }
}

/// What has happened since the last beat.
#[derive(Default)]
struct News {
    changes: Vec<Arc<Change>>,
    states: BTreeSet<SegmentNo>,
    touched: BTreeSet<SegmentNo>,
    touches_all: bool,
    fragments: BTreeSet<&'static str>,
    tick: bool,
    reset: bool,
}

impl News {
    fn add(&mut self, change: Result<Arc<Change>, u64>) {
        let Ok(change) = change else {
            self.reset = true;
            return;
        };
        match &change.body {
            ChangeBody::Tick => self.tick = true,
            ChangeBody::State { segment, .. } => {
                self.states.insert(*segment);
                self.touched.insert(*segment);
                self.fragments.extend(["outages", "next", "changed"]);
            }
            ChangeBody::Obstacle { segment } => {
                self.touched.insert(*segment);
                self.fragments.extend(["outages", "next"]);
            }
            ChangeBody::OutageOpened { segment, .. } | ChangeBody::OutageClosed { segment, .. } => {
                self.touched.extend(*segment);
                self.fragments.extend(["outages", "next", "changed"]);
            }
            ChangeBody::Trunk { .. } | ChangeBody::Blind => {
                self.touches_all = true;
                self.fragments.extend(["outages", "next", "changed", "warning"]);
            }
            ChangeBody::Registry { .. } | ChangeBody::Netd { .. } => self.reset = true,
        }
        self.changes.push(change);
    }

    /// The notice of a change that waits stands on every page.
    fn add_rules(&mut self) {
        self.touches_all = true;
        self.fragments.extend(["rules", "banner", "changed"]);
    }

    fn beat(self, app: &App) -> Beat {
        let (catalog, snapshot) = (app.deps.registry.catalog(), app.deps.watch.snapshot());
        let mut beat = Beat::default();
        let small = snapshot.segments.len() <= STAR_LIMIT;
        self.figures(&catalog, &snapshot, small, &mut beat);
        if !self.states.is_empty() || self.reset {
            beat.summary = Lang::ALL.map(|lang| {
                let tr = Tr::new(lang, app.zone.clone());
                let mut out = String::new();
                write_json(&mut out, "summary", &pages::summary(&tr, &catalog, &snapshot));
                out.into()
            });
        }
        beat.tail = self.tail(app, &snapshot);
        beat.change = self.change();
        beat.touches_all = self.touches_all;
        beat.touched = self.touched;
        beat.api = self
            .changes
            .iter()
            .map(|change| api_frame(&catalog, &snapshot, change))
            .collect::<String>()
            .into();
        beat
    }

    /// On a small hub everybody hears all figures each second; on a large one the overview hears
    /// of changed states and groups. The page of a segment takes its own figures from the snapshot.
    fn figures(&self, catalog: &Catalog, snapshot: &Snapshot, small: bool, beat: &mut Beat) {
        let mut out = String::new();
        for now in &snapshot.segments {
            let changed = self.states.contains(&now.no);
            if !changed && !(self.tick && (small || now.state != ets_model::LinkState::Up)) {
                continue;
            }
            let Some(figures) = segment(catalog, now) else { continue };
            write_json(&mut out, "segment", &figures);
        }
        if !small && !self.states.is_empty() {
            for group in pages::live_groups(catalog, snapshot) {
                write_json(&mut out, "group", &group);
            }
        }
        beat.figures = out.into();
    }

    fn tail(&self, app: &App, snapshot: &Snapshot) -> Bytes {
        let mut out = String::new();
        write_id(&mut out, snapshot.change);
        write_json(&mut out, "tick", &tick(snapshot, app.deps.clock.wall().0 / 1_000));
        if self.reset {
            write_json(&mut out, "reset", &serde_json::json!({}));
        }
        out.into()
    }

    /// A reset renews everything by itself.
    fn change(&self) -> Bytes {
        let mut out = String::new();
        if !self.reset && !self.fragments.is_empty() {
            let fragments = self.fragments.iter().map(|name| (*name).to_owned()).collect();
            write_json(&mut out, "change", &words::Change { fragments });
        }
        out.into()
    }
}
