//! The certification authority: profiles, keys, what is signed and by which rules.
//!
//! A certificate is rehearsed before it is signed: built from its profile, signed by a key that
//! nobody trusts, read back and held against the rules. What is signed is what was rehearsed.

mod authority;
mod build;
mod custody;
mod der;
mod desk;
mod error;
mod kept;
mod key;
mod lint;
mod profile;
mod serial;
mod subject;
mod tables;

pub use authority::{Authority, Draft, Files};
pub use build::{Addresses, Wanted};
pub use custody::Passphrase;
pub use desk::{Ca, Deps, Issued};
pub use error::Error;
pub use kept::{Kept, Reason, State};
pub use key::is_pair;
pub use serial::{NoSerial, Serial};
pub use subject::Subject;
pub use tables::{MIGRATIONS, is_empty};
