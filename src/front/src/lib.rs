//! Pages for people without entry (requirement N10): "my connection" for whoever sits in a segment,
//! and the way in for whoever does not.
//!
//! Who asks is known by his address, which the packet filter vouches for inside the network. Pages
//! are whole without a script, and old browsers show them: no variables in the style sheet, no
//! element that Internet Explorer does not know. What is asked of the database is kept for a minute,
//! so that a page costs nothing however often it is opened.

mod acme;
mod config;
mod frame;
mod guard;
mod mine;
mod month;
mod open;
mod request;
mod site;
mod stranger;
mod visit;

pub use acme::{Acme, Error as AcmeError, keep, renew};
pub use config::{Config, Ways};
pub use open::{Proofs, Target, by_address};
pub use site::{Deps, Front, build};
