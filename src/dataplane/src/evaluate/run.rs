//! One packet on its way (`nft_do_chain` and the `eval` functions of its expressions).

use std::borrow::Cow;
use std::net::IpAddr;

use super::error::Unproved;
use super::headers::{Headers, has_header};
use super::packet::{Connection, Flow, Packet};
use super::prepared::{Prepared, Step, Turn};
use super::sets::Hit;
use super::trace::{Taint, Trace};
use crate::nft::ir::{
    Compare, CtKey, Each, Expr, Family, Header, Hook, LookupTo, MetaKey, PayloadBase, Reg, Rule,
};

/// Connection tracking stands at this priority in prerouting and output (`NF_IP_PRI_CONNTRACK`).
const CONNTRACK: i32 = -200;
/// `NFT_JUMP_STACK_SIZE`
const DEEPEST: usize = 16;
/// Types of `ICMPv6` that are never tracked: groups and neighbour discovery
/// (`nf_conntrack_proto_icmpv6.c`).
const UNTRACKED6: [u8; 8] = [130, 131, 132, 133, 134, 135, 136, 143];

/// What became of a packet, and by which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome<'a> {
    /// Whether it passed every hook.
    pub passed: bool,
    /// The chain that decided.
    pub chain: &'a str,
    /// The comment of the rule that decided; `policy` where none did.
    pub rule: &'a str,
    /// Its mark in the end.
    pub mark: u32,
    /// Its priority in the end.
    pub priority: u32,
    /// Its connection's mark in the end.
    pub flow_mark: u32,
    /// Whether connection tracking knows it.
    pub tracked: bool,
    /// Whether a transparent socket of the hub would have taken it, had one listened.
    pub taken: bool,
}

/// What the kernel attached to the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tracked {
    /// Connection tracking did not see it yet, or cannot tell.
    No,
    /// It shall not see it.
    Never,
    Flow {
        state: u32,
        flow: Flow,
    },
}

/// What an expression says about the rest of its rule.
enum Next {
    Go,
    Break,
    Turn(Turn),
}

/// One packet on its way.
pub(super) struct Run<'r, 'a> {
    prepared: &'r Prepared<'a>,
    packet: &'r Packet,
    headers: Headers,
    family: Family,
    output: u32,
    tracked: Tracked,
    registers: [u8; 64],
    /// Bytes that were written in this rule.
    written: u64,
    trace: Option<&'r mut Trace>,
    pub(super) outcome: Outcome<'a>,
}

impl<'r, 'a> Run<'r, 'a> {
    pub(super) fn new(
        prepared: &'r Prepared<'a>,
        packet: &'r Packet,
        trace: Option<&'r mut Trace>,
    ) -> Result<Self, Unproved> {
        let headers = Headers::of(&packet.network)?;
        Ok(Self { headers, trace, family: Family::Inet, ..Self::arp(prepared, packet) })
    }

    pub(super) fn arp(prepared: &'r Prepared<'a>, packet: &'r Packet) -> Self {
        let (mark, priority, flow_mark) = (packet.mark, 0, 0);
        let (chain, rule) = ("", "policy");
        Self {
            prepared,
            packet,
            headers: Headers::arp(),
            family: Family::Arp,
            output: 0,
            tracked: Tracked::No,
            registers: [0; 64],
            written: 0,
            trace: None,
            outcome: Outcome {
                passed: true,
                chain,
                rule,
                mark,
                priority,
                flow_mark,
                tracked: false,
                taken: false,
            },
        }
    }

    pub(super) fn destination(&self) -> IpAddr {
        self.headers.destination
    }

    pub(super) fn leaves_by(&mut self, port: u32) {
        self.output = port;
    }

    pub(super) fn no_way(&mut self) {
        (self.outcome.passed, self.outcome.chain, self.outcome.rule) = (false, "", "no route");
    }

    /// All chains of a hook; whether the packet goes on. Who let it pass is told of the hooks that
    /// decide who may reach what.
    pub(super) fn hook(&mut self, hook: Hook) -> Result<bool, Unproved> {
        let before = (self.outcome.chain, self.outcome.rule);
        let tracks = matches!(hook, Hook::Prerouting | Hook::Output);
        for (base, chain) in self.prepared.called(self.family, hook) {
            if tracks && base.priority == CONNTRACK {
                return Err(Unproved::Hook(self.prepared.chains[chain].chain.name.clone()));
            }
            if tracks && base.priority > CONNTRACK {
                self.track();
            }
            if !self.base(chain, base.drops)? {
                self.outcome.passed = false;
                return Ok(false);
            }
        }
        if tracks {
            self.track();
        }
        if hook == Hook::Postrouting {
            (self.outcome.chain, self.outcome.rule) = before;
        }
        Ok(true)
    }

