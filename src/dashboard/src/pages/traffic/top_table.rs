//! The list of `/traffic/top` as files, whole and exact.

use axum::response::Response;
use ets_documents::{Cell, Column, Table};
use ets_i18n::{Tr, key, t};

use super::files;
use super::top::{Question, exact, peak};
use crate::Error;
use crate::classes::Classes;
use crate::pages::view::View;

/// Every segment that a hub may have.
const ALL: usize = 100_000;

/// `GET /traffic/top.csv`
pub(super) async fn csv(view: View) -> Result<Response, Error> {
    files::csv("traffic-top.csv", &whole(&view).await?)
}

/// `GET /traffic/top.xlsx`
pub(super) async fn xlsx(view: View) -> Result<Response, Error> {
    let table = whole(&view).await?;
    files::xlsx("traffic-top.xlsx", t::top_title(view.tr()), &[table])
}

async fn whole(view: &View) -> Result<Table, Error> {
    let classes = Classes::of(&view.app);
    let question = Question::read(view, &classes);
    let bad = || Error::BadRequest("the period is not understood".to_owned());
    let period = question.asked.period.ok_or_else(bad)?;
    let top = view.app.traffic()?.top(period, question.order, question.filter, ALL).await?;
    let tr = view.tr();
    let row = |(place, one): (usize, &ets_traffic::Ranked)| {
        let segment = view.catalog.by_no(one.segment);
        let name = segment.map_or("", |one| view.catalog.name(one, view.lang()));
        let mut row = vec![
            Cell::whole(place as u64 + 1),
            Cell::text(segment.map_or("", |one| one.id.as_str())),
            Cell::text(name),
        ];
        row.extend(exact(one.amount).map(Cell::whole));
        row.extend([peak(one).down, peak(one).up].map(Cell::whole));
        row
    };
    let span = format!("{} – {}", tr.exact(period.from), tr.exact(period.to));
    Ok(Table {
        name: t::top_title(tr).to_owned(),
        head: vec![t::top_title(tr).to_owned(), span],
        columns: head(tr),
        rows: top.iter().enumerate().map(row).collect(),
        totals: Vec::new(),
    })
}

fn head(tr: &Tr) -> Vec<Column> {
    let (byte, rate) = (tr.get(key::UNIT_BYTE), tr.get(key::UNIT_BIT_RATE));
    let packets = t::flow_packets(tr).to_lowercase();
    let of = |way: &str, what: &str| format!("{way}, {what}");
    [
        t::top_place(tr).to_owned(),
        t::segment_fact_id(tr).to_owned(),
        t::db_segment(tr).to_owned(),
        t::flow_down_in(tr, byte),
        t::flow_up_in(tr, byte),
        of(t::flow_down(tr), &packets),
        of(t::flow_up(tr), &packets),
        format!("{}: {}", t::flow_peak_in(tr, rate), t::top_down(tr)),
        format!("{}: {}", t::flow_peak_in(tr, rate), t::top_up(tr)),
    ]
    .map(Column::new)
    .into()
}
