//! From a transaction to one batch of messages (`linux/netfilter/nfnetlink.h`, `NFNL_MSG_BATCH_BEGIN`).

mod expr;
mod set;

use std::collections::BTreeSet;

use super::ir::{Base, Chain, Rule};
use super::numbers::{self, attr, message};
use super::transaction::{Act, Step, TableName, Transaction};
use super::wire::{
    BATCH_BEGIN, BATCH_END, BATCH_GENERATION, Head, NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, Writer,
};
use crate::Error;

/// A name in `nf_tables` (`NFT_NAME_MAXLEN`), its zero included.
const NAME: usize = 256;
/// A comment, so that it fits into `NFT_USERDATA_MAXLEN` with its head and its zero.
const COMMENT: usize = 253;
const RULE_COMMENT: u8 = 0;

/// A batch ready to be sent.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) out: Writer,
    /// The sequence number of its begin; the message of step `n` has one of those behind it.
    pub(crate) first: u32,
    /// The step of each message between begin and end.
    pub(crate) steps: Vec<usize>,
}

/// Why something cannot be written: what is wrong with it.
type Refusal = String;

/// Writes a transaction; its last message asks for an answer.
pub(crate) fn batch(transaction: &Transaction, first: u32) -> Result<Batch, Error> {
    let mut batch = Batch { out: Writer::default(), first, steps: Vec::new() };
    batch.out.message(Head::mark(BATCH_BEGIN, first), |out| {
        if let Some(generation) = transaction.generation {
            out.word(BATCH_GENERATION, generation);
        }
    });
    for (at, step) in transaction.steps.iter().enumerate() {
        Steps { batch: &mut batch, timed: &transaction.timed, at }
            .step(step)
            .map_err(|why| Error::Impossible(super::text::step(step), why))?;
        if batch.out.too_long() {
            let why = "it is longer than one message can be".to_owned();
            return Err(Error::Impossible(super::text::step(step), why));
        }
    }
    batch.out.ask();
    let end = batch.last().wrapping_add(1);
    batch.out.message(Head::mark(BATCH_END, end), |_| {});
    Ok(batch)
}

impl Batch {
    /// The step whose message has this sequence number; `None` for begin and end.
    pub(crate) fn step(&self, sequence: u32) -> Option<usize> {
        let behind = usize::try_from(sequence.wrapping_sub(self.first)).ok()?;
        self.steps.get(behind.checked_sub(1)?).copied()
    }

    /// The sequence number of the message that asks for an answer.
    pub(crate) fn last(&self) -> u32 {
        self.first.wrapping_add(u32::try_from(self.steps.len()).unwrap_or(u32::MAX))
    }
}

/// Writes the messages of one step.
struct Steps<'a> {
    batch: &'a mut Batch,
    timed: &'a BTreeSet<(TableName, String)>,
    at: usize,
}

