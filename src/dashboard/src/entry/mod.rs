//! Who comes in, and how: the administrator's client certificate, a one-time link that opens a
//! session, or the Unix socket of this machine; and what each address needs.

mod bound;
mod guard;
mod holder;
mod identity;
mod routes;
mod schema;
mod sessions;
mod token;

pub(crate) use guard::{clear_cookie, identify, session_cookie};
pub(crate) use holder::Holder;
pub(crate) use identity::{Identity, Proof};
pub(crate) use routes::Routes;
pub use routes::{Address, Needs};
pub use schema::MIGRATIONS;
pub use sessions::EntryLink;
pub(crate) use sessions::{Session, Sessions};
pub use token::Token;
pub(crate) use token::TokenHash;
