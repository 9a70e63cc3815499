//! The one way out (requirements N6 and N7): by policy, every byte metered.

mod accept;
pub mod accounts;
mod asking;
mod config;
pub mod datagrams;
mod desk;
mod error;
mod fixed;
mod gateway;
pub mod http;
mod keep;
mod lane;
pub mod meters;
mod names;
mod open;
pub mod policy;
mod quota;
pub mod relay;
mod service;
pub mod socks;
mod tables;
mod target;
#[cfg(test)]
mod testing;
mod transparent;
pub mod words;

pub use accounts::{By, Line, Question, Report, SERIES_MIGRATIONS};
pub use asking::{ACTION as REQUEST, Asked, Asking, Denied, Refused};
pub use config::Config;
pub use desk::{Applied, Deps, Desk, Version, Would};
pub use error::Error;
pub use fixed::State as RelayState;
pub use gateway::{Gateway, Reached, Refusal, Resolve, Ruled, World};
pub use keep::keep;
pub use names::{LookUp, LookingUp, Names};
pub use quota::{Held, Notice, Standing, WARN_PERCENT};
pub use service::{Speaks, hold, open, serve, serve_datagrams, serve_tls};
pub use tables::MIGRATIONS;
pub use target::{Host, Target};
pub use transparent::Speak;
