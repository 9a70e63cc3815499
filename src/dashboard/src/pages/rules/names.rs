//! What segments, services, people, ports, limits and rates are called on these pages.

use std::net::IpAddr;

use ets_i18n::{Tr, t};
use ets_model::{Limits, OpenTo, PortRange, Rate, SegmentId, Service, ServiceId, ServicePlace};
use ets_rules::Rights;
use ets_web::Html;

use super::super::journal;
use super::super::view::View;

/// Who made or confirmed something, in words.
pub(super) fn who(tr: &Tr, kept: &str) -> String {
    journal::actor(tr, kept)
}

/// The name of a segment; its identifier where the registry does not know it.
pub(super) fn segment<'a>(view: &'a View, id: &'a SegmentId) -> &'a str {
    let known = view.catalog.segment(id.as_str());
    known.map_or(id.as_str(), |one| view.catalog.name(one, view.lang()))
}

/// Name and identifier, for sentences that tell two segments apart.
pub(super) fn exact(view: &View, id: &SegmentId) -> String {
    format!("{} ({id})", segment(view, id))
}

/// The name of a segment as a link to its page.
pub(super) fn segment_link(view: &View, id: &SegmentId) -> Html {
    Html::link(&format!("/segments/{id}"), segment(view, id))
}

/// The first few of some segments by name; the rest is counted.
pub(super) fn some<'a>(
    view: &View,
    ids: impl IntoIterator<Item = &'a SegmentId>,
    most: usize,
) -> String {
    let ids: Vec<&SegmentId> = ids.into_iter().collect();
    let mut named: Vec<&str> = ids.iter().take(most).map(|id| segment(view, id)).collect();
    let more = t::db_more(view.tr(), ids.len().saturating_sub(most));
    if ids.len() > most {
        named.push(&more);
    }
    named.join(", ")
}

/// What a service is called; never empty.
pub(super) fn service<'a>(view: &View, one: &'a Service) -> &'a str {
    let name = one.name.get(view.lang());
    if name.is_empty() { one.id.as_str() } else { name }
}

/// The same where only the identifier is at hand, looked for in each of the rights.
pub(super) fn service_of(view: &View, rights: &[&Rights], id: &ServiceId) -> String {
    let known = rights.iter().find_map(|rights| rights.service(id));
    known.map_or(id.as_str(), |one| service(view, one)).to_owned()
}

/// The address of a service's page.
pub(super) fn service_href(id: &ServiceId) -> String {
    format!("/rules/services/{id}")
}

/// The name of a service as a link to its page.
pub(super) fn service_link(view: &View, one: &Service) -> Html {
    Html::link(&service_href(&one.id), service(view, one))
}

/// Who may reach a service: everyone, or so many segments by a grant.
pub(in crate::pages) fn who_may(tr: &Tr, open_to: OpenTo, count: usize) -> String {
    match (open_to, count) {
        (OpenTo::Everyone, _) => t::rules_who_everyone(tr).to_owned(),
        (OpenTo::Granted, 0) => t::rules_who_nobody(tr).to_owned(),
        (OpenTo::Granted, count) => t::rules_who_some(tr, count),
    }
}

/// `tcp/25, udp/50000-50099`
pub(super) fn ports(ports: &[PortRange]) -> String {
    join(ports)
}

/// Where a service runs: its addresses, or the hub itself.
pub(super) fn place(tr: &Tr, place: ServicePlace, addresses: &[IpAddr]) -> String {
    match place {
        ServicePlace::Hub => t::rules_on_hub(tr).to_owned(),
        ServicePlace::Behind => join(addresses),
    }
}

/// Where a service answers: its addresses and ports.
pub(in crate::pages) fn answers_at(view: &View, one: &Service) -> Html {
    Html::text(&place(view.tr(), one.place, &one.addresses))
        .then(&Html::trusted("<br>"))
        .then(&Html::code(&ports(&one.ports)))
}

fn join(all: &[impl ToString]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Limits in one line.
pub(super) fn limits(tr: &Tr, limits: Limits) -> String {
    let mut told = Vec::new();
    if limits.connections > 0 {
        told.push(t::rules_limit_connections(tr, limits.connections));
    }
    if limits.new_connections > 0 {
        told.push(t::rules_limit_new(tr, limits.new_connections));
    }
    if limits.packets > 0 {
        told.push(t::rules_limit_packets(tr, limits.packets));
    }
    if told.is_empty() { t::rules_limit_none(tr).to_owned() } else { told.join(", ") }
}

/// To what a segment is shaped.
pub(super) fn rate(tr: &Tr, rate: Rate) -> String {
    let one = |kbps: u64| match kbps {
        0 => t::rules_rate_free(tr).to_owned(),
        kbps => tr.bit_rate(kbps as f64 * 1_000.0),
    };
    t::segment_fact_rates_text(tr, one(rate.down_kbps), one(rate.up_kbps))
}
