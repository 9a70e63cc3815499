//! Queues that hold segments to their rates: towards a segment at its own port, from it at the ports
//! of everything that it sends to (requirement N8.1).

use std::collections::BTreeMap;

use ets_dataplane::{Class, Queues, Shape};
use ets_model::{Policy, Role};
use ets_netd_api::Drift;

/// Sets the queues and says what is wrong with them.
pub(super) struct Shaper(Queues);

impl Shaper {
    /// # Errors
    /// When the kernel refuses a socket.
    pub(super) fn open() -> Result<Self, ets_dataplane::Error> {
        Queues::open().map(Self)
    }

    /// Brings the queues in line. A port that cannot have its queue is told as drift: its segments
    /// are not slowed, and everything else works.
    pub(super) fn set(&mut self, policy: &Policy, known: &BTreeMap<String, u32>) {
        let mut wanted = wanted(policy, known);
        let have = match self.0.read() {
            Ok(have) => have,
            Err(error) => return tracing::warn!(%error, "segments are not held to their rates"),
        };
        for port in have.keys() {
            wanted.entry(*port).or_default();
        }
        for (port, shape) in &wanted {
            if let Err(error) = self.0.set(*port, have.get(port), shape) {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "segments at a port are not held to their rates");
            }
        }
    }

    /// Ports whose queues are not what they should be.
    pub(super) fn wrong(&mut self, policy: &Policy, known: &BTreeMap<String, u32>) -> Vec<Drift> {
        let wanted = wanted(policy, known);
        let have = match self.0.read() {
            Ok(have) => have,
            Err(error) => return vec![drift("queues", "to be read", &error.to_string())],
        };
        let name =
            |port: u32| known.iter().find(|(_, no)| **no == port).map_or("?", |(name, _)| name);
        let mut wrong = Vec::new();
        for port in wanted.keys().chain(have.keys().filter(|port| !wanted.contains_key(port))) {
            let (wanted, have) = (wanted.get(port), have.get(port));
            if wanted != have {
                let what = format!("queues at {}", name(*port));
                wrong.push(drift(&what, &told(wanted, have), &told(have, wanted)));
            }
        }
        wrong
    }
}

fn drift(what: &str, wanted: &str, found: &str) -> Drift {
    Drift { what: what.to_owned(), wanted: wanted.to_owned(), found: found.to_owned() }
}

/// The classes of `one` that `other` has not so, in words.
fn told(one: Option<&Shape>, other: Option<&Shape>) -> String {
    let none = Shape::new();
    let other = other.unwrap_or(&none);
    let differs = one.into_iter().flatten().filter(|(class, kbps)| other.get(class) != Some(kbps));
    let words: Vec<String> =
        differs.take(5).map(|(class, kbps)| format!("1:{class:x} at {kbps} kbit/s")).collect();
    words.join(", ")
}

/// Which port has which classes.
fn wanted(policy: &Policy, known: &BTreeMap<String, u32>) -> BTreeMap<u32, Shape> {
    let beyond = policy.networks.iter().filter(|one| one.role != Role::Management);
    let beyond: Vec<u32> = beyond
        .flat_map(|one| &one.interfaces)
        .filter_map(|name| known.get(name).copied())
        .collect();
    let mut ports: BTreeMap<u32, Shape> = BTreeMap::new();
    for arm in &policy.arms {
        let Some(rate) = arm.rate else { continue };
        let class = Class::try_from(arm.no.0 & 0xffff).unwrap_or(Class::MAX);
        if let Some(port) = known.get(&arm.interface)
            && rate.down_kbps > 0
        {
            ports.entry(*port).or_default().insert(class, rate.down_kbps);
        }
        for port in beyond.iter().filter(|_| rate.up_kbps > 0) {
            ports.entry(*port).or_default().insert(class, rate.up_kbps);
        }
    }
    ports
}

#[cfg(test)]
mod tests {
    use super::*;
    use ets_model::{Arm, Network, Rate, SegmentNo};

    /// covers: N8.1
    #[test]
    fn a_segment_is_slowed_at_its_port_and_at_those_that_it_sends_to() {
        let arm = |no, interface: &str, rate| Arm {
            no: SegmentNo(no),
            id: format!("s{no}").parse().unwrap(),
            interface: interface.into(),
            prefixes: Vec::new(),
            hardware: None,
            may: Vec::new(),
            limits: None,
            rate,
        };
        let network = |name: &str, role| Network {
            name: name.into(),
            role,
            interfaces: vec![name.into()],
            prefixes: Vec::new(),
        };
        let both = Some(Rate { down_kbps: 900, up_kbps: 100 });
        let up = Some(Rate { down_kbps: 0, up_kbps: 200 });
        let policy = Policy {
            arms: vec![arm(1, "p1", both), arm(2, "p1", up), arm(3, "p1", None)],
            networks: vec![network("dc0", Role::Services), network("adm", Role::Management)],
            ..Policy::default()
        };
        let known: BTreeMap<String, u32> =
            [("p1".into(), 5), ("dc0".into(), 6), ("adm".into(), 7)].into();
        let port = Shape::from([(1, 900)]);
        let services = Shape::from([(1, 100), (2, 200)]);
        assert_eq!(wanted(&policy, &known), [(5, port), (6, services)].into());
    }
}
