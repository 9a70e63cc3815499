//! A map's values, mapped: read and written without system calls.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// Whether the memory may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Read,
    Write,
}

/// The values of an array map. The kernel's programs change them at any time, so they are only ever
/// read and written as atomic 64-bit words.
#[derive(Debug)]
pub(super) struct Memory {
    words: NonNull<AtomicU64>,
    count: usize,
    writable: bool,
}

// SAFETY: the mapping belongs to this value alone until it is dropped, and is accessed by atomic
// operations only.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// Maps the first `bytes` bytes (a multiple of 8) of a mappable array's values.
    pub(super) fn map(map: BorrowedFd<'_>, bytes: usize, access: Use) -> io::Result<Self> {
        let writable = access == Use::Write;
        let protection = libc::PROT_READ | if writable { libc::PROT_WRITE } else { 0 };
        let (fd, shared) = (map.as_raw_fd(), libc::MAP_SHARED);
        // SAFETY: a new mapping at an address that the kernel chooses; nothing else is touched.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, shared, fd, 0) };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let words = NonNull::new(at.cast()).ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Self { words, count: bytes / 8, writable })
    }

    /// All words.
    pub(super) fn words(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is valid for `count` aligned words as long as `self` lives, and is
        // changed by atomic operations only (the kernel's programs use atomic adds).
        unsafe { std::slice::from_raw_parts(self.words.as_ptr(), self.count) }
    }

    /// The word at a byte offset; 0 beyond the end.
    pub(super) fn load(&self, offset: usize) -> u64 {
        self.words().get(offset / 8).map_or(0, |word| word.load(Ordering::Acquire))
    }

    /// Sets the word at a byte offset, after everything that was set before. Does nothing in memory
    /// that was mapped for reading.
    pub(super) fn store(&self, offset: usize, value: u64) {
        if let Some(word) = self.words().get(offset / 8).filter(|_| self.writable) {
            word.store(value, Ordering::Release);
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: mapped by `map` with this length, and unmapped only here.
        unsafe { libc::munmap(self.words.as_ptr().cast(), self.count * 8) };
    }
}
