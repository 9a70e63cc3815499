//! `[[network]]`: the hub's networks that are no segments, and what must hold among them.

use std::cell::RefCell;
use std::collections::HashMap;

use ets_config::{Document, Interface, Name, Section};
use ets_model::{Network, Role};
use ipnet::IpNet;

const ROLES: &[(&str, Role)] =
    &[("services", Role::Services), ("outside", Role::Outside), ("management", Role::Management)];

/// What the sections before this one took: names, and interfaces with the network that has them.
#[derive(Default)]
struct Taken {
    names: Vec<String>,
    interfaces: HashMap<String, String>,
}

/// Takes every `[[network]]` out of the file.
pub(super) fn declare(file: &mut Document<'_>) -> Vec<Network> {
    let taken = RefCell::new(Taken::default());
    file.sections(
        "network",
        "A network of the hub that is no segment. Segments reach `services` as far as they are \
         granted; `management` reaches the hub itself; `outside` is reached through the gateway.",
        |section| network(section, &mut taken.borrow_mut()),
    )
}

fn network(s: &mut Section<'_>, taken: &mut Taken) -> Network {
    let Name(name) = s.required("name", "Its name", Name("services".to_owned()));
    let role = s.required_one_of("role", "What it is for", ROLES);
    let interfaces = s.required(
        "interfaces",
        "The hub's interfaces to it, by full name",
        vec![Interface("dc0".to_owned())],
    );
    let prefixes = s.optional(
        "prefixes",
        "Its addresses; without them, every address that no segment and no other network has",
        vec![IpNet::from(ipnet::Ipv4Net::new_assert([10, 1, 0, 0].into(), 24))],
    );
    let interfaces: Vec<String> = interfaces.into_iter().map(|one| one.0).collect();
    let network = Network { name, role, interfaces, prefixes: prefixes.unwrap_or_default() };
    contradictions(s, &network, taken);
    network
}

fn contradictions(s: &mut Section<'_>, network: &Network, taken: &mut Taken) {
    let Network { name, role, interfaces, prefixes } = network;
    if taken.names.contains(name) {
        let what = format!("the name {name} is given to two networks");
        s.contradiction("name", what, "choose another name for one of them".to_owned());
    }
    taken.names.push(name.clone());
    if interfaces.is_empty() {
        let what = format!("network {name} has no interface");
        s.contradiction("interfaces", what, "name at least one".to_owned());
    }
    for interface in interfaces {
        if let Some(other) = taken.interfaces.insert(interface.clone(), name.clone()) {
            let what = format!("interface {interface} leads to {other} and to {name}");
            s.contradiction("interfaces", what, "name it in one of them only".to_owned());
        }
    }
    if *role == Role::Services && prefixes.is_empty() {
        let what = format!("network {name} is for services and has no prefixes");
        let remedy = "add prefixes = [\"10.1.0.0/24\"], so that services can be placed in it";
        s.contradiction("prefixes", what, remedy.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> String {
        match ets_config::decode("hub.toml", text, declare) {
            Ok(networks) => format!("{networks:?}"),
            Err(faults) => faults.to_string(),
        }
    }

    /// covers: N2.3
    #[test]
    fn networks_are_read_and_each_contradiction_among_them_is_named_with_its_place() {
        let good = "[[network]]\nname = \"dc\"\nrole = \"services\"\ninterfaces = [\"dc0\"]\n\
            prefixes = [\"10.1.0.0/24\", \"fd10:1::/64\"]\n\
            [[network]]\nname = \"out\"\nrole = \"outside\"\ninterfaces = [\"ext0\"]\n";
        let read = ets_config::decode("hub.toml", good, declare).unwrap();
        assert_eq!((read[0].role, read[0].prefixes.len()), (Role::Services, 2));
        assert_eq!((read[1].role, read[1].prefixes.len()), (Role::Outside, 0));
        let bad = "[[network]]\nname = \"dc\"\nrole = \"services\"\ninterfaces = [\"dc0\"]\n\
            [[network]]\nname = \"dc\"\nrole = \"management\"\n\
            interfaces = [\"m0\", \"dc0\"]\n\
            [[network]]\nname = \"out\"\nrole = \"outside\"\ninterfaces = []\n";
        let expected = "\
hub.toml:1:1: network dc is for services and has no prefixes; add prefixes = [\"10.1.0.0/24\"], \
so that services can be placed in it
hub.toml:6:8: the name dc is given to two networks; choose another name for one of them
hub.toml:8:14: interface dc0 leads to dc and to dc; name it in one of them only
hub.toml:12:14: network out has no interface; name at least one";
        assert_eq!(faults(bad), expected);
    }
}
