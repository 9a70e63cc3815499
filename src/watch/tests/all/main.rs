//! The watch against a scripted `netd` that speaks the real protocol over a Unix socket.

mod away;
mod bench;
mod hub;
mod live;
mod netd;
mod questions;
mod trouble;
