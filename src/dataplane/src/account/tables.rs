//! What the maps should hold, computed from segments, services and places; no I/O.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ets_model::{PortRange, Protocol, SegmentNo};
use ets_netd_api::Class;
use ipnet::IpNet;

use super::Error;
use super::layout::{CLASSES, KEY, Key, config};

/// Ranges up to this length are expanded port by port.
const EXPANDED: usize = 1024;
/// One entry ends the list.
const MOST_LENGTHS: usize = config::LIST - 1;

/// Where a service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceAt {
    /// The class its traffic is counted in.
    pub class: Class,
    /// Its address.
    pub address: IpAddr,
    /// Its ports; `None` for everything at the address that no other service answers. When no
    /// service says `None` and all services of an address are of one class, what has no port of a
    /// service (a fragment, an ICMP error) counts for that class as well.
    pub ports: Option<PortRange>,
}

pub(super) type Elements = BTreeMap<[u8; KEY], u32>;

/// What the maps should hold.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) segments: Elements,
    pub(super) services: Elements,
    pub(super) places: Elements,
    pub(super) bank: [u8; config::BANK_SIZE],
}

impl Tables {
    /// Checks everything; an error leaves nothing half done.
    pub(super) fn new(
        segments: &[(SegmentNo, Vec<IpNet>)],
        services: &[ServiceAt],
        places: &[(IpNet, Class)],
        capacity: u32,
    ) -> Result<Self, Error> {
        let (segments, own_lengths) = segment_elements(segments, capacity)?;
        let (places, place_lengths) = place_elements(&segments, &own_lengths, places)?;
        let (services, ranges) = service_elements(services)?;
        let mut bank = [0; config::BANK_SIZE];
        for (at, list) in own_lengths.lists().chain(place_lengths.lists()).enumerate() {
            write_lengths(&mut bank[at * config::LIST..], list)?;
        }
        write_ranges(&mut bank[config::RANGES..], &ranges)?;
        Ok(Self { segments, services, places, bank })
    }
}

/// The prefix lengths in use: of IPv4 and of IPv6.
#[derive(Clone, Debug, Default)]
struct Lengths {
    four: BTreeSet<u8>,
    six: BTreeSet<u8>,
}

impl Lengths {
    fn add(&mut self, net: IpNet) {
        let family = if net.addr().is_ipv4() { &mut self.four } else { &mut self.six };
        family.insert(net.prefix_len());
    }

    fn lists(&self) -> impl Iterator<Item = &BTreeSet<u8>> {
        [&self.four, &self.six].into_iter()
    }
}

fn write_lengths(to: &mut [u8], lengths: &BTreeSet<u8>) -> Result<(), Error> {
    if lengths.len() > MOST_LENGTHS {
        return Err(Error::TooManyLengths(lengths.len()));
    }
    to.iter_mut().zip(lengths.iter().rev()).for_each(|(byte, length)| *byte = length + 1);
    Ok(())
}

fn segment_elements(
    segments: &[(SegmentNo, Vec<IpNet>)],
    capacity: u32,
) -> Result<(Elements, Lengths), Error> {
    let (mut elements, mut lengths) = (Elements::new(), Lengths::default());
    for (segment, prefixes) in segments {
        if segment.0 >= capacity {
            return Err(Error::BeyondCapacity(*segment, capacity));
        }
        for net in prefixes {
            let former = elements.insert(Key::prefix(*net).bytes(), segment.0);
            if former.is_some_and(|former| former != segment.0) {
                return Err(Error::PrefixTwice(net.trunc()));
            }
            lengths.add(*net);
        }
    }
    Ok((elements, lengths))
}

/// Places as given; every segment's prefix that is not among them is a neighbour's.
fn place_elements(
    segments: &Elements,
    own_lengths: &Lengths,
    places: &[(IpNet, Class)],
) -> Result<(Elements, Lengths), Error> {
    let (mut given, mut lengths) = (Elements::new(), own_lengths.clone());
    for (net, class) in places {
        let code = code(*class)?;
        let former = given.insert(Key::prefix(*net).bytes(), code);
        if former.is_some_and(|former| former != code) {
            return Err(Error::PrefixTwice(net.trunc()));
        }
        lengths.add(*net);
    }
    let neighbour = u32::from(Class::Neighbour.code());
    let mut elements: Elements = segments.keys().map(|key| (*key, neighbour)).collect();
    elements.extend(given);
    Ok((elements, lengths))
}

fn code(class: Class) -> Result<u32, Error> {
    let code = class.code();
    if u32::from(code) < CLASSES { Ok(u32::from(code)) } else { Err(Error::NoTotal(code)) }
}

struct Range {
    key: Key,
    first: u16,
    last: u16,
    class: u32,
}

