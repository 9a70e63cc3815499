//! Exact accounting: what segments send and receive, as on the wire, counted by tc programs that
//! this crate writes itself (no compiler for eBPF, no object file).
//!
//! # What is counted
//!
//! Layer-3 bytes (IPv4 and IPv6 header and payload, without link header and padding) and packets, by
//! segment, class and direction, at the segment's port: `up` at its ingress, `down` at its egress.
//!
//! - A merged packet (GRO, GSO, TSO, BIG TCP) counts as the packets that it is on the wire, each with
//!   its own headers.
//! - A packet whose length field says 0 or more than there is counts with what is there.
//! - A packet belongs to the segment whose prefix holds its source (up) or destination (down); the
//!   longest prefix wins. What belongs to none counts for segment 0, so that the sum over all
//!   segments is what the interfaces carried in IP.
//! - ARP and other frames that are no IP are not layer-3 traffic and not counted.
//! - Up is counted before any rule may drop it. Down is counted when it is handed to the interface:
//!   before a queue that shapes it, should one drop it there.
//! - Class: of the service at the other side's address, protocol and port; of what is at its address
//!   (fragments beyond the first have no ports); of the place it lies in; else other.
//!
//! # Who does what
//!
//! [`setup()`] makes and pins maps and programs once, with `CAP_BPF`. [`Meters`] attaches, configures
//! and reads them with `CAP_NET_ADMIN` alone. Totals live in the kernel: they outlive every process and
//! are never reset.
#![allow(clippy::cast_possible_truncation)]

mod asm;
mod changes;
mod error;
mod layout;
mod memory;
mod meters;
mod pins;
mod program;
mod setup;
mod sys;
mod tables;
mod tc;
pub mod trial;

pub use error::Error;
pub use meters::{Disturbance, Meters, Missing, Restored};
pub use setup::{Outcome, Setup, setup};
pub use tables::ServiceAt;
