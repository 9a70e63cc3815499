//! Measurements over time: seconds of the last hour in memory, minutes for 90 days and hours for
//! 5 years in packed blocks, round-trip times as histograms and never only as an average.
//!
//! The way of a sample: [`Recorder::record`] adds it to the second and to the open minute in
//! memory; a full minute of all segments becomes one row, a full hour of those rows
//! becomes one block per segment, a full day of blocks one block of hours. The place in `netd`'s
//! stream is kept in the same transaction, so that doing it again changes nothing.

mod block;
mod config;
mod disk;
mod error;
mod everybody;
mod histogram;
mod memory;
mod minute;
mod pack;
mod point;
mod progress;
mod range;
mod recorder;
mod seconds;
mod sweep;
mod tables;
mod tally;
#[cfg(test)]
mod tests;
mod varint;

pub use config::Config;
pub use error::Error;
pub use histogram::{Bucket, Histogram};
pub use point::{Minute, Point, Second, Span};
pub use progress::Progress;
pub use recorder::{Health, Recorder};
pub use tables::MIGRATIONS;
