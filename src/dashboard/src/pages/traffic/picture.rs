//! The picture of one moment: the busiest segments with a bar for each way, and the hub by class.
//! Drawn for a page, and again each second for everybody who looks.

use std::time::Duration;

use ets_i18n::{Tr, t};
use ets_model::{SegmentNo, WallTime};
use ets_netd_api::Class;
use ets_registry::Catalog;
use ets_traffic::{Amount, Both, Flow, Picture, Snapshot, Total};
use ets_web::html::escape;
use ets_web::live::fragment;
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, facts, notice};

use super::bars;
use super::figures::{MEGABITS, bits, larger, live, share, whole};
use crate::classes::Classes;

/// Segments that are listed; the list of all is a page of its own.
const LISTED: usize = 15;

/// What is needed to put a picture into words.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a> {
    pub tr: &'a Tr,
    pub catalog: &'a Catalog,
    pub classes: &'a Classes,
}

/// What is drawn: rates in bytes and packets a second.
pub(crate) struct Drawn {
    /// The second that it shows, for the link to it.
    pub second: i64,
    /// When it was true.
    pub at: WallTime,
    /// Over how long it is averaged.
    pub over: Duration,
    /// Since when nothing is known.
    pub stale: Option<WallTime>,
    /// All of the hub.
    pub hub: Both<Amount>,
    flows: Vec<Flow>,
    /// The busiest first.
    segments: Vec<(SegmentNo, Both<Amount>)>,
    /// How many segments have traffic.
    pub moving: usize,
    is_live: bool,
}

impl Drawn {
    /// What passes now.
    pub(crate) fn live(now: &Snapshot) -> Self {
        let top = now.top(None, LISTED);
        Self {
            second: now.second(),
            at: now.at.wall,
            over: now.over,
            stale: now.stale_since,
            hub: now.hub,
            flows: now.classes.clone(),
            segments: top.iter().map(|one| (one.segment, one.rate)).collect(),
            moving: now.segments.iter().filter(|one| one.segment.0 != 0).count(),
            is_live: true,
        }
    }

    /// What passed at a moment.
    pub(crate) fn past(picture: &Picture) -> Self {
        let over = picture.length().as_secs().max(1);
        let rate = |total: &Total| average(total.amount, over);
        let known = picture.segments.iter().filter(|(no, _)| no.0 != 0);
        let mut segments: Vec<_> = known.map(|(no, total)| (*no, rate(total))).collect();
        segments.retain(|(_, rate)| !rate.sum().is_zero());
        segments.sort_by_key(|(no, rate)| (std::cmp::Reverse(rate.sum().bytes), *no));
        let moving = segments.len();
        segments.truncate(LISTED);
        let flow = |flow: &Flow| Flow { class: flow.class, amount: average(flow.amount, over) };
        Self {
            second: picture.period.from.0.div_euclid(1_000_000),
            at: picture.period.from,
            over: picture.length(),
            stale: None,
            hub: rate(&picture.hub),
            flows: picture.hub.flows.iter().map(flow).collect(),
            segments,
            moving,
            is_live: false,
        }
    }

    /// The address of this very moment.
    pub(crate) fn href(&self) -> String {
        format!("/traffic?at={}", self.second)
    }

    /// The fragment of the busiest segments.
    pub(crate) fn busiest(&self, words: Words<'_>) -> Html {
        fragment("busiest", &self.busiest_body(words))
    }

    /// The fragment of the classes.
    pub(crate) fn classes(&self, words: Words<'_>) -> Html {
        let caption = t::traffic_by_class(words.tr);
        let mut body = flows_table(words, caption, &self.flows, self.hub);
        if self.flows.iter().any(|flow| flow.class == Class::Dropped) {
            let note = t::flow_dropped_note(words.tr);
            body.push(&Html::trusted(format!("<p class=\"mut\">{note}</p>")));
        }
        fragment("classes", &body)
    }

    fn busiest_body(&self, words: Words<'_>) -> Html {
        let tr = words.tr;
        let mut body = match self.stale {
            Some(since) => {
                let text = t::traffic_stale_text(tr, tr.exact(since));
                notice::notice(notice::Tone::Warning, &Html::text(&text))
            }
            None if self.segments.is_empty() => self.nothing(tr),
            None => self.table(words),
        };
        if self.stale.is_none() && self.moving > self.segments.len() {
            let more = t::traffic_more(tr, self.moving - self.segments.len());
            let more = Html::link("/traffic/top?period=hour", &more);
            body.push(&Html::trusted(format!("<p>{more}</p>")));
        }
        if self.is_live && self.stale.is_none() {
            let link = Html::link(&self.href(), t::traffic_freeze(tr));
            body.push(&Html::trusted(format!("<p class=\"freeze\">{link}</p>")));
        }
        body
    }

