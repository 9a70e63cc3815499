//! From the kernel's messages to a rule set. What we would never have written is read as `Unknown`
//! and names itself, so that it is never taken for something of ours.

mod expr;
mod order;
mod set;

pub(crate) use order::arrange;
pub(crate) use set::padded;

use super::ir::{Base, Chain, Expr, Family, Hook, Rule, Ruleset, Table};
use super::numbers::{self, attr, message};
use super::transaction::TableName;
use super::wire;

/// How a chain that is part of a rule (`NFT_CHAIN_BINDING`) names itself in its first rule.
pub(crate) const BOUND_CHAIN: &str = "chain with flags 0x4";

/// Puts a rule set together out of messages: first tables, then sets, then the rest.
pub(crate) struct Assembly<'a> {
    wanted: &'a [TableName],
    tables: Vec<Table>,
    dormant: Vec<TableName>,
}

impl<'a> Assembly<'a> {
    /// Of these tables only.
    pub(crate) fn new(wanted: &'a [TableName]) -> Self {
        Self { wanted, tables: Vec::new(), dormant: Vec::new() }
    }

    /// Takes the body of one message of kind `NFT_MSG_NEW*`; what cannot be read at all, or belongs
    /// to another's table, is left out.
    pub(crate) fn take(&mut self, kind: u16, body: &[u8]) {
        let _ = self.read(kind, body);
    }

    fn read(&mut self, kind: u16, body: &[u8]) -> Option<()> {
        let family = numbers::word(numbers::FAMILIES, u32::from(*body.first()?))?;
        if kind == message::NEW_TABLE {
            return self.table(family, body);
        }
        let name = text_of(body, attr::TABLE_NAME)?;
        let dormant =
            self.dormant.iter().any(|table| (table.family, &table.name) == (family, &name));
        let table = self.tables.iter_mut().find(|t| t.family == family && t.name == name)?;
        match kind {
            message::NEW_SET => table.sets.push(set::set(body)?),
            message::NEW_ELEMENTS => {
                let name = text_of(body, attr::ELEMENTS_SET)?;
                let set = table.sets.iter_mut().find(|set| set.name == name)?;
                set::elements(set, body);
            }
            message::NEW_CHAIN => table.chains.push(chain(family, dormant, body)?),
            message::NEW_RULE => {
                let name = text_of(body, attr::RULE_CHAIN)?;
                let rule = rule(table, body);
                table.chains.iter_mut().find(|chain| chain.name == name)?.rules.push(rule);
            }
            _ => {}
        }
        Some(())
    }

    fn table(&mut self, family: Family, body: &[u8]) -> Option<()> {
        let name = text_of(body, attr::TABLE_NAME)?;
        let known = TableName { family, name: name.clone() };
        let twice = self.tables.iter().any(|table| table.family == family && table.name == name);
        if twice || !self.wanted.contains(&known) {
            return None;
        }
        let flags = find(body, attr::TABLE_FLAGS).and_then(wire::word).unwrap_or_default();
        if flags & numbers::TABLE_DORMANT != 0 {
            self.dormant.push(known);
        }
        self.tables.push(Table { family, name, sets: Vec::new(), chains: Vec::new() });
        Some(())
    }

    /// The tables that are there.
    pub(crate) fn present(&self) -> Vec<TableName> {
        self.tables.iter().map(TableName::of).collect()
    }

    /// The sets that have elements to be read.
    pub(crate) fn filled(&self) -> Vec<(TableName, String)> {
        let sets =
            self.tables.iter().flat_map(|table| table.sets.iter().map(move |set| (table, set)));
        sets.filter(|(_, set)| set::has_elements(set))
            .map(|(table, set)| (TableName::of(table), set.name.clone()))
            .collect()
    }

    /// The whole, in its order.
    pub(crate) fn finish(self) -> Ruleset {
        let mut tables = self.tables;
        tables.sort_by(|a, b| (a.family, &a.name).cmp(&(b.family, &b.name)));
        tables.iter_mut().for_each(arrange);
        Ruleset { tables }
    }
}

fn find(body: &[u8], kind: u16) -> Option<&[u8]> {
    wire::after_head(body).find(|(found, _)| *found == kind).map(|(_, value)| value)
}

fn text_of(body: &[u8], kind: u16) -> Option<String> {
    find(body, kind).map(wire::text)
}

fn number_of(body: &[u8], kind: u16) -> Option<u32> {
    find(body, kind).and_then(wire::word)
}

/// A chain with flags that ours never have begins with a rule that says so: there is no other place
/// for them, and it makes the chain differ.
fn chain(family: Family, dormant: bool, body: &[u8]) -> Option<Chain> {
    let name = text_of(body, attr::CHAIN_NAME)?;
    let mut base = find(body, attr::CHAIN_HOOK).and_then(|hook| base(family, hook, body));
    if let Some(base) = base.as_mut()
        && dormant
    {
        base.hook = Hook::Dormant;
    }
    let flags = number_of(body, attr::CHAIN_FLAGS).unwrap_or_default() & !numbers::CHAIN_BASE;
    let strange = Expr::Unknown(format!("chain with flags {flags:#x}"));
    let rules =
        if flags == 0 { vec![] } else { vec![Rule { exprs: vec![strange], comment: "".into() }] };
    Some(Chain { name, base, rules })
}

fn base(family: Family, hook: &[u8], body: &[u8]) -> Option<Base> {
    let number = wire::find(hook, attr::HOOK_NUMBER).and_then(wire::word)?;
    let priority = wire::find(hook, attr::HOOK_PRIORITY).and_then(wire::word)?.cast_signed();
    let devices = wire::find(hook, attr::HOOK_DEVICES).map_or(0, |list| wire::inside(list).count());
    let ours = text_of(body, attr::CHAIN_TYPE).is_none_or(|kind| kind == "filter") && devices < 2;
    let known = numbers::word(numbers::hooks(family), number).filter(|_| ours);
    Some(Base {
        hook: known.unwrap_or(Hook::Unknown(number)),
        priority,
        drops: number_of(body, attr::CHAIN_POLICY) == Some(0),
        device: wire::find(hook, attr::HOOK_DEVICE).map(wire::text).unwrap_or_default(),
    })
}

fn rule(table: &Table, body: &[u8]) -> Rule {
    let timed = |set: &str| table.set(set).is_some_and(|set| set.timeout_ms != 0);
    let mut exprs = find(body, attr::RULE_EXPRESSIONS)
        .map(|list| wire::inside(list).map(|(_, one)| expr::expr(one, &timed)).collect::<Vec<_>>())
        .unwrap_or_default();
    if find(body, attr::RULE_COMPAT).is_some() {
        exprs.insert(0, Expr::Unknown("compat".to_owned()));
    }
    let comment = find(body, attr::RULE_USERDATA).and_then(comment).unwrap_or_default();
    Rule { exprs, comment }
}

/// The comment in a rule's user data: kind, length, value, one after another; a comment is kind 0.
fn comment(mut data: &[u8]) -> Option<String> {
    while let [kind, length, rest @ ..] = data {
        let value = rest.get(..usize::from(*length))?;
        if *kind == 0 {
            return Some(wire::text(value));
        }
        data = &rest[value.len()..];
    }
    None
}
