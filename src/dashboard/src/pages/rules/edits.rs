//! The edits of a draft in the reader's language.

use ets_i18n::{Tr, t};
use ets_model::{OpenTo, Service};
use ets_rules::{Edit, Rights, Shaping};

use super::super::view::View;
use super::names;

/// One edit as a sentence. `rights`: where services are looked up.
pub(super) fn say(view: &View, rights: &[&Rights], edit: &Edit) -> String {
    let tr = view.tr();
    let who = |id| names::segment(view, id).to_owned();
    let what = |id| names::service_of(view, rights, id);
    match edit {
        Edit::AddService { service } => {
            t::rules_edit_add(tr, told(tr, service), names::service(view, service))
        }
        Edit::ChangeService { service } => {
            t::rules_edit_change(tr, told(tr, service), names::service(view, service))
        }
        Edit::RetireService { service } => t::rules_edit_retire(tr, what(service)),
        Edit::BringBack { service } => t::rules_edit_back(tr, what(service)),
        Edit::Grant { segment, service } => t::rules_edit_grant(tr, who(segment), what(service)),
        Edit::Withdraw { segment, service } => {
            t::rules_edit_withdraw(tr, who(segment), what(service))
        }
        Edit::Limits { segment: None, limits } => {
            t::rules_edit_limits_all(tr, names::limits(tr, limits.unwrap_or_default()))
        }
        Edit::Limits { segment: Some(segment), limits: Some(limits) } => {
            t::rules_edit_limits_own(tr, names::limits(tr, *limits), who(segment))
        }
        Edit::Limits { segment: Some(segment), limits: None } => {
            t::rules_edit_limits_none(tr, who(segment))
        }
        Edit::Shape { segment, to: None } => t::rules_edit_shape_none(tr, who(segment)),
        Edit::Shape { segment, to: Some(Shaping::Contract) } => {
            t::rules_edit_shape_contract(tr, who(segment))
        }
        Edit::Shape { segment, to: Some(Shaping::Own(rate)) } => {
            t::rules_edit_shape_own(tr, names::rate(tr, *rate), who(segment))
        }
    }
}

/// Where a service answers, and to whom.
fn told(tr: &Tr, service: &Service) -> String {
    let open = match service.open_to {
        OpenTo::Everyone => t::rules_open_everyone(tr),
        OpenTo::Granted => t::rules_open_granted(tr),
    };
    let place = names::place(tr, service.place, &service.addresses);
    format!("{place}; {}; {open}", names::ports(&service.ports))
}
