//! A small registry in memory for the tests.

use std::sync::Arc;

use ets_model::{
    Channel, Institution, Names, Parent, Probing, Router, Segment, SegmentNo, WallTime,
};
use ets_registry::{Catalog, Parts};

/// An institution with a name.
pub(crate) fn institution(number: u32, name: &str) -> Institution {
    Institution {
        id: format!("i{number:03}").parse().unwrap(),
        name: Names { ru: name.into(), en: format!("Institution {number}"), ..Names::default() },
        kind: String::new(),
        budget_level: String::new(),
        district: "Абайский район".into(),
        address: String::new(),
        head: String::new(),
        duty: String::new(),
        version: 1,
    }
}

/// A segment with `10.10.number.0/24`.
pub(crate) fn segment(number: u32) -> Segment {
    Segment {
        id: format!("s{number:03}").parse().unwrap(),
        no: SegmentNo(number),
        institution: format!("i{number:03}").parse().unwrap(),
        label: Names::default(),
        prefixes: vec![format!("10.10.{number}.0/24").parse().unwrap()],
        interface: format!("ets{number}"),
        probing: Probing {
            address: format!("10.10.{number}.1").parse().unwrap(),
            method: ets_model::Method::Icmp,
        },
        channel: Channel::default(),
        router: Router::default(),
        parent: String::new(),
        criticality: ets_model::Criticality::Normal,
        maintenance_until: None,
        notes: String::new(),
        retired: None,
        version: 1,
    }
}

/// Segments 1 to 9; the ninth is retired.
pub(crate) fn catalog() -> Catalog {
    let segments = (1..=9).map(|number| {
        let retired = (number == 9).then_some(WallTime(1));
        Arc::new(Segment { retired, ..segment(number) })
    });
    let names = ["Акимат района", "Мұрағат", "Школа № 3", "Өңірлік аурухана"];
    let institutions =
        (1..=9).map(|number| Arc::new(institution(number, names[number as usize % names.len()])));
    let parent = Parent {
        id: "pp-1".into(),
        name: Names { ru: "Узел связи".into(), ..Names::default() },
        provider: "Провайдер".into(),
        version: 1,
    };
    let catalog = Catalog::new(Parts {
        generation: 7,
        institutions: institutions.collect(),
        parents: vec![Arc::new(parent)],
        segments: segments.collect(),
    });
    // The servers' network.
    catalog.reserving([("services".to_owned(), "10.1.0.0/24".parse().unwrap())])
}
