//! Rights, roles and scopes in words.

use ets_i18n::{Tr, t};
use ets_rights::Scope;

use crate::pages::view::View;

/// What a right lets one do; a right of a module by its own name.
pub(in crate::pages) fn right<'a>(tr: &Tr, id: &'a str) -> &'a str
where
    'static: 'a,
{
    match id {
        "network.read" => t::right_network_read(tr),
        "network.write" => t::right_network_write(tr),
        "rules.read" => t::right_rules_read(tr),
        "rules.write" => t::right_rules_write(tr),
        "traffic.read" => t::right_traffic_read(tr),
        "traffic.write" => t::right_traffic_write(tr),
        "journal.read" => t::right_journal_read(tr),
        "system.read" => t::right_system_read(tr),
        "system.write" => t::right_system_write(tr),
        "ca.read" => t::right_ca_read(tr),
        "ca.issue" => t::right_ca_issue(tr),
        "ca.revoke" => t::right_ca_revoke(tr),
        "rights.read" => t::right_rights_read(tr),
        "rights.write" => t::right_rights_write(tr),
        "portal.enter" => t::right_portal_enter(tr),
        id => id,
    }
}

/// What a role is called.
pub(in crate::pages) fn role<'a>(tr: &Tr, id: &'a str, title: &'a str) -> &'a str
where
    'static: 'a,
{
    match id {
        "administrator" => t::role_administrator(tr),
        "ca-officer" => t::role_ca_officer(tr),
        "rights-administrator" => t::role_rights_administrator(tr),
        "auditor" => t::role_auditor(tr),
        "observer" => t::role_observer(tr),
        "civil-servant" => t::role_civil_servant(tr),
        id if title.is_empty() => id,
        _ => title,
    }
}

/// Where something holds, with the names of the registry.
pub(in crate::pages) fn scope(view: &View, scope: &Scope) -> String {
    let tr = view.tr();
    match scope {
        Scope::Everywhere => t::scope_everywhere(tr).to_owned(),
        Scope::District(id) => t::scope_district(tr, id.as_str()),
        Scope::Institution(id) => {
            let known = view.catalog.institution(id);
            let name = known.map(|one| one.name.get(view.lang())).filter(|name| !name.is_empty());
            t::scope_institution(tr, name.unwrap_or(id.as_str()))
        }
        Scope::Segment(id) => {
            let known = view.catalog.segment(id.as_str());
            let name = known.map(|one| view.catalog.name(one, view.lang()));
            t::scope_segment(tr, name.unwrap_or(id.as_str()))
        }
        Scope::Other { kind, id } => format!("{kind}: {id}"),
    }
}
