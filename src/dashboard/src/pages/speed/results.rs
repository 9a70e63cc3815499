//! What was measured, as a table.

use ets_i18n::{Tr, t};
use ets_netd_api::Direction;
use ets_speed::{Limit, Measured};
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, notice, when};

use crate::pages::view::View;

/// Newest first, as they were given.
pub(super) fn list(view: &View, measured: &[Measured]) -> Html {
    let tr = view.tr();
    if measured.is_empty() {
        return notice::empty(t::speed_none(tr), &Html::default());
    }
    let rate = |bits: u64| Html::text(&tr.bit_rate(bits as f64));
    let row = |one: &Measured| Row {
        cells: vec![
            when::moment(&view.ctx, one.at).into(),
            Html::text(way(tr, one.direction)).into(),
            rate(one.rate).into(),
            one.contracted.map_or_else(|| ets_web::facts::none(tr), rate).into(),
            rate(one.work).into(),
            Html::text(&delay(tr, one)).into(),
            Html::text(limit(tr, one.limit)).into(),
        ],
        ..Row::default()
    };
    let table = table(
        tr,
        &Table {
            caption: t::speed_results(tr).to_owned(),
            columns: vec![
                Column::new("", t::db_when(tr)),
                Column::new("", t::speed_way(tr)),
                Column::new("", t::speed_rate(tr)).numeric(),
                Column::new("", t::segment_traffic_contract(tr)).numeric(),
                Column::new("", t::speed_work(tr)).numeric().minor(),
                Column::new("", t::speed_delay(tr)).numeric().minor(),
                Column::new("", t::speed_limit(tr)),
            ],
            rows: measured.iter().map(row).collect(),
            ..Table::default()
        },
    );
    table.then(&Html::trusted(format!("<p class=\"mut\">{}</p>", t::speed_delay_note(tr))))
}

fn way(tr: &Tr, direction: Direction) -> &'static str {
    match direction {
        Direction::Down => t::flow_down(tr),
        Direction::Up => t::flow_up(tr),
    }
}

fn delay(tr: &Tr, one: &Measured) -> String {
    let millis = |time: Option<std::time::Duration>| {
        time.map_or_else(|| "–".to_owned(), |time| tr.millis(time))
    };
    format!("{} / {}", millis(one.idle), millis(one.loaded))
}

fn limit(tr: &Tr, limit: Limit) -> &'static str {
    match limit {
        Limit::Channel => t::speed_limit_channel(tr),
        Limit::Contract => t::speed_limit_contract(tr),
        Limit::Work => t::speed_limit_work(tr),
        Limit::Hub => t::speed_limit_hub(tr),
    }
}
