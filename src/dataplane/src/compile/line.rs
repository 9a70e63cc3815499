//! One rule, put together expression by expression.

use std::net::IpAddr;

use crate::nft::ir::{
    Compare, CtKey, Each, Expr, KeyPart, Limit, LookupTo, MetaKey, PayloadBase, Reg, Rule, Verdict,
};

/// Bits of a connection's state (`NF_CT_STATE_BIT`).
pub(super) mod state {
    pub(in super::super) const INVALID: u32 = 1;
    pub(in super::super) const ESTABLISHED: u32 = 2;
    pub(in super::super) const RELATED: u32 = 4;
    pub(in super::super) const NEW: u32 = 8;
    pub(in super::super) const UNTRACKED: u32 = 64;
}

/// Protocol numbers (IANA).
pub(super) mod protocol {
    pub(in super::super) const ICMP: u8 = 1;
    pub(in super::super) const TCP: u8 = 6;
    pub(in super::super) const UDP: u8 = 17;
    pub(in super::super) const ICMP6: u8 = 58;
}

/// Both versions of IP, and where in their headers things stand (RFC 791, RFC 8200).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ip {
    Four,
    Six,
}

impl Ip {
    pub(super) const BOTH: [Self; 2] = [Self::Four, Self::Six];

    pub(super) fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::Four } else { Self::Six }
    }

    fn pick<T>(self, four: T, six: T) -> T {
        match self {
            Self::Four => four,
            Self::Six => six,
        }
    }

    /// In the names of sets and chains.
    pub(super) fn digit(self) -> u8 {
        self.pick(4, 6)
    }

    pub(super) fn part(self) -> KeyPart {
        self.pick(KeyPart::Ip4, KeyPart::Ip6)
    }

    /// Bits of an address.
    pub(super) fn bits(self) -> u8 {
        self.pick(32, 128)
    }

    /// Registers of an address.
    pub(super) fn registers(self) -> Reg {
        self.pick(1, 4)
    }

    pub(super) fn icmp(self) -> u8 {
        self.pick(protocol::ICMP, protocol::ICMP6)
    }

    pub(super) fn echo(self) -> u8 {
        self.pick(8, 128)
    }

    pub(super) fn echo_reply(self) -> u8 {
        self.pick(0, 129)
    }

    pub(super) fn redirect(self) -> u8 {
        self.pick(5, 137)
    }

    fn nfproto(self) -> u8 {
        self.pick(2, 10)
    }
}

/// Which of a packet's ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Source,
    Destination,
}

impl End {
    /// Where its address stands in the network header.
    fn address(self, ip: Ip) -> u32 {
        match self {
            Self::Source => ip.pick(12, 8),
            Self::Destination => ip.pick(16, 24),
        }
    }

    /// Where its port stands in the transport header.
    fn port(self) -> u32 {
        match self {
            Self::Source => 0,
            Self::Destination => 2,
        }
    }
}

/// A rule in the making. Conditions use register 0.
#[derive(Debug)]
pub(super) struct Line {
    exprs: Vec<Expr>,
    comment: String,
}

impl Line {
    pub(super) fn new(comment: impl Into<String>) -> Self {
        Self { exprs: Vec::new(), comment: comment.into() }
    }

    pub(super) fn with(mut self, expr: Expr) -> Self {
        self.exprs.push(expr);
        self
    }

    pub(super) fn meta(self, key: MetaKey, to: Reg) -> Self {
        self.with(Expr::Meta { key, to })
    }

    pub(super) fn iif(self, to: Reg) -> Self {
        self.meta(MetaKey::InputInterface, to)
    }

    pub(super) fn mark(self, to: Reg) -> Self {
        self.meta(MetaKey::Mark, to)
    }

    pub(super) fn payload(self, base: PayloadBase, offset: u32, length: u32, to: Reg) -> Self {
        self.with(Expr::Payload { base, offset, length, to })
    }

