//! What a long list of domains costs: `names COUNT`. Prints one line of JSON: the names, the memory that
//! the list as it is written and the set that is asked take together, and nanoseconds of CPU for a name
//! that is in it and for one that is not.

use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use ets_gateway::policy::{DomainSet, List};
use ets_runtime::Memory;
use nix::time::ClockId;

type Fault = Box<dyn Error + Send + Sync>;

/// Questions of each kind.
const ASKED: u64 = 1_000_000;

fn main() -> Result<(), Fault> {
    let count: u64 = std::env::args().nth(1).ok_or("say how many")?.parse()?;
    let before = Memory::now().used;
    let list: List = serde_json::from_str(&written(count))?;
    let set = DomainSet::new(list.iter())?;
    let octets = Memory::now().used.saturating_sub(before);
    let inside = cost(&set, (0..ASKED).map(|at| format!("www.{}", name(at * 7_919 % count))));
    let outside = cost(&set, (0..ASKED).map(|at| format!("www.other{at}.example.kz")));
    println!(
        "{{\"names\":{},\"octets\":{octets},\"inside_ns\":{inside},\"outside_ns\":{outside}}}",
        set.len()
    );
    drop(list);
    Ok(())
}

fn name(number: u64) -> String {
    format!("host{number}.of-zone{}.kz", number % 997)
}

/// The list as JSON.
fn written(count: u64) -> String {
    let mut text = String::from("[");
    for number in 0..count {
        let comma = if number > 0 { "," } else { "" };
        let _ = write!(text, "{comma}\"{}\"", name(number));
    }
    text + "]"
}

/// Nanoseconds of CPU for a question.
fn cost(set: &DomainSet, names: impl Iterator<Item = String>) -> u128 {
    let names: Vec<String> = names.collect();
    let begun = used();
    for name in &names {
        black_box(set.contains(black_box(name)));
    }
    (used() - begun).as_nanos() / names.len() as u128
}

fn used() -> Duration {
    let now = ClockId::CLOCK_THREAD_CPUTIME_ID.now();
    now.expect("there is such a clock").into()
}
