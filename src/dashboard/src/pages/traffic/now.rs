//! `/traffic`: what passes now, second by second, or passed at a moment (`?at=`).

use std::time::Duration;

use axum::response::Response;
use ets_i18n::{Tr, t};
use ets_model::{SegmentNo, WallTime};
use ets_registry::Catalog;
use ets_traffic::{Period, Snapshot, Whose};
use ets_web::html::escape;
use ets_web::live::{Summary, fragment};
use ets_web::{Age, Html, Page, card, notice};

use super::picture::{Drawn, Words};
use super::{figures, frame, gaps, segment_chart};
use crate::api::parse_moment;
use crate::classes::Classes;
use crate::pages::view::View;
use crate::{Error, live};

/// Points of the last hour.
const POINTS: usize = 240;

/// `GET /traffic`
pub(crate) async fn page(view: View) -> Result<Response, Error> {
    let traffic = view.app.traffic()?.clone();
    let asked = view.asked("at");
    let page = match moment(&asked) {
        None => present(&view, &traffic.snapshot()).await?,
        // What has not come yet is not told as a time without traffic.
        Some(at) if at > view.ctx.now => {
            let mut page = present(&view, &traffic.snapshot()).await?;
            let text = Html::text(t::traffic_ahead(view.tr()));
            page.body = notice::notice(notice::Tone::Warning, &text).then(&page.body);
            page
        }
        Some(at) => past(&view, &Drawn::past(&traffic.picture(at).await?)).await?,
    };
    Ok(view.respond(&page))
}

/// Whole seconds since 1970 as the link to a moment has them, or what the API takes.
fn moment(text: &str) -> Option<WallTime> {
    let seconds = text.parse::<i64>().ok().filter(|seconds| seconds.abs() < 100_000_000_000);
    seconds.map(|seconds| WallTime(seconds * 1_000_000)).or_else(|| parse_moment(text))
}

async fn present(view: &View, now: &Snapshot) -> Result<Page, Error> {
    let drawn = Drawn::live(now);
    let classes = Classes::of(&view.app);
    let words = Words { tr: view.tr(), catalog: &view.catalog, classes: &classes };
    let hour = fragment("hour", &hour(view, view.ctx.now).await?);
    let none = Html::default();
    let wide = card::card(t::segment_hour_title(words.tr), &none, &hour).then(&card::card(
        t::traffic_busiest(words.tr),
        &pause(words.tr),
        &drawn.busiest(words),
    ));
    let body = columns(view, words, &drawn, now, &wide).await?;
    Ok(Page {
        title: t::traffic_title(words.tr).to_owned(),
        sub: moving(words, &drawn),
        age: now.stale_since.is_none().then_some(Age { at: middle(now) }),
        live: Some("/live/traffic?heading=own".to_owned()),
        ..frame(view, "live", heading(words.tr, now), &body)
    })
}

async fn past(view: &View, drawn: &Drawn) -> Result<Page, Error> {
    let classes = Classes::of(&view.app);
    let words = Words { tr: view.tr(), catalog: &view.catalog, classes: &classes };
    let tr = words.tr;
    let middle = drawn.at.plus(Duration::from_secs(1_800)).min(view.ctx.now);
    let wide = card::card(t::traffic_busiest(tr), &steps(tr, drawn), &drawn.busiest(words))
        .then(&card::card("", &Html::default(), &hour(view, middle).await?));
    let now = view.app.traffic()?.snapshot();
    let body = columns(view, words, drawn, &now, &wide).await?;
    let over = match drawn.over.as_secs() {
        ..60 => t::traffic_at_second(tr),
        60..3_600 => t::traffic_at_minute(tr),
        _ => t::traffic_at_hour(tr),
    };
    let when = tr.moment(drawn.at, view.ctx.now);
    let (down, up) = both(tr, drawn);
    let sub = Html::text(&format!("{} · {over} · ", tr.exact(drawn.at)));
    Ok(Page {
        sub: sub.then(&moving(words, drawn)),
        ..frame(view, "", t::traffic_heading_at(tr, down, up, when), &body)
    })
}

/// The moment that a live picture tells: its second is the one of the link to it.
pub(crate) fn middle(now: &Snapshot) -> WallTime {
    now.at.wall.minus(now.over / 2)
}

