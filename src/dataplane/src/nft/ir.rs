//! The packet filter's rules as plain data: what is compiled from a policy, sent to the kernel, read
//! back from it, compared, and evaluated for the proof. One form for all of them, so that equal
//! means equal.
//!
//! It mirrors `nf_tables` (`linux/netfilter/nf_tables.h`) for the few expressions that we use. Registers
//! are 32-bit ones, numbered from 0; a value longer than four bytes takes the ones after it. Values in
//! registers are in network byte order, marks and interface numbers in host byte order, as in the
//! kernel.
//!
//! What is called `Unknown` is never compiled, only read: a stranger put it into our table. Whoever
//! evaluates must not guess what it does.

use std::collections::BTreeMap;

/// All our tables, ordered by family and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ruleset {
    /// The tables.
    pub tables: Vec<Table>,
}

/// One table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// To which packets it belongs.
    pub family: Family,
    /// Its name.
    pub name: String,
    /// Sets and maps, ordered by name.
    pub sets: Vec<Set>,
    /// Chains: a chain stands after the ones it jumps to.
    pub chains: Vec<Chain>,
}

/// The family of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4 and IPv6.
    Inet,
    /// ARP.
    Arp,
    /// One interface, before anything else.
    Netdev,
}

/// A set, or a map where it has data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// Its name.
    pub name: String,
    /// The parts of its key, each padded to four bytes.
    pub key: Vec<KeyPart>,
    /// What its elements lead to; `None` for a plain set.
    pub data: Option<DataKind>,
    /// Whether elements are intervals from `key` to `key_end`, both included.
    pub interval: bool,
    /// Whether rules add elements by themselves (`Expr::Dynset`).
    pub dynamic: bool,
    /// The most elements; 0: as many as there are (a set that is not dynamic).
    pub size: u32,
    /// How long a dynamic element stays, in milliseconds; 0: for ever.
    pub timeout_ms: u64,
    /// Whether each element counts the packets that match it.
    pub counts: bool,
    /// The elements of a set that is not dynamic, by key. Those of dynamic ones are neither read nor
    /// compared. An empty key is the catch-all: it stands for every key that no other element has.
    pub elements: BTreeMap<Vec<u8>, Element>,
}

/// A part of a key: how long it is, and how people read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyPart {
    /// IPv4 address, 4 bytes.
    Ip4,
    /// IPv6 address, 16 bytes.
    Ip6,
    /// Interface number, 4 bytes, host order.
    Interface,
    /// Packet mark, 4 bytes, host order.
    Mark,
    /// Hardware address, 6 bytes, padded to 8.
    Hardware,
    /// Layer-4 protocol, 1 byte, padded to 4.
    Protocol,
    /// Port, 2 bytes, padded to 4.
    Port,
    /// The only part of a set that is of none of our kinds; its elements are not read. `NFTA_SET_KEY_TYPE`
    /// and `NFTA_SET_FLAGS` say what it is.
    Unknown { key_type: u32, flags: u32 },
}

/// To what the elements of a map lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataKind {
    /// A mark, 4 bytes, host order.
    Mark,
    /// A verdict.
    Verdict,
}

/// One element; its key stands in the map of its set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// The last key of an interval; `None` where the set has none.
    pub key_end: Option<Vec<u8>>,
    /// What it leads to.
    pub data: Option<Data>,
}

/// What an element of a map leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// A value of four bytes.
    Value(u32),
    /// A verdict.
    Verdict(Verdict),
    /// Something that is none of both, or an element that does more than lead somewhere.
    Unknown(String),
}

/// What becomes of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Goes on behind this hook.
    Accept,
    /// Is gone.
    Drop,
    /// The next rule of the same chain.
    Continue,
    /// Back to the rule after the jump; from a base chain: its policy.
    Return,
    /// To this chain and back.
    Jump(String),
    /// To this chain and not back.
    Goto(String),
}

/// A chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Its name.
    pub name: String,
    /// Where it is called from, for a base chain.
    pub base: Option<Base>,
    /// Its rules, in order.
    pub rules: Vec<Rule>,
}

/// Where a base chain is called from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// The hook.
    pub hook: Hook,
    /// Lower comes first.
    pub priority: i32,
    /// Whether what no rule decides is dropped.
    pub drops: bool,
    /// The interface of a `Netdev` chain; empty otherwise.
    pub device: String,
}

/// The hooks that we use; numbers are the family's (`NF_INET_*`, `NF_ARP_*`, `NF_NETDEV_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hook {
    /// `NF_INET_PRE_ROUTING`
    Prerouting,
    /// `NF_INET_LOCAL_IN`
    Input,
    /// `NF_INET_FORWARD`
    Forward,
    /// `NF_INET_LOCAL_OUT`
    Output,
    /// `NF_INET_POST_ROUTING`
    Postrouting,
    /// `NF_ARP_IN`
    ArpInput,
    /// `NF_NETDEV_INGRESS`
    Ingress,
    /// Another hook, or a chain that is not of type `filter` (a NAT).
    Unknown(u32),
    /// The table is dormant: the chain is never called.
    Dormant,
}

/// A rule: its expressions run in order until one of them breaks off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The expressions.
    pub exprs: Vec<Expr>,
    /// What it is for, shown by `nft list`; kept in the kernel as the rule's user data.
    pub comment: String,
}

