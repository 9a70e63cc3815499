//! The languages of the product: texts, numbers, durations, moments and sorting.
//!
//! Texts stand in `locales/{kk,ru,en}/*.ftl`, one file for each room. The build fails when a key
//! or an argument is missing in one language. For every message there is a function in [`t`]:
//! `segments-down = … {$count} …` becomes `t::segments_down(&tr, count)`; a message without
//! arguments gives a `&'static str` and costs nothing. Where the key itself is data (a menu, a
//! table of columns) there is a constant in [`key`] for [`Tr::get`].
//!
//! Everything shown to a person goes through a [`Tr`]: a language and a time zone.

mod arg;
mod collate;
mod error;
mod number;
mod span;
mod translate;
mod when;

pub use arg::Arg;
pub use collate::{collation_key, compare};
pub use error::Error;
pub use ets_model::Lang;
pub use jiff::tz::TimeZone;
pub use number::NBSP;
pub use translate::{Key, Tr};
pub use when::zone;

include!(concat!(env!("OUT_DIR"), "/messages.rs"));
