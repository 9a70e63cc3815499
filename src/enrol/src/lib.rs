//! How machines get certificates by themselves: ACME (RFC 8555) for the servers of institutions,
//! EST (RFC 7030) for the routers of segments.
//!
//! An officer hands out the right to ask: to an institution a key that binds ACME accounts to it
//! and names what it may answer at, to a router a secret that works once. What is issued is built
//! by `ets-ca` from a profile; of a request only its key is taken, after what else stands in it
//! was compared with what was asked for.

mod acme;
mod body;
mod check;
mod config;
mod csr;
mod der;
mod enrol;
mod error;
mod est;
mod identifier;
mod jwk;
mod jws;
mod nonce;
mod officer;
mod permit;
mod problem;
mod strangers;
mod tables;

pub use config::Config;
pub use enrol::{Deps, Enrol};
pub use error::Error;
pub use officer::{AccountKey, KeyListed, RouterListed, RouterSecret};
pub use tables::MIGRATIONS;
