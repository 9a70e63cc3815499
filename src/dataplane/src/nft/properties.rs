//! What is encoded is decoded to the same; what is garbage is decoded to something, and quietly.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::decode::{Assembly, arrange};
use super::ir::*;
use super::numbers::{self, Pairs};
use super::wire::SUBSYSTEM;
use super::{TableName, difference, encode};
use crate::message;

fn name() -> impl Strategy<Value = String> {
    "[a-z_][a-z0-9_]{0,8}"
}

/// Any word that the kernel has a number for.
fn word<T: Clone + std::fmt::Debug + 'static>(
    pairs: &'static Pairs<T>,
) -> impl Strategy<Value = T> {
    (0..pairs.len()).prop_map(|at| pairs[at].0.clone())
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        Just(Verdict::Accept),
        Just(Verdict::Drop),
        Just(Verdict::Continue),
        Just(Verdict::Return),
        name().prop_map(Verdict::Jump),
        name().prop_map(Verdict::Goto),
    ]
}

fn limit() -> impl Strategy<Value = Limit> {
    let (rate, burst) = (1..u64::MAX, 1..u32::MAX);
    (rate, burst, any::<bool>()).prop_map(|(rate, burst, over)| Limit { rate, burst, over })
}

/// From where a value of up to sixteen bytes fits.
fn reg() -> impl Strategy<Value = Reg> {
    0u8..=12
}

fn pair(most: usize) -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    vec(any::<(u8, u8)>(), 1..=most).prop_map(|both| both.into_iter().unzip())
}

fn loads() -> impl Strategy<Value = Expr> {
    prop_oneof![
        (word(numbers::META_KEYS), reg()).prop_map(|(key, to)| Expr::Meta { key, to }),
        (word(numbers::META_KEYS), reg()).prop_map(|(key, from)| Expr::SetMeta { key, from }),
        (word(numbers::PAYLOAD_BASES), 0u32..2000, 1u32..=16, reg())
            .prop_map(|(base, offset, length, to)| Expr::Payload { base, offset, length, to }),
        (reg(), reg(), pair(16)).prop_map(|(from, to, (mask, xor))| Expr::Bitwise {
            from,
            to,
            mask,
            xor
        }),
        (reg(), any::<u32>()).prop_map(|(to, value)| Expr::Load { to, value }),
        (word(numbers::CT_KEYS), reg()).prop_map(|(key, to)| Expr::Ct { key, to }),
        reg().prop_map(|from| Expr::SetCtMark { from }),
        (any::<u8>(), any::<bool>(), reg()).prop_map(|(kind, six, to)| Expr::Present {
            header: if six { Header::Ip6(kind) } else { Header::Ip4Option(kind) },
            to
        }),
    ]
}

fn each() -> impl Strategy<Value = Each> {
    let count = (any::<u32>(), any::<bool>());
    prop_oneof![
        Just(Each::Counter),
        limit().prop_map(Each::Limit),
        count.prop_map(|(count, over)| Each::Connections { count, over }),
    ]
}

