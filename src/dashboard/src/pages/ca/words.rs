//! Words for kinds, states, stages and reasons, and the parts of a subject that people read.

use ets_ca::life::Stage;
use ets_ca::{Kept, Reason, State, Subject};
use ets_i18n::{Tr, t};
use ets_model::{LinkState, WallTime};
use ets_web::{Html, state};

/// The profiles that an officer orders from, in the order in which they are offered.
pub(super) const ORDERED: [&str; 4] = ["civil-servant", "civil-servant-file", "server", "router"];

/// A kind of certificate; the bare name for one that this release does not know.
pub(super) fn profile<'a>(tr: &'a Tr, name: &'a str) -> &'a str {
    match name {
        "administrator" => t::ca_profile_administrator(tr),
        "civil-servant" => t::ca_profile_civil_servant(tr),
        "civil-servant-file" => t::ca_profile_civil_servant_file(tr),
        "server" => t::ca_profile_server(tr),
        "router" => t::ca_profile_router(tr),
        "hub" => t::ca_profile_hub(tr),
        "ocsp" => t::ca_profile_ocsp(tr),
        other => other,
    }
}

/// How a certificate stands: a mark, and the word.
pub(super) fn state(tr: &Tr, kept: &Kept, now: WallTime) -> (LinkState, &'static str) {
    match kept.state {
        State::Revoked => (LinkState::Down, t::ca_state_revoked(tr)),
        _ if kept.not_after <= now => (LinkState::Unknown, t::ca_state_expired(tr)),
        State::Active => (LinkState::Up, t::ca_state_active(tr)),
        State::Suspended => (LinkState::Degraded, t::ca_state_suspended(tr)),
        State::Intended => (LinkState::Unknown, t::ca_state_intended(tr)),
    }
}

/// The same as markup; the shape keeps it from standing on colour alone.
pub(super) fn badge(tr: &Tr, kept: &Kept, now: WallTime) -> Html {
    let (mark, word) = state(tr, kept, now);
    state::icon(mark).then(&Html::text(word))
}

/// Where a token stands, with its mark.
pub(super) fn stage_badge(tr: &Tr, stage: Stage) -> Html {
    let mark = match stage {
        Stage::Active => LinkState::Up,
        Stage::Waiting | Stage::Ordered | Stage::Issued | Stage::Suspended => LinkState::Degraded,
        Stage::Lost | Stage::Revoked => LinkState::Down,
        Stage::Refused | Stage::Expired | Stage::Returned => LinkState::Unknown,
    };
    state::icon(mark).then(&Html::text(self::stage(tr, stage)))
}

fn stage(tr: &Tr, stage: Stage) -> &'static str {
    match stage {
        Stage::Waiting => t::ca_stage_waiting(tr),
        Stage::Ordered => t::ca_stage_ordered(tr),
        Stage::Refused => t::ca_stage_refused(tr),
        Stage::Issued => t::ca_stage_issued(tr),
        Stage::Active => t::ca_stage_active(tr),
        Stage::Suspended => t::ca_stage_suspended(tr),
        Stage::Lost => t::ca_stage_lost(tr),
        Stage::Revoked => t::ca_stage_revoked(tr),
        Stage::Expired => t::ca_stage_expired(tr),
        Stage::Returned => t::ca_stage_returned(tr),
    }
}

pub(super) fn reason(tr: &Tr, reason: Reason) -> &'static str {
    match reason {
        Reason::Unspecified => t::ca_reason_unspecified(tr),
        Reason::KeyCompromise => t::ca_reason_key_compromise(tr),
        Reason::AffiliationChanged => t::ca_reason_affiliation_changed(tr),
        Reason::Superseded => t::ca_reason_superseded(tr),
        Reason::CessationOfOperation => t::ca_reason_cessation_of_operation(tr),
        Reason::PrivilegeWithdrawn => t::ca_reason_privilege_withdrawn(tr),
    }
}

/// Name and institution of a subject as it was written down; the whole of it where it cannot be
/// read.
pub(in crate::pages) fn owner(subject: &str) -> (String, String) {
    match subject.parse::<Subject>() {
        Ok(subject) => {
            let institution = subject.institution().unwrap_or_default().to_owned();
            (subject.common_name().to_owned(), institution)
        }
        Err(_) => (subject.to_owned(), String::new()),
    }
}
