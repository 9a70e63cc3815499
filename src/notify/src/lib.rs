//! What the hub tells people who are not looking at it: e-mail over a relay (RFC 5321).
//!
//! A letter is written into `state.db` in the transaction of what causes it, with a Message-ID that
//! stays the same, and goes out from there: it is lost with its cause alone. It goes twice only
//! where the relay's word that it has it was lost, by a crash or on the way, before it was written
//! down; the Message-ID tells the receiver's server that both are one.

mod address;
mod config;
mod error;
mod letter;
mod service;
mod smtp;
mod tables;

pub use address::{Address, BadAddress, Sender};
pub use config::{Config, Relay, Tls};
pub use error::Error;
pub use letter::{Kept, Letter, LetterId, State};
pub use service::{Notify, build};
pub use tables::{Figures, MIGRATIONS, figures, find};