/// The names of sets in `Dynset` are upper case, so that none has a timeout: connections want that.
fn decides() -> impl Strategy<Value = Expr> {
    let to = option::of(prop_oneof![reg().prop_map(LookupTo::Reg), Just(LookupTo::Verdict)]);
    let values = (vec(any::<u8>(), 1..=16), word(numbers::COMPARISONS), reg());
    prop_oneof![
        values.prop_map(|(value, op, from)| Expr::Compare { from, op, value }),
        (reg(), pair(16), any::<bool>()).prop_map(|(from, (low, high), inverted)| Expr::Range {
            from,
            low,
            high,
            inverted
        }),
        (name(), reg(), to, any::<bool>()).prop_map(|(set, key, to, inverted)| Expr::Lookup {
            set,
            key,
            to,
            inverted
        }),
        verdict().prop_map(Expr::Verdict),
        Just(Expr::Counter),
        Just(Expr::Notrack),
        reg().prop_map(|port| Expr::Tproxy { port }),
        ("[A-Z]{1,5}", reg(), vec(each(), 0..4)).prop_map(|(set, key, each)| Expr::Dynset {
            set,
            key,
            each
        }),
        limit().prop_map(Expr::Limit),
        (any::<u16>(), "[^\0]{0,30}", any::<u32>())
            .prop_map(|(group, prefix, snaplen)| Expr::Log { group, prefix, snaplen }),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    let exprs = vec(prop_oneof![loads(), decides()], 0..12);
    (exprs, "[^\0]{0,60}").prop_map(|(exprs, comment)| Rule { exprs, comment })
}

fn key(parts: Vec<KeyPart>) -> impl Strategy<Value = Vec<u8>> {
    let part = |part: KeyPart| {
        vec(any::<u8>(), part.length()).prop_map(move |mut bytes| {
            bytes.resize(part.padded(), 0);
            bytes
        })
    };
    parts.into_iter().map(part).collect::<Vec<_>>().prop_map(|parts| parts.concat())
}

fn data(kind: Option<DataKind>) -> BoxedStrategy<Option<Data>> {
    match kind {
        None => Just(None).boxed(),
        Some(DataKind::Mark) => any::<u32>().prop_map(|mark| Some(Data::Value(mark))).boxed(),
        Some(DataKind::Verdict) => verdict().prop_map(|to| Some(Data::Verdict(to))).boxed(),
    }
}

fn elements(set: &Set) -> BoxedStrategy<BTreeMap<Vec<u8>, Element>> {
    if set.dynamic {
        return Just(BTreeMap::new()).boxed();
    }
    let interval = set.interval;
    let end = key(set.key.clone()).prop_map(move |end| interval.then_some(end));
    let one = (end, data(set.data)).prop_map(|(key_end, data)| Element { key_end, data });
    let every = data(set.data).prop_map(|data| Element { key_end: None, data });
    (btree_map(key(set.key.clone()), one, 0..20), option::weighted(0.2, every))
        .prop_map(|(mut all, every)| {
            all.extend(every.map(|every| (Vec::new(), every)));
            all
        })
        .boxed()
}

fn set() -> impl Strategy<Value = Set> {
    let data = option::of(prop_oneof![Just(DataKind::Mark), Just(DataKind::Verdict)]);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let head = (vec(word(numbers::KEY_TYPES), 1..=4), data, flags, 0u32..99, 0u64..9);
    head.prop_flat_map(|(key, data, (interval, dynamic, counts), size, timeout)| {
        let set = Set {
            name: String::new(),
            interval: interval && key.len() > 1,
            key,
            data,
            dynamic,
            size,
            timeout_ms: if dynamic { timeout * 500 } else { 0 },
            counts,
            elements: BTreeMap::new(),
        };
        elements(&set).prop_map(move |elements| Set { elements, ..set.clone() })
    })
}

fn base(family: Family) -> impl Strategy<Value = Base> {
    let parts = (word(numbers::hooks(family)), any::<i32>(), any::<bool>(), name());
    parts.prop_map(|(hook, priority, drops, device)| Base {
        hook,
        priority,
        drops,
        device: if hook == Hook::Ingress { device } else { String::new() },
    })
}

fn table() -> impl Strategy<Value = Table> {
    word(numbers::FAMILIES).prop_flat_map(|family| {
        let chain = (option::of(base(family)), vec(rule(), 0..4));
        (btree_map(name(), set(), 0..4), btree_map(name(), chain, 0..4)).prop_map(
            move |(sets, chains)| {
                let sets = sets.into_iter().map(|(name, set)| Set { name, ..set }).collect();
                let chains = chains.into_iter();
                let chains = chains.map(|(name, (base, rules))| Chain { name, base, rules });
                Table { family, name: "t".into(), sets, chains: chains.collect() }
            },
        )
    })
}

/// Kind and body of each message that makes this table.
fn messages(table: &Table) -> Vec<(u16, Vec<u8>)> {
    let want = Ruleset { tables: vec![table.clone()] };
    let batch = encode::batch(&difference(&Ruleset::default(), &want), 5).unwrap();
    let mut rest = batch.out.bytes();
    let mut found = Vec::new();
    while let Some((kind, _, body, more)) = message::split(rest) {
        if kind >> 8 == SUBSYSTEM {
            found.push((kind & 0xff, body.to_vec()));
        }
        rest = more;
    }
    assert_eq!(found.len(), batch.steps.len());
    found
}

fn assembled(messages: &[(u16, Vec<u8>)], table: &Table) -> Ruleset {
    let wanted = [TableName::of(table)];
    let mut assembly = Assembly::new(&wanted);
    messages.iter().for_each(|(kind, body)| assembly.take(*kind, body));
    assembly.finish()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// covers: N2.1
    #[test]
    fn every_table_that_is_encoded_is_decoded_to_the_same(table in table()) {
        let read = assembled(&messages(&table), &table);
        let mut wanted = table;
        arrange(&mut wanted);
        prop_assert_eq!(&read, &Ruleset { tables: vec![wanted] });
        prop_assert!(!super::text_of(&read, &super::Names::default()).is_empty());
    }

    /// covers: N2.1
    #[test]
    fn the_difference_between_a_table_and_itself_is_nothing_and_to_another_has_words(
        table in table(), other in table()
    ) {
        let other = Table { family: table.family, ..other };
        let (a, b) = (Ruleset { tables: vec![table] }, Ruleset { tables: vec![other] });
        prop_assert!(difference(&a, &a).is_empty());
        let names = super::Names::default();
        prop_assert!(super::drift(&a, &a, &names).is_empty());
        let differs = !difference(&a, &b).is_empty();
        prop_assert_eq!(differs, !super::drift(&a, &b, &names).is_empty());
        prop_assert_eq!(differs, !super::changes(&a, &b, &names).is_empty());
    }

    /// covers: N2.1
    #[test]
    fn messages_with_bytes_changed_and_ends_cut_are_read_without_a_panic(
        table in table(),
        changes in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..40),
        cuts in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..4),
    ) {
        let mut messages = messages(&table);
        let count = messages.len();
        for (which, place, byte) in changes {
            let body = &mut messages[which.index(count)].1;
            let place = place.index(body.len());
            body[place] = byte;
        }
        for (which, length) in cuts {
            let body = &mut messages[which.index(count)].1;
            body.truncate(length.index(body.len().max(1)));
        }
        let read = assembled(&messages, &table);
        let want = Ruleset { tables: vec![table] };
        let _ = super::drift(&read, &want, &super::Names::default());
        let _ = encode::batch(&difference(&read, &want), 5);
    }

    /// covers: N2.1
    #[test]
    fn garbage_is_read_without_a_panic(kind in 0u16..17, body in vec(any::<u8>(), 0..200)) {
        let wanted = [TableName { family: Family::Inet, name: "t".into() }];
        let mut assembly = Assembly::new(&wanted);
        assembly.take(numbers::message::NEW_TABLE, b"\x01\0\0\0\x06\0\x01\0t\0\0\0");
        assembly.take(kind, &body);
        let mut behind = b"\x01\0\0\0\x06\0\x01\0t\0\0\0".to_vec();
        behind.extend_from_slice(&body);
        assembly.take(kind, &behind);
        prop_assert_eq!(assembly.finish().tables.len(), 1);
    }

    /// covers: N2.1
    #[test]
    fn answers_of_garbage_are_read_without_a_panic(datagram in vec(any::<u8>(), 0..300)) {
        super::socket::read_all(&datagram);
        super::kernel::read_counts(&datagram);
    }
}

