//! The reverse proxy of the closed part (requirement T2): identity from the verified certificate
//! alone, rights per route, and nothing that goes on once either is gone.
//!
//! A request is checked in this order: the connection still stands, its form is clear, its host is
//! the name that the handshake asked for, a certificate was proved, its owner is not asking too
//! much, a route leads there, he may take it, his signature is fresh enough. Then what he wrote
//! about himself is taken off, what the certificate says is put in its place, and the request is
//! streamed to a service that is up. Whatever stays open is judged again when rights change.
//!
//! [`build`] makes an [`Access`] from its [`Config`] and [`Deps`]; [`Access::run`] serves.

mod body;
mod config;
mod error;
mod figures;
mod forward;
mod handler;
mod headers;
mod holders;
mod identity;
mod judge;
mod own;
mod pages;
mod refusal;
mod routes;
mod service;
mod streams;
mod token;
mod upgrade;
mod upstream;
mod visit;

pub use config::{AtOnce, Config, Identity, Idle, PerAddress, PerCertificate, Route, Timeouts};
pub use error::Error;
pub use ets_rights::{Decision, Held, Object, Scope};
pub use figures::{ConnectionFigures, Figures, RouteFigures, Share};
pub use judge::Judge;
pub use service::{Access, Deps, Renewal, build};
