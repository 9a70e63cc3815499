//! The overview: the star, what is out, what changed, and the same as a table.

use std::collections::BTreeMap;

use axum::response::Response;
use ets_i18n::{Tr, t};
use ets_model::{LinkState, Segment, SegmentNo};
use ets_registry::Catalog;
use ets_watch::{Counts, SegmentNow, Snapshot};
use ets_web::live::{Group, Summary, fragment};
use ets_web::star::{self, Node, Star};
use ets_web::tabs::{Tab, tabs};
use ets_web::{Age, Html, Page, card, live as words, notice, state};

use super::lists::address;
use super::view::View;
use super::{segments_table, stories};
use crate::Error;

/// So many names fit into the title of a tab.
const NAMED: usize = 3;

/// `GET /`
pub(crate) async fn page(view: View) -> Result<Response, Error> {
    let table_first = view.asked("view") == "table";
    let body = if view.snapshot.segments.is_empty() && view.catalog.segments().next().is_none() {
        nothing_yet(view.tr())
    } else {
        body(&view, table_first).await?
    };
    let tr = view.tr();
    let page = Page {
        title: title(tr, &view.catalog, &view.snapshot),
        heading: heading(tr, &view.catalog, &view.snapshot),
        sub: Html::text(&t::overview_of(tr, view.snapshot.counts.total())),
        age: Some(Age { at: view.snapshot.tick }),
        body,
        nav: "overview",
        live: Some(own_stream(&view)),
        ..Page::default()
    };
    Ok(view.respond(&page))
}

/// The address of the stream that goes on where this page was made.
pub(crate) fn stream(view: &View) -> String {
    format!("/live?after={}", view.snapshot.change)
}

/// The same for a page whose heading is the stream's.
pub(crate) fn own_stream(view: &View) -> String {
    format!("/live?heading=own&after={}", view.snapshot.change)
}

async fn body(view: &View, table_first: bool) -> Result<Html, Error> {
    let tr = view.tr();
    let link = |state: LinkState| format!("/segments?state={state}");
    let counts = state::counts(tr, &counts(&view.snapshot.counts), Some(&link), &[]);
    let news = news(view).await?;
    let mut out = String::new();
    out.push_str(fragment("warning", &warning(view)).as_str());
    out.push_str(counts.as_str());
    out.push_str(super::services::line(view).as_str());
    let all = Html::link("/outages", t::all(tr));
    let side = card::card(t::overview_outages_now(tr), &all, &news);
    let wide = if table_first { table_card(view, true) } else { star_card(view) };
    out.push_str(card::columns(&wide, &side).as_str());
    if !table_first {
        out.push_str(table_card(view, false).as_str());
    }
    Ok(Html::trusted(out))
}

/// What is out and what changed: asked of the database once for all readers of a language.
async fn news(view: &View) -> Result<Html, Error> {
    let name = format!("{} news", view.lang());
    if let Some(news) = view.app.view.fresh(&name, &view.snapshot) {
        return Ok(news);
    }
    let changed = fragment("changed", &super::changed::list(view).await?);
    let stories = super::rules::open_notice(view).await?.then(&stories::all(view).await?);
    let news =
        fragment("outages", &stories).then(&card::below(t::overview_changed(view.tr()), &changed));
    view.app.view.put(name, &view.snapshot, news.clone());
    Ok(news)
}

fn star_card(view: &View) -> Html {
    let tr = view.tr();
    let picture = fragment("star", &star(view)).then(&state::legend(tr, false));
    card::card(t::star_title(tr), &switch(tr, false), &picture)
}

/// The star.
pub(crate) fn star(view: &View) -> Html {
    cached(view, "star", || draw_star(view))
}

/// The table as the wall screen shows it.
pub(crate) fn wall_table(view: &View) -> Html {
    cached(view, "wall", || segments_table::overview(view, "", "", "/wall?"))
}

