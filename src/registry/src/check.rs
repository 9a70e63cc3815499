//! The rules, applied: one entry against what surrounds it.

use std::net::IpAddr;

use ets_model::{Institution, Lang, Method, Parent, Segment, SegmentNo, overlap};
use ipnet::IpNet;

use crate::networks::Networks;
use crate::text::{self, RATE_LIMIT};
use crate::{Catalog, Fault, Field, Rule};

/// What the addresses of a segment are checked against.
pub(crate) struct Surroundings<'a> {
    /// The addresses of everybody else.
    pub(crate) networks: &'a Networks,
    /// The hub's own networks, by name.
    pub(crate) reserved: &'a [(String, IpNet)],
    /// The identifier and name of a segment.
    pub(crate) describe: &'a dyn Fn(SegmentNo) -> (String, String),
}

/// Everything that is wrong with a segment of a form.
pub(crate) fn segment(catalog: &Catalog, segment: &Segment, lang: Lang) -> Vec<Fault> {
    let describe = |no| describe(catalog, no, lang);
    let around = Surroundings {
        networks: catalog.networks(),
        reserved: catalog.reserved(),
        describe: &describe,
    };
    let mut faults = own(segment);
    if catalog.institution(&segment.institution).is_none() {
        let id = segment.institution.to_string();
        faults.push(Fault::of(
            Field::Institution,
            &id,
            Rule::InstitutionUnknown { id: id.clone() },
        ));
    }
    faults.extend(parent_of(catalog, segment));
    if segment.is_active() {
        let institution = catalog.institution(&segment.institution);
        let name = name(segment, institution.map(AsRef::as_ref), lang);
        faults.extend(overlaps(segment, &name, &around));
        let taken = address_taken(segment, &around);
        faults.extend(taken.or_else(|| address_foreign(segment, &around)));
    }
    faults
}

/// What a segment is called in messages.
pub(crate) fn name(segment: &Segment, institution: Option<&Institution>, lang: Lang) -> String {
    let label = segment.label.get(lang);
    let institution = institution.map_or("", |one| one.name.get(lang));
    if label.is_empty() { institution.to_owned() } else { label.to_owned() }
}

/// The identifier and name of a segment of the registry.
pub(crate) fn describe(catalog: &Catalog, no: SegmentNo, lang: Lang) -> (String, String) {
    catalog.by_no(no).map_or_else(
        || (no.to_string(), String::new()),
        |one| (one.id.to_string(), catalog.name(one, lang).to_owned()),
    )
}

/// What is wrong with a segment by itself.
pub(crate) fn own(segment: &Segment) -> Vec<Fault> {
    let (channel, router) = (&segment.channel, &segment.router);
    let mut faults = Vec::new();
    let texts = [
        (Field::LabelKk, &segment.label.kk, 100),
        (Field::LabelRu, &segment.label.ru, 100),
        (Field::LabelEn, &segment.label.en, 100),
        (Field::Provider, &channel.provider, 200),
        (Field::Technology, &channel.technology, 100),
        (Field::Contract, &channel.contract, 100),
        (Field::Notes, &segment.notes, 4_000),
    ];
    for (field, value, limit) in texts {
        faults.extend(text(field, value, limit));
    }
    faults.extend(own_prefixes(&segment.prefixes));
    faults.extend(interface(&segment.interface));
    let addresses = [
        (Field::ProbeAddress, Some(segment.probing.address)),
        (Field::RouterManagement, router.management),
    ];
    for (field, address) in addresses {
        faults.extend(address.and_then(|address| special_address(field, address)));
    }
    if segment.probing.method == Method::Tcp(0) {
        let method = text::method(segment.probing.method);
        faults.push(Fault::of(
            Field::Method,
            &method,
            Rule::MethodSyntax { method: method.clone() },
        ));
    }
    for (field, number) in [(Field::DownKbps, channel.down_kbps), (Field::UpKbps, channel.up_kbps)]
    {
        if number > RATE_LIMIT {
            let rule = Rule::NumberRange { number, limit: RATE_LIMIT };
            faults.push(Fault::of(field, number.to_string(), rule));
        }
    }
    if !is_credential(&router.snmp) {
        faults.push(Fault::of(Field::RouterSnmp, "", Rule::CredentialSyntax {}));
    }
    faults
}

/// What is wrong with an institution.
pub(crate) fn institution(institution: &Institution) -> Vec<Fault> {
    let name = &institution.name;
    let mut faults = Vec::new();
    if name.is_empty() {
        faults.push(Fault::of(Field::NameRu, "", Rule::NameMissing {}));
    }
    let texts = [
        (Field::NameKk, &name.kk, 300),
        (Field::NameRu, &name.ru, 300),
        (Field::NameEn, &name.en, 300),
        (Field::Kind, &institution.kind, 100),
        (Field::BudgetLevel, &institution.budget_level, 100),
        (Field::District, &institution.district, 100),
        (Field::Address, &institution.address, 300),
        (Field::Head, &institution.head, 200),
        (Field::Duty, &institution.duty, 200),
    ];
    for (field, value, limit) in texts {
        faults.extend(text(field, value, limit));
    }
    faults
}

/// What is wrong with a provider point.
pub(crate) fn parent(parent: &Parent) -> Vec<Fault> {
    let mut faults = Vec::new();
    if parent.id.parse::<ets_model::SegmentId>().is_err() {
        faults.push(Fault::of(Field::Id, &parent.id, Rule::IdSyntax { id: parent.id.clone() }));
    }
    if parent.name.is_empty() {
        faults.push(Fault::of(Field::NameRu, "", Rule::NameMissing {}));
    }
    let names = [
        (Field::NameKk, &parent.name.kk),
        (Field::NameRu, &parent.name.ru),
        (Field::NameEn, &parent.name.en),
    ];
    for (field, value) in names.into_iter().chain([(Field::Provider, &parent.provider)]) {
        faults.extend(text(field, value, 200));
    }
    faults
}

