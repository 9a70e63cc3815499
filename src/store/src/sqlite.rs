//! What SQLite says of itself and the driver does not pass on.

#![allow(unsafe_code)] // One call; the driver links the library and keeps its names to itself.

// `libsqlite3-sys` is named by the driver alone, which fixes its version.
unsafe extern "C" {
    safe fn sqlite3_memory_used() -> i64;
}

/// Bytes that SQLite has allocated in this process.
pub(crate) fn memory_used() -> u64 {
    sqlite3_memory_used().try_into().unwrap_or(0)
}
