//! One outage, told as a story with all its evidence.

use std::time::Duration;

use axum::extract::Path;
use axum::response::Response;
use ets_i18n::t;
use ets_model::{Fact, Outage, OutageId, OutageKind, WallTime};
use ets_watch::OutageRow;
use ets_web::html::escape;
use ets_web::live::fragment;
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Age, Crumb, Html, Page, card, form};

use super::evidence;
use super::view::View;
use crate::Error;

/// `GET /outages/{id}`
pub(crate) async fn page(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let not_found = || Error::NotFound { what: "outage", id: id.clone() };
    let number = OutageId(id.parse().map_err(|_| not_found())?);
    let row = view.app.deps.watch.outage(number).await?.ok_or_else(not_found)?;
    let tr = view.tr();
    let none = Html::default();
    let never_answered = never_answered(&view, &row.outage).await?;
    let telling = evidence::Telling::Full { never_answered };
    let story = fragment("outages", &evidence::story(&view, &row, telling));
    let body = card::columns(
        &card::card(t::outage_what(tr), &none, &story),
        &card::card(t::outage_next(tr), &none, &fragment("next", &next_steps(&view, &row))),
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

/// Whether the segment gave no answer from the moment it was first watched until the outage began.
async fn never_answered(view: &View, outage: &Outage) -> Result<bool, Error> {
    const AT_ONCE: Duration = Duration::from_secs(1);
    let Some(no) = outage.segment else { return Ok(false) };
    let (start, after) = (WallTime(0), outage.began_after);
    let unseen = view.app.deps.watch.unseen(no, start, outage.began_before).await?;
    Ok(unseen.first().is_some_and(|span| span.from == start && after.since(span.to) <= AT_ONCE))
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

/// What to do next, in order.
fn next_steps(view: &View, row: &OutageRow) -> Html {
    let (tr, outage) = (view.tr(), &row.outage);
    if outage.ended.is_some() {
        let retired = evidence::ended_by_retiring(view, outage);
        let told = if retired { t::outage_next_retired(tr) } else { t::outage_next_nothing(tr) };
        return Html::trusted(format!("<p class=\"mut\">{told}</p>"));
    }
    let mut out = String::new();
    out.push_str("<ol>");
    let mut step = |text: &str| out.push_str(&format!("<li>{}</li>", escape(text)));
    let carrier = |fact: &Fact| matches!(fact, Fact::Carrier { up: false, .. });
    if outage.kind == OutageKind::Hub || outage.evidence.iter().any(|one| carrier(&one.fact)) {
        step(t::outage_next_port(tr));
    }
    if let Some(call) = evidence::whom_to_call(view, outage) {
        step(&call);
    }
    if outage.kind == OutageKind::Segment {
        step(t::outage_next_ping(tr));
        step(t::outage_next_maintenance(tr));
    }
    out.push_str("</ol>");
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
