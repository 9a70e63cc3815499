//! `/segments/{id}/talkers`: who talks inside a segment now, by host, by peer, by port.

use std::net::IpAddr;

use axum::extract::Path;
use axum::response::Response;
use ets_i18n::{Tr, t};
use ets_model::Segment;
use ets_traffic::{Amount, Both, By, Group, Talk, Talker, talkers};
use ets_web::html::escape;
use ets_web::table::{Column, Row, Table, table};
use ets_web::tabs::{Tab, tabs};
use ets_web::{Crumb, Html, Page, card, notice, when};

use super::bars;
use super::figures::{Unit, larger, volume, whole};
use crate::Error;
use crate::api::talkers_by;
use crate::pages::view::View;

/// Lines on the page.
const LISTED: usize = 50;
/// What connections are put together by, as it stands in the address.
const GROUPS: [&str; 3] = ["inside", "peer", "port"];

/// `GET /segments/{id}/talkers`
pub(super) async fn page(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let segment = view.catalog.segment(&id).ok_or_else(|| Error::segment(&id))?.clone();
    let tr = view.tr();
    let word = view.asked("by");
    let word = GROUPS.into_iter().find(|known| *known == word).unwrap_or("inside");
    let talk = view.app.traffic()?.talk(segment.no).await;
    let name = view.catalog.name(&segment, view.lang());
    let (heading, body) = match &talk {
        Ok(talk) => (t::talk_heading(tr, talk.count, name), told(&view, &segment, talk, word)),
        Err(_) => {
            let text = Html::text(t::talk_away(tr));
            (name.to_owned(), notice::notice(notice::Tone::Warning, &text))
        }
    };
    let page = Page {
        heading,
        body: ways(tr, &segment, word).then(&body),
        nav: "segments",
        crumbs: vec![
            Crumb::new(t::registry_title(tr), "/segments"),
            Crumb::new(name, format!("/segments/{}", segment.id)),
            Crumb::new(t::segment_traffic(tr), format!("/segments/{}/traffic", segment.id)),
        ],
        ..Page::default()
    };
    Ok(view.respond(&page))
}

fn ways(tr: &Tr, segment: &Segment, current: &str) -> Html {
    let title = |word: &str| match word {
        "peer" => t::talk_by_peer(tr),
        "port" => t::talk_by_port(tr),
        _ => t::talk_by_inside(tr),
    };
    let all = GROUPS.map(|word| Tab {
        title: title(word).to_owned(),
        href: format!("/segments/{}/talkers?by={word}", segment.id),
        current: word == current,
        key: "",
    });
    Html::trusted(format!("<div class=\"ways\">{}</div>", tabs(t::talk_by(tr), &all)))
}

fn told(view: &View, segment: &Segment, talk: &Talk, word: &str) -> Html {
    let tr = view.tr();
    let group = talkers_by(word).unwrap_or_default();
    let list = talkers(&talk.largest, group, By::Bytes, LISTED);
    if list.is_empty() {
        return notice::empty(t::talk_nobody(tr), &t::talk_nobody_text(tr).into());
    }
    let note = format!("<p class=\"mut\">{}</p>", escape(t::talk_note(tr)));
    let head = when::exact(&view.ctx, talk.at);
    let lines = lines(view, segment, group, &list).then(&Html::trusted(note));
    card::card(t::segment_talk(tr), &head, &lines)
}

fn lines(view: &View, segment: &Segment, group: Group, list: &[(Talker, Both<Amount>)]) -> Html {
    let tr = view.tr();
    let most = list.iter().map(|(_, amount)| larger(*amount)).max().unwrap_or(0);
    let unit = Unit::of_volume(most);
    let row = |(talker, amount): &(Talker, Both<Amount>)| Row {
        cells: vec![
            who(view, segment, *talker).into(),
            bars::both(*amount, most).into(),
            volume(tr, unit, amount.down).into(),
            volume(tr, unit, amount.up).into(),
            Html::text(&whole(tr, amount.sum().packets)).into(),
        ],
        ..Row::default()
    };
    let head = match group {
        Group::Inside => t::talk_inside(tr),
        Group::Peer => t::talk_peer(tr),
        Group::Port => t::talk_port(tr),
    };
    table(
        tr,
        &Table {
            caption: t::segment_talk(tr).to_owned(),
            columns: vec![
                Column::new("", head),
                Column::new("", t::flow_bars(tr)).minor(),
                Column::new("", t::flow_down_in(tr, unit.word(tr))).numeric(),
                Column::new("", t::flow_up_in(tr, unit.word(tr))).numeric(),
                Column::new("", t::flow_packets(tr)).numeric(),
            ],
            rows: list.iter().map(row).collect(),
            ..Table::default()
        },
    )
}

/// An address with whom it belongs to, where that is somebody else, or a port by its name.
fn who(view: &View, own: &Segment, talker: Talker) -> Html {
    match talker {
        Talker::Address(address) => {
            let name = owner(view, own, address);
            if name.is_empty() {
                return Html::code(&address.to_string());
            }
            let small = Html::trusted(format!(" <small class=\"mut\">{}</small>", escape(&name)));
            Html::code(&address.to_string()).then(&small)
        }
        Talker::Port(protocol, port) => Html::code(&match protocol {
            6 => format!("tcp/{port}"),
            17 => format!("udp/{port}"),
            1 | 58 => "icmp".to_owned(),
            other => format!("ip {other}"),
        }),
    }
}

fn owner(view: &View, own: &Segment, address: IpAddr) -> String {
    if let Some(segment) = view.catalog.by_address(address) {
        let name = if segment.no == own.no { "" } else { view.catalog.name(segment, view.lang()) };
        return name.to_owned();
    }
    let rights = view.app.deps.rules.as_ref().map(ets_rules::Handle::rights);
    let services = rights.iter().flat_map(|rights| rights.active());
    let mut serving = services.filter(|service| service.addresses.contains(&address));
    serving.next().map(|one| one.name.get(view.lang()).to_owned()).unwrap_or_default()
}
