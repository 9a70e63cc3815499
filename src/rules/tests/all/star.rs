//! What the hub of the tests has: segments, services, networks.

use ets_model::{
    Channel, Criticality, Institution, Method, Names, Network, OpenTo, PortRange, Probing, Role,
    Router, Segment, SegmentNo, Service, ServiceNo, ServicePlace,
};
use ets_registry::Registry;
use ets_rules::{Author, Edit, Rights};

pub(crate) fn id<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

pub(crate) fn who(name: &str) -> Author {
    Author { reason: format!("{name} wants it"), ..Author::new(name) }
}

pub(crate) fn segment(no: u32) -> Segment {
    let net = format!("10.{}.{}", 10 + no / 256, no % 256);
    Segment {
        id: id(&format!("s{no}")),
        no: SegmentNo(0),
        institution: id("i1"),
        label: Names::default(),
        prefixes: vec![id(&format!("{net}.0/24"))],
        interface: format!("ets{no}"),
        probing: Probing { address: id(&format!("{net}.1")), method: Method::Icmp },
        channel: Channel { down_kbps: 1000, up_kbps: 500, ..Channel::default() },
        router: Router::default(),
        parent: String::new(),
        criticality: Criticality::Normal,
        maintenance_until: None,
        notes: String::new(),
        retired: None,
        version: 0,
    }
}

/// Segments s1 to s`count`, if the registry is still empty.
pub(crate) async fn fill(registry: &Registry, count: u32) {
    if registry.catalog().all_segments().next().is_some() {
        return;
    }
    let institution = Institution {
        id: id("i1"),
        name: Names { ru: "Школа".into(), ..Names::default() },
        kind: String::new(),
        budget_level: String::new(),
        district: String::new(),
        address: String::new(),
        head: String::new(),
        duty: String::new(),
        version: 0,
    };
    registry.create_institution(institution, &who("lab")).await.unwrap();
    if count <= 20 {
        for no in 1..=count {
            registry.create_segment(segment(no), &who("lab")).await.unwrap();
        }
        return;
    }
    let heading: Vec<_> = ets_registry::Field::ALL.iter().map(|field| field.name()).collect();
    let column = |name: &str| heading.iter().position(|one| *one == name).unwrap();
    let mut file = heading.join(",") + "\n";
    for no in 1..=count {
        let segment = segment(no);
        let mut row = vec![String::new(); heading.len()];
        row[column("id")] = segment.id.to_string();
        row[column("institution")] = "i1".into();
        row[column("prefixes")] = segment.prefixes[0].to_string();
        row[column("interface")] = segment.interface;
        row[column("probe_address")] = segment.probing.address.to_string();
        file += &(row.join(",") + "\n");
    }
    let preview = registry.preview_csv(file.as_bytes());
    assert_eq!(preview.faults, []);
    registry.apply_csv(file.as_bytes(), &preview.digest, &who("lab")).await.unwrap();
}

pub(crate) fn service(name: &str, port: u16) -> Service {
    Service {
        id: id(name),
        no: ServiceNo(0),
        name: Names { ru: name.into(), ..Names::default() },
        place: ServicePlace::Behind,
        addresses: vec![id("10.1.0.10")],
        ports: vec![PortRange::tcp(port)],
        open_to: OpenTo::Granted,
        about: Names::default(),
        owner: ets_model::Owner::default(),
        checks: Vec::new(),
        retired: None,
        version: 0,
    }
}

/// Mail (granted to s1 and s2), the web (open to everyone), and the dashboard on the hub (granted
/// to s1).
pub(crate) fn seed() -> Rights {
    let everyone = OpenTo::Everyone;
    let hub = ServicePlace::Hub;
    let mut rights = Rights {
        services: vec![
            service("mail", 25),
            Service { open_to: everyone, ..service("web", 80) },
            Service { place: hub, addresses: Vec::new(), ..service("dashboard", 443) },
        ],
        ..Rights::default()
    };
    for (no, service) in (1..).zip(&mut rights.services) {
        service.no = ServiceNo(no);
    }
    rights.grants.insert(id("s1"), [id("mail"), id("dashboard")].into());
    rights.grants.insert(id("s2"), [id("mail")].into());
    rights
}

pub(crate) fn networks() -> Vec<Network> {
    let network = |name: &str, role, interface: &str, prefix: &str| Network {
        name: name.into(),
        role,
        interfaces: vec![interface.into()],
        prefixes: vec![id(prefix)],
    };
    vec![
        network("dc", Role::Services, "dc0", "10.1.0.0/24"),
        network("office", Role::Management, "mgmt0", "192.168.7.0/24"),
    ]
}

pub(crate) fn grant(segment: &str, service: &str) -> Edit {
    Edit::Grant { segment: id(segment), service: id(service) }
}

pub(crate) fn withdraw(segment: &str, service: &str) -> Edit {
    Edit::Withdraw { segment: id(segment), service: id(service) }
}
