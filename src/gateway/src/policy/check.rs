//! What must hold of rules before they may be in force. Every fault is named, with its place.

use std::collections::HashSet;
use std::fmt;

use ets_model::Protocol;

use super::domains;
use super::rule::{Limit, Rule, Rules, Who};

/// The most rules: their places are kept in 16 bits.
pub const MOST_RULES: usize = 10_000;

/// Names of a list that are told one by one.
const MOST_NAMED: usize = 20;
/// The lowest bandwidth, in bits a second.
const LEAST_BANDWIDTH: u64 = 8_000;

/// One fault of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where: `rule work-hours`, `limit schools`, `list blocked`, `group schools`.
    pub place: String,
    /// What is wrong and what to do.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Every fault; none where the rules may be in force.
pub fn faults(rules: &Rules) -> Vec<Fault> {
    let mut faults = Vec::new();
    if rules.rules.len() > MOST_RULES {
        let what = format!("there are {}; at most {MOST_RULES} can be", rules.rules.len());
        faults.push(Fault { place: "rules".to_owned(), what });
    }
    for (name, domains) in &rules.lists {
        check_domains(&mut faults, &format!("list {name}"), domains.iter());
    }
    let mut seen = HashSet::new();
    for rule in &rules.rules {
        check_id(&mut faults, &mut seen, "rule", &rule.id);
        check_rule(&mut faults, rules, rule);
        check_way(&mut faults, rule);
    }
    let mut seen = HashSet::new();
    for limit in &rules.limits {
        check_id(&mut faults, &mut seen, "limit", &limit.id);
        check_limit(&mut faults, rules, limit);
    }
    super::relays::check(&mut faults, rules);
    faults
}

/// Nobody says who he is whose connections are taken on their way.
fn check_way(faults: &mut Vec<Fault>, rule: &Rule) {
    if rule.transparent && !rule.who.persons.is_empty() {
        let what = "a rule for persons is not transparent: without a proxy nobody says who he is";
        faults.push(Fault { place: format!("rule {}", rule.id), what: what.to_owned() });
    }
}

pub(super) fn check_id<'a>(
    faults: &mut Vec<Fault>,
    seen: &mut HashSet<&'a str>,
    kind: &str,
    id: &'a str,
) {
    let place = || format!("{kind} {id}");
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if id.is_empty() || !id.bytes().all(good) {
        let what = "its id is made of a-z, 0-9 and -".to_owned();
        faults.push(Fault { place: place(), what });
    }
    if !seen.insert(id) {
        let what = "another has the same id; choose a new one".to_owned();
        faults.push(Fault { place: place(), what });
    }
}

fn check_rule(faults: &mut Vec<Fault>, rules: &Rules, rule: &Rule) {
    let place = format!("rule {}", rule.id);
    let mut fault = |what: String| faults.push(Fault { place: place.clone(), what });
    if rule.name.is_empty() {
        fault("it has no name; people who are refused read it".to_owned());
    }
    if rule.ports.iter().any(|range| range.protocol == Protocol::Icmp) {
        fault("icmp does not pass the gateway; name ports of tcp and udp".to_owned());
    }
    for list in rule.to.lists.iter().filter(|name| !rules.lists.contains_key(*name)) {
        fault(format!("there is no list {list}"));
    }
    check_who(faults, &place, rules, &rule.who);
    check_domains(faults, &place, rule.to.domains.iter().map(String::as_str));
}

fn check_limit(faults: &mut Vec<Fault>, rules: &Rules, limit: &Limit) {
    let place = format!("limit {}", limit.id);
    let mut fault = |what: &str| faults.push(Fault { place: place.clone(), what: what.to_owned() });
    let none = limit.connections == Some(0) || limit.volume.is_some_and(|volume| volume.bytes == 0);
    if none || limit.bandwidth == Some(0) {
        fault("nobody could come out; refuse by a rule");
    }
    if limit.bandwidth.is_some_and(|bits| (1..LEAST_BANDWIDTH).contains(&bits)) {
        fault("nothing works at less than 8000 bits a second; refuse by a rule");
    }
    if limit.connections.is_none() && limit.volume.is_none() && limit.bandwidth.is_none() {
        fault("it limits nothing; give it connections, volume or bandwidth");
    }
    if !limit.who.persons.is_empty() {
        fault("a limit is a segment's; leave persons out");
    }
    check_who(faults, &place, rules, &limit.who);
}

pub(super) fn check_who(faults: &mut Vec<Fault>, place: &str, rules: &Rules, who: &Who) {
    for group in who.groups.iter().filter(|name| !rules.groups.contains_key(*name)) {
        let what = format!("there is no group {group}");
        faults.push(Fault { place: place.to_owned(), what });
    }
}

fn check_domains<'a>(faults: &mut Vec<Fault>, place: &str, domains: impl Iterator<Item = &'a str>) {
    let mut invalid = domains.filter_map(|domain| domains::read(domain).err());
    let mut fault = |what| faults.push(Fault { place: place.to_owned(), what });
    invalid.by_ref().take(MOST_NAMED).for_each(|invalid| fault(invalid.to_string()));
    match invalid.count() {
        0 => {}
        more => fault(format!("and {more} more that are none")),
    }
}
