//! The order of what was read: the kernel gives sets and chains in the order in which they were made.

use std::collections::{BTreeMap, BTreeSet};

use crate::nft::ir::{Data, Expr, Set, Table, Verdict};

/// Sets by name; chains after the ones they jump to, and by name where that leaves a choice.
pub(crate) fn arrange(table: &mut Table) {
    table.sets.sort_by(|a, b| a.name.cmp(&b.name));
    let targets: BTreeMap<String, BTreeSet<String>> = {
        let of_set = |name: &str| table.set(name).map(set_targets).unwrap_or_default();
        let chains = table.chains.iter();
        chains.map(|chain| (chain.name.clone(), rule_targets(&chain.rules, &of_set))).collect()
    };
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    for name in targets.keys() {
        visit(name, &targets, &mut seen, &mut order);
    }
    let place = |name: &String| order.iter().position(|found| found == name);
    table.chains.sort_by_cached_key(|chain| place(&chain.name));
}

fn visit(
    name: &str,
    targets: &BTreeMap<String, BTreeSet<String>>,
    seen: &mut BTreeSet<String>,
    order: &mut Vec<String>,
) {
    if !targets.contains_key(name) || !seen.insert(name.to_owned()) {
        return;
    }
    for target in &targets[name] {
        visit(target, targets, seen, order);
    }
    order.push(name.to_owned());
}

fn rule_targets(
    rules: &[crate::nft::ir::Rule],
    of_set: &dyn Fn(&str) -> BTreeSet<String>,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for expr in rules.iter().flat_map(|rule| &rule.exprs) {
        match expr {
            Expr::Verdict(verdict) => found.extend(target(verdict)),
            Expr::Lookup { set, .. } => found.extend(of_set(set)),
            _ => {}
        }
    }
    found
}

fn set_targets(set: &Set) -> BTreeSet<String> {
    let data = set.elements.values().filter_map(|element| element.data.as_ref());
    data.filter_map(|data| match data {
        Data::Verdict(verdict) => target(verdict),
        _ => None,
    })
    .collect()
}

fn target(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Jump(chain) | Verdict::Goto(chain) => Some(chain.clone()),
        _ => None,
    }
}
