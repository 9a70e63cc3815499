//! `/segments/{id}/traffic`: one segment's traffic now and over time, against its contract and its
//! quotas.

use axum::extract::Path;
use axum::response::Response;
use ets_documents::{Cell, Column, Table};
use ets_i18n::{Tr, t};
use ets_model::{Segment, SegmentNo};
use ets_netd_api::Direction;
use ets_registry::Catalog;
use ets_traffic::{Period, Range, Snapshot, Whose};
use ets_web::live::fragment;
use ets_web::tabs::{Tab, tabs};
use ets_web::{Age, Crumb, Html, Page, card};

use super::period::{self, Asked};
use super::picture::Words;
use super::{figures, files, segment_chart, segment_now, segment_parts};
use crate::Error;
use crate::classes::Classes;
use crate::pages::lists::address;
use crate::pages::speed;
use crate::pages::view::View;

/// The most steps of a chart: a year by the day.
const POINTS: usize = 366;
/// The most lines of a file: a month by the minute is more than a spreadsheet is read by.
const LINES: usize = 20_000;

/// `GET /segments/{id}/traffic`
pub(super) async fn page(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let segment = view.catalog.segment(&id).ok_or_else(|| Error::segment(&id))?.clone();
    let traffic = view.app.traffic()?.clone();
    let (tr, now) = (view.tr(), traffic.snapshot());
    let asked = Asked::read(&view, "hour");
    let body = match asked.period {
        Some(period) => body(&view, &segment, &asked, period, &now).await?,
        None => ways(&view, &segment, &asked).then(&super::top::not_understood(tr)),
    };
    let name = view.catalog.name(&segment, view.lang());
    let page = Page {
        heading: heading(tr, &view.catalog, &now, segment.no),
        age: now.stale_since.is_none().then_some(Age { at: super::now::middle(&now) }),
        body,
        nav: "segments",
        crumbs: vec![
            Crumb::new(t::registry_title(tr), "/segments"),
            Crumb::new(name, format!("/segments/{}", segment.id)),
        ],
        live: segment
            .is_active()
            .then(|| format!("/live/traffic?heading=own&segment={}", segment.id)),
        ..Page::default()
    };
    Ok(view.respond(&page))
}

/// The name and what passes, in words.
pub(super) fn heading(tr: &Tr, catalog: &Catalog, now: &Snapshot, no: SegmentNo) -> String {
    let Some(segment) = catalog.by_no(no) else { return t::flow_nobody(tr).to_owned() };
    let name = catalog.name(segment, tr.lang());
    if !segment.is_active() {
        return t::segment_traffic_heading_retired(tr, name);
    }
    match now.segment(no) {
        _ if now.stale_since.is_some() => t::segment_traffic_heading_stale(tr, name),
        None => t::segment_traffic_heading_none(tr, name),
        Some(one) => {
            let rate = |bytes| figures::rate(tr, bytes);
            let (down, up) = (rate(one.rate.down.bytes), rate(one.rate.up.bytes));
            t::segment_traffic_heading(tr, down, name, up)
        }
    }
}

async fn body(
    view: &View,
    segment: &Segment,
    asked: &Asked,
    period: Period,
    now: &Snapshot,
) -> Result<Html, Error> {
    let tr = view.tr();
    let traffic = view.app.traffic()?;
    let whose = Whose::Segment(segment.no);
    let classes = Classes::of(&view.app);
    let words = Words { tr, catalog: &view.catalog, classes: &classes };
    let range = traffic.range(whose, period, POINTS).await?;
    let total = traffic.total(whose, period).await?;
    let whole = segment_chart::Whole::segment(tr, segment_parts::contracted(segment));
    let history = segment_parts::summary(tr, &total)
        .then(&segment_chart::chart(view, &range, period, &whole));
    // A chart of the last hour goes on; older ones stand.
    let history = if asked.word == "hour" { fragment("hour", &history) } else { history };
    let wide = card::card(asked_title(tr, asked), &downloads(view, segment, asked), &history)
        .then(&segment_parts::classes_card(words, &total, &range))
        .then(&speed::card(view, segment).await?);
    let mut side = Html::default();
    if segment.is_active() {
        let talk = format!("/segments/{}/talkers", segment.id);
        let talk = Html::link(&talk, t::segment_talk(tr));
        side.push(&card::card(t::segment_now(tr), &talk, &segment_now(words, now, segment.no)));
    }
    side.push(&segment_parts::channel_card(view, segment, period).await?);
    side.push(&segment_parts::quotas_card(view, segment).await?);
    side.push(&segment_parts::gaps_card(view, period).await?);
    Ok(ways(view, segment, asked).then(&card::columns(&wide, &side)))
}

