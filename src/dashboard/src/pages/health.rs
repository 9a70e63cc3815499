//! How the hub itself is: both processes, databases, disk, what it could not see.

use std::time::Duration;

use axum::response::Response;
use ets_i18n::{Key, Tr, t};
use ets_netd_api::{EngineCounters, Status};
use ets_watch::{BlindRow, Health};
use ets_web::html::escape;
use ets_web::live::fragment;
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Age, Html, Page, card, facts, notice, when};

use super::evidence;
use super::view::View;
use crate::Error;

/// `GET /system`
pub(crate) async fn page(view: View) -> Result<Response, Error> {
    let health = view.app.deps.watch.health().await;
    let series = view.app.deps.series.health();
    let tr = view.tr();
    let troubles = troubles(tr, &health, &series);
    let heading = match troubles.len() {
        0 if health.blind_hour >= BLIND => {
            t::system_heading_blind(tr, tr.duration(health.blind_hour))
        }
        0 => t::system_heading_well(tr).to_owned(),
        count => t::system_heading_ill(tr, count),
    };
    let notices: Html =
        troubles.iter().map(|text| notice::notice(notice::Tone::Bad, &Html::text(text))).collect();
    let processes = card::halves(
        &card::card(t::system_netd(tr), &Html::default(), &netd(&view, &health)),
        &card::card(t::system_serve(tr), &Html::default(), &serve(&view, &health)),
    );
    let data = card::halves(
        &card::card(t::system_data(tr), &Html::default(), &databases(tr, &health, &series)),
        &card::card(t::system_memory(tr), &Html::default(), &memory(&view, &health, &series)),
    );
    let blind = card::card(t::system_blind(tr), &Html::default(), &blinds(&view, &health));
    let body = notices.then(&processes).then(&data).then(&blind);
    let page = Page {
        title: t::system_title(tr).to_owned(),
        heading,
        sub: Html::text(&view.app.config.lab_note),
        age: Some(Age { at: view.snapshot.tick }),
        body: fragment("warning", &body),
        nav: "system",
        live: Some(super::overview::stream(&view)),
        ..Page::default()
    };
    Ok(view.respond(&page))
}

/// Everything that needs a person, in words.
fn troubles(tr: &Tr, health: &Health, series: &ets_series::Health) -> Vec<String> {
    let mut all = Vec::new();
    if !health.netd.connected {
        all.push(t::system_trouble_netd(tr).to_owned());
    }
    for database in &health.databases {
        if !database.writable {
            all.push(t::system_trouble_database(tr, database_name(tr, database.name)));
        }
    }
    if series.stopped {
        all.push(t::system_trouble_recording(tr).to_owned());
    }
    if let Some((free, _)) = health.disk
        && free < LITTLE_SPACE
    {
        all.push(t::system_trouble_disk(tr, tr.bytes(free)));
    }
    all
}

/// From so much blind time in an hour on nobody should read that all is well.
const BLIND: Duration = Duration::from_secs(1);
/// Below so many free bytes a person should act.
const LITTLE_SPACE: u64 = 1 << 30;

fn netd(view: &View, health: &Health) -> Html {
    let tr = view.tr();
    let state = if health.netd.connected { t::system_connected(tr) } else { t::system_away(tr) };
    let mut list = vec![(t::db_state(tr), Html::text(state))];
    if let Some(tick) = health.netd.last_tick {
        list.push((t::system_last_tick(tr), when::moment(&view.ctx, tick)));
    }
    let Some((_, status)) = &health.netd.status else { return facts::list(&list) };
    list.extend(process(view, status.pid, &status.build, status.started.wall));
    list.push((t::system_resident(tr), Html::text(&tr.bytes(status.resident))));
    list.push((t::system_cpu(tr), Html::text(&tr.duration(Duration::from_nanos(status.cpu_ns)))));
    list.push((t::system_targets(tr), Html::text(&tr.number(status.targets))));
    list.push((t::system_ring(tr), Html::text(&ring(tr, status))));
    facts::list(&list).then(&engine(tr, &status.engine))
}

fn ring(tr: &Tr, status: &Status) -> String {
    t::system_ring_text(tr, tr.bytes(status.ring_bytes), tr.bytes(status.ring_limit))
}

fn process(
    view: &View,
    pid: u32,
    build: &str,
    started: ets_model::WallTime,
) -> Vec<(&'static str, Html)> {
    let tr = view.tr();
    vec![
        (t::system_running(tr), when::lasting(&view.ctx, started)),
        (t::system_version(tr), Html::code(build)),
        (t::system_pid(tr), Html::code(&pid.to_string())),
    ]
}

fn engine(tr: &Tr, engine: &EngineCounters) -> Html {
    let number = |value: u64| tr.number(i64::try_from(value).unwrap_or(i64::MAX));
    let rows = [
        (t::system_sent(tr), number(engine.sent)),
        (t::system_answered(tr), number(engine.answered)),
        (t::system_lost(tr), number(engine.lost)),
        (t::system_overflowed(tr), number(engine.overflowed)),
        (t::system_send_errors(tr), number(engine.send_errors)),
        (t::system_forged(tr), number(engine.forged)),
        (t::system_duplicate(tr), number(engine.duplicate)),
        (t::system_late(tr), number(engine.late)),
    ];
    let list: Vec<(&str, Html)> =
        rows.iter().map(|(term, value)| (*term, Html::text(value))).collect();
    card::below(t::system_probes(tr), &facts::list(&list))
}