/// The provider point of a segment, if there is none such.
pub(crate) fn parent_of(catalog: &Catalog, segment: &Segment) -> Option<Fault> {
    let id = &segment.parent;
    (!id.is_empty() && catalog.parent(id).is_none())
        .then(|| Fault::of(Field::Parent, id, Rule::ParentUnknown { id: id.clone() }))
}

/// Prefixes that belong to somebody else.
pub(crate) fn overlaps(segment: &Segment, name: &str, around: &Surroundings<'_>) -> Vec<Fault> {
    let (id, name) = (|| segment.id.to_string(), || name.to_owned());
    let of_segment = |prefix: &IpNet| {
        let (other, no) = around.networks.overlap(prefix, segment.no)?;
        let (other_id, other_name) = (around.describe)(no);
        let (id, name) = (id(), name());
        Some(Rule::PrefixOverlap { prefix: *prefix, other, id, name, other_id, other_name })
    };
    let of_hub = |prefix: &IpNet| {
        let (network, other) = around.reserved.iter().find(|(_, net)| overlap(prefix, net))?;
        let (id, name, network) = (id(), name(), network.clone());
        Some(Rule::PrefixOfHub { prefix: *prefix, other: *other, id, name, network })
    };
    let faults = |prefix: &IpNet| {
        let rules = [of_segment(prefix), of_hub(prefix)];
        let text = prefix.to_string();
        rules.into_iter().flatten().map(move |rule| Fault::of(Field::Prefixes, text.clone(), rule))
    };
    segment.prefixes.iter().filter(|prefix| !is_special(prefix)).flat_map(faults).collect()
}

/// The probed address, if somebody else is probed there.
pub(crate) fn address_taken(segment: &Segment, around: &Surroundings<'_>) -> Option<Fault> {
    let address = segment.probing.address;
    let no = around.networks.probed_for(address).filter(|no| *no != segment.no)?;
    let (other_id, other_name) = (around.describe)(no);
    let address = address.to_string();
    let rule = Rule::AddressTaken { address: address.clone(), other_id, other_name };
    Some(Fault::of(Field::ProbeAddress, address, rule))
}

/// The probed address, if it lies in somebody else's prefix, or (a warning) in nobody's.
pub(crate) fn address_foreign(segment: &Segment, around: &Surroundings<'_>) -> Option<Fault> {
    let at = segment.probing.address;
    if segment.prefixes.iter().any(|prefix| prefix.contains(&at)) {
        return None;
    }
    let address = at.to_string();
    let rule = match around.networks.containing(at).filter(|(_, no)| *no != segment.no) {
        None => Rule::AddressOutside { address: address.clone() },
        Some((other, no)) => {
            let (other_id, other_name) = (around.describe)(no);
            Rule::AddressForeign { address: address.clone(), other, other_id, other_name }
        }
    };
    Some(Fault::of(Field::ProbeAddress, address, rule))
}

fn own_prefixes(prefixes: &[IpNet]) -> Vec<Fault> {
    if prefixes.is_empty() {
        return vec![Fault::of(Field::Prefixes, "", Rule::Required { field: Field::Prefixes })];
    }
    let mut faults = Vec::new();
    let mut refuse =
        |prefix: &IpNet, rule| faults.push(Fault::of(Field::Prefixes, prefix.to_string(), rule));
    for (at, prefix) in prefixes.iter().enumerate() {
        if prefix.trunc() != *prefix {
            refuse(prefix, Rule::PrefixHostBits { prefix: *prefix, network: prefix.trunc() });
        } else if is_special(prefix) {
            refuse(prefix, Rule::PrefixSpecial { prefix: *prefix });
        }
        if let Some(other) = prefixes[..at].iter().find(|other| overlap(other, prefix)) {
            refuse(prefix, Rule::PrefixRepeated { prefix: *prefix, other: *other });
        }
    }
    faults
}

fn is_special(prefix: &IpNet) -> bool {
    let network = prefix.network();
    let link_local = match network {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    prefix.prefix_len() == 0 || network.is_multicast() || network.is_loopback() || link_local
}

fn special_address(field: Field, address: IpAddr) -> Option<Fault> {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    let special = broadcast || address.is_unspecified() || address.is_multicast();
    let address = address.to_string();
    special.then(|| Fault::of(field, &address, Rule::AddressSpecial { address: address.clone() }))
}

fn interface(interface: &str) -> Option<Fault> {
    if interface.is_empty() {
        return Some(Fault::of(Field::Interface, "", Rule::Required { field: Field::Interface }));
    }
    // The kernel's own rule, `dev_valid_name`: IFNAMSIZ is 16 with the ending zero.
    let bad = interface.len() > 15
        || matches!(interface, "." | "..")
        || interface
            .chars()
            .any(|one| one.is_whitespace() || one.is_control() || "/:".contains(one));
    let name = interface.to_owned();
    bad.then(|| Fault::of(Field::Interface, interface, Rule::InterfaceSyntax { interface: name }))
}

fn is_credential(name: &str) -> bool {
    name.len() <= 48
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn text(field: Field, value: &str, limit: usize) -> Option<Fault> {
    let bad = |one: &char| one.is_control() && !(field == Field::Notes && *one == '\n');
    if let Some(control) = value.chars().find(bad) {
        let code = format!("U+{:04X}", u32::from(control));
        return Some(Fault::of(field, value, Rule::ControlCharacter { code }));
    }
    let length = value.chars().count();
    (length > limit).then(|| Fault::of(field, value, Rule::TooLong { length, limit }))
}
