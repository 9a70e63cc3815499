//! What is ours to say: the closed network's own zone, the names of the file, reverse names of
//! inner addresses, and names that never leave a network (RFC 6761, RFC 6303).

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::rdata::{A, AAAA, NS, PTR, SOA};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use crate::Error;
use crate::config::{Config, name};
use crate::message::Answer;
use crate::world::{Kind, World};

/// The time of every answer, also that there is none: names follow services within it.
const TTL: u32 = 60;
/// Refresh, retry and expiry of the zone (RFC 1912, section 2.2). Nobody transfers it.
const TIMES: (i32, i32, i32) = (3_600, 600, 1_209_600);
/// The hub's own name in the zone.
const HUB: &str = "hub";
/// Domains that are never asked outside: they exist on a link or a machine alone, or nowhere. The
/// last one tells browsers to keep to the network's resolver (Mozilla's canary domain).
const NOWHERE: [&str; 6] =
    ["invalid.", "local.", "onion.", "home.arpa.", "internal.", "use-application-dns.net."];

/// See the head of the file.
#[derive(Debug)]
pub(crate) struct Zone {
    apex: Option<Name>,
    hosts: BTreeMap<Name, Vec<IpAddr>>,
    nowhere: Vec<Name>,
    /// Counts the starts: seconds since 1970 at this one (RFC 1912, section 2.2).
    serial: u32,
}

