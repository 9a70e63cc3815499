//! What is wrong with a draft, and what to think of before it is applied: in the reader's
//! language, with both sides named and what to do.

use ets_i18n::t;
use ets_model::{Check, CheckFault, PolicyFault};
use ets_rules::{DraftFault, Fault, Rights, Warning};

use super::super::view::View;
use super::names;

/// Segments named in a sentence; the rest is counted.
const NAMED: usize = 6;

/// One fault as a sentence, with the number of its edit where it is one edit's.
pub(super) fn say(view: &View, rights: &[&Rights], one: &DraftFault) -> String {
    let told = fault(view, rights, &one.fault);
    match one.edit {
        Some(no) => t::rules_fault_of_edit(view.tr(), told, no.to_string()),
        None => told,
    }
}

/// A fault by itself.
pub(super) fn fault(view: &View, rights: &[&Rights], fault: &Fault) -> String {
    let tr = view.tr();
    let who = |id| names::exact(view, id);
    let what = |id| names::service_of(view, rights, id);
    match fault {
        Fault::NoSegment(id) => t::rules_fault_no_segment(tr, id.as_str()),
        Fault::RetiredSegment(id) => t::rules_fault_retired_segment(tr, who(id)),
        Fault::NoService(id) => t::rules_fault_no_service(tr, id.as_str()),
        Fault::RetiredService(id) => t::rules_fault_retired_service(tr, what(id)),
        Fault::ServiceExists(id) => t::rules_fault_service_exists(tr, id.as_str()),
        Fault::NotRetired(id) => t::rules_fault_not_retired(tr, what(id)),
        Fault::ServiceChanged { service, .. } => t::rules_fault_service_changed(tr, what(service)),
        Fault::NoNumber(id) => t::rules_fault_no_number(tr, what(id)),
        Fault::NameMissing(_) => t::rules_fault_name_missing(tr).to_owned(),
        Fault::NameUnfit(_) => t::rules_fault_name_unfit(tr).to_owned(),
        Fault::TooMuch(id, _) => t::rules_fault_too_much(tr, what(id)),
        Fault::TooManyChecks(id) => t::services_fault_many(tr, Check::MOST, what(id)),
        Fault::TextUnfit(_) => t::services_fault_text(tr).to_owned(),
        Fault::NoOwner(_, id) => t::services_fault_owner(tr, id.as_str()),
        Fault::Checks(_, all) => checks(tr, all),
        Fault::NoRate(id) => t::rules_fault_no_rate(tr, who(id)),
        Fault::Policy(one) => policy(view, rights, one),
    }
}

/// A fault of what rights and registry make together.
pub(super) fn policy(view: &View, rights: &[&Rights], fault: &PolicyFault) -> String {
    use PolicyFault as F;
    let tr = view.tr();
    let who = |id| names::exact(view, id);
    let what = |id| names::service_of(view, rights, id);
    match fault {
        F::Overlap(a, one, b, two) => {
            t::rules_policy_overlap(tr, a.to_string(), b.to_string(), who(one), who(two))
        }
        F::InNetwork(a, one, b, network) => {
            t::rules_policy_in_network(tr, a.to_string(), b.to_string(), network, who(one))
        }
        F::NetworksOverlap(a, one, b, two) => {
            t::rules_policy_networks(tr, a.to_string(), b.to_string(), one, two)
        }
        F::TooWide(a, one) => t::rules_policy_wide(tr, a.to_string(), who(one)),
        F::Special(a, one, _) => t::rules_policy_special(tr, a.to_string(), who(one)),
        F::HostBits(a, one, right) => {
            t::rules_policy_bits(tr, a.to_string(), right.to_string(), who(one))
        }
        F::NumberTooLarge(one, no) => t::rules_policy_number_large(tr, no.to_string(), who(one)),
        F::NumberTwice(no, one, two) => {
            t::rules_policy_number(tr, no.to_string(), who(one), who(two))
        }
        F::ServiceTwice(no, one, two) => {
            t::rules_policy_number(tr, no.to_string(), what(one), what(two))
        }
        F::TooManyServices(one, no) => t::rules_policy_many(tr, no.to_string(), what(one)),
        F::NoService(one, no) => t::rules_policy_no_service(tr, no.to_string(), who(one)),
        F::PortTwice(one, two, port, at) => {
            // "the hub" is how the policy calls itself.
            let at = if at == "the hub" { t::rules_on_hub(tr) } else { at };
            t::rules_policy_port(tr, at, what(one), port.to_string(), what(two))
        }
        F::Nowhere(one, "ports") => t::rules_policy_no_ports(tr, what(one)),
        F::Nowhere(one, _) => t::rules_policy_no_addresses(tr, what(one)),
        F::HubWithAddress(one, at) => t::rules_policy_hub_address(tr, at.to_string(), what(one)),
        F::Stray(one, at) => t::rules_policy_stray(tr, at.to_string(), what(one)),
        F::InSegment(one, at, prefix, segment) => t::rules_policy_in_segment(
            tr,
            at.to_string(),
            prefix.to_string(),
            who(segment),
            what(one),
        ),
        F::InterfaceTwice(interface, segment, network) => {
            t::rules_policy_interface(tr, interface, network, who(segment))
        }
        F::OnLoopback(one) => t::rules_policy_loopback(tr, who(one)),
        F::InterfaceShared(interface, one, two) => {
            t::rules_policy_interface_shared(tr, interface, one, two)
        }
    }
}