    /// The sender's hardware address, into two registers.
    pub(super) fn hardware(self, to: Reg) -> Self {
        self.payload(PayloadBase::Link, 6, 6, to)
    }

    /// An address, cut to its first `length` bits.
    pub(super) fn network(self, ip: Ip, end: End, length: u8, to: Reg) -> Self {
        let bytes = u32::from(ip.bits() / 8);
        self.payload(PayloadBase::Network, end.address(ip), bytes, to).cut(ip, length, to)
    }

    pub(super) fn address(self, ip: Ip, end: End, to: Reg) -> Self {
        self.network(ip, end, ip.bits(), to)
    }

    /// Where the packet went that an ICMP error quotes behind its eight bytes, cut as [`Self::network`].
    pub(super) fn quoted_destination(self, ip: Ip, length: u8, to: Reg) -> Self {
        let at = 8 + End::Destination.address(ip);
        let bytes = u32::from(ip.bits() / 8);
        self.payload(PayloadBase::Transport, at, bytes, to).cut(ip, length, to)
    }

    /// Cuts the address in a register to its first `length` bits.
    pub(super) fn cut(self, ip: Ip, length: u8, reg: Reg) -> Self {
        if length == ip.bits() {
            return self;
        }
        self.masked(reg, &mask(ip, length))
    }

    pub(super) fn masked(self, reg: Reg, mask: &[u8]) -> Self {
        let (mask, xor) = (mask.to_vec(), vec![0; mask.len()]);
        self.with(Expr::Bitwise { from: reg, to: reg, mask, xor })
    }

    /// A port, for protocols that have some where TCP has its.
    pub(super) fn port(self, end: End, to: Reg) -> Self {
        self.payload(PayloadBase::Transport, end.port(), 2, to)
    }

    fn compare(self, op: Compare, value: &[u8]) -> Self {
        self.with(Expr::Compare { from: 0, op, value: value.to_vec() })
    }

    pub(super) fn eq(self, value: &[u8]) -> Self {
        self.compare(Compare::Eq, value)
    }

    pub(super) fn ne(self, value: &[u8]) -> Self {
        self.compare(Compare::Ne, value)
    }

    pub(super) fn less(self, value: &[u8]) -> Self {
        self.compare(Compare::Lt, value)
    }

    pub(super) fn more(self, value: &[u8]) -> Self {
        self.compare(Compare::Gt, value)
    }

    pub(super) fn is(self, ip: Ip) -> Self {
        self.meta(MetaKey::NfProto, 0).eq(&[ip.nfproto()])
    }

    pub(super) fn protocol(self, number: u8) -> Self {
        self.meta(MetaKey::L4Proto, 0).eq(&[number])
    }

    /// The type of an ICMP message, into register 0.
    pub(super) fn icmp_type(self) -> Self {
        self.payload(PayloadBase::Transport, 0, 1, 0)
    }

    /// An ICMP message of this type.
    pub(super) fn icmp(self, ip: Ip, kind: u8) -> Self {
        self.is(ip).protocol(ip.icmp()).icmp_type().eq(&[kind])
    }

    /// An IPv6 source that is link-local.
    pub(super) fn link_local_source(self) -> Self {
        let source = End::Source.address(Ip::Six);
        self.payload(PayloadBase::Network, source, 2, 0).masked(0, &[0xff, 0xc0]).eq(&[0xfe, 0x80])
    }

    /// A source that is the unspecified address.
    pub(super) fn nobody_source(self, ip: Ip) -> Self {
        self.address(ip, End::Source, 0).eq(&vec![0; usize::from(ip.bits() / 8)])
    }

    /// The connection's state is one of these.
    pub(super) fn ct(self, bits: u32) -> Self {
        let load = Expr::Ct { key: CtKey::State, to: 0 };
        self.with(load).masked(0, &bits.to_ne_bytes()).ne(&[0; 4])
    }

