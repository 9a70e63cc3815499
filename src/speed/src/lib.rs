//! How fast a segment's channel is, measured on demand between the segment and the hub, without
//! starving the work on it (requirement N8.1).
//!
//! Whoever sits in the segment needs a browser or curl and nothing else: the hub sends, or takes,
//! bytes as fast as its governor lets it. It gives way to everybody else's traffic in the
//! segment, as the accounting sees it, and to queues, as the round-trip time shows them
//! (the idea of LEDBAT, RFC 6817, with the hub as the only judge, so that it holds both ways).
//!
//! What is told are layer-3 bits a second as on the wire, the unit of contracted rates.

mod channel;
mod desk;
mod error;
mod gauge;
mod governor;
mod measured;
mod run;
mod tables;

pub use channel::{Channel, Echoes, Rates};
pub use desk::{Deps, Desk};
pub use error::Error;
pub use governor::Limit;
pub use measured::Measured;
pub use run::{DURATION, Run};
pub use tables::MIGRATIONS;
