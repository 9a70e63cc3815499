//! How the segments behind each provider point are, counted in one pass over the register.

use std::collections::HashMap;

use ets_model::LinkState;
use ets_registry::Catalog;
use ets_watch::Snapshot;
use ets_web::state::Counts;

/// The states of the watched segments by the identifier of their provider point.
pub(crate) fn by_parent<'a>(catalog: &'a Catalog, snapshot: &Snapshot) -> HashMap<&'a str, Counts> {
    let mut counts: HashMap<&str, Counts> = HashMap::new();
    for segment in catalog.segments().filter(|one| !one.parent.is_empty()) {
        let state = snapshot.segment(segment.no).map_or(LinkState::Unknown, |now| now.state);
        counts.entry(segment.parent.as_str()).or_default().add(state);
    }
    counts
}
