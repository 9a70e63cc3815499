//! Who talks inside a segment: the question and its answer over given conversations (pure).
//!
//! They come from `netd`, which asks the kernel's table of connections: what is open now, with all
//! that each has moved since it began.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ets_model::WallTime;
use ets_netd_api::Conversations;

use crate::{Amount, Both, By};

/// Who talks in a segment at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Talk {
    /// When the kernel was asked.
    pub at: WallTime,
    /// How many connections there are.
    pub count: u64,
    /// Those that moved the most, largest first.
    pub largest: Vec<Conversation>,
}

impl From<Conversations> for Talk {
    fn from(told: Conversations) -> Self {
        let amount = |(bytes, packets)| Amount { bytes, packets };
        let largest = told.largest.iter().map(|one| Conversation {
            inside: one.inside,
            peer: one.peer,
            protocol: one.protocol,
            port: one.port,
            amount: Both { up: amount(one.up), down: amount(one.down) },
        });
        Self { at: told.at.wall, count: told.count, largest: largest.collect() }
    }
}

/// One conversation of a segment, counted over some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// The address inside the segment.
    pub inside: IpAddr,
    /// The address that it talks with.
    pub peer: IpAddr,
    /// IP protocol number (6 TCP, 17 UDP, 1 and 58 ICMP).
    pub protocol: u8,
    /// The port of whoever was called; 0 where there is none.
    pub port: u16,
    /// How much, each way.
    pub amount: Both<Amount>,
}

/// What conversations are put together by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Group {
    /// The address inside.
    #[default]
    Inside,
    /// The address that is talked with.
    Peer,
    /// Protocol and port: the service as the wire shows it.
    Port,
}

/// Who a line of the answer is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Talker {
    /// An address, inside or of the peer.
    Address(IpAddr),
    /// Protocol and port.
    Port(u8, u16),
}

impl Group {
    fn of(self, one: &Conversation) -> Talker {
        match self {
            Self::Inside => Talker::Address(one.inside),
            Self::Peer => Talker::Address(one.peer),
            Self::Port => Talker::Port(one.protocol, one.port),
        }
    }
}

/// The largest talkers, largest first. A peak of conversations is not known: [`By::Peak`] orders
/// by bytes.
pub fn talkers(
    conversations: &[Conversation],
    group: Group,
    by: By,
    limit: usize,
) -> Vec<(Talker, Both<Amount>)> {
    let mut sums: BTreeMap<Talker, Both<Amount>> = BTreeMap::new();
    for one in conversations {
        let sum = sums.entry(group.of(one)).or_default();
        sum.up += one.amount.up;
        sum.down += one.amount.down;
    }
    let value = |both: &Both<Amount>| match by {
        By::Packets => both.sum().packets,
        By::Bytes | By::Peak => both.sum().bytes,
    };
    let mut order: Vec<_> = sums.into_iter().collect();
    order.sort_by_key(|(talker, both)| (std::cmp::Reverse(value(both)), *talker));
    order.truncate(limit);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N5.3
    #[test]
    fn conversations_are_put_together_by_host_peer_and_port() {
        let one = |inside: [u8; 4], peer: [u8; 4], port, bytes| Conversation {
            inside: inside.into(),
            peer: peer.into(),
            protocol: 6,
            port,
            amount: Both {
                up: Amount { bytes, packets: 1 },
                down: Amount { bytes: 1, packets: 9 },
            },
        };
        let all = [
            one([10, 0, 0, 1], [1, 1, 1, 1], 80, 100),
            one([10, 0, 0, 1], [2, 2, 2, 2], 443, 200),
            one([10, 0, 0, 2], [2, 2, 2, 2], 443, 250),
        ];
        let hosts = talkers(&all, Group::Inside, By::Bytes, 9);
        assert_eq!(hosts[0].0, Talker::Address([10, 0, 0, 1].into()));
        assert_eq!((hosts[0].1.up.bytes, hosts[0].1.down.packets), (300, 18));
        assert_eq!(talkers(&all, Group::Peer, By::Bytes, 1)[0].1.up.bytes, 450);
        assert_eq!(talkers(&all, Group::Port, By::Packets, 1)[0].0, Talker::Port(6, 443));
    }
}
