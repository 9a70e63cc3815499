//! "My connection": what somebody in a segment wants to know before he calls, and whom to call.

use axum::response::Response;
use ets_i18n::{Tr, t};
use ets_model::{HealthState, LinkState, PortRange, Protocol, Segment, ServiceNow, WallTime};
use ets_netd_api::Direction;
use ets_registry::Catalog;
use ets_watch::SegmentNow;
use ets_web::Html;
use ets_web::html::escape;

use crate::frame::{self, Page, facts, paragraph, part, table};
use crate::month::{Cause, LISTED, Month, Out};
use crate::site::App;
use crate::visit::Visit;

/// `GET /` from a segment.
pub(crate) async fn page(
    app: &App,
    visit: &Visit,
    (catalog, segment): (&Catalog, &Segment),
) -> Response {
    let tr = &visit.tr;
    let snapshot = app.deps.watch.snapshot();
    let now = snapshot.segment(segment.no);
    let state = now.map_or(LinkState::Unknown, |now| now.state);
    let month = app.months.of(app, segment.no, visit.now).await;
    let name = catalog.name(segment, tr.lang());
    let left = you(visit, (catalog, segment))
        .then(&channel(visit, (state, now), &month))
        .then(&outages(tr, visit.now, month.outages.as_deref()));
    let right = call(app, visit, segment)
        .then(&services(app, visit, segment))
        .then(&way_out(app, visit))
        .then(&speed(app, visit, &month))
        .then(&certificate(app, tr));
    let body =
        Html::trusted(format!("<div class=\"half\">{left}</div><div class=\"half\">{right}</div>"));
    let page = Page {
        heading: heading(tr, state).to_owned(),
        state: Some(state),
        sub: format!("{name} · {}", t::front_title(tr)),
        body,
        ..Page::default()
    };
    frame::respond(app, visit, &page)
}

fn heading(tr: &Tr, state: LinkState) -> &'static str {
    match state {
        LinkState::Up => t::front_up(tr),
        LinkState::Degraded => t::front_degraded(tr),
        LinkState::Down => t::front_down(tr),
        LinkState::Maintenance => t::front_maintenance(tr),
        LinkState::Unknown => t::front_unknown(tr),
    }
}

/// Who asks, as the hub sees him.
fn you(visit: &Visit, (catalog, segment): (&Catalog, &Segment)) -> Html {
    let tr = &visit.tr;
    let institution = catalog.institution(&segment.institution);
    let institution = institution.map_or("", |one| one.name.get(tr.lang()));
    let address = Html::code(&visit.from.to_string())
        .then(&Html::text(&format!(" – {}", t::front_address_right(tr))));
    let networks: Vec<String> = segment.prefixes.iter().map(ToString::to_string).collect();
    let named = Html::text(catalog.name(segment, tr.lang()))
        .then(&Html::text(", "))
        .then(&Html::code(segment.id.as_str()));
    part(
        t::front_you(tr),
        &facts(&[
            (t::front_address(tr), address),
            (t::front_institution(tr), Html::text(institution)),
            (t::front_segment(tr), named),
            (t::front_networks(tr), Html::text(&networks.join(", "))),
        ]),
    )
}

/// The channel now, this month and today.
fn channel(visit: &Visit, (state, now): (LinkState, Option<&SegmentNow>), month: &Month) -> Html {
    let tr = &visit.tr;
    let unknown = || Html::text(t::front_not_known(tr));
    let since = now.map(|now| t::front_since(tr, tr.moment(now.since, visit.now)));
    let told = frame::state(tr, state)
        .then(&Html::text(&since.map(|since| format!(", {since}")).unwrap_or_default()));
    let delay = now.and_then(|now| now.rtt);
    let delay = delay.map(|rtt| format!("{}\u{a0}{}", tr.millis(rtt), t::unit_millisecond(tr)));
    let loss = now.and_then(SegmentNow::loss).map(|loss| format!("{}\u{a0}%", tr.percent(loss)));
    let available = month.available.map(|share| t::front_available(tr, tr.availability(share)));
    let today =
        month.today.map(|today| t::front_bytes(tr, tr.bytes(today.down), tr.bytes(today.up)));
    let or = |text: Option<String>| text.map_or_else(unknown, |text| Html::text(&text));
    part(
        t::front_channel(tr),
        &facts(&[
            (t::front_now(tr), told),
            (t::front_delay(tr), or(delay)),
            (t::front_loss(tr), or(loss)),
            (t::front_month(tr), or(available)),
            (t::front_today(tr), or(today)),
        ]),
    )
}

