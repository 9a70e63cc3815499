//! What is to be done in the kernel, step by step; all of it happens or nothing.

use std::collections::BTreeSet;

use super::ir::{Chain, Family, Rule, Set, Table};

/// Steps in the order in which the kernel can take them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// The steps.
    pub steps: Vec<Step>,
    /// Dynamic sets with a timeout: only their elements can be refreshed by `Expr::Dynset`.
    pub timed: BTreeSet<(TableName, String)>,
    /// The generation of the rules that the steps were computed from: the kernel refuses them when it
    /// has another one by now. `None`: whatever it has.
    pub generation: Option<u32>,
}

/// A table, by its family and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName {
    /// To which packets it belongs.
    pub family: Family,
    /// Its name.
    pub name: String,
}

impl TableName {
    /// Of this table.
    pub fn of(table: &Table) -> Self {
        Self { family: table.family, name: table.name.clone() }
    }
}

/// One step: in which table, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The table.
    pub table: TableName,
    /// What happens in it.
    pub act: Act,
}

/// What happens in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// It is made.
    AddTable,
    /// It is removed with all that it holds.
    RemoveTable,
    /// A set is made, without elements.
    AddSet(Set),
    /// The named set is removed.
    RemoveSet(String),
    /// The elements that this set holds are added to the one of its name.
    AddElements(Set),
    /// The elements that this set holds are removed from the one of its name.
    RemoveElements(Set),
    /// A chain is made, without rules.
    AddChain(Chain),
    /// The policy of a base chain changes.
    SetPolicy(Chain),
    /// The rules of the named chain are removed.
    Flush(String),
    /// The named chain is removed; it has no rules any more.
    RemoveChain(String),
    /// A rule is put at the end of the named chain.
    AddRule(String, Rule),
}

impl Transaction {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}
