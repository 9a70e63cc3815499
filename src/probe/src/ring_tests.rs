//! The table of probes under way.

use super::*;

/// covers: N3.1
#[test]
fn a_number_on_the_wire_leads_to_its_probe_across_the_wrap() {
    let mut ring = Ring::new(3 * NUMBERS - 500);
    for index in 0..1_000 {
        let number = ring.push(index, 0, u64::from(index));
        assert_eq!(ring.number_of(number % NUMBERS), Some(number));
        assert_eq!(ring.get_mut(number).unwrap().slot, index);
    }
    assert_eq!(ring.number_of(7_000), None);
}

/// covers: N3.1
#[test]
fn a_grown_ring_still_knows_every_probe() {
    let mut ring = Ring::new(NUMBERS + 1_000);
    let mut numbers = Vec::new();
    for slot in 0..10_000 {
        if ring.is_full() {
            assert!(ring.grow());
        }
        numbers.push((ring.push(slot, 1, u64::from(slot)), slot));
    }
    for (number, slot) in numbers {
        assert_eq!(ring.get_mut(number).unwrap().slot, slot);
        assert_eq!(ring.at_place(ring.place_of(number)).number, number);
    }
    assert_eq!(ring.iter().count(), 10_000);
}

/// covers: N3.1
#[test]
fn a_ring_grows_up_to_what_the_wire_can_tell_apart() {
    let mut ring = Ring::new(NUMBERS);
    while ring.grow() {}
    assert_eq!(ring.size() as u64, NUMBERS);
}

/// covers: N3.1
#[test]
fn old_probes_are_given_up_in_order() {
    let mut ring = Ring::new(NUMBERS);
    let numbers: Vec<u64> = (0..100).map(|slot| ring.push(slot, 0, u64::from(slot) * 10)).collect();
    ring.give_up(500);
    assert!(ring.get_mut(numbers[49]).is_none());
    assert_eq!(ring.get_mut(numbers[50]).unwrap().slot, 50);
    assert_eq!(ring.number_of(numbers[49] % NUMBERS), None);
}
