//! The administrator's dashboard: pages, live streams, the HTTP API, figures for Prometheus.
//!
//! [`build`] joins the handles of other parts into a [`Dashboard`], which gives routers: one for
//! people ([`Dashboard::router`]), one for Prometheus, one for commands of this machine. Who asks
//! is proved by the connection (a client certificate, a system user) or by a session that a
//! one-time link opened; [`entry`] is the one gate in front of everything.

mod api;
mod classes;
mod config;
mod entry;
mod error;
mod live;
mod metrics;
mod pages;
mod service;

pub use config::Config;
pub use entry::{Address, EntryLink, MIGRATIONS, Needs, Token};
pub use error::{Error, Fault};
pub use metrics::{Entrance, LIST as METRICS};
pub use service::{Dashboard, Deps, addresses, build};