    fn nothing(&self, tr: &Tr) -> Html {
        if self.is_live {
            notice::empty(t::traffic_nothing(tr), &t::traffic_nothing_text(tr).into())
        } else {
            notice::empty(t::traffic_nothing_then(tr), &t::traffic_nothing_then_text(tr).into())
        }
    }

    fn table(&self, words: Words<'_>) -> Html {
        let (tr, unit) = (words.tr, MEGABITS.word(words.tr));
        let most = self.segments.iter().map(|(_, rate)| larger(*rate)).max().unwrap_or(0);
        let row = |(no, rate): &(SegmentNo, Both<Amount>)| Row {
            cells: vec![
                link(words, *no).into(),
                bars::both(*rate, most).into(),
                live(tr, bits(rate.down.bytes)).into(),
                live(tr, bits(rate.up.bytes)).into(),
                Html::text(&whole(tr, rate.sum().packets)).into(),
            ],
            ..Row::default()
        };
        table(
            tr,
            &Table {
                caption: t::traffic_busiest(tr).to_owned(),
                columns: vec![
                    Column::new("", t::db_segment(tr)),
                    Column::new("", t::flow_bars(tr)).minor(),
                    Column::new("", t::flow_down_in(tr, unit)).numeric(),
                    Column::new("", t::flow_up_in(tr, unit)).numeric(),
                    Column::new("", t::flow_packets_rate(tr)).numeric(),
                ],
                rows: self.segments.iter().map(row).collect(),
                ..Table::default()
            },
        )
    }
}

/// The rates of one segment now, as the fragment of its page.
pub(crate) fn segment_now(words: Words<'_>, now: &Snapshot, no: SegmentNo) -> Html {
    let (tr, rate) = (words.tr, now.segment(no).map(|one| one.rate).unwrap_or_default());
    if let Some(since) = now.stale_since {
        let text = t::traffic_stale_text(tr, tr.exact(since));
        let told = notice::notice(notice::Tone::Warning, &Html::text(&text));
        return fragment("flow", &told);
    }
    let figure = |name: &str, amount: Amount| {
        let rate = super::figures::rate(tr, amount.bytes);
        format!("<div><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(&rate))
    };
    let figures = format!(
        "<dl class=\"figures\">{}{}</dl>",
        figure(t::flow_down(tr), rate.down),
        figure(t::flow_up(tr), rate.up)
    );
    let caption = format!("{}: {}", t::segment_now(tr), t::traffic_by_class(tr));
    let flows = flows_table(words, &caption, now.of_segment(no), rate);
    fragment("flow", &Html::trusted(figures).then(&flows))
}

/// Flows as a table, the largest first, what was dropped last.
fn flows_table(words: Words<'_>, caption: &str, flows: &[Flow], sum: Both<Amount>) -> Html {
    if flows.is_empty() {
        return Html::default();
    }
    let (tr, unit) = (words.tr, MEGABITS.word(words.tr));
    let mut order: Vec<&Flow> = flows.iter().collect();
    order.sort_by_key(|one| {
        (one.class == Class::Dropped, std::cmp::Reverse(one.amount.sum().bytes), one.class.code())
    });
    let row = |flow: &&Flow| {
        let dropped = flow.class == Class::Dropped;
        let part = share(tr, flow.amount.sum().bytes, sum.sum().bytes);
        Row {
            cells: vec![
                Html::text(&words.classes.name(tr, flow.class)).into(),
                live(tr, bits(flow.amount.down.bytes)).into(),
                live(tr, bits(flow.amount.up.bytes)).into(),
                if dropped { facts::none(tr) } else { part }.into(),
            ],
            class: if dropped { "aside" } else { "" },
            ..Row::default()
        }
    };
    table(
        tr,
        &Table {
            caption: caption.to_owned(),
            columns: vec![
                Column::new("", t::flow_class(tr)),
                Column::new("", t::flow_down_in(tr, unit)).numeric(),
                Column::new("", t::flow_up_in(tr, unit)).numeric(),
                Column::new("", t::flow_share(tr)).numeric(),
            ],
            rows: order.iter().map(row).collect(),
            ..Table::default()
        },
    )
}

/// A segment's name with its identifier, leading to its traffic.
pub(super) fn link(words: Words<'_>, no: SegmentNo) -> Html {
    let Some(segment) = words.catalog.by_no(no) else {
        return t::flow_nobody(words.tr).into();
    };
    let name = words.catalog.name(segment, words.tr.lang());
    Html::link(&format!("/segments/{}/traffic", segment.id), name)
        .then(&Html::trusted(format!(" <small class=\"id\">{}</small>", segment.id)))
}

fn average(amount: Both<Amount>, seconds: u64) -> Both<Amount> {
    let one = |amount: Amount| Amount {
        bytes: amount.bytes / seconds,
        packets: amount.packets / seconds,
    };
    Both { up: one(amount.up), down: one(amount.down) }
}
