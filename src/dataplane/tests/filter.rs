//! The packet filter against a real kernel, in network namespaces of the tests' own. Needs root and
//! the program `nft` as a judge that knows nothing of us; says so when it cannot run.

#![allow(clippy::unwrap_used)]

mod filter {
    pub(crate) mod everything;
}

use std::process::Command;

use ets_dataplane::nft::ir::Ruleset;
use ets_dataplane::nft::{Kernel, TableName, difference};
use filter::everything;
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

/// What `nft` says to this, or to this input.
fn nft(arguments: &str) -> String {
    let done = Command::new("nft").args(arguments.split_whitespace()).output().unwrap();
    let (out, err) =
        (String::from_utf8(done.stdout).unwrap(), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && err.is_empty(), "nft {arguments}: {err}{out}");
    out
}

fn names(of: &Ruleset) -> Vec<TableName> {
    of.tables.iter().map(TableName::of).collect()
}

/// covers: N2.1
#[test]
fn what_is_committed_reads_back_equal_and_a_second_commit_has_nothing_to_do() {
    let Some(mut kernel) = own_namespace() else { return };
    let want = everything::all();
    kernel.apply(&want).unwrap();
    let have = kernel.read(&names(&want)).unwrap();
    for (have, want) in have.tables.iter().zip(&want.tables) {
        for (have, want) in have.sets.iter().zip(&want.sets) {
            assert_eq!(have, want);
        }
        for (have, want) in have.chains.iter().zip(&want.chains) {
            for (have, want) in have.rules.iter().zip(&want.rules) {
                assert_eq!(have, want);
            }
        }
    }
    assert_eq!(have, want);
    assert!(difference(&have, &want).is_empty());
    println!("{}", nft("list ruleset"));
}
