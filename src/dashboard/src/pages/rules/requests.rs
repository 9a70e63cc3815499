//! What people who were refused have asked for.

use ets_gateway::Desk;
use ets_i18n::t;
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, notice, when};
use serde_json::Value;

use super::super::view::View;
use crate::Error;

/// The last requests, newest first: what was typed stands as it was typed.
pub(super) async fn list(view: &View, desk: &Desk) -> Result<Html, Error> {
    let tr = view.tr();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = desk.requests().await?.into_iter().map(|one| {
        let detail = &one.entry.detail;
        let port = detail["port"].as_u64().unwrap_or_default();
        let to = Html::text(&format!("{}:{port}", text(&detail["host"])));
        let rule = text(&detail["rule"]);
        let rule = if rule.is_empty() { Html::default() } else { Html::code(&rule) };
        let segment = &one.entry.subject.id;
        let who = Html::text(&format!("{}, {} ", text(&detail["name"]), text(&detail["phone"])))
            .then(&Html::link(&format!("/segments/{segment}"), segment));
        Row {
            cells: vec![
                Html::text(&one.seq.to_string()).into(),
                when::moment(&view.ctx, one.at).into(),
                who.into(),
                to.then(&Html::text(" ")).then(&rule).into(),
                Html::text(&one.entry.why).into(),
            ],
            ..Row::default()
        }
    });
    let list = Table {
        caption: t::out_requests(tr).to_owned(),
        columns: vec![
            Column::new("", t::out_request_number(tr)).numeric(),
            Column::new("", t::db_when(tr)),
            Column::new("", t::out_request_who(tr)),
            Column::new("", t::out_to(tr)),
            Column::new("", t::out_request_what(tr)),
        ],
        rows: rows.collect(),
        empty: notice::empty(t::out_requests_none(tr), &Html::default()),
        ..Table::default()
    };
    Ok(table(tr, &list))
}
