//! The least change that makes what the kernel has what it should have.

use std::collections::{BTreeMap, BTreeSet};

use super::decode::BOUND_CHAIN;
use super::ir::{Chain, Element, Expr, Hook, KeyPart, Rule, Ruleset, Set, Table};
use super::numbers::set_flag;
use super::transaction::{Act, Step, TableName, Transaction};

type Elements = BTreeMap<Vec<u8>, Element>;

/// From `have` to `want`, for all tables in either. Elements go and come one by one, the rules of a
/// chain whole; a set of another type is made anew, and with it every chain that names it. Nothing
/// where both are equal.
pub fn difference(have: &Ruleset, want: &Ruleset) -> Transaction {
    let mut change = Transaction::default();
    for table in &have.tables {
        if want.table(table.family, &table.name).is_none() {
            change.steps.push(Step { table: TableName::of(table), act: Act::RemoveTable });
        }
    }
    for table in &want.tables {
        let name = TableName::of(table);
        let timed = table.sets.iter().filter(|set| set.dynamic && set.timeout_ms != 0);
        change.timed.extend(timed.map(|set| (name.clone(), set.name.clone())));
        let acts = table_acts(have.table(table.family, &table.name), table);
        change.steps.extend(acts.into_iter().map(|act| Step { table: name.clone(), act }));
    }
    change
}

/// A table that somebody put to sleep is made anew: the kernel takes no new base chain in the same
/// batch in which a table wakes up.
fn table_acts(have: Option<&Table>, want: &Table) -> Vec<Act> {
    let asleep = |table: &Table| {
        let mut bases = table.chains.iter().filter_map(|chain| chain.base.as_ref());
        bases.any(|base| base.hook == Hook::Dormant)
    };
    let empty =
        Table { family: want.family, name: want.name.clone(), sets: vec![], chains: vec![] };
    let mut acts = Vec::new();
    let have = match have {
        None => &empty,
        Some(table) if asleep(table) => {
            acts.push(Act::RemoveTable);
            &empty
        }
        Some(table) => table,
    };
    if std::ptr::eq(have, &empty) {
        acts.push(Act::AddTable);
    }
    acts.extend(Parts::new(have, want).acts());
    acts
}

/// What happens to the parts of a table.
struct Parts<'a> {
    have: &'a Table,
    want: &'a Table,
    /// Sets whose type differs, in either.
    remade: BTreeSet<&'a str>,
}

impl<'a> Parts<'a> {
    fn new(have: &'a Table, want: &'a Table) -> Self {
        let differs = |set: &&Set| want.set(&set.name).is_some_and(|other| !same_type(set, other));
        let remade = have.sets.iter().filter(differs).map(|set| set.name.as_str()).collect();
        Self { have, want, remade }
    }

    /// In this order no step finds its thing still in use, or what it names not there yet: rules name
    /// sets and chains, elements name chains.
    fn acts(&self) -> Vec<Act> {
        let mut acts = self.flushes();
        acts.extend(self.elements(self.have, self.want, Act::RemoveElements));
        acts.extend(self.removed_sets());
        acts.extend(self.removed_chains());
        acts.extend(self.chains());
        acts.extend(self.sets());
        acts.extend(self.elements(self.want, self.have, Act::AddElements));
        acts.extend(self.rules());
        acts
    }

    /// Whether the rules of a chain stay as they are.
    fn stays(&self, have: &Chain, want: &Chain) -> bool {
        let names_remade = |rule: &Rule| rule.exprs.iter().any(|expr| self.names_remade(expr));
        have.rules == want.rules && same_place(have, want) && !want.rules.iter().any(names_remade)
    }

