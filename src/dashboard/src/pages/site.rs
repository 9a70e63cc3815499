//! What all pages share, in each language.

use ets_i18n::{Lang, TimeZone, key};
use ets_model::Names;
use ets_web::{NavItem, Site};

use crate::Config;

/// The frame of the pages, one for each language in the order of [`Lang::ALL`].
pub(crate) fn sites(config: &Config, zone: &TimeZone) -> [Site; 3] {
    Lang::ALL.map(|lang| Site {
        mark: if lang == Lang::En { "ETS" } else { "ЕТС" }.to_owned(),
        name: name(config),
        owner: Names { ru: config.owner.clone(), ..Names::default() },
        zone: zone.clone(),
        lang: config.language,
        nav: nav(|_| true),
        search: "/segments",
        wall: "/wall",
        origin: String::new(),
    })
}

fn name(config: &Config) -> Names {
    if config.title.is_empty() {
        return Names { kk: "торабы".into(), ru: "узел".into(), en: "hub".into() };
    }
    Names { ru: config.title.clone(), ..Names::default() }
}

/// The navigation of somebody who may what `may` says. Certificates and rights are one entry, which
/// leads to the first of both that is open to him.
pub(crate) fn nav(may: impl Fn(&str) -> bool) -> Vec<NavItem> {
    let mut nav = NAV.to_vec();
    nav.retain(|item| needs(item.id).is_none_or(&may));
    if nav.iter().any(|item| item.id == "ca") {
        nav.retain(|item| item.id != "rights");
    }
    nav
}

/// What an entry of the navigation needs; `None` for what everybody may open who is known.
fn needs(entry: &str) -> Option<&'static str> {
    match entry {
        "help" => None,
        "traffic" => Some("traffic.read"),
        "rules" => Some("rules.read"),
        "ca" => Some("ca.read"),
        "rights" => Some("rights.read"),
        "journal" => Some("journal.read"),
        "system" => Some("system.read"),
        _ => Some("network.read"),
    }
}

const NAV: &[NavItem] = &[
    item("overview", key::OVERVIEW_TITLE, "/", 'o'),
    item("outages", key::OUTAGES_TITLE, "/outages", 'i'),
    item("traffic", key::TRAFFIC_TITLE, "/traffic", 't'),
    item("segments", key::REGISTRY_TITLE, "/segments", 's'),
    item("rules", key::RULES_TITLE, "/rules", 'r'),
    item("ca", key::TRUST_TITLE, "/ca", 'c'),
    item("rights", key::TRUST_TITLE, "/rights", 'u'),
    item("journal", key::JOURNAL_TITLE, "/journal", 'j'),
    item("system", key::SYSTEM_NAV, "/system", 'h'),
    item("help", key::HELP_PAGE_TITLE, "/help", 'p'),
];

const fn item(id: &'static str, title: ets_i18n::Key, href: &'static str, go: char) -> NavItem {
    NavItem { id, title, href, go: Some(go) }
}
