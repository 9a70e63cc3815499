//! One service: what it is, how it is checked, what was heard, who may reach it.

use axum::extract::Path;
use axum::response::Response;
use ets_i18n::t;
use ets_model::{HealthState, Service, ServiceId};
use ets_poll::{Change, Health, Line};
use ets_web::html::escape;
use ets_web::live::fragment;
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Crumb, Html, Page, card, facts, notice, when};

use super::super::{overview, rules, view::View};
use super::{FRAGMENT, list, picture, who, words};
use crate::Error;

/// Changes that are shown.
const SHOWN: u32 = 50;

/// `GET /services/{id}`
pub(super) async fn page(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let tr = view.tr();
    let missing = || Error::NotFound { what: "service", id: id.clone() };
    let parsed: ServiceId = id.parse().map_err(|_| missing())?;
    let known = view.app.deps.rules.as_ref().ok_or(Error::NetdAway)?.service(&parsed);
    let service = known.ok_or_else(missing)?;
    let health = picture(&view).services.get(&parsed).cloned();
    let health = health.as_deref();
    let history = match &view.app.deps.services {
        Some(services) => services.history(&parsed, SHOWN).await.map_err(Error::internal)?,
        None => Vec::new(),
    };
    let told = fragment(FRAGMENT, &verdict(&view, health).then(&heard(&view, health, &history)));
    let mut side = facts_card(&view, &service);
    if view.may("rules.read") {
        side.push(&who::card(&view, &service));
    }
    let page = Page {
        title: words::name(&view, &service).to_owned(),
        heading: heading(&view, &service, health),
        sub: Html::text(service.about.get(view.lang())),
        body: card::columns(&told, &side),
        nav: "rules",
        crumbs: vec![Crumb::new(t::services_title(tr), "/services")],
        live: Some(overview::own_stream(&view)),
        ..Page::default()
    };
    Ok(view.respond(&page))
}

fn heading(view: &View, service: &Service, health: Option<&Health>) -> String {
    let (tr, name) = (view.tr(), words::name(view, service));
    let word = match health {
        _ if service.retired.is_some() => return t::rules_service_heading_retired(tr, name),
        Some(health) => words::word(tr, health.state),
        None => t::services_state_unchecked(tr),
    };
    format!("{name}: {word}")
}

/// Why it does not answer, and what to do; that it is not checked.
fn verdict(view: &View, health: Option<&Health>) -> Html {
    let tr = view.tr();
    let (tone, text) = match health {
        None => (notice::Tone::Plain, t::services_no_checks(tr).to_owned()),
        Some(Health { state: HealthState::Up, .. }) => return Html::default(),
        Some(Health { reason: None, .. }) => {
            (notice::Tone::Plain, t::services_not_yet(tr).to_owned())
        }
        Some(Health { state, reason: Some(reason), .. }) => {
            let tone = match state {
                HealthState::Down => notice::Tone::Bad,
                _ => notice::Tone::Plain,
            };
            (tone, words::reason(tr, reason))
        }
    };
    notice::notice(tone, &Html::text(&text))
}

fn heard(view: &View, health: Option<&Health>, history: &[Change]) -> Html {
    let tr = view.tr();
    let lines = health.map(|health| health.lines.as_slice()).unwrap_or_default();
    let mut out = Html::default();
    if !lines.is_empty() {
        out.push(&card::card(t::services_checks(tr), &Html::default(), &checks(view, lines)));
    }
    let events: Vec<(Html, Html)> = history.iter().map(|one| event(view, one)).collect();
    let body = match events.is_empty() {
        true => {
            notice::empty(t::services_history_none(tr), &Html::text(t::services_history_text(tr)))
        }
        false => card::events(&events),
    };
    out.then(&card::card(t::services_history(tr), &Html::default(), &body))
}

fn checks(view: &View, lines: &[Line]) -> Html {
    let tr = view.tr();
    let list = Table {
        caption: t::services_checks(tr).to_owned(),
        columns: vec![
            Column::new("", t::services_column_check(tr)),
            Column::new("", t::services_column_address(tr)),
            Column::new("", t::services_column_state(tr)),
            Column::new("", t::services_column_took(tr)).numeric(),
            Column::new("", t::services_column_failed(tr)),
        ],
        rows: lines.iter().map(|line| row(view, line)).collect(),
        ..Table::default()
    };
    table(tr, &list)
}

fn row(view: &View, line: &Line) -> Row {
    let tr = view.tr();
    let took = line.took.map_or_else(|| facts::none(tr), |took| Html::text(&tr.millis(took)));
    let failed = match &line.failed {
        None => facts::none(tr),
        Some((at, reason)) => when::moment(&view.ctx, *at)
            .then(&Html::trusted("<br><small>"))
            .then(&Html::text(&words::reason(tr, reason)))
            .then(&Html::trusted("</small>")),
    };
    let mut state = words::of_state(tr, line.state);
    if let Some(since) = line.since {
        state.push(&Html::trusted(" <small class=\"mut\">"));
        state.push(&when::lasting(&view.ctx, since));
        state.push(&Html::trusted("</small>"));
    }
    Row {
        cells: vec![
            Html::code(&line.target.check.to_string()).into(),
            Html::code(&line.target.address.to_string()).into(),
            state.into(),
            took.into(),
            failed.into(),
        ],
        ..Row::default()
    }
}

fn event(view: &View, change: &Change) -> (Html, Html) {
    let tr = view.tr();
    let mut told = words::of_state(tr, change.to);
    if let Some(reason) = &change.reason {
        told.push(&Html::trusted("<br><small>"));
        told.push(&Html::text(&words::reason(tr, reason)));
        told.push(&Html::trusted("</small>"));
    }
    (when::moment(&view.ctx, change.at), told)
}

fn facts_card(view: &View, one: &Service) -> Html {
    let tr = view.tr();
    let owner = &one.owner;
    let text = |text: &str| if text.is_empty() { facts::none(tr) } else { Html::text(text) };
    let to = |scheme: &str, text: &str| match text.is_empty() {
        true => facts::none(tr),
        false => {
            let dialled: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
            Html::trusted(format!("<a href=\"{scheme}:{}\">{}</a>", escape(&dialled), escape(text)))
        }
    };
    let list = [
        (t::segment_fact_id(tr), Html::code(one.id.as_str())),
        (t::services_column_address(tr), rules::answers_at(view, one)),
        (t::services_owner(tr), text(&list::owner_name(view, one))),
        (t::services_owner_phone(tr), to("tel", &owner.phone)),
        (t::services_owner_email(tr), to("mailto", &owner.email)),
    ];
    let edit = match view.may("rules.write") {
        true => Html::link(&format!("/rules/services/{}/edit", one.id), t::segment_edit(tr)),
        false => Html::default(),
    };
    card::card(t::segment_facts(tr), &edit, &facts::list(&list))
}
