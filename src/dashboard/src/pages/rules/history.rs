//! Every change that ever was, newest first: who, when, why, and how it ended.

use axum::response::Response;
use ets_i18n::t;
use ets_rules::{Page as Part, Version};
use ets_web::live::fragment;
use ets_web::pager::{Pager, pager};
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, Page, card, notice, when};

use super::super::view::View;
use super::{Tab, ends, handle, names, respond_live};
use crate::Error;

/// Versions on a page.
const LINES: u32 = 50;

/// `GET /rules/history`
pub(super) async fn page(view: View) -> Result<Response, Error> {
    let tr = view.tr();
    let before = view.asked("before");
    let part = Part { before: before.parse().ok(), limit: LINES };
    let listing = handle(&view)?.versions(part).await?;
    let steps = Pager {
        previous: (!before.is_empty()).then(|| "/rules/history".to_owned()),
        next: listing.next.map(|next| format!("/rules/history?before={next}")),
        shown: None,
    };
    let csv = Html::link("/rules/history.csv", t::download_csv(tr));
    let list = fragment("rules", &lines(&view, &listing.versions)).then(&pager(tr, &steps));
    let page = Page {
        title: t::rules_history_title(tr).to_owned(),
        heading: t::rules_history_heading(tr).to_owned(),
        body: card::card(t::rules_history_title(tr), &csv, &list),
        ..Page::default()
    };
    Ok(respond_live(&view, Tab::History, page))
}

fn lines(view: &View, versions: &[Version]) -> Html {
    let tr = view.tr();
    let empty = notice::empty(t::rules_heading_none(tr), &Html::text(t::rules_history_empty(tr)));
    let list = Table {
        caption: t::rules_history_title(tr).to_owned(),
        columns: vec![
            Column::new("", t::rules_fact_change(tr)).numeric(),
            Column::new("", t::rules_fact_why(tr)),
            Column::new("", t::rules_fact_end(tr)),
            Column::new("", t::db_when(tr)),
            Column::new("", t::rules_fact_author(tr)),
            Column::new("", t::rules_fact_differences(tr)).numeric(),
        ],
        rows: versions.iter().map(|one| line(view, one)).collect(),
        empty,
        ..Table::default()
    };
    table(tr, &list)
}

fn line(view: &View, version: &Version) -> Row {
    let (tr, href) = (view.tr(), format!("/rules/history/{}", version.no));
    Row {
        cells: vec![
            Html::link(&href, &version.no.to_string()).into(),
            Html::link(&href, &ends::why(view, version)).into(),
            ends::state(view, version).into(),
            when::moment(&view.ctx, version.at).into(),
            Html::text(&names::who(tr, &version.author)).into(),
            Html::text(&tr.number(i64::try_from(version.changes).unwrap_or(i64::MAX))).into(),
        ],
        ..Row::default()
    }
}
