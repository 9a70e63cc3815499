//! What is out now, as the overview and the wall tell it: the same picture as the heading.

use std::collections::HashSet;

use ets_i18n::{Tr, t};
use ets_model::{LinkState, Segment};
use ets_watch::{OutageFilter, OutageRow, Phase, SegmentNow, Snapshot};
use ets_web::html::escape;
use ets_web::story::{Story, story};
use ets_web::{Html, when};

use super::view::View;
use super::{evidence, together};
use crate::Error;

/// Stories that are told; the rest is a link.
const STORIES: usize = 5;
/// Open outages that are looked at for those that belong together.
const LOOKED_AT: u32 = 1_000;

/// What is out, as one picture with the heading: an outage of a segment that answers again is over
/// here even before the database has it, and one that is not written down yet is told all the same.
pub(super) async fn all(view: &View) -> Result<Html, Error> {
    let rows = open_outages(view).await?;
    let (groups, alone) = together::split(&view.catalog, &rows);
    let mut told: Vec<Html> = groups.iter().map(|group| together::tell(view, group)).collect();
    told.extend(fresh(view, &rows).iter().map(|segment| fresh_story(view, segment)));
    let more = (told.len() + alone.len()).saturating_sub(STORIES);
    for row in alone.into_iter().take(STORIES.saturating_sub(told.len())) {
        let full = view.app.deps.watch.outage(row.outage.id).await?;
        let row = full.as_ref().unwrap_or(row);
        told.push(evidence::story(view, row, evidence::Telling::Brief, None).await?);
    }
    told.truncate(STORIES);
    let mut out: Html = told.into_iter().collect();
    if more > 0 {
        let text = t::overview_more_outages(view.tr(), more);
        out.push(&Html::trusted(format!("<p>{}</p>", Html::link("/outages?state=open", &text))));
    }
    let calm = if out.is_empty() { no_outages(view).await? } else { calm(view.tr()) };
    Ok(out.then(&calm).then(&unheard(view)))
}

/// The outages that are not over.
pub(super) async fn open_outages(view: &View) -> Result<Vec<OutageRow>, Error> {
    let filter = OutageFilter { phase: Phase::Open, limit: LOOKED_AT, ..OutageFilter::default() };
    let open = view.app.deps.watch.outages(&filter).await?;
    Ok(open.rows.into_iter().filter(|row| !is_back(&view.snapshot, row)).collect())
}

/// Whether the segment answers again although its outage is not written down as over yet.
fn is_back(snapshot: &Snapshot, row: &OutageRow) -> bool {
    let state = row.outage.segment.and_then(|no| snapshot.segment(no)).map(|now| now.state);
    matches!(state, Some(LinkState::Up | LinkState::Degraded))
}

/// The segments that are down and have no outage on record yet.
fn fresh<'a>(view: &'a View, rows: &[OutageRow]) -> Vec<&'a Segment> {
    // Beyond what was looked at nobody can say.
    if rows.len() >= LOOKED_AT as usize {
        return Vec::new();
    }
    let known: HashSet<_> = rows.iter().filter_map(|row| row.outage.segment).collect();
    let down = view.snapshot.segments.iter().filter(|now| now.state == LinkState::Down);
    let fresh = down.filter(|now| !known.contains(&now.no)).take(STORIES);
    fresh.filter_map(|now| view.catalog.by_no(now.no)).map(AsRef::as_ref).collect()
}

fn fresh_story(view: &View, segment: &Segment) -> Html {
    let (tr, name) = (view.tr(), view.catalog.name(segment, view.lang()));
    let now = view.snapshot.segment(segment.no);
    let since =
        now.map(|now| (t::outage_began(tr).to_owned(), when::lasting(&view.ctx, now.since)));
    let told = Story {
        state: LinkState::Down,
        title: format!("{name} — {}", t::state_down(tr)),
        href: format!("/segments/{}", segment.id),
        planned: None,
        why: Html::default(),
        facts: since.into_iter().collect(),
        actions: Vec::new(),
        segment: segment.id.to_string(),
    };
    story(&view.ctx, &told)
}

/// What the script shows in the place of the last story that is over.
fn calm(tr: &Tr) -> Html {
    Html::trusted(format!("<p class=\"mut\" data-calm hidden>{}</p>", t::overview_no_outages(tr)))
}

/// The segments that have never answered yet, quietly: nobody is to be called.
fn unheard(view: &View) -> Html {
    let tr = view.tr();
    let waiting = view.snapshot.segments.iter().filter(|now| now.unheard).take(STORIES);
    let line = |now: &SegmentNow| {
        let segment = view.catalog.by_no(now.no)?;
        let why = match now.obstacle {
            Some(why) => evidence::obstacle(tr, segment, why),
            None => t::segment_unheard(tr).to_owned(),
        };
        let name = view.catalog.name(segment, view.lang());
        let link = Html::link(&format!("/segments/{}", segment.id), name);
        Some(format!(
            "<li>{link} <small class=\"id\">{}</small>: {}</li>",
            segment.id,
            escape(&why)
        ))
    };
    let lines: String = waiting.filter_map(line).collect();
    if lines.is_empty() {
        return Html::default();
    }
    let count = t::overview_unheard(tr, view.snapshot.counts.unheard);
    Html::trusted(format!("<h3>{count}</h3><ul>{lines}</ul>"))
}

async fn no_outages(view: &View) -> Result<Html, Error> {
    let tr = view.tr();
    let filter = OutageFilter { phase: Phase::Closed, limit: 1, ..OutageFilter::default() };
    let last = view.app.deps.watch.outages(&filter).await?;
    let mut text = format!("<p class=\"mut\">{}", t::overview_no_outages(tr));
    if let Some((row, ended)) = last.rows.first().and_then(|row| Some((row, row.outage.ended?))) {
        let name = evidence::outage_name(view, row);
        let length = tr.duration(ended.since(row.outage.began_before));
        let told = t::overview_last_outage(tr, length, name, tr.moment(ended, view.ctx.now));
        text.push(' ');
        text.push_str(Html::link(&format!("/outages/{}", row.outage.id), &told).as_str());
    }
    text.push_str("</p>");
    Ok(Html::trusted(text))
}
