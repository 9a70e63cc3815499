//! The table of segments with their figures: on the overview and in the register.

use std::sync::Arc;

use ets_i18n::{collation_key, t};
use ets_model::{LinkState, Segment};
use ets_watch::{SegmentNow, Spark};
use ets_web::chart::sparkline;
use ets_web::table::{Cell, Column, Row, Table, table};
use ets_web::{Html, facts, state, when};

use super::view::View;
use crate::api::current_rtt;
use crate::live::STAR_LIMIT;

/// A scale never finer than this: a wobble of microseconds is no storm.
const SPARK_FLOOR_MS: f32 = 5.0;
/// On a large hub the overview lists so many, those in trouble first.
const LARGE_ROWS: usize = 100;

/// One segment with what is known of it now.
pub(crate) type Known<'a> = (&'a Arc<Segment>, Option<&'a SegmentNow>);

/// The table of the overview.
pub(crate) fn overview(view: &View, sort: &str, dir: &str, base: &str) -> Html {
    let mut rows: Vec<Known<'_>> = view
        .catalog
        .segments()
        .map(|segment| (segment, view.snapshot.segment(segment.no)))
        .collect();
    order(view, &mut rows, sort, dir);
    rows.truncate(shown(view));
    render(view, &rows, sort, dir, base)
}

/// How many segments the table of the overview lists.
pub(crate) fn shown(view: &View) -> usize {
    let total = view.snapshot.segments.len();
    if total <= STAR_LIMIT { total } else { LARGE_ROWS }
}

/// Sorts; without a column: those that need a person first, then by name.
pub(crate) fn order(view: &View, rows: &mut [Known<'_>], sort: &str, dir: &str) {
    let lang = view.lang();
    let name = |(segment, _): &Known<'_>| collation_key(lang, view.catalog.name(segment, lang));
    let rank = |state: LinkState| LinkState::ALL.iter().position(|one| *one == state);
    let state = |(_, now): &Known<'_>| rank(now.map_or(LinkState::Unknown, |now| now.state));
    match sort {
        "name" => rows.sort_by_cached_key(name),
        "since" => rows.sort_by_key(|(_, now)| std::cmp::Reverse(now.map(|now| now.since))),
        "rtt" => rows.sort_by_key(|(_, now)| now.and_then(current_rtt)),
        "loss" => rows
            .sort_by_key(|(_, now)| now.and_then(SegmentNow::loss).map(|loss| (loss * 1e6) as u32)),
        "district" => rows.sort_by_cached_key(|one| {
            (collation_key(lang, view.catalog.district(one.0)), name(one))
        }),
        // On a large hub the order of the register has to do: names are slow to compare.
        _ if rows.len() > STAR_LIMIT => rows.sort_by_key(state),
        _ => rows.sort_by_cached_key(|one| (state(one), name(one))),
    }
    if dir == "desc" {
        rows.reverse();
    }
}

/// These segments as a table that the script keeps fresh.
pub(crate) fn render(view: &View, rows: &[Known<'_>], sort: &str, dir: &str, base: &str) -> Html {
    let tr = view.tr();
    let sorted = ["name", "state", "since", "rtt", "loss", "district"]
        .into_iter()
        .find(|key| *key == sort)
        .map(|key| (key, dir == "desc"));
    table(
        tr,
        &Table {
            caption: t::overview_segments(tr).to_owned(),
            columns: vec![
                Column::new("name", t::db_segment(tr)),
                Column::new("state", t::db_state(tr)),
                Column::new("since", t::db_for(tr)).numeric(),
                Column::new("rtt", t::db_rtt_ms(tr)).numeric(),
                Column::new("loss", t::db_loss_percent(tr)).numeric(),
                Column::new("", t::db_last_hour(tr)).minor(),
                Column::new("district", t::db_district(tr)).minor(),
            ],
            rows: rows.iter().map(|known| row(view, *known)).collect(),
            sorted,
            base: base.to_owned(),
            empty: Html::default(),
        },
    )
}

fn row(view: &View, (segment, now): Known<'_>) -> Row {
    let tr = view.tr();
    let name = view.catalog.name(segment, view.lang());
    let link = Html::link(&format!("/segments/{}", segment.id), name)
        .then(&Html::trusted(format!(" <small class=\"id\">{}</small>", segment.id)));
    let Some(now) = now.filter(|_| segment.is_active()) else {
        return retired_row(view, segment, link);
    };
    // The colour comes from the row's state, which the script changes.
    let badge = Html::trusted(format!(
        "{}<span data-f=\"state\">{}</span>",
        state::icon(now.state),
        state::word(tr, now.state)
    ));
    Row {
        cells: vec![
            link.into(),
            Cell::from(badge).class("st"),
            Cell::live("since", when::lasting(&view.ctx, now.since)),
            Cell::live("rtt", rtt(view, now)),
            Cell::live("loss", loss(view, now)),
            Cell::live("spark", spark(view, &now.spark)),
            Html::text(view.catalog.district(segment)).into(),
        ],
        segment: segment.id.to_string(),
        state: Some(now.state),
        class: "",
    }
}

fn retired_row(view: &View, segment: &Segment, link: Html) -> Row {
    let tr = view.tr();
    let since =
        segment.retired.map_or_else(|| facts::unknown(tr), |at| when::lasting(&view.ctx, at));
    let what =
        if segment.is_active() { t::state_unknown(tr) } else { t::registry_retired_word(tr) };
    Row {
        cells: vec![
            link.into(),
            Html::text(what).into(),
            since.into(),
            facts::none(tr).into(),
            facts::none(tr).into(),
            Html::default().into(),
            Html::text(view.catalog.district(segment)).into(),
        ],
        ..Row::default()
    }
}

/// The round-trip time: a dash where nothing answers, a question mark where nothing was asked.
pub(crate) fn rtt(view: &View, now: &SegmentNow) -> Html {
    match current_rtt(now) {
        Some(rtt) => Html::text(&view.tr().millis(rtt)),
        None if now.sent > 0 || now.state == LinkState::Down => facts::none(view.tr()),
        None => facts::unknown(view.tr()),
    }
}

/// The loss of the last minute in per cent.
pub(crate) fn loss(view: &View, now: &SegmentNow) -> Html {
    match now.loss() {
        Some(loss) => Html::text(&view.tr().percent(loss)),
        None => facts::unknown(view.tr()),
    }
}

/// The last hour as a line.
pub(crate) fn spark(view: &View, spark: &Spark) -> Html {
    let values: Vec<Option<f32>> = spark
        .points
        .iter()
        .map(|point| (point.rtt_us > 0).then_some(point.rtt_us as f32 / 1_000.0))
        .collect();
    sparkline(view.tr(), &values, SPARK_FLOOR_MS, 1)
}
