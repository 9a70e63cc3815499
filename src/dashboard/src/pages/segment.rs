//! The page of one segment: now, its past, what it is, what can be done.

use std::time::Duration;

use axum::extract::Path;
use axum::response::Response;
use ets_i18n::{Tr, t};
use ets_model::{Criticality, LinkState, Method, Segment, SegmentNo};
use ets_registry::Catalog;
use ets_watch::{OutageFilter, SegmentNow, Snapshot};
use ets_web::html::escape;
use ets_web::live::{Summary, fragment};
use ets_web::tabs::{Tab, tabs};
use ets_web::{Age, Crumb, Html, Page, card, facts, notice, state, when};

use super::segment_history::{self, Period};
use super::view::View;
use super::{evidence, journal, photo, points, segment_acts, segments_table, together};
use crate::Error;

/// Outages listed on the page; the rest is a link.
const LISTED: u32 = 10;

/// From so many outages within minutes on a segment flaps.
const FLAPS: usize = 3;

/// The parts of the page that a change of the segment makes outdated.
pub(crate) const FRAGMENTS: [&str; 7] =
    ["now", "history", "outages", "works", "changed", "rules", "banner"];

/// `GET /segments/{id}`
pub(crate) async fn page(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let segment = view.catalog.segment(&id).ok_or_else(|| Error::segment(&id))?.clone();
    let html = body(&view, &segment, Html::default()).await?;
    Ok(view.respond(&frame(&view, &segment, html)))
}

/// The page with this body.
pub(crate) fn frame(view: &View, segment: &Segment, body: Html) -> Page {
    let tr = view.tr();
    let now = view.snapshot.segment(segment.no);
    let after = view.snapshot.change;
    Page {
        heading: heading(tr, &view.catalog, segment, now),
        sub: Html::text(institution(view, segment)),
        age: now.map(|_| Age { at: view.snapshot.tick }),
        body,
        nav: "segments",
        crumbs: vec![Crumb::new(t::registry_title(tr), "/segments")],
        live: now.map(|_| format!("/live/segments/{}?heading=own&after={after}", segment.id)),
        ..Page::default()
    }
}

fn institution<'a>(view: &'a View, segment: &Segment) -> &'a str {
    view.catalog.institution(&segment.institution).map_or("", |one| one.name.get(view.lang()))
}

/// The first lines of the page, as the stream tells them.
pub(crate) fn summary(
    tr: &Tr,
    catalog: &Catalog,
    snapshot: &Snapshot,
    no: SegmentNo,
) -> Option<Summary> {
    let segment = catalog.by_no(no)?;
    Some(Summary {
        heading: heading(tr, catalog, segment, snapshot.segment(no)),
        title: heading(tr, catalog, segment, snapshot.segment(no)),
        counts: Vec::new(),
        badges: super::overview::badges(snapshot),
    })
}

/// The name and the state in words.
fn heading(tr: &Tr, catalog: &Catalog, segment: &Segment, now: Option<&SegmentNow>) -> String {
    let name = catalog.name(segment, tr.lang());
    if !segment.is_active() {
        return t::segment_heading_retired(tr, name);
    }
    let Some(now) = now else { return t::segment_heading_unknown(tr, name) };
    match now.state {
        LinkState::Up => t::segment_heading_up(tr, name),
        LinkState::Down => t::segment_heading_down(tr, name),
        LinkState::Maintenance => t::segment_heading_maintenance(tr, name),
        LinkState::Unknown if now.unheard => t::segment_heading_unheard(tr, name),
        LinkState::Unknown => t::segment_heading_unknown(tr, name),
        LinkState::Degraded => match now.loss().filter(|loss| *loss > 0.0) {
            Some(loss) => t::segment_heading_degraded(tr, tr.percent(loss), name),
            None => t::segment_heading_flapping(tr, name),
        },
    }
}

