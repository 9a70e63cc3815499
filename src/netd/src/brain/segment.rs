//! What the brain holds of one segment.

use std::net::IpAddr;
use std::time::Duration;

use ets_liveness::{Machine, Params, TransitionDraft};
use ets_model::{BootTime, Criticality, LinkState, Method, Obstacle, SegmentNo, Stamp};
use ets_netd_api::Target;
use ets_probe::ProbeTarget;

/// One segment that is watched.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) no: SegmentNo,
    pub(crate) address: IpAddr,
    pub(crate) method: Method,
    pub(crate) criticality: Criticality,
    pub(crate) maintenance: bool,
    /// Its port, and through it its trunk.
    pub(crate) port: Option<usize>,
    pub(crate) trunk: Option<usize>,
    pub(crate) machine: Machine,
    /// The state that everybody knows; behind the machine's while a "down" is held back.
    pub(crate) published: LinkState,
    pub(crate) since: Stamp,
    /// A "down" that is held back until it is known whether the whole trunk is dark.
    pub(crate) held: Option<Box<TransitionDraft>>,
    /// Whether the machine wants to be probed ten times a second.
    pub(crate) fast: bool,
    /// Whether the machine was told that its trunk is dark.
    pub(crate) dark: bool,
    /// Whether the machine was told that the carrier is lost.
    pub(crate) carrier_lost: bool,
    /// Whether the last neighbour state told was a bad one.
    pub(crate) neighbour_failed: bool,
    /// Losses that may still turn into late answers.
    pub(crate) open_losses: u16,
    /// Why the newest probe could not be sent, if it could not.
    pub(crate) refused: Option<Obstacle>,
    /// When an ICMP error was last told.
    pub(crate) error_told: Option<BootTime>,
}

impl Segment {
    /// A segment of which nothing is known yet.
    pub(crate) fn new(target: &Target, now: Stamp) -> Self {
        Self {
            no: target.no,
            address: target.address,
            method: target.method,
            criticality: target.criticality,
            maintenance: false,
            port: None,
            trunk: None,
            machine: Machine::new(now.boot),
            published: LinkState::Unknown,
            since: now,
            held: None,
            fast: false,
            dark: false,
            carrier_lost: false,
            neighbour_failed: false,
            open_losses: 0,
            refused: None,
            error_told: None,
        }
    }

    /// Whether it may still tell that its trunk is alive: neither known to be down nor left out of
    /// account by maintenance.
    pub(crate) fn is_candidate(&self) -> bool {
        !matches!(self.published, LinkState::Down | LinkState::Maintenance)
    }

    /// Whether another address or method has to be probed for `target`.
    pub(crate) fn is_other_subject(&self, target: &Target) -> bool {
        self.address != target.address || self.method != target.method
    }

    /// How it is probed at its own pace.
    pub(crate) fn probe_target(&self, slot: u32, params: &Params) -> ProbeTarget {
        ProbeTarget {
            slot,
            address: self.address,
            method: self.method,
            interval: self.interval(params),
        }
    }

    /// The interval that the machine wants.
    pub(crate) fn interval(&self, params: &Params) -> Duration {
        if self.fast { params.fast_interval } else { params.interval(self.criticality) }
    }
}
