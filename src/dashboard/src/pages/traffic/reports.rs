//! `/traffic/reports`: a month of all institutions, one row each; files of all of them.

use axum::response::Response;
use ets_i18n::{Tr, collation_key, t};
use ets_traffic::{Report, Total};
use ets_web::html::escape;
use ets_web::pager::{Pager, pager};
use ets_web::tabs::{Tab, tabs};
use ets_web::{Html, Page, card, notice};

use super::act::Maker;
use super::month::Month;
use super::picture::Words;
use super::report_table::{self, Line, classes_file, file, sum};
use super::{files, frame, gaps, report_html};
use crate::Error;
use crate::classes::Classes;
use crate::pages::view::View;

/// Lines on a page.
const LINES: usize = 200;

/// `GET /traffic/reports`
pub(super) async fn page(view: View) -> Result<Response, Error> {
    let (month, reports) = asked(&view).await?;
    let classes = Classes::of(&view.app);
    let words = Words { tr: view.tr(), catalog: &view.catalog, classes: &classes };
    let lines = ordered(words, &reports, month);
    let whole = sum(&lines);
    let body = body(&view, words, month, &lines, &whole.total).await?;
    let page = Page {
        title: t::report_title(words.tr).to_owned(),
        ..frame(&view, "reports", heading(&view, month, &whole.total), &body)
    };
    Ok(view.respond(&page))
}

async fn asked(view: &View) -> Result<(Month, Vec<Report>), Error> {
    let traffic = view.app.traffic()?;
    let month = Month::read(view, traffic);
    Ok((month, traffic.reports(month.period).await?))
}

/// By name, as a person looks for it.
fn ordered(words: Words<'_>, reports: &[Report], month: Month) -> Vec<Line> {
    let word = month.word();
    let mut lines: Vec<Line> =
        reports.iter().map(|one| report_table::institution(words, one, &word)).collect();
    lines.sort_by_cached_key(|line| collation_key(words.tr.lang(), &line.name));
    lines
}

fn heading(view: &View, month: Month, total: &Total) -> String {
    let tr = view.tr();
    if month.is_ahead(view) {
        return t::report_heading_ahead(tr, month.title(tr));
    }
    if total.amount.sum().is_zero() {
        return t::report_heading_none(tr, month.title(tr));
    }
    let (down, up) = (total.amount.down.bytes, total.amount.up.bytes);
    t::report_heading(tr, tr.bytes(down), month.title(tr), tr.bytes(up))
}

async fn body(
    view: &View,
    words: Words<'_>,
    month: Month,
    lines: &[Line],
    total: &Total,
) -> Result<Html, Error> {
    let tr = words.tr;
    let mut body = months(view, month, "/traffic/reports");
    if total.amount.sum().is_zero() {
        let empty = notice::empty(t::report_empty(tr), &t::report_empty_hint(tr).into());
        return Ok(body.then(&empty));
    }
    let from: usize = view.asked("row").parse().unwrap_or(0);
    let shown = &lines[from.min(lines.len())..(from + LINES).min(lines.len())];
    let table = report_html::lines(words, t::report_title(tr), t::db_institution(tr), shown, lines)
        .then(&steps(tr, month, from, lines.len()))
        .then(&without(tr, lines));
    let acts = format!("/traffic/reports/all.pdf?month={}", month.word());
    let tools =
        downloads(tr, "/traffic/reports/all", month).then(&Html::link(&acts, t::report_acts(tr)));
    body.push(&card::card(&month.title(tr), &tools, &table));
    let by_class =
        card::card(t::report_by_class(tr), &Html::default(), &report_html::classes(words, total));
    let gaps = view.app.traffic()?.gaps(month.period).await?;
    if gaps.is_empty() {
        return Ok(body.then(&by_class));
    }
    let missing = gaps::list(view, &gaps);
    let missing = card::card(t::report_gaps(tr), &Html::default(), &missing);
    Ok(body.then(&card::halves(&by_class, &missing)))
}

/// Who has no act in the file of all: those without traffic.
fn without(tr: &Tr, lines: &[Line]) -> Html {
    match lines.iter().filter(|line| line.total.amount.sum().is_zero()).count() {
        0 => Html::default(),
        count => Html::trusted(format!(
            "<p class=\"mut\">{}</p>",
            escape(&t::report_acts_without(tr, count))
        )),
    }
}