/// covers: N2.1
#[test]
fn what_the_kernel_could_not_take_is_refused_and_named() {
    let set = Set {
        name: "s".into(),
        key: vec![KeyPart::Port],
        data: None,
        interval: true,
        dynamic: false,
        size: 0,
        timeout_ms: 0,
        counts: false,
        elements: BTreeMap::new(),
    };
    let with = |sets: Vec<Set>, exprs: Vec<Expr>| {
        let rules = vec![Rule { exprs, comment: String::new() }];
        let chains = vec![Chain { name: "c".into(), base: None, rules }];
        let table = Table { family: Family::Inet, name: "t".into(), sets, chains };
        let want = Ruleset { tables: vec![table] };
        encode::batch(&difference(&Ruleset::default(), &want), 5)
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    assert!(with(vec![set.clone()], vec![]).contains("add set inet t s: intervals"));
    let wide = Set { interval: false, key: vec![KeyPart::Ip6; 5], ..set.clone() };
    assert!(with(vec![wide], vec![]).contains("longer than 64 bytes"));
    let short = BTreeMap::from([(vec![1], Element::default())]);
    let short = Set { interval: false, elements: short, ..set.clone() };
    assert!(with(vec![short], vec![]).contains("not as long"));
    let timed = Set { interval: false, dynamic: true, timeout_ms: 1000, ..set };
    let connections = vec![Each::Connections { count: 1, over: true }];
    let dynset = Expr::Dynset { set: "s".into(), key: 0, each: connections };
    assert!(with(vec![timed], vec![dynset]).contains("has a timeout"));
    let none = Limit { rate: 0, burst: 5, over: false };
    assert!(with(vec![], vec![Expr::Limit(none)]).contains("a rate of 0"));
    let far = Expr::Compare { from: 15, op: Compare::Eq, value: vec![0; 5] };
    assert!(with(vec![], vec![far]).contains("registers from 15"));
    assert!(with(vec![], vec![Expr::Unknown("nat".into())]).contains("`nat` is not ours"));
    assert!(with(vec![], vec![Expr::Notrack; 129]).contains("more than 128"));
}
