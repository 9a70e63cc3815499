//! The DNS resolver of the segments (requirement N6): the closed network's own zone, and names
//! outside by forwarding, with a cache that outlasts the server outside.
//!
//! Whoever is no segment gets no answer at all: it is no open resolver and amplifies nothing.

mod cache;
mod config;
mod error;
mod figures;
mod guard;
mod inner;
mod message;
mod outside;
mod resolver;
mod tcp;
mod udp;
mod world;
mod zone;

pub use config::Config;
pub use error::Error;
pub use figures::Figures;
pub use resolver::Resolver;
pub use tcp::serve_tcp;
pub use udp::serve_udp;
pub use world::{Client, Kind, World};
