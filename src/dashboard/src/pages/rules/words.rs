//! Differences of the rules in the reader's language. What many segments have in common is one
//! line; what takes something away stands apart, first.

use std::collections::BTreeMap;
use std::fmt::Display;

use ets_i18n::t;
use ets_model::{PolicyChange, SegmentId, ServiceId, ServicePlace};
use ets_rules::Rights;
use ets_web::Html;
use ets_web::html::escape;

use super::super::view::View;
use super::{mark, names};

/// Segments named in a line; the rest is counted.
const NAMED: usize = 6;
/// Lines of a list; the rest is counted.
const LINES: usize = 100;

/// One line: what differs, and whether it takes something away.
struct Line {
    takes: bool,
    text: String,
}

/// The differences as two lists: what is taken away, what comes or changes. `rights`: where the
/// services are looked up, the later first.
pub(super) fn changes(view: &View, rights: &[&Rights], changes: &[PolicyChange]) -> Html {
    let tr = view.tr();
    let (takes, gives): (Vec<Line>, Vec<Line>) =
        lines(view, rights, changes).into_iter().partition(|line| line.takes);
    let mut out = String::new();
    for (title, icon, lines) in
        [(t::rules_takes(tr), mark::TAKES, takes), (t::rules_gives(tr), mark::GIVES, gives)]
    {
        if lines.is_empty() {
            continue;
        }
        // No heading: it stands below headings of several levels, or below none.
        out.push_str(&format!("<p><strong>{title}</strong></p><ul class=\"marked\">"));
        for line in lines.iter().take(LINES) {
            out.push_str(&format!("<li>{icon}<span>{}</span></li>", escape(&line.text)));
        }
        if lines.len() > LINES {
            let more = t::db_more(tr, lines.len() - LINES);
            out.push_str(&format!("<li>{icon}<span>{more}</span></li>"));
        }
        out.push_str("</ul>");
    }
    Html::trusted(out)
}

/// Every difference; grants, withdrawals, comings and goings of many segments are told together.
fn lines(view: &View, rights: &[&Rights], changes: &[PolicyChange]) -> Vec<Line> {
    let tr = view.tr();
    let named = |id: &ServiceId| names::service_of(view, rights, id);
    let mut lines = Vec::new();
    let mut grants: BTreeMap<(bool, &ServiceId), Vec<&SegmentId>> = BTreeMap::new();
    let mut moves: BTreeMap<bool, Vec<&SegmentId>> = BTreeMap::new();
    for change in changes {
        match change {
            PolicyChange::Granted { segment, service } => {
                grants.entry((false, service)).or_default().push(segment);
            }
            PolicyChange::Withdrawn { segment, service } => {
                grants.entry((true, service)).or_default().push(segment);
            }
            PolicyChange::SegmentAdded { segment, .. } => {
                moves.entry(false).or_default().push(segment);
            }
            PolicyChange::SegmentRemoved { segment } => {
                moves.entry(true).or_default().push(segment);
            }
            other => {
                let text = one(view, rights, other);
                lines.push(Line { takes: other.takes_away(), text });
            }
        }
    }
    for ((takes, service), segments) in grants {
        let (count, list) = (segments.len(), names::some(view, segments, NAMED));
        let tell = if takes { t::rules_change_withdrawn } else { t::rules_change_granted };
        lines.push(Line { takes, text: tell(tr, count, list, named(service)) });
    }
    for (takes, segments) in moves {
        let (count, list) = (segments.len(), names::some(view, segments, NAMED));
        let tell = if takes { t::rules_change_gone } else { t::rules_change_new };
        lines.push(Line { takes, text: tell(tr, count, list) });
    }
    lines
}

/// A difference that is told by itself.
fn one(view: &View, rights: &[&Rights], change: &PolicyChange) -> String {
    use PolicyChange as C;
    let tr = view.tr();
    let who = |id: &SegmentId| names::segment(view, id).to_owned();
    let what = |id: &ServiceId| names::service_of(view, rights, id);
    match change {
        C::SegmentMoved { segment, from, to } => t::rules_change_moved(tr, from, who(segment), to),
        C::PrefixAdded { segment, prefix } => {
            t::rules_change_prefix_added(tr, prefix.to_string(), who(segment))
        }
        C::PrefixRemoved { segment, prefix } => {
            t::rules_change_prefix_removed(tr, prefix.to_string(), who(segment))
        }
        C::Bound { segment, to: Some(to), .. } => {
            t::rules_change_bound(tr, to.to_string(), who(segment))
        }
        C::Bound { segment, to: None, .. } => t::rules_change_unbound(tr, who(segment)),
        C::Limits { segment: None, from, to } => {
            let was = names::limits(tr, from.unwrap_or_default());
            t::rules_change_limits_all(tr, names::limits(tr, to.unwrap_or_default()), was)
        }
        C::Limits { segment: Some(segment), to: Some(to), .. } => {
            t::rules_change_limits_own(tr, names::limits(tr, *to), who(segment))
        }
        C::Limits { segment: Some(segment), to: None, .. } => {
            t::rules_change_limits_none(tr, who(segment))
        }
        C::Rate { segment, to: Some(to), .. } => {
            t::rules_change_rate(tr, names::rate(tr, *to), who(segment))
        }
        C::Rate { segment, to: None, .. } => t::rules_change_rate_none(tr, who(segment)),
        C::ServiceAdded { service } => t::rules_change_service_added(tr, what(service)),
        C::ServiceRemoved { service } => t::rules_change_service_removed(tr, what(service)),
        C::Ports { service, from, to } => {
            t::rules_change_ports(tr, list(from), what(service), list(to))
        }
        C::Servers { service, from, to } => {
            let place = |at: &[std::net::IpAddr]| {
                let on = if at.is_empty() { ServicePlace::Hub } else { ServicePlace::Behind };
                names::place(tr, on, at)
            };
            t::rules_change_servers(tr, place(from), what(service), place(to))
        }
        C::Opened { service } => t::rules_change_opened(tr, what(service)),
        C::Closed { service } => t::rules_change_closed(tr, what(service)),
        C::Network { name } => t::rules_change_network(tr, name),
        // These are told together with others.
        C::SegmentAdded { .. }
        | C::SegmentRemoved { .. }
        | C::Granted { .. }
        | C::Withdrawn { .. } => String::new(),
    }
}

fn list(all: &[impl Display]) -> String {
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    if all.is_empty() { "–".to_owned() } else { all.join(", ") }
}