fn steps(tr: &Tr, month: Month, from: usize, all: usize) -> Html {
    let at = |row: usize| format!("/traffic/reports?month={}&row={row}", month.word());
    let steps = Pager {
        previous: (from > 0).then(|| at(from.saturating_sub(LINES))),
        next: (from + LINES < all).then(|| at(from + LINES)),
        shown: None,
    };
    if all <= LINES { Html::default() } else { pager(tr, &steps) }
}

/// The month with the ones beside it, and that it still runs where it does.
pub(super) fn months(view: &View, month: Month, path: &str) -> Html {
    let tr = view.tr();
    let tab = |title: &str, word: String, current: bool| Tab {
        title: title.to_owned(),
        href: format!("{path}?month={word}"),
        current,
        key: "",
    };
    let mut all = vec![
        tab(t::report_previous(tr), month.previous(), false),
        tab(&month.title(tr), month.word(), true),
    ];
    all.extend(month.next(view).map(|next| tab(t::report_next(tr), next, false)));
    let form = format!(
        "<form class=\"filter month\" method=\"get\" action=\"{}\"><label>{} \
         <input type=\"month\" name=\"month\" value=\"{}\"></label><button>{}</button></form>",
        escape(path),
        t::report_month(tr),
        month.word(),
        t::db_show(tr)
    );
    let note = match (month.is_ahead(view), month.runs(view)) {
        (true, _) => t::report_ahead(tr),
        (_, true) => t::report_running(tr),
        _ => "",
    };
    let note = if note.is_empty() { String::new() } else { format!("<p class=\"mut\">{note}</p>") };
    let tabs = tabs(t::report_month(tr), &all);
    Html::trusted(format!("<div class=\"ways row\">{tabs}{form}</div>{note}"))
}

/// The tables of a report as files.
pub(super) fn downloads(tr: &Tr, path: &str, month: Month) -> Html {
    let href = |kind: &str| format!("{path}.{kind}?month={}", month.word());
    Html::link(&href("csv"), t::download_csv(tr))
        .then(&Html::link(&href("xlsx"), t::traffic_xlsx(tr)))
}

/// `GET /traffic/reports/all.csv`
pub(super) async fn csv(view: View) -> Result<Response, Error> {
    let (month, reports) = asked(&view).await?;
    let classes = Classes::of(&view.app);
    let words = Words { tr: view.tr(), catalog: &view.catalog, classes: &classes };
    let lines = ordered(words, &reports, month);
    let table = file(words, t::report_title(words.tr), Vec::new(), &lines);
    files::csv(&format!("traffic-{}.csv", month.word()), &table)
}

/// `GET /traffic/reports/all.xlsx`: institutions, segments, classes, a sheet each.
pub(super) async fn xlsx(view: View) -> Result<Response, Error> {
    let (month, reports) = asked(&view).await?;
    let classes = Classes::of(&view.app);
    let words = Words { tr: view.tr(), catalog: &view.catalog, classes: &classes };
    let tr = words.tr;
    let lines = ordered(words, &reports, month);
    let segments: Vec<Line> =
        reports.iter().flat_map(|one| report_table::segments(words, one)).collect();
    let head = || vec![month.title(tr)];
    let tables = [
        file(words, t::db_institution(tr), head(), &lines),
        file(words, t::report_by_segment(tr), head(), &segments),
        classes_file(words, &sum(&lines).total),
    ];
    files::xlsx(&format!("traffic-{}.xlsx", month.word()), t::report_title(tr), &tables)
}

/// `GET /traffic/reports/all.pdf`: the acts of all who had traffic.
pub(super) async fn acts(view: View) -> Result<Response, Error> {
    let (month, mut reports) = asked(&view).await?;
    reports.retain(|one| !one.total.amount.sum().is_zero());
    if reports.is_empty() {
        return Err(Error::NotFound { what: "act", id: month.word() });
    }
    let classes = Classes::of(&view.app);
    let words = Words { tr: view.tr(), catalog: &view.catalog, classes: &classes };
    let maker = Maker { view: &view, words, month };
    reports
        .sort_by_cached_key(|one| collation_key(words.tr.lang(), &report_table::name(words, one)));
    let acts = reports.iter().map(|one| maker.act(one)).collect();
    let bytes = maker.pdf(t::act_titles(words.tr), acts).await?;
    Ok(files::pdf(&format!("acts-{}.pdf", month.word()), bytes))
}
