//! The tables of measurements.

use ets_store::Migration;

/// The migrations of measurements.
pub const MIGRATIONS: &[Migration] = &[];
