//! The kernel's packet filter, in one network namespace.

use super::decode::{Assembly, padded};
use super::difference::difference;
use super::encode;
use super::ir::Ruleset;
use super::numbers::{self, attr, message};
use super::socket::{Dump, Socket};
use super::transaction::{TableName, Transaction};
use super::wire;
use crate::Error;

/// How often something is read, or tried, that others change at the same time.
const ATTEMPTS: usize = 8;

/// A handle on the packet filter of the network namespace in which it was opened.
pub struct Kernel {
    socket: Socket,
}

/// What one element of a set with counters has counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The element's key, as in [`super::ir::Set::elements`].
    pub key: Vec<u8>,
    /// Packets.
    pub packets: u64,
    /// Bytes, network header included, link-layer header not.
    pub bytes: u64,
}

impl Kernel {
    /// For the network namespace of the calling thread. Reading and changing want `CAP_NET_ADMIN` in it.
    pub fn open() -> Result<Self, Error> {
        Ok(Self { socket: Socket::open()? })
    }

    /// The number of the rules in force; it grows with every change by anybody.
    pub fn generation(&mut self) -> Result<u32, Error> {
        let body = self.socket.one(message::GET_GENERATION)?;
        let id = wire::after_head(&body).find(|(kind, _)| *kind == attr::GENERATION_ID);
        let unreadable =
            || Error::Filter("reading the generation", std::io::ErrorKind::InvalidData.into());
        id.and_then(|(_, value)| wire::word(value)).ok_or_else(unreadable)
    }

    /// The tables with these names, as far as they are there.
    pub fn read(&mut self, names: &[TableName]) -> Result<Ruleset, Error> {
        self.snapshot(names).map(|(ruleset, _)| ruleset)
    }

    /// The tables with these names and the generation in which they were like that.
    pub fn snapshot(&mut self, names: &[TableName]) -> Result<(Ruleset, u32), Error> {
        for _ in 0..ATTEMPTS {
            let before = self.generation()?;
            let read = self.attempt(names);
            if self.generation()? != before {
                continue;
            }
            match read? {
                Some(ruleset) => return Ok((ruleset, before)),
                None => continue,
            }
        }
        Err(Error::FilterUnsteady)
    }

    /// Everything once; `None` when it changed meanwhile.
    fn attempt(&mut self, names: &[TableName]) -> Result<Option<Ruleset>, Error> {
        let mut assembly = Assembly::new(names);
        let mut whole = true;
        let families: std::collections::BTreeSet<_> =
            names.iter().map(|name| name.family).collect();
        for family in families {
            whole &= self.list(&mut assembly, message::GET_TABLE, numbers::family(family), None)?;
        }
        for name in assembly.present() {
            whole &= self.listed(&mut assembly, message::GET_SET, &name)?;
        }
        for (name, set) in assembly.filled() {
            let family = numbers::family(name.family);
            let of = Some((name.name.as_str(), Some(set.as_str())));
            whole &= self.list(&mut assembly, message::GET_ELEMENTS, family, of)?;
        }
        for name in assembly.present() {
            whole &= self.listed(&mut assembly, message::GET_CHAIN, &name)?;
            whole &= self.listed(&mut assembly, message::GET_RULE, &name)?;
        }
        Ok(whole.then(|| assembly.finish()))
    }

    fn listed(
        &mut self,
        into: &mut Assembly<'_>,
        kind: u16,
        name: &TableName,
    ) -> Result<bool, Error> {
        self.list(into, kind, numbers::family(name.family), Some((name.name.as_str(), None)))
    }

    /// Answers are of the kind before the one that asks for them.
    fn list(
        &mut self,
        into: &mut Assembly<'_>,
        kind: u16,
        family: u8,
        of: Option<(&str, Option<&str>)>,
    ) -> Result<bool, Error> {
        let dump = self.socket.dump(
            kind,
            family,
            |out| {
                if let Some((table, set)) = of {
                    out.text(attr::TABLE_NAME, table);
                    if let Some(set) = set {
                        out.text(attr::ELEMENTS_SET, set);
                    }
                }
            },
            &mut |body| into.take(kind - 1, body),
        )?;
        Ok(dump == Dump::Whole)
    }

    /// Does all of it or nothing. The error names the step that the kernel refused.
    pub fn commit(&mut self, transaction: &Transaction) -> Result<(), Error> {
        if transaction.is_empty() {
            return Ok(());
        }
        let first = self.socket.next_sequence();
        let batch = encode::batch(transaction, first)?;
        if batch.steps.is_empty() {
            return Ok(());
        }
        self.socket.commit(&batch, transaction)
    }

    /// Makes the tables of `want` in the kernel what they are there, by the least change, and returns
    /// what was done. A change by somebody else meanwhile is seen and begun anew upon. A table that is
    /// not in `want` is left as it is: to remove one, commit the difference to nothing.
    pub fn apply(&mut self, want: &Ruleset) -> Result<Transaction, Error> {
        let names: Vec<_> = want.tables.iter().map(TableName::of).collect();
        for _ in 0..ATTEMPTS {
            let (have, generation) = self.snapshot(&names)?;
            let mut change = difference(&have, want);
            change.generation = Some(generation);
            match self.commit(&change) {
                Err(Error::Overtaken) => continue,
                done => return done.map(|()| change),
            }
        }
        Err(Error::FilterUnsteady)
    }

    /// What the elements of a set count. They change while they are read; each is whole.
    pub fn counters(&mut self, table: &TableName, set: &str) -> Result<Vec<Count>, Error> {
        for _ in 0..ATTEMPTS {
            let mut counts = Vec::new();
            let dump = self.socket.dump(
                message::GET_ELEMENTS,
                numbers::family(table.family),
                |out| {
                    out.text(attr::ELEMENTS_TABLE, &table.name);
                    out.text(attr::ELEMENTS_SET, set);
                },
                &mut |body| counts_in(body, &mut counts),
            )?;
            if dump == Dump::Whole {
                return Ok(counts);
            }
        }
        Err(Error::FilterUnsteady)
    }
}

fn counts_in(body: &[u8], counts: &mut Vec<Count>) {
    for (_, list) in wire::after_head(body).filter(|(kind, _)| *kind == attr::ELEMENTS_LIST) {
        counts.extend(wire::inside(list).filter_map(|(_, element)| count(element)));
    }
}

fn count(element: &[u8]) -> Option<Count> {
    let key = wire::find(element, attr::ELEMENT_KEY);
    let key =
        key.and_then(|data| wire::find(data, attr::DATA_VALUE)).map(padded).unwrap_or_default();
    let expr = wire::find(element, attr::ELEMENT_EXPR).or_else(|| {
        let list = wire::find(element, attr::ELEMENT_EXPRESSIONS)?;
        wire::inside(list).map(|(_, one)| one).find(|one| is_counter(one))
    })?;
    let data = wire::find(expr, attr::EXPR_DATA).filter(|_| is_counter(expr))?;
    let number = |kind| wire::find(data, kind).and_then(wire::long);
    Some(Count {
        key,
        packets: number(attr::COUNTER_PACKETS)?,
        bytes: number(attr::COUNTER_BYTES)?,
    })
}

fn is_counter(expr: &[u8]) -> bool {
    wire::find(expr, attr::EXPR_NAME) == Some(b"counter\0")
}

#[cfg(test)]
pub(crate) fn read_counts(body: &[u8]) {
    counts_in(body, &mut Vec::new());
    count(body);
}
