//! What the hub tells people who are not looking at it: e-mail over a relay (RFC 5321).
//!
//! A letter is written into `state.db` in the transaction of what causes it, with a Message-ID that
//! stays the same, and goes out from there: it is lost with its cause alone. It goes at least once,
//! and again where the relay's word that it has it was not written down: by a crash, by an ordinary
//! stop that waited no longer, or because the word was lost on the way. The Message-ID tells the
//! receiver's server that both are one.

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
