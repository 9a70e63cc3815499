//! What a long list of domains costs: `names COUNT`. Prints one line of JSON: the names, the memory that
//! the list as it is written and the set that is asked take together, and nanoseconds of CPU for a name
//! that is in it and for one that is not.

use std::error::Error;
use std::fmt::Write as _;
use std::hint::black_box;

use ets_gateway::policy::{DomainSet, List};
use nix::time::{ClockId, clock_gettime};

type Fault = Box<dyn Error + Send + Sync>;

/// Questions of each kind.
const ASKED: u64 = 1_000_000;

fn main() -> Result<(), Fault> {
    let count: u64 = std::env::args().nth(1).ok_or("say how many")?.parse()?;
    let before = own_memory()?;
    let list: List = serde_json::from_str(&written(count))?;
    let set = DomainSet::new(list.iter())?;
    let octets = own_memory()?.saturating_sub(before);
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
fn cost(set: &DomainSet, names: impl Iterator<Item = String>) -> u64 {
    let names: Vec<String> = names.collect();
    let begun = used();
    for name in &names {
        black_box(set.contains(black_box(name)));
    }
    (used() - begun) / names.len() as u64
}

fn used() -> u64 {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("there is such a clock");
    (time.tv_sec() * 1_000_000_000 + time.tv_nsec()) as u64
}

fn own_memory() -> Result<u64, Fault> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).ok_or("RssAnon")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? << 10)
}