    fn track(&mut self) {
        if self.tracked != Tracked::No {
            return;
        }
        let kind = self.headers.transport.and_then(|at| self.packet.network.get(at));
        let discovery = self.headers.version == 6 && self.headers.protocol == Some(58);
        if discovery && kind.is_some_and(|kind| UNTRACKED6.contains(kind)) {
            self.tracked = Tracked::Never;
            return;
        }
        self.tracked = match self.packet.connection {
            Connection::Invalid => Tracked::No,
            Connection::New => Tracked::Flow { state: 8, flow: Flow::default() },
            Connection::Established(flow) => Tracked::Flow { state: 2, flow },
            Connection::Related(flow) => Tracked::Flow { state: 4, flow },
        };
        if let Tracked::Flow { flow, .. } = self.tracked {
            (self.outcome.flow_mark, self.outcome.tracked) = (flow.mark, true);
        }
    }

    /// A base chain and all that it calls; whether the packet passes it.
    fn base(&mut self, base: usize, drops: bool) -> Result<bool, Unproved> {
        let prepared = self.prepared;
        let mut stack: Vec<(usize, usize)> = Vec::new();
        let (mut chain, mut at) = (base, 0);
        loop {
            let ready = &prepared.chains[chain];
            let turn = match ready.rules.get(at) {
                Some((rule, steps)) => self.rule(&ready.chain.name, rule, steps)?,
                None => Turn::Return,
            };
            let comment = ready.rules.get(at).map_or("policy", |(rule, _)| &*rule.comment);
            at += 1;
            match turn {
                Turn::Continue => {}
                Turn::Accept | Turn::Drop => {
                    (self.outcome.chain, self.outcome.rule) = (&ready.chain.name, comment);
                    return Ok(turn == Turn::Accept);
                }
                Turn::Jump(to) => {
                    if stack.len() >= DEEPEST {
                        return Err(Unproved::Deep(ready.chain.name.clone()));
                    }
                    stack.push((chain, at));
                    (chain, at) = (to, 0);
                }
                Turn::Goto(to) => (chain, at) = (to, 0),
                Turn::Return => match stack.pop() {
                    Some(caller) => (chain, at) = caller,
                    None => {
                        let name = &prepared.chains[base].chain.name;
                        (self.outcome.chain, self.outcome.rule) = (name, "policy");
                        return Ok(!drops);
                    }
                },
            }
        }
    }

