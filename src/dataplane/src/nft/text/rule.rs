//! A rule in words: what was loaded into registers is written where it is used.

use super::Names;
use super::value::{self, Kind};
use crate::nft::ir::{
    Compare, CtKey, Each, Expr, Family, Header, KeyPart, Limit, LookupTo, MetaKey, PayloadBase,
    Reg, Rule, Set,
};

/// A rule of a table of this family; `sets` knows the table's sets.
pub(crate) fn rule<'a>(
    rule: &Rule,
    family: Family,
    sets: &dyn Fn(&str) -> Option<&'a Set>,
    names: &Names,
) -> String {
    let mut reader = Reader { family, sets, names, terms: Default::default() };
    let mut words: Vec<_> = rule.exprs.iter().filter_map(|expr| reader.expr(expr)).collect();
    if !rule.comment.is_empty() {
        words.push(format!("comment \"{}\"", rule.comment));
    }
    words.join(" ")
}

/// What a register holds.
#[derive(Clone, Debug)]
struct Term {
    text: String,
    kind: Kind,
    /// The mask that was laid over it.
    mask: Option<Vec<u8>>,
    /// Registers that it takes.
    words: usize,
    /// The value, where it is a constant.
    constant: Option<u32>,
}

struct Reader<'a, 'b> {
    family: Family,
    sets: &'b dyn Fn(&str) -> Option<&'a Set>,
    names: &'b Names,
    terms: [Option<Term>; 16],
}

