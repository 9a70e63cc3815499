//! The past of a segment: charts, distribution and availability of a chosen period.

use std::time::Duration;

use ets_i18n::{Tr, t};
use ets_model::{LinkState, Outage, Segment, WallTime};
use ets_series::{Histogram, Point, Span};
use ets_watch::{Day, OutageFilter, Span as Unseen};
use ets_web::chart::{self, Bin, Mark, TimeChart};
use ets_web::{Html, notice};

use super::view::View;
use crate::Error;
use crate::api::fitting_step;

/// The last probes of an outage come to their ends this long after it.
const SETTLING: Duration = Duration::from_secs(3);

/// A blindness of less than a twentieth of a point's time does not spoil the point.
const MUCH: u32 = 20;

/// How far back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Period {
    Hour,
    Day,
    Month,
    Year,
}

impl Period {
    pub(crate) const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Month, Self::Year];

    pub(crate) fn read(word: &str) -> Self {
        Self::ALL.into_iter().find(|period| period.as_str() == word).unwrap_or(Self::Hour)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    pub(crate) fn word(self, tr: &Tr) -> &'static str {
        match self {
            Self::Hour => t::segment_period_hour(tr),
            Self::Day => t::segment_period_day(tr),
            Self::Month => t::segment_period_month(tr),
            Self::Year => t::segment_period_year(tr),
        }
    }

    pub(crate) fn title(self, tr: &Tr) -> &'static str {
        match self {
            Self::Hour => t::segment_hour_title(tr),
            Self::Day => t::segment_day_title(tr),
            Self::Month => t::segment_month_title(tr),
            Self::Year => t::segment_year_title(tr),
        }
    }

    fn length(self) -> Duration {
        let hours = match self {
            Self::Hour => 1,
            Self::Day => 24,
            Self::Month => 30 * 24,
            Self::Year => 365 * 24,
        };
        Duration::from_secs(hours * 3600)
    }

    /// How many days the availability strip shows: a year of them fits no screen.
    fn days(self) -> i64 {
        if self == Self::Year { 90 } else { 30 }
    }
}

/// Everything about the period.
pub(crate) async fn history(view: &View, segment: &Segment, period: Period) -> Result<Html, Error> {
    let tr = view.tr();
    let to = view.ctx.now;
    let from = to.minus(period.length());
    let step = fitting_step(period.length());
    let points = view.app.deps.series.range(segment.no, Span { from, to, step }).await?;
    let outages = outages(view, segment, from).await?;
    let mut out = String::new();
    if points.iter().all(|point| point.sent == 0) {
        let hint = Html::text(t::segment_no_data_hint(tr));
        out.push_str(notice::empty(t::segment_no_data(tr), &hint).as_str());
    } else {
        let unseen = view.app.deps.watch.unseen(segment.no, from, to).await?;
        let fair = fair(&points, step, &outages, &unseen);
        out.push_str(&summary(tr, fair.len() == points.len(), &fair));
        out.push_str(time_chart(view, from, to, &points, &outages).as_str());
        out.push_str(&distribution(tr, &fair));
    }
    if matches!(period, Period::Hour | Period::Day) {
        out.push_str(&timeline(view, segment, from, to, &outages).await?);
    } else {
        out.push_str(&strip(view, segment, period).await?);
    }
    Ok(Html::trusted(out))
}

/// The charts in two sentences, for those who do not see them and those in a hurry.
fn summary(tr: &Tr, whole: bool, points: &[Point]) -> String {
    let (sent, lost) =
        points.iter().fold((0, 0), |(sent, lost), point| (sent + point.sent, lost + point.lost));
    let text = if whole { t::segment_loss_chart_text } else { t::segment_loss_outside_text };
    let number = |count: u64| tr.number(i64::try_from(count).unwrap_or(i64::MAX));
    let loss = match sent {
        0 => String::new(),
        sent => text(tr, number(lost), tr.percent(lost as f64 / sent as f64), number(sent)),
    };
    let all = merged(points);
    let max = points.iter().filter_map(|point| point.max).max();
    let rtt = match (all.quantile(0.5), all.quantile(0.95), max) {
        (Some(p50), Some(p95), Some(max)) => {
            t::segment_rtt_chart_text(tr, tr.millis(max), tr.millis(p50), tr.millis(p95.min(max)))
        }
        _ => String::new(),
    };
    format!("<p>{rtt} {loss}</p>")
}

/// The points that no outage and no blindness of the hub touches. While a segment is down it is
/// probed ten times as often, so that counting those probes would make a minute without a link
/// weigh like ten; what is lost while the hub is blind is not the segment's loss.
fn fair(points: &[Point], step: Duration, outages: &[Outage], unseen: &[Unseen]) -> Vec<Point> {
    let out = outages.iter().map(|outage| (outage.began_after, outage.ended));
    let dark = unseen.iter().filter(|span| span.length() * MUCH >= step);
    let dark = dark.map(|span| (span.from, Some(span.to)));
    let spans: Vec<_> = out.chain(dark).collect();
    let touched = |point: &Point| {
        spans.iter().any(|(from, to)| {
            let to = to.map(|to| to.plus(SETTLING));
            point.at.plus(step) > *from && to.is_none_or(|to| point.at < to)
        })
    };
    points.iter().filter(|point| !touched(point)).cloned().collect()
}

