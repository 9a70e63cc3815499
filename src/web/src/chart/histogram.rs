//! How many answers came within what time.

use ets_i18n::{Tr, t};

use super::time::data;
use crate::Html;
use crate::html::{escape, put};
use crate::table::{Column, Row, Table, table};

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// From this time on, in milliseconds.
    pub from: f64,
    /// Below this time, in milliseconds.
    pub to: f64,
    /// How many answers.
    pub count: u64,
}

/// A distribution of round-trip times.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// Its bars, rising, without gaps; bars of logarithmic width are drawn equally wide. Leave
    /// out the empty ones at both ends.
    pub bins: Vec<Bin>,
    /// Marks: text and milliseconds, such as `("p95", 14.2)`.
    pub marks: Vec<(String, f64)>,
    /// How many probes were lost.
    pub lost: u64,
}

const BAR: f64 = 10.0;

/// The distribution with its table twin.
#[must_use]
pub fn histogram(tr: &Tr, histogram: &Histogram) -> Html {
    let bins = &histogram.bins;
    let title = t::chart_rtt_distribution(tr);
    let Some(most) = bins.iter().map(|bin| bin.count).max().filter(|most| *most > 0) else {
        return crate::notice::empty(title, &Html::text(t::chart_no_data(tr)));
    };
    let mut out = String::new();
    put!(out, "<figure class=\"chart\"><figcaption>{title}</figcaption>");
    let top = tr.number(i64::try_from(most).unwrap_or(i64::MAX));
    put!(out, "<div class=\"ys\" aria-hidden=\"true\"><span>0</span><span>{top}</span></div>");
    let width = bins.len() as f64 * BAR;
    put!(
        out,
        "<svg viewBox=\"0 0 {width} 100\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
    );
    put!(out, "<path class=\"axis\" d=\"M0 100H{width}M0 0H{width}\"/>");
    for (index, bin) in bins.iter().enumerate().filter(|(_, bin)| bin.count > 0) {
        let height = (bin.count as f64 / most as f64 * 100.0).max(1.5);
        let (x, y) = (index as f64 * BAR + 1.0, 100.0 - height);
        put!(
            out,
            "<rect class=\"bar\" x=\"{x}\" y=\"{y:.1}\" width=\"8\" height=\"{height:.1}\"/>"
        );
    }
    for (_, at) in &histogram.marks {
        if let Some(x) = place(bins, *at) {
            put!(out, "<path class=\"pin\" d=\"M{x:.1} 0V100\"/>");
        }
    }
    out.push_str("</svg>");
    labels(tr, bins, &mut out);
    foot(tr, histogram, &mut out);
    out.push_str("</figure>");
    put!(out, "{}", data(tr, &twin(tr, histogram)));
    Html::trusted(out)
}

/// Where a time stands among the bars; within a bar by its logarithm.
fn place(bins: &[Bin], at: f64) -> Option<f64> {
    let index = bins.iter().position(|bin| bin.from <= at && at < bin.to)?;
    let bin = bins[index];
    let share =
        if bin.from > 0.0 { (at / bin.from).ln() / (bin.to / bin.from).ln() } else { at / bin.to };
    Some((index as f64 + share.clamp(0.0, 1.0)) * BAR)
}

/// A time in milliseconds as short as its size allows.
fn short(tr: &Tr, millis: f64) -> String {
    exact(tr, millis, 0)
}

/// The same with `more` digits.
fn exact(tr: &Tr, millis: f64, more: usize) -> String {
    let digits = match millis {
        millis if millis < 0.1 => 3,
        millis if millis < 1.0 => 2,
        millis => usize::from(millis < 20.0),
    };
    tr.decimal(millis, digits + more)
}

/// The bounds of at most seven bars, with as many digits as tell each from the next.
fn bounds(tr: &Tr, bins: &[Bin]) -> Vec<String> {
    let count = bins.len().min(6);
    let at = |index: usize| {
        let bound = index * bins.len() / count.max(1);
        bins.get(bound).map_or_else(|| bins[bins.len() - 1].to, |bin| bin.from)
    };
    let told = |more| (0..=count).map(|index| exact(tr, at(index), more)).collect::<Vec<_>>();
    let differ = |told: &Vec<String>| told.windows(2).all(|pair| pair[0] != pair[1]);
    (0..3).map(told).find(differ).unwrap_or_else(|| told(3))
}

fn labels(tr: &Tr, bins: &[Bin], out: &mut String) {
    out.push_str("<div class=\"xs\" aria-hidden=\"true\">");
    for bound in bounds(tr, bins) {
        put!(*out, "<span>{bound}</span>");
    }
    out.push_str("</div>");
}

fn foot(tr: &Tr, histogram: &Histogram, out: &mut String) {
    out.push_str("<p class=\"pins\">");
    let unit = tr.get(ets_i18n::key::UNIT_MILLISECOND);
    for (text, at) in &histogram.marks {
        put!(*out, "{} {}\u{a0}{unit} · ", escape(text), short(tr, *at));
    }
    let answered: u64 = histogram.bins.iter().map(|bin| bin.count).sum();
    let lost = histogram.lost as f64 / (answered + histogram.lost).max(1) as f64;
    put!(*out, "{}</p>", escape(&t::chart_lost_share(tr, tr.percent(lost))));
}

fn twin(tr: &Tr, histogram: &Histogram) -> Html {
    let row = |bin: &Bin| {
        let range = t::chart_from_to(tr, short(tr, bin.from), short(tr, bin.to));
        let count = tr.number(i64::try_from(bin.count).unwrap_or(i64::MAX));
        Row { cells: vec![Html::from(range).into(), Html::from(count).into()], ..Row::default() }
    };
    let columns = vec![
        Column::new("", t::chart_time_up_to(tr)),
        Column::new("", t::chart_answers(tr)).numeric(),
    ];
    let rows = histogram.bins.iter().filter(|bin| bin.count > 0).map(row).collect();
    let caption = t::chart_rtt_distribution(tr).to_owned();
    table(tr, &Table { caption, columns, rows, ..Table::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ets_i18n::{Lang, zone};

    /// covers: N11
    #[test]
    fn bounds_below_a_tenth_of_a_millisecond_never_repeat() {
        let tr = Tr::new(Lang::En, zone("Asia/Almaty").unwrap());
        for base in [0.000_4, 0.004, 0.04, 0.9, 19.5] {
            let bin = |index: i32| {
                let from = base * 1.05_f64.powi(index);
                Bin { from, to: from * 1.05, count: 1 }
            };
            let bins: Vec<Bin> = (0..7).map(bin).collect();
            let told = bounds(&tr, &bins);
            assert!(told.windows(2).all(|pair| pair[0] != pair[1]), "{told:?}");
        }
    }
}
