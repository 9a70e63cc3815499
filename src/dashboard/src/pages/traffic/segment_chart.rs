//! Rates over time as a chart with its figures beside it.

use std::time::Duration;

use ets_i18n::{Tr, t};
use ets_model::WallTime;
use ets_netd_api::Direction;
use ets_traffic::{Amount, Both, Period, Range};
use ets_web::chart::{FlowChart, flow_chart};
use ets_web::table::{Column, Row, Table};
use ets_web::{Html, notice, when};

use super::figures::{Unit, rate_in};
use crate::pages::view::View;

/// What the chart is called, and what it is compared with.
pub(super) struct Whole {
    down: &'static str,
    up: &'static str,
    /// Contracted rates in bits a second; 0 where not known.
    contracted: Both<u64>,
}

impl Whole {
    /// The hub.
    pub(super) fn hub(tr: &Tr) -> Self {
        Self { down: t::flow_all_down(tr), up: t::flow_all_up(tr), contracted: Both::default() }
    }

    /// A segment with this contract.
    pub(super) fn segment(tr: &Tr, contracted: Both<u64>) -> Self {
        Self { down: t::flow_down(tr), up: t::flow_up(tr), contracted }
    }

    fn levels(&self, tr: &Tr, unit: Unit) -> Vec<(String, f64)> {
        let level = |way: &str, bits: u64| {
            let name = format!("{}: {}", t::segment_traffic_contract(tr), way.to_lowercase());
            (name, bits as f64 / unit.size())
        };
        let Both { up, down } = self.contracted;
        match (down, up) {
            (0, 0) => Vec::new(),
            (down, up) if down == up => {
                vec![(t::segment_traffic_contract(tr).to_owned(), down as f64 / unit.size())]
            }
            (down, up) => {
                let both = [level(self.down, down), level(self.up, up)];
                both.into_iter().filter(|(_, level)| *level > 0.0).collect()
            }
        }
    }
}

/// One step in bits a second.
#[derive(Clone, Copy)]
struct Step {
    at: WallTime,
    bps: Both<u64>,
    /// Of the busiest minute, where steps are longer than one.
    peak: Option<Both<u64>>,
}

/// The chart of a range that was asked for this period.
pub(super) fn chart(view: &View, range: &Range, period: Period, whole: &Whole) -> Html {
    let tr = view.tr();
    let steps = counted(steps(range, period));
    let largest = steps.iter().map(|step| step.bps.larger()).max().unwrap_or(0);
    if largest == 0 {
        let hint = t::segment_traffic_none_hint(tr);
        return notice::empty(t::segment_traffic_none(tr), &hint.into());
    }
    let unit = Unit::of_rate(largest);
    let figures = |of: fn(&Both<u64>) -> u64| {
        steps.iter().map(|step| of(&step.bps) as f64 / unit.size()).collect::<Vec<_>>()
    };
    let title = t::segment_traffic_chart(tr, unit.word(tr));
    let chart = FlowChart {
        from: range.from.max(period.from),
        to: period.to,
        step: range.step,
        begins: steps.first().map_or(range.from, |step| step.at),
        area: (whole.down.to_owned(), figures(|both| both.down)),
        line: (whole.up.to_owned(), figures(|both| both.up)),
        levels: whole.levels(tr, unit),
        shaded: shaded(range, period),
        twin: twin(view, &title, &steps, unit, whole),
        title,
    };
    let picture = flow_chart(&view.ctx, &chart);
    if chart.shaded.is_empty() {
        return picture;
    }
    let note = format!("<p class=\"mut\">{}</p>", t::segment_traffic_spread(tr));
    picture.then(&Html::trusted(note))
}

/// The steps of a range. The last may be cut off by the end of the period: its rate is over what
/// is there of it, and it is left out where that is too little to tell anything.
fn steps(range: &Range, period: Period) -> Vec<Step> {
    let (down, up) = (range.sum(Direction::Down), range.sum(Direction::Up));
    let mut steps = Vec::with_capacity(range.steps);
    for index in 0..range.steps {
        let at = range.at(index);
        let length = range.step.min(period.to.since(at));
        if length < range.step / 4 && index > 0 {
            break;
        }
        let minutes = range.step >= Duration::from_secs(60);
        let peak = minutes.then(|| range.peak[index]);
        steps.push(Step {
            at,
            bps: Both { up: bps(up[index], length), down: bps(down[index], length) },
            peak: peak.map(|peak| Both { up: peak.up * 8 / 60, down: peak.down * 8 / 60 }),
        });
    }
    steps
}

