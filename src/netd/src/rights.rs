//! Giving up every right that is not needed.

use std::io;

use caps::{CapSet, Capability, CapsHashSet};

use crate::Error;

/// What `netd` keeps: links and forced buffers, raw sockets, low ports.
const KEPT: [Capability; 3] =
    [Capability::CAP_NET_ADMIN, Capability::CAP_NET_RAW, Capability::CAP_NET_BIND_SERVICE];

/// Leaves the calling thread, and every thread that it starts later, with at most the three
/// capabilities that `netd` needs, and sees to it that no program started from here gains any.
/// Works for root, for a user with those capabilities, and for root of a user namespace.
///
/// Call it before other threads are started: capabilities belong to threads (capabilities(7)).
///
/// # Errors
/// When the kernel refuses, which it does not do for giving up.
pub fn confine() -> Result<(), Error> {
    nix::sys::prctl::set_no_new_privs()
        .map_err(|errno| Error::System("setting no_new_privs", io::Error::from(errno)))?;
    narrow_bounding_set();
    caps::clear(None, CapSet::Ambient)?;
    let permitted = caps::read(None, CapSet::Permitted)?;
    let kept: CapsHashSet = KEPT.into_iter().filter(|cap| permitted.contains(cap)).collect();
    caps::set(None, CapSet::Effective, &kept)?;
    caps::set(None, CapSet::Inheritable, &CapsHashSet::new())?;
    caps::set(None, CapSet::Permitted, &kept)?;
    Ok(())
}

/// The bounding set limits what a program started from here could gain. Narrowing it needs
/// `CAP_SETPCAP`; without that right `no_new_privs` alone does the same.
fn narrow_bounding_set() {
    let Ok(bounding) = caps::read(None, CapSet::Bounding) else {
        return;
    };
    for capability in bounding.into_iter().filter(|found| !KEPT.contains(found)) {
        if caps::drop(None, CapSet::Bounding, capability).is_err() {
            tracing::debug!("the bounding set cannot be narrowed, no_new_privs stands alone");
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own_status(key: &str) -> String {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    }

    /// covers: N12
    #[test]
    fn a_confined_thread_holds_three_capabilities_at_most_and_can_gain_none() {
        std::thread::spawn(|| {
            confine().unwrap();
            let three: u64 = KEPT.iter().map(Capability::bitmask).sum();
            for set in ["CapPrm", "CapEff"] {
                let held = u64::from_str_radix(&own_status(set), 16).unwrap();
                assert_eq!(held & !three, 0, "{set} {held:x}");
            }
            assert_eq!(own_status("CapInh"), "0000000000000000");
            assert_eq!(own_status("NoNewPrivs"), "1");
        })
        .join()
        .unwrap();
    }
}
