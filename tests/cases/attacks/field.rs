//! Everybody in a lab, with what is needed to attack them and to tell whose a packet is.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::support::{Lab, tool};

/// The numbers of who is no segment; segments have theirs from 1.
const HUB: u16 = 250;
const SERVICES: u16 = 251;
const EXTERNAL: u16 = 252;
/// An attack's port is this and the attacker's number (`attacks/shot.py`).
const PORTS: u16 = 61_000;

/// Somebody who attacks or is attacked.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) id: String,
    pub(super) no: u16,
    pub(super) netns: String,
    /// The end of its cable, in its namespace.
    pub(super) device: String,
    pub(super) hardware: String,
    /// The hub's interface at the other end, its hardware, and its addresses on it.
    pub(super) hub_device: String,
    pub(super) hub_hardware: String,
    pub(super) hub: [String; 2],
    hub_local: String,
    pub(super) host: [String; 2],
    pub(super) router: [String; 2],
    /// The first 24 bits of its IPv4 and the first 64 of its IPv6 addresses, as text.
    net: [String; 2],
}

/// Everybody.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) segments: Vec<Place>,
    pub(super) services: Place,
    pub(super) external: Place,
    pub(super) hub_netns: String,
}

impl Field {
    /// Reads it from a lab's description and its interfaces.
    #[track_caller]
    pub(super) fn of(lab: &Lab) -> Self {
        let lab = lab.json();
        let hub_netns = text(&lab["hub_netns"]);
        let ports = interfaces(&hub_netns);
        let segments = lab["segments"].as_array().expect("a list").iter().zip(1..);
        let segments = segments.map(|(told, no)| segment(told, no, &ports)).collect();
        let server = |id: &str, no, hub_device| server(&lab[id], (id, no), hub_device, &ports);
        Self {
            segments,
            services: server("services", SERVICES, "dc0"),
            external: server("external", EXTERNAL, "ext0"),
            hub_netns,
        }
    }

    /// Everybody but the hub.
    pub(super) fn places(&self) -> impl Iterator<Item = &Place> {
        self.segments.iter().chain([&self.services, &self.external])
    }

    /// Who sends from this port.
    pub(super) fn by_port(&self, port: u16) -> Option<&str> {
        let no = port.checked_sub(PORTS)?;
        let place = self.places().find(|place| place.no == no);
        place.map(|place| place.id.as_str()).or_else(|| (no == HUB).then_some("hub"))
    }

    /// The segment whose address it is; the hub's own address in its network is not.
    pub(super) fn by_address(&self, address: IpAddr) -> Option<&Place> {
        let is_hubs = |place: &&Place| place.hub.contains(&address.to_string());
        let found = self.segments.iter().find(|place| place.owns(address));
        found.filter(|place| !is_hubs(place))
    }

    /// As the sender takes it (`attacks/send.py`).
    pub(super) fn to_json(&self, kinds: &[Value]) -> Value {
        let segments: Vec<Value> = self.segments.iter().map(Place::to_json).collect();
        json!({
            "segments": segments,
            "services": self.services.to_json(),
            "external": self.external.to_json(),
            "hub_netns": self.hub_netns,
            "hub_no": HUB,
            "kinds": kinds,
        })
    }
}

impl Place {
    /// Whether an address is of its networks, a /24 and a /64.
    fn owns(&self, address: IpAddr) -> bool {
        let net = |at: usize| self.net[at].split('/').next()?.parse().ok();
        match (address, net(0), net(1)) {
            (IpAddr::V4(four), Some(IpAddr::V4(net)), _) => four.octets()[..3] == net.octets()[..3],
            (IpAddr::V6(six), _, Some(IpAddr::V6(net))) => six.octets()[..8] == net.octets()[..8],
            _ => false,
        }
    }

    fn to_json(&self) -> Value {
        let both = |of: &[String; 2]| json!({ "4": of[0], "6": of[1] });
        let mut hub = both(&self.hub);
        hub["device"] = json!(self.hub_device);
        hub["hardware"] = json!(self.hub_hardware);
        hub["local"] = json!(self.hub_local);
        json!({
            "id": self.id,
            "no": self.no,
            "netns": self.netns,
            "device": self.device,
            "hardware": self.hardware,
            "hub": hub,
            "host": both(&self.host),
            "router": both(&self.router),
            "net": both(&self.net),
        })
    }
}

/// Its port when it attacks with a tool.
pub(super) fn port_of(no: u16) -> u16 {
    PORTS + no
}

/// The hub's port when it sends what must arrive.
pub(super) fn hub_port() -> u16 {
    port_of(HUB)
}

fn segment(told: &Value, no: u16, ports: &Value) -> Place {
    let net = [text(&told["prefix"]), text(&told["prefix6"])];
    let host6 = net[1].replace("::/64", "::10");
    Place {
        id: text(&told["id"]),
        no,
        host: [text(&told["host"]), host6],
        router: [text(&told["address"]), text(&told["address6"])],
        net,
        ..wired(&text(&told["netns"]), &text(&told["uplink"]), &text(&told["link"]), ports)
    }
}

fn server(told: &Value, (id, no): (&str, u16), hub_device: &str, ports: &Value) -> Place {
    let own = [text(&told["address"]), text(&told["address6"])];
    let net = [net(&own[0], '.', ".0/24"), net(&own[1], ':', "/64")];
    let host = own.clone();
    let wired = wired(&text(&told["netns"]), "eth0", hub_device, ports);
    Place { id: id.to_owned(), no, host, router: own, net, ..wired }
}

/// The network of a server's address: all but what stands behind the last separator.
fn net(address: &str, separator: char, end: &str) -> String {
    let (begin, _) = address.rsplit_once(separator).expect("an address");
    let colon = if separator == ':' { ":" } else { "" };
    format!("{begin}{colon}{end}")
}

/// Both ends of a cable to the hub.
fn wired(netns: &str, device: &str, hub_device: &str, ports: &Value) -> Place {
    let own = interfaces(netns);
    let (own, hub) = (interface(&own, device), interface(ports, hub_device));
    let global = |family| address(hub, family, "global");
    Place {
        id: String::new(),
        no: 0,
        netns: netns.to_owned(),
        device: device.to_owned(),
        hardware: text(&own["address"]),
        hub_device: hub_device.to_owned(),
        hub_hardware: text(&hub["address"]),
        hub: [global("inet"), global("inet6")],
        hub_local: address(hub, "inet6", "link"),
        host: Default::default(),
        router: Default::default(),
        net: Default::default(),
    }
}

/// The interfaces of a namespace, as `ip` tells them.
#[track_caller]
fn interfaces(netns: &str) -> Value {
    serde_json::from_str(&tool("ip", &["-j", "-n", netns, "address"])).expect("ip speaks JSON")
}

fn interface<'a>(all: &'a Value, name: &str) -> &'a Value {
    let mut all = all.as_array().expect("a list").iter();
    all.find(|one| one["ifname"] == name).unwrap_or_else(|| panic!("no interface {name}"))
}

fn address(interface: &Value, family: &str, scope: &str) -> String {
    let mut all = interface["addr_info"].as_array().expect("a list").iter();
    let found = all.find(|one| one["family"] == family && one["scope"] == scope);
    text(&found.expect("the hub has addresses of both versions")["local"])
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
