//! What changed lately: states as they were decided, and what people did.

use std::time::Duration;

use ets_i18n::{Tr, t};
use ets_journal::{Filter, Page, Recorded};
use ets_model::{LinkState, WallTime};
use ets_watch::{Change, ChangeBody, OutageFilter, OutageRow, Phase};
use ets_web::html::escape;
use ets_web::{Html, when};

use super::evidence::{self, outage_name};
use super::view::View;
use crate::Error;

/// Lines shown.
const LINES: usize = 8;
/// Journal entries looked through.
const ENTRIES: u32 = 200;
/// What is done within this time belongs together.
const STROKE: Duration = Duration::from_secs(5);
/// A day, in microseconds.
const DAY: i64 = 86_400_000_000;

/// The latest first.
pub(crate) async fn list(view: &View) -> Result<Html, Error> {
    let since = WallTime(view.ctx.now.0 - DAY);
    let mut lines: Vec<(WallTime, Html)> = Vec::new();
    for change in view.app.deps.watch.recent(LINES * 4) {
        lines.extend(state_line(view, &change));
    }
    let ended = OutageFilter {
        phase: Phase::Closed,
        from: Some(since),
        limit: LINES as u32,
        ..OutageFilter::default()
    };
    let ended = view.app.deps.watch.outages(&ended).await?;
    let filter = Filter { since: Some(since), ..Filter::default() };
    let page = Page { before: None, limit: ENTRIES };
    let entries = ets_journal::list(&view.app.deps.store, &filter, page).await?.entries;
    lines.extend(ended.rows.iter().filter_map(|row| outage_line(view, row, &entries)));
    lines.extend(journal_lines(view, &entries));
    lines.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    lines.truncate(LINES);
    Ok(render(view, &lines))
}

fn render(view: &View, lines: &[(WallTime, Html)]) -> Html {
    if lines.is_empty() {
        let text = t::overview_nothing_changed(view.tr());
        return Html::trusted(format!("<p class=\"mut\">{text}</p>"));
    }
    let items: String = lines
        .iter()
        .map(|(at, text)| format!("<li>{}<span>{text}</span></li>", when::moment(&view.ctx, *at)))
        .collect();
    Html::trusted(format!("<ul class=\"events\">{items}</ul>"))
}

/// Recoveries are told by the outage that ended, with its length.
fn state_line(view: &View, change: &Change) -> Option<(WallTime, Html)> {
    let ChangeBody::State { segment, from, to, .. } = &change.body else { return None };
    let segment = view.catalog.by_no(*segment)?;
    let tr = view.tr();
    let what = match (from, to) {
        (LinkState::Down, LinkState::Up) | (LinkState::Unknown, LinkState::Up) => return None,
        (_, LinkState::Up) => t::overview_change_up(tr),
        (LinkState::Unknown, LinkState::Down) => t::overview_change_first_down(tr),
        (_, LinkState::Down) => t::overview_change_down(tr),
        (_, LinkState::Degraded) => t::overview_change_degraded(tr),
        (_, LinkState::Maintenance) => t::overview_change_maintenance(tr),
        (_, LinkState::Unknown) => t::overview_change_unknown(tr),
    };
    let name = escape(view.catalog.name(segment, view.lang())).to_string();
    let line = format!("<a href=\"/segments/{}\">{name}</a>: {what}", segment.id);
    Some((change.at, Html::trusted(line)))
}

fn outage_line(view: &View, row: &OutageRow, entries: &[Recorded]) -> Option<(WallTime, Html)> {
    let ended = row.outage.ended?;
    let tr = view.tr();
    let length = tr.duration(ended.since(row.outage.began_before));
    let name = outage_name(view, row);
    let retired = evidence::ended_by_retiring(view, &row.outage) || retired_at(view, row, entries);
    let what =
        if retired { t::overview_change_retired } else { t::overview_change_up_after }(tr, length);
    let line = format!("<a href=\"/outages/{}\">{}</a>: {what}", row.outage.id, escape(&name));
    Some((ended, Html::trusted(line)))
}

/// Whether the journal says that the segment was retired when the outage ended; it may be watched
/// again since.
fn retired_at(view: &View, row: &OutageRow, entries: &[Recorded]) -> bool {
    let segment = row.outage.segment.and_then(|no| view.catalog.by_no(no));
    let Some((segment, ended)) = segment.zip(row.outage.ended) else { return false };
    entries.iter().any(|one| {
        one.entry.action == "segment.retire"
            && one.entry.subject.id == segment.id.as_str()
            && ended.since(one.at) < STROKE
            && one.at.since(ended) < STROKE
    })
}

/// Comings and goings of people stand in the journal and need no line here.
fn matters(entry: &Recorded) -> bool {
    !entry.entry.action.starts_with("session.") && !entry.entry.action.starts_with("entry-link.")
}

/// What was done at one stroke, such as an import, is one line.
fn journal_lines(view: &View, entries: &[Recorded]) -> Vec<(WallTime, Html)> {
    let mut all: Vec<(WallTime, Html)> = Vec::new();
    let mut rest: &[Recorded] = entries;
    while let [first, ..] = rest {
        let same = |one: &&Recorded| {
            one.entry.action == first.entry.action && first.at.since(one.at) < STROKE
        };
        let count = rest.iter().take_while(same).count();
        rest = &rest[count..];
        if matters(first) {
            let line = match count {
                1 => super::journal::sentence(view, first),
                _ => Html::text(&many(view.tr(), &first.entry.action, count)),
            };
            all.push((first.at, line));
        }
    }
    all
}

/// The same done `count` times at one stroke.
fn many(tr: &Tr, action: &str, count: usize) -> String {
    match action {
        "segment.create" => t::many_segment_create(tr, count),
        "segment.update" => t::many_segment_update(tr, count),
        "segment.retire" => t::many_segment_retire(tr, count),
        "segment.restore" => t::many_segment_restore(tr, count),
        "institution.create" => t::many_institution_create(tr, count),
        "institution.update" => t::many_institution_update(tr, count),
        other => t::many_other(tr, super::journal::action(tr, other), count),
    }
}
