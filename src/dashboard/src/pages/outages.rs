//! The list of outages: open ones first in mind, all of them by filter.

use std::collections::HashSet;

use axum::response::Response;
use ets_i18n::t;
use ets_model::{OutageId, WallTime};
use ets_watch::{OutageFilter, OutageRow, Phase};
use ets_web::live::fragment;
use ets_web::pager::{Pager, pager};
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, Page, card, notice, when};

use super::evidence::outage_name;
use super::lists::{Choice, address, filter, moment};
use super::view::View;
use crate::Error;

/// Lines on a page.
const LINES: u32 = 50;

/// What was asked for, as it stands in the address.
pub(crate) struct Asked {
    state: String,
    segment: String,
    from: String,
    to: String,
    after: String,
}

impl Asked {
    pub(crate) fn read(view: &View) -> Self {
        Self {
            state: view.asked("state"),
            segment: view.asked("segment"),
            from: view.asked("from"),
            to: view.asked("to"),
            after: view.asked("after"),
        }
    }

    /// `None` when the segment is unknown: nothing can be found then.
    pub(crate) fn filter(&self, view: &View, limit: u32) -> Option<OutageFilter> {
        let segment = view.narrowed_to(&self.segment)?;
        Some(OutageFilter {
            phase: match self.state.as_str() {
                "open" => Phase::Open,
                "closed" => Phase::Closed,
                _ => Phase::Any,
            },
            segment,
            from: moment(view, &self.from, 0),
            to: moment(view, &self.to, 1),
            after: self.after.parse().ok(),
            limit,
        })
    }

    /// The address of the same question at `path`, ready for more.
    pub(crate) fn address(&self, path: &str) -> String {
        let pairs = [
            ("state", self.state.as_str()),
            ("segment", &self.segment),
            ("from", &self.from),
            ("to", &self.to),
        ];
        address(path, &pairs)
    }
}

/// `GET /outages`
pub(crate) async fn page(view: View) -> Result<Response, Error> {
    let tr = view.tr();
    let asked = Asked::read(&view);
    let found = match asked.filter(&view, LINES) {
        Some(filter) => view.app.deps.watch.outages(&filter).await?,
        None => ets_watch::Page { rows: Vec::new(), next: None },
    };
    let down = view.snapshot.counts.down;
    let heading = if down > 0 {
        t::outages_heading_open(tr, down)
    } else {
        t::outages_heading_none(tr).to_owned()
    };
    let steps = Pager {
        previous: (!asked.after.is_empty()).then(|| asked.address("/outages")),
        next: found.next.map(|next| format!("{}after={next}", asked.address("/outages"))),
        shown: None,
    };
    let (stories, told) = together(&view, &asked).await?;
    let mut rows = found.rows;
    rows.retain(|row| !told.contains(&row.outage.id));
    // An empty table below a story would say that there is nothing.
    let list = if rows.is_empty() && !told.is_empty() {
        stories
    } else {
        stories.then(&long_table(&view, &rows))
    };
    let csv = asked.address("/outages.csv");
    let csv = Html::link(csv.trim_end_matches(['?', '&']), t::download_csv(tr));
    let list = fragment("outages", &list).then(&pager(tr, &steps));
    let body = filters(&view, &asked).then(&card::card(t::outages_title(tr), &csv, &list));
    let page = Page {
        title: t::outages_title(tr).to_owned(),
        heading,
        body,
        nav: "outages",
        live: Some(super::overview::stream(&view)),
        ..Page::default()
    };
    Ok(view.respond(&page))
}

