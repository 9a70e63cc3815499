//! How soon the kernel asks again for a neighbour that did not answer.

use std::fs;
use std::io;
use std::path::PathBuf;

/// In milliseconds; the kernel's own default is 1,000 (RFC 4861, `RetransTimer`).
const AGAIN_MS: u32 = 200;

/// Makes the kernel repeat its questions for neighbours (ARP, RFC 826; ND, RFC 4861) on an interface
/// after 200 ms instead of a second. While a question is open, probes wait behind it: a segment
/// whose carrier is back would be seen up to a second late. A shorter setting is left alone.
///
/// Needs `CAP_NET_ADMIN` in the user namespace that owns the network namespace, and /proc/sys
/// writable.
///
/// # Errors
/// When a setting can neither be read nor written. One family that is switched off is no error.
pub fn hasten_neighbours(interface: &str) -> io::Result<()> {
    let mut result = Err(io::Error::from(io::ErrorKind::NotFound));
    for family in ["ipv4", "ipv6"] {
        match hasten(&path(family, interface)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => result = other,
        }
    }
    result
}

fn path(family: &str, interface: &str) -> PathBuf {
    // A name that is no single component would lead elsewhere; the kernel allows none with '/'.
    let name = interface.replace('/', "_");
    PathBuf::from(format!("/proc/sys/net/{family}/neigh/{name}/retrans_time_ms"))
}

fn hasten(path: &PathBuf) -> io::Result<()> {
    let now = fs::read_to_string(path)?.trim().parse::<u32>().map_err(io::Error::other)?;
    if now <= AGAIN_MS { Ok(()) } else { fs::write(path, AGAIN_MS.to_string()) }
}
