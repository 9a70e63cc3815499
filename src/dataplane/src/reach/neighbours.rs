//! Whether any segment reaches another one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use ets_model::SegmentNo;
use ipnet::IpNet;

use super::star::{Carries, Packet};
use super::{Asker, hardware};
use crate::evaluate::trace::{Look, Taint, Trace};
use crate::evaluate::{Hit, Unproved, Way};
use crate::nft::ir::KeyPart;

/// Up to so many segments each pair is tried.
const EACH: usize = 200;
/// What is tried.
const KINDS: [Carries; 3] = [Carries::Tcp(40_000, 445), Carries::Udp(40_000, 53), Carries::Ping];

/// A prefix of a segment, as a destination.
struct Member {
    /// The segment's place in the policy.
    arm: usize,
    prefix: IpNet,
    /// Addresses of it: any, and those that a set of the rules names.
    addresses: Vec<IpAddr>,
    port: u32,
}

/// All ordered pairs of which the first reaches the second.
pub(super) fn reached(asker: &Asker<'_>) -> Result<Vec<(SegmentNo, SegmentNo)>, Unproved> {
    if asker.star.policy.arms.len() > EACH {
        return by_classes(asker);
    }
    search(asker, |source, class, found| source.try_each(class, 0..class.len(), found))
}

/// As [`reached`], for any number of segments.
pub(super) fn by_classes(asker: &Asker<'_>) -> Result<Vec<(SegmentNo, SegmentNo)>, Unproved> {
    let mut spreads = HashMap::new();
    search(asker, |source, class, found| {
        let of_class = spreads.entry((source.four, class[0].prefix.prefix_len())).or_default();
        source.try_one(class, of_class, found)
    })
}

fn search(
    asker: &Asker<'_>,
    mut ask: impl FnMut(&Source<'_, '_>, &[Member], &mut Found) -> Result<(), Unproved>,
) -> Result<Vec<(SegmentNo, SegmentNo)>, Unproved> {
    let arms = &asker.star.policy.arms;
    let mut found = Found::new();
    for class in members(asker).values() {
        for from in 0..arms.len() {
            for carries in KINDS {
                let four = class[0].prefix.addr().is_ipv4();
                ask(&Source { asker, from, four, carries }, class, &mut found)?;
            }
        }
    }
    Ok(found.into_iter().map(|(from, to)| (arms[from].no, arms[to].no)).collect())
}

/// Destinations by family and prefix length. What cannot be reached by any route is left out.
fn members(asker: &Asker<'_>) -> BTreeMap<(bool, u8), Vec<Member>> {
    let mut classes: BTreeMap<(bool, u8), Vec<Member>> = BTreeMap::new();
    let named = asker.named();
    for (arm, one) in asker.star.policy.arms.iter().enumerate() {
        for prefix in &one.prefixes {
            let address = asker.star.speaker(*prefix);
            if let Way::Out(port) = asker.star.way(address) {
                let class = classes.entry((address.is_ipv4(), prefix.prefix_len())).or_default();
                let mut addresses = vec![address];
                let upto = named.range(prefix.network()..=prefix.broadcast());
                addresses.extend(upto.filter(|at| asker.star.way(**at) != Way::Here));
                class.push(Member { arm, prefix: *prefix, addresses, port });
            }
        }
    }
    classes
}

/// One segment that tries to reach others.
struct Source<'s, 'a> {
    asker: &'s Asker<'a>,
    from: usize,
    four: bool,
    carries: Carries,
}

type Found = BTreeSet<(usize, usize)>;
type Looks = Vec<(Look, Option<Hit>)>;

impl Source<'_, '_> {
    /// The packets to a destination, one from each prefix of the family.
    fn packets(&self, to: IpAddr) -> Vec<Packet> {
        let star = &self.asker.star;
        let arm = &star.policy.arms[self.from];
        let Some(port) = star.port(arm) else { return vec![] };
        let prefixes = arm.prefixes.iter().filter(|prefix| prefix.addr().is_ipv4() == self.four);
        let ends = prefixes.map(|prefix| (star.speaker(*prefix), to));
        ends.map(|ends| Packet::opening(port, hardware(arm), ends, self.carries)).collect()
    }

