//! The journal's tables.

use ets_store::Migration;

/// The journal's migrations.
pub const MIGRATIONS: &[Migration] = &[];
