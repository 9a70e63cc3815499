//! The Prometheus text format (version 0.0.4), written in one go from one moment's picture.

use std::fmt::Write;

use ets_model::LinkState;
use ets_registry::Catalog;
use ets_watch::{Health, SegmentNow, Snapshot};

use crate::service::App;

/// A text in the making.
#[derive(Default)]
pub(super) struct Text(String);

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

impl Text {
    pub(super) fn head(&mut self, name: &str, kind: &str, help: &str) {
        self.add(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    fn line(&mut self, name: &str, labels: &str, value: f64) {
        self.add(format_args!("{name}{labels} {value}\n"));
    }

    /// A metric with one value.
    pub(super) fn single(&mut self, name: &str, kind: &str, help: &str, value: f64) {
        self.head(name, kind, help);
        self.line(name, "", value);
    }

    pub(super) fn add(&mut self, args: std::fmt::Arguments<'_>) {
        self.0.write_fmt(args).expect("writing to memory cannot fail");
    }
}

/// Everything but the figures of the pages and the process.
pub(crate) fn write(app: &App, health: &Health, letters: Option<&ets_notify::Figures>) -> String {
    let (catalog, snapshot) = (app.deps.registry.catalog(), app.deps.watch.snapshot());
    let mut out = Text(String::with_capacity(4096 + snapshot.segments.len() * 300));
    build(&mut out, health);
    segments(&mut out, &catalog, &snapshot);
    counts(&mut out, &snapshot);
    probes(&mut out, &snapshot);
    netd(&mut out, health);
    memory(&mut out, health);
    storage(&mut out, health, &app.deps.series.health());
    super::traffic::write(app, &mut out);
    super::gateway::write(app, &mut out);
    super::dns::write(app, &mut out);
    super::services::write(app, &mut out);
    if let Some(figures) = letters {
        mail(&mut out, figures);
    }
    out.0
}

fn build(out: &mut Text, health: &Health) {
    out.head("ets_build_info", "gauge", "The version of the program; always 1.");
    let labels = format!("{{version=\"{}\"}}", escape(health.build));
    out.line("ets_build_info", &labels, 1.0);
}

fn segments(out: &mut Text, catalog: &Catalog, snapshot: &Snapshot) {
    let known: Vec<(&SegmentNow, String)> = snapshot
        .segments
        .iter()
        .filter_map(|now| {
            let id = &catalog.by_no(now.no)?.id;
            Some((now, format!("{{segment=\"{id}\"}}")))
        })
        .collect();
    let mut each = |name: &str, help: &str, value: &dyn Fn(&SegmentNow) -> Option<f64>| {
        out.head(name, "gauge", help);
        for (now, labels) in &known {
            if let Some(value) = value(now) {
                out.line(name, labels, value);
            }
        }
    };
    each(
        "ets_segment_state",
        "State of a segment: 0 down, 1 up, 2 degraded, 3 maintenance, 4 unknown.",
        &|now| Some(f64::from(now.state.number())),
    );
    each(
        "ets_segment_state_since_timestamp_seconds",
        "Unix time since which a segment is in its state.",
        &|now| Some(now.since.0 as f64 / 1e6),
    );
    each(
        "ets_segment_rtt_seconds",
        "Median of the last five round-trip times; absent while nothing answers.",
        &|now| crate::api::current_rtt(now).map(|rtt| rtt.as_secs_f64()),
    );
    each(
        "ets_segment_loss_ratio",
        "Share of the probes of the last minute that were lost; absent while nothing is known.",
        &SegmentNow::loss,
    );
}

fn counts(out: &mut Text, snapshot: &Snapshot) {
    out.head("ets_segments", "gauge", "Active segments by state.");
    for state in LinkState::ALL {
        let labels = format!("{{state=\"{state}\"}}");
        out.line("ets_segments", &labels, f64::from(snapshot.counts.of(state)));
    }
    out.head("ets_outages_open", "gauge", "Open outages: of segments, and of the hub's trunks.");
    let open = snapshot.segments.iter().filter(|now| now.outage.is_some()).count();
    let dark = snapshot.trunks.iter().filter(|trunk| trunk.dark_since.is_some()).count();
    out.line("ets_outages_open", "{kind=\"segment\"}", open as f64);
    out.line("ets_outages_open", "{kind=\"hub\"}", dark as f64);
    let age = snapshot.at.wall.since(snapshot.tick).as_secs_f64();
    out.single("ets_data_age_seconds", "gauge", "Age of the newest figures.", age);
}

fn probes(out: &mut Text, snapshot: &Snapshot) {
    let engine = &snapshot.engine;
    let totals: [(&str, &str, u64); 7] = [
        ("ets_probe_sent_total", "Probes sent since netd started.", engine.sent),
        ("ets_probe_answered_total", "Probes answered.", engine.answered),
        ("ets_probe_lost_total", "Probes lost.", engine.lost),
        (
            "ets_probe_overflowed_total",
            "Packets that the hub itself lost to a full receive queue.",
            engine.overflowed,
        ),
        (
            "ets_probe_send_errors_total",
            "Probes that the kernel refused to send.",
            engine.send_errors,
        ),
        ("ets_probe_late_total", "Answers that came after their probe was given up.", engine.late),
        (
            "ets_probe_duplicate_total",
            "Answers to a probe that was answered already.",
            engine.duplicate,
        ),
    ];
    for (name, help, value) in totals {
        out.single(name, "counter", help, value as f64);
    }
    out.single(
        "ets_probe_forged_total",
        "counter",
        "Answers refused: unknown, of a wrong source or with a wrong cookie.",
        engine.forged as f64,
    );
    out.single(
        "ets_blind_seconds_total",
        "counter",
        "Time in which the hub itself could not see.",
        engine.blind_ns as f64 / 1e9,
    );
}

fn netd(out: &mut Text, health: &Health) {
    let up = f64::from(u8::from(health.netd.connected));
    out.single("ets_netd_up", "gauge", "Whether netd is heard: 1 yes, 0 no.", up);
    out.single(
        "ets_netd_connects_total",
        "counter",
        "Connections to netd since serve started.",
        health.netd.connects as f64,
    );
    let status = health.netd.status.as_ref().map(|(_, status)| status.as_ref());
    let of = |value: Option<u64>| value.map_or(f64::NAN, |value| value as f64);
    out.single(
        "ets_netd_resident_memory_bytes",
        "gauge",
        "Resident memory of netd.",
        of(status.map(|status| status.resident)),
    );
    out.single(
        "ets_netd_cpu_seconds_total",
        "counter",
        "CPU time that netd used.",
        of(status.map(|status| status.cpu_ns)) / 1e9,
    );
    out.single(
        "ets_netd_ring_bytes",
        "gauge",
        "Bytes in netd's ring of what it saw.",
        of(status.map(|status| status.ring_bytes)),
    );
    out.single(
        "ets_netd_ring_limit_bytes",
        "gauge",
        "Bytes that netd's ring may hold.",
        of(status.map(|status| status.ring_limit)),
    );
}

fn memory(out: &mut Text, health: &Health) {
    let name = "ets_memory_bytes";
    out.head(name, "gauge", "Memory of both processes by part.");
    let mut line = |process: &str, part: &str, bytes: u64| {
        let labels = format!("{{process=\"{process}\",part=\"{}\"}}", escape(part));
        out.line(name, &labels, bytes as f64);
    };
    health.memory.iter().for_each(|part| line("serve", part.name, part.bytes));
    if let Some((_, status)) = &health.netd.status {
        let parts = ets_watch::netd_memory(status);
        parts.iter().for_each(|part| line("netd", part.name, part.bytes));
    }
}

fn storage(out: &mut Text, health: &Health, series: &ets_series::Health) {
    out.head("ets_database_writable", "gauge", "Whether the last write worked: 1 yes, 0 no.");
    for database in &health.databases {
        let labels = format!("{{database=\"{}\"}}", escape(database.name));
        out.line("ets_database_writable", &labels, f64::from(u8::from(database.writable)));
    }
    out.head("ets_database_size_bytes", "gauge", "Size of a database file.");
    for database in &health.databases {
        let labels = format!("{{database=\"{}\"}}", escape(database.name));
        out.line("ets_database_size_bytes", &labels, database.store.size_bytes as f64);
    }
    let (free, total) = health.disk.unwrap_or_default();
    out.single("ets_disk_free_bytes", "gauge", "Free bytes on the databases' disk.", free as f64);
    out.single("ets_disk_size_bytes", "gauge", "Size of the databases' disk.", total as f64);
    out.single(
        "ets_events_behind",
        "gauge",
        "Events seen but not yet written down.",
        health.behind as f64,
    );
    let stopped = f64::from(u8::from(series.stopped));
    out.single(
        "ets_recording_stopped",
        "gauge",
        "Whether recording of series has stopped for want of space: 1 yes, 0 no.",
        stopped,
    );
    out.single(
        "ets_recording_dropped_total",
        "counter",
        "Minutes of measurements dropped because they could not be written.",
        series.dropped as f64,
    );
    out.single(
        "ets_recording_seconds_bytes",
        "gauge",
        "Memory of the seconds kept of the last hour.",
        series.seconds_bytes as f64,
    );
}

fn mail(out: &mut Text, figures: &ets_notify::Figures) {
    out.single(
        "ets_notify_queued",
        "gauge",
        "Letters that wait for the mail relay.",
        figures.queued as f64,
    );
    out.single(
        "ets_notify_sent_total",
        "counter",
        "Letters that the mail relay took.",
        figures.sent as f64,
    );
    out.single(
        "ets_notify_failed_total",
        "counter",
        "Letters that the mail relay refused for good.",
        figures.failed as f64,
    );
}

/// A label's value.
pub(super) fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