impl Steps<'_> {
    fn step(&mut self, Step { table, act }: &Step) -> Result<(), Refusal> {
        name(&table.name)?;
        match act {
            Act::AddTable => self.named(table, message::NEW_TABLE, NLM_F_CREATE, None),
            Act::RemoveTable => self.named(table, message::DEL_TABLE, 0, None),
            Act::AddSet(set) => self.set(table, set),
            Act::RemoveSet(set) => {
                self.named(table, message::DEL_SET, 0, Some((attr::SET_NAME, set)))
            }
            Act::AddElements(set) => {
                self.elements(table, message::NEW_ELEMENTS, NLM_F_CREATE | NLM_F_EXCL, set)
            }
            Act::RemoveElements(set) => self.elements(table, message::DEL_ELEMENTS, 0, set),
            Act::AddChain(chain) => self.chain(table, NLM_F_CREATE | NLM_F_EXCL, chain),
            Act::SetPolicy(chain) => self.chain(table, 0, chain),
            Act::Flush(chain) => {
                self.named(table, message::DEL_RULE, 0, Some((attr::RULE_CHAIN, chain)))
            }
            Act::RemoveChain(chain) => {
                self.named(table, message::DEL_CHAIN, 0, Some((attr::CHAIN_NAME, chain)))
            }
            Act::AddRule(chain, rule) => self.rule(table, chain, rule),
        }
    }

    /// The table is the first attribute of every message, and has the same number in all.
    fn message(
        &mut self,
        table: &TableName,
        kind: u16,
        flags: u16,
        fill: impl FnOnce(&mut Writer),
    ) {
        self.batch.steps.push(self.at);
        let family = numbers::family(table.family);
        let head = Head::nft(kind, flags, family, self.batch.last());
        self.batch.out.message(head, |out| {
            out.text(attr::TABLE_NAME, &table.name);
            fill(out);
        });
    }

    fn named(
        &mut self,
        table: &TableName,
        kind: u16,
        flags: u16,
        thing: Option<(u16, &String)>,
    ) -> Result<(), Refusal> {
        if let Some((_, text)) = thing {
            name(text)?;
        }
        self.message(table, kind, flags, |out| {
            if let Some((kind, text)) = thing {
                out.text(kind, text);
            }
        });
        Ok(())
    }

    fn set(&mut self, table: &TableName, set: &super::ir::Set) -> Result<(), Refusal> {
        name(&set.name)?;
        let header = set::header(set)?;
        let id = self.batch.last();
        self.message(table, message::NEW_SET, NLM_F_CREATE | NLM_F_EXCL, |out| {
            out.raw(header.bytes());
            out.word(attr::SET_ID, id);
        });
        Ok(())
    }

    fn elements(
        &mut self,
        table: &TableName,
        kind: u16,
        flags: u16,
        set: &super::ir::Set,
    ) -> Result<(), Refusal> {
        name(&set.name)?;
        let chunks = set::chunks(set, kind == message::NEW_ELEMENTS)?;
        for chunk in chunks {
            self.message(table, kind, flags, |out| {
                out.text(attr::ELEMENTS_SET, &set.name);
                out.nest(attr::ELEMENTS_LIST, |out| out.raw(chunk.bytes()));
            });
        }
        Ok(())
    }

    fn chain(&mut self, table: &TableName, flags: u16, chain: &Chain) -> Result<(), Refusal> {
        name(&chain.name)?;
        let hook = match &chain.base {
            Some(base) => Some(
                numbers::number(numbers::hooks(table.family), &base.hook)
                    .ok_or("its family has no such hook")?,
            ),
            None => None,
        };
        self.message(table, message::NEW_CHAIN, flags, |out| {
            out.text(attr::CHAIN_NAME, &chain.name);
            if let (Some(base), Some(hook)) = (&chain.base, hook) {
                base_chain(out, base, hook);
            }
        });
        Ok(())
    }

    fn rule(&mut self, table: &TableName, chain: &str, rule: &Rule) -> Result<(), Refusal> {
        name(chain)?;
        if rule.comment.len() > COMMENT || rule.comment.contains('\0') {
            return Err(format!("its comment is longer than {COMMENT} bytes or has a zero in it"));
        }
        let timed = |set: &str| self.timed.contains(&(table.clone(), set.to_owned()));
        let exprs = expr::list(&rule.exprs, &timed)?;
        let flags = NLM_F_CREATE | NLM_F_APPEND;
        self.message(table, message::NEW_RULE, flags, |out| {
            out.text(attr::RULE_CHAIN, chain);
            out.nest(attr::RULE_EXPRESSIONS, |out| out.raw(exprs.bytes()));
            if !rule.comment.is_empty() {
                out.attribute(attr::RULE_USERDATA, &comment(&rule.comment));
            }
        });
        Ok(())
    }
}

fn base_chain(out: &mut Writer, base: &Base, hook: u32) {
    out.nest(attr::CHAIN_HOOK, |out| {
        out.word(attr::HOOK_NUMBER, hook);
        out.word(attr::HOOK_PRIORITY, base.priority.cast_unsigned());
        if !base.device.is_empty() {
            out.text(attr::HOOK_DEVICE, &base.device);
        }
    });
    out.word(attr::CHAIN_POLICY, u32::from(!base.drops));
    out.text(attr::CHAIN_TYPE, "filter");
}

/// A comment as the program `nft` keeps it: kind, length, text, zero (`NFTNL_UDATA_RULE_COMMENT`).
fn comment(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len() + 1).unwrap_or(u8::MAX);
    let mut bytes = vec![RULE_COMMENT, length];
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(0);
    bytes
}

fn name(name: &str) -> Result<(), Refusal> {
    if name.is_empty() || name.len() >= NAME || name.contains('\0') {
        return Err(format!("`{}` is not a name", name.escape_debug()));
    }
    Ok(())
}
