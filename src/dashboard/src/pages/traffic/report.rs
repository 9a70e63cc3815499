//! `/traffic/reports/{institution}`: a month of one institution, and its act.

use axum::extract::Path;
use axum::response::Response;
use ets_i18n::t;
use ets_model::Institution;
use ets_traffic::Report;
use ets_web::{Crumb, Html, Page, card, notice};

use super::act::Maker;
use super::month::Month;
use super::picture::Words;
use super::report_table::{self, classes_file, file};
use super::reports::{downloads, months};
use super::{files, frame, gaps, report_html};
use crate::Error;
use crate::classes::Classes;
use crate::pages::view::View;

async fn asked(view: &View, id: &str) -> Result<(Month, Report), Error> {
    let institution = find(view, id)?;
    let traffic = view.app.traffic()?;
    let month = Month::read(view, traffic);
    Ok((month, traffic.report(&institution.id, month.period).await?))
}

fn find<'v>(view: &'v View, id: &str) -> Result<&'v Institution, Error> {
    let found = id.parse().ok().and_then(|id| view.catalog.institution(&id));
    found
        .map(AsRef::as_ref)
        .ok_or_else(|| Error::NotFound { what: "institution", id: id.to_owned() })
}

/// `GET /traffic/reports/{institution}`
pub(super) async fn page(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let (month, report) = asked(&view, &id).await?;
    let classes = Classes::of(&view.app);
    let words = Words { tr: view.tr(), catalog: &view.catalog, classes: &classes };
    let tr = words.tr;
    let name = report_table::name(words, &report);
    let total = tr.bytes(report.total.amount.sum().bytes);
    let body = body(&view, words, month, &report).await?;
    let list = format!("/traffic/reports?month={}", month.word());
    let page = Page {
        title: name.clone(),
        crumbs: vec![
            Crumb::new(t::traffic_title(tr), "/traffic"),
            Crumb::new(t::report_title(tr), list),
        ],
        ..frame(&view, "", t::report_institution_heading(tr, month.full(tr), name, total), &body)
    };
    Ok(view.respond(&page))
}

async fn body(view: &View, words: Words<'_>, month: Month, report: &Report) -> Result<Html, Error> {
    let tr = words.tr;
    let mut body = months(view, month, &format!("/traffic/reports/{}", report.institution));
    if report.total.amount.sum().is_zero() {
        let empty = notice::empty(t::report_empty(tr), &t::report_empty_hint(tr).into());
        return Ok(body.then(&empty));
    }
    if report.total.spread {
        let text = Html::text(t::report_spread(tr));
        body.push(&notice::notice(notice::Tone::Plain, &text));
    }
    let lines = report_table::segments(words, report);
    let caption = t::report_by_segment(tr);
    let table = report_html::lines(words, caption, t::db_segment(tr), &lines, &lines);
    body.push(&card::card(caption, &tools(words, month, report), &table));
    let classes = report_html::classes(words, &report.total);
    let by_class = card::card(t::report_by_class(tr), &Html::default(), &classes);
    let gaps = view.app.traffic()?.gaps(month.period).await?;
    if gaps.is_empty() {
        return Ok(body.then(&by_class));
    }
    let missing = card::card(t::report_gaps(tr), &Html::default(), &gaps::list(view, &gaps));
    Ok(body.then(&card::halves(&by_class, &missing)))
}

fn tools(words: Words<'_>, month: Month, report: &Report) -> Html {
    let path = format!("/traffic/reports/{}", report.institution);
    let act = format!("{path}/act.pdf?month={}", month.word());
    let tables = downloads(words.tr, &format!("{path}/report"), month);
    tables.then(&Html::link(&act, t::report_act(words.tr)))
}

/// `GET /traffic/reports/{institution}/report.csv`
pub(super) async fn csv(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let (month, report) = asked(&view, &id).await?;
    let classes = Classes::of(&view.app);
    let words = Words { tr: view.tr(), catalog: &view.catalog, classes: &classes };
    let lines = report_table::segments(words, &report);
    let table = file(words, t::report_by_segment(words.tr), Vec::new(), &lines);
    files::csv(&format!("traffic-{id}-{}.csv", month.word()), &table)
}

/// `GET /traffic/reports/{institution}/report.xlsx`
pub(super) async fn xlsx(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let (month, report) = asked(&view, &id).await?;
    let classes = Classes::of(&view.app);
    let words = Words { tr: view.tr(), catalog: &view.catalog, classes: &classes };
    let name = report_table::name(words, &report);
    let lines = report_table::segments(words, &report);
    let head = vec![name.clone(), month.title(words.tr)];
    let tables = [
        file(words, t::report_by_segment(words.tr), head, &lines),
        classes_file(words, &report.total),
    ];
    files::xlsx(&format!("traffic-{id}-{}.xlsx", month.word()), &name, &tables)
}

/// `GET /traffic/reports/{institution}/act.pdf`
pub(super) async fn act(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let (month, report) = asked(&view, &id).await?;
    let classes = Classes::of(&view.app);
    let words = Words { tr: view.tr(), catalog: &view.catalog, classes: &classes };
    let maker = Maker { view: &view, words, month };
    let bytes = maker.pdf(t::act_title(words.tr), vec![maker.act(&report)]).await?;
    Ok(files::pdf(&format!("act-{id}-{}.pdf", month.word()), bytes))
}