fn switch(tr: &Tr, table: bool) -> Html {
    let tab = |title: &str, href: &str, current: bool| Tab {
        title: title.to_owned(),
        href: href.to_owned(),
        current,
        key: if current { "" } else { "t" },
    };
    tabs(
        t::star_title(tr),
        &[tab(t::star_as_star(tr), "/", !table), tab(t::star_as_table(tr), "/?view=table", table)],
    )
}

fn table_card(view: &View, first: bool) -> Html {
    let tr = view.tr();
    let (sort, dir) = (view.asked("sort"), view.asked("dir"));
    let base = address("/", &[("view", if first { "table" } else { "" })]);
    let name = format!("table {sort} {dir} {first}");
    let table = cached(view, &name, || segments_table::overview(view, &sort, &dir, &base));
    let mut tools = if first { switch(tr, true) } else { Html::default() };
    tools.push(&Html::link("/segments.csv", t::download_csv(tr)));
    // The script keeps the order of who needs a person only where nobody asked for another.
    let mark = if sort.is_empty() { " data-order=\"need\"" } else { "" };
    let table = Html::trusted(format!("<div{mark}>{table}</div>"));
    let mut body = fragment("table", &table);
    let (shown, total) = (segments_table::shown(view), view.snapshot.segments.len());
    if shown < total {
        let more = Html::link("/segments", &t::overview_more_segments(tr, total - shown));
        body.push(&Html::trusted(format!("<p>{more}</p>")));
    }
    card::card(t::overview_segments(tr), &tools, &body)
}

fn cached(view: &View, name: &str, make: impl FnOnce() -> Html) -> Html {
    let name = format!("{} {name}", view.lang());
    view.app.view.get(name, &view.snapshot, make)
}

fn draw_star(view: &View) -> Html {
    let (catalog, lang) = (&view.catalog, view.lang());
    let known: Vec<(&Segment, &str, String, LinkState)> = catalog
        .segments()
        .map(|segment| {
            let href = format!("/segments/{}", segment.id);
            let state = state_of(&view.snapshot, segment.no);
            (segment.as_ref(), catalog.name(segment, lang), href, state)
        })
        .collect();
    let nodes: Vec<Node<'_>> = known
        .iter()
        .map(|(segment, name, href, state)| Node {
            id: segment.id.as_str(),
            name,
            href,
            state: *state,
            sector: catalog.district(segment),
            load: None,
        })
        .collect();
    let group = |sector: &str| {
        let mut to = address("/segments", &[("district", sector)]);
        to.pop();
        to
    };
    let mark = &view.site().mark;
    star::star(view.tr(), &Star { mark, nodes: &nodes, group_href: &group })
}

pub(crate) fn state_of(snapshot: &Snapshot, no: SegmentNo) -> LinkState {
    snapshot.segment(no).map_or(LinkState::Unknown, |now| now.state)
}

/// What stands above everything: the hub itself is blind, or nothing is told any more.
pub(crate) fn warning(view: &View) -> Html {
    let tr = view.tr();
    if let Some(since) = view.snapshot.stale_since {
        let length = tr.duration(view.ctx.now.since(since));
        let text = Html::text(&t::overview_warning_stale(tr, length));
        let text = text.then(&Html::trusted(" ")).then(&Html::link("/system", t::details(tr)));
        return notice::notice(notice::Tone::Bad, &text);
    }
    let dark: Vec<&str> = view
        .snapshot
        .trunks
        .iter()
        .filter(|trunk| trunk.dark_since.is_some())
        .map(|trunk| trunk.name.as_str())
        .collect();
    if dark.is_empty() {
        return Html::default();
    }
    notice::notice(notice::Tone::Bad, &Html::text(&t::overview_warning_dark(tr, dark.join(", "))))
}

fn nothing_yet(tr: &Tr) -> Html {
    let links = format!(
        "{} <a class=\"button\" href=\"/registry/new\">{}</a> \
         <a class=\"button\" href=\"/registry/import\">{}</a>",
        t::overview_empty_text(tr),
        t::registry_add(tr),
        t::registry_import(tr)
    );
    notice::empty(t::overview_empty(tr), &Html::trusted(links))
}

