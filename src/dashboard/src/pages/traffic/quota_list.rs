//! `/traffic/quotas`: quotas and thresholds, and who came near them.

use std::collections::HashMap;

use axum::response::Response;
use ets_i18n::t;
use ets_model::SegmentNo;
use ets_traffic::{Both, Level, Limit, Quota, Standing, Total};
use ets_web::html::escape;
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, Page, card, facts, notice, when};

use super::picture::{Words, link};
use super::{bars, frame, quota_words};
use crate::Error;
use crate::classes::Classes;
use crate::pages::view::View;

/// Segments that are listed, those that came furthest first.
const LISTED: usize = 200;

/// What the day and the month have brought so far, by segment.
type Moved = HashMap<SegmentNo, Both<u64>>;

/// `GET /traffic/quotas`
pub(super) async fn page(view: View) -> Result<Response, Error> {
    let (tr, traffic) = (view.tr(), view.app.traffic()?);
    let (quotas, standings) = (traffic.quotas().await?, traffic.standings().await?);
    let body = if quotas.is_empty() {
        let add = format!("</p><p>{}", add(&view));
        let text = Html::text(t::quota_empty_text(tr)).then(&Html::trusted(add));
        notice::empty(t::quota_heading_none(tr), &text)
    } else {
        let list = card::card(t::quota_list(tr), &add(&view), &list(&view, &quotas, &standings));
        let near = near(&view, &quotas, &standings).await?;
        card::card(t::quota_standing(tr), &Html::default(), &near).then(&list)
    };
    let page = Page {
        title: t::quota_title(tr).to_owned(),
        ..frame(&view, "quotas", heading(&view, &quotas, &standings), &body)
    };
    Ok(view.respond(&page))
}

fn add(view: &View) -> Html {
    let text = t::quota_add(view.tr());
    Html::trusted(format!("<a class=\"button\" href=\"/traffic/quotas/new\">{text}</a>"))
}

fn heading(view: &View, quotas: &[Quota], standings: &[Standing]) -> String {
    let tr = view.tr();
    let count = |level: Level| {
        let mut segments: Vec<SegmentNo> =
            standings.iter().filter(|one| one.level == level).map(|one| one.segment).collect();
        segments.sort_unstable();
        segments.dedup();
        segments.len()
    };
    match (count(Level::Reached), count(Level::Warned)) {
        _ if quotas.is_empty() => t::quota_heading_none(tr).to_owned(),
        (0, 0) => t::quota_heading_calm(tr).to_owned(),
        (0, warned) => t::quota_heading_warned(tr, warned),
        (reached, _) => t::quota_heading_reached(tr, reached),
    }
}

fn list(view: &View, quotas: &[Quota], standings: &[Standing]) -> Html {
    let tr = view.tr();
    let row = |quota: &Quota| {
        let at = |level: Level| {
            let mine = standings.iter().filter(|one| one.quota == quota.id);
            mine.filter(|one| one.level == level).count()
        };
        let (reached, warned) = (at(Level::Reached), at(Level::Warned));
        let stands = match (reached, warned) {
            (0, 0) => t::quota_level_normal(tr).to_owned(),
            (reached, warned) => t::quota_counts(tr, reached, warned),
        };
        let worst = match (reached, warned) {
            (0, 0) => Level::Normal,
            (0, _) => Level::Warned,
            _ => Level::Reached,
        };
        let href = format!("/traffic/quotas/{}/edit", quota.id);
        Row {
            cells: vec![
                Html::link(&href, &quota.name).into(),
                whose(view, quota).into(),
                Html::text(&quota_words::limit(tr, quota)).into(),
                Html::text(quota_words::way(tr, quota.way)).into(),
                Html::text(&quota_words::action(tr, quota.action)).into(),
                quota_words::mark(worst).then(&Html::text(&stands)).into(),
            ],
            ..Row::default()
        }
    };
    let columns = [
        t::quota_name(tr),
        t::quota_whose(tr),
        t::quota_limit(tr),
        t::quota_way(tr),
        t::quota_action(tr),
        t::quota_now(tr),
    ];
    table(
        tr,
        &Table {
            caption: t::quota_list(tr).to_owned(),
            columns: columns.map(|title| Column::new("", title)).into(),
            rows: quotas.iter().map(row).collect(),
            ..Table::default()
        },
    )
}