fn asked_title(tr: &Tr, asked: &Asked) -> &'static str {
    match asked.word {
        "hour" => t::segment_hour_title(tr),
        "day" => t::segment_day_title(tr),
        "week" => t::top_last_week(tr),
        "month" => t::segment_month_title(tr),
        "year" => t::segment_year_title(tr),
        _ => t::top_custom(tr),
    }
}

/// The periods as tabs, and the way to the segment's own page.
fn ways(view: &View, segment: &Segment, asked: &Asked) -> Html {
    let tr = view.tr();
    let tab = |word: &'static str| Tab {
        title: period::title(tr, word).to_owned(),
        href: format!("/segments/{}/traffic?period={word}", segment.id),
        current: word == asked.word,
        key: "",
    };
    let all: Vec<Tab> = period::WORDS.into_iter().map(tab).collect();
    Html::trusted(format!("<div class=\"ways\">{}</div>", tabs(t::segment_period(tr), &all)))
}

fn downloads(view: &View, segment: &Segment, asked: &Asked) -> Html {
    let tr = view.tr();
    let href = |kind: &str| {
        let path = format!("/segments/{}/traffic.{kind}", segment.id);
        address(&path, &asked.pairs()).trim_end_matches(['?', '&']).to_owned()
    };
    Html::link(&href("csv"), t::download_csv(tr))
        .then(&Html::link(&href("xlsx"), t::traffic_xlsx(tr)))
}

/// `GET /segments/{id}/traffic.csv`
pub(super) async fn csv(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    files::csv(&format!("traffic-{id}.csv"), &series(&view, &id).await?)
}

/// `GET /segments/{id}/traffic.xlsx`
pub(super) async fn xlsx(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let table = series(&view, &id).await?;
    let title = t::segment_traffic_all(view.tr());
    files::xlsx(&format!("traffic-{id}.xlsx"), title, &[table])
}

/// Every step by class and direction, exact.
async fn series(view: &View, id: &str) -> Result<Table, Error> {
    let segment = view.catalog.segment(id).ok_or_else(|| Error::segment(id))?;
    let bad = || Error::BadRequest("the period is not understood".to_owned());
    let period = Asked::read(view, "day").period.ok_or_else(bad)?;
    let whose = Whose::Segment(segment.no);
    let points = if view.asked("points").is_empty() { POINTS } else { LINES };
    let range = view.app.traffic()?.range(whose, period, points).await?;
    Ok(table(view, segment, &range))
}

fn table(view: &View, segment: &Segment, range: &Range) -> Table {
    let tr = view.tr();
    let classes = Classes::of(&view.app);
    let moment = |step: usize| Cell::Moment(tr.zoned(range.at(step)).datetime());
    let sums = [range.sum(Direction::Down), range.sum(Direction::Up)];
    let unit = tr.get(ets_i18n::key::UNIT_BYTE);
    let mut columns = vec![t::db_when(tr).to_owned()];
    columns.extend([t::flow_down_in(tr, unit), t::flow_up_in(tr, unit)]);
    columns.extend([t::flow_packets(tr).to_owned(), t::segment_traffic_spread_note(tr).to_owned()]);
    for line in &range.lines {
        let name = classes.name(tr, line.class);
        columns.push(format!("{name}: {}", t::flow_down_in(tr, unit).to_lowercase()));
        columns.push(format!("{name}: {}", t::flow_up_in(tr, unit).to_lowercase()));
    }
    let row = |step: usize| {
        let [down, up] = [sums[0][step], sums[1][step]];
        let spread = if range.spread[step] { t::yes(tr) } else { "" };
        let mut cells = vec![
            moment(step),
            Cell::whole(down.bytes),
            Cell::whole(up.bytes),
            Cell::whole(down.packets + up.packets),
            Cell::text(spread),
        ];
        for line in &range.lines {
            cells.push(Cell::whole(line.down[step].bytes));
            cells.push(Cell::whole(line.up[step].bytes));
        }
        cells
    };
    let name = view.catalog.name(segment, view.lang());
    Table {
        name: segment.id.to_string(),
        head: vec![format!("{}: {name}", t::segment_traffic_all(tr))],
        columns: columns.into_iter().map(Column::new).collect(),
        rows: (0..range.steps).map(row).collect(),
        totals: Vec::new(),
    }
}
