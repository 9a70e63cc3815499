//! Where refused packets end: counted by interface and mark, a few of them sent to whoever listens,
//! all of them dropped.

use super::line::Line;
use super::parts::Parts;
use crate::nft::ir::{Each, Expr, KeyPart, Limit, MetaKey};
use crate::refusals::{GROUP, SNAPLEN};

/// Why a packet is refused. Sets, chains and log prefixes carry its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// The source is not the sender's own.
    Spoof,
    /// It asks for what nobody gets.
    Option,
    /// It is for another segment.
    Neighbour,
    /// It is for what the sender may not reach.
    Denied,
    /// The sender's limits are used up.
    Limit,
    /// It belongs to no connection and cannot open one.
    Invalid,
}

/// Samples a second and sender, and how many at once.
const SAMPLES: Limit = Limit { rate: 10, burst: 20, over: false };
/// `PACKET_LOOPBACK`: the hub's own multicast, heard by itself.
const OWN_ECHO: u8 = 5;

impl Reason {
    const ALL: [Self; 6] =
        [Self::Spoof, Self::Option, Self::Neighbour, Self::Denied, Self::Limit, Self::Invalid];

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Spoof => "spoof",
            Self::Option => "option",
            Self::Neighbour => "neighbour",
            Self::Denied => "denied",
            Self::Limit => "limit",
            Self::Invalid => "invalid",
        }
    }

    /// The chain to go to.
    pub(super) fn chain(self) -> String {
        format!("refuse_{}", self.name())
    }

    /// The set that counts.
    fn set(self) -> String {
        format!("refused_{}", self.name())
    }
}

/// The names of the sets that count refused packets by interface and mark, each with its reason.
pub fn refused_sets() -> impl Iterator<Item = (&'static str, String)> {
    Reason::ALL.into_iter().map(|reason| (reason.name(), reason.set()))
}

pub(super) fn chains(parts: &mut Parts) {
    for reason in Reason::ALL {
        let set = reason.set();
        parts.dynamic(&set, &[KeyPart::Interface, KeyPart::Mark]);
        let prefix = format!("ets:{}", reason.name());
        let log = Expr::Log { group: GROUP, prefix, snaplen: SNAPLEN };
        let count = Line::new(format!("count and sample: {}", reason.name()))
            .iif(0)
            .mark(1)
            .dynset(&set, 0, vec![Each::Counter, Each::Limit(SAMPLES)])
            .with(log)
            .rule();
        let mut rules = vec![count, Line::new(format!("refused: {}", reason.name())).drop()];
        if reason == Reason::Spoof {
            let own = Line::new("the hub's own multicast, heard by itself");
            rules.insert(0, own.meta(MetaKey::PacketType, 0).eq(&[OWN_ECHO]).drop());
        }
        parts.chain(reason.chain(), rules);
    }
}

/// In `arp ets`: nobody reads samples of ARP.
pub(super) fn arp_chain(parts: &mut Parts) {
    let set = Reason::Spoof.set();
    parts.dynamic(&set, &[KeyPart::Interface, KeyPart::Mark]);
    let count = Line::new("count: spoof").iif(0).mark(1).dynset(&set, 0, vec![Each::Counter]);
    parts.chain(Reason::Spoof.chain(), vec![count.rule(), Line::new("refused: spoof").drop()]);
}