    fn try_each(
        &self,
        class: &[Member],
        which: impl IntoIterator<Item = usize>,
        found: &mut Found,
    ) -> Result<(), Unproved> {
        for member in which.into_iter().map(|at| &class[at]).filter(|one| one.arm != self.from) {
            for to in &member.addresses {
                for packet in self.packets(*to) {
                    if self.traced(&packet, *to)?.0 {
                        found.insert((self.from, member.arm));
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether a packet passes, and every lookup by which that may differ for another destination.
    fn traced(&self, packet: &Packet, to: IpAddr) -> Result<(bool, Looks), Unproved> {
        let mut trace = Trace::default();
        let route = |at| self.asker.star.way(at);
        let out = self.asker.evaluator.receive_traced(packet, route, Some(&mut trace))?;
        // A packet that passes is told, whatever it depends on.
        if trace.opaque && !out.passed {
            return Err(Unproved::Destination(to));
        }
        Ok((out.passed, trace.looks))
    }

    /// Tries the first destination, and each of the others that differs in anything that mattered.
    fn try_one(
        &self,
        class: &[Member],
        spreads: &mut HashMap<Look, Spread>,
        found: &mut Found,
    ) -> Result<(), Unproved> {
        let Some(first) = class.iter().find(|member| member.arm != self.from) else {
            return Ok(());
        };
        for packet in self.packets(first.addresses[0]) {
            let (passed, looks) = self.traced(&packet, first.addresses[0])?;
            let mut different = BTreeSet::new();
            let mut all = passed;
            for (look, hit) in looks {
                let spread =
                    spreads.entry(look).or_insert_with_key(|look| self.asker.spread(look, class));
                all |= spread.common != Some(hit);
                different.extend(&spread.others);
            }
            if all {
                return self.try_each(class, 0..class.len(), found);
            }
            self.try_each(class, different, found)?;
        }
        Ok(())
    }
}

/// What one lookup finds for all destinations of a class.
struct Spread {
    /// What it finds for most of them, for every address of each.
    common: Option<Option<Hit>>,
    /// Those for which it finds something else, or not the same for every address.
    others: Vec<usize>,
}

impl Asker<'_> {
    /// Every address that the key of a set of the rules begins with or has in it.
    fn named(&self) -> BTreeSet<IpAddr> {
        let mut named = BTreeSet::new();
        for (set, elements) in &self.evaluator.prepared().sets {
            let mut at = 0;
            for part in &set.key {
                let keys = elements.keys().filter(|_| matches!(part, KeyPart::Ip4 | KeyPart::Ip6));
                let ends = keys.unwrap_or_default().into_iter().flat_map(|(low, high)| [low, high]);
                named.extend(ends.filter_map(|key| address(key.get(at..at + part.length())?)));
                at += part.padded();
            }
        }
        named
    }

    fn spread(&self, look: &Look, class: &[Member]) -> Spread {
        let ranges = self.ranges(look);
        let answers: Vec<Option<Option<Hit>>> =
            class.iter().map(|member| self.answer(look, member, ranges.as_deref())).collect();
        let mut counts: HashMap<Option<Hit>, usize> = HashMap::new();
        for answer in answers.iter().flatten() {
            *counts.entry(*answer).or_default() += 1;
        }
        let common = counts.into_iter().max_by_key(|(_, count)| *count).map(|(answer, _)| answer);
        let differs = |at: &usize| answers[*at] != common;
        let others = (0..class.len()).filter(differs).collect();
        Spread { common, others }
    }

    /// What a lookup finds for every address of a destination; `None` when not the same for all, or
    /// when that is not known.
    fn answer(
        &self,
        look: &Look,
        member: &Member,
        ranges: Option<&[(u128, u128)]>,
    ) -> Option<Option<Hit>> {
        if depends_on_more(look, member.prefix) {
            let (low, high) = (value(member.prefix.network()), value(member.prefix.broadcast()));
            let touched = ranges?.get(..ranges?.partition_point(|(begin, _)| *begin <= high))?;
            let free = touched.last().is_none_or(|(_, end)| *end < low);
            return free.then_some(None);
        }
        let (set, elements) = &self.evaluator.prepared().sets[look.set];
        elements.find(set, &key(look, member)).ok().map(|hit| look.what(hit))
    }

    /// The addresses in the keys of a set, in order, the end of each being the furthest so far; `None`
    /// where they cannot be told.
    fn ranges(&self, look: &Look) -> Option<Vec<(u128, u128)>> {
        let begin = look.taints.iter().position(|taint| *taint != Taint::None)? * 4;
        let size = 4 * look.taints.iter().filter(|taint| **taint != Taint::None).count();
        let whole = look.taints[begin / 4..].iter().take(size / 4).enumerate().all(|(at, taint)| {
            matches!(taint, Taint::Address { offset, .. } if usize::from(*offset) == at * 4)
        });
        let (_, elements) = &self.evaluator.prepared().sets[look.set];
        let keys = elements.keys().filter(|_| whole && matches!(size, 4 | 16))?;
        let part = |key: &[u8]| {
            key.get(begin..begin + size)
                .map(|bytes| bytes.iter().fold(0, |all, byte| all << 8 | u128::from(*byte)))
        };
        let mut ranges: Vec<_> = keys
            .into_iter()
            .map(|(low, high)| Some((part(low)?, part(high)?)))
            .collect::<Option<_>>()?;
        ranges.sort_unstable();
        let mut furthest = 0;
        for range in &mut ranges {
            furthest = range.1.max(furthest);
            range.1 = furthest;
        }
        Some(ranges)
    }
}

/// Whether a lookup asks for bits of the address behind the prefix.
fn depends_on_more(look: &Look, prefix: IpNet) -> bool {
    let netmask = octets(prefix.netmask());
    look.taints.iter().any(|taint| match taint {
        Taint::Address { offset, mask } => {
            let here = netmask.get(usize::from(*offset)..).unwrap_or_default();
            mask.iter().zip(here).any(|(wanted, given)| wanted & !given != 0)
        }
        _ => false,
    })
}

/// The key of a lookup for another destination.
fn key(look: &Look, member: &Member) -> Vec<u8> {
    let mut key = look.key.clone();
    let address = octets(member.addresses[0]);
    for (chunk, taint) in key.chunks_mut(4).zip(&look.taints) {
        match taint {
            Taint::Address { offset, mask } => {
                let from = address.get(usize::from(*offset)..).unwrap_or_default();
                for (byte, (from, mask)) in chunk.iter_mut().zip(from.iter().zip(mask)) {
                    *byte = from & mask;
                }
            }
            Taint::Output => chunk.copy_from_slice(&member.port.to_ne_bytes()),
            Taint::None | Taint::Opaque => {}
        }
    }
    key
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(four) => four.octets().to_vec(),
        IpAddr::V6(six) => six.octets().to_vec(),
    }
}

fn value(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(four) => u32::from(four).into(),
        IpAddr::V6(six) => six.into(),
    }
}
