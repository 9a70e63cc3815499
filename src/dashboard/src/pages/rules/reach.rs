//! Who reaches what, as computed from the rules that the kernel has, beside what the rights say:
//! one row for each segment, one column for each service.

use std::collections::HashMap;
use std::sync::Arc;

use axum::response::Response;
use ets_i18n::{Tr, t};
use ets_model::{Segment, SegmentNo, Service};
use ets_netd_api::{Reach, Subject};
use ets_rules::Rights;
use ets_web::live::fragment;
use ets_web::pager::{Pager, pager};
use ets_web::table::{Cell, Column, Row, Table, table};
use ets_web::{Html, Page, card, notice, when};

use super::super::lists::{Choice, address, filter};
use super::super::view::View;
use super::{Tab, ask, handle, mark, names, refusal, respond_live};
use crate::Error;

/// Rows on a page.
const LINES: usize = 100;
/// Exceptions that are named; the rest is counted.
const NAMED: usize = 50;

/// The matrix: the proof where the kernel could be asked, the rights in any case.
pub(super) struct Matrix {
    pub rights: Arc<Rights>,
    pub reach: Option<Arc<Reach>>,
    /// Why there is no proof.
    pub why: String,
    neighbours: HashMap<SegmentNo, usize>,
}

/// How a segment stands to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// It may and does.
    Reaches,
    /// It may not and does not.
    Closed,
    /// It does and may not.
    Extra,
    /// It may and does not.
    Missing,
}

impl Stand {
    /// From what the rights say and what the kernel was found to do; `None`: nobody looked.
    fn of(may: bool, proved: Option<bool>) -> Self {
        match (may, proved.unwrap_or(may)) {
            (true, true) => Self::Reaches,
            (false, false) => Self::Closed,
            (false, true) => Self::Extra,
            (true, false) => Self::Missing,
        }
    }
}

impl Matrix {
    pub(super) async fn of(view: &View) -> Result<Self, Error> {
        let rules = handle(view)?;
        let (reach, why) = match rules.reach().await {
            Ok(reach) => (Some(reach), String::new()),
            Err(error) => (None, refusal::say(view, &error).ok_or(error)?),
        };
        let mut neighbours = HashMap::new();
        for (from, _) in reach.iter().flat_map(|reach| &reach.neighbours) {
            *neighbours.entry(*from).or_default() += 1;
        }
        Ok(Self { rights: rules.rights(), reach, why, neighbours })
    }

    /// The columns.
    pub(super) fn services(&self) -> impl Iterator<Item = &Service> {
        self.rights.active()
    }

    fn row(&self, no: SegmentNo) -> Option<&Subject> {
        let rows = &self.reach.as_ref()?.segments;
        rows.get(rows.binary_search_by_key(&no, |row| row.segment).ok()?)
    }

    /// How a segment stands to a service; without proof by the rights alone.
    pub(super) fn stand(&self, segment: &Segment, service: &Service) -> Stand {
        let may = self.rights.may(&segment.id, &service.id);
        let column = self
            .reach
            .as_ref()
            .and_then(|reach| reach.services.iter().position(|no| *no == service.no));
        let proved = self.row(segment.no).zip(column).map(|(row, at)| row.reaches(at));
        Stand::of(may, proved)
    }

    /// What else a segment reaches: the outside, neighbours, and whether it could forge senders.
    pub(super) fn beyond(&self, no: SegmentNo) -> (bool, usize, bool) {
        let count = self.neighbours.get(&no).copied().unwrap_or_default();
        self.row(no).map_or((false, count, false), |row| (row.outside, count, row.spoofs))
    }

    /// Whether anything of a segment is not as it should be.
    fn is_odd(&self, segment: &Segment) -> bool {
        self.beyond(segment.no) != (false, 0, false)
            || self.services().any(|service| {
                matches!(self.stand(segment, service), Stand::Extra | Stand::Missing)
            })
    }
}

/// What was asked for, as it stands in the address.
pub(super) struct Asked {
    q: String,
    which: String,
}

impl Asked {
    pub(super) fn read(view: &View) -> Self {
        Self { q: view.asked("q"), which: view.asked("which") }
    }

