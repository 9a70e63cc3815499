//! What is counted.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::refusal::Reason;

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

/// Of one route.
#[derive(Debug, Default)]
pub(crate) struct RouteCounters {
    /// By the first digit of the status.
    pub(crate) by_class: [Counter; 6],
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
}

/// What the proxy counted since it began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Route by route, as configured.
    pub routes: Vec<RouteFigures>,
    /// Requests that were refused: the reason in one word, and how many.
    pub refused: Vec<(&'static str, u64)>,
    /// Certificates whose owners were last active within the idle time.
    pub certificates: u64,
    /// Streams that are judged again when rights change.
    pub streams: u64,
}

/// What one route counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteFigures {
    /// The route's prefix.
    pub prefix: String,
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
    /// Upstreams that are down.
    pub down: u64,
}

impl Refusals {
    pub(crate) fn figures(&self) -> Vec<(&'static str, u64)> {
        Reason::ALL.iter().map(|reason| (reason.word(), self.0[*reason as usize].get())).collect()
    }
}