impl Zone {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let apex = config.zone.as_deref().map(name).transpose()?;
        let mut hosts = BTreeMap::new();
        for (host, addresses) in &config.hosts {
            let whole = match &apex {
                Some(apex) if !host.contains('.') => name(&format!("{host}.{apex}"))?,
                _ => name(host)?,
            };
            hosts.insert(whole, addresses.clone());
        }
        let nowhere = NOWHERE.iter().map(|one| name(one)).collect::<Result<_, _>>()?;
        let since = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
        // Serial numbers wrap (RFC 1982).
        Ok(Self { apex, hosts, nowhere, serial: since as u32 })
    }

    /// The answer, where it is ours to say. `asked` is our address that the question was sent to.
    pub(crate) fn answer(
        &self,
        (name, kind): (&Name, RecordType),
        asked: IpAddr,
        world: &dyn World,
    ) -> Option<Answer> {
        if name.is_localhost() {
            let own = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            return Some(self.known(name, kind, &own, name));
        }
        if let Some(addresses) = self.hosts.get(name) {
            return Some(self.known(name, kind, addresses, self.apex_of(name)));
        }
        if let Some(apex) = self.apex.as_ref().filter(|apex| apex.zone_of(name)) {
            return Some(self.within(apex, name, kind, asked, world));
        }
        if let Some(zone) = self.nowhere.iter().find(|zone| zone.zone_of(name)) {
            return Some(self.none(ResponseCode::NXDomain, zone));
        }
        self.reverse(name, kind, world)
    }

    /// A name of the own zone.
    fn within(
        &self,
        apex: &Name,
        name: &Name,
        kind: RecordType,
        asked: IpAddr,
        world: &dyn World,
    ) -> Answer {
        if name == apex {
            return self.apex(apex, kind);
        }
        let mut relative =
            Name::from_labels(name.iter().take(usize::from(name.num_labels() - apex.num_labels())))
                .unwrap_or_default();
        relative.set_fqdn(false);
        let relative = relative.to_ascii();
        let known = if relative == HUB { Some(Vec::new()) } else { world.addresses(&relative) };
        match known {
            Some(addresses) if addresses.is_empty() => {
                self.known(name, kind, &self.own(apex, asked), apex)
            }
            Some(addresses) => self.known(name, kind, &addresses, apex),
            // Above a name there is a name, though without records (RFC 8020).
            None if self.hosts.keys().any(|host| name.zone_of(host)) => {
                self.none(ResponseCode::NoError, apex)
            }
            None => self.none(ResponseCode::NXDomain, apex),
        }
    }

    /// The hub's addresses: those that the file gives, else the one that was asked.
    fn own(&self, apex: &Name, asked: IpAddr) -> Vec<IpAddr> {
        self.hosts.get(&self.hub(apex)).cloned().unwrap_or_else(|| vec![asked])
    }

    fn apex(&self, apex: &Name, kind: RecordType) -> Answer {
        let mut answer = self.none(ResponseCode::NoError, apex);
        match kind {
            RecordType::SOA => answer.answers = std::mem::take(&mut answer.authorities),
            RecordType::NS => {
                let data = RData::NS(NS(self.hub(apex)));
                answer.answers = vec![Record::from_rdata(apex.clone(), TTL, data)];
                answer.authorities.clear();
            }
            _ => {}
        }
        answer
    }

    /// A name that there is: with the records of the kind, or without.
    fn known(&self, name: &Name, kind: RecordType, addresses: &[IpAddr], zone: &Name) -> Answer {
        let data = |address: &IpAddr| match (address, kind) {
            (IpAddr::V4(address), RecordType::A) => Some(RData::A(A(*address))),
            (IpAddr::V6(address), RecordType::AAAA) => Some(RData::AAAA(AAAA(*address))),
            _ => None,
        };
        let record = |data| Record::from_rdata(name.clone(), TTL, data);
        let answers: Vec<Record> = addresses.iter().filter_map(data).map(record).collect();
        if answers.is_empty() {
            return self.none(ResponseCode::NoError, zone);
        }
        Answer { answers, authorities: Vec::new(), ..own(ResponseCode::NoError) }
    }

    /// No record, with who says so (RFC 2308, section 3).
    fn none(&self, code: ResponseCode, zone: &Name) -> Answer {
        let (refresh, retry, expire) = TIMES;
        let server = self.apex.as_ref().map_or_else(|| zone.clone(), |apex| self.hub(apex));
        let person = Name::from_ascii("hostmaster")
            .and_then(|one| one.append_domain(self.apex.as_ref().unwrap_or(zone)))
            .unwrap_or_default();
        let soa = SOA::new(server, person, self.serial, refresh, retry, expire, TTL);
        let record = Record::from_rdata(zone.clone(), TTL, RData::SOA(soa));
        Answer { authorities: vec![record], ..own(code) }
    }

    /// The names of inner addresses. Nobody outside is asked for them, or told of them.
    fn reverse(&self, name: &Name, kind: RecordType, world: &dyn World) -> Option<Answer> {
        let arpa = name.num_labels() > 2 && name.iter().next_back() == Some(b"arpa");
        if !arpa {
            return None;
        }
        // Above the network there may be labels of other kinds: `b._dns-sd._udp.0.10.10.in-addr.arpa`.
        let mut place = name.clone();
        let network = loop {
            match place.parse_arpa_name() {
                Ok(network) => break network,
                Err(_) if place.num_labels() > 3 => place = place.base_name(),
                Err(_) => return None,
            }
        };
        if network.prefix_len() < 4 || world.kind(network.network()) == Kind::Outside {
            return None;
        }
        let zone = place.trim_to(if network.addr().is_ipv4() { 5 } else { 18 });
        let is_whole = network.prefix_len() == network.max_prefix_len() && place == *name;
        if !is_whole {
            let code = if place == *name { ResponseCode::NoError } else { ResponseCode::NXDomain };
            return Some(self.none(code, &zone));
        }
        let Some(named) = self.name_of(network.addr(), world) else {
            return Some(self.none(ResponseCode::NXDomain, &zone));
        };
        if kind != RecordType::PTR {
            return Some(self.none(ResponseCode::NoError, &zone));
        }
        let record = Record::from_rdata(name.clone(), TTL, RData::PTR(PTR(named)));
        Some(Answer { answers: vec![record], ..own(ResponseCode::NoError) })
    }

    fn name_of(&self, address: IpAddr, world: &dyn World) -> Option<Name> {
        let mut of_file = self.hosts.iter().filter(|(_, all)| all.contains(&address));
        if let Some((host, _)) = of_file.next() {
            return Some(host.clone());
        }
        let relative = Name::from_ascii(world.name_of(address)?).ok()?;
        relative.append_domain(self.apex.as_ref()?).ok()
    }

    fn apex_of<'a>(&'a self, host: &'a Name) -> &'a Name {
        self.apex.as_ref().filter(|apex| apex.zone_of(host)).unwrap_or(host)
    }

    fn hub(&self, apex: &Name) -> Name {
        Name::from_ascii(HUB).and_then(|hub| hub.append_domain(apex)).unwrap_or_default()
    }
}

fn own(code: ResponseCode) -> Answer {
    Answer { own: true, ..Answer::empty(code, None) }
}