/// The heading is the answer: what is wrong, in words.
pub(crate) fn heading(tr: &Tr, catalog: &Catalog, snapshot: &Snapshot) -> String {
    let counts = &snapshot.counts;
    if snapshot.stale_since.is_some() {
        return t::overview_stale(tr).to_owned();
    }
    let seen = counts.total() - counts.unheard;
    if seen > 0 && counts.unknown == counts.total() {
        return t::overview_blind(tr).to_owned();
    }
    match counts {
        Counts { down: 1.., .. } => t::overview_down(tr, counts.down),
        Counts { degraded: 1.., .. } => t::overview_degraded(tr, counts.degraded),
        Counts { unknown: 1.., .. } if counts.unknown == counts.unheard => {
            t::overview_unheard(tr, counts.unheard)
        }
        Counts { unknown: 1.., .. } => t::overview_unknown(tr, counts.unknown),
        Counts { maintenance: 1.., .. } => t::overview_maintenance(tr, counts.maintenance),
        _ if catalog.segments().next().is_none() => t::overview_empty(tr).to_owned(),
        _ => t::overview_all_up(tr).to_owned(),
    }
}

/// The heading with the names of the few that it speaks of: what a tab says.
fn title(tr: &Tr, catalog: &Catalog, snapshot: &Snapshot) -> String {
    let heading = heading(tr, catalog, snapshot);
    let counts = &snapshot.counts;
    let troubled = |now: &&SegmentNow| match counts {
        _ if snapshot.stale_since.is_some() => false,
        Counts { down: 1.., .. } => now.state == LinkState::Down,
        Counts { degraded: 1.., .. } => now.state == LinkState::Degraded,
        _ => now.unheard,
    };
    let found: Vec<_> = snapshot.segments.iter().filter(troubled).take(NAMED + 1).collect();
    if found.is_empty() || found.len() > NAMED {
        return heading;
    }
    let named = found.iter().filter_map(|now| catalog.by_no(now.no));
    let names: Vec<_> = named.map(|segment| catalog.name(segment, tr.lang())).collect();
    format!("{heading}: {}", names.join(", "))
}

/// The first lines of the overview, as the stream tells them.
pub(crate) fn summary(tr: &Tr, catalog: &Catalog, snapshot: &Snapshot) -> Summary {
    Summary {
        heading: heading(tr, catalog, snapshot),
        title: title(tr, catalog, snapshot),
        counts: words::counts(tr, &counts(&snapshot.counts)),
        badges: badges(snapshot),
    }
}

/// The numbers beside the entries of the navigation.
pub(crate) fn badges(snapshot: &Snapshot) -> Vec<(String, u64)> {
    vec![("outages".to_owned(), u64::from(snapshot.counts.down))]
}

/// The watch's counts as the components want them.
pub(crate) fn counts(counts: &Counts) -> state::Counts {
    state::Counts {
        up: counts.up.into(),
        down: counts.down.into(),
        degraded: counts.degraded.into(),
        maintenance: counts.maintenance.into(),
        unknown: counts.unknown.into(),
    }
}

/// The groups of the star above 300 segments: by district, as the star shows them.
pub(crate) fn live_groups(catalog: &Catalog, snapshot: &Snapshot) -> Vec<Group> {
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    for now in &snapshot.segments {
        let Some(segment) = catalog.by_no(now.no) else { continue };
        let key = catalog.district(segment);
        let group = groups.entry(key).or_insert_with(|| Group {
            key: key.to_owned(),
            state: LinkState::Up,
            troubled: 0,
            total: 0,
        });
        group.total += 1;
        group.troubled += u64::from(now.state != LinkState::Up);
        group.state = worse(group.state, now.state);
    }
    groups.into_values().collect()
}

fn worse(one: LinkState, other: LinkState) -> LinkState {
    LinkState::ALL.into_iter().find(|state| *state == one || *state == other).unwrap_or(one)
}