fn outages(tr: &Tr, now: WallTime, outages: Option<&[Out]>) -> Html {
    let title = t::front_outages(tr);
    let Some(outages) = outages else {
        return part(title, &paragraph(t::front_outages_not_known(tr)));
    };
    if outages.is_empty() {
        return part(title, &paragraph(t::front_no_outages(tr)));
    }
    let row = |out: &Out| {
        let end = out.ended.unwrap_or(now);
        let length = tr.duration(end.since(out.began));
        let length = match out.ended {
            Some(_) => length,
            None => t::front_lasts(tr, length),
        };
        vec![
            Html::text(&tr.moment(out.began, now)),
            Html::text(&length),
            Html::text(cause(tr, out.cause)),
        ]
    };
    let rows: Vec<Vec<Html>> = outages.iter().take(LISTED).map(row).collect();
    let head = [t::outages_column_began(tr), t::outages_column_length(tr), t::front_cause(tr)];
    let mut list = table(&head, &rows);
    if outages.len() > LISTED {
        list.push(&paragraph(&t::front_more_outages(tr, outages.len())));
    }
    part(title, &list)
}

fn cause(tr: &Tr, cause: Cause) -> &'static str {
    match cause {
        Cause::Planned => t::front_cause_planned(tr),
        Cause::Port => t::front_cause_port(tr),
        Cause::Router => t::front_cause_router(tr),
        Cause::Way => t::front_cause_way(tr),
        Cause::Hub => t::front_cause_hub(tr),
        Cause::Unknown => t::front_cause_unknown(tr),
    }
}

fn call(app: &App, visit: &Visit, segment: &Segment) -> Html {
    let tr = &visit.tr;
    let say = t::front_call_say(tr, visit.from.to_string(), segment.id.as_str());
    let whom = match app.config.duty.get(tr.lang()) {
        "" => paragraph(t::front_call_nobody(tr)),
        duty => Html::trusted(format!("<p class=\"large\">{}</p>\n", escape(duty))),
    };
    part(t::front_call(tr), &whom.then(&paragraph(&say)))
}

fn services(app: &App, visit: &Visit, segment: &Segment) -> Html {
    let tr = &visit.tr;
    let all = app.deps.services.reachable_from(&segment.id);
    if all.is_empty() {
        return part(t::front_services(tr), &paragraph(t::front_services_none(tr)));
    }
    // Where nobody looks whether they answer, a column of question marks says nothing.
    let is_watched = all.iter().any(|one| one.state != HealthState::Unknown);
    let row = |one: &ServiceNow| {
        let named = [Html::text(one.name.get(tr.lang())), places(visit, one)];
        let answers = is_watched.then(|| frame::state(tr, link_state(one.state)));
        named.into_iter().chain(answers).collect()
    };
    let rows: Vec<Vec<Html>> = all.iter().map(row).collect();
    let head = [t::front_service(tr), t::front_where(tr), t::front_service_state(tr)];
    let head = &head[..if is_watched { 3 } else { 2 }];
    part(t::front_services(tr), &table(head, &rows))
}

/// Shapes and words are those of channels.
fn link_state(state: HealthState) -> LinkState {
    match state {
        HealthState::Up => LinkState::Up,
        HealthState::Down => LinkState::Down,
        HealthState::Unknown => LinkState::Unknown,
    }
}