/// The whole body; `ping` is the answer of a ping that was asked for without a script.
pub(crate) async fn body(view: &View, segment: &Segment, ping: Html) -> Result<Html, Error> {
    let tr = view.tr();
    let period = Period::read(&view.asked("period"));
    let now = view.snapshot.segment(segment.no);
    let none = Html::default();
    let all = |href: String| Html::link(&href, t::all(tr));
    let history = segment_history::history(view, segment, period).await?;
    let outages_href = format!("/outages?segment={}", segment.id);
    let journal_href = format!("/journal?kind=segment&id={}", segment.id);
    let edit = Html::link(&format!("/segments/{}/edit", segment.id), t::segment_edit(tr));
    let wide = card::card("", &none, &fragment("now", &now_card(view, segment, now).await?))
        .then(&card::card(
            period.title(tr),
            &periods(view, segment, period),
            &fragment("history", &history),
        ))
        .then(&card::card(
            t::segment_outages(tr),
            &all(outages_href),
            &fragment("outages", &outages(view, segment).await?),
        ));
    let acts = if segment.is_active() {
        segment_acts::cards(view, segment, &ping)
    } else {
        segment_acts::retired_card(view, segment)
    };
    let photo = photo::card_of(view, segment).await?;
    let side = acts
        .then(&super::traffic::segment_card(view, segment).await?)
        .then(&card::card(t::segment_facts(tr), &edit, &facts_list(view, segment, &photo)))
        .then(&photo)
        .then(&super::rules::segment_card(view, segment).await?)
        .then(&card::card(
            t::segment_journal(tr),
            &all(journal_href),
            &fragment("changed", &journal::short(view, "segment", segment.id.as_str()).await?),
        ));
    Ok(card::columns(&wide, &side))
}

fn periods(view: &View, segment: &Segment, current: Period) -> Html {
    let tr = view.tr();
    let all: Vec<Tab> = Period::ALL
        .into_iter()
        .map(|period| Tab {
            title: period.word(tr).to_owned(),
            href: format!("/segments/{}?period={}", segment.id, period.as_str()),
            current: period == current,
            key: "",
        })
        .collect();
    tabs(t::segment_period(tr), &all)
}

async fn now_card(view: &View, segment: &Segment, now: Option<&SegmentNow>) -> Result<Html, Error> {
    let tr = view.tr();
    let Some(now) = now else {
        let text = match segment.retired {
            Some(at) => t::segment_retired_since(tr, tr.moment(at, view.ctx.now)),
            None => t::segment_no_data(tr).to_owned(),
        };
        return Ok(notice::empty(t::segment_now(tr), &Html::text(&text)));
    };
    let figure = |term: &str, field: &str, value: Html| {
        format!("<div><dt>{}</dt><dd data-f=\"{field}\">{value}</dd></div>", escape(term))
    };
    let figures = [
        figure(t::db_for(tr), "since", when::lasting(&view.ctx, now.since)),
        figure(t::db_rtt_ms(tr), "rtt", segments_table::rtt(view, now)),
        figure(t::db_loss_percent(tr), "loss", segments_table::loss(view, now)),
    ];
    let mut out = format!(
        "<div data-seg=\"{id}\" data-state=\"{state}\" data-name=\"{name}\"><div class=\"card-head\"><h2>{title}</h2>{badge}</div>\
         <dl class=\"figures\">{figures}</dl>{spark}</div>",
        id = segment.id,
        state = now.state,
        name = escape(view.catalog.name(segment, view.lang())),
        title = t::segment_now(tr),
        badge = state::live_badge(tr, segment.id.as_str(), now.state),
        figures = figures.concat(),
        spark = segments_table::spark(view, &now.spark),
    );
    out.push_str(&waiting(view, segment, now));
    out.push_str(&unstable(view, segment, now).await?);
    if let Some(outage) = now.outage
        && let Some(row) = view.app.deps.watch.outage(outage).await?
    {
        let common = together::point_of_outage(view, &row).await?;
        let told = evidence::story(view, &row, evidence::Telling::Brief, common).await?;
        out.push_str(told.as_str());
    }
    Ok(Html::trusted(out))
}

/// Why nothing is known of the segment, where there is no outage to tell it.
fn waiting(view: &View, segment: &Segment, now: &SegmentNow) -> String {
    let tr = view.tr();
    let text = match now.obstacle.filter(|_| now.state == LinkState::Unknown) {
        Some(why) => t::segment_obstacle_text(tr, evidence::obstacle(tr, segment, why)),
        None if now.unheard => t::segment_unheard_text(tr).to_owned(),
        None => return String::new(),
    };
    format!("<p>{}</p>", escape(&text))
}

/// Why the link counts as unstable, and until when.
async fn unstable(view: &View, segment: &Segment, now: &SegmentNow) -> Result<String, Error> {
    if now.state != LinkState::Degraded {
        return Ok(String::new());
    }
    // What makes a segment flap lies within these two stretches of five minutes.
    let lately = view.ctx.now.minus(Duration::from_secs(600));
    let filter = OutageFilter {
        segment: Some(segment.no),
        from: Some(lately),
        limit: LISTED,
        ..OutageFilter::default()
    };
    let breaks = view.app.deps.watch.outages(&filter).await?.rows.len();
    let tr = view.tr();
    let text = match breaks {
        FLAPS.. => t::segment_unstable_breaks(tr, breaks),
        _ => t::segment_unstable_loss(tr).to_owned(),
    };
    Ok(format!("<p>{}</p>", escape(&text)))
}