/// The stories of outages that belong together, above the list of the others, and which they tell.
async fn together(view: &View, asked: &Asked) -> Result<(Html, HashSet<OutageId>), Error> {
    let is_asked =
        !asked.segment.trim().is_empty() || !asked.from.is_empty() || !asked.to.is_empty();
    if is_asked || asked.state == "closed" || view.snapshot.counts.down == 0 {
        return Ok(Default::default());
    }
    let filter = OutageFilter { phase: Phase::Open, limit: 1_000, ..OutageFilter::default() };
    let open = view.app.deps.watch.outages(&filter).await?.rows;
    let (groups, _) = super::together::split(&view.catalog, &open);
    let told = groups.iter().flat_map(super::together::Together::outages).collect();
    let is_first = asked.after.is_empty();
    let stories = groups.iter().filter(|_| is_first).map(|one| super::together::tell(view, one));
    Ok((stories.collect(), told))
}

fn filters(view: &View, asked: &Asked) -> Html {
    let tr = view.tr();
    let states = [
        ("", t::outages_which_all(tr)),
        ("open", t::outages_which_open(tr)),
        ("closed", t::outages_which_closed(tr)),
    ];
    let choices = [
        Choice::One {
            name: "state",
            label: t::outages_which(tr),
            value: &asked.state,
            options: &states,
        },
        Choice::Text {
            name: "segment",
            label: t::outages_segment_field(tr),
            value: &asked.segment,
        },
        Choice::Day { name: "from", label: t::db_from(tr), value: &asked.from },
        Choice::Day { name: "to", label: t::db_to(tr), value: &asked.to },
    ];
    filter(tr, "/outages", &choices)
}

fn long_table(view: &View, rows: &[OutageRow]) -> Html {
    let tr = view.tr();
    let empty = notice::empty(t::outages_empty(tr), &Html::text(t::outages_empty_hint(tr)));
    render(view, rows, true, empty)
}

/// The outages of one segment, without its name.
pub(crate) fn short_table(view: &View, rows: &[OutageRow], empty: Html) -> Html {
    render(view, rows, false, empty)
}

fn render(view: &View, rows: &[OutageRow], with_name: bool, empty: Html) -> Html {
    let tr = view.tr();
    let mut columns = vec![Column::new("", t::outages_column_number(tr)).numeric()];
    if with_name {
        columns.push(Column::new("", t::outages_column_what(tr)));
    }
    columns.extend([
        Column::new("", t::outages_column_began(tr)),
        Column::new("", t::outages_column_ended(tr)),
        Column::new("", t::outages_column_length(tr)).numeric(),
        Column::new("", t::outages_column_kind(tr)),
    ]);
    table(
        tr,
        &Table {
            caption: t::outages_title(tr).to_owned(),
            columns,
            rows: rows.iter().map(|row| line(view, row, with_name)).collect(),
            empty,
            ..Table::default()
        },
    )
}

fn line(view: &View, row: &OutageRow, with_name: bool) -> Row {
    let (tr, outage) = (view.tr(), &row.outage);
    let link = |text: &str| Html::link(&format!("/outages/{}", outage.id), text);
    let mut cells = vec![link(&outage.id.to_string()).into()];
    if with_name {
        cells.push(link(&outage_name(view, row)).into());
    }
    let (ended, length) = match outage.ended {
        Some(end) => {
            (when::moment(&view.ctx, end), when::length(&view.ctx, end.since(outage.began_before)))
        }
        None => (Html::text(t::db_lasts(tr)), when::lasting(&view.ctx, outage.began_before)),
    };
    let kind = if row.maintenance { t::story_planned(tr) } else { t::story_emergency(tr) };
    cells.extend([
        when::moment(&view.ctx, outage.began_before).into(),
        ended.into(),
        length.into(),
        Html::text(kind.trim_end_matches('.')).into(),
    ]);
    Row { cells, class: if outage.ended.is_none() { "open" } else { "" }, ..Row::default() }
}

/// How long it lasted, in seconds, for CSV.
pub(crate) fn seconds(began: WallTime, ended: Option<WallTime>) -> String {
    ended.map_or_else(String::new, |end| format!("{:.3}", end.since(began).as_secs_f64()))
}
