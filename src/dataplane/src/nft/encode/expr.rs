//! Expressions and what they hold, written as attributes.

use super::Refusal;
use crate::nft::ir::{Each, Expr, Header, Limit, LookupTo, Reg, Verdict};
use crate::nft::numbers::{self, Pairs, VERDICT_REGISTER, attr, register};
use crate::nft::wire::Writer;

/// The most expressions of one rule (`NFT_RULE_MAXEXPRS`).
const EXPRESSIONS: usize = 128;
/// Bytes of all registers.
const REGISTERS: usize = 64;
/// `NF_LOG_PREFIXLEN`, its zero included.
const PREFIX: usize = 128;

type Written = Result<(), Refusal>;

/// The list of a rule's expressions. `timed` tells which dynamic sets have a timeout.
pub(super) fn list(exprs: &[Expr], timed: &dyn Fn(&str) -> bool) -> Result<Writer, Refusal> {
    if exprs.len() > EXPRESSIONS {
        return Err(format!("it has more than {EXPRESSIONS} expressions"));
    }
    let mut out = Writer::default();
    for expr in exprs {
        one(&mut out, expr, timed)?;
    }
    Ok(out)
}

/// An expression in its list.
fn listed(out: &mut Writer, name: &str, fill: impl FnOnce(&mut Writer)) {
    out.nest(attr::LIST_ELEMENT, |out| named(out, name, fill));
}

/// An expression's name and attributes.
pub(super) fn named(out: &mut Writer, name: &str, fill: impl FnOnce(&mut Writer)) {
    out.text(attr::EXPR_NAME, name);
    out.nest(attr::EXPR_DATA, fill);
}

fn one(out: &mut Writer, expr: &Expr, timed: &dyn Fn(&str) -> bool) -> Written {
    match expr {
        Expr::Meta { key, to } => load(out, "meta", &known(numbers::META_KEYS, key)?, *to, 4),
        Expr::SetMeta { key, from } => {
            let key = known(numbers::META_KEYS, key)?;
            let from = whole(*from, 4)?;
            listed(out, "meta", |out| {
                out.word(2, key);
                out.word(3, from);
            });
            Ok(())
        }
        Expr::Payload { base, offset, length, to } => {
            let base = known(numbers::PAYLOAD_BASES, base)?;
            let to = whole(*to, usize::try_from(*length).unwrap_or(usize::MAX))?;
            listed(out, "payload", |out| words(out, &[to, base, *offset, *length]));
            Ok(())
        }
        Expr::Bitwise { from, to, mask, xor } => bitwise(out, (*from, *to), mask, xor),
        Expr::Compare { from, op, value } => {
            let (from, op) = (whole(*from, value.len())?, known(numbers::COMPARISONS, op)?);
            listed(out, "cmp", |out| {
                words(out, &[from, op]);
                value_of(out, 3, value);
            });
            Ok(())
        }
        Expr::Range { from, low, high, inverted } => range(out, *from, (low, high), *inverted),
        Expr::Lookup { set, key, to, inverted } => lookup(out, set, (*key, *to), *inverted),
        Expr::Load { to, value } => {
            let to = whole(*to, 4)?;
            listed(out, "immediate", |out| {
                out.word(1, to);
                value_of(out, 2, &value.to_ne_bytes());
            });
            Ok(())
        }
        Expr::Verdict(verdict) => {
            listed(out, "immediate", |out| {
                out.word(1, VERDICT_REGISTER);
                verdict_of(out, 2, verdict);
            });
            Ok(())
        }
        Expr::Ct { key, to } => {
            let (key, to) = (known(numbers::CT_KEYS, key)?, whole(*to, 4)?);
            listed(out, "ct", |out| words(out, &[to, key]));
            Ok(())
        }
        Expr::SetCtMark { from } => {
            let from = whole(*from, 4)?;
            let key = known(numbers::CT_KEYS, &crate::nft::ir::CtKey::Mark)?;
            listed(out, "ct", |out| {
                out.word(2, key);
                out.word(4, from);
            });
            Ok(())
        }
        Expr::Notrack => {
            out.nest(attr::LIST_ELEMENT, |out| out.text(attr::EXPR_NAME, "notrack"));
            Ok(())
        }
        Expr::Tproxy { port } => {
            let port = whole(*port, 2)?;
            listed(out, "tproxy", |out| {
                // `NFPROTO_UNSPEC`: of either family, at any address of the hub.
                out.word(1, 0);
                out.word(3, port);
            });
            Ok(())
        }
        Expr::Present { header, to } => present(out, *header, *to),
        Expr::Dynset { set, key, each } => dynset(out, (set, timed(set)), *key, each),
        Expr::Counter => {
            listed(out, "counter", |_| {});
            Ok(())
        }
        Expr::Limit(limit) => {
            check_limit(*limit)?;
            listed(out, "limit", |out| limit_of(out, *limit));
            Ok(())
        }
        Expr::Log { group, prefix, snaplen } => log(out, *group, prefix, *snaplen),
        Expr::Unknown(what) => Err(format!("`{what}` is not ours")),
    }
}

/// Attributes 1, 2, 3… that are all numbers.
fn words(out: &mut Writer, values: &[u32]) {
    for (kind, value) in (1..).zip(values) {
        out.word(kind, *value);
    }
}

fn load(out: &mut Writer, name: &str, key: &u32, to: Reg, length: usize) -> Written {
    let to = whole(to, length)?;
    listed(out, name, |out| words(out, &[to, *key]));
    Ok(())
}

