//! A million revocations in memory. In a process of its own, whose memory is its own too.

use std::time::Instant;

use ets_tls::{CertId, RevocationSet, Standing};

const COUNT: u64 = 1_000_000;
/// What a million may take (T-4).
const MOST: u64 = 48 << 20;

fn id(number: u64) -> CertId {
    CertId::new(b"issuer", &number.to_be_bytes())
}

/// Bytes of this process in memory.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("Linux says it");
    let pages: u64 = pages.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a number");
    pages * 4_096
}

/// covers: T1.3, T-4
#[test]
fn a_million_revocations_fit_into_48_megabytes_and_each_is_found() {
    let before = resident();
    let set = RevocationSet::new();
    let begun = Instant::now();
    set.load((0..COUNT).map(id));
    let loaded = begun.elapsed();
    let held = resident().saturating_sub(before);
    let ids: Vec<CertId> = (0..100_000).map(|number| id(number * 20)).collect();
    let begun = Instant::now();
    let revoked = ids.iter().filter(|id| set.standing(**id) == Standing::Revoked).count();
    let each = begun.elapsed() / 100_000;
    println!("size: revocations = {COUNT}; {held} bytes, loaded in {loaded:?}, a lookup {each:?}");
    assert_eq!((set.len() as u64, revoked), (COUNT, 50_000));
    assert!(held < MOST, "{held} bytes");
}