/// Something to think of first.
pub(super) fn warning(view: &View, rights: &[&Rights], warning: &Warning) -> String {
    use Warning as W;
    let tr = view.tr();
    let who = |id| names::exact(view, id);
    let what = |id| names::service_of(view, rights, id);
    match warning {
        W::OwnDashboard { segment } => t::rules_warn_own_dashboard(tr, who(segment)),
        W::OwnService { segment, service } => {
            t::rules_warn_own_service(tr, who(segment), what(service))
        }
        W::OwnSegment { segment } => t::rules_warn_own_segment(tr, who(segment)),
        W::OwnNetwork { network } => t::rules_warn_own_network(tr, network),
        W::NobodyDashboard => t::rules_warn_nobody(tr).to_owned(),
        W::CutOff { service, segments } => {
            let list = names::some(view, segments, NAMED);
            t::rules_warn_cut_off(tr, segments.len(), list, what(service))
        }
        W::Gone { segments } => {
            t::rules_warn_gone(tr, segments.len(), names::some(view, segments, NAMED))
        }
        W::RetiredGrants { segment, services } => {
            let services: Vec<String> = services.iter().map(what).collect();
            t::rules_warn_retired_grants(tr, who(segment), services.join(", "))
        }
        W::NoContract { segment } => t::rules_warn_no_contract(tr, who(segment)),
    }
}

/// All faults of a service's checks, each with the number of its line.
pub(super) fn checks(tr: &ets_i18n::Tr, all: &[(usize, CheckFault)]) -> String {
    let one = |(no, fault): &(usize, CheckFault)| {
        t::services_fault_line(tr, no.to_string(), check(tr, fault))
    };
    all.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// One fault of a check, with what to do.
fn check(tr: &ets_i18n::Tr, fault: &CheckFault) -> String {
    use CheckFault as C;
    match fault {
        C::Kind(word) => t::services_fault_kind(tr, word),
        C::Word(word) => t::services_fault_word(tr, word),
        C::Number(word) => t::services_fault_number(tr, word),
        C::Status(word) => t::services_fault_status(tr, word),
        C::Every(_) => t::services_fault_every(tr).to_owned(),
        C::Timeout(_) => t::services_fault_timeout(tr).to_owned(),
        C::InARow { .. } => t::services_fault_row(tr).to_owned(),
        C::Path(word) => t::services_fault_path(tr, word),
        C::Text => t::services_fault_body(tr).to_owned(),
        C::Name(word) => t::services_fault_name(tr, word),
        C::NotOfKind { kind, part } => t::services_fault_part(tr, kind.as_str(), *part),
        C::NoPort(kind) => t::services_fault_port(tr, kind.as_str()),
    }
}
