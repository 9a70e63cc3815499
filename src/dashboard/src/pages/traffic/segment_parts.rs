//! The parts of a segment's traffic page.

use ets_i18n::{Tr, t};
use ets_model::Segment;
use ets_netd_api::Class;
use ets_traffic::{Both, Flow, Level, Period, Quota, Range, Standing, Total, Whose};
use ets_web::chart::sparkline;
use ets_web::html::escape;
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, card, facts};

use super::figures::{Unit, bps, share, volume};
use super::picture::Words;
use super::{forecast, gaps, quota_words};
use crate::Error;
use crate::pages::view::View;

/// Points of a small line: more do not show.
const SPARK: usize = 60;

/// The contracted rates in bits a second; 0 where not known.
pub(super) fn contracted(segment: &Segment) -> Both<u64> {
    let bps = |kbps: u64| kbps.saturating_mul(1_000);
    Both { up: bps(segment.channel.up_kbps), down: bps(segment.channel.down_kbps) }
}

/// The chart in a sentence.
pub(super) fn summary(tr: &Tr, total: &Total) -> Html {
    if total.amount.sum().is_zero() {
        return Html::default();
    }
    let peak = total.peak_bps();
    let text = t::segment_traffic_chart_text(
        tr,
        tr.bytes(total.amount.down.bytes),
        bps(tr, peak.down),
        bps(tr, peak.up),
        tr.bytes(total.amount.up.bytes),
    );
    Html::trusted(format!("<p>{}</p>", escape(&text)))
}

/// What passed by class, with the course of each.
pub(super) fn classes_card(words: Words<'_>, total: &Total, range: &Range) -> Html {
    if total.flows.is_empty() {
        return Html::default();
    }
    let tr = words.tr;
    let mut order: Vec<&Flow> = total.flows.iter().collect();
    order.sort_by_key(|one| {
        (one.class == Class::Dropped, std::cmp::Reverse(one.amount.sum().bytes), one.class.code())
    });
    let largest = total.flows.iter().map(|one| super::figures::larger(one.amount)).max();
    let unit = Unit::of_volume(largest.unwrap_or(0));
    let whole = total.amount.sum().bytes;
    let row = |flow: &&Flow| {
        let dropped = flow.class == Class::Dropped;
        let part = share(tr, flow.amount.sum().bytes, whole);
        Row {
            cells: vec![
                Html::text(&words.classes.name(tr, flow.class)).into(),
                course(tr, range, flow.class).into(),
                volume(tr, unit, flow.amount.down).into(),
                volume(tr, unit, flow.amount.up).into(),
                if dropped { facts::none(tr) } else { part }.into(),
            ],
            class: if dropped { "aside" } else { "" },
            ..Row::default()
        }
    };
    let table = table(
        tr,
        &Table {
            caption: t::traffic_by_class(tr).to_owned(),
            columns: vec![
                Column::new("", t::flow_class(tr)),
                Column::new("", t::flow_course(tr)).minor(),
                Column::new("", t::flow_down_in(tr, unit.word(tr))).numeric(),
                Column::new("", t::flow_up_in(tr, unit.word(tr))).numeric(),
                Column::new("", t::flow_share(tr)).numeric(),
            ],
            rows: order.iter().map(row).collect(),
            ..Table::default()
        },
    );
    let note = dropped_note(tr, total);
    card::card(t::traffic_by_class(tr), &Html::default(), &table.then(&note))
}

/// What the line of dropped traffic means, where there is one.
pub(super) fn dropped_note(tr: &Tr, total: &Total) -> Html {
    if total.of_class(Class::Dropped).sum().is_zero() {
        return Html::default();
    }
    Html::trusted(format!("<p class=\"mut\">{}</p>", t::flow_dropped_note(tr)))
}

/// A class over the period as a small line, both ways together, in Mbit/s.
fn course(tr: &Tr, range: &Range, class: Class) -> Html {
    let Some(line) = range.lines.iter().find(|line| line.class == class) else {
        return Html::default();
    };
    let both: Vec<u64> =
        line.up.iter().zip(&line.down).map(|(up, down)| up.bytes + down.bytes).collect();
    let chunk = both.len().div_ceil(SPARK).max(1);
    let seconds = range.step.as_secs_f32() * chunk as f32;
    let values: Vec<Option<f32>> = both
        .chunks(chunk)
        .map(|bytes| Some(bytes.iter().sum::<u64>() as f32 * 8e-6 / seconds))
        .collect();
    sparkline(tr, &values, f32::MIN_POSITIVE, 2)
}

