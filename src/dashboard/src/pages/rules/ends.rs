//! What became of a version, and what brought it, in the reader's language.

use ets_i18n::t;
use ets_rules::{Back, Cause, Version, VersionState};
use ets_web::Html;

use super::super::view::View;
use super::{mark, names};

/// Segments named in a sentence; the rest is counted.
const NAMED: usize = 6;

/// The state as shape and words.
pub(super) fn state(view: &View, version: &Version) -> Html {
    let icon = match version.state {
        VersionState::Sent => mark::UNKNOWN,
        VersionState::Waiting { .. } => mark::WAITS,
        VersionState::InForce { .. } | VersionState::Confirmed { .. } => mark::GIVES,
        VersionState::Reverted { .. } => mark::TAKES,
        VersionState::Refused { .. } => mark::WRONG,
    };
    Html::trusted(icon).then(&Html::text(&words(view, version)))
}

/// The state in words.
pub(super) fn words(view: &View, version: &Version) -> String {
    let tr = view.tr();
    match &version.state {
        VersionState::Sent => t::rules_end_sent(tr).to_owned(),
        VersionState::Waiting { until } => t::rules_end_waiting(tr, tr.time(*until)),
        VersionState::InForce { .. } => t::rules_end_in_force(tr).to_owned(),
        VersionState::Confirmed { by, .. } => t::rules_end_confirmed(tr, names::who(tr, by)),
        VersionState::Refused { why, .. } => t::rules_end_refused(tr, why),
        VersionState::Reverted { why, .. } => back(view, why),
    }
}

fn back(view: &View, why: &Back) -> String {
    let tr = view.tr();
    match why {
        Back::TimeOut => t::rules_end_time_out(tr).to_owned(),
        Back::Withdrawn { by } => t::rules_end_withdrawn(tr, names::who(tr, by)),
        Back::Veto { fell } => t::rules_end_veto(tr, names::some(view, fell, NAMED)),
        Back::Restarted => t::rules_end_restarted(tr).to_owned(),
        Back::Unknown => t::rules_end_unknown(tr).to_owned(),
    }
}

/// When the end came, where it came.
pub(super) fn at(version: &Version) -> Option<ets_model::WallTime> {
    match version.state {
        VersionState::Sent | VersionState::Waiting { .. } => None,
        VersionState::InForce { at }
        | VersionState::Confirmed { at, .. }
        | VersionState::Reverted { at, .. }
        | VersionState::Refused { at, .. } => Some(at),
    }
}

/// Why it was made: the person's words, else what brought it.
pub(super) fn why(view: &View, version: &Version) -> String {
    if !version.why.is_empty() {
        return version.why.clone();
    }
    cause(view, version.cause).to_owned()
}

/// What brought it.
pub(super) fn cause(view: &View, cause: Cause) -> &'static str {
    let tr = view.tr();
    match cause {
        Cause::First => t::rules_cause_first(tr),
        Cause::Draft => t::rules_cause_draft(tr),
        Cause::Registry => t::rules_cause_registry(tr),
        Cause::Found => t::rules_cause_found(tr),
    }
}
