//! The privileged process: it probes, watches the kernel's links, decides up and down, remembers
//! what it saw, and holds the listening sockets. It never accepts a connection from the network
//! and never parses what strangers send, save the answers to its own probes.
//!
//! One plain thread drives the probe engine and feeds the machines ([`watcher`]); a control
//! server on a Unix socket serves `serve` ([`server`]). Between them stands one [`journal`].

mod alive;
mod brain;
mod config;
mod error;
mod journal;
mod keeper;
mod listeners;
mod meter;
mod ping;
mod refuse;
mod rights;
mod ring;
mod rules;
mod server;
mod service;
mod speak;
mod status;
mod watcher;

pub use config::Config;
pub use error::Error;
pub use meter::set_up;
pub use rights::confine;
pub use service::{Deps, Netd, build};