fn serve(view: &View, health: &Health) -> Html {
    let tr = view.tr();
    let mut list = process(view, health.pid, health.build, health.started);
    list.push((t::system_resident(tr), Html::text(&tr.bytes(health.resident))));
    list.push((t::system_cpu(tr), Html::text(&tr.duration(health.cpu))));
    list.push((t::system_viewers(tr), Html::text(&tr.number(view.app.live.viewers() as i64))));
    let behind = i64::try_from(health.behind).unwrap_or(i64::MAX);
    list.push((t::system_behind(tr), Html::text(&tr.number(behind))));
    facts::list(&list)
}

fn databases(tr: &Tr, health: &Health, series: &ets_series::Health) -> Html {
    let mut list: Vec<(&str, Html)> = Vec::new();
    for database in &health.databases {
        let state =
            if database.writable { t::system_writable(tr) } else { t::system_not_writable(tr) };
        let size = tr.bytes(database.store.size_bytes);
        let problem = if database.problem.is_empty() { "" } else { " · " };
        let text = format!("{state} · {size}{problem}{}", database.problem);
        list.push((database_name(tr, database.name), Html::text(text.trim_end_matches(" · "))));
    }
    let disk = match health.disk {
        Some((free, all)) => Html::text(&t::system_disk_text(tr, tr.bytes(all), tr.bytes(free))),
        None => facts::unknown(tr),
    };
    list.push((t::system_disk(tr), disk));
    let waiting = i64::try_from(series.waiting).unwrap_or(i64::MAX);
    list.push((t::system_waiting(tr), Html::text(&tr.number(waiting))));
    let dropped = i64::try_from(series.dropped).unwrap_or(i64::MAX);
    list.push((t::system_dropped(tr), Html::text(&tr.number(dropped))));
    facts::list(&list)
}

fn database_name(tr: &Tr, name: &str) -> &'static str {
    if name == "series" { t::system_database_series(tr) } else { t::system_database_state(tr) }
}

fn memory(view: &View, health: &Health, series: &ets_series::Health) -> Html {
    let tr = view.tr();
    let mut rows: Vec<(String, u64)> =
        health.memory.iter().map(|part| (part.name.to_owned(), part.bytes)).collect();
    if !rows.iter().any(|(name, _)| name.contains("seconds")) {
        rows.push(("seconds".to_owned(), series.seconds_bytes));
    }
    if let Some((_, status)) = &health.netd.status {
        let parts = ets_watch::netd_memory(status);
        rows.extend(parts.map(|part| (format!("netd {}", part.name), part.bytes)));
    }
    rows.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let list: Vec<(&str, Html)> = rows
        .iter()
        .map(|(name, bytes)| (part_name(tr, name), Html::text(&tr.bytes(*bytes))))
        .collect();
    let netd = health.netd.status.as_ref().map_or(0, |(_, status)| status.resident);
    let total = t::system_memory_total(tr, tr.bytes(netd + health.resident));
    Html::trusted(format!("<p>{}</p>{}", escape(&total), facts::list(&list)))
}

/// What a part is called; one without a word for it keeps its own name.
fn part_name<'a>(tr: &Tr, name: &'a str) -> &'a str {
    let key = Key::named(&format!("memory-{}", name.replace([' ', '_'], "-")));
    key.map_or(name, |key| tr.get(key))
}

fn blinds(view: &View, health: &Health) -> Html {
    let tr = view.tr();
    let total = t::system_blind_total(tr, tr.duration(health.blind_total));
    let rows = health.blind.iter().map(|row| blind_row(view, row));
    let columns = vec![
        Column::new("", t::db_from(tr)),
        Column::new("", t::db_to(tr)),
        Column::new("", t::outages_column_length(tr)).numeric(),
        Column::new("", t::system_blind_reason(tr)),
    ];
    let list = table(
        tr,
        &Table {
            caption: t::system_blind(tr).to_owned(),
            columns,
            rows: rows.collect(),
            empty: Html::trusted(format!("<p class=\"mut\">{}</p>", t::system_never_blind(tr))),
            ..Table::default()
        },
    );
    if health.blind.is_empty() {
        return list;
    }
    Html::trusted(format!("<p>{}</p>", escape(&total))).then(&list)
}

fn blind_row(view: &View, row: &BlindRow) -> Row {
    let (tr, blind) = (view.tr(), &row.blind);
    let time = |at| {
        let text = format!("{}, {}", tr.date(at, view.ctx.now), tr.exact_time(at));
        Html::text(&text)
    };
    let reason = evidence::blind(tr, blind.reason);
    let reason = if blind.trunk.is_empty() {
        reason.to_owned()
    } else {
        format!("{reason}: {}", blind.trunk)
    };
    let length = blind.to.boot.since(blind.from.boot);
    Row {
        cells: vec![
            time(blind.from.wall).into(),
            time(blind.to.wall).into(),
            when::length(&view.ctx, length).into(),
            Html::text(&reason).into(),
        ],
        ..Row::default()
    }
}