impl Reader<'_, '_> {
    /// The words of one expression; `None` when it only loads something.
    fn expr(&mut self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Meta { key, to } => {
                let (text, kind) = value::meta(*key);
                self.load(*to, text, kind, 4)
            }
            Expr::Ct { key, to } => {
                let (text, kind) = connection(*key);
                self.load(*to, text, kind, 4)
            }
            Expr::Payload { base, offset, length, to } => {
                let (text, kind) = field(self.family, (*base, *offset, *length));
                self.load(*to, &text, kind, usize::try_from(*length).unwrap_or(4))
            }
            Expr::Present { header, to } => self.load(*to, &present(*header), Kind::Exists, 1),
            Expr::Load { to, value } => self.constant(*to, *value),
            Expr::Bitwise { from, to, mask, xor } => self.mask(*from, *to, (mask, xor)),
            Expr::Compare { from, op, value } => Some(self.compare(*from, *op, value)),
            Expr::Range { from, low, high, inverted } => {
                let term = self.term(*from);
                let text = |bytes: &[u8]| value::value(term.kind, bytes, self.names);
                let not = if *inverted { "!= " } else { "" };
                Some(format!("{} {not}{}-{}", whole(&term), text(low), text(high)))
            }
            Expr::Lookup { set, key, to, inverted } => self.lookup(set, *key, *to, *inverted),
            Expr::SetMeta { key, from } => {
                let (text, kind) = value::meta(*key);
                Some(format!("{} set {}", with_meta(*key, text), self.source(*from, kind)))
            }
            Expr::SetCtMark { from } => {
                let mark = self.source(*from, Kind::Part(KeyPart::Mark));
                Some(format!("ct mark set {mark}"))
            }
            Expr::Dynset { set, key, each } => Some(self.dynset(set, *key, each)),
            Expr::Verdict(verdict) => Some(value::verdict(verdict)),
            Expr::Counter => Some("counter".to_owned()),
            Expr::Notrack => Some("notrack".to_owned()),
            Expr::Tproxy { port } => {
                let term = self.term(*port);
                let constant = term.constant.map(u32::to_ne_bytes);
                let number = constant.map(|[high, low, ..]| u16::from_be_bytes([high, low]));
                let port = number.map_or_else(|| self.masked(&term), |port| port.to_string());
                Some(format!("tproxy to :{port}"))
            }
            Expr::Limit(limit) => Some(self::limit(*limit)),
            Expr::Log { group, prefix, snaplen } => Some(log(*group, prefix, *snaplen)),
            Expr::Unknown(what) => {
                // It may have written to any register.
                self.terms = Default::default();
                Some(format!("[{what}]"))
            }
        }
    }

    fn load(&mut self, to: Reg, text: &str, kind: Kind, length: usize) -> Option<String> {
        let words = length.div_ceil(4);
        self.set(to, Term { text: text.to_owned(), kind, mask: None, words, constant: None })
    }

    fn constant(&mut self, to: Reg, value: u32) -> Option<String> {
        let (text, kind) = (format!("{value:#010x}"), Kind::Part(KeyPart::Mark));
        self.set(to, Term { text, kind, mask: None, words: 1, constant: Some(value) })
    }

    fn set(&mut self, to: Reg, term: Term) -> Option<String> {
        let covered = self.terms.iter_mut().skip(usize::from(to)).take(term.words.max(1));
        covered.for_each(|place| *place = None);
        if let Some(place) = self.terms.get_mut(usize::from(to)) {
            *place = Some(term);
        }
        None
    }

    fn term(&self, from: Reg) -> Term {
        let known = self.terms.get(usize::from(from)).cloned().flatten();
        known.unwrap_or_else(|| Term {
            text: format!("[register {from}]"),
            kind: Kind::Number,
            mask: None,
            words: 1,
            constant: None,
        })
    }

    fn mask(&mut self, from: Reg, to: Reg, (mask, xor): (&[u8], &[u8])) -> Option<String> {
        let mut term = self.term(from);
        match (term.text.as_str(), mask) {
            ("ip version", [0x0f]) => term.text = "ip hdrlength".to_owned(),
            _ => term.mask = Some(mask.to_vec()),
        }
        if xor.iter().any(|byte| *byte != 0) {
            term.text = format!("{} ^ {}", self.masked(&term), value::hex(xor));
            term.mask = None;
        }
        term.constant = None;
        self.set(to, term)
    }

    fn masked(&self, term: &Term) -> String {
        match &term.mask {
            None => term.text.clone(),
            Some(mask) => {
                let number = if term.kind == Kind::State { Kind::Number } else { term.kind };
                format!("{} & {}", term.text, value::value(number, mask, self.names))
            }
        }
    }

    fn compare(&self, from: Reg, op: Compare, value: &[u8]) -> String {
        let term = self.term(from);
        let zero = value.iter().all(|byte| *byte == 0);
        if let (Kind::State, Some(mask), Compare::Ne, true) = (term.kind, &term.mask, op, zero)
            && let Some(states) = mask[..].try_into().ok().map(u32::from_ne_bytes)
            && let Some(states) = value::state(states)
        {
            return format!("{} {states}", term.text);
        }
        let sign = match op {
            Compare::Eq => "",
            Compare::Ne => "!= ",
            Compare::Lt => "< ",
            Compare::Le => "<= ",
            Compare::Gt => "> ",
            Compare::Ge => ">= ",
        };
        let sign = if term.mask.is_some() && op == Compare::Eq { "== " } else { sign };
        format!("{} {sign}{}", self.masked(&term), value::value(term.kind, value, self.names))
    }

    /// The terms of a key from its first register on.
    fn key(&self, set: &str, from: Reg) -> String {
        let wanted = (self.sets)(set).map(|set| set.key.iter().map(|part| part.padded() / 4).sum());
        let mut parts = Vec::new();
        let mut words = 0;
        while wanted.is_none_or(|wanted: usize| words < wanted) {
            let at = usize::from(from) + words;
            let Some(term) = self.terms.get(at).and_then(Option::as_ref) else { break };
            parts.push(self.masked(term));
            words += term.words.max(1);
        }
        if parts.is_empty() { self.term(from).text } else { parts.join(" . ") }
    }

    fn lookup(
        &mut self,
        set: &str,
        key: Reg,
        to: Option<LookupTo>,
        inverted: bool,
    ) -> Option<String> {
        let key = self.key(set, key);
        match to {
            None => Some(format!("{key} {}@{set}", if inverted { "!= " } else { "" })),
            Some(LookupTo::Verdict) => Some(format!("{key} vmap @{set}")),
            Some(LookupTo::Reg(to)) => {
                self.load(to, &format!("{key} map @{set}"), Kind::Part(KeyPart::Mark), 4)
            }
        }
    }

    fn source(&self, from: Reg, kind: Kind) -> String {
        let term = self.term(from);
        match term.constant {
            Some(constant) => value::value(kind, &constant.to_ne_bytes(), self.names),
            None => self.masked(&term),
        }
    }

    fn dynset(&self, set: &str, key: Reg, each: &[Each]) -> String {
        let timed = (self.sets)(set).is_some_and(|set| set.timeout_ms != 0);
        let mut words = vec![self.key(set, key)];
        words.extend(each.iter().map(|one| match one {
            Each::Counter => "counter".to_owned(),
            Each::Limit(limit) => self::limit(*limit),
            Each::Connections { count, over: true } => format!("ct count over {count}"),
            Each::Connections { count, over: false } => format!("ct count {count}"),
        }));
        format!("{} @{set} {{ {} }}", if timed { "update" } else { "add" }, words.join(" "))
    }
}

