//! The certification authority: profiles, keys, what is signed and by which rules.
//!
//! A certificate is rehearsed before it is signed: built from its profile, signed by a key that
//! nobody trusts, read back and held against the rules. What is signed is what was rehearsed.

mod authority;
mod build;
mod check;
mod custody;
mod der;
mod desk;
mod error;
mod held;
mod kept;
mod key;
pub mod life;
mod lint;
mod log;
mod own;
mod pkcs12;
mod profile;
mod reconcile;
pub mod root;
mod search;
mod serial;
mod sign;
mod status;
mod subject;
mod tables;
#[cfg(feature = "testing")]
pub mod testing;
mod turn;

pub use authority::{Authority, Draft, Files, Times};
pub use build::{Addresses, Wanted, is_dns};
pub use check::check;
pub use custody::{KeyStore, Passphrase, Token, TokenError};
pub use der::tlv;
pub use desk::{Ca, Deps, Issued, Note};
pub use error::Error;
pub use kept::{Kept, Reason, State};
pub use key::{fingerprint as key_fingerprint, is_pair};
pub use own::{OWN, has_administrator};
pub use pkcs12::{Protection, SHORTEST as SHORTEST_PASSWORD, pkcs12};
pub use search::{Figures, Query, SOON, Shown, figures, search};
pub use serial::{NoSerial, Serial};
pub use sign::Certificate;
pub use subject::Subject;
pub use tables::{MIGRATIONS, is_empty};
