//! The rules against a scripted `netd` that speaks the real protocol over a Unix socket, on both
//! databases, with the real watch handing the events on.

// The helpers are tests as well.
#![allow(clippy::unwrap_used)]

mod away;
mod changes;
mod drafts;
mod history;
mod hub;
mod netd;
mod offences;
mod random;
mod registry;
mod star;