/// A 32-bit register, 0 to 15.
pub type Reg = u8;

/// One expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// Loads something about the packet.
    Meta { key: MetaKey, to: Reg },
    /// Sets something about the packet.
    SetMeta { key: MetaKey, from: Reg },
    /// Loads bytes of the packet; breaks off when they are not there.
    Payload { base: PayloadBase, offset: u32, length: u32, to: Reg },
    /// `to = from & mask ^ xor`, over `mask.len()` bytes.
    Bitwise { from: Reg, to: Reg, mask: Vec<u8>, xor: Vec<u8> },
    /// Breaks off unless the comparison holds, byte by byte in order.
    Compare { from: Reg, op: Compare, value: Vec<u8> },
    /// Breaks off unless `low <= register <= high` (or, `inverted`, unless not).
    Range { from: Reg, low: Vec<u8>, high: Vec<u8>, inverted: bool },
    /// Breaks off unless the key is in the set (or, `inverted`, unless it is not). A map's data go to
    /// `to`; a verdict takes effect.
    Lookup { set: String, key: Reg, to: Option<LookupTo>, inverted: bool },
    /// Loads a value of four bytes.
    Load { to: Reg, value: u32 },
    /// Decides.
    Verdict(Verdict),
    /// Counts packets and bytes.
    Counter,
    /// Loads something about the connection.
    Ct { key: CtKey, to: Reg },
    /// Sets the connection's mark.
    SetCtMark { from: Reg },
    /// The packet belongs to no connection.
    Notrack,
    /// Hands the packet to a transparent socket of the hub: the one of its flow, or the one that listens
    /// on the port in the register (two bytes, network order). Breaks off where there is none.
    Tproxy { port: Reg },
    /// Loads whether an option, or an IPv6 extension header of type `header`, is there: one byte.
    Present { header: Header, to: Reg },
    /// Adds or refreshes an element of a dynamic set and runs its expressions; breaks off when the set
    /// is full or when one of them does. `Each::Connections` wants a set without timeout.
    Dynset { set: String, key: Reg, each: Vec<Each> },
    /// Breaks off unless within (or, `over`, unless above) so many a second.
    Limit(Limit),
    /// Sends the first `snaplen` bytes (0: all) to a group of listeners (NFLOG).
    Log { group: u16, prefix: String, snaplen: u32 },
    /// An expression that we never make, by its name and what is strange about it.
    Unknown(String),
}

/// What a dynamic element does for each packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Each {
    /// Counts.
    Counter,
    /// Limits the rate.
    Limit(Limit),
    /// Breaks off unless so many connections (or, `over`, unless more) are open.
    Connections { count: u32, over: bool },
}

/// A limit of packets a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    /// So many a second.
    pub rate: u64,
    /// So many at once above it.
    pub burst: u32,
    /// Whether it holds above the limit instead of within.
    pub over: bool,
}

/// Where the data of a map go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LookupTo {
    /// Into a register.
    Reg(Reg),
    /// A verdict map: the verdict takes effect.
    Verdict,
}

/// Something about the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MetaKey {
    /// Number of the interface it came in by; 4 bytes, host order.
    InputInterface,
    /// Number of the interface it goes out by; 4 bytes, host order.
    OutputInterface,
    /// IPv4 (2) or IPv6 (10); 1 byte (`NFPROTO_*`).
    NfProto,
    /// The layer-4 protocol; 1 byte.
    L4Proto,
    /// The mark; 4 bytes, host order.
    Mark,
    /// The priority, which names a traffic class; 4 bytes, host order.
    Priority,
    /// Unicast to us (0), broadcast (1), multicast (2), another's (3); 1 byte.
    PacketType,
}

/// From where bytes are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PayloadBase {
    /// The link-layer header.
    Link,
    /// The network header.
    Network,
    /// The transport header.
    Transport,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compare {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
}

/// Something about the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CtKey {
    /// A bit for its state: invalid 1, established 2, related 4, new 8, untracked 64; 4 bytes, host
    /// order.
    State,
    /// Whether this packet goes the original way (0) or back (1); 1 byte.
    Direction,
    /// Its mark; 4 bytes, host order.
    Mark,
}

/// A header that may be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Header {
    /// An IPv6 extension header of this type.
    Ip6(u8),
    /// An IPv4 option of this type.
    Ip4Option(u8),
}

impl KeyPart {
    /// Bytes it takes in a key, padding included.
    pub fn padded(self) -> usize {
        self.length().next_multiple_of(4)
    }

    /// Bytes of its value.
    pub fn length(self) -> usize {
        match self {
            Self::Ip4 | Self::Interface | Self::Mark => 4,
            Self::Ip6 => 16,
            Self::Hardware => 6,
            Self::Protocol => 1,
            Self::Port => 2,
            Self::Unknown { .. } => 0,
        }
    }
}

impl Ruleset {
    /// The table with this name.
    pub fn table(&self, family: Family, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.family == family && table.name == name)
    }
}

impl Table {
    /// The set with this name.
    pub fn set(&self, name: &str) -> Option<&Set> {
        self.sets.iter().find(|set| set.name == name)
    }

    /// The chain with this name.
    pub fn chain(&self, name: &str) -> Option<&Chain> {
        self.chains.iter().find(|chain| chain.name == name)
    }
}
