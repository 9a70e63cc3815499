//! A list of a million domains: its memory, and the time of a look-up (G3).

use crate::support::beside::load;
use crate::support::sized;

/// Bytes of memory.
const MOST: u64 = 100_000_000;
/// Nanoseconds of CPU.
const LONGEST: u64 = 1_000;

/// covers: G3
#[test]
#[ignore = "a measurement: make bench"]
fn a_million_names_fit_and_one_is_found_in_less_than_a_microsecond() {
    let told = load("names", &[sized("names of a list", "1000000", "1000000")]);
    println!("{told}");
    assert!(told["octets"].as_u64() < Some(MOST), "{told}");
    for kind in ["inside_ns", "outside_ns"] {
        assert!(told[kind].as_u64() < Some(LONGEST), "{told}");
    }
}
