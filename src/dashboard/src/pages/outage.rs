//! One outage, told as a story with all its evidence.

use axum::extract::Path;
use axum::response::Response;
use ets_i18n::t;
use ets_model::{Fact, Outage, OutageId, OutageKind, Parent};
use ets_watch::OutageRow;
use ets_web::html::escape;
use ets_web::live::fragment;
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Age, Crumb, Html, Page, card, form};

use super::view::View;
use super::{evidence, points, together};
use crate::Error;

/// `GET /outages/{id}`
pub(crate) async fn page(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let not_found = || Error::NotFound { what: "outage", id: id.clone() };
    let number = OutageId(id.parse().map_err(|_| not_found())?);
    let row = view.app.deps.watch.outage(number).await?.ok_or_else(not_found)?;
    let tr = view.tr();
    let none = Html::default();
    let never = evidence::never_answered(&view, &row.outage).await?;
    let common = together::point_of_outage(&view, &row).await?;
    let told = evidence::story(&view, &row, evidence::Telling::Full, common).await?;
    let story = fragment("outages", &told);
    let next = next_steps(&view, &row, common, never);
    let body = card::columns(
        &card::card(t::outage_what(tr), &none, &story),
        &card::card(t::outage_next(tr), &none, &fragment("next", &next)),
    )
    .then(&card::card(
        t::outage_evidence(tr),
        &none,
        &fragment("changed", &evidence_table(&view, &row.outage)),
    ));
    let open = row.outage.ended.is_none();
    let page = Page {
        heading: heading(&view, &row),
        sub: Html::text(&t::outage_number(tr, row.outage.id.to_string())),
        age: open.then_some(Age { at: view.snapshot.tick }),
        body,
        nav: "outages",
        crumbs: vec![Crumb::new(t::outages_title(tr), "/outages")],
        live: open.then(|| super::overview::stream(&view)),
        ..Page::default()
    };
    Ok(view.respond(&page))
}

fn heading(view: &View, row: &OutageRow) -> String {
    let (tr, outage) = (view.tr(), &row.outage);
    let end = outage.ended.unwrap_or(view.ctx.now);
    let length = tr.duration(end.since(outage.began_before));
    let name = evidence::outage_name(view, row);
    match (outage.kind, outage.ended) {
        (OutageKind::Segment, None) => t::outage_heading_open(tr, length, name),
        (OutageKind::Segment, Some(_)) => t::outage_heading_closed(tr, length, name),
        (OutageKind::Hub, None) => t::outage_heading_hub_open(tr, length),
        (OutageKind::Hub, Some(_)) => t::outage_heading_hub_closed(tr, length),
    }
}

/// The buttons of the story.
pub(crate) fn actions(view: &View, row: &OutageRow) -> Vec<Html> {
    let tr = view.tr();
    let Some(segment) = row.outage.segment.and_then(|no| view.catalog.by_no(no)) else {
        return Vec::new();
    };
    let to = Html::trusted(format!(
        "<a class=\"button\" href=\"/segments/{}\">{}</a>",
        segment.id,
        t::outage_to_segment(tr)
    ));
    let mut all = vec![to];
    if row.outage.ended.is_none() && segment.is_active() {
        let ping = format!("/segments/{}/ping", segment.id);
        all.insert(0, form::button("", &ping, t::segment_ping_start(tr), true));
    }
    all
}

/// What to do next, in order. A step that has a page leads there.
fn next_steps(view: &View, row: &OutageRow, common: Option<&Parent>, never: bool) -> Html {
    let (tr, outage) = (view.tr(), &row.outage);
    if outage.ended.is_some() {
        let retired = evidence::ended_by_retiring(view, outage);
        let told = if retired { t::outage_next_retired(tr) } else { t::outage_next_nothing(tr) };
        return Html::trusted(format!("<p class=\"mut\">{told}</p>"));
    }
    let mut steps = Vec::new();
    let carrier = |fact: &Fact| matches!(fact, Fact::Carrier { up: false, .. });
    if outage.kind == OutageKind::Hub || outage.evidence.iter().any(|one| carrier(&one.fact)) {
        steps.push(Html::text(t::outage_next_port(tr)));
    }
    if let Some(segment) = outage.segment.and_then(|no| view.catalog.by_no(no)) {
        let at =
            |part: &str, text: &str| Html::link(&format!("/segments/{}{part}", segment.id), text);
        let stopped = view.snapshot.segment(segment.no).is_some_and(|now| now.obstacle.is_some());
        let astray = evidence::went_astray(view, outage);
        if astray {
            steps.push(Html::text(&t::outage_next_route(tr, segment.probing.address.to_string())));
        }
        if never || stopped || astray {
            steps.push(at("/edit", t::outage_next_record(tr)));
        }
        match common {
            Some(point) => steps.extend(point_steps(view, point)),
            None if astray => {}
            None => steps.extend(calls(view, outage)),
        }
        steps.push(at("#ping", t::outage_next_ping(tr)));
        steps.push(at("#works", t::outage_next_maintenance(tr)));
    }
    let items: String = steps.iter().map(|step| format!("<li>{step}</li>")).collect();
    Html::trusted(format!("<ol>{items}</ol>"))
}

