//! A rule set with every expression and every kind of set.

use std::collections::BTreeMap;

use ets_dataplane::nft::ir::*;

pub(crate) fn set(name: &str, key: &[KeyPart], data: Option<DataKind>) -> Set {
    Set {
        name: name.into(),
        key: key.to_vec(),
        data,
        interval: false,
        dynamic: false,
        size: 0,
        timeout_ms: 0,
        counts: false,
        elements: BTreeMap::new(),
    }
}

pub(crate) fn elements(of: &[(&[u8], Option<Data>)]) -> BTreeMap<Vec<u8>, Element> {
    let element = |data: &Option<Data>| Element { key_end: None, data: data.clone() };
    of.iter().map(|(key, data)| (key.to_vec(), element(data))).collect()
}

pub(crate) fn rule(comment: &str, exprs: Vec<Expr>) -> Rule {
    Rule { exprs, comment: comment.into() }
}

pub(crate) fn chain(name: &str, base: Option<(Hook, i32, bool)>, rules: Vec<Rule>) -> Chain {
    let base =
        base.map(|(hook, priority, drops)| Base { hook, priority, drops, device: String::new() });
    Chain { name: name.into(), base, rules }
}

pub(crate) fn compare(from: Reg, value: &[u8]) -> Expr {
    Expr::Compare { from, op: Compare::Eq, value: value.to_vec() }
}

pub(crate) fn payload(base: PayloadBase, offset: u32, length: u32, to: Reg) -> Expr {
    Expr::Payload { base, offset, length, to }
}

pub(crate) fn source4() -> Vec<Expr> {
    vec![
        Expr::Meta { key: MetaKey::NfProto, to: 0 },
        compare(0, &[2]),
        Expr::Meta { key: MetaKey::InputInterface, to: 0 },
        payload(PayloadBase::Network, 12, 4, 1),
        Expr::Bitwise { from: 1, to: 1, mask: vec![255, 255, 255, 0], xor: vec![0; 4] },
    ]
}

