//! What is counted.

use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;

use crate::Access;
use crate::refusal::Reason;
use crate::routes::Way;

/// A count.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Of answers, by the first digit of the status.
#[derive(Debug, Default)]
pub(crate) struct Answers([Counter; 6]);

impl Answers {
    pub(crate) fn add(&self, status: StatusCode) {
        self.0[usize::from(status.as_u16() / 100).min(5)].add(1);
    }

    pub(crate) fn figures(&self) -> [u64; 6] {
        [0, 1, 2, 3, 4, 5].map(|class: usize| self.0[class].get())
    }
}

/// Of one route.
#[derive(Debug, Default)]
pub(crate) struct RouteCounters {
    pub(crate) answers: Answers,
    pub(crate) up: Counter,
    pub(crate) down: Counter,
    pub(crate) faults: Counter,
    pub(crate) cut: Counter,
}

/// Of refusals, by reason.
#[derive(Debug, Default)]
pub(crate) struct Refusals([Counter; Reason::ALL.len()]);

impl Refusals {
    pub(crate) fn add(&self, reason: Reason) {
        self.0[reason as usize].add(1);
    }

    fn figures(&self) -> Vec<Share> {
        Reason::ALL.iter().map(|reason| (reason.word(), self.0[*reason as usize].get())).collect()
    }
}

/// A part of a count: what is counted, in a word, and how many.
pub type Share = (&'static str, u64);

/// What the proxy counted since it began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Route by route, as configured.
    pub routes: Vec<RouteFigures>,
    /// All answers by status class: 1xx to 5xx at 1 to 5.
    pub by_class: [u64; 6],
    /// Requests that were refused, by reason.
    pub refused: Vec<Share>,
    /// Certificates whose owners were last active within the idle time.
    pub certificates: u64,
    /// Streams that are judged again when rights change.
    pub streams: u64,
    /// Connections.
    pub connections: ConnectionFigures,
}

/// What the accept loops counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionFigures {
    /// Open now, those that shake hands included.
    pub open: u64,
    /// Handshakes under way now.
    pub shaking: u64,
    /// Accepted so far.
    pub accepted: u64,
    /// Handshakes by their result.
    pub handshakes: Vec<Share>,
    /// Ended by us, by reason.
    pub ended: Vec<Share>,
}

/// What one route counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteFigures {
    /// The route: its host where it has one, and its prefix.
    pub name: String,
    /// Whether it belongs to the open part.
    pub open: bool,
    /// Answers by status class: 1xx to 5xx at 1 to 5.
    pub by_class: [u64; 6],
    /// Bytes of bodies to the service.
    pub bytes_up: u64,
    /// Bytes of bodies from the service.
    pub bytes_down: u64,
    /// Requests that the service failed.
    pub upstream_errors: u64,
    /// Streams that were ended because the right was gone.
    pub cut: u64,
    /// Upstreams that are up.
    pub up: u64,
    /// Upstreams that are down.
    pub down: u64,
}

impl Access {
    /// What was counted of requests and of connections.
    pub fn figures(&self) -> Figures {
        let shared = &self.shared;
        Figures {
            routes: shared.table.ways.iter().map(|way| of_route(way)).collect(),
            by_class: shared.answers.figures(),
            refused: shared.refusals.figures(),
            certificates: shared.holders.len(),
            streams: shared.streams.len(),
            connections: of_connections(self.counters()),
        }
    }
}

fn of_route(way: &Way) -> RouteFigures {
    let (counters, down) = (&way.counters, way.upstreams.down());
    RouteFigures {
        name: way.name(),
        open: way.route.open,
        by_class: counters.answers.figures(),
        bytes_up: counters.up.get(),
        bytes_down: counters.down.get(),
        upstream_errors: counters.faults.get(),
        cut: counters.cut.get(),
        up: (way.route.upstreams.len() as u64).saturating_sub(down),
        down,
    }
}

fn of_connections(counters: &ets_listen::Counters) -> ConnectionFigures {
    let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    ConnectionFigures {
        open: get(&counters.open),
        shaking: get(&counters.shaking),
        accepted: get(&counters.accepted),
        handshakes: vec![
            ("full", get(&counters.full)),
            ("resumed", get(&counters.resumed)),
            ("failed", get(&counters.failed)),
            ("slow", get(&counters.slow)),
            ("sent-away", get(&counters.sent_away)),
        ],
        ended: vec![
            ("many-of-address", get(&counters.crowded_address)),
            ("many-of-certificate", get(&counters.crowded_certificate)),
            ("idle", get(&counters.idle)),
            ("stalled", get(&counters.stalled)),
        ],
    }
}