/// The break lies at the point: its page, and its own provider.
fn point_steps(view: &View, point: &Parent) -> Vec<Html> {
    let tr = view.tr();
    let mut steps = vec![Html::link(&points::href(&point.id), t::outage_group_point(tr))];
    steps.extend(points::whom_to_call(tr, point).map(|call| with_telephones(&call)));
    steps
}

/// Whom to call: the provider, and the person on duty at the institution.
fn calls(view: &View, outage: &Outage) -> Vec<Html> {
    let mut all: Vec<String> = evidence::whom_to_call(view, outage).into_iter().collect();
    all.extend(evidence::duty(view, outage).filter(|duty| !all.contains(duty)));
    all.iter().map(|text| with_telephones(text)).collect()
}

/// The text with its telephone numbers as links.
fn with_telephones(text: &str) -> Html {
    let is_part = |c: char| c.is_ascii_digit() || "+()- \u{a0}\u{2011}".contains(c);
    let digits = |part: &str| part.chars().filter(char::is_ascii_digit).count();
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.find(|c: char| c == '+' || c == '(' || c.is_ascii_digit()) {
        let length = rest[first..].find(|c| !is_part(c)).unwrap_or(rest.len() - first);
        let number = rest[first..first + length].trim_end_matches(|c: char| !c.is_ascii_digit());
        out.push_str(&escape(&rest[..first]).to_string());
        if digits(number) >= 6 {
            let dial: String = number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
            out.push_str(Html::link(&format!("tel:{dial}"), number).as_str());
        } else {
            out.push_str(&escape(number).to_string());
        }
        let step = number.len().max(1);
        if number.is_empty() {
            out.push_str(&escape(&rest[first..first + step]).to_string());
        }
        rest = &rest[first + step..];
    }
    out.push_str(&escape(rest).to_string());
    Html::trusted(out)
}

fn evidence_table(view: &View, outage: &Outage) -> Html {
    let tr = view.tr();
    let rows = outage.evidence.iter().map(|piece| {
        let at = piece.at.wall;
        let day = if tr.zoned(at).date() == tr.zoned(view.ctx.now).date() {
            String::new()
        } else {
            format!("{}, ", tr.date(at, view.ctx.now))
        };
        let exact = Html::trusted(format!(
            "<time datetime=\"{}\" title=\"{}\">{day}{}</time>",
            tr.machine(at),
            escape(&tr.exact(at)),
            tr.exact_time(at)
        ));
        Row {
            cells: vec![
                exact.into(),
                Html::text(evidence::source(tr, piece.source)).into(),
                Html::text(&evidence::fact(tr, piece)).into(),
            ],
            ..Row::default()
        }
    });
    let empty = Html::trusted(format!("<p class=\"mut\">{}</p>", t::outage_no_evidence(tr)));
    let columns = vec![
        Column::new("", t::db_when(tr)),
        Column::new("", t::outage_evidence_who(tr)),
        Column::new("", t::outage_evidence_what(tr)),
    ];
    let caption = t::outage_evidence(tr).to_owned();
    let all = Table { caption, columns, rows: rows.collect(), empty, ..Table::default() };
    table(tr, &all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telephone_numbers_are_links_and_other_numbers_are_not() {
        let told = |text: &str| with_telephones(text).as_str().to_owned();
        assert_eq!(
            told("Айгүл, +7 (7232) 11-22-33, каб. 12"),
            "Айгүл, <a href=\"tel:+77232112233\">+7 (7232) 11-22-33</a>, каб. 12"
        );
        assert_eq!(told("договор 17/2 (новый) <b>"), "договор 17/2 (новый) &lt;b&gt;");
    }
}
