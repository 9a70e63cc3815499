//! Who went where: connections and bytes by hour, segment, person, host and rule; refused asks too.
//!
//! The meters are exact and outlive a `kill -9`. This is for people: it is put together in memory and
//! written every ten seconds, with what open tunnels have moved by then, so a `kill -9` may lose ten
//! seconds of it. A clean stop loses nothing.

mod ledger;
mod report;
mod rows;

pub(crate) use ledger::{Deed, Key, Ledger, Sum};
pub(crate) use report::report;
pub use report::{By, Line, Question, Report};
pub use rows::SERIES_MIGRATIONS;
pub(crate) use rows::{sweep, write};

/// What is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Keep {
    /// Segment, person, host, rule.
    #[default]
    Full,
    /// Segment and rule; neither person nor host.
    Segments,
    /// Nothing.
    Off,
}

impl Keep {
    /// Its name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Segments => "segments",
            Self::Off => "off",
        }
    }
}

/// The host of those that there was no room for.
pub const OTHERS: &str = "*";
/// The verdict of what was let through.
pub const ALLOWED: &str = "allowed";

#[cfg(test)]
mod tests;