fn service_elements(services: &[ServiceAt]) -> Result<(Elements, Vec<Range>), Error> {
    let (mut elements, mut ranges) = (Elements::new(), Vec::new());
    let mut at_address: BTreeMap<IpAddr, Option<u32>> = BTreeMap::new();
    for service in services {
        let class = code(service.class)?;
        let at = service.address;
        let Some(ports) = service.ports else {
            put(&mut elements, Key::address(at), class, || at.to_string())?;
            continue;
        };
        let only = at_address.entry(at).or_insert(Some(class));
        *only = only.filter(|other| *other == class);
        let protocol = number(ports.protocol, at);
        if usize::from(ports.last - ports.first) < EXPANDED {
            for port in ports.first..=ports.last {
                put(&mut elements, Key::port(at, protocol, port), class, || {
                    format!("{at} {ports}")
                })?;
            }
        } else {
            let key = Key::port(at, protocol, 0);
            ranges.push(Range { key, first: ports.first, last: ports.last, class });
        }
    }
    for (at, class) in at_address {
        if let Some(class) = class {
            elements.entry(Key::address(at).bytes()).or_insert(class);
        }
    }
    Ok((elements, ranges))
}

fn put(to: &mut Elements, key: Key, class: u32, name: impl Fn() -> String) -> Result<(), Error> {
    match to.insert(key.bytes(), class) {
        Some(former) if former != class => Err(Error::ServiceTwice(name())),
        _ => Ok(()),
    }
}

/// Protocol numbers (IANA).
fn number(protocol: Protocol, at: IpAddr) -> u8 {
    match protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
        Protocol::Icmp if at.is_ipv4() => 1,
        Protocol::Icmp => 58,
    }
}

fn write_ranges(to: &mut [u8], ranges: &[Range]) -> Result<(), Error> {
    if ranges.len() > config::MOST_RANGES {
        return Err(Error::TooManyRanges(ranges.len()));
    }
    for (range, slot) in ranges.iter().zip(to.chunks_exact_mut(config::RANGE)) {
        slot[..KEY].copy_from_slice(&range.key.bytes());
        slot[20..22].copy_from_slice(&range.first.to_ne_bytes());
        slot[22..24].copy_from_slice(&range.last.to_ne_bytes());
        slot[24..28].copy_from_slice(&range.class.to_ne_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    fn at(class: Class, address: &str, ports: &str) -> ServiceAt {
        ServiceAt { class, address: address.parse().unwrap(), ports: Some(ports.parse().unwrap()) }
    }

    fn refusal(
        segments: &[(SegmentNo, Vec<IpNet>)],
        services: &[ServiceAt],
        places: &[(IpNet, Class)],
    ) -> String {
        Tables::new(segments, services, places, 100).unwrap_err().to_string()
    }

    /// covers: N5.1
    #[test]
    fn input_that_contradicts_itself_is_refused_with_what_contradicts() {
        let prefix = || vec![net("10.10.1.7/24")];
        let twice = [(SegmentNo(1), prefix()), (SegmentNo(2), prefix())];
        assert_eq!(refusal(&twice, &[], &[]), "the prefix 10.10.1.0/24 is given twice");
        assert!(refusal(&[(SegmentNo(100), prefix())], &[], &[]).contains("beyond the 100"));
        let places = [(net("::/0"), Class::Hub), (net("::/0"), Class::Outside)];
        assert_eq!(refusal(&[], &[], &places), "the prefix ::/0 is given twice");
        let (hub, other) = (Class::Hub, Class::Other);
        let services = [at(hub, "10.1.0.1", "tcp/20-30"), at(other, "10.1.0.1", "tcp/25")];
        assert_eq!(refusal(&[], &services, &[]), "two services answer at 10.1.0.1 tcp/25");
        let dropped = at(Class::Dropped, "10.1.0.1", "icmp");
        assert_eq!(refusal(&[], &[dropped], &[]), "class 255 has no total");
        let long: Vec<ServiceAt> =
            (1..10).map(|n| at(hub, &format!("10.1.0.{n}"), "udp/1-1025")).collect();
        assert!(refusal(&[], &long, &[]).contains("9 ranges"));
        assert!(Tables::new(&[], &long[..8], &[], 100).is_ok());
    }

    /// covers: N5.1
    #[test]
    fn what_has_no_port_counts_for_a_service_only_where_there_is_one_at_the_address() {
        let (hub, other) = (Class::Hub, Class::Other);
        let services = [
            at(hub, "10.1.0.1", "tcp/25"),
            at(other, "10.1.0.1", "tcp/26"),
            at(hub, "fd10::1", "tcp/1-1024"),
        ];
        let tables = Tables::new(&[], &services, &[], 100).unwrap();
        let whatever =
            |text: &str| tables.services.get(&Key::address(text.parse().unwrap()).bytes()).copied();
        assert_eq!((whatever("10.1.0.1"), whatever("fd10::1")), (None, Some(1)));
        assert_eq!(tables.services.len(), 2 + 1024 + 1);
    }

    /// covers: N5.1
    #[test]
    fn the_prefix_lengths_in_use_are_listed_longest_first() {
        let segments = [(SegmentNo(1), vec![net("10.0.0.0/8"), net("10.1.0.0/24")])];
        let tables = Tables::new(&segments, &[], &[(net("0.0.0.0/0"), Class::Hub)], 100).unwrap();
        assert_eq!(tables.bank[..4], [25, 9, 0, 0]);
        assert_eq!(tables.bank[config::PLACES..][..4], [25, 9, 1, 0]);
        assert_eq!(tables.places.len(), 3);
    }
}
