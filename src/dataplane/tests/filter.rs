//! The packet filter against a real kernel, in network namespaces of the tests' own. Needs root and
//! the program `nft` as a judge that knows nothing of us; says so when it cannot run.

#![allow(clippy::unwrap_used)]

mod filter {
    pub(crate) mod everything;
    pub(crate) mod meddling;
}

use std::collections::BTreeMap;
use std::io::Write;
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ets_dataplane::Error;
use ets_dataplane::nft::ir::*;
use ets_dataplane::nft::{Act, Kernel, Names, Step, TableName, Transaction};
use ets_dataplane::nft::{changes, difference, drift, text_of};
use filter::everything::{self, chain, compare, elements, joined, rule, set};
use nix::sched::{CloneFlags, unshare};

/// Moves this test's thread into a new network namespace, which ends with the thread.
fn own_namespace() -> Option<Kernel> {
    if let Err(errno) = unshare(CloneFlags::CLONE_NEWNET) {
        eprintln!("skipped: a network namespace needs root ({errno})");
        return None;
    }
    if Command::new("nft").arg("-v").output().is_err() {
        eprintln!("skipped: the program `nft` (package nftables) is not installed");
        return None;
    }
    Some(Kernel::open().unwrap())
}

/// What `nft` answers to these lines.
fn nft(lines: &str) -> String {
    let mut command = Command::new("nft");
    command.args(["-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut judge = command.spawn().unwrap();
    judge.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let done = judge.wait_with_output().unwrap();
    let out = String::from_utf8(done.stdout).unwrap();
    let complaints = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && complaints.is_empty(), "nft {lines}: {complaints}{out}");
    out
}

fn names(of: &Ruleset) -> Vec<TableName> {
    of.tables.iter().map(TableName::of).collect()
}

fn inet() -> TableName {
    TableName { family: Family::Inet, name: "ets".into() }
}

/// covers: N2.1
#[test]
fn what_is_committed_reads_back_equal_and_a_second_commit_has_nothing_to_do() {
    let Some(mut kernel) = own_namespace() else { return };
    let want = everything::all();
    assert!(!kernel.apply(&want).unwrap().is_empty());
    let have = kernel.read(&names(&want)).unwrap();
    assert_eq!(have, want);
    assert!(drift(&have, &want, &Names::default()).is_empty());
    let generation = kernel.generation().unwrap();
    assert!(kernel.apply(&want).unwrap().is_empty());
    assert_eq!(kernel.generation().unwrap(), generation);
}

/// covers: N2.1
#[test]
fn the_program_nft_reads_ours_as_they_are_meant_and_our_words_are_nearly_its_own() {
    let Some(mut kernel) = own_namespace() else { return };
    let want = everything::all();
    kernel.apply(&want).unwrap();
    let theirs = nft("list ruleset");
    let lo = Names::from_iter([(1, "lo".to_owned())]);
    let ours = text_of(&kernel.read(&names(&want)).unwrap(), &lo);
    for line in [
        "type iface_index . ether_addr . mark",
        "elements = { \"lo\" . 02:00:00:00:00:01 . 0x00000001 }",
        "type iface_index . ipv4_addr : mark",
        "elements = { \"lo\" . fd10:10:1:: : 0x00000001 }",
        "elements = { 10.1.0.10-10.1.0.20 . tcp . 25-30 : goto service_1 }",
        "flags interval",
        "flags dynamic,timeout",
        "size 4096",
        "iif . ip saddr & 255.255.255.0 map @from4_24 comment \"identity\"",
        "ct state established,related ct mark 0x00000007 accept comment \"flows of this generation\"",
        "limit rate over 1000/second burst 500 packets",
        "add @connections { meta mark ct count over 100 }",
        "add @seen { ip6 saddr } comment \"who was there\"",
        "ip daddr . meta l4proto . th dport vmap @services comment \"services\"",
        "ip hdrlength > 5 log prefix \"options\" group 69 snaplen 128 drop comment \"options\"",
        "exthdr rt exists drop comment \"routing header\"",
        "meta mark @may_1 ct mark set 0x00000007 accept comment \"почта: who may\"",
        "iif . arp saddr ip != @senders counter",
        "meta priority set 1:2 comment \"class\"",
    ] {
        assert!(theirs.contains(line), "nft does not print `{line}`:\n{theirs}");
        assert!(ours.contains(line), "our words have no `{line}`:\n{ours}");
    }
    assert!(
        theirs.contains("type filter hook ingress device \"lo\" priority -500; policy accept;")
    );
    println!("{ours}");
}

/// covers: N2.1
#[test]
fn what_our_words_say_of_sets_and_their_kinds_is_taken_by_nft_and_reads_back_the_same() {
    let Some(mut kernel) = own_namespace() else { return };
    let mut want = everything::inet();
    want.chains.iter_mut().for_each(|chain| chain.rules.clear());
    want.chains.sort_by(|a, b| a.name.cmp(&b.name));
    let want = Ruleset { tables: vec![want] };
    nft(&text_of(&want, &Names::default()));
    assert_eq!(kernel.read(&names(&want)).unwrap(), want);
}

/// covers: N2.1
#[test]
fn tables_of_others_are_left_alone_when_ours_come_change_and_go() {
    let Some(mut kernel) = own_namespace() else { return };
    nft("table inet foreign {
        set s { type ipv4_addr; flags interval; elements = { 192.0.2.0/24 } }
        chain c { type nat hook postrouting priority 100; masquerade; }
        chain ets { type filter hook input priority 5; ip saddr @s counter drop; }
    }
    table ip ets { chain c { tcp dport { 22, 80 } reject; }; }");
    let before = nft("list table inet foreign") + &nft("list table ip ets");
    let want = everything::all();
    kernel.apply(&want).unwrap();
    let mut other = want.clone();
    other.tables[0].chains[1].rules.pop();
    other.tables[0].sets[0].elements.clear();
    kernel.apply(&other).unwrap();
    assert_eq!(kernel.read(&names(&want)).unwrap(), other);
    kernel.commit(&difference(&other, &Ruleset::default())).unwrap();
    assert_eq!(nft("list table inet foreign") + &nft("list table ip ets"), before);
    assert_eq!(kernel.read(&names(&want)).unwrap(), Ruleset::default());
}

/// covers: N2.1
#[test]
fn whatever_a_stranger_does_to_our_tables_is_told_as_drift_and_undone_by_the_next_commit() {
    let Some(mut kernel) = own_namespace() else { return };
    let want = everything::all();
    let mut missed = Vec::new();
    for (lines, what, words) in filter::meddling::MEDDLING {
        kernel.apply(&want).unwrap();
        let guard = nft("list chain inet ets guard");
        assert!(guard.contains("comment \"ports\""));
        let mut listed = Command::new("nft");
        let listed = listed.args(["-a", "list", "chain", "inet", "ets", "guard"]);
        nft(&lines.replace("{guard}", &handle(listed)));
        let have = kernel.read(&names(&want)).unwrap();
        let found = drift(&have, &want, &Names::default());
        let told = found.iter().any(|one| one.what.contains(what) && one.found.contains(words));
        if !told {
            missed.push(format!("{lines}: {found:#?}"));
        }
        kernel.apply(&want).unwrap_or_else(|error| panic!("{lines}: {error:?}"));
        assert_eq!(kernel.read(&names(&want)).unwrap(), want, "{lines}");
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

fn handle(command: &mut Command) -> String {
    let out = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let line = out.lines().find(|line| line.contains("vmap @ports")).unwrap();
    line.rsplit(' ').next().unwrap().to_owned()
}

/// covers: N2.1
#[test]
fn a_transaction_with_one_wrong_step_changes_nothing_and_names_it() {
    let Some(mut kernel) = own_namespace() else { return };
    let want = everything::all();
    kernel.apply(&want).unwrap();
    let (before, generation) = kernel.snapshot(&names(&want)).unwrap();
    let mut wrong = want.clone();
    wrong.tables[0].sets[5].elements.insert(vec![7, 0, 0, 0], Element::default());
    let nowhere = Expr::Lookup { set: "nowhere".into(), key: 0, to: None, inverted: false };
    let load = Expr::Meta { key: MetaKey::Mark, to: 0 };
    wrong.tables[0].chains[0].rules.push(rule("wrong", vec![load, nowhere]));
    let error = kernel.apply(&wrong).unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(&error, Error::Rejected { cause, .. } if cause.raw_os_error() == Some(libc_enoent()))
    );
    assert!(
        text.contains("add rule inet ets service_1 meta mark @nowhere comment \"wrong\""),
        "{text}"
    );
    assert_eq!(kernel.read(&names(&want)).unwrap(), before);
    assert_eq!(kernel.generation().unwrap(), generation);
    let jump = Expr::Verdict(Verdict::Jump("service_1".into()));
    let mut round = want.clone();
    round.tables[0].chains[0].rules.push(rule("round and round", vec![jump]));
    let text = kernel.apply(&round).unwrap_err().to_string();
    assert!(text.contains("round and round"), "{text}");
    assert_eq!(kernel.read(&names(&want)).unwrap(), before);
}

fn libc_enoent() -> i32 {
    nix::errno::Errno::ENOENT as i32
}

/// covers: N2.1
#[test]
fn steps_that_were_computed_from_older_rules_are_refused_by_the_kernel() {
    let Some(mut kernel) = own_namespace() else { return };
    let want = everything::all();
    let (have, generation) = kernel.snapshot(&names(&want)).unwrap();
    let mut change = difference(&have, &want);
    change.generation = Some(generation);
    nft("add table inet foreign");
    assert!(matches!(kernel.commit(&change), Err(Error::Overtaken)));
    assert_eq!(kernel.read(&names(&want)).unwrap(), Ruleset::default());
    change.generation = Some(kernel.generation().unwrap());
    kernel.commit(&change).unwrap();
}

/// covers: N2.1
#[test]
fn only_what_differs_is_touched_and_dynamic_sets_and_counters_keep_what_they_have() {
    let Some(mut kernel) = own_namespace() else { return };
    assert!(Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap().success());
    let mut want = Ruleset { tables: vec![counting()] };
    kernel.apply(&want).unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..10 {
        socket.send_to(&[0; 72], socket.local_addr().unwrap()).unwrap();
    }
    let counted = kernel.counters(&inet(), "out").unwrap();
    let lo = counted.iter().find(|count| count.key == 1u32.to_ne_bytes()).unwrap();
    assert_eq!((lo.packets, lo.bytes), (10, 1000));
    let seen = kernel.counters(&inet(), "seen").unwrap();
    assert_eq!(seen.iter().map(|count| count.packets).collect::<Vec<_>>(), [10]);

    want.tables[0].sets[0].elements.insert(vec![2, 0, 0, 0], Element::default());
    let done = kernel.apply(&want).unwrap();
    assert!(
        matches!(&done.steps[..], [Step { act: Act::AddElements(set), .. }] if set.elements.len() == 1)
    );
    want.tables[0].chains[1].rules.push(rule("more", vec![Expr::Counter]));
    let done = kernel.apply(&want).unwrap();
    assert!(
        matches!(&done.steps[..], [Step { act: Act::AddRule(chain, _), .. }] if chain == "other")
    );
    assert_eq!(kernel.counters(&inet(), "out").unwrap().len(), 2);
    assert_eq!(kernel.counters(&inet(), "seen").unwrap(), seen);

    want.tables[0].sets[0].counts = false;
    let done = kernel.apply(&want).unwrap();
    let acts: Vec<_> = done.steps.iter().map(|step| format!("{:?}", step.act)).collect();
    let begins = ["Flush(\"count\")", "RemoveSet(\"out\")", "AddSet", "AddElements", "AddRule"];
    assert!(acts.iter().zip(begins).all(|(act, begin)| act.starts_with(begin)), "{acts:?}");
    assert_eq!(kernel.read(&[inet()]).unwrap(), want);
    assert!(kernel.counters(&inet(), "nowhere").is_err());
}

/// Counts what goes out by interface, and by mark in a dynamic set.
fn counting() -> Table {
    let out = vec![
        Expr::Meta { key: MetaKey::OutputInterface, to: 0 },
        Expr::Lookup { set: "out".into(), key: 0, to: None, inverted: false },
        Expr::Meta { key: MetaKey::L4Proto, to: 0 },
        compare(0, &[17]),
        Expr::Meta { key: MetaKey::Mark, to: 0 },
        Expr::Dynset { set: "seen".into(), key: 0, each: vec![Each::Counter] },
    ];
    let out_set = Set {
        counts: true,
        elements: elements(&[(&1u32.to_ne_bytes(), None)]),
        ..set("out", &[KeyPart::Interface], None)
    };
    let seen = Set { dynamic: true, size: 9, ..set("seen", &[KeyPart::Mark], None) };
    Table {
        family: Family::Inet,
        name: "ets".into(),
        sets: vec![out_set, seen],
        chains: vec![
            chain("count", Some((Hook::Output, 0, false)), vec![rule("", out)]),
            chain("other", None, vec![]),
        ],
    }
}

/// So many segments on one shared port each: both families' sources and a set of those who may.
fn segments(count: u32) -> Ruleset {
    let mut table = everything::inet();
    let place =
        |table: &Table, name: &str| table.sets.iter().position(|set| set.name == name).unwrap();
    let (four, six, may) =
        (place(&table, "from4_24"), place(&table, "from6_64"), place(&table, "may_1"));
    table.sets[six].size = 0;
    for number in 1..=count {
        let port = (number % 50 + 1).to_ne_bytes();
        let [_, _, high, low] = number.to_be_bytes();
        let mark = |mark| Element { key_end: None, data: Some(Data::Value(mark)) };
        table.sets[four].elements.insert(joined(&[&port, &[10, high, low, 0]]), mark(number));
        let prefix = [0xfd, 0x10, high, low, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        table.sets[six].elements.insert(joined(&[&port, &prefix]), mark(number));
        table.sets[may].elements.insert(number.to_ne_bytes().to_vec(), Element::default());
    }
    Ruleset { tables: vec![table] }
}

/// covers: N2.1
#[test]
fn ten_thousand_segments_are_committed_in_well_under_two_seconds_and_one_more_in_no_time() {
    let Some(mut kernel) = own_namespace() else { return };
    let mut want = segments(10_000);
    let first = took("first commit", || kernel.apply(&want).map(|_| ()).unwrap());
    assert!(first < Duration::from_secs(2), "{first:?}");
    let have = took_of("reading everything", || kernel.read(&names(&want)).unwrap());
    assert_eq!(have, want);
    let may = want.tables[0].sets.iter().position(|set| set.name == "may_1").unwrap();
    want.tables[0].sets[may].elements.remove(77u32.to_ne_bytes().as_slice());
    let change = took_of("the difference of one element", || difference(&have, &want));
    assert_eq!(change.steps.len(), 1);
    let one = took("its commit", || kernel.commit(&change).unwrap());
    assert!(one < Duration::from_millis(50), "{one:?}");
    took("read, compare, commit when nothing differs", || {
        assert!(kernel.apply(&want).unwrap().is_empty());
    });
    took("drift when nothing differs", || {
        assert!(drift(&want, &want, &Names::default()).is_empty());
    });
    let whole = took_of("every change from nothing in words", || {
        changes(&Ruleset::default(), &want, &Names::default())
    });
    assert!(whole.len() > 29_000);
    took("removing all", || {
        kernel.commit(&difference(&want, &Ruleset::default())).unwrap();
    });
}

/// covers: N5.1
#[test]
fn ten_thousand_counters_are_read_in_less_than_fifty_milliseconds() {
    let Some(mut kernel) = own_namespace() else { return };
    let mut table = counting();
    let all = (1u32..=10_000).map(|number| (number.to_ne_bytes().to_vec(), Element::default()));
    table.sets[0].elements = all.collect::<BTreeMap<_, _>>();
    kernel.apply(&Ruleset { tables: vec![table] }).unwrap();
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let begin = Instant::now();
        assert_eq!(kernel.counters(&inet(), "out").unwrap().len(), 10_000);
        best = best.min(begin.elapsed());
    }
    println!("10,000 counters read in {best:?}");
    assert!(best < Duration::from_millis(50), "{best:?}");
}

fn took(what: &str, done: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    done();
    let elapsed = begin.elapsed();
    println!("{what}: {elapsed:?}");
    elapsed
}

fn took_of<T>(what: &str, done: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let value = done();
    println!("{what}: {:?}", begin.elapsed());
    value
}

/// covers: N2.1
#[test]
fn an_empty_transaction_asks_nothing_of_the_kernel() {
    let Some(mut kernel) = own_namespace() else { return };
    let generation = kernel.generation().unwrap();
    kernel.commit(&Transaction::default()).unwrap();
    let nothing = set("s", &[KeyPart::Mark], None);
    let steps = vec![Step { table: inet(), act: Act::AddElements(nothing) }];
    kernel.commit(&Transaction { steps, ..Transaction::default() }).unwrap();
    assert_eq!(kernel.generation().unwrap(), generation);
}
