//! The views of certificates and rights: one entry of the navigation, side by side as tabs.

use ets_i18n::t;
use ets_web::{Html, tabs};

use super::view::View;

/// Which of the views is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Certificates,
    Machines,
    People,
    Roles,
    Report,
}

/// The tabs that are open to the reader; nothing where there is one alone.
pub(super) fn tabs(view: &View, current: Tab) -> Html {
    let tr = view.tr();
    let all = [
        (Tab::Certificates, "ca.read", t::ca_title(tr), "/ca"),
        (Tab::Machines, "ca.read", t::machines_title(tr), "/ca/machines"),
        (Tab::People, "rights.read", t::rights_tab_people(tr), "/rights"),
        (Tab::Roles, "rights.read", t::rights_tab_roles(tr), "/rights/roles"),
        (Tab::Report, "rights.read", t::rights_tab_report(tr), "/rights/report"),
    ];
    let open = all.into_iter().filter(|(_, right, _, _)| may(view, right));
    let open: Vec<_> = open
        .map(|(tab, _, title, href)| tabs::Tab {
            title: title.to_owned(),
            href: href.to_owned(),
            current: tab == current,
            key: "",
        })
        .collect();
    if open.len() < 2 { Html::default() } else { tabs::tabs(t::trust_title(tr), &open) }
}

/// The entry of the navigation under which both stand for the reader.
pub(super) fn nav(view: &View) -> &'static str {
    if may(view, "ca.read") { "ca" } else { "rights" }
}

fn may(view: &View, right: &str) -> bool {
    view.who.as_ref().is_some_and(|who| view.app.may(who, right))
}