/// The first address is what people type; the hub is where they are.
fn places(visit: &Visit, one: &ServiceNow) -> Html {
    let family = |address: &&std::net::IpAddr| address.is_ipv4() == visit.from.is_ipv4();
    let address = one.addresses.iter().find(family).or(one.addresses.first());
    let address = address.map_or_else(|| visit.at.clone(), ToString::to_string);
    let ports: Vec<String> = one.ports.iter().copied().map(port).collect();
    Html::code(&address).then(&Html::text(&format!(" {}", ports.join(", "))))
}

/// `80`, `5000–5099`, `53 UDP`, `ping`.
fn port(range: PortRange) -> String {
    let numbers = match range.first == range.last {
        true => range.first.to_string(),
        false => format!("{}–{}", range.first, range.last),
    };
    match range.protocol {
        Protocol::Tcp => numbers,
        Protocol::Udp => format!("{numbers} UDP"),
        Protocol::Icmp => "ping".to_owned(),
    }
}

fn way_out(app: &App, visit: &Visit) -> Html {
    let tr = &visit.tr;
    let ways = app.config.ways;
    let place = |port: u16| {
        Html::trusted(t::front_place(
            tr,
            format!("<code>{}</code>", escape(&visit.at)),
            format!("<code>{port}</code>"),
        ))
    };
    let http = ways.http.map(|port| (t::front_out_http(tr), place(port)));
    let socks = ways.socks.map(|port| (t::front_out_socks(tr), place(port)));
    let rows: Vec<(&str, Html)> = http.into_iter().chain(socks).collect();
    if rows.is_empty() {
        return Html::default();
    }
    part(t::front_out(tr), &paragraph(t::front_out_text(tr)).then(&facts(&rows)))
}

fn speed(app: &App, visit: &Visit, month: &Month) -> Html {
    let tr = &visit.tr;
    let Some(port) = app.config.ways.speed else { return Html::default() };
    let last = |direction: Direction| month.measured.iter().find(|one| one.direction == direction);
    let told = |direction: Direction, word: &'static str| {
        let one = last(direction)?;
        let rate = format!("{}, {}", tr.bit_rate(one.rate as f64), tr.moment(one.at, visit.now));
        Some((word, Html::text(&rate)))
    };
    let rows = [
        told(Direction::Down, t::front_speed_down(tr)),
        told(Direction::Up, t::front_speed_up(tr)),
    ];
    let rows: Vec<(&str, Html)> = rows.into_iter().flatten().collect();
    let measured = if rows.is_empty() { Html::default() } else { facts(&rows) };
    let link = format!(
        "<p class=\"act\"><a class=\"button\" href=\"http://{}:{port}/\">{}</a></p>\n",
        escape(&visit.at),
        escape(t::front_speed_open(tr))
    );
    let text = paragraph(t::front_speed_text(tr));
    part(t::front_speed(tr), &text.then(&measured).then(&Html::trusted(link)))
}

fn certificate(app: &App, tr: &Tr) -> Html {
    let url = &app.config.certificate_url;
    if url.is_empty() {
        return Html::default();
    }
    let link = Html::trusted("<p>").then(&Html::link(url, url)).then(&Html::trusted("</p>\n"));
    part(t::front_certificate(tr), &paragraph(t::front_certificate_text(tr)).then(&link))
}

#[cfg(test)]
mod tests {
    use ets_i18n::Lang;

    use super::*;

    /// covers: N10.1, N9.2: a database that cannot be read is no month without an outage
    #[test]
    fn outages_that_cannot_be_read_are_not_called_none() {
        for lang in Lang::ALL {
            let tr = Tr::new(lang, ets_i18n::zone("Asia/Almaty").unwrap());
            let told = |all: Option<&[Out]>| outages(&tr, WallTime(0), all).to_string();
            assert!(told(Some(&[])).contains(t::front_no_outages(&tr)));
            assert!(!told(None).contains(t::front_no_outages(&tr)));
            assert!(told(None).contains(t::front_outages_not_known(&tr)));
        }
    }
}