    fn names_remade(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Lookup { set, .. } | Expr::Dynset { set, .. } => {
                self.remade.contains(set.as_str())
            }
            _ => false,
        }
    }

    fn flushes(&self) -> Vec<Act> {
        let changes = |chain: &&Chain| {
            let stays = self.want.chain(&chain.name).is_some_and(|want| self.stays(chain, want));
            !stays && !chain.rules.is_empty() && !is_bound(chain)
        };
        self.have
            .chains
            .iter()
            .filter(changes)
            .map(|chain| Act::Flush(chain.name.clone()))
            .collect()
    }

    fn removed_sets(&self) -> Vec<Act> {
        let goes = |set: &&Set| {
            let remade = self.remade.contains(set.name.as_str());
            (remade || self.want.set(&set.name).is_none()) && !is_anonymous(set)
        };
        self.have.sets.iter().filter(goes).map(|set| Act::RemoveSet(set.name.clone())).collect()
    }

    fn removed_chains(&self) -> Vec<Act> {
        let goes = |chain: &&Chain| {
            let stays = self.want.chain(&chain.name).is_some_and(|want| same_place(chain, want));
            !stays && !is_bound(chain)
        };
        let gone = self.have.chains.iter().filter(goes);
        gone.map(|chain| Act::RemoveChain(chain.name.clone())).collect()
    }

    fn chains(&self) -> Vec<Act> {
        let act = |want: &Chain| {
            let empty = Chain { rules: vec![], ..want.clone() };
            match self.have.chain(&want.name).filter(|have| same_place(have, want)) {
                None => Some(Act::AddChain(empty)),
                Some(have) if have.base != want.base => Some(Act::SetPolicy(empty)),
                Some(_) => None,
            }
        };
        self.want.chains.iter().filter_map(act).collect()
    }

    fn sets(&self) -> Vec<Act> {
        let comes = |set: &&Set| {
            self.have.set(&set.name).is_none() || self.remade.contains(set.name.as_str())
        };
        self.want.sets.iter().filter(comes).map(|set| Act::AddSet(without_elements(set))).collect()
    }

    /// The elements that `these` has and `others` has not. A set that goes as a whole takes its
    /// elements along.
    fn elements(&self, these: &Table, others: &Table, act: fn(Set) -> Act) -> Vec<Act> {
        let removing = std::ptr::eq(these, self.have);
        let part = |set: &Set| {
            let remade = self.remade.contains(set.name.as_str());
            let other = others.set(&set.name).filter(|_| !remade);
            if set.dynamic || (removing && other.is_none()) {
                return None;
            }
            let elements = match other {
                Some(other) => missing(&set.elements, &other.elements),
                None => set.elements.clone(),
            };
            Some(Set { elements, ..without_elements(set) })
        };
        let parts = these.sets.iter().filter_map(part);
        parts.filter(|set| !set.elements.is_empty()).map(act).collect()
    }

    fn rules(&self) -> Vec<Act> {
        let changes =
            |want: &&Chain| !self.have.chain(&want.name).is_some_and(|have| self.stays(have, want));
        let changed = self.want.chains.iter().filter(changes);
        changed
            .flat_map(|chain| {
                chain.rules.iter().map(|rule| Act::AddRule(chain.name.clone(), rule.clone()))
            })
            .collect()
    }
}

/// The elements that `others` has not, or has otherwise. Both are in order, so that one pass does.
fn missing(these: &Elements, others: &Elements) -> Elements {
    let mut others = others.iter().peekable();
    let mut found = Elements::new();
    for (key, element) in these {
        while others.next_if(|(other, _)| *other < key).is_some() {}
        if others.peek() != Some(&(key, element)) {
            found.insert(key.clone(), element.clone());
        }
    }
    found
}

fn without_elements(set: &Set) -> Set {
    Set { name: set.name.clone(), key: set.key.clone(), elements: Default::default(), ..*set }
}

pub(super) fn same_type(a: &Set, b: &Set) -> bool {
    without_elements(a) == without_elements(b)
}

/// Whether a chain is called from the same place; its policy can change where it stands.
fn same_place(have: &Chain, want: &Chain) -> bool {
    match (&have.base, &want.base) {
        (Some(have), Some(want)) => {
            (have.hook, have.priority, &have.device) == (want.hook, want.priority, &want.device)
        }
        (None, None) => !is_bound(have),
        _ => false,
    }
}

/// A chain that is part of a rule (`jump { … }`): it goes with it, and not without.
fn is_bound(chain: &Chain) -> bool {
    let first = chain.rules.first().and_then(|rule| rule.exprs.first());
    matches!(first, Some(Expr::Unknown(what)) if what == BOUND_CHAIN)
}

/// A set that is part of a rule (`{ 22, 80 }`): it goes with it, and not without.
fn is_anonymous(set: &Set) -> bool {
    matches!(set.key[..], [KeyPart::Unknown { flags, .. }] if flags & set_flag::ANONYMOUS != 0)
}
