//! What is known of links and neighbours, and what a message changes in it. Pure.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use ets_model::NeighbourState;

use crate::message::{Hardware, Message};

/// The most neighbour entries kept: an address scan must not fill our memory.
const NEIGHBOURS: usize = 1 << 17;

/// One link of the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The kernel's index of it.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Whether it is switched on and its other end is there.
    pub carrier: bool,
}

/// What changed in the kernel's tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A link's carrier came (also: the link itself came with carrier) or went (also: it was
    /// removed or renamed).
    Carrier {
        /// The link's name.
        interface: String,
        /// Whether the carrier is there.
        up: bool,
    },
    /// A neighbour entry changed.
    Neighbour {
        /// Whose entry.
        address: IpAddr,
        /// What became of it. Told once for each change.
        state: NeighbourState,
    },
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    state: NeighbourState,
    hardware: Option<Hardware>,
}

/// Links and neighbours, as last heard.
#[derive(Debug, Default)]
pub(crate) struct Table {
    links: BTreeMap<u32, Link>,
    neighbours: HashMap<(u32, IpAddr), Entry>,
}

impl Table {
    pub(crate) fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.values()
    }

    /// Takes in one message and appends what it changed.
    pub(crate) fn apply(&mut self, message: Message, out: &mut Vec<Change>) {
        match message {
            Message::Link { index, name, carrier } => self.link(index, name, carrier, out),
            Message::LinkGone { index } => self.link_gone(index, out),
            Message::Neighbour { index, address, state, hardware } => {
                self.neighbour((index, address), state, hardware, out);
            }
            Message::NeighbourGone { index, address } => {
                self.neighbours.remove(&(index, address));
            }
        }
    }

    /// Takes in a whole new list: what is not in it is gone.
    pub(crate) fn replace(&mut self, listed: Vec<Message>, out: &mut Vec<Change>) {
        let mut links = Vec::new();
        let mut neighbours = Vec::new();
        for message in &listed {
            match message {
                Message::Link { index, .. } => links.push(*index),
                Message::Neighbour { index, address, .. } => neighbours.push((*index, *address)),
                _ => {}
            }
        }
        links.sort_unstable();
        neighbours.sort_unstable();
        let gone: Vec<u32> = self
            .links
            .keys()
            .copied()
            .filter(|index| links.binary_search(index).is_err())
            .collect();
        gone.into_iter().for_each(|index| self.link_gone(index, out));
        self.neighbours.retain(|key, _| neighbours.binary_search(key).is_ok());
        listed.into_iter().for_each(|message| self.apply(message, out));
    }

    fn link(&mut self, index: u32, name: String, carrier: bool, out: &mut Vec<Change>) {
        let before = self.links.insert(index, Link { index, name: name.clone(), carrier });
        match before {
            Some(before) if before.name == name && before.carrier == carrier => return,
            Some(before) if before.name != name => {
                out.push(Change::Carrier { interface: before.name, up: false });
            }
            _ => {}
        }
        out.push(Change::Carrier { interface: name, up: carrier });
    }

    fn link_gone(&mut self, index: u32, out: &mut Vec<Change>) {
        if let Some(link) = self.links.remove(&index) {
            out.push(Change::Carrier { interface: link.name, up: false });
        }
    }

    fn neighbour(
        &mut self,
        key: (u32, IpAddr),
        state: u16,
        hardware: Option<Hardware>,
        out: &mut Vec<Change>,
    ) {
        let Some(state) = neighbour_state(state) else {
            return;
        };
        let before = self.neighbours.get(&key).copied();
        if before.is_none() && self.neighbours.len() >= NEIGHBOURS {
            return;
        }
        let known = before.and_then(|entry| entry.hardware);
        let entry = Entry { state, hardware: hardware.or(known) };
        self.neighbours.insert(key, entry);
        if known.is_some() && hardware.is_some() && known != hardware {
            out.push(Change::Neighbour { address: key.1, state: NeighbourState::Moved });
        }
        if before.is_none_or(|before| before.state != state) {
            out.push(Change::Neighbour { address: key.1, state });
        }
    }
}

/// The kernel's NUD states (linux/neighbour.h) as ours; `None` for entries that never change.
fn neighbour_state(state: u16) -> Option<NeighbourState> {
    match state {
        libc::NUD_REACHABLE => Some(NeighbourState::Reachable),
        libc::NUD_STALE => Some(NeighbourState::Stale),
        libc::NUD_INCOMPLETE | libc::NUD_DELAY | libc::NUD_PROBE => Some(NeighbourState::Probing),
        libc::NUD_FAILED => Some(NeighbourState::Failed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(index: u32, name: &str, carrier: bool) -> Message {
        Message::Link { index, name: name.into(), carrier }
    }

    fn carrier(name: &str, up: bool) -> Change {
        Change::Carrier { interface: name.into(), up }
    }

    fn neighbour(state: u16, hardware: Option<u8>) -> Message {
        let address = "10.0.0.2".parse().unwrap();
        Message::Neighbour { index: 1, address, state, hardware: hardware.map(|last| [last; 8]) }
    }

    fn after(table: &mut Table, message: Message) -> Vec<Change> {
        let mut out = Vec::new();
        table.apply(message, &mut out);
        out
    }

    /// covers: N3.1
    #[test]
    fn a_link_is_told_of_when_its_carrier_changes_and_not_otherwise() {
        let mut table = Table::default();
        assert_eq!(after(&mut table, link(1, "p0", true)), [carrier("p0", true)]);
        assert_eq!(after(&mut table, link(1, "p0", true)), []);
        assert_eq!(after(&mut table, link(1, "p0", false)), [carrier("p0", false)]);
        assert_eq!(after(&mut table, Message::LinkGone { index: 1 }), [carrier("p0", false)]);
    }

    #[test]
    fn a_renamed_link_is_gone_under_its_old_name() {
        let mut table = Table::default();
        after(&mut table, link(1, "veth3", true));
        assert_eq!(
            after(&mut table, link(1, "p3", true)),
            [carrier("veth3", false), carrier("p3", true)]
        );
    }

    #[test]
    fn a_list_read_anew_tells_what_was_missed() {
        let mut table = Table::default();
        after(&mut table, link(1, "p0", true));
        after(&mut table, link(2, "p1", true));
        let mut out = Vec::new();
        table.replace(vec![link(2, "p1", false), link(3, "p2", true)], &mut out);
        assert_eq!(out, [carrier("p0", false), carrier("p1", false), carrier("p2", true)]);
    }

    /// covers: N3.1
    #[test]
    fn a_neighbour_with_another_hardware_address_has_moved() {
        let mut table = Table::default();
        let address = "10.0.0.2".parse().unwrap();
        let told = |state| Change::Neighbour { address, state };
        assert_eq!(
            after(&mut table, neighbour(libc::NUD_REACHABLE, Some(1))),
            [told(NeighbourState::Reachable)]
        );
        assert_eq!(
            after(&mut table, neighbour(libc::NUD_FAILED, None)),
            [told(NeighbourState::Failed)]
        );
        assert_eq!(
            after(&mut table, neighbour(libc::NUD_REACHABLE, Some(2))),
            [told(NeighbourState::Moved), told(NeighbourState::Reachable)]
        );
        assert_eq!(after(&mut table, neighbour(libc::NUD_PERMANENT, Some(3))), []);
    }
}
