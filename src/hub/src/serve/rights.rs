//! `serve` parses what strangers send, so it holds no capability, whoever started it.

use caps::{CapSet, CapsHashSet};
use nix::sys::prctl::set_no_new_privs;

use crate::exit::Failure;

/// Gives up every capability of this thread, for good. Called while there is no other thread.
pub(crate) fn drop_all() -> Result<(), Failure> {
    // The bounding set goes first: changing it needs a capability of its own.
    if caps::has_cap(None, CapSet::Effective, caps::Capability::CAP_SETPCAP).unwrap_or(false) {
        clear(CapSet::Bounding)?;
    }
    for set in [CapSet::Ambient, CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
        clear(set)?;
    }
    set_no_new_privs().map_err(|error| Failure::internal(&error))
}

fn clear(set: CapSet) -> Result<(), Failure> {
    let result = match set {
        CapSet::Bounding | CapSet::Ambient => caps::clear(None, set),
        _ => caps::set(None, set, &CapsHashSet::new()),
    };
    result.map_err(|error| Failure::internal(&error))
}
