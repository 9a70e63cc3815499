//! bpf(2), as far as the accounting needs it.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::asm::Insn;

const MAP_CREATE: i64 = 0;
const MAP_UPDATE: i64 = 2;
const MAP_DELETE: i64 = 3;
const PROG_LOAD: i64 = 5;
const OBJ_PIN: i64 = 6;
const OBJ_GET: i64 = 7;
const TEST_RUN: i64 = 10;
const INFO: i64 = 15;
const LOOKUP_BATCH: i64 = 24;

const MEMBARRIER_CMD_GLOBAL: i32 = 1;
const PROG_TYPE_SCHED_CLS: u32 = 3;
const NAME: usize = 16;

/// Kinds of map (`enum bpf_map_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Kind {
    Hash = 1,
    Array = 2,
}

/// `BPF_F_NO_PREALLOC`: memory is taken as elements come.
pub(super) const GROWS: u32 = 1;
/// `BPF_F_MMAPABLE`
pub(super) const MAPPABLE: u32 = 1 << 10;

/// The shape of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) kind: Kind,
    pub(super) key: u32,
    pub(super) value: u32,
    pub(super) entries: u32,
    pub(super) flags: u32,
}

/// `union bpf_attr`: each command's fields in order, the rest zero.
#[derive(Default)]
struct Attr(Vec<u8>);

impl Attr {
    fn u32(mut self, value: u32) -> Self {
        self.0.extend_from_slice(&value.to_ne_bytes());
        self
    }

    fn fd(self, fd: BorrowedFd<'_>) -> Self {
        self.u32(fd.as_raw_fd().cast_unsigned())
    }

    fn u64(mut self, value: u64) -> Self {
        debug_assert!(self.0.len().is_multiple_of(8), "64-bit fields are aligned");
        self.0.extend_from_slice(&value.to_ne_bytes());
        self
    }

    fn name(mut self, name: &str) -> Self {
        let mut bytes = [0; NAME];
        let length = name.len().min(NAME - 1);
        bytes[..length].copy_from_slice(&name.as_bytes()[..length]);
        self.0.extend_from_slice(&bytes);
        self
    }

    /// Memory that the kernel reads.
    fn input<T>(self, from: &[T]) -> Self {
        self.u64(from.as_ptr().addr() as u64)
    }

    /// Memory that the kernel writes.
    fn output<T>(self, to: &mut [T]) -> Self {
        self.u64(to.as_mut_ptr().expose_provenance() as u64)
    }

    /// # Safety
    /// Every pointer among the fields is valid for what the command reads or writes there, for as
    /// long as the call takes.
    unsafe fn call(&mut self, command: i64) -> io::Result<i32> {
        let (at, length) = (self.0.as_mut_ptr(), self.0.len());
        // SAFETY: `at` is valid for `length` bytes, which the kernel reads and (for INFO, TEST_RUN
        // and the batches) writes within; what the fields point to is the caller's promise.
        let done = unsafe { libc::syscall(libc::SYS_bpf, command, at, length) };
        i32::try_from(done).ok().filter(|done| *done >= 0).ok_or_else(io::Error::last_os_error)
    }

    /// # Safety
    /// As [`call`](Self::call), and the command gives a new descriptor.
    unsafe fn call_fd(&mut self, command: i64) -> io::Result<OwnedFd> {
        // SAFETY: the caller's promise.
        let fd = unsafe { self.call(command)? };
        // SAFETY: the kernel has just given us this descriptor; nobody else owns it.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    fn u32_at(&self, at: usize) -> u32 {
        let raw = self.0.get(at..).and_then(<[u8]>::first_chunk);
        raw.map_or(0, |raw| u32::from_ne_bytes(*raw))
    }
}

/// Makes a map.
pub(super) fn create(name: &str, shape: Shape) -> io::Result<OwnedFd> {
    let mut attr = Attr::default().u32(shape.kind as u32).u32(shape.key).u32(shape.value);
    attr = attr.u32(shape.entries).u32(shape.flags).u32(0).u32(0).name(name);
    // SAFETY: no field is a pointer; the command gives a descriptor.
    unsafe { attr.call_fd(MAP_CREATE) }
}

/// Loads a program for tc; the verifier's complaint is handed back with the error.
pub(super) fn load(name: &str, code: &[Insn]) -> Result<OwnedFd, (io::Error, String)> {
    match load_logged(name, code, &mut []) {
        Ok(program) => Ok(program),
        Err(error) => {
            let mut log = vec![0u8; 1 << 20];
            match load_logged(name, code, &mut log) {
                Ok(program) => Ok(program),
                Err(_) => Err((error, text(&log))),
            }
        }
    }
}

fn load_logged(name: &str, code: &[Insn], log: &mut [u8]) -> io::Result<OwnedFd> {
    let licence = c"Apache-2.0".to_bytes_with_nul();
    let count = u32::try_from(code.len()).unwrap_or(u32::MAX);
    let mut attr = Attr::default().u32(PROG_TYPE_SCHED_CLS).u32(count).input(code).input(licence);
    attr = attr.u32(u32::from(!log.is_empty())).u32(u32::try_from(log.len()).unwrap_or(0));
    attr = if log.is_empty() { attr.u64(0) } else { attr.output(log) };
    attr = attr.u32(0).u32(0).name(name);
    // SAFETY: `code`, `licence` and `log` outlive the call and have the lengths that are given; the
    // command gives a descriptor.
    unsafe { attr.call_fd(PROG_LOAD) }
}

