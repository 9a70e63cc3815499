//! `/api/v1/health`: how the hub itself is.

use axum::extract::State;
use axum::response::Response;
use ets_model::LinkState;
use ets_watch::{BlindRow, Health};
use http::StatusCode;
use serde_json::{Value, json};

use super::segments::answer;
use super::time;
use crate::service::App;

/// `GET /api/v1/health`
pub(crate) async fn get(State(app): State<App>) -> Response {
    let health = app.deps.watch.health().await;
    let mut document = document(&health);
    let series = app.deps.series.health();
    document["recording"] = json!({
        "stopped": series.stopped,
        "waiting_minutes": series.waiting,
        "dropped_minutes": series.dropped,
        "seconds_bytes": series.seconds_bytes,
        "seconds_window": series.seconds_window,
        "problem": series.last_error,
    });
    let counts = app.deps.watch.snapshot().counts;
    document["segments"] = LinkState::ALL
        .iter()
        .map(|state| (state.as_str().to_owned(), counts.of(*state).into()))
        .collect::<serde_json::Map<_, _>>()
        .into();
    document["viewers"] = app.live.viewers().into();
    answer(StatusCode::OK, &document)
}

fn document(health: &Health) -> Value {
    json!({
        "at": time::rfc3339(health.at),
        "build": health.build,
        "serve": {
            "pid": health.pid,
            "started": time::rfc3339(health.started),
            "resident_bytes": health.resident,
            "cpu_s": health.cpu.as_secs_f64(),
            "memory": health.memory.iter()
                .map(|part| (part.name.to_owned(), part.bytes.into()))
                .collect::<serde_json::Map<_, _>>(),
        },
        "netd": netd(health),
        "databases": health.databases.iter().map(|database| json!({
            "name": database.name,
            "writable": database.writable,
            "problem": database.problem,
            "engine": format!("{:?}", database.store.engine).to_lowercase(),
            "bytes": database.store.size_bytes,
            "queued": database.store.queued,
            "disk_full": database.store.disk_full,
        })).collect::<Vec<_>>(),
        "disk": health.disk.map(|(free, total)| json!({"free": free, "total": total})),
        "behind": health.behind,
        "behind_since": time::moment(health.behind_since),
        "blind_hour_s": health.blind_hour.as_secs_f64(),
        "blind_s": health.blind_total.as_secs_f64(),
        "blind": health.blind.iter().map(blind).collect::<Vec<_>>(),
    })
}

fn netd(health: &Health) -> Value {
    let netd = &health.netd;
    let status = netd.status.as_ref().map(|(at, status)| {
        json!({
            "at": time::rfc3339(*at),
            "build": status.build,
            "pid": status.pid,
            "started": time::rfc3339(status.started.wall),
            "ring_bytes": status.ring_bytes,
            "ring_limit": status.ring_limit,
            "ring_oldest": status.oldest,
            "ring_newest": status.newest.seq,
            "engine_bytes": status.engine_bytes,
            "machine_bytes": status.machine_bytes,
            "generation": status.generation,
            "targets": status.targets,
            "resident_bytes": status.resident,
            "cpu_s": status.cpu_ns as f64 / 1e9,
            "engine": {
                "sent": status.engine.sent,
                "answered": status.engine.answered,
                "lost": status.engine.lost,
                "overflowed": status.engine.overflowed,
                "forged": status.engine.forged,
                "duplicate": status.engine.duplicate,
                "late": status.engine.late,
                "send_errors": status.engine.send_errors,
                "blind_s": status.engine.blind_ns as f64 / 1e9,
            },
        })
    });
    json!({
        "connected": netd.connected,
        "problem": netd.problem,
        "last_tick": time::moment(netd.last_tick),
        "connects": netd.connects,
        "status": status,
    })
}

fn blind(row: &BlindRow) -> Value {
    json!({
        "id": row.id,
        "from": time::rfc3339(row.blind.from.wall),
        "to": time::rfc3339(row.blind.to.wall),
        "seconds": row.blind.to.boot.since(row.blind.from.boot).as_secs_f64(),
        "reason": row.blind.reason,
        "trunk": row.blind.trunk,
    })
}