async fn outages(view: &View, segment: &Segment) -> Result<Html, Error> {
    let tr = view.tr();
    let filter =
        OutageFilter { segment: Some(segment.no), limit: LISTED, ..OutageFilter::default() };
    let page = view.app.deps.watch.outages(&filter).await?;
    let empty = Html::trusted(format!("<p class=\"mut\">{}</p>", t::segment_no_outages(tr)));
    Ok(super::outages::short_table(view, &page.rows, empty))
}

fn facts_list(view: &View, segment: &Segment, photo: &Html) -> Html {
    let tr = view.tr();
    let text = |value: &str| if value.is_empty() { facts::none(tr) } else { Html::text(value) };
    let code = |value: &str| if value.is_empty() { facts::none(tr) } else { Html::code(value) };
    let prefixes: Vec<String> = segment
        .prefixes
        .iter()
        .map(|prefix| Html::code(&prefix.to_string()).into_string())
        .collect();
    let channel = &segment.channel;
    let mut list = vec![
        (t::segment_fact_id(tr), Html::code(segment.id.as_str())),
        (t::segment_fact_prefixes(tr), Html::trusted(prefixes.join("<br>"))),
        (t::segment_fact_probe(tr), Html::code(&segment.probing.address.to_string())),
        (t::segment_fact_method(tr), Html::text(&method(view, segment))),
        (t::segment_fact_pace(tr), Html::text(&pace(view, segment))),
        (t::segment_fact_interface(tr), code(&segment.interface)),
        (t::db_provider(tr), text(&channel.provider)),
        (t::segment_fact_channel(tr), text(&channel.technology)),
        (t::segment_fact_rates(tr), rates(view, segment)),
        (t::segment_fact_contract(tr), text(&channel.contract)),
        (t::segment_fact_parent(tr), parent(view, segment)),
    ];
    if let Some(address) = segment.router.management {
        list.push((t::segment_fact_router(tr), Html::code(&address.to_string())));
    }
    if let Some(one) = view.catalog.institution(&segment.institution) {
        list.push((t::db_institution(tr), text(one.name.get(view.lang()))));
        list.push((t::db_district(tr), text(&one.district)));
        list.push((t::segment_fact_postal(tr), text(&one.address)));
        list.push((t::segment_fact_head(tr), text(&one.head)));
        list.push((t::segment_fact_duty(tr), text(&one.duty)));
    }
    if !segment.notes.is_empty() {
        list.push((t::segment_fact_notes(tr), Html::text(&segment.notes)));
    }
    if photo.is_empty() {
        let add = Html::link(&photo::edit_href(segment), t::photo_add(tr));
        list.push((t::photo_title(tr), add));
    }
    facts::list(&list)
}

fn method(view: &View, segment: &Segment) -> String {
    match segment.probing.method {
        Method::Icmp => t::segment_method_icmp(view.tr()).to_owned(),
        Method::Tcp(port) => t::segment_method_tcp(view.tr(), port.to_string()),
    }
}

/// How often it is probed: while it is down as fast as a recovery is to be seen.
fn pace(view: &View, segment: &Segment) -> String {
    let tr = view.tr();
    let own = match segment.criticality {
        Criticality::Normal => t::segment_pace_normal(tr),
        Criticality::Critical => t::segment_pace_critical(tr),
    };
    t::segment_pace_down(tr, own)
}

fn rates(view: &View, segment: &Segment) -> Html {
    let tr = view.tr();
    let (down, up) = (segment.channel.down_kbps, segment.channel.up_kbps);
    if down == 0 && up == 0 {
        return facts::unknown(tr);
    }
    // A rate that nobody gave is not a rate of nothing.
    let rate = |kbps: u64| {
        if kbps == 0 { "–".to_owned() } else { tr.bit_rate(kbps as f64 * 1_000.0) }
    };
    Html::text(&t::segment_fact_rates_text(tr, rate(down), rate(up)))
}

fn parent(view: &View, segment: &Segment) -> Html {
    if segment.parent.is_empty() {
        return facts::none(view.tr());
    }
    match view.catalog.parent(&segment.parent) {
        Some(point) => Html::link(&points::href(&point.id), points::name(view, point)),
        None => Html::text(&segment.parent),
    }
}