fn text(log: &[u8]) -> String {
    let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
    String::from_utf8_lossy(&log[..end]).into_owned()
}

/// Pins a map or program as a file on a bpffs.
pub(super) fn pin(object: BorrowedFd<'_>, path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut attr = Attr::default().input(path.as_bytes_with_nul()).fd(object).u32(0);
    // SAFETY: the path is terminated and outlives the call.
    unsafe { attr.call(OBJ_PIN) }.map(drop)
}

/// Opens what is pinned.
pub(super) fn open(path: &Path) -> io::Result<OwnedFd> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut attr = Attr::default().input(path.as_bytes_with_nul()).u32(0).u32(0);
    // SAFETY: the path is terminated and outlives the call; the command gives a descriptor.
    unsafe { attr.call_fd(OBJ_GET) }
}

/// Sets an element of a hash map with 4-byte values.
pub(super) fn update(map: BorrowedFd<'_>, key: &[u8], value: u32) -> io::Result<()> {
    let value = value.to_ne_bytes();
    let mut attr = Attr::default().fd(map).u32(0).input(key).input(&value).u64(0);
    // SAFETY: key and value have the map's sizes (all hash maps here are of one shape) and outlive
    // the call.
    unsafe { attr.call(MAP_UPDATE) }.map(drop)
}

/// Removes an element of a hash map; one that is not there is removed already.
pub(super) fn delete(map: BorrowedFd<'_>, key: &[u8]) -> io::Result<()> {
    let mut attr = Attr::default().fd(map).u32(0).input(key);
    // SAFETY: the key has the map's size and outlives the call.
    match unsafe { attr.call(MAP_DELETE) } {
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(()),
        other => other.map(drop),
    }
}

/// Up to `most` elements of a hash map with `KEY`-byte keys and 4-byte values, from `cursor` on
/// (`None`: from the start). `true` when these were the last.
pub(super) fn batch<const KEY: usize>(
    map: BorrowedFd<'_>,
    cursor: &mut Option<[u8; 4]>,
    most: usize,
    found: &mut Vec<([u8; KEY], u32)>,
) -> io::Result<bool> {
    let mut keys = vec![[0u8; KEY]; most];
    let mut values = vec![0u32; most];
    let mut next = [0u8; 4];
    let attr = Attr::default();
    let attr = match cursor.as_ref() {
        None => attr.u64(0),
        Some(from) => attr.input(from.as_slice()),
    };
    let attr = attr.output(&mut next).output(&mut keys).output(&mut values);
    let mut attr = attr.u32(u32::try_from(most).unwrap_or(0)).fd(map).u64(0).u64(0);
    // SAFETY: keys and values have room for `most` elements of the map's sizes, a hash map's cursor
    // is four bytes, and all outlive the call.
    let done = unsafe { attr.call(LOOKUP_BATCH) };
    let last = match done {
        Ok(_) => false,
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => true,
        Err(error) => return Err(error),
    };
    let count = (attr.u32_at(32) as usize).min(most);
    found.extend(keys.into_iter().zip(values).take(count));
    *cursor = Some(next);
    Ok(last)
}

/// The kernel's number of a program or map: the second field of both `struct bpf_prog_info` and
/// `struct bpf_map_info`.
pub(super) fn id(object: BorrowedFd<'_>) -> io::Result<u32> {
    let mut info = [0u32; 2];
    let mut attr = Attr::default().fd(object).u32(8).output(&mut info);
    // SAFETY: `info` has the eight bytes that are given and outlives the call.
    unsafe { attr.call(INFO) }?;
    Ok(info[1])
}

/// Runs a program `repeat` times on one frame with `context` (`struct __sk_buff`); gives what it
/// returned and the nanoseconds of one run.
pub(super) fn run(
    program: BorrowedFd<'_>,
    frame: &[u8],
    context: &[u8],
    repeat: u32,
) -> io::Result<(u32, u32)> {
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let attr = Attr::default().fd(program).u32(0).u32(length(frame)).u32(0);
    let attr = attr.input(frame).u64(0).u32(repeat).u32(0);
    let mut attr = attr.u32(length(context)).u32(0).input(context).u64(0);
    // SAFETY: frame and context have the lengths that are given and outlive the call; nothing is
    // written back (the lengths for output are 0).
    unsafe { attr.call(TEST_RUN) }?;
    Ok((attr.u32_at(4), attr.u32_at(36)))
}

/// Waits until no program runs any more that began before (`membarrier(2)`, `MEMBARRIER_CMD_GLOBAL`:
/// an RCU grace period).
pub(super) fn barrier() {
    // SAFETY: no pointers; a command that the kernel does not have changes nothing.
    let done = unsafe { libc::syscall(libc::SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) };
    if done != 0 {
        // Full-time-tick-less machines refuse it; no program runs as long as this.
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
