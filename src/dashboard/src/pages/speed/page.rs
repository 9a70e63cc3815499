//! `GET /` of the listener for segments.

use axum::response::Response;
use ets_i18n::t;
use ets_model::Segment;
use ets_web::html::escape;
use ets_web::page::Layout;
use ets_web::{Html, Page, assets, card, facts, notice};
use http::StatusCode;

use super::results;
use super::transfer::refused;
use crate::Error;
use crate::pages::view::View;

/// So many measurements are listed.
const LISTED: u16 = 10;

pub(super) async fn show(view: View) -> Result<Response, Error> {
    let desk = &view.app.deps.speed;
    let found = view.address().map(|address| desk.segment_of(address));
    let segment = match found {
        Some(Ok(segment)) => segment,
        Some(Err(error)) => return Ok(stranger(&view, &refused(view.tr(), &error).1)),
        None => return Err(Error::NeedEntry),
    };
    let tr = view.tr();
    let list = desk.last(segment.no, LISTED).await?;
    let name = view.catalog.name(&segment, view.lang());
    let body = measure(&view, &segment).then(&card::card(
        t::speed_results(tr),
        &Html::default(),
        &results::list(&view, &list),
    ));
    let heading = t::speed_heading(tr, name);
    Ok(respond(&view, &Page { heading, body, ..Page::default() }))
}

/// Without the administrator's navigation, which leads nowhere from here.
fn respond(view: &View, page: &Page) -> Response {
    page.respond(&view.bare(), &view.ctx)
}

fn stranger(view: &View, why: &str) -> Response {
    let page = Page {
        heading: t::speed_title(view.tr()).to_owned(),
        body: notice::notice(notice::Tone::Warning, &Html::text(why)),
        layout: Layout::Narrow,
        status: StatusCode::FORBIDDEN,
        ..Page::default()
    };
    respond(view, &page)
}

/// The button, and what is known before it is pressed.
fn measure(view: &View, segment: &Segment) -> Html {
    let tr = view.tr();
    let rate = |kbps: u64| match kbps {
        0 => Html::text(t::segment_traffic_no_contract(tr)),
        kbps => Html::text(&tr.bit_rate(kbps as f64 * 1e3)),
    };
    let address = view.address().map(|address| address.to_canonical().to_string());
    let known = facts::list(&[
        (t::speed_address(tr), Html::code(&address.unwrap_or_default())),
        (t::speed_contract_down(tr), rate(segment.channel.down_kbps)),
        (t::speed_contract_up(tr), rate(segment.channel.up_kbps)),
    ]);
    // The script sends no more than the hub would take in its time at twice the contract.
    let most = match segment.channel.up_kbps {
        0 => 1 << 30,
        kbps => (kbps * 125 * 2 * ets_speed::DURATION.as_secs()).clamp(1 << 20, 1 << 30),
    };
    let words = [
        ("listening", t::speed_listening(tr)),
        ("down", t::flow_down(tr)),
        ("up", t::flow_up(tr)),
        ("unit", tr.get(ets_i18n::key::UNIT_MEGABIT_RATE)),
        ("failed", t::speed_failed(tr)),
    ];
    let words: String =
        words.iter().map(|(name, text)| format!(" data-{name}=\"{}\"", escape(text))).collect();
    Html::trusted(format!("<p>{}</p>", escape(t::speed_intro(tr)))).then(&known).then(
        &Html::trusted(format!(
            "<p><button type=\"button\" class=\"main\" data-measure=\"{most}\"{words} hidden>{start}\
             </button></p><p role=\"status\" data-told></p>\
             <noscript><p>{without} <a href=\"/down\" download>{file}</a></p></noscript>\
             <script type=\"module\" src=\"{script}\"></script>",
            start = escape(t::speed_start(tr)),
            without = escape(t::speed_no_script(tr)),
            file = escape(t::speed_file(tr)),
            script = assets::SPEED_JS,
        )),
    )
}
