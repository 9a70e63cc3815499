//! A new process in the place of the old one while connections come (G8).

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::bed::{Gate, PROXY};
use crate::support::beside::{OTHERS, load, place_of_its_own, start};
use crate::support::sized;

const HOST: &str = "203.0.113.9:7000";
/// How long connections come.
const LASTS: u32 = 10;

/// covers: G8: who comes while one process ends and the next begins waits, and is served
#[test]
fn no_connection_is_refused_while_the_process_is_renewed() {
    if !place_of_its_own() {
        return;
    }
    let rate: u32 = sized("new connections a second during an upgrade", 500, 5_000);
    let mut gate = Gate::start(16);
    let (_host, _) = start(OTHERS, "crowd", &["host", HOST]);
    let clients = std::thread::spawn(move || {
        let via = format!("connect:{PROXY}@10.10.1.2");
        load("crowd", &["opened", &via, HOST, &rate.to_string(), &(rate * LASTS).to_string()])
    });
    std::thread::sleep(Duration::from_secs(u64::from(LASTS) / 3));
    let begun = Instant::now();
    gate.end(Signal::SIGTERM);
    let ended = begun.elapsed();
    gate.again();
    let renewed = begun.elapsed();
    let told = clients.join().expect("the clients come to an end");
    println!("ended in {ended:?}, the next one after {renewed:?}: {told}");
    assert_eq!(told["failed"], 0, "{told}");
    assert_eq!(told["count"], u64::from(rate * LASTS), "{told}");
}