fn whose(view: &View, quota: &Quota) -> Html {
    let classes = Classes::of(&view.app);
    let words = Words { tr: view.tr(), catalog: &view.catalog, classes: &classes };
    quota.segment.map_or_else(|| t::quota_whose_all(view.tr()).into(), |no| link(words, no))
}

/// The segments that are not below the warning, those at the limit first.
async fn near(view: &View, quotas: &[Quota], standings: &[Standing]) -> Result<Html, Error> {
    let tr = view.tr();
    if standings.is_empty() {
        let text = escape(t::quota_standing_none(tr)).to_string();
        return Ok(Html::trusted(format!("<p class=\"mut\">{text}</p>")));
    }
    let traffic = view.app.traffic()?;
    let day = traffic.calendar().day(view.ctx.now);
    let month = traffic.calendar().month(view.ctx.now);
    let asked = |wanted: fn(&Limit) -> bool| quotas.iter().any(|quota| wanted(&quota.limit));
    let days = if asked(|limit| matches!(limit, Limit::BytesADay(_))) {
        moved(traffic.totals(day).await?)
    } else {
        Moved::new()
    };
    let months = if asked(|limit| matches!(limit, Limit::BytesAMonth(_))) {
        moved(traffic.totals(month).await?)
    } else {
        Moved::new()
    };
    let mut order: Vec<&Standing> = standings.iter().collect();
    order.sort_by_key(|one| (std::cmp::Reverse(one.level), one.since, one.segment));
    order.truncate(LISTED);
    let rows = order.iter().filter_map(|one| {
        let quota = quotas.iter().find(|quota| quota.id == one.quota)?;
        Some(row(view, quota, one, (&days, &months)))
    });
    let columns = vec![
        Column::new("", t::db_segment(tr)),
        Column::new("", t::quota_now(tr)),
        Column::new("", t::quota_name(tr)),
        Column::new("", t::quota_limit(tr)),
        Column::new("", t::flow_bars(tr)).minor(),
        Column::new("", t::db_since(tr)),
    ];
    let caption = t::quota_standing(tr).to_owned();
    Ok(table(tr, &Table { caption, columns, rows: rows.collect(), ..Table::default() }))
}

fn moved(totals: Vec<(SegmentNo, Total)>) -> Moved {
    let bytes = |total: Total| Both { up: total.amount.up.bytes, down: total.amount.down.bytes };
    totals.into_iter().map(|(no, total)| (no, bytes(total))).collect()
}

fn row(view: &View, quota: &Quota, one: &Standing, (days, months): (&Moved, &Moved)) -> Row {
    let tr = view.tr();
    let classes = Classes::of(&view.app);
    let words = Words { tr, catalog: &view.catalog, classes: &classes };
    let volume = match quota.limit {
        Limit::BytesADay(whole) => Some((days, whole)),
        Limit::BytesAMonth(whole) => Some((months, whole)),
        Limit::Rate { .. } => None,
    };
    let used = volume.map(|(moved, whole)| {
        let both = moved.get(&one.segment).copied().unwrap_or_default();
        (quota_words::counted(quota.way, both), whole)
    });
    let limit = used.map_or_else(
        || quota_words::limit(tr, quota),
        |(used, whole)| quota_words::share(tr, used, whole),
    );
    let bar = used.map(|(used, whole)| bars::one(used, whole));
    let level = Html::text(quota_words::level(tr, one.level));
    Row {
        cells: vec![
            link(words, one.segment).into(),
            quota_words::mark(one.level).then(&level).into(),
            Html::text(&quota.name).into(),
            Html::text(&limit).into(),
            bar.unwrap_or_else(|| facts::none(tr)).into(),
            when::moment(&view.ctx, one.since).into(),
        ],
        ..Row::default()
    }
}
