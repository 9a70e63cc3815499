//! The protocol between `netd`, which may touch the network, and `serve`, which may not.
//!
//! One Unix stream socket, peers checked by `SO_PEERCRED`. Frames are a little-endian `u32` length
//! and that many bytes of postcard. A connection opens with [`Hello`] both ways and carries one
//! request; what follows depends on the request. Descriptors travel as `SCM_RIGHTS`.
//!
//! `serve` uses [`Client`]; `netd` uses [`Connection`], [`greet`] and [`frame`].

mod client;
mod codec;
mod connection;
mod descriptor;
mod error;
mod hello;
mod message;
mod meter;
mod peer;
mod rules;
mod tick;
mod varint;

pub use client::{Client, Follower, Gap, Meters, Pinging, Replaying};
pub use codec::{FRAME_LIMIT, HELLO_LIMIT, decode, frame};
pub use connection::Connection;
pub use descriptor::{InheritError, inherited_listener};
pub use error::Error;
pub use hello::{greet, greet_netd};
pub use message::*;
pub use meter::{
    Class, Conversation, Conversations, Counter, Direction, MeterBuilder, MeterFrame, MeterKind,
    Metering,
};
pub use peer::{Allow, Peer};
pub use rules::{
    Apply, Drift, Offence, OffenceKind, Pending, Plan, Reach, RulesEvent, RulesNow, Subject, Why,
};
pub use tick::TickBuilder;
