//! The limits of all segments, and a list of those that are not like all.

use axum::extract::Form;
use axum::response::Response;
use ets_i18n::{Tr, t};
use ets_model::Limits;
use ets_rules::{Edit, Rights, Shaping};
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, Page, card, facts, form, notice};
use http::StatusCode;

use super::super::form_check::Answers;
use super::super::view::View;
use super::service::{Both, crumbs, take};
use super::{Tab, names, respond};
use crate::Error;

/// Segments in the table; the rest is counted.
const LISTED: usize = 200;

/// The three limits as fields: name, label.
pub(super) fn questions(tr: &Tr) -> [(&'static str, &'static str); 3] {
    [
        ("connections", t::rules_limits_connections(tr)),
        ("new_connections", t::rules_limits_new(tr)),
        ("packets", t::rules_limits_packets(tr)),
    ]
}

/// A whole number as people write it; empty is none.
pub(super) fn number<T: std::str::FromStr + Default>(text: &str) -> Option<T> {
    let text: String = text.chars().filter(|one| !one.is_whitespace()).collect();
    if text.is_empty() { Some(T::default()) } else { text.parse().ok() }
}

/// What is said of a limit that is none.
pub(super) fn not_a_limit(tr: &Tr) -> String {
    t::rules_number_wrong(tr, tr.number(i64::from(u32::MAX)))
}

/// A number in a field: none is an empty field.
pub(super) fn shown<T: ToString + Default + PartialEq>(number: T) -> String {
    if number == T::default() { String::new() } else { number.to_string() }
}

/// `GET /rules/limits`
pub(super) async fn page(view: View) -> Result<Response, Error> {
    let limits = Both::of(&view)?.drafted.limits;
    let answers = [
        ("connections", shown(limits.connections)),
        ("new_connections", shown(limits.new_connections)),
        ("packets", shown(limits.packets)),
    ];
    let answers = answers.map(|(name, value)| (name.to_owned(), value)).into();
    show(&view, &answers, &[])
}

/// `POST /rules/limits`: those of all, into the draft.
pub(super) async fn save(view: View, Form(answers): Form<Answers>) -> Result<Response, Error> {
    let both = Both::of(&view)?;
    let text = |name: &str| answers.get(name).map_or("", String::as_str);
    let read = |name| number::<u32>(text(name));
    let wrong: Vec<&'static str> = questions(view.tr())
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| read(name).is_none())
        .collect();
    if !wrong.is_empty() {
        return show(&view, &answers, &wrong);
    }
    let one = |name| read(name).unwrap_or_default();
    let limits = Limits {
        connections: one("connections"),
        new_connections: one("new_connections"),
        packets: one("packets"),
    };
    if limits == both.drafted.limits {
        return Ok(view.failed("/rules/limits", t::rules_grants_same(view.tr())));
    }
    let edit = Edit::Limits { segment: None, limits: Some(limits) };
    take(&view, vec![edit], "/rules/limits").await
}

fn show(view: &View, answers: &Answers, wrong: &[&'static str]) -> Result<Response, Error> {
    let tr = view.tr();
    let both = Both::of(view)?;
    let fields = questions(tr).map(|(name, label)| {
        let error = if wrong.contains(&name) { not_a_limit(tr) } else { String::new() };
        let value = answers.get(name).cloned().unwrap_or_default();
        form::Field::new(name, label).value(value).error(error).kind(form::Kind::Number).optional()
    });
    let form = form::form(
        tr,
        &form::Form {
            action: "/rules/limits".to_owned(),
            fields: fields.into(),
            submit: t::rules_to_draft(tr).to_owned(),
            cancel: "/rules".to_owned(),
            ..form::Form::default()
        },
    );
    let text = notice::notice(notice::Tone::Plain, &Html::text(t::rules_to_draft_text(tr)));
    let all = format!("<p class=\"help\">{}</p>", t::rules_limits_text(tr));
    let body = text.then(&card::halves(
        &card::card(t::rules_limits_default(tr), &Html::default(), &Html::trusted(all).then(&form)),
        &card::card(t::rules_limits_single(tr), &Html::default(), &singles(view, &both.drafted)),
    ));
    let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Page {
        title: t::rules_limits(tr).to_owned(),
        heading: t::rules_limits_heading(tr).to_owned(),
        sub: Html::text(&names::limits(tr, both.standing.limits)),
        body,
        crumbs: crumbs(view),
        status,
        ..Page::default()
    };
    Ok(respond(view, Tab::Now, page))
}

/// The segments that are not like all others.
fn singles(view: &View, rights: &Rights) -> Html {
    let tr = view.tr();
    let mut ids: Vec<_> = rights.own_limits.keys().chain(rights.shaped.keys()).collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = ids.iter().take(LISTED).map(|id| {
        let limits = rights.own_limits.get(*id).map(|one| names::limits(tr, *one));
        let rate = rights.shaped.get(*id).map(|to| match to {
            Shaping::Contract => t::rules_shape_contract(tr).to_owned(),
            Shaping::Own(rate) => names::rate(tr, *rate),
        });
        let text = |told: Option<String>| told.map_or_else(|| facts::none(tr), Html::from);
        Row {
            cells: vec![
                Html::link(&format!("/rules/segments/{id}"), names::segment(view, id)).into(),
                text(limits).into(),
                text(rate).into(),
            ],
            ..Row::default()
        }
    });
    let list = Table {
        caption: t::rules_limits_single(tr).to_owned(),
        columns: vec![
            Column::new("", t::db_segment(tr)),
            Column::new("", t::rules_limits(tr)),
            Column::new("", t::rules_shaping(tr)),
        ],
        rows: rows.collect(),
        empty: Html::trusted(format!("<p class=\"mut\">{}</p>", t::rules_limits_all_alike(tr))),
        ..Table::default()
    };
    let more = ids.len().saturating_sub(LISTED);
    let more = if more > 0 { t::db_more(tr, more) } else { String::new() };
    table(tr, &list).then(&Html::trusted(format!(
        "<p class=\"mut\">{more}</p><p class=\"help\">{}</p>",
        t::rules_limits_single_text(tr)
    )))
}
