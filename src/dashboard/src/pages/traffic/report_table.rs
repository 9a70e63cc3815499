//! A month's figures as tables: on a page, in files, in the act. One set of columns for all.

use ets_documents::{Cell, Column, Table};
use ets_i18n::{Tr, key, t};
use ets_netd_api::Class;
use ets_traffic::{Both, Flow, Percentile, Report, Total};

use super::picture::Words;

/// One line: of a segment, or of an institution.
pub(super) struct Line {
    pub id: String,
    pub name: String,
    pub href: String,
    pub segments: Option<usize>,
    pub total: Total,
    pub percentile: Option<Percentile>,
    pub contracted: Both<u64>,
}

/// The segments of a report.
pub(super) fn segments(words: Words<'_>, report: &Report) -> Vec<Line> {
    let lang = words.tr.lang();
    let line = |one: &ets_traffic::SegmentReport| {
        let segment = words.catalog.by_no(one.segment);
        Line {
            id: segment.map(|segment| segment.id.to_string()).unwrap_or_default(),
            name: segment.map_or("", |one| words.catalog.name(one, lang)).to_owned(),
            href: segment
                .map(|one| format!("/segments/{}/traffic?period=month", one.id))
                .unwrap_or_default(),
            segments: None,
            total: one.total.clone(),
            percentile: one.percentile,
            contracted: one.contracted,
        }
    };
    report.segments.iter().map(line).collect()
}

/// The institution's name; its identifier where it has none.
pub(super) fn name(words: Words<'_>, report: &Report) -> String {
    let known = words.catalog.institution(&report.institution);
    match known.map_or("", |one| one.name.get(words.tr.lang())) {
        "" => report.institution.to_string(),
        name => name.to_owned(),
    }
}

/// An institution as one line. Its percentile is that of its only segment: of several there is
/// none in common.
pub(super) fn institution(words: Words<'_>, report: &Report, month: &str) -> Line {
    let only = (report.segments.len() == 1).then(|| &report.segments[0]);
    Line {
        id: report.institution.to_string(),
        name: name(words, report),
        href: format!("/traffic/reports/{}?month={month}", report.institution),
        segments: Some(report.segments.len()),
        total: report.total.clone(),
        percentile: only.and_then(|one| one.percentile),
        contracted: only.map(|one| one.contracted).unwrap_or_default(),
    }
}

/// The flows of a total, the largest first, what was dropped last.
pub(super) fn ordered(total: &Total) -> Vec<&Flow> {
    let mut flows: Vec<&Flow> = total.flows.iter().collect();
    flows.sort_by_key(|one| {
        (one.class == Class::Dropped, std::cmp::Reverse(one.amount.sum().bytes), one.class.code())
    });
    flows
}

/// The lines as a table for files, exact.
pub(super) fn file(words: Words<'_>, name: &str, head: Vec<String>, lines: &[Line]) -> Table {
    let tr = words.tr;
    let with_count = lines.iter().any(|line| line.segments.is_some());
    let row = |line: &Line| {
        let mut row = vec![Cell::text(line.id.as_str()), Cell::text(line.name.as_str())];
        row.extend(with_count.then(|| count(line)));
        row.extend(figures(line));
        row
    };
    let sum = sum(lines);
    let mut totals = vec![Cell::Empty, Cell::text(t::report_sum(tr))];
    totals.extend(with_count.then(|| count(&sum)));
    totals.extend(figures(&sum));
    Table {
        name: name.to_owned(),
        head,
        columns: columns(tr, with_count),
        rows: lines.iter().map(row).collect(),
        totals: vec![totals],
    }
}

fn count(line: &Line) -> Cell {
    Cell::whole(line.segments.unwrap_or(0) as u64)
}

