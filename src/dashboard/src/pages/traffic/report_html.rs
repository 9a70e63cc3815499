//! A month's figures as tables of a page.

use ets_i18n::t;
use ets_netd_api::Class;
use ets_traffic::{Flow, Total};
use ets_web::table::{Cell, Column, Row, Table, table};
use ets_web::{Html, facts};

use super::bars;
use super::figures::{Unit, larger, rate_in, share, volume, whole};
use super::picture::Words;
use super::report_table::{Line, ordered, sum};
use super::segment_parts::dropped_note;

/// The units of a table: volumes and rates.
#[derive(Clone, Copy)]
struct Units {
    volume: Unit,
    rate: Unit,
    most: u64,
}

/// Lines with their sum; `caption` says what they are.
pub(super) fn lines(
    words: Words<'_>,
    caption: &str,
    head: &str,
    lines: &[Line],
    all: &[Line],
) -> Html {
    let tr = words.tr;
    let most = lines.iter().map(|line| larger(line.total.amount)).max().unwrap_or(0);
    let sum = sum(all);
    let peak = sum.total.peak_bps().larger();
    let units = Units {
        volume: Unit::of_volume(larger(sum.total.amount)),
        rate: Unit::of_rate(peak),
        most,
    };
    let with_count = sum.segments.is_some();
    let mut columns = vec![Column::new("", head)];
    columns.extend(with_count.then(|| Column::new("", t::report_segments(tr)).numeric().minor()));
    let (volume, rate) = (units.volume.word(tr), units.rate.word(tr));
    columns.extend([
        Column::new("", t::flow_bars(tr)).minor(),
        Column::new("", t::flow_down_in(tr, volume)).numeric(),
        Column::new("", t::flow_up_in(tr, volume)).numeric(),
        Column::new("", t::flow_packets(tr)).numeric().minor(),
        Column::new("", t::flow_peak_in(tr, rate)).numeric(),
        Column::new("", t::flow_p95_in(tr, rate)).numeric(),
    ]);
    let mut rows: Vec<Row> = lines.iter().map(|line| row(words, line, units, with_count)).collect();
    if all.len() > 1 {
        let mut last = row(words, &sum, units, with_count);
        last.cells[0] = Html::text(t::report_sum(tr)).into();
        let bar = usize::from(with_count) + 1;
        last.cells[bar] = Html::default().into();
        last.class = "sum";
        rows.push(last);
    }
    table(tr, &Table { caption: caption.to_owned(), columns, rows, ..Table::default() })
}

fn row(words: Words<'_>, line: &Line, units: Units, with_count: bool) -> Row {
    let tr = words.tr;
    let name = if line.href.is_empty() {
        Html::text(&line.name)
    } else {
        Html::link(&line.href, &line.name)
    };
    let amount = line.total.amount;
    let p95 = line.percentile.map(|one| rate_in(tr, units.rate, one.larger()));
    let mut cells: Vec<Cell> = vec![name.into()];
    cells.extend(
        with_count.then(|| Cell::from(Html::text(&whole(tr, line.segments.unwrap_or(0) as u64)))),
    );
    cells.extend([
        bars::both(amount, units.most).into(),
        volume(tr, units.volume, amount.down).into(),
        volume(tr, units.volume, amount.up).into(),
        Html::text(&whole(tr, amount.sum().packets)).into(),
        rate_in(tr, units.rate, line.total.peak_bps().larger()).into(),
        p95.unwrap_or_else(|| no_percentile(words, line)).into(),
    ]);
    Row { cells, ..Row::default() }
}

/// Several segments have none in common; of one it is not known.
fn no_percentile(words: Words<'_>, line: &Line) -> Html {
    let several = line.id.is_empty() || line.segments.is_some_and(|count| count != 1);
    if several { facts::none(words.tr) } else { facts::unknown(words.tr) }
}

/// The classes of a total.
pub(super) fn classes(words: Words<'_>, total: &Total) -> Html {
    let tr = words.tr;
    let flows = ordered(total);
    let most = flows.iter().map(|flow| larger(flow.amount)).max().unwrap_or(0);
    let unit = Unit::of_volume(most);
    let all = total.amount.sum().bytes;
    let row = |flow: &&Flow| {
        let dropped = flow.class == Class::Dropped;
        let part = share(tr, flow.amount.sum().bytes, all);
        Row {
            cells: vec![
                Html::text(&words.classes.name(tr, flow.class)).into(),
                volume(tr, unit, flow.amount.down).into(),
                volume(tr, unit, flow.amount.up).into(),
                if dropped { facts::none(tr) } else { part }.into(),
            ],
            class: if dropped { "aside" } else { "" },
            ..Row::default()
        }
    };
    let columns = vec![
        Column::new("", t::flow_class(tr)),
        Column::new("", t::flow_down_in(tr, unit.word(tr))).numeric(),
        Column::new("", t::flow_up_in(tr, unit.word(tr))).numeric(),
        Column::new("", t::flow_share(tr)).numeric(),
    ];
    let caption = t::report_by_class(tr).to_owned();
    let rows = flows.iter().map(row).collect();
    let table = table(tr, &Table { caption, columns, rows, ..Table::default() });
    table.then(&dropped_note(tr, total))
}
