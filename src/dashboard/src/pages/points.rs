//! Provider points: what several segments share. The list says where something is out, the page
//! of one shows its segments together, so that a common fault is seen at once.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::extract::Path;
use axum::response::Response;
use ets_i18n::{Tr, collation_key, t};
use ets_model::{LinkState, Parent, Segment, WallTime};
use ets_web::live::fragment;
use ets_web::state::Counts;
use ets_web::table::{Cell, Column, Row, Table, table};
use ets_web::{Age, Crumb, Html, Page, card, facts, notice, state, when};

use super::segments_table::{self, Known};
use super::view::View;
use super::{journal, lists, overview};
use crate::Error;
use crate::api::by_parent;

/// The address of the list.
pub(super) const LIST: &str = "/registry/points";
/// Segments that a page lists, those in trouble first; the rest is a link.
const LISTED: usize = 100;

/// A point and how its segments are.
type Counted<'a> = (&'a Arc<Parent>, Counts);

/// `GET /registry/points`
pub(crate) async fn list(view: View) -> Result<Response, Error> {
    let tr = view.tr();
    let points = counted(&view);
    let add = format!("<a class=\"button\" href=\"/registry/new-point\">{}</a>", t::points_add(tr));
    let title = t::row_count(tr, points.len());
    let body = if points.is_empty() {
        let text = Html::text(t::points_empty_text(tr));
        notice::empty(t::points_empty(tr), &text.then(&Html::trusted(format!("</p><p>{add}"))))
    } else {
        let table = fragment("changed", &overview_table(&view, &points));
        card::card(&title, &Html::trusted(add), &table)
    };
    let page = Page {
        title: t::points_title(tr).to_owned(),
        heading: list_heading(&view, &points),
        age: Some(Age { at: view.snapshot.tick }),
        body,
        nav: "segments",
        crumbs: vec![Crumb::new(t::registry_title(tr), "/segments")],
        live: Some(overview::stream(&view)),
        ..Page::default()
    };
    Ok(view.respond(&page))
}

/// Whom to call about a fault of a point, if the register says.
pub(super) fn whom_to_call(tr: &Tr, point: &Parent) -> Option<String> {
    let provider = &point.provider;
    (!provider.is_empty()).then(|| t::outage_next_provider_only(tr, provider))
}

/// What a point is called; never empty.
pub(super) fn name<'a>(view: &View, point: &'a Parent) -> &'a str {
    let name = point.name.get(view.lang());
    if name.is_empty() { &point.id } else { name }
}

/// The address of a point's page.
pub(super) fn href(id: &str) -> String {
    format!("{LIST}/{id}")
}

/// The way to the page of a point, or to those of it.
pub(super) fn crumbs(view: &View) -> Vec<Crumb> {
    let tr = view.tr();
    vec![Crumb::new(t::registry_title(tr), "/segments"), Crumb::new(t::points_title(tr), LIST)]
}

pub(super) fn find(view: &View, id: &str) -> Result<Arc<Parent>, Error> {
    let missing = || Error::NotFound { what: "provider point", id: id.to_owned() };
    view.catalog.parent(id).cloned().ok_or_else(missing)
}

fn counted(view: &View) -> Vec<Counted<'_>> {
    let counts = by_parent(&view.catalog, &view.snapshot);
    let of = |one: &Arc<Parent>| counts.get(one.id.as_str()).copied().unwrap_or_default();
    let mut points: Vec<Counted<'_>> = view.catalog.parents().map(|one| (one, of(one))).collect();
    order(view, &mut points, &view.asked("sort"), &view.asked("dir"));
    points
}

