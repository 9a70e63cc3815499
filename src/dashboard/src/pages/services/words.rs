//! States and reasons in the reader's language.

use ets_i18n::{Tr, t};
use ets_model::{HealthState, LinkState, Service};
use ets_poll::{Health, Reason};
use ets_web::{Html, state};

use super::super::view::View;

/// What a service is called; never empty.
pub(super) fn name<'a>(view: &View, one: &'a Service) -> &'a str {
    let name = one.name.get(view.lang());
    if name.is_empty() { one.id.as_str() } else { name }
}

fn link(state: HealthState) -> LinkState {
    match state {
        HealthState::Up => LinkState::Up,
        HealthState::Down => LinkState::Down,
        HealthState::Unknown => LinkState::Unknown,
    }
}

/// The shape alone.
pub(super) fn icon(state: HealthState) -> Html {
    state::icon(link(state))
}

/// The word alone.
pub(super) fn word(tr: &Tr, state: HealthState) -> &'static str {
    match state {
        HealthState::Up => t::services_state_up(tr),
        HealthState::Down => t::services_state_down(tr),
        HealthState::Unknown => t::services_state_unknown(tr),
    }
}

/// Shape and word; a service without checks says so.
pub(super) fn badge(tr: &Tr, health: Option<&Health>) -> Html {
    match health {
        Some(health) => of_state(tr, health.state),
        None => Html::trusted(format!(
            "<span class=\"st unknown\">{}{}</span>",
            icon(HealthState::Unknown),
            t::services_state_unchecked(tr)
        )),
    }
}

/// Shape and word of a state.
pub(super) fn of_state(tr: &Tr, state: HealthState) -> Html {
    Html::trusted(format!("<span class=\"st {state}\">{}{}</span>", icon(state), word(tr, state)))
}

/// `3 работают`
pub(super) fn counted(tr: &Tr, state: HealthState, count: usize) -> String {
    match state {
        HealthState::Up => t::services_count_up(tr, count),
        HealthState::Down => t::services_count_down(tr, count),
        HealthState::Unknown => t::services_count_unknown(tr, count),
    }
}

/// Why a service does not answer, and what to do.
pub(super) fn reason(tr: &Tr, reason: &Reason) -> String {
    match reason {
        Reason::Refused => t::services_why_refused(tr).to_owned(),
        Reason::TimedOut => t::services_why_timed_out(tr).to_owned(),
        Reason::NoHost => t::services_why_no_host(tr).to_owned(),
        Reason::NoWay => t::services_why_no_way(tr).to_owned(),
        Reason::BrokenOff => t::services_why_broken_off(tr).to_owned(),
        Reason::Status { code } if *code >= 500 => t::services_why_fault(tr, code.to_string()),
        Reason::Status { code } => t::services_why_status(tr, code.to_string()),
        Reason::NoText => t::services_why_no_text(tr).to_owned(),
        Reason::NotHttp => t::services_why_not_http(tr).to_owned(),
        Reason::DnsCode { code } => t::services_why_dns(tr, code),
        Reason::NoName => t::services_why_no_name(tr).to_owned(),
        Reason::NotDns => t::services_why_not_dns(tr).to_owned(),
        Reason::Dark { network } => t::services_why_dark(tr, network),
        Reason::Ours { error } => t::services_why_ours(tr, error),
        Reason::Other { error } => t::services_why_other(tr, error),
        Reason::Unknown => t::services_why_later(tr).to_owned(),
    }
}
