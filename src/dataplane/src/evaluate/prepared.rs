//! Rules with their names resolved: chains and sets by number.

use std::collections::HashMap;

use super::error::Unproved;
use super::sets::Elements;
use crate::nft::ir::{Base, Chain, Expr, Family, Hook, Rule, Ruleset, Set, Table, Verdict};

/// All chains and sets of a rule set.
#[derive(Debug, Default)]
pub(crate) struct Prepared<'a> {
    pub(super) chains: Vec<Ready<'a>>,
    pub(crate) sets: Vec<(&'a Set, Elements<'a>)>,
    /// Base chains by the order in which they are called.
    bases: Vec<(&'a Base, Family, usize)>,
}

/// A chain.
#[derive(Debug)]
pub(super) struct Ready<'a> {
    pub(super) chain: &'a Chain,
    pub(super) rules: Vec<(&'a Rule, Vec<Step<'a>>)>,
}

/// An expression and the set or chain that it names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'a> {
    pub(super) expr: &'a Expr,
    pub(super) named: usize,
}

/// A verdict with its chain resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Turn {
    Accept,
    Drop,
    Continue,
    Return,
    Jump(usize),
    Goto(usize),
}

/// The names of one table.
struct Names<'a> {
    chains: HashMap<&'a str, usize>,
    sets: HashMap<&'a str, usize>,
}

impl<'a> Prepared<'a> {
    pub(super) fn new(ruleset: &'a Ruleset) -> Result<Self, Unproved> {
        let mut prepared = Self::default();
        for table in &ruleset.tables {
            prepared.add(table)?;
        }
        // A stable sort: chains of one priority stay as they are, and the kernel calls the one that was
        // made first; which that is makes no difference to whether a packet passes all of them.
        prepared.bases.sort_by_key(|(base, ..)| base.priority);
        Ok(prepared)
    }

    fn add(&mut self, table: &'a Table) -> Result<(), Unproved> {
        let names = Names {
            chains: (self.chains.len()..)
                .zip(&table.chains)
                .map(|(at, one)| (&*one.name, at))
                .collect(),
            sets: (self.sets.len()..).zip(&table.sets).map(|(at, one)| (&*one.name, at)).collect(),
        };
        for set in &table.sets {
            let elements = Elements::new(set, &|verdict| names.turn(verdict))?;
            self.sets.push((set, elements));
        }
        for chain in &table.chains {
            self.base(table.family, chain)?;
            let rules = chain.rules.iter();
            let rules =
                rules.map(|rule| Ok((rule, names.steps(rule)?))).collect::<Result<_, _>>()?;
            self.chains.push(Ready { chain, rules });
        }
        Ok(())
    }

    fn base(&mut self, family: Family, chain: &'a Chain) -> Result<(), Unproved> {
        let Some(base) = &chain.base else { return Ok(()) };
        match base.hook {
            Hook::Dormant => {}
            Hook::Ingress | Hook::Unknown(_) => return Err(Unproved::Hook(chain.name.clone())),
            _ => self.bases.push((base, family, self.chains.len())),
        }
        Ok(())
    }

    /// The base chains of a hook in their order.
    pub(super) fn called(
        &self,
        family: Family,
        hook: Hook,
    ) -> impl Iterator<Item = (&'a Base, usize)> + '_ {
        let of_hook =
            move |(base, of, _): &&(&Base, Family, usize)| *of == family && base.hook == hook;
        self.bases.iter().filter(of_hook).map(|(base, _, chain)| (*base, *chain))
    }
}

impl<'a> Names<'a> {
    fn steps(&self, rule: &'a Rule) -> Result<Vec<Step<'a>>, Unproved> {
        rule.exprs.iter().map(|expr| Ok(Step { expr, named: self.named(expr)? })).collect()
    }

    fn named(&self, expr: &Expr) -> Result<usize, Unproved> {
        match expr {
            Expr::Lookup { set, .. } | Expr::Dynset { set, .. } => {
                self.sets.get(&**set).copied().ok_or_else(|| Unproved::Missing(set.clone()))
            }
            Expr::Verdict(Verdict::Jump(chain) | Verdict::Goto(chain)) => self.chain(chain),
            _ => Ok(usize::MAX),
        }
    }

    fn chain(&self, name: &str) -> Result<usize, Unproved> {
        self.chains.get(name).copied().ok_or_else(|| Unproved::Missing(name.to_owned()))
    }

    fn turn(&self, verdict: &Verdict) -> Result<Turn, Unproved> {
        Ok(match verdict {
            Verdict::Jump(chain) => Turn::Jump(self.chain(chain)?),
            Verdict::Goto(chain) => Turn::Goto(self.chain(chain)?),
            plain => Turn::plain(plain, usize::MAX),
        })
    }
}

impl Turn {
    /// A verdict whose chain was resolved before.
    pub(super) fn plain(verdict: &Verdict, named: usize) -> Self {
        match verdict {
            Verdict::Accept => Self::Accept,
            Verdict::Drop => Self::Drop,
            Verdict::Continue => Self::Continue,
            Verdict::Return => Self::Return,
            Verdict::Jump(_) => Self::Jump(named),
            Verdict::Goto(_) => Self::Goto(named),
        }
    }
}
