//! Which address belongs to whom: the prefixes of all active segments, which never overlap, and
//! the addresses at which they are probed.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use ets_model::{Segment, SegmentNo};
use ipnet::IpNet;

/// An index over disjoint prefixes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Networks {
    prefixes: BTreeMap<IpAddr, (IpNet, SegmentNo)>,
    probed: HashMap<IpAddr, SegmentNo>,
}

impl Networks {
    /// The index of these segments.
    pub(crate) fn of<'a>(segments: impl Iterator<Item = &'a Arc<Segment>>) -> Self {
        let mut index = Self::default();
        segments.for_each(|segment| index.add(segment));
        index
    }

    /// Adds a segment whose prefixes were checked.
    pub(crate) fn add(&mut self, segment: &Segment) {
        for prefix in &segment.prefixes {
            self.prefixes.insert(prefix.network(), (*prefix, segment.no));
        }
        self.probed.insert(segment.probing.address, segment.no);
    }

    /// Takes a segment out.
    pub(crate) fn remove(&mut self, segment: &Segment) {
        for prefix in &segment.prefixes {
            let network = prefix.network();
            if self.prefixes.get(&network).is_some_and(|(_, no)| *no == segment.no) {
                self.prefixes.remove(&network);
            }
        }
        if self.probed.get(&segment.probing.address) == Some(&segment.no) {
            self.probed.remove(&segment.probing.address);
        }
    }

    /// Whose address it is: by prefix, else by the probed addresses.
    pub(crate) fn owner(&self, address: IpAddr) -> Option<SegmentNo> {
        self.containing(address).map(|(_, no)| no).or_else(|| self.probed_for(address))
    }

    /// The prefix that contains `address`.
    pub(crate) fn containing(&self, address: IpAddr) -> Option<(IpNet, SegmentNo)> {
        let (_, found) = self.prefixes.range(..=address).next_back()?;
        found.0.contains(&address).then_some(*found)
    }

    /// For which segment `address` is probed.
    pub(crate) fn probed_for(&self, address: IpAddr) -> Option<SegmentNo> {
        self.probed.get(&address).copied()
    }

    /// A prefix of another segment than `no` that shares addresses with `prefix`.
    pub(crate) fn overlap(&self, prefix: &IpNet, no: SegmentNo) -> Option<(IpNet, SegmentNo)> {
        let wider = self.containing(prefix.network());
        let inside =
            self.prefixes.range(prefix.network()..=prefix.broadcast()).map(|(_, found)| *found);
        wider.into_iter().chain(inside).find(|(_, owner)| *owner != no)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn index(prefixes: &[&str]) -> Networks {
        let mut index = Networks::default();
        for (no, prefix) in (1..).zip(prefixes) {
            let prefix: IpNet = prefix.parse().unwrap();
            index.prefixes.insert(prefix.network(), (prefix, SegmentNo(no)));
        }
        index
    }

    /// covers: N1.2
    #[test]
    fn an_overlap_is_seen_from_the_wider_and_from_the_narrower_side() {
        let index = index(&["10.10.4.0/22", "10.10.9.0/24", "fd00:1::/48"]);
        let overlap =
            |prefix: &str| index.overlap(&prefix.parse().unwrap(), SegmentNo(9)).map(|f| f.1.0);
        assert_eq!(overlap("10.10.5.0/24"), Some(1));
        assert_eq!(overlap("10.10.0.0/16"), Some(1));
        assert_eq!(overlap("10.10.9.128/25"), Some(2));
        assert_eq!(overlap("10.10.8.0/24"), None);
        assert_eq!(overlap("fd00:1:0:7::/64"), Some(3));
        assert_eq!(overlap("fd00:2::/32"), None);
        assert_eq!(index.overlap(&"10.10.5.0/24".parse().unwrap(), SegmentNo(1)), None);
    }

    proptest! {
        #[test]
        fn the_index_agrees_with_comparing_all_pairs(
            parts in proptest::collection::vec((any::<u8>(), 20_u8..=32), 1..20),
            probe in (any::<u8>(), 18_u8..=32),
        ) {
            let net = |(low, length): (u8, u8)| {
                let address = u32::from_be_bytes([10, 10, low, low.wrapping_mul(37)]);
                ipnet::Ipv4Net::new(address.into(), length).map(|n| IpNet::V4(n.trunc())).unwrap()
            };
            let mut taken: Vec<IpNet> = Vec::new();
            let mut index = Networks::default();
            for part in parts {
                let prefix = net(part);
                let clash = taken.iter().any(|one| one.contains(&prefix) || prefix.contains(one));
                prop_assert_eq!(index.overlap(&prefix, SegmentNo(u32::MAX)).is_some(), clash);
                if !clash {
                    taken.push(prefix);
                    index.prefixes.insert(prefix.network(), (prefix, SegmentNo(u32::try_from(taken.len()).unwrap())));
                }
            }
            let probe = net(probe);
            let clash = taken.iter().any(|one| one.contains(&probe) || probe.contains(one));
            prop_assert_eq!(index.overlap(&probe, SegmentNo(0)).is_some(), clash);
        }
    }
}