    fn rule(&mut self, chain: &str, rule: &Rule, steps: &[Step<'a>]) -> Result<Turn, Unproved> {
        self.written = 0;
        for step in steps {
            let next = self.step(*step).map_err(|what| Unproved::Unknown {
                chain: chain.to_owned(),
                rule: rule.comment.clone(),
                what,
            })?;
            match next {
                Next::Go => {}
                Next::Break => return Ok(Turn::Continue),
                Next::Turn(turn) => return Ok(turn),
            }
        }
        Ok(Turn::Continue)
    }

    /// One expression; the error says what is not known.
    fn step(&mut self, Step { expr, named }: Step<'a>) -> Result<Next, String> {
        match expr {
            Expr::Meta { key, to } => self.meta(*key, *to),
            Expr::SetMeta { key, from } => self.set_meta(*key, *from),
            Expr::Payload { base, offset, length, to } => {
                self.payload(*base, (*offset, *length), *to)
            }
            Expr::Bitwise { from, to, mask, xor } => self.bitwise((*from, *to), mask, xor),
            Expr::Compare { from, op, value } => self.compare(*from, *op, value),
            Expr::Range { from, low, high, inverted } => self.range(*from, (low, high), *inverted),
            Expr::Lookup { key, to, inverted, .. } => self.lookup(named, *key, *to, *inverted),
            Expr::Load { to, value } => {
                self.write(*to, &value.to_ne_bytes())?;
                Ok(Next::Go)
            }
            Expr::Verdict(verdict) => Ok(Next::Turn(Turn::plain(verdict, named))),
            Expr::Counter | Expr::Log { .. } => Ok(Next::Go),
            Expr::Ct { key, to } => self.ct(*key, *to),
            Expr::SetCtMark { from } => self.set_ct_mark(*from),
            Expr::Notrack => {
                if self.tracked == Tracked::No {
                    self.tracked = Tracked::Never;
                }
                Ok(Next::Go)
            }
            Expr::Tproxy { port } => {
                self.read(*port, 2)?;
                // Where a socket takes the packet, it is nobody else's any more. What is computed here
                // is what becomes of it where none does.
                self.outcome.taken = true;
                Ok(Next::Break)
            }
            Expr::Present { header, to } => self.present(*header, *to),
            Expr::Dynset { key, each, .. } => self.dynset(named, *key, each),
            Expr::Limit(limit) => Ok(if limit.over { Next::Break } else { Next::Go }),
            Expr::Unknown(what) => Err(what.clone()),
        }
    }

    fn write(&mut self, to: Reg, value: &[u8]) -> Result<(), String> {
        let begin = usize::from(to) * 4;
        let padded = value.len().next_multiple_of(4);
        let place =
            self.registers.get_mut(begin..begin + padded).ok_or("a register beyond the last")?;
        place.fill(0);
        place[..value.len()].copy_from_slice(value);
        self.written |= bits(begin, padded);
        if let Some(trace) = &mut self.trace {
            trace.set(to, value.len(), |_| Taint::None);
        }
        Ok(())
    }

    fn read(&self, from: Reg, length: usize) -> Result<&[u8], String> {
        let begin = usize::from(from) * 4;
        let wanted = bits(begin, length);
        let found =
            self.registers.get(begin..begin + length).filter(|_| self.written & wanted == wanted);
        found.ok_or_else(|| format!("register {from}, which nobody wrote"))
    }

    fn word(&self, from: Reg) -> Result<u32, String> {
        let bytes = self.read(from, 4)?;
        Ok(bytes.first_chunk().map_or(0, |bytes| u32::from_ne_bytes(*bytes)))
    }

    fn meta(&mut self, key: MetaKey, to: Reg) -> Result<Next, String> {
        match key {
            MetaKey::InputInterface => self.write(to, &self.packet.input.to_ne_bytes())?,
            MetaKey::OutputInterface => self.write(to, &self.output.to_ne_bytes())?,
            MetaKey::Mark => self.write(to, &self.outcome.mark.to_ne_bytes())?,
            MetaKey::Priority => self.write(to, &self.outcome.priority.to_ne_bytes())?,
            MetaKey::PacketType => self.write(to, &[self.packet.kind])?,
            MetaKey::NfProto => self.write(to, &[self.headers.nfproto()])?,
            MetaKey::L4Proto => match self.headers.protocol {
                Some(protocol) => self.write(to, &[protocol])?,
                None => return Ok(Next::Break),
            },
        }
        if let (MetaKey::OutputInterface, Some(trace)) = (key, &mut self.trace) {
            trace.set(to, 4, |_| Taint::Output);
        }
        Ok(Next::Go)
    }

    fn set_meta(&mut self, key: MetaKey, from: Reg) -> Result<Next, String> {
        let value = self.word(from)?;
        if let Some(trace) = &mut self.trace {
            trace.compare(from, 4);
        }
        match key {
            MetaKey::Mark => self.outcome.mark = value,
            MetaKey::Priority => self.outcome.priority = value,
            other => return Err(format!("setting {other:?}")),
        }
        Ok(Next::Go)
    }

    fn payload(
        &mut self,
        base: PayloadBase,
        (offset, length): (u32, u32),
        to: Reg,
    ) -> Result<Next, String> {
        let (offset, length) = (offset as usize, length as usize);
        let Some(value) = self.bytes(base, offset, length) else { return Ok(Next::Break) };
        self.write(to, &value)?;
        let address = match self.headers.version {
            4 => (16, 4),
            _ => (24, 16),
        };
        if let (PayloadBase::Network, Some(trace)) = (base, &mut self.trace) {
            trace.payload(to, (offset, length), address.0, address.1);
        }
        Ok(Next::Go)
    }

    fn bytes(&self, base: PayloadBase, offset: usize, length: usize) -> Option<Cow<'r, [u8]>> {
        let (link, network) = (&self.packet.link, &self.packet.network);
        let from = |bytes: &'r [u8], at: usize| bytes.get(at..at + length).map(Cow::Borrowed);
        match base {
            PayloadBase::Network => from(network, offset),
            PayloadBase::Transport => from(network, self.headers.transport? + offset),
            PayloadBase::Link if link.is_empty() => None,
            PayloadBase::Link => from(link, offset).or_else(|| {
                let whole = [&link[..], network].concat();
                whole.get(offset..offset + length).map(|bytes| Cow::Owned(bytes.to_vec()))
            }),
        }
    }

    fn bitwise(&mut self, (from, to): (Reg, Reg), mask: &[u8], xor: &[u8]) -> Result<Next, String> {
        let taints = self.trace.as_ref().map(|trace| trace.registers);
        let mut value = [0; 64];
        value[..mask.len()].copy_from_slice(self.read(from, mask.len())?);
        for (byte, (mask, xor)) in value.iter_mut().zip(mask.iter().zip(xor)) {
            *byte = *byte & mask ^ xor;
        }
        self.write(to, &value[..mask.len()])?;
        if let (Some(trace), Some(taints)) = (&mut self.trace, taints) {
            trace.registers = taints;
            trace.bitwise(from, to, mask, xor);
        }
        Ok(Next::Go)
    }