pub(crate) fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn sets() -> Vec<Set> {
    let one = 1u32.to_ne_bytes();
    let jump = |to: &str| Some(Data::Verdict(Verdict::Goto(to.into())));
    let interval = |low: [u8; 12], high: [u8; 12], data| {
        let element = Element { key_end: Some(high.to_vec()), data };
        BTreeMap::from([(low.to_vec(), element)])
    };
    let mail = [10, 1, 0, 10, 6, 0, 0, 0, 0, 25, 0, 0];
    let mails = [10, 1, 0, 20, 6, 0, 0, 0, 0, 30, 0, 0];
    let mut sets = vec![
        Set {
            elements: elements(&[
                (&one, jump("from_segment")),
                (&[9, 0, 0, 0], Some(Data::Verdict(Verdict::Accept))),
            ]),
            ..set("ports", &[KeyPart::Interface], Some(DataKind::Verdict))
        },
        Set {
            elements: elements(&[
                (&joined(&[&one, &[10, 10, 1, 0]]), Some(Data::Value(1))),
                (&joined(&[&one, &[10, 10, 2, 0]]), Some(Data::Value(2))),
            ]),
            ..set("from4_24", &[KeyPart::Interface, KeyPart::Ip4], Some(DataKind::Mark))
        },
        Set {
            elements: elements(&[(
                &joined(&[&one, &[0xfd, 0x10, 0, 0x10, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]),
                Some(Data::Value(1)),
            )]),
            size: 4096,
            ..set("from6_64", &[KeyPart::Interface, KeyPart::Ip6], Some(DataKind::Mark))
        },
        Set {
            interval: true,
            elements: interval(mail, mails, jump("service_1")),
            ..set(
                "services",
                &[KeyPart::Ip4, KeyPart::Protocol, KeyPart::Port],
                Some(DataKind::Verdict),
            )
        },
        Set {
            interval: true,
            elements: interval(mail, mail, None),
            ..set("own", &[KeyPart::Ip4, KeyPart::Protocol, KeyPart::Port], None)
        },
        Set {
            elements: elements(&[(&one, None), (&[2, 0, 0, 0], None)]),
            ..set("may_1", &[KeyPart::Mark], None)
        },
        Set {
            elements: elements(&[(&[0, 25, 0, 0], None), (&[0, 80, 0, 0], None)]),
            ..set("tcp_ports", &[KeyPart::Port], None)
        },
        Set {
            counts: true,
            elements: elements(&[(&one, None), (&[2, 0, 0, 0], None)]),
            ..set("dropped", &[KeyPart::Mark], None)
        },
        Set {
            elements: elements(&[(&joined(&[&one, &[2, 0, 0, 0, 0, 1, 0, 0], &one]), None)]),
            ..set("bound", &[KeyPart::Interface, KeyPart::Hardware, KeyPart::Mark], None)
        },
        Set {
            dynamic: true,
            size: 1000,
            timeout_ms: 60_000,
            ..set("rate", &[KeyPart::Mark], None)
        },
        Set { dynamic: true, size: 1000, ..set("connections", &[KeyPart::Mark], None) },
        Set { dynamic: true, size: 1000, counts: true, ..set("seen", &[KeyPart::Ip6], None) },
    ];
    sets.sort_by(|a, b| a.name.cmp(&b.name));
    sets
}

fn from_segment() -> Chain {
    let from = Expr::Lookup {
        set: "from4_24".into(),
        key: 0,
        to: Some(LookupTo::Reg(2)),
        inverted: false,
    };
    let mut identity = source4();
    identity.extend([from, Expr::SetMeta { key: MetaKey::Mark, from: 2 }]);
    let bound = vec![
        Expr::Meta { key: MetaKey::InputInterface, to: 0 },
        payload(PayloadBase::Link, 6, 6, 1),
        Expr::Meta { key: MetaKey::Mark, to: 3 },
        Expr::Lookup { set: "bound".into(), key: 0, to: None, inverted: true },
        Expr::Counter,
        Expr::Verdict(Verdict::Drop),
    ];
    let options = vec![
        Expr::Present { header: Header::Ip4Option(131), to: 0 },
        compare(0, &[1]),
        Expr::Verdict(Verdict::Drop),
    ];
    let routing = vec![
        Expr::Present { header: Header::Ip6(43), to: 0 },
        compare(0, &[1]),
        Expr::Verdict(Verdict::Drop),
    ];
    let length = vec![
        Expr::Meta { key: MetaKey::NfProto, to: 0 },
        compare(0, &[2]),
        payload(PayloadBase::Network, 0, 1, 0),
        Expr::Bitwise { from: 0, to: 0, mask: vec![0x0f], xor: vec![0] },
        Expr::Compare { from: 0, op: Compare::Gt, value: vec![5] },
        Expr::Log { group: 69, prefix: "options".into(), snaplen: 128 },
        Expr::Verdict(Verdict::Drop),
    ];
    let within = Expr::Limit(Limit { rate: 10, burst: 20, over: false });
    let sample = vec![within, Expr::Log { group: 69, prefix: String::new(), snaplen: 0 }];
    let rules = vec![
        rule("identity", identity),
        rule("bound hardware", bound),
        rule("loose source route", options),
        rule("routing header", routing),
        rule("options", length),
        rule("a sample", sample),
        rule("", vec![Expr::Verdict(Verdict::Return)]),
    ];
    chain("from_segment", None, rules)
}

fn dynset(set: &str, each: Vec<Each>) -> Vec<Expr> {
    vec![
        Expr::Meta { key: MetaKey::Mark, to: 0 },
        Expr::Dynset { set: set.into(), key: 0, each },
        Expr::Counter,
        Expr::Verdict(Verdict::Drop),
    ]
}

fn forward() -> Chain {
    let services = vec![
        Expr::Meta { key: MetaKey::NfProto, to: 0 },
        compare(0, &[2]),
        payload(PayloadBase::Network, 16, 4, 0),
        Expr::Meta { key: MetaKey::L4Proto, to: 1 },
        payload(PayloadBase::Transport, 2, 2, 2),
        Expr::Lookup {
            set: "services".into(),
            key: 0,
            to: Some(LookupTo::Verdict),
            inverted: false,
        },
    ];
    let limit = Limit { rate: 1000, burst: 500, over: true };
    let ports = vec![
        Expr::Meta { key: MetaKey::L4Proto, to: 0 },
        compare(0, &[6]),
        payload(PayloadBase::Transport, 2, 2, 0),
        Expr::Range { from: 0, low: vec![0, 100], high: vec![0, 200], inverted: true },
        Expr::Lookup { set: "tcp_ports".into(), key: 0, to: None, inverted: false },
        Expr::Verdict(Verdict::Continue),
    ];
    let established = vec![
        Expr::Ct { key: CtKey::State, to: 0 },
        Expr::Bitwise { from: 0, to: 0, mask: 6u32.to_ne_bytes().to_vec(), xor: vec![0; 4] },
        Expr::Compare { from: 0, op: Compare::Ne, value: vec![0; 4] },
        Expr::Ct { key: CtKey::Mark, to: 0 },
        compare(0, &7u32.to_ne_bytes()),
        Expr::Verdict(Verdict::Accept),
    ];
    let back = vec![
        Expr::Ct { key: CtKey::Direction, to: 0 },
        compare(0, &[1]),
        Expr::Meta { key: MetaKey::OutputInterface, to: 0 },
        Expr::Compare { from: 0, op: Compare::Le, value: 9u32.to_ne_bytes().to_vec() },
        Expr::Meta { key: MetaKey::PacketType, to: 0 },
        Expr::Compare { from: 0, op: Compare::Lt, value: vec![2] },
        Expr::Meta { key: MetaKey::Priority, to: 0 },
        Expr::Compare { from: 0, op: Compare::Ge, value: vec![0; 4] },
        Expr::Verdict(Verdict::Jump("service_1".into())),
    ];
    let class = vec![
        Expr::Load { to: 0, value: 0x1_0002 },
        Expr::SetMeta { key: MetaKey::Priority, from: 0 },
    ];
    let seen = vec![
        Expr::Meta { key: MetaKey::NfProto, to: 0 },
        compare(0, &[10]),
        payload(PayloadBase::Network, 8, 16, 4),
        Expr::Dynset { set: "seen".into(), key: 4, each: vec![] },
    ];
    let connections = vec![Each::Connections { count: 100, over: true }];
    let rules = vec![
        rule("flows of this generation", established),
        rule("packets a second", dynset("rate", vec![Each::Limit(limit)])),
        rule("two at once", dynset("rate", vec![Each::Limit(limit), Each::Counter])),
        rule("connections", dynset("connections", connections)),
        rule("who was there", seen),
        rule("services", services),
        rule("", ports),
        rule("answers", back),
        rule("class", class),
    ];
    chain("forward", Some((Hook::Forward, 0, true)), rules)
}

fn service() -> Chain {
    let may = vec![
        Expr::Meta { key: MetaKey::Mark, to: 0 },
        Expr::Lookup { set: "may_1".into(), key: 0, to: None, inverted: false },
        Expr::Load { to: 8, value: 7 },
        Expr::SetCtMark { from: 8 },
        Expr::Verdict(Verdict::Accept),
    ];
    let count = vec![
        Expr::Meta { key: MetaKey::Mark, to: 0 },
        Expr::Lookup { set: "dropped".into(), key: 0, to: None, inverted: false },
        Expr::Verdict(Verdict::Drop),
    ];
    chain("service_1", None, vec![rule("почта: who may", may), rule("", count)])
}

/// The table with everything; interfaces 1 (`lo`) and 9 are named.
pub(crate) fn inet() -> Table {
    let ports = vec![
        Expr::Meta { key: MetaKey::InputInterface, to: 0 },
        Expr::Lookup { set: "ports".into(), key: 0, to: Some(LookupTo::Verdict), inverted: false },
    ];
    let probes = vec![
        Expr::Meta { key: MetaKey::L4Proto, to: 0 },
        compare(0, &[1]),
        payload(PayloadBase::Transport, 0, 1, 0),
        compare(0, &[8]),
        Expr::Notrack,
    ];
    Table {
        family: Family::Inet,
        name: "ets".into(),
        sets: sets(),
        chains: vec![
            service(),
            forward(),
            from_segment(),
            chain("guard", Some((Hook::Prerouting, -300, false)), vec![rule("ports", ports)]),
            chain("probes", Some((Hook::Output, -300, false)), vec![rule("", probes)]),
        ],
    }
}

/// The table for ARP: the sender's address must belong to the port.
pub(crate) fn arp() -> Table {
    let identity = vec![
        Expr::Meta { key: MetaKey::InputInterface, to: 0 },
        payload(PayloadBase::Network, 14, 4, 1),
        Expr::Lookup { set: "senders".into(), key: 0, to: None, inverted: true },
        Expr::Counter,
        Expr::Verdict(Verdict::Drop),
    ];
    let senders = Set {
        elements: elements(&[(&joined(&[&1u32.to_ne_bytes(), &[10, 10, 1, 1]]), None)]),
        ..set("senders", &[KeyPart::Interface, KeyPart::Ip4], None)
    };
    Table {
        family: Family::Arp,
        name: "ets".into(),
        sets: vec![senders],
        chains: vec![chain("input", Some((Hook::ArpInput, 0, false)), vec![rule("", identity)])],
    }
}

/// The table of one interface.
pub(crate) fn netdev() -> Table {
    let rules = vec![rule("broken", vec![Expr::Counter])];
    let mut early = chain("early", Some((Hook::Ingress, -500, false)), rules);
    early.base.as_mut().unwrap().device = "lo".into();
    Table { family: Family::Netdev, name: "ets".into(), sets: vec![], chains: vec![early] }
}

pub(crate) fn all() -> Ruleset {
    Ruleset { tables: vec![inet(), arp(), netdev()] }
}
