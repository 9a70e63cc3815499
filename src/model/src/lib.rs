//! The vocabulary of the product: plain types and pure rules that every room shares.
//!
//! No I/O, no async runtime and no database here. Times come in two kinds that are never mixed:
//! [`BootTime`] measures durations, [`WallTime`] is for people.

mod channel;
mod check;
mod evidence;
mod health;
mod intercept;
mod names;
mod observation;
mod outage;
mod person;
mod policy;
mod prefix;
mod segment;
mod service;
mod state;
mod time;

pub use channel::{Channel, Parent, Router};
pub use check::{Check, CheckFault, CheckKind, StatusRange, Unread};
pub use evidence::{BlindReason, Evidence, Fact, IcmpErrorKind, NeighbourState, Obstacle, Source};
pub use health::{HealthState, Reachable, ServiceNow};
pub use intercept::Intercept;
pub use names::{Lang, Names, ParseLangError};
pub use observation::{Outcome, Sample};
pub use outage::{Blind, Outage, OutageId, OutageKind, Transition};
pub use person::PersonId;
pub use policy::{
    Arm, Hardware, InvalidHardware, Limits, Network, Policy, PolicyChange, PolicyFault, Rate, Role,
    Served,
};
pub use prefix::overlap;
pub use segment::{
    Criticality, Institution, InstitutionId, InvalidId, Method, Probing, Segment, SegmentId,
    SegmentNo, ServiceId,
};
pub use service::{
    InvalidPorts, OpenTo, Owner, PortRange, Protocol, Service, ServiceNo, ServicePlace,
};
pub use state::LinkState;
pub use time::{BootTime, Stamp, WallTime};