    pub(super) fn find<'a>(&self, view: &'a View, matrix: &Matrix) -> Vec<&'a Arc<Segment>> {
        let all: Vec<&Arc<Segment>> = if self.q.trim().is_empty() {
            view.catalog.segments().collect()
        } else {
            view.catalog.search(&self.q, usize::MAX)
        };
        let odd = self.which == "odd";
        let fits = |one: &&Arc<Segment>| one.is_active() && (!odd || matrix.is_odd(one));
        all.into_iter().filter(fits).collect()
    }

    pub(super) fn address(&self, path: &str) -> String {
        address(path, &[("q", &self.q), ("which", &self.which)])
    }
}

/// `GET /reachability`
pub(super) async fn page(view: View) -> Result<Response, Error> {
    let matrix = Matrix::of(&view).await?;
    let asked = Asked::read(&view);
    let tr = view.tr();
    let body = proof(&view, &matrix)
        .then(&card::card(t::rules_ask(tr), &Html::default(), &ask::card(&view, &matrix)))
        .then(&filters(&view, &asked))
        .then(&matrix_card(&view, &matrix, &asked));
    let page = Page {
        title: t::rules_tab_reach(tr).to_owned(),
        heading: heading(tr, &matrix),
        sub: sub(&view, &matrix),
        body,
        ..Page::default()
    };
    Ok(respond_live(&view, Tab::Reach, page))
}

fn heading(tr: &Tr, matrix: &Matrix) -> String {
    match &matrix.reach {
        None => t::rules_reach_unproved(tr).to_owned(),
        Some(reach) if reach.neighbours.is_empty() => t::rules_reach_isolated(tr).to_owned(),
        Some(reach) => t::rules_reach_leaks(tr, reach.neighbours.len()),
    }
}

fn sub(view: &View, matrix: &Matrix) -> Html {
    let tr = view.tr();
    let Some(reach) = &matrix.reach else { return Html::default() };
    let pairs = tr.number(i64::try_from(reach.pairs).unwrap_or(i64::MAX));
    let found = tr.number(i64::try_from(reach.neighbours.len()).unwrap_or(i64::MAX));
    Html::text(&t::rules_reach_pairs(tr, found, pairs))
        .then(&Html::text(" · "))
        .then(&when::moment(&view.ctx, reach.at.wall))
}

/// Where it comes from; and every exception from isolation.
fn proof(view: &View, matrix: &Matrix) -> Html {
    let tr = view.tr();
    let Some(reach) = &matrix.reach else {
        let text = t::rules_reach_by_rights(tr, &matrix.why);
        return notice::notice(notice::Tone::Bad, &Html::text(&text));
    };
    let name = |no: &SegmentNo| {
        let known = view.catalog.by_no(*no);
        known.map_or_else(|| no.to_string(), |one| names::exact(view, &one.id))
    };
    let mut lines: Vec<String> = reach
        .neighbours
        .iter()
        .take(NAMED)
        .map(|(from, to)| t::rules_reach_pair(tr, name(from), name(to)))
        .collect();
    if reach.neighbours.len() > NAMED {
        lines.push(t::db_more(tr, reach.neighbours.len() - NAMED));
    }
    let outside = reach.segments.iter().filter(|row| row.outside).take(NAMED);
    lines.extend(outside.map(|row| t::rules_reach_outside(tr, name(&row.segment))));
    let spoofs = reach.segments.iter().filter(|row| row.spoofs).take(NAMED);
    lines.extend(spoofs.map(|row| t::rules_reach_spoofs(tr, name(&row.segment))));
    let lines = lines.iter().map(|line| notice::notice(notice::Tone::Bad, &Html::text(line)));
    let lines: Html = lines.collect();
    let text = format!("<p class=\"mut\">{}</p>", t::rules_reach_text(tr));
    fragment("reach", &Html::trusted(text).then(&lines))
}

fn filters(view: &View, asked: &Asked) -> Html {
    let tr = view.tr();
    let which = [("", t::all(tr)), ("odd", t::rules_reach_odd(tr))];
    let choices = [
        Choice::Text { name: "q", label: t::db_segment(tr), value: &asked.q },
        Choice::One {
            name: "which",
            label: t::rules_grants_which(tr),
            value: &asked.which,
            options: &which,
        },
    ];
    filter(tr, "/reachability", &choices)
}

