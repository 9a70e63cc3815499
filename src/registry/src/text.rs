//! Fields as text and back: the one place that knows how each is written.

use std::net::IpAddr;
use std::str::FromStr;

use ets_model::{Criticality, Hardware, Institution, Method, Names, Parent, Segment};
use ipnet::IpNet;

use crate::{Field, Rule};

/// The largest rate that is taken, in kbit/s: a terabit a second.
pub(crate) const RATE_LIMIT: u64 = 1_000_000_000;

/// A field of a segment and its institution, as it stands in a file.
pub(crate) fn field(segment: &Segment, institution: &Institution, field: Field) -> String {
    if field.is_of_institution() {
        of_institution(institution, field)
    } else {
        of_segment(segment, field)
    }
}

/// A field of an institution; empty for one of a segment.
pub(crate) fn of_institution(institution: &Institution, field: Field) -> String {
    match field {
        Field::NameKk => institution.name.kk.clone(),
        Field::NameRu => institution.name.ru.clone(),
        Field::NameEn => institution.name.en.clone(),
        Field::Kind => institution.kind.clone(),
        Field::BudgetLevel => institution.budget_level.clone(),
        Field::District => institution.district.clone(),
        Field::Address => institution.address.clone(),
        Field::Head => institution.head.clone(),
        Field::Duty => institution.duty.clone(),
        _ => String::new(),
    }
}

/// A field of a segment; empty for one of its institution.
pub(crate) fn of_segment(segment: &Segment, field: Field) -> String {
    let (channel, router) = (&segment.channel, &segment.router);
    match field {
        Field::Id => segment.id.to_string(),
        Field::Institution => segment.institution.to_string(),
        Field::LabelKk => segment.label.kk.clone(),
        Field::LabelRu => segment.label.ru.clone(),
        Field::LabelEn => segment.label.en.clone(),
        Field::Prefixes => prefixes(&segment.prefixes),
        Field::Interface => segment.interface.clone(),
        Field::ProbeAddress => segment.probing.address.to_string(),
        Field::Method => method(segment.probing.method),
        Field::Provider => channel.provider.clone(),
        Field::Technology => channel.technology.clone(),
        Field::DownKbps => rate(channel.down_kbps),
        Field::UpKbps => rate(channel.up_kbps),
        Field::Contract => channel.contract.clone(),
        Field::RouterManagement => router.management.map(|one| one.to_string()).unwrap_or_default(),
        Field::RouterSnmp => router.snmp.clone(),
        Field::Parent => segment.parent.clone(),
        Field::Criticality => criticality(segment.criticality).to_owned(),
        Field::Notes => segment.notes.clone(),
        Field::RouterHardware => router.hardware.map(|one| one.to_string()).unwrap_or_default(),
        _ => String::new(),
    }
}

pub(crate) fn prefixes(prefixes: &[IpNet]) -> String {
    prefixes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

pub(crate) fn method(method: Method) -> String {
    match method {
        Method::Icmp => "icmp".to_owned(),
        Method::Tcp(port) => format!("tcp:{port}"),
    }
}

pub(crate) fn criticality(criticality: Criticality) -> &'static str {
    match criticality {
        Criticality::Normal => "normal",
        Criticality::Critical => "critical",
    }
}

fn rate(kbps: u64) -> String {
    if kbps == 0 { String::new() } else { kbps.to_string() }
}

pub(crate) fn parse_id<T: FromStr>(text: &str) -> Result<T, Box<Rule>> {
    text.parse().map_err(|_| Box::new(Rule::IdSyntax { id: text.to_owned() }))
}

pub(crate) fn parse_prefix(text: &str) -> Result<IpNet, Box<Rule>> {
    text.parse().map_err(|_| Box::new(Rule::PrefixSyntax { prefix: text.to_owned() }))
}

pub(crate) fn parse_address(text: &str) -> Result<IpAddr, Box<Rule>> {
    text.parse().map_err(|_| Box::new(Rule::AddressSyntax { address: text.to_owned() }))
}

pub(crate) fn parse_hardware(text: &str) -> Result<Hardware, Box<Rule>> {
    text.parse().map_err(|_| Box::new(Rule::HardwareSyntax { hardware: text.to_owned() }))
}

pub(crate) fn parse_method(text: &str) -> Result<Method, Box<Rule>> {
    let port = || text.strip_prefix("tcp:")?.parse().ok().filter(|port| *port > 0);
    match text {
        "" | "icmp" => Ok(Method::Icmp),
        _ => port()
            .map(Method::Tcp)
            .ok_or_else(|| Box::new(Rule::MethodSyntax { method: text.to_owned() })),
    }
}

pub(crate) fn parse_criticality(text: &str) -> Result<Criticality, Box<Rule>> {
    match text {
        "" | "normal" => Ok(Criticality::Normal),
        "critical" => Ok(Criticality::Critical),
        _ => Err(Box::new(Rule::CriticalitySyntax { criticality: text.to_owned() })),
    }
}

pub(crate) fn parse_rate(text: &str) -> Result<u64, Box<Rule>> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| Box::new(Rule::NumberSyntax { number: text.to_owned() }))
}

/// Takes the spaces around all texts away, so that what is stored is what an import gives.
pub(crate) fn trim_segment(segment: &mut Segment) {
    let Segment { label, interface, channel, router, parent, notes, .. } = segment;
    trim_names(label);
    let texts = [
        interface,
        &mut channel.provider,
        &mut channel.technology,
        &mut channel.contract,
        &mut router.snmp,
        parent,
        notes,
    ];
    texts.into_iter().for_each(trim);
    if segment.notes.contains('\r') {
        segment.notes = segment.notes.replace("\r\n", "\n");
    }
}

/// As [`trim_segment`].
pub(crate) fn trim_institution(institution: &mut Institution) {
    let Institution { name, kind, budget_level, district, address, head, duty, .. } = institution;
    trim_names(name);
    [kind, budget_level, district, address, head, duty].into_iter().for_each(trim);
}

/// As [`trim_segment`].
pub(crate) fn trim_parent(parent: &mut Parent) {
    trim_names(&mut parent.name);
    trim(&mut parent.provider);
}

/// As [`trim_segment`].
pub(crate) fn trim_names(names: &mut Names) {
    [&mut names.kk, &mut names.ru, &mut names.en].into_iter().for_each(trim);
}

fn trim(text: &mut String) {
    let trimmed = text.trim();
    if trimmed.len() != text.len() {
        *text = trimmed.to_owned();
    }
}
