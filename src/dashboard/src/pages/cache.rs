//! Rendered parts that many readers share: made once for each language and change.

use std::collections::HashMap;
use std::sync::Mutex;

use ets_model::WallTime;
use ets_watch::{ChangeId, Snapshot};
use ets_web::Html;

/// What a cached part depends on.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    change: ChangeId,
    tick: WallTime,
    generation: u64,
}

impl Stamp {
    fn of(snapshot: &Snapshot) -> Self {
        Self { change: snapshot.change, tick: snapshot.tick, generation: snapshot.generation }
    }
}

/// Parts by name; a part that stands for another moment is made anew.
#[derive(Default)]
pub(crate) struct Cache {
    parts: Mutex<HashMap<String, (Stamp, Html)>>,
}

/// More parts than this are never useful at once: languages, orders of the table, filters.
const LIMIT: usize = 64;

impl Cache {
    /// The part of this name for this moment, made if need be.
    pub(crate) fn get(
        &self,
        name: String,
        snapshot: &Snapshot,
        make: impl FnOnce() -> Html,
    ) -> Html {
        if let Some(html) = self.fresh(&name, snapshot) {
            return html;
        }
        let html = make();
        self.put(name, snapshot, html.clone());
        html
    }

    /// The part of this name, if it stands for this moment.
    pub(crate) fn fresh(&self, name: &str, snapshot: &Snapshot) -> Option<Html> {
        let stamp = Stamp::of(snapshot);
        let parts = self.lock();
        parts.get(name).filter(|(made, _)| *made == stamp).map(|(_, html)| html.clone())
    }

    /// Keeps a part for this moment.
    pub(crate) fn put(&self, name: String, snapshot: &Snapshot, html: Html) {
        let mut parts = self.lock();
        if parts.len() >= LIMIT {
            parts.clear();
        }
        parts.insert(name, (Stamp::of(snapshot), html));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Stamp, Html)>> {
        self.parts.lock().expect("no code panics while it holds this lock")
    }
}
