//! Hearing of what others change at the places where programs are attached (`RTNLGRP_TC`), so that
//! nobody has to ask about every interface again and again.

use std::collections::BTreeSet;
use std::io;

use super::Error;
use super::tc::{CLSACT, EGRESS, INGRESS};
use crate::message::{split, u32_at};
use crate::subscription::{Group, Subscription};

/// The most datagrams read in one go, so that a storm cannot hold up the caller.
const MOST: usize = 20_000;

/// Changes of `clsact` qdiscs and of the filters at them.
pub(super) struct Changes {
    events: Subscription,
    /// Whose changes are passed over: the number of the socket that ours are made with.
    own: u32,
}

/// What was heard since the last time.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Something changed at these interfaces, and at no others.
    At(BTreeSet<u32>),
    /// Events were lost: it may be any interface.
    Lost,
}

impl Changes {
    /// Hears from now on.
    pub(super) fn open(own: u32) -> Result<Self, Error> {
        let events = Subscription::open(&[Group::TrafficControl]);
        let events = events.map_err(|(what, cause)| Error::Socket(what, cause))?;
        Ok(Self { events, own })
    }

    /// Never waits.
    pub(super) fn take(&mut self) -> Heard {
        let (mut at, mut is_lost) = (BTreeSet::new(), false);
        for _ in 0..MOST {
            match self.events.receive() {
                Ok(datagram) => at.extend(strangers(datagram, self.own)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // On to the last one all the same: whoever looks then sees what it told.
                    tracing::debug!(%error, "events of qdiscs and filters were lost");
                    is_lost = true;
                }
            }
        }
        if is_lost { Heard::Lost } else { Heard::At(at) }
    }
}

/// The interfaces at which others took away or replaced what may be ours.
fn strangers(mut datagram: &[u8], own: u32) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    while let Some((kind, _, body, rest)) = split(datagram) {
        let is_own = u32_at(datagram, 12) == Some(own);
        datagram = rest;
        // struct tcmsg: family, interface, handle, parent.
        let (Some(interface), Some(parent)) = (u32_at(body, 4), u32_at(body, 12)) else { continue };
        let concerns = match kind {
            libc::RTM_DELQDISC => parent == CLSACT,
            libc::RTM_DELTFILTER | libc::RTM_NEWTFILTER => [INGRESS, EGRESS].contains(&parent),
            _ => false,
        };
        if concerns && !is_own {
            found.insert(interface);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: u32 = 77;

    fn event(kind: u16, by: u32, [interface, parent]: [u32; 2]) -> Vec<u8> {
        let mut bytes = 36_u32.to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([0; 6]);
        let words = [by, 0, interface, 0, parent, 0];
        bytes.extend(words.iter().flat_map(|word| word.to_ne_bytes()));
        bytes
    }

    /// covers: N5.1
    #[test]
    fn only_what_strangers_take_away_or_replace_at_the_places_of_our_programs_counts() {
        const ROOT: u32 = u32::MAX;
        let datagram = [
            event(libc::RTM_DELQDISC, 0, [1, CLSACT]),
            event(libc::RTM_DELTFILTER, 5, [2, EGRESS]),
            event(libc::RTM_NEWTFILTER, 5, [3, INGRESS]),
            event(libc::RTM_NEWTFILTER, OWN, [4, INGRESS]),
            event(libc::RTM_NEWQDISC, 5, [5, CLSACT]),
            event(libc::RTM_DELQDISC, 5, [6, ROOT]),
            event(libc::RTM_DELTFILTER, 5, [7, 0x1_0000]),
        ]
        .concat();
        assert_eq!(strangers(&datagram, OWN), [1, 2, 3].into());
        for end in 0..datagram.len() {
            assert!(strangers(&datagram[..end], OWN).is_subset(&[1, 2, 3].into()));
        }
    }
}