    fn compare(&mut self, from: Reg, op: Compare, value: &[u8]) -> Result<Next, String> {
        if let Some(trace) = &mut self.trace {
            trace.compare(from, value.len());
        }
        let found = self.read(from, value.len())?;
        let holds = match op {
            Compare::Eq => found == value,
            Compare::Ne => found != value,
            Compare::Lt => found < value,
            Compare::Le => found <= value,
            Compare::Gt => found > value,
            Compare::Ge => found >= value,
        };
        Ok(go_if(holds))
    }

    fn range(
        &mut self,
        from: Reg,
        (low, high): (&[u8], &[u8]),
        inverted: bool,
    ) -> Result<Next, String> {
        if let Some(trace) = &mut self.trace {
            trace.compare(from, low.len());
        }
        let found = self.read(from, low.len())?;
        Ok(go_if((low <= found && found <= high) != inverted))
    }

    fn lookup(
        &mut self,
        set: usize,
        key: Reg,
        to: Option<LookupTo>,
        inverted: bool,
    ) -> Result<Next, String> {
        let (of, elements) = &self.prepared.sets[set];
        let length = of.key.iter().map(|part| part.padded()).sum();
        let bytes = self.read(key, length)?;
        let hit = elements
            .find(of, bytes)
            .map_err(|()| format!("a look into {}, whose elements are not known", of.name))?;
        let mut tainted = false;
        if let Some(trace) = &mut self.trace {
            tainted = trace.is_tainted(key, length);
            let wanted = (set, to.is_some());
            trace.lookup(wanted, key, &self.registers[usize::from(key) * 4..][..length], hit);
        }
        match (hit, to, inverted) {
            (found, None, inverted) => Ok(go_if(found.is_some() != inverted)),
            (None, Some(_), false) => Ok(Next::Break),
            (Some(Hit::Turn(turn)), Some(LookupTo::Verdict), false) => Ok(match turn {
                Turn::Continue => Next::Go,
                turn => Next::Turn(turn),
            }),
            (Some(Hit::Value(value)), Some(LookupTo::Reg(to)), false) => {
                self.write(to, &value.to_ne_bytes())?;
                if let Some(trace) = &mut self.trace {
                    trace.set(to, 4, |_| if tainted { Taint::Opaque } else { Taint::None });
                }
                Ok(Next::Go)
            }
            _ => Err(format!("a look into {} for what it does not have", of.name)),
        }
    }

    fn ct(&mut self, key: CtKey, to: Reg) -> Result<Next, String> {
        let value = match (key, self.tracked) {
            (CtKey::State, Tracked::No) => 1u32.to_ne_bytes().to_vec(),
            (CtKey::State, Tracked::Never) => 64u32.to_ne_bytes().to_vec(),
            (CtKey::State, Tracked::Flow { state, .. }) => state.to_ne_bytes().to_vec(),
            (CtKey::Direction, Tracked::Flow { flow, .. }) => vec![u8::from(flow.back)],
            (CtKey::Mark, Tracked::Flow { flow, .. }) => flow.mark.to_ne_bytes().to_vec(),
            (CtKey::Direction | CtKey::Mark, _) => return Ok(Next::Break),
        };
        self.write(to, &value)?;
        Ok(Next::Go)
    }

    fn set_ct_mark(&mut self, from: Reg) -> Result<Next, String> {
        let value = self.word(from)?;
        if let Tracked::Flow { flow, .. } = &mut self.tracked {
            flow.mark = value;
            self.outcome.flow_mark = value;
        }
        Ok(Next::Go)
    }

    fn present(&mut self, header: Header, to: Reg) -> Result<Next, String> {
        let Header::Ip6(kind) = header else { return Err("an option of IPv4".to_owned()) };
        let found = (self.headers.version == 6).then(|| has_header(&self.packet.network, kind));
        let found = found.flatten().ok_or("an extension header where there is no IPv6")?;
        self.write(to, &[u8::from(found)])?;
        Ok(Next::Go)
    }

    fn dynset(&mut self, set: usize, key: Reg, each: &[Each]) -> Result<Next, String> {
        let (of, _) = &self.prepared.sets[set];
        if !of.dynamic {
            return Err(format!("adding to {}", of.name));
        }
        self.read(key, of.key.iter().map(|part| part.padded()).sum())?;
        let goes_on = each.iter().all(|one| match one {
            Each::Counter => true,
            Each::Limit(limit) => !limit.over,
            Each::Connections { over, .. } => !over,
        });
        Ok(go_if(goes_on))
    }
}

fn go_if(holds: bool) -> Next {
    if holds { Next::Go } else { Next::Break }
}

/// One bit for each byte.
fn bits(begin: usize, length: usize) -> u64 {
    (0..length).fold(0, |all, at| all | 1u64.checked_shl((begin + at) as u32).unwrap_or(0))
}