fn matrix_card(view: &View, matrix: &Matrix, asked: &Asked) -> Html {
    let tr = view.tr();
    let found = asked.find(view, matrix);
    let from = view.asked("from").parse().unwrap_or(0_usize).min(found.len());
    let until = (from + LINES).min(found.len());
    let base = asked.address("/reachability");
    let steps = Pager {
        previous: (from > 0).then(|| format!("{base}from={}", from.saturating_sub(LINES))),
        next: (until < found.len()).then(|| format!("{base}from={until}")),
        shown: Some((from as u64 + 1, until as u64, found.len() as u64)),
    };
    let mut columns = vec![Column::new("", t::db_segment(tr))];
    columns.extend(matrix.services().map(|one| Column::new("", names::service(view, one))));
    columns.push(Column::new("", t::rules_reach_column_outside(tr)));
    columns.push(Column::new("", t::rules_reach_column_neighbours(tr)));
    columns.push(Column::new("", t::rules_reach_column_spoofs(tr)));
    let list = Table {
        caption: t::rules_tab_reach(tr).to_owned(),
        columns,
        rows: found[from..until].iter().map(|one| line(view, matrix, one)).collect(),
        empty: notice::empty(t::rules_grants_none(tr), &Html::text(t::rules_grants_none_text(tr))),
        ..Table::default()
    };
    let csv = asked.address("/reachability.csv");
    let csv = Html::link(csv.trim_end_matches(['?', '&']), t::download_csv(tr));
    let matrix = Html::trusted(format!("<div class=\"matrix\">{}</div>", table(tr, &list)));
    let body = fragment("rules", &matrix).then(&legend(tr)).then(&pager(tr, &steps));
    card::card(t::rules_reach_matrix(tr), &csv, &body)
}

fn line(view: &View, matrix: &Matrix, segment: &Segment) -> Row {
    let tr = view.tr();
    let mut cells: Vec<Cell> = vec![names::segment_link(view, &segment.id).into()];
    cells.extend(matrix.services().map(|one| stand(tr, matrix.stand(segment, one)).into()));
    let (outside, neighbours, spoofs) = matrix.beyond(segment.no);
    cells.push(must_not(tr, outside).into());
    cells.push(must_not(tr, neighbours > 0).into());
    cells.push(must_not(tr, spoofs).into());
    Row { cells, ..Row::default() }
}

/// A cell, by shape and word.
pub(super) fn stand(tr: &Tr, stand: Stand) -> Html {
    match stand {
        Stand::Reaches => yes_no(tr, true),
        Stand::Closed => yes_no(tr, false),
        Stand::Extra => Html::trusted(format!("{}<b>{}</b>", mark::WRONG, t::rules_extra(tr))),
        Stand::Missing => Html::trusted(format!("{}<b>{}</b>", mark::TAKES, t::rules_missing(tr))),
    }
}

/// May and does, or may not and does not.
pub(super) fn yes_no(tr: &Tr, yes: bool) -> Html {
    if yes {
        return Html::trusted(format!("{}{}", mark::GIVES, t::rules_yes(tr)));
    }
    Html::trusted(format!("<span class=\"mut\">{}</span>", t::rules_no(tr)))
}

/// What must never be.
fn must_not(tr: &Tr, is: bool) -> Html {
    if is { stand(tr, Stand::Extra) } else { yes_no(tr, false) }
}

fn legend(tr: &Tr) -> Html {
    Html::trusted(format!(
        "<ul class=\"legend\"><li>{} {}</li><li>{} {}</li><li>{} {}</li><li>{}</li></ul>",
        mark::GIVES,
        t::rules_legend_yes(tr),
        mark::WRONG,
        t::rules_legend_extra(tr),
        mark::TAKES,
        t::rules_legend_missing(tr),
        t::rules_legend_no(tr),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N2.1
    #[test]
    fn the_proof_is_held_against_the_rights() {
        assert_eq!(Stand::of(true, Some(true)), Stand::Reaches);
        assert_eq!(Stand::of(false, Some(false)), Stand::Closed);
        assert_eq!(Stand::of(false, Some(true)), Stand::Extra);
        assert_eq!(Stand::of(true, Some(false)), Stand::Missing);
        assert_eq!(Stand::of(true, None), Stand::Reaches, "without proof the rights speak");
    }
}
