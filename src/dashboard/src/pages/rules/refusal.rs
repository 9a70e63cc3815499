//! Why the room did not do something, in the reader's language, with what to do.

use axum::response::Response;
use ets_i18n::t;
use ets_rules::Error as Refusal;

use super::super::view::View;
use super::{faults, names};
use crate::Error;

/// The sentence; `None` where a person can do nothing about it and the page of the problem says
/// more.
pub(super) fn say(view: &View, error: &Refusal) -> Option<String> {
    let tr = view.tr();
    Some(match error {
        Refusal::Invalid(all) => {
            let rights = super::handle(view).ok()?.rights();
            let told = all.iter().map(|one| faults::say(view, &[&*rights], one));
            told.collect::<Vec<_>>().join(" ")
        }
        Refusal::EmptyDraft => t::rules_error_empty(tr).to_owned(),
        Refusal::DraftNotEmpty(count) => t::rules_error_not_empty(tr, *count),
        Refusal::NoEdit(_) => t::rules_error_no_edit(tr).to_owned(),
        Refusal::Nothing => t::rules_error_nothing(tr).to_owned(),
        Refusal::Waits { change, author, until } => {
            let (no, who) = (change.to_string(), names::who(tr, author));
            t::rules_error_waits(tr, no, tr.time(*until), who)
        }
        Refusal::Changed => t::rules_error_changed(tr).to_owned(),
        Refusal::NotYours { change, author } => {
            t::rules_error_not_yours(tr, change.to_string(), names::who(tr, author))
        }
        Refusal::NotWaiting(no) => t::rules_error_not_waiting(tr, no.to_string()),
        Refusal::Within(_) => t::rules_error_within(tr).to_owned(),
        Refusal::Refused { change, why } => t::rules_error_refused(tr, change.to_string(), why),
        Refusal::Unsure { change } => t::rules_error_unsure(tr, change.to_string()),
        Refusal::Netd(ets_netd_api::Error::Refused(why)) => t::rules_error_netd(tr, why),
        Refusal::Netd(_) | Refusal::Silent => t::rules_error_silent(tr).to_owned(),
        Refusal::Agree => t::rules_error_agree(tr).to_owned(),
        Refusal::CutOff => t::rules_error_cut_off(tr).to_owned(),
        _ => return None,
    })
}

/// Sends the reader on with the sentence.
pub(super) fn go(view: &View, to: &str, error: Refusal) -> Result<Response, Error> {
    match say(view, &error) {
        Some(text) => Ok(view.failed(to, text)),
        None => Err(error.into()),
    }
}