async fn columns(
    view: &View,
    words: Words<'_>,
    drawn: &Drawn,
    now: &Snapshot,
    wide: &Html,
) -> Result<Html, Error> {
    let (tr, none) = (words.tr, Html::default());
    let side = card::card(t::traffic_by_class(tr), &none, &drawn.classes(words))
        .then(&card::card(t::traffic_missing(tr), &none, &missing(view).await?))
        .then(&card::card(t::traffic_how(tr), &none, &how(tr, now)));
    Ok(card::columns(wide, &side))
}

/// The heading of the live page: the answer in words.
pub(crate) fn heading(tr: &Tr, now: &Snapshot) -> String {
    if now.stale_since.is_some() {
        return t::traffic_heading_stale(tr).to_owned();
    }
    let (down, up) = both(tr, &Drawn::live(now));
    t::traffic_heading(tr, down, up)
}

fn both(tr: &Tr, drawn: &Drawn) -> (String, String) {
    (figures::rate(tr, drawn.hub.down.bytes), figures::rate(tr, drawn.hub.up.bytes))
}

fn moving(words: Words<'_>, drawn: &Drawn) -> Html {
    let total = words.catalog.segments().count();
    t::traffic_moving(words.tr, drawn.moving, total).into()
}

/// What the stream tells a page each second: the heading, and the picture as markup. `segment`:
/// the page of that one.
pub(crate) fn told(
    tr: &Tr,
    catalog: &Catalog,
    classes: &Classes,
    now: &Snapshot,
    segment: Option<SegmentNo>,
) -> (Summary, String) {
    let words = Words { tr, catalog, classes };
    let (heading, title, html) = match segment {
        Some(no) => {
            let heading = super::segment::heading(tr, catalog, now, no);
            (heading.clone(), heading, super::segment_now(words, now, no))
        }
        None => {
            let drawn = Drawn::live(now);
            let html = drawn.busiest(words).then(&drawn.classes(words));
            (heading(tr, now), t::traffic_title(tr).to_owned(), html)
        }
    };
    let summary = Summary { heading, title, counts: Vec::new(), badges: Vec::new() };
    (summary, html.into_string())
}

/// `GET /live/traffic`
pub(crate) async fn stream(view: View) -> Result<Response, Error> {
    let segment = match view.asked("segment").as_str() {
        "" => None,
        id => Some(view.catalog.segment(id).ok_or_else(|| Error::segment(id))?.no),
    };
    live::traffic_stream(&view.app, view.identity()?.clone(), view.lang(), segment)
}

/// Holds the picture still; only a script can, so only a script shows it.
fn pause(tr: &Tr) -> Html {
    Html::trusted(format!(
        "<button type=\"button\" id=\"pause\" data-key=\"p\" data-other=\"{}\" hidden>{}</button>",
        escape(t::traffic_resume(tr)),
        t::traffic_pause(tr)
    ))
}

/// From a moment to the ones beside it, and back to the present.
fn steps(tr: &Tr, drawn: &Drawn) -> Html {
    let step = i64::try_from(drawn.over.as_secs()).unwrap_or(1).max(1);
    let at = |second: i64| format!("/traffic?at={second}");
    Html::link(&at(drawn.second - step), t::traffic_earlier(tr))
        .then(&Html::link(&at(drawn.second + step), t::traffic_later(tr)))
        .then(&Html::link("/traffic", t::traffic_to_live(tr)))
}

/// The hub over the hour that ends at `to`.
async fn hour(view: &View, to: WallTime) -> Result<Html, Error> {
    let period = Period { from: to.minus(Duration::from_secs(3_600)), to };
    let range = view.app.traffic()?.range(Whose::Hub, period, POINTS).await?;
    Ok(segment_chart::chart(view, &range, period, &segment_chart::Whole::hub(view.tr())))
}

async fn missing(view: &View) -> Result<Html, Error> {
    let tr = view.tr();
    let month = Duration::from_secs(30 * 86_400);
    let period = Period { from: view.ctx.now.minus(month), to: view.ctx.now };
    let health = view.app.traffic()?.health();
    let mut body = Html::default();
    if health.stopped {
        body.push(&notice::notice(notice::Tone::Bad, &t::traffic_stopped(tr).into()));
    }
    Ok(body.then(&gaps::told(view, period).await?))
}

fn how(tr: &Tr, now: &Snapshot) -> Html {
    let by = match now.by.as_str() {
        "wire" => t::traffic_how_wire(tr),
        "" => t::traffic_how_unknown(tr),
        _ => t::traffic_how_filter(tr),
    };
    Html::trusted(format!("<p>{by}</p><p>{}</p>", t::traffic_how_units(tr)))
}