fn figures(line: &Line) -> Vec<Cell> {
    let (amount, peak) = (line.total.amount, line.total.peak_bps());
    let known = |value: u64| if value == 0 { Cell::Empty } else { Cell::whole(value) };
    let p95 = |of: fn(&Both<u64>) -> u64| {
        line.percentile.as_ref().map_or(Cell::Empty, |one| Cell::whole(of(&one.bps)))
    };
    vec![
        Cell::whole(amount.down.bytes),
        Cell::whole(amount.up.bytes),
        Cell::whole(amount.down.packets),
        Cell::whole(amount.up.packets),
        Cell::whole(peak.down),
        Cell::whole(peak.up),
        p95(|both| both.down),
        p95(|both| both.up),
        known(line.contracted.down),
        known(line.contracted.up),
    ]
}

fn columns(tr: &Tr, with_count: bool) -> Vec<Column> {
    let (byte, rate) = (tr.get(key::UNIT_BYTE), tr.get(key::UNIT_BIT_RATE));
    let packets = t::flow_packets(tr).to_lowercase();
    let (down, up) = (t::top_down(tr), t::top_up(tr));
    let both = |what: String| [format!("{what}: {down}"), format!("{what}: {up}")];
    let mut all = vec![t::segment_fact_id(tr).to_owned(), t::quota_name(tr).to_owned()];
    all.extend(with_count.then(|| t::report_segments(tr).to_owned()));
    all.extend([t::flow_down_in(tr, byte), t::flow_up_in(tr, byte)]);
    all.extend([
        format!("{}, {packets}", t::flow_down(tr)),
        format!("{}, {packets}", t::flow_up(tr)),
    ]);
    all.extend(both(t::flow_peak_in(tr, rate)));
    all.extend(both(t::flow_p95_in(tr, rate)));
    all.extend(both(t::flow_contract_in(tr, rate)));
    all.into_iter().map(Column::new).collect()
}

/// All lines together.
pub(super) fn sum(lines: &[Line]) -> Line {
    let mut total = Total::default();
    let mut flows: std::collections::BTreeMap<u8, Flow> = std::collections::BTreeMap::new();
    for line in lines {
        let one = &line.total;
        total.amount.up += one.amount.up;
        total.amount.down += one.amount.down;
        total.peak.up = total.peak.up.max(one.peak.up);
        total.peak.down = total.peak.down.max(one.peak.down);
        total.spread |= one.spread;
        for flow in &one.flows {
            let sum = flows
                .entry(flow.class.code())
                .or_insert(Flow { class: flow.class, amount: Both::default() });
            sum.amount.up += flow.amount.up;
            sum.amount.down += flow.amount.down;
        }
    }
    total.flows = flows.into_values().collect();
    let counts = lines.iter().filter_map(|line| line.segments);
    Line {
        id: String::new(),
        name: String::new(),
        href: String::new(),
        segments: lines.iter().any(|line| line.segments.is_some()).then(|| counts.sum()),
        total,
        percentile: None,
        contracted: Both::default(),
    }
}

/// The classes of a total as a table for files, exact.
pub(super) fn classes_file(words: Words<'_>, total: &Total) -> Table {
    let tr = words.tr;
    let byte = tr.get(key::UNIT_BYTE);
    let packets = t::flow_packets(tr).to_lowercase();
    let row = |flow: &&Flow| {
        let amount = flow.amount;
        vec![
            Cell::text(words.classes.name(tr, flow.class)),
            Cell::whole(amount.down.bytes),
            Cell::whole(amount.up.bytes),
            Cell::whole(amount.down.packets),
            Cell::whole(amount.up.packets),
        ]
    };
    Table {
        name: t::act_classes(tr).to_owned(),
        head: vec![t::flow_dropped_note(tr).to_owned()],
        columns: [
            t::flow_class(tr).to_owned(),
            t::flow_down_in(tr, byte),
            t::flow_up_in(tr, byte),
            format!("{}, {packets}", t::flow_down(tr)),
            format!("{}, {packets}", t::flow_up(tr)),
        ]
        .map(Column::new)
        .into(),
        rows: ordered(total).iter().map(row).collect(),
        totals: Vec::new(),
    }
}