/// The steps since counting began: the hub's own probes pass each second, so that a time without
/// a single byte at the beginning is one of which nothing is known.
fn counted(mut steps: Vec<Step>) -> Vec<Step> {
    let first = steps.iter().position(|step| step.bps.larger() > 0).unwrap_or(steps.len());
    steps.drain(..first);
    steps
}

fn bps(amount: Amount, length: Duration) -> u64 {
    let micros = length.as_micros().max(1);
    u64::try_from(u128::from(amount.bytes) * 8_000_000 / micros).unwrap_or(u64::MAX)
}

/// Runs of steps of which only the sum is known.
fn shaded(range: &Range, period: Period) -> Vec<(WallTime, WallTime)> {
    let mut runs: Vec<(WallTime, WallTime)> = Vec::new();
    for index in (0..range.steps).filter(|index| range.spread[*index]) {
        let (from, to) = (range.at(index), range.at(index + 1).min(period.to));
        match runs.last_mut() {
            Some(last) if last.1 >= from => last.1 = to,
            _ => runs.push((from, to)),
        }
    }
    runs
}

fn twin(view: &View, title: &str, steps: &[Step], unit: Unit, whole: &Whole) -> Table {
    let tr = view.tr();
    let with_peak = steps.iter().any(|step| step.peak.is_some());
    let mut columns = vec![
        Column::new("", t::chart_time(tr)),
        Column::new("", format!("{}, {}", whole.down, unit.word(tr))).numeric(),
        Column::new("", format!("{}, {}", whole.up, unit.word(tr))).numeric(),
    ];
    if with_peak {
        columns.push(Column::new("", t::flow_peak_in(tr, unit.word(tr))).numeric());
    }
    let row = |step: &Step| {
        let mut cells = vec![
            when::moment(&view.ctx, step.at).into(),
            rate_in(tr, unit, step.bps.down).into(),
            rate_in(tr, unit, step.bps.up).into(),
        ];
        if with_peak {
            let peak = step.peak.unwrap_or_default();
            cells.push(rate_in(tr, unit, peak.larger()).into());
        }
        Row { cells, ..Row::default() }
    };
    let rows = steps.iter().rev().map(row).collect();
    Table { caption: title.to_owned(), columns, rows, ..Table::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(step: u64, bytes: &[u64]) -> Range {
        let amounts: Vec<Amount> =
            bytes.iter().map(|bytes| Amount { bytes: *bytes, packets: 1 }).collect();
        Range {
            from: WallTime(0),
            step: Duration::from_secs(step),
            steps: bytes.len(),
            lines: vec![ets_traffic::Line {
                class: ets_netd_api::Class::Hub,
                up: vec![Amount::default(); bytes.len()],
                down: amounts,
            }],
            peak: vec![Both::default(); bytes.len()],
            spread: vec![false, true, true, false],
        }
    }

    /// covers: N5.4
    #[test]
    fn the_last_step_is_averaged_over_what_there_is_of_it() {
        let second = |second: i64| WallTime(second * 1_000_000);
        let range = range(60, &[600, 600, 600, 300]);
        let told = |to| {
            let period = Period { from: second(0), to: second(to) };
            steps(&range, period).iter().map(|step| step.bps.down).collect::<Vec<_>>()
        };
        assert_eq!(told(240), [80, 80, 80, 40]);
        assert_eq!(told(210), [80, 80, 80, 80]);
        assert_eq!(told(185), [80, 80, 80], "five seconds tell nothing of a minute");
        let empty = counted(steps(
            &self::range(60, &[0, 0, 600, 0]),
            Period { from: second(0), to: second(240) },
        ));
        let told: Vec<_> = empty.iter().map(|step| (step.at, step.bps.down)).collect();
        assert_eq!(told, [(second(120), 80), (second(180), 0)], "not counted yet, then nothing");
        let period = Period { from: second(0), to: second(240) };
        assert_eq!(shaded(&range, period), [(second(60), second(180))]);
    }
}