    /// The packet goes back, towards who opened the connection.
    pub(super) fn goes_back(self) -> Self {
        self.with(Expr::Ct { key: CtKey::Direction, to: 0 }).eq(&[1])
    }

    /// The connection was accepted by the rules of this generation.
    pub(super) fn of_generation(self, generation: u32) -> Self {
        self.with(Expr::Ct { key: CtKey::Mark, to: 0 }).eq(&generation.to_ne_bytes())
    }

    fn lookup(self, set: &str, key: Reg, to: Option<LookupTo>, inverted: bool) -> Self {
        self.with(Expr::Lookup { set: set.to_owned(), key, to, inverted })
    }

    pub(super) fn within(self, set: &str, key: Reg) -> Self {
        self.lookup(set, key, None, false)
    }

    pub(super) fn outside(self, set: &str, key: Reg) -> Self {
        self.lookup(set, key, None, true)
    }

    /// What the map has for the key, into a register.
    pub(super) fn map(self, set: &str, key: Reg, to: Reg) -> Self {
        self.lookup(set, key, Some(LookupTo::Reg(to)), false)
    }

    pub(super) fn oif_in(self, set: &str) -> Self {
        self.meta(MetaKey::OutputInterface, 0).within(set, 0)
    }

    pub(super) fn load(self, to: Reg, value: u32) -> Self {
        self.with(Expr::Load { to, value })
    }

    pub(super) fn set_mark(self, from: Reg) -> Self {
        self.with(Expr::SetMeta { key: MetaKey::Mark, from })
    }

    pub(super) fn dynset(self, set: &str, key: Reg, each: Vec<Each>) -> Self {
        self.with(Expr::Dynset { set: set.to_owned(), key, each })
    }

    /// Ends with what the verdict map has for the key.
    pub(super) fn vmap(self, set: &str, key: Reg) -> Rule {
        self.lookup(set, key, Some(LookupTo::Verdict), false).rule()
    }

    fn verdict(self, verdict: Verdict) -> Rule {
        self.with(Expr::Verdict(verdict)).rule()
    }

    pub(super) fn goto(self, chain: impl Into<String>) -> Rule {
        self.verdict(Verdict::Goto(chain.into()))
    }

    pub(super) fn jump(self, chain: impl Into<String>) -> Rule {
        self.verdict(Verdict::Jump(chain.into()))
    }

    pub(super) fn accept(self) -> Rule {
        self.verdict(Verdict::Accept)
    }

    pub(super) fn drop(self) -> Rule {
        self.verdict(Verdict::Drop)
    }

    pub(super) fn back(self) -> Rule {
        self.verdict(Verdict::Return)
    }

    /// Ends without a verdict.
    pub(super) fn rule(self) -> Rule {
        Rule { exprs: self.exprs, comment: self.comment }
    }
}

/// The first `length` bits of an address.
pub(super) fn mask(ip: Ip, length: u8) -> Vec<u8> {
    let kept = |byte: u8| length.saturating_sub(byte * 8).min(8);
    (0..ip.bits() / 8).map(|byte| !(0xff_u8.checked_shr(kept(byte).into()).unwrap_or(0))).collect()
}

/// So many a second, as a limit that holds above; the kernel counts in nanoseconds, so that more
/// than a hundred millions are no limit.
pub(super) fn above(rate: u32) -> Limit {
    let rate = rate.min(100_000_000);
    Limit { rate: rate.into(), burst: rate, over: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_keeps_the_first_bits() {
        assert_eq!(mask(Ip::Four, 24), [255, 255, 255, 0]);
        assert_eq!(mask(Ip::Four, 9), [255, 128, 0, 0]);
        assert_eq!(mask(Ip::Four, 32), [255; 4]);
        assert_eq!(mask(Ip::Six, 0), [0; 16]);
        assert_eq!(mask(Ip::Six, 65)[7..10], [255, 128, 0]);
    }
}
