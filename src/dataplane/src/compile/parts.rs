//! Sets and chains, gathered into a table.

use std::collections::{BTreeMap, BTreeSet};

use crate::nft::ir::{
    Base, Chain, Data, DataKind, Element, Expr, Family, Hook, KeyPart, Rule, Set, Table, Verdict,
};

/// The most elements of a dynamic set: one for each segment and interface. It never changes, because
/// a set whose size changes is made anew and forgets.
const MOST: u32 = 65_535;

/// The parts of a table, by name.
#[derive(Debug, Default)]
pub(super) struct Parts {
    sets: BTreeMap<String, Set>,
    chains: BTreeMap<String, Chain>,
}

impl Parts {
    /// A hash set.
    pub(super) fn set(&mut self, name: &str, key: &[KeyPart], keys: BTreeSet<Vec<u8>>) {
        let elements = keys.into_iter().map(|key| (key, Element::default())).collect();
        self.put(Set { elements, ..plain(name, key) });
    }

    /// A hash map to marks.
    pub(super) fn marks(&mut self, name: &str, key: &[KeyPart], marks: BTreeMap<Vec<u8>, u32>) {
        let element = |(key, mark)| (key, data(Data::Value(mark)));
        let elements = marks.into_iter().map(element).collect();
        self.put(Set { data: Some(DataKind::Mark), elements, ..plain(name, key) });
    }

    /// A hash map to verdicts.
    pub(super) fn verdicts(
        &mut self,
        name: &str,
        key: &[KeyPart],
        verdicts: BTreeMap<Vec<u8>, Verdict>,
    ) {
        let element = |(key, verdict)| (key, data(Data::Verdict(verdict)));
        let elements = verdicts.into_iter().map(element).collect();
        self.put(Set { data: Some(DataKind::Verdict), elements, ..plain(name, key) });
    }

    /// A map of intervals.
    pub(super) fn intervals(
        &mut self,
        name: &str,
        key: &[KeyPart],
        kind: DataKind,
        elements: BTreeMap<Vec<u8>, Element>,
    ) {
        self.put(Set { data: Some(kind), interval: true, elements, ..plain(name, key) });
    }

    /// A set that rules fill.
    pub(super) fn dynamic(&mut self, name: &str, key: &[KeyPart]) {
        self.dynamic_of(name, key, MOST);
    }

    /// A set that rules fill with up to `size` elements.
    pub(super) fn dynamic_of(&mut self, name: &str, key: &[KeyPart], size: u32) {
        self.put(Set { dynamic: true, size, ..plain(name, key) });
    }

    fn put(&mut self, set: Set) {
        self.sets.insert(set.name.clone(), set);
    }

    /// A chain that others jump to.
    pub(super) fn chain(&mut self, name: impl Into<String>, rules: Vec<Rule>) {
        let name = name.into();
        self.chains.insert(name.clone(), Chain { name, base: None, rules });
    }

    /// A chain that the kernel calls.
    pub(super) fn base(
        &mut self,
        name: &str,
        (hook, priority): (Hook, i32),
        drops: bool,
        rules: Vec<Rule>,
    ) {
        let base = Some(Base { hook, priority, drops, device: String::new() });
        let name = name.to_owned();
        self.chains.insert(name.clone(), Chain { name, base, rules });
    }

    /// All of it, chains after the ones that they jump to.
    pub(super) fn table(self, family: Family, name: &str) -> Table {
        let mut order = Vec::new();
        let mut seen = BTreeSet::new();
        for chain in self.chains.keys() {
            self.visit(chain, &mut seen, &mut order);
        }
        let mut chains = self.chains;
        let chains = order.iter().filter_map(|name| chains.remove(name)).collect();
        let sets = self.sets.into_values().collect();
        Table { family, name: name.to_owned(), sets, chains }
    }

    fn visit(&self, name: &str, seen: &mut BTreeSet<String>, order: &mut Vec<String>) {
        let Some(chain) = self.chains.get(name) else { return };
        if !seen.insert(name.to_owned()) {
            return;
        }
        for target in self.targets(chain) {
            self.visit(&target, seen, order);
        }
        order.push(name.to_owned());
    }

    fn targets(&self, chain: &Chain) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for expr in chain.rules.iter().flat_map(|rule| &rule.exprs) {
            match expr {
                Expr::Verdict(verdict) => found.extend(target(verdict)),
                Expr::Lookup { set, .. } => {
                    let data = self.sets.get(set).into_iter().flat_map(|set| set.elements.values());
                    found.extend(data.filter_map(|element| match &element.data {
                        Some(Data::Verdict(verdict)) => target(verdict),
                        _ => None,
                    }));
                }
                _ => {}
            }
        }
        found
    }
}

fn target(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Jump(chain) | Verdict::Goto(chain) => Some(chain.clone()),
        _ => None,
    }
}

fn data(data: Data) -> Element {
    Element { key_end: None, data: Some(data) }
}

fn plain(name: &str, key: &[KeyPart]) -> Set {
    Set {
        name: name.to_owned(),
        key: key.to_vec(),
        data: None,
        interval: false,
        dynamic: false,
        size: 0,
        timeout_ms: 0,
        counts: false,
        elements: BTreeMap::new(),
    }
}

/// A key: its parts, each padded to four bytes.
pub(super) fn key(parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::new();
    for part in parts {
        key.extend_from_slice(part);
        key.resize(key.len().next_multiple_of(4), 0);
    }
    key
}