fn whole(term: &Term) -> String {
    match &term.mask {
        None => term.text.clone(),
        Some(mask) => format!("{} & {}", term.text, value::hex(mask)),
    }
}

fn with_meta(key: MetaKey, text: &str) -> String {
    match key {
        MetaKey::InputInterface | MetaKey::OutputInterface => format!("meta {text}"),
        _ => text.to_owned(),
    }
}

fn connection(key: CtKey) -> (&'static str, Kind) {
    match key {
        CtKey::State => ("ct state", Kind::State),
        CtKey::Direction => ("ct direction", Kind::Direction),
        CtKey::Mark => ("ct mark", Kind::Part(KeyPart::Mark)),
    }
}

/// The names of the fields that we use; others by base, first bit and bits.
fn field(family: Family, place: (PayloadBase, u32, u32)) -> (String, Kind) {
    use PayloadBase::{Link, Network, Transport};
    let arp = family == Family::Arp;
    let (name, kind) = match place {
        (Network, 6, 2) if arp => ("arp operation", Kind::Number),
        (Network, 8, 6) if arp => ("arp saddr ether", Kind::Part(KeyPart::Hardware)),
        (Network, 14, 4) if arp => ("arp saddr ip", Kind::Part(KeyPart::Ip4)),
        (Network, 24, 4) if arp => ("arp daddr ip", Kind::Part(KeyPart::Ip4)),
        (Network, 0, 1) => ("ip version", Kind::Number),
        (Network, 6, 2) => ("ip frag-off", Kind::Number),
        (Network, 7, 1) => ("ip6 hoplimit", Kind::Number),
        (Network, 8, 1) => ("ip ttl", Kind::Number),
        (Network, 9, 1) => ("ip protocol", Kind::Part(KeyPart::Protocol)),
        (Network, 12, 4) => ("ip saddr", Kind::Part(KeyPart::Ip4)),
        (Network, 16, 4) => ("ip daddr", Kind::Part(KeyPart::Ip4)),
        (Network, 8, 16) => ("ip6 saddr", Kind::Part(KeyPart::Ip6)),
        (Network, 24, 16) => ("ip6 daddr", Kind::Part(KeyPart::Ip6)),
        (Transport, 0, 2) => ("th sport", Kind::Part(KeyPart::Port)),
        (Transport, 2, 2) => ("th dport", Kind::Part(KeyPart::Port)),
        (Link, 0, 6) => ("ether daddr", Kind::Part(KeyPart::Hardware)),
        (Link, 6, 6) => ("ether saddr", Kind::Part(KeyPart::Hardware)),
        (base, offset, length) => {
            let base = match base {
                Link => "ll",
                Network => "nh",
                Transport => "th",
            };
            let bits = |bytes: u32| u64::from(bytes) * 8;
            return (format!("@{base},{},{}", bits(offset), bits(length)), Kind::Number);
        }
    };
    (name.to_owned(), kind)
}

fn present(header: Header) -> String {
    let (table, kind, names): (_, _, &[(u8, &str)]) = match header {
        Header::Ip6(kind) => {
            ("exthdr", kind, &[(0, "hbh"), (43, "rt"), (44, "frag"), (60, "dst"), (135, "mh")])
        }
        Header::Ip4Option(kind) => {
            ("ip option", kind, &[(7, "rr"), (131, "lsrr"), (137, "ssrr"), (148, "ra")])
        }
    };
    let name = names.iter().find(|(number, _)| *number == kind).map(|(_, name)| *name);
    format!("{table} {}", name.map_or_else(|| kind.to_string(), str::to_owned))
}

fn limit(limit: Limit) -> String {
    let over = if limit.over { "over " } else { "" };
    format!("limit rate {over}{}/second burst {} packets", limit.rate, limit.burst)
}

fn log(group: u16, prefix: &str, snaplen: u32) -> String {
    let prefix = if prefix.is_empty() { String::new() } else { format!(" prefix \"{prefix}\"") };
    let length = if snaplen == 0 { String::new() } else { format!(" snaplen {snaplen}") };
    format!("log{prefix} group {group}{length}")
}