/// Contract, percentile, forecast.
pub(super) async fn channel_card(
    view: &View,
    segment: &Segment,
    period: Period,
) -> Result<Html, Error> {
    let (tr, traffic) = (view.tr(), view.app.traffic()?);
    let contract = contracted(segment);
    let percentile = traffic.percentile(Whose::Segment(segment.no), period).await?;
    let forecast = traffic.forecast(segment.no).await?;
    let rate = |bits: u64| match bits {
        0 => Html::text(t::segment_traffic_no_contract(tr)),
        bits => Html::text(&bps(tr, bits)),
    };
    let against = |bits: u64, contract: u64| match contract {
        0 => Html::text(&bps(tr, bits)),
        whole => {
            let percent = tr.percent(bits as f64 / whole as f64);
            Html::text(&t::segment_traffic_p95_text(tr, percent, bps(tr, bits)))
        }
    };
    let p95 = |of: fn(&Both<u64>) -> u64| match &percentile {
        Some(one) => against(of(&one.bps), of(&contract)),
        None => Html::text(t::segment_traffic_p95_unknown(tr)),
    };
    let way = |name: &str, list: &[(&str, Html)]| {
        Html::trusted(format!("<h3>{}</h3>{}", escape(name), facts::list(list)))
    };
    let one = |name: &str, of: fn(&Both<u64>) -> u64, told: &ets_traffic::Forecast| {
        way(
            name,
            &[
                (t::segment_traffic_contract(tr), rate(of(&contract))),
                (t::segment_traffic_p95(tr), p95(of)),
                (t::segment_traffic_forecast(tr), forecast::told(tr, told, view.ctx.now).into()),
            ],
        )
    };
    let body = one(t::flow_down(tr), |both| both.down, &forecast.down)
        .then(&one(t::flow_up(tr), |both| both.up, &forecast.up))
        .then(&Html::trusted(format!("<p class=\"mut\">{}</p>", t::segment_traffic_p95_help(tr))));
    Ok(card::card(t::segment_traffic_channel(tr), &Html::default(), &body))
}

/// The quotas that hold for a segment, and how it stands to them.
pub(super) async fn quotas_card(view: &View, segment: &Segment) -> Result<Html, Error> {
    let (tr, traffic) = (view.tr(), view.app.traffic()?);
    let quotas = traffic.quotas().await?;
    let standings = traffic.standings().await?;
    let mine: Vec<&Quota> =
        quotas.iter().filter(|quota| quota.segment.is_none_or(|no| no == segment.no)).collect();
    let tools = Html::link("/traffic/quotas", t::quota_list(tr));
    if mine.is_empty() {
        let text =
            Html::trusted(format!("<p class=\"mut\">{}</p>", t::segment_traffic_no_quotas(tr)));
        return Ok(card::card(t::segment_traffic_quotas(tr), &tools, &text));
    }
    let mut items = String::new();
    for quota in mine {
        let standing =
            standings.iter().find(|one| one.quota == quota.id && one.segment == segment.no);
        let used = quota_words::used(view, quota, segment.no).await?;
        items.push_str(&item(tr, quota, standing, used.as_ref()));
    }
    let list = Html::trusted(format!("<ul class=\"links\">{items}</ul>"));
    Ok(card::card(t::segment_traffic_quotas(tr), &tools, &list))
}

fn item(tr: &Tr, quota: &Quota, standing: Option<&Standing>, used: Option<&String>) -> String {
    let level = standing.map_or(Level::Normal, |one| one.level);
    let used = used.map(|used| format!("<br>{}", escape(used))).unwrap_or_default();
    format!(
        "<li>{}<b>{}</b>: {}{used}</li>",
        quota_words::mark(level),
        escape(&quota.name),
        escape(&format!("{}, {}", quota_words::limit(tr, quota), quota_words::level(tr, level))),
    )
}

/// What is not known of this time.
pub(super) async fn gaps_card(view: &View, period: Period) -> Result<Html, Error> {
    let tr = view.tr();
    let gaps = view.app.traffic()?.gaps(period).await?;
    if gaps.is_empty() {
        return Ok(Html::default());
    }
    Ok(card::card(t::traffic_missing(tr), &Html::default(), &gaps::list(view, &gaps)))
}
