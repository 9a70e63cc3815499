//! Rules, sets and elements in words: nearly those of `nft list ruleset`, so that who knows that
//! program can read ours, and can give it back to `nft` where that matters.

mod rule;
mod set;
mod value;

use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(super) use rule::rule;
pub(super) use set::{element, kind};

use super::ir::{Base, Chain, Family, Hook, Ruleset, Set, Table};
use super::transaction::{Act, Step, TableName};

/// Names of interfaces by their numbers, for people; a number that has none is printed as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(BTreeMap<u32, String>);

impl FromIterator<(u32, String)> for Names {
    fn from_iter<I: IntoIterator<Item = (u32, String)>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}

impl Names {
    fn of(&self, interface: u32) -> String {
        self.0.get(&interface).map_or_else(|| interface.to_string(), |name| format!("\"{name}\""))
    }
}

/// The whole rule set, as `nft list ruleset` prints it but for the order of chains.
pub fn ruleset(ruleset: &Ruleset, names: &Names) -> String {
    let mut out = String::new();
    for table in &ruleset.tables {
        let _ = writeln!(out, "table {} {{", table_name(&TableName::of(table)));
        table.sets.iter().for_each(|set| set_block(&mut out, set, names));
        table.chains.iter().for_each(|chain| chain_block(&mut out, table, chain, names));
        out.push_str("}\n");
    }
    out
}

fn set_block(out: &mut String, set: &Set, names: &Names) {
    let _ = writeln!(out, "\t{} {} {{", if set.data.is_some() { "map" } else { "set" }, set.name);
    for line in kind(set) {
        let _ = writeln!(out, "\t\t{line}");
    }
    let elements: Vec<_> =
        set.elements.iter().map(|(key, one)| element(set, key, one, names)).collect();
    if !elements.is_empty() {
        let _ = writeln!(out, "\t\telements = {{ {} }}", elements.join(",\n\t\t\t     "));
    }
    out.push_str("\t}\n");
}

fn chain_block(out: &mut String, table: &Table, chain: &Chain, names: &Names) {
    let _ = writeln!(out, "\tchain {} {{", chain.name);
    if let Some(base) = &chain.base {
        let _ = writeln!(out, "\t\t{}", self::base(base));
    }
    for one in &chain.rules {
        let _ = writeln!(out, "\t\t{}", rule(one, table.family, &|name| table.set(name), names));
    }
    out.push_str("\t}\n");
}

/// From where a base chain is called.
pub(super) fn base(base: &Base) -> String {
    let device =
        if base.device.is_empty() { String::new() } else { format!(" device \"{}\"", base.device) };
    format!(
        "type filter hook {}{device} priority {}; policy {};",
        hook(base.hook),
        base.priority,
        if base.drops { "drop" } else { "accept" }
    )
}

fn hook(hook: Hook) -> String {
    let name = match hook {
        Hook::Prerouting => "prerouting",
        Hook::Input | Hook::ArpInput => "input",
        Hook::Forward => "forward",
        Hook::Output => "output",
        Hook::Postrouting => "postrouting",
        Hook::Ingress => "ingress",
        Hook::Dormant => "none (the table is dormant)",
        Hook::Unknown(number) => return format!("{number} (or of another type)"),
    };
    name.to_owned()
}

/// Family and name.
pub(super) fn table_name(table: &TableName) -> String {
    let family = match table.family {
        Family::Inet => "inet",
        Family::Arp => "arp",
        Family::Netdev => "netdev",
    };
    format!("{family} {}", table.name)
}

/// One step of a transaction, short: a set of elements by its first one.
pub(super) fn step(Step { table, act }: &Step) -> String {
    let family = table.family;
    let table = table_name(table);
    match act {
        Act::AddTable => format!("add table {table}"),
        Act::RemoveTable => format!("delete table {table}"),
        Act::AddSet(set) => format!("add set {table} {}", set.name),
        Act::RemoveSet(set) => format!("delete set {table} {set}"),
        Act::AddElements(set) => format!("add {}", some_elements(&table, set)),
        Act::RemoveElements(set) => format!("delete {}", some_elements(&table, set)),
        Act::AddChain(chain) => format!("add chain {table} {}", chain.name),
        Act::SetPolicy(chain) => format!("change chain {table} {}", chain.name),
        Act::Flush(chain) => format!("flush chain {table} {chain}"),
        Act::RemoveChain(chain) => format!("delete chain {table} {chain}"),
        Act::AddRule(chain, one) => {
            let text = rule(one, family, &|_| None, &Names::default());
            format!("add rule {table} {chain} {text}")
        }
    }
}

fn some_elements(table: &str, set: &Set) -> String {
    let first = set.elements.iter().next();
    let first = first.map(|(key, one)| element(set, key, one, &Names::default()));
    let more = if set.elements.len() > 1 { ", …" } else { "" };
    format!("element {table} {} {{ {}{more} }}", set.name, first.unwrap_or_default())
}