/// Sorts; without a column: where most is out first, then by name.
fn order(view: &View, points: &mut [Counted<'_>], sort: &str, dir: &str) {
    let lang = view.lang();
    let named = |(one, _): &Counted<'_>| collation_key(lang, name(view, one));
    match sort {
        "name" => points.sort_by_cached_key(named),
        "provider" => {
            let provided = |one: &Counted<'_>| collation_key(lang, &one.0.provider);
            points.sort_by_cached_key(|one| (provided(one), named(one)));
        }
        "segments" => points.sort_by_cached_key(|one| (one.1.total(), named(one))),
        "down" => points.sort_by_cached_key(|one| (one.1.down, one.1.unknown, named(one))),
        _ => points.sort_by_cached_key(|(one, counts)| {
            (Reverse(counts.down), Reverse(counts.unknown), named(&(one, *counts)))
        }),
    }
    if dir == "desc" {
        points.reverse();
    }
}

fn list_heading(view: &View, points: &[Counted<'_>]) -> String {
    let tr = view.tr();
    let with = |state: LinkState| points.iter().filter(|(_, counts)| counts.get(state) > 0).count();
    match (with(LinkState::Down), with(LinkState::Unknown)) {
        _ if points.is_empty() => t::points_empty(tr).to_owned(),
        (0, 0) => t::points_heading_up(tr).to_owned(),
        (0, unknown) => t::points_heading_unknown(tr, unknown),
        (down, _) => t::points_heading_down(tr, down),
    }
}

fn overview_table(view: &View, points: &[Counted<'_>]) -> Html {
    let tr = view.tr();
    let asked = view.asked("sort");
    let sorted = ["name", "provider", "segments", "down"].into_iter().find(|key| *key == asked);
    let table_of = Table {
        caption: t::points_title(tr).to_owned(),
        columns: vec![
            Column::new("name", t::segment_fact_parent(tr)),
            Column::new("down", t::points_column_down(tr)).numeric(),
            Column::new("segments", t::points_column_segments(tr)).numeric(),
            Column::new("provider", t::db_provider(tr)),
        ],
        rows: points.iter().map(|one| row(view, one)).collect(),
        sorted: sorted.map(|key| (key, view.asked("dir") == "desc")),
        base: format!("{LIST}?"),
        empty: Html::default(),
    };
    table(tr, &table_of)
}

fn row(view: &View, (point, counts): &Counted<'_>) -> Row {
    let tr = view.tr();
    let provider = &point.provider;
    let provider = if provider.is_empty() { facts::none(tr) } else { Html::text(provider) };
    Row {
        cells: vec![
            Html::link(&href(&point.id), name(view, point)).into(),
            Cell::from(down(view, counts)),
            Html::text(&tr.number(whole(counts.total()))).into(),
            provider.into(),
        ],
        ..Row::default()
    }
}

/// How many are down: a number that stands out, nought, or a question mark when nothing is known.
fn down(view: &View, counts: &Counts) -> Html {
    let tr = view.tr();
    if counts.total() > 0 && counts.unknown == counts.total() {
        return facts::unknown(tr);
    }
    let number = tr.number(whole(counts.down));
    let mut out = match counts.down {
        0 => number,
        _ => format!("<span class=\"st down\">{}{number}</span>", state::icon(LinkState::Down)),
    };
    if counts.unknown > 0 {
        let text = t::points_unknown(tr, counts.unknown);
        out.push_str(&format!(" <small class=\"mut\">{}</small>", Html::text(&text)));
    }
    Html::trusted(out)
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// `GET /registry/points/{id}`
pub(crate) async fn page(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let point = find(&view, &id)?;
    let tr = view.tr();
    let known: Vec<Known<'_>> = view
        .catalog
        .children(&id)
        .map(|segment| (segment, view.snapshot.segment(segment.no)))
        .collect();
    let states = known.iter().map(|(_, now)| now.map_or(LinkState::Unknown, |now| now.state));
    let counts = Counts::of(states);
    let body = body(&view, &point, known, &counts).await?;
    let page = Page {
        heading: heading(&view, &point, &counts),
        sub: Html::text(&point.provider),
        age: Some(Age { at: view.snapshot.tick }),
        body,
        nav: "segments",
        crumbs: crumbs(&view),
        live: Some(overview::stream(&view)),
        title: format!("{}: {}", t::segment_fact_parent(tr), name(&view, &point)),
        ..Page::default()
    };
    Ok(view.respond(&page))
}

fn heading(view: &View, point: &Parent, counts: &Counts) -> String {
    let (tr, name, all) = (view.tr(), name(view, point), counts.total());
    match counts {
        _ if all == 0 => t::point_heading_empty(tr, name),
        Counts { down: 0, unknown: 0, .. } => t::point_heading_up(tr, name),
        Counts { down: 0, unknown, .. } => t::point_heading_unknown(tr, all, name, *unknown),
        Counts { down, .. } => t::point_heading_down(tr, all, *down, name),
    }
}

async fn body(
    view: &View,
    point: &Parent,
    mut known: Vec<Known<'_>>,
    counts: &Counts,
) -> Result<Html, Error> {
    let tr = view.tr();
    let verdict = verdict(view, point, &known, counts).then(&state::tally(tr, counts));
    let (sort, dir) = (view.asked("sort"), view.asked("dir"));
    segments_table::order(view, &mut known, &sort, &dir);
    let shown = &known[..known.len().min(LISTED)];
    let table = if known.is_empty() {
        notice::empty(t::point_empty(tr), &Html::text(t::point_empty_text(tr)))
    } else {
        let base = format!("{}?", href(&point.id));
        segments_table::render(view, shown, &sort, &dir, &base)
    };
    let table = table.then(&rest(view, point, known.len() - shown.len()));
    let wide = card::card(t::registry_title(tr), &Html::default(), &table);
    let edit = Html::link(&format!("{}/edit", href(&point.id)), t::segment_edit(tr));
    let all = Html::link(&format!("/journal?kind=parent&id={}", point.id), t::all(tr));
    let entries = journal::short(view, "parent", &point.id).await?;
    let side = card::card(t::segment_facts(tr), &edit, &facts_list(view, point)).then(&card::card(
        t::point_journal(tr),
        &all,
        &entries,
    ));
    Ok(fragment("changed", &verdict).then(&card::columns(&wide, &side)))
}

/// The segments beyond the listed ones.
fn rest(view: &View, point: &Parent, count: usize) -> Html {
    if count == 0 {
        return Html::default();
    }
    let address = lists::address("/segments", &[("q", point.id.as_str()), ("list", "1")]);
    let link = Html::link(address.trim_end_matches('&'), &t::db_more(view.tr(), count));
    Html::trusted(format!("<p class=\"pager\">{link}</p>"))
}

/// Whether several links that are down look like one fault, and whom to call then.
fn verdict(view: &View, point: &Parent, known: &[Known<'_>], counts: &Counts) -> Html {
    let tr = view.tr();
    if counts.down < 2 {
        return Html::default();
    }
    let down = known.iter().filter_map(|(_, now)| now.filter(|now| now.state == LinkState::Down));
    let moments: Vec<WallTime> = down.map(|now| now.since).collect();
    let call = whom_to_call(tr, point).map(|call| format!(" {call}.")).unwrap_or_default();
    let text = match together(&moments, known.len()) {
        _ if counts.down == counts.total() => {
            Html::text(&format!("{}{call}", t::point_common_all(tr)))
        }
        Some(first) => Html::text(&t::point_common_together(tr, counts.total(), counts.down))
            .then(&Html::text(" "))
            .then(&when::moment(&view.ctx, first))
            .then(&Html::text(&format!(". {}{call}", t::point_common_likely(tr)))),
        None => Html::text(t::point_common_apart(tr)),
    };
    notice::notice(notice::Tone::Bad, &text)
}

/// When the first of them was lost, if enough of the point's segments were, and all together.
fn together(moments: &[WallTime], total: usize) -> Option<WallTime> {
    let mut moments = moments.to_vec();
    moments.sort_unstable();
    let run = ets_outage::together(&moments, total)?;
    (run.len() == moments.len()).then(|| moments[0])
}

fn facts_list(view: &View, point: &Parent) -> Html {
    let tr = view.tr();
    let text = |value: &str| if value.is_empty() { facts::none(tr) } else { Html::text(value) };
    let segments: Vec<&Arc<Segment>> =
        view.catalog.all_segments().filter(|one| one.parent == point.id).collect();
    let mut contracts: Vec<&str> = segments
        .iter()
        .filter(|one| one.is_active() && !one.channel.contract.is_empty())
        .map(|one| one.channel.contract.as_str())
        .collect();
    contracts.sort_unstable();
    contracts.dedup();
    let mut list = vec![
        (t::segment_fact_id(tr), Html::code(&point.id)),
        (t::db_provider(tr), text(&point.provider)),
        (t::point_contracts(tr), text(&contracts.join(", "))),
    ];
    let retired: Vec<&Arc<Segment>> = segments.into_iter().filter(|one| !one.is_active()).collect();
    if !retired.is_empty() {
        list.push((t::point_retired(tr), links(view, &retired)));
    }
    facts::list(&list)
}

/// Segments by name, as links one under another.
pub(super) fn links(view: &View, segments: &[&Arc<Segment>]) -> Html {
    let mut out = String::from("<ul class=\"links\">");
    for one in segments.iter().take(LISTED) {
        let name = view.catalog.name(one, view.lang());
        out.push_str(&format!("<li>{}</li>", Html::link(&format!("/segments/{}", one.id), name)));
    }
    if segments.len() > LISTED {
        let more = t::db_more(view.tr(), segments.len() - LISTED);
        out.push_str(&format!("<li>{}</li>", Html::text(&more)));
    }
    out.push_str("</ul>");
    Html::trusted(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N3.3
    #[test]
    fn half_of_a_point_lost_within_seconds_was_lost_together() {
        let at = |seconds: i64| WallTime(seconds * 1_000_000);
        let three = [at(103), at(100), at(105)];
        assert_eq!(together(&three, 6), Some(at(100)));
        assert_eq!(together(&three, 7), None, "less than half");
        assert_eq!(together(&three[..2], 4), None, "two are a chance");
        assert_eq!(together(&[at(100), at(106), at(103)], 6), None, "not together");
    }
}
