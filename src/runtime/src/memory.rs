//! The memory of this process: how the allocator is set up, what it holds, what else there is.
//!
//! glibc keeps what was freed: in an arena for each few threads, and on the heap for ever when one
//! block at its end is still in use. After 10,000 segments were read in that was more than all
//! that `serve` needs. So there are few arenas, large blocks go back to the kernel when they are
//! freed, and the rest is given back once a minute.

#![allow(unsafe_code)] // Three calls of the C library's allocator; none takes a pointer.

use std::time::Duration;

use nix::libc;

use crate::Shutdown;

/// How often freed memory is given back.
const GIVE_BACK: Duration = Duration::from_secs(60);

/// Blocks from this size on are mapped one by one, in bytes. Stated once, the C library no longer
/// raises it by itself.
const LARGE: libc::c_int = 256 << 10;

/// The memory of this process, in bytes; 0 where the system does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident in all.
    pub resident: u64,
    /// Allocated and in use.
    pub used: u64,
    /// Freed by us, still held by the allocator.
    pub free: u64,
    /// The program, its libraries and what it has mapped of files.
    pub code: u64,
}

impl Memory {
    /// As it is now. Takes about a millisecond.
    pub fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let field = |name: &str| kibibytes(&status, name) << 10;
        let (used, kept) = heap();
        let (anonymous, code) = (field("RssAnon:"), field("RssFile:") + field("RssShmem:"));
        // What was given back is still on the allocator's books, so it is told by what is resident.
        let free = anonymous.saturating_sub(used).min(kept);
        Self { resident: anonymous + code, used: used.min(anonymous), free, code }
    }
}

/// Sets the allocator up; to be called before there is a second thread.
pub fn set_up_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: sets two numbers of the allocator.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2);
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
    }
}

/// Gives freed memory back to the kernel once a minute, until shutdown.
pub async fn give_memory_back(shutdown: Shutdown) {
    loop {
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(GIVE_BACK) => {}
        }
        // It walks all that is free: milliseconds, and not on a thread that serves.
        let _ = tokio::task::spawn_blocking(trim).await;
    }
}

fn trim() {
    #[cfg(target_env = "gnu")]
    // SAFETY: touches nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Bytes in use and bytes free on the allocator's books.
fn heap() -> (u64, u64) {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: reads the allocator's own figures, each arena under its lock.
        let books = unsafe { libc::mallinfo2() };
        ((books.uordblks + books.hblkhd) as u64, books.fordblks as u64)
    }
    #[cfg(not(target_env = "gnu"))]
    (0, 0)
}

/// A field of `/proc/self/status`, in KiB.
fn kibibytes(status: &str, name: &str) -> u64 {
    let value = |line: &str| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok();
    status.lines().find_map(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N11
    #[test]
    fn what_is_held_is_in_use_and_what_was_freed_goes_back() {
        set_up_memory();
        let before = Memory::now();
        assert!(before.code > 100 << 10 && before.resident >= before.code + before.used);
        let small: Vec<Vec<u8>> = (0..40_000).map(|_| vec![1; 1_000]).collect();
        let held = Memory::now();
        assert!(held.used - before.used > 40_000_000, "{before:?} {held:?}");
        // One block at the end keeps the C library from giving anything back by itself.
        let last = vec![1_u8; 1_000];
        drop(small);
        let freed = Memory::now();
        assert!(freed.free > 35_000_000, "{freed:?}");
        trim();
        let after = Memory::now();
        assert!(after.resident + 35_000_000 < freed.resident, "{freed:?} {after:?}");
        assert!(after.free < 5_000_000, "{after:?}");
        drop(last);
    }
}
