//! The list: what does not answer first.

use axum::response::Response;
use ets_i18n::{collation_key, t};
use ets_model::{HealthState, Service};
use ets_poll::Health;
use ets_web::live::fragment;
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, Page, card, facts, notice, when};

use super::super::{overview, rules, view::View};
use super::{FRAGMENT, Known, href, known, tally, who, words};
use crate::Error;

/// `GET /services`
pub(super) async fn page(view: View) -> Result<Response, Error> {
    let tr = view.tr();
    let mut known = known(&view)?;
    known.sort_by_cached_key(|(one, health)| {
        let state = health.as_ref().map(|health| health.state);
        (state.is_none(), state, collation_key(view.lang(), words::name(&view, one)))
    });
    let body = if known.is_empty() {
        notice::empty(t::rules_no_services(tr), &Html::text(t::rules_no_services_text(tr)))
    } else {
        let mut tools = Html::default();
        if view.may("rules.read") {
            tools.push(&Html::link("/rules.csv", t::download_csv(tr)));
        }
        card::card(t::services_title(tr), &tools, &fragment(FRAGMENT, &rows(&view, &known)))
    };
    let page = Page {
        title: t::services_title(tr).to_owned(),
        heading: heading(&view, &known),
        body: rules::over_services(&view).then(&body),
        nav: "rules",
        live: Some(overview::own_stream(&view)),
        ..Page::default()
    };
    Ok(view.respond(&page))
}

fn heading(view: &View, known: &Known) -> String {
    let tr = view.tr();
    let states = known.iter().flat_map(|(_, health)| health).map(|health| health.state);
    match tally(states) {
        [0, 0, 0] if known.is_empty() => t::rules_no_services(tr).to_owned(),
        [0, 0, 0] => t::services_heading_unchecked(tr).to_owned(),
        [0, 0, _] => t::services_heading_up(tr).to_owned(),
        [0, unknown, _] => t::services_heading_unknown(tr, unknown),
        [down, ..] => t::services_heading_down(tr, down),
    }
}

fn rows(view: &View, known: &Known) -> Html {
    let tr = view.tr();
    let list = Table {
        caption: t::services_title(tr).to_owned(),
        columns: vec![
            Column::new("", t::rules_column_service(tr)),
            Column::new("", t::services_column_state(tr)),
            Column::new("", t::services_column_address(tr)),
            Column::new("", t::services_owner(tr)).minor(),
            Column::new("", t::rules_column_who(tr)).minor(),
        ],
        rows: known.iter().map(|(one, health)| row(view, one, health.as_deref())).collect(),
        ..Table::default()
    };
    table(tr, &list)
}

fn row(view: &View, one: &Service, health: Option<&Health>) -> Row {
    Row {
        cells: vec![
            Html::link(&href(one), words::name(view, one)).into(),
            state(view, health).into(),
            rules::answers_at(view, one).into(),
            owner(view, one).into(),
            who::short(view, one).into(),
        ],
        ..Row::default()
    }
}

/// The state, since when, and why; how fast where it answers.
fn state(view: &View, health: Option<&Health>) -> Html {
    let tr = view.tr();
    let mut out = words::badge(tr, health);
    let Some(health) = health else { return out };
    if let Some(since) = health.since {
        out.push(&Html::trusted(" <small class=\"mut\">"));
        out.push(&when::lasting(&view.ctx, since));
        out.push(&Html::trusted("</small>"));
    }
    let told = match &health.reason {
        Some(reason) => words::reason(tr, reason),
        None if health.state == HealthState::Up && health.count(HealthState::Down) > 0 => {
            t::services_partly(tr, health.count(HealthState::Down), health.lines.len())
        }
        None => return out,
    };
    out.push(&Html::trusted("<br><small>"));
    out.push(&Html::text(&told));
    out.push(&Html::trusted("</small>"));
    out
}

/// Who answers for it, in one line.
pub(super) fn owner(view: &View, one: &Service) -> Html {
    let owner = &one.owner;
    let name = owner_name(view, one);
    if name.is_empty() && owner.phone.is_empty() {
        return facts::none(view.tr());
    }
    let parts: Vec<&str> =
        [name.as_str(), &owner.phone].into_iter().filter(|one| !one.is_empty()).collect();
    Html::text(&parts.join(", "))
}

/// Institution and name.
pub(in crate::pages) fn owner_name(view: &View, one: &Service) -> String {
    let owner = &one.owner;
    let institution = owner.institution.parse().ok();
    let institution = institution.and_then(|id| view.catalog.institution(&id));
    let institution = institution.map_or("", |one| one.name.get(view.lang()));
    let parts = [institution, owner.name.as_str()];
    parts.into_iter().filter(|one| !one.is_empty()).collect::<Vec<_>>().join(", ")
}