fn merged(points: &[Point]) -> Histogram {
    points.iter().fold(Histogram::default(), |mut all, point| {
        all.merge(&point.hist);
        all
    })
}

fn time_chart(
    view: &View,
    from: WallTime,
    to: WallTime,
    points: &[Point],
    outages: &[Outage],
) -> Html {
    let tr = view.tr();
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    let points_max = points.iter().filter_map(|point| point.p95).max().unwrap_or_default();
    let points = points
        .iter()
        .map(|point| chart::Point {
            at: point.at,
            value: point.p50.map(millis),
            spread: point.min.zip(point.p95).map(|(low, high)| (millis(low), millis(high))),
            loss: point.loss(),
        })
        .collect();
    let marks = outages
        .iter()
        .map(|outage| Mark {
            from: outage.began_before,
            to: outage.ended.unwrap_or(to),
            state: LinkState::Down,
        })
        .collect();
    let chart = TimeChart {
        title: t::segment_rtt_chart(tr).to_owned(),
        spread: t::segment_rtt_spread(tr).to_owned(),
        from,
        to,
        points,
        marks,
        digits: digits(points_max),
    };
    chart::time_chart(&view.ctx, &chart)
}

/// Decimals of milliseconds that tell figures of this size apart.
fn digits(largest: Duration) -> usize {
    match largest.as_micros() {
        0..200 => 3,
        200..2_000 => 2,
        _ => 1,
    }
}

fn distribution(tr: &Tr, points: &[Point]) -> String {
    let all = merged(points);
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    let mut bins: Vec<Bin> = Vec::new();
    for bucket in all.buckets() {
        let (from, to) = (millis(bucket.from), millis(bucket.to));
        fill_gap(&mut bins, from);
        bins.push(Bin { from, to, count: bucket.count.into() });
    }
    let marks = [(t::segment_median(tr), 0.5), (t::segment_p95(tr), 0.95)]
        .into_iter()
        .filter_map(|(word, q)| Some((word.to_owned(), millis(all.quantile(q)?))))
        .collect();
    let lost = points.iter().map(|point| point.lost).sum();
    let picture = chart::histogram(tr, &chart::Histogram { bins, marks, lost });
    format!("<h3>{}</h3>{picture}", t::segment_distribution(tr))
}

/// Buckets without an answer between two with answers are bars of no height. Each is as much
/// wider than the one before it as the buckets of [`Histogram`] are.
fn fill_gap(bins: &mut Vec<Bin>, until: f64) {
    const RATIO: f64 = 1.090_507_732_665_257_7;
    const TOO_MANY: usize = 200;
    while let Some(last) = bins.last()
        && last.to * 1.01 < until
        && last.to > 0.0
        && bins.len() < TOO_MANY
    {
        let from = last.to;
        bins.push(Bin { from, to: (from * RATIO).min(until), count: 0 });
    }
}

async fn outages(view: &View, segment: &Segment, from: WallTime) -> Result<Vec<Outage>, Error> {
    let filter = OutageFilter {
        segment: Some(segment.no),
        from: Some(from),
        limit: 1000,
        ..OutageFilter::default()
    };
    let page = view.app.deps.watch.outages(&filter).await?;
    Ok(page.rows.into_iter().map(|row| row.outage).collect())
}

/// An hour or a day as one line: up, down, unknown.
async fn timeline(
    view: &View,
    segment: &Segment,
    from: WallTime,
    to: WallTime,
    outages: &[Outage],
) -> Result<String, Error> {
    let tr = view.tr();
    let unseen = view.app.deps.watch.unseen(segment.no, from, to).await?;
    let unknown = unseen.iter().map(|span| chart::Span {
        from: span.from.max(from),
        to: span.to.min(to),
        state: LinkState::Unknown,
    });
    let down = outages.iter().map(|outage| chart::Span {
        from: outage.began_before.max(from),
        to: outage.ended.unwrap_or(to).min(to),
        state: LinkState::Down,
    });
    let spans = with_up(from, to, &down.chain(unknown).collect::<Vec<_>>());
    let picture = chart::timeline(&view.ctx, from, to, &spans);
    Ok(format!("<h3>{}</h3>{picture}", t::segment_availability(tr)))
}