fn bitwise(out: &mut Writer, (from, to): (Reg, Reg), mask: &[u8], xor: &[u8]) -> Written {
    if mask.len() != xor.len() {
        return Err("mask and xor are not of one length".to_owned());
    }
    let (from, to) = (whole(from, mask.len())?, whole(to, mask.len())?);
    let length = u32::try_from(mask.len()).unwrap_or(u32::MAX);
    listed(out, "bitwise", |out| {
        words(out, &[from, to, length]);
        value_of(out, 4, mask);
        value_of(out, 5, xor);
        out.word(6, 0);
    });
    Ok(())
}

fn range(out: &mut Writer, from: Reg, (low, high): (&[u8], &[u8]), inverted: bool) -> Written {
    if low.len() != high.len() {
        return Err("both ends of a range are not of one length".to_owned());
    }
    let from = whole(from, low.len())?;
    listed(out, "range", |out| {
        words(out, &[from, u32::from(inverted)]);
        value_of(out, 3, low);
        value_of(out, 4, high);
    });
    Ok(())
}

fn lookup(
    out: &mut Writer,
    set: &str,
    (key, to): (Reg, Option<LookupTo>),
    inverted: bool,
) -> Written {
    super::name(set)?;
    let key = whole(key, 1)?;
    let to = match to {
        None => None,
        Some(LookupTo::Verdict) => Some(VERDICT_REGISTER),
        Some(LookupTo::Reg(to)) => Some(whole(to, 4)?),
    };
    listed(out, "lookup", |out| {
        out.text(1, set);
        out.word(2, key);
        if let Some(to) = to {
            out.word(3, to);
        }
        if inverted {
            out.word(5, 1);
        }
    });
    Ok(())
}

fn present(out: &mut Writer, header: Header, to: Reg) -> Written {
    let (kind, op) = match header {
        Header::Ip6(kind) => (kind, 0),
        Header::Ip4Option(kind) => (kind, 2),
    };
    let to = whole(to, 1)?;
    listed(out, "exthdr", |out| {
        out.word(1, to);
        out.byte(2, kind);
        out.word(3, 0);
        out.word(4, 1);
        out.word(5, 1);
        out.word(6, op);
    });
    Ok(())
}

/// `NFT_DYNSET_OP_UPDATE` (1) refreshes, which the kernel does only where elements have a timeout;
/// `NFT_DYNSET_OP_ADD` (0) otherwise.
fn dynset(out: &mut Writer, (set, timed): (&str, bool), key: Reg, each: &[Each]) -> Written {
    super::name(set)?;
    let key = whole(key, 1)?;
    for one in each {
        match one {
            Each::Limit(limit) => check_limit(*limit)?,
            Each::Connections { .. } if timed => {
                return Err(format!("connections are counted, but set {set} has a timeout"));
            }
            _ => {}
        }
    }
    listed(out, "dynset", |out| {
        out.text(1, set);
        out.word(3, u32::from(timed));
        out.word(4, key);
        match each {
            [] => {}
            [one] => out.nest(7, |out| each_of(out, one)),
            more => {
                out.word(9, 2);
                out.nest(10, |out| {
                    for one in more {
                        out.nest(attr::LIST_ELEMENT, |out| each_of(out, one));
                    }
                });
            }
        }
    });
    Ok(())
}

fn each_of(out: &mut Writer, each: &Each) {
    match each {
        Each::Counter => named(out, "counter", |_| {}),
        Each::Limit(limit) => named(out, "limit", |out| limit_of(out, *limit)),
        Each::Connections { count, over } => {
            named(out, "connlimit", |out| words(out, &[*count, u32::from(*over)]));
        }
    }
}

/// The kernel puts a burst of its own in the place of none.
fn check_limit(limit: Limit) -> Written {
    if limit.rate == 0 || limit.burst == 0 {
        return Err("a limit has neither a rate of 0 nor a burst of 0".to_owned());
    }
    Ok(())
}

fn limit_of(out: &mut Writer, limit: Limit) {
    out.long(1, limit.rate);
    out.long(2, 1);
    out.word(3, limit.burst);
    out.word(4, 0);
    out.word(5, u32::from(limit.over));
}

fn log(out: &mut Writer, group: u16, prefix: &str, snaplen: u32) -> Written {
    if prefix.len() >= PREFIX || prefix.contains('\0') {
        return Err(format!("the prefix of a log has {} bytes at most", PREFIX - 1));
    }
    listed(out, "log", |out| {
        out.short(1, group);
        if !prefix.is_empty() {
            out.text(2, prefix);
        }
        if snaplen != 0 {
            out.word(3, snaplen);
        }
    });
    Ok(())
}

/// A value as data.
pub(super) fn value_of(out: &mut Writer, kind: u16, value: &[u8]) {
    out.nest(kind, |out| out.attribute(attr::DATA_VALUE, value));
}

/// A verdict as data.
pub(super) fn verdict_of(out: &mut Writer, kind: u16, verdict: &Verdict) {
    let (code, chain) = numbers::verdict(verdict);
    out.nest(kind, |out| {
        out.nest(attr::DATA_VERDICT, |out| {
            out.word(attr::VERDICT_CODE, code);
            if let Some(chain) = chain {
                out.text(attr::VERDICT_CHAIN, chain);
            }
        });
    });
}

/// The kernel's number of a register from which `length` bytes are there.
fn whole(reg: Reg, length: usize) -> Result<u32, Refusal> {
    let begin = usize::from(reg) * 4;
    if length == 0 || begin.saturating_add(length) > REGISTERS {
        return Err(format!("{length} bytes do not fit into registers from {reg} on"));
    }
    Ok(register(reg))
}

fn known<T: PartialEq>(pairs: &Pairs<T>, ours: &T) -> Result<u32, Refusal> {
    numbers::number(pairs, ours).ok_or_else(|| "the kernel has no number for it".to_owned())
}
