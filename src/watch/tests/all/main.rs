//! The watch against a scripted `netd` that speaks the real protocol over a Unix socket.

// The helpers are tests as well.
#![allow(clippy::unwrap_used)]

mod away;
mod bench;
mod hub;
mod live;
mod netd;
mod questions;
mod trouble;
