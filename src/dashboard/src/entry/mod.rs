//! Who comes in, and how: the administrator's client certificate, a one-time link that opens a
//! session, or the Unix socket of this machine.

mod guard;
mod identity;
mod origin;
mod schema;
mod sessions;
mod token;

pub(crate) use guard::{clear_cookie, identify, require_entry, session_cookie};
pub(crate) use identity::{Identity, Proof};
pub(crate) use origin::is_own;
pub use schema::MIGRATIONS;
pub use sessions::EntryLink;
pub(crate) use sessions::{Session, Sessions};
pub use token::Token;
pub(crate) use token::TokenHash;
