//! How fast lists and answers are with a million certificates: not a test, but figures.
//! `cargo test --release -p ets-ca -- --ignored --nocapture figures`

use std::time::{Duration, Instant};

use ets_runtime::Clock;

use super::Status;
use super::answer::Span;
use super::index::Standing;
use super::lists::Which;
use super::responder::Delegate;
use crate::der::{OCTETS, OID, SEQUENCE, around, tlv};
use crate::{Authority, Files, Passphrase, Reason, Serial, State, key};

const MILLION: usize = 1_000_000;

pub(super) fn status() -> Status {
    let dir = tempfile::tempdir().unwrap();
    let (files, secret) = (Files::in_dir(dir.path()), Passphrase::new("secret"));
    Authority::make(&files, "Region", &secret, None).unwrap();
    let addresses = crate::Addresses::new("http://pki.ets.localhost:8480").unwrap();
    let authority = Authority::open(&files, &secret, Some(addresses)).unwrap();
    let status = Status::new(authority, Clock::system());
    status.begin(1, 0);
    let now = status.now();
    let span = Span { from: now - 60, until: now + 86_400 };
    let (pair, serial) = (key::make().unwrap(), Serial::draw().unwrap());
    // As long as a certificate is; nobody reads it here.
    status.responder.appoint(Some(Delegate::new(pair, serial, vec![0; 600], span)));
    status
}

/// A request as a client of today writes it.
fn request(status: &Status, serial: Serial, nonce: Option<[u8; 32]>) -> Vec<u8> {
    use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
    let signer = status.authority.signer();
    let hashed = |of: &[u8]| tlv(OCTETS, digest(&SHA1_FOR_LEGACY_USE_ONLY, of).as_ref());
    let sha_1 = tlv(SEQUENCE, &[tlv(OID, &[0x2b, 0x0e, 3, 2, 0x1a]), vec![5, 0]].concat());
    let serial = tlv(2, serial.bytes());
    let id = [sha_1, hashed(signer.name), hashed(signer.key.der_bytes()), serial].concat();
    let list = tlv(SEQUENCE, &tlv(SEQUENCE, &tlv(SEQUENCE, &id)));
    let nonce = nonce.map_or(Vec::new(), |nonce| {
        let value = tlv(OCTETS, &tlv(OCTETS, &nonce));
        let id = tlv(OID, super::request::NONCE_ID);
        tlv(around(2), &tlv(SEQUENCE, &tlv(SEQUENCE, &[id, value].concat())))
    });
    tlv(SEQUENCE, &tlv(SEQUENCE, &[list, nonce].concat()))
}

fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096 / 1_000_000
}

/// Answers on two threads for two seconds; how many a second, and the 99th of 100 in microseconds.
fn rate(status: &Status, requests: &[Vec<u8>]) -> (u64, u64) {
    let begun = Instant::now();
    let mut all: Vec<u64> = std::thread::scope(|scope| {
        let half = requests.chunks(requests.len().div_ceil(2));
        let work = |part: &[Vec<u8>]| {
            let mut times = Vec::new();
            for request in part.iter().cycle() {
                if begun.elapsed() > Duration::from_secs(2) {
                    return times;
                }
                let start = Instant::now();
                let answer = status.responder.answer(request, status.now(), &status.index);
                assert!(answer.body.len() > 500);
                times.push(u64::try_from(start.elapsed().as_micros()).unwrap());
            }
            times
        };
        let threads: Vec<_> = half.map(|part| scope.spawn(move || work(part))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    all.sort_unstable();
    (all.len() as u64 / 2, all[all.len() * 99 / 100])
}

/// covers: T-4
#[test]
#[ignore = "figures, on the release build"]
fn figures_of_lists_and_answers_with_a_million_revocations() {
    let status = status();
    let before = resident();
    let until = i64::MAX;
    let standing = Standing::new(State::Revoked, Some(Reason::KeyCompromise), 1, until);
    let serials: Vec<Serial> = (0..MILLION).map(|_| Serial::draw().unwrap()).collect();
    let serials_size = resident();
    serials.iter().for_each(|serial| status.index.enter(*serial, standing));
    println!("index of a million: {} MB", resident() - serials_size);
    let mut worst = Duration::ZERO;
    for serial in serials.iter().take(200) {
        let start = Instant::now();
        status.index.enter(*serial, Standing::new(State::Active, None, 1, until));
        let list = status.get(Which::Part(serial.shard())).unwrap();
        worst = worst.max(start.elapsed());
        assert!(list.body.len() > 100_000);
    }
    println!("a change and its list: {worst:?} at worst");
    let start = Instant::now();
    let size = status.get(Which::All).unwrap().body.len() / 1_000_000;
    println!(
        "list of all: {size} MB in {:?}, resident {} MB",
        start.elapsed(),
        resident() - before
    );
    for (name, nonce) in [("ready", None), ("with a nonce", Some([7; 32]))] {
        let few = serials.iter().take(20_000);
        let requests: Vec<_> = few.map(|serial| request(&status, *serial, nonce)).collect();
        let (rate, p99) = rate(&status, &requests);
        println!("answers {name}: {rate} a second on two threads, p99 {p99} us");
    }
}