/// The whole time from `from` to `to` in spans: down wherever an outage is, else unknown where
/// nothing was seen, else up.
fn with_up(from: WallTime, to: WallTime, spans: &[chart::Span]) -> Vec<chart::Span> {
    let mut cuts: Vec<WallTime> = spans.iter().flat_map(|span| [span.from, span.to]).collect();
    cuts.extend([from, to]);
    cuts.retain(|cut| (from..=to).contains(cut));
    cuts.sort_unstable();
    cuts.dedup();
    let mut all: Vec<chart::Span> = Vec::new();
    for pair in cuts.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let within = |state| {
            spans.iter().any(|span| span.state == state && span.from <= from && to <= span.to)
        };
        let state = [LinkState::Down, LinkState::Unknown].into_iter().find(|state| within(*state));
        let state = state.unwrap_or(LinkState::Up);
        match all.last_mut() {
            Some(last) if last.state == state => last.to = to,
            _ => all.push(chart::Span { from, to, state }),
        }
    }
    all
}

/// The availability of the whole period, and its last days as bars.
async fn strip(view: &View, segment: &Segment, period: Period) -> Result<String, Error> {
    let tr = view.tr();
    let watch = &view.app.deps.watch;
    let whole = [view.ctx.now.minus(period.length()), view.ctx.now];
    let whole = watch.availability(segment.no, &whole).await?;
    let days = watch.availability(segment.no, &borders(view, period.days())).await?;
    let bars: Vec<chart::Day> = days
        .iter()
        .map(|day| chart::Day {
            start: day.from,
            href: String::new(),
            down: day.down,
            unknown: day.unknown,
            length: day.to.since(day.from),
        })
        .collect();
    let picture = chart::strip(tr, &bars);
    Ok(format!(
        "<h3>{}</h3><p>{}</p>{picture}",
        t::segment_availability(tr),
        availability(tr, &whole)
    ))
}

fn availability(tr: &Tr, days: &[Day]) -> String {
    let sum = |part: fn(&Day) -> Duration| days.iter().map(part).sum::<Duration>();
    let (up, down, unknown) = (sum(|day| day.up), sum(|day| day.down), sum(|day| day.unknown));
    let known = up + down;
    if known.is_zero() {
        return t::segment_no_data(tr).to_owned();
    }
    let percent = tr.availability(up.as_secs_f64() / known.as_secs_f64());
    let mut text = t::segment_availability_text(tr, percent);
    if !unknown.is_zero() {
        text.push(' ');
        text.push_str(&t::segment_availability_unknown(tr, tr.duration(unknown)));
    }
    text
}

/// The beginnings of the last days in the reader's zone, and now.
fn borders(view: &View, days: i64) -> Vec<WallTime> {
    let tr = view.tr();
    let today = tr.zoned(view.ctx.now).date();
    let mut borders: Vec<WallTime> = (0..days)
        .rev()
        .filter_map(|back| {
            let day = today.checked_sub(jiff::Span::new().days(back)).ok()?;
            let start = day.to_zoned(tr.zone().clone()).ok()?;
            Some(WallTime(start.timestamp().as_microsecond()))
        })
        .collect();
    borders.push(view.ctx.now);
    borders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_between_outages_is_up_and_an_outage_outweighs_blindness() {
        let span = |from, to, state| chart::Span { from: WallTime(from), to: WallTime(to), state };
        let (up, down, unknown) = (LinkState::Up, LinkState::Down, LinkState::Unknown);
        let given =
            [span(40, 50, down), span(10, 20, down), span(15, 30, down), span(45, 60, unknown)];
        let all = with_up(WallTime(0), WallTime(100), &given);
        let told: Vec<_> = all.iter().map(|span| (span.from.0, span.to.0, span.state)).collect();
        let expected = [
            (0, 10, up),
            (10, 30, down),
            (30, 40, up),
            (40, 50, down),
            (50, 60, unknown),
            (60, 100, up),
        ];
        assert_eq!(told, expected);
    }

    /// covers: N3.4
    #[test]
    fn loss_is_told_of_the_time_without_outages_and_blindness() {
        let second = |n: i64| WallTime(n * 1_000_000);
        let point = |n: i64, sent, lost| Point { at: second(n), sent, lost, ..Point::default() };
        let points = [point(0, 60, 1), point(60, 400, 380), point(120, 60, 0), point(180, 60, 55)];
        let outage = Outage {
            id: ets_model::OutageId(1),
            kind: ets_model::OutageKind::Segment,
            segment: None,
            began_after: second(70),
            began_before: second(71),
            ended: Some(second(110)),
            evidence: Vec::new(),
        };
        let blind = [(125, 127), (190, 198)]
            .map(|(from, to)| Unseen { from: second(from), to: second(to) });
        let left = fair(&points, Duration::from_secs(60), &[outage], &blind);
        let told: Vec<_> = left.iter().map(|point| (point.sent, point.lost)).collect();
        assert_eq!(told, [(60, 1), (60, 0)], "two seconds of blindness are no matter");
    }

    #[test]
    fn a_distribution_has_no_holes() {
        let mut bins = vec![Bin { from: 1.0, to: 2.0, count: 3 }];
        fill_gap(&mut bins, 4.0);
        assert!(bins.windows(2).all(|pair| pair[0].to == pair[1].from));
        assert_eq!(bins.last().map(|bin| bin.to), Some(4.0));
    }
}
