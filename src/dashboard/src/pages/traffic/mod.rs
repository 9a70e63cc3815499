//! What passed, for people: now, who moves the most, reports of a month, quotas, and the traffic
//! of one segment.

mod act;
pub(super) mod bars;
mod figures;
mod files;
mod forecast;
mod gaps;
mod month;
mod now;
mod period;
mod picture;
mod quota_form;
mod quota_list;
mod quota_read;
mod quota_words;
mod report;
mod report_html;
mod report_table;
mod reports;
mod segment;
mod segment_card;
mod segment_chart;
mod segment_parts;
mod talk;
mod top;
mod top_table;

use axum::routing::get;
use ets_i18n::{Key, key};
use ets_web::tabs::{Tab, tabs};
use ets_web::{Html, Page};

use super::view::View;
use crate::entry::Routes;

pub(crate) use now::{middle, told};
use picture::segment_now;
pub(super) use segment_card::segment_card;

/// The parts, in order: name, title, address.
const PARTS: [(&str, Key, &str); 4] = [
    ("live", key::TRAFFIC_TAB_LIVE, "/traffic"),
    ("top", key::TRAFFIC_TAB_TOP, "/traffic/top"),
    ("reports", key::TRAFFIC_TAB_REPORTS, "/traffic/reports"),
    ("quotas", key::TRAFFIC_TAB_QUOTAS, "/traffic/quotas"),
];

/// All of it, behind the gate.
pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/traffic", "traffic.read", get(now::page))
        .route("/live/traffic", "traffic.read", get(now::stream))
        .route("/traffic/top", "traffic.read", get(top::page))
        .route("/traffic/top.csv", "traffic.read", get(top_table::csv))
        .route("/traffic/top.xlsx", "traffic.read", get(top_table::xlsx))
        .route("/traffic/reports", "traffic.read", get(reports::page))
        .route("/traffic/reports/all.csv", "traffic.read", get(reports::csv))
        .route("/traffic/reports/all.xlsx", "traffic.read", get(reports::xlsx))
        .route("/traffic/reports/all.pdf", "traffic.read", get(reports::acts))
        .route("/traffic/reports/{institution}", "traffic.read", get(report::page))
        .route("/traffic/reports/{institution}/report.csv", "traffic.read", get(report::csv))
        .route("/traffic/reports/{institution}/report.xlsx", "traffic.read", get(report::xlsx))
        .route("/traffic/reports/{institution}/act.pdf", "traffic.read", get(report::act))
        .route("/traffic/quotas", "traffic.read", get(quota_list::page))
        .route(
            "/traffic/quotas/new",
            "traffic.write",
            get(quota_form::new).post(quota_form::create),
        )
        .route(
            "/traffic/quotas/{id}/edit",
            "traffic.write",
            get(quota_form::edit).post(quota_form::save),
        )
        .route(
            "/traffic/quotas/{id}/remove",
            "traffic.write",
            get(quota_form::ask_remove).post(quota_form::remove),
        )
        .route("/segments/{id}/traffic", "traffic.read", get(segment::page))
        .route("/segments/{id}/talkers", "traffic.read", get(talk::page))
        .route("/segments/{id}/traffic.csv", "traffic.read", get(segment::csv))
        .route("/segments/{id}/traffic.xlsx", "traffic.read", get(segment::xlsx))
}

/// The way between the parts; `current` is the name of this one.
fn way(view: &View, current: &str) -> Html {
    let tr = view.tr();
    let all = PARTS.map(|(name, title, href)| Tab {
        title: tr.get(title).to_owned(),
        href: href.to_owned(),
        current: name == current,
        key: "",
    });
    Html::trusted(format!(
        "<div class=\"ways\">{}</div>",
        tabs(ets_i18n::t::traffic_tabs(tr), &all)
    ))
}

/// A page of this part of the hub.
fn frame(view: &View, current: &str, heading: String, body: &Html) -> Page {
    Page { heading, body: way(view, current).then(body), nav: "traffic", ..Page::default() }
}
