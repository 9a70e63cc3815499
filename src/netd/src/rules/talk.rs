//! Who talks in a segment: the kernel's connections with an end in its networks, largest first.

use ets_dataplane::{Flow, Flows};
use ets_netd_api::{Conversation, Conversations};
use ipnet::IpNet;

/// Those of these networks; `at` is left to the caller.
pub(super) fn of(prefixes: &[IpNet]) -> Result<Conversations, ets_dataplane::Error> {
    let mut talk = Conversations::default();
    Flows::open()?.read(|flow| {
        if let Some(one) = conversation(&flow, prefixes) {
            talk.count += 1;
            talk.largest.push(one);
            // Twice as many as are told: sorting is then paid by as many more.
            if talk.largest.len() >= 2 * Conversations::MOST {
                keep_largest(&mut talk.largest);
            }
        }
    })?;
    keep_largest(&mut talk.largest);
    Ok(talk)
}

fn keep_largest(all: &mut Vec<Conversation>) {
    let moved = |one: &Conversation| one.up.0.saturating_add(one.down.0);
    all.sort_unstable_by_key(|one| (std::cmp::Reverse(moved(one)), one.inside, one.peer, one.port));
    all.truncate(Conversations::MOST);
}

/// A connection as the segment sees it, if one of its ends is inside.
fn conversation(flow: &Flow, prefixes: &[IpNet]) -> Option<Conversation> {
    let is_inside = |address| prefixes.iter().any(|prefix| prefix.contains(&address));
    let Flow { source, destination, protocol, port, there, back } = *flow;
    if is_inside(source) {
        let (inside, peer, up, down) = (source, destination, there, back);
        return Some(Conversation { inside, peer, protocol, port, up, down });
    }
    let (inside, peer, up, down) = (destination, source, back, there);
    is_inside(destination).then_some(Conversation { inside, peer, protocol, port, up, down })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(source: [u8; 4], destination: [u8; 4], bytes: u64) -> Flow {
        Flow {
            source: source.into(),
            destination: destination.into(),
            protocol: 6,
            port: 80,
            there: (bytes, 1),
            back: (9 * bytes, 2),
        }
    }

    /// covers: N5.3
    #[test]
    fn a_connection_is_told_from_inside_whoever_began_it() {
        let prefixes = ["10.10.1.0/24".parse().unwrap()];
        let told = |flow| conversation(&flow, &prefixes).map(|one| (one.inside, one.up, one.down));
        let inside = "10.10.1.9".parse().unwrap();
        let began = flow([10, 10, 1, 9], [10, 1, 0, 10], 100);
        assert_eq!(told(began), Some((inside, (100, 1), (900, 2))));
        let called = flow([10, 1, 0, 10], [10, 10, 1, 9], 100);
        assert_eq!(told(called), Some((inside, (900, 2), (100, 1))));
        assert_eq!(told(flow([10, 10, 2, 9], [10, 1, 0, 10], 100)), None);
    }

    #[test]
    fn the_largest_are_kept() {
        let prefixes = ["10.10.1.0/24".parse().unwrap()];
        let one = |bytes| conversation(&flow([10, 10, 1, 9], [10, 1, 0, 10], bytes), &prefixes);
        let mut all: Vec<_> = (0..3_000).filter_map(one).collect();
        keep_largest(&mut all);
        assert_eq!((all.len(), all[0].up.0), (Conversations::MOST, 2_999));
    }
}
