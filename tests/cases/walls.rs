//! Who may depend on whom (docs/ARCHITECTURE.md): read from `cargo metadata`, so that a wall that
//! is climbed breaks the build and not only a review.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// The rooms from the bottom up. A room may name rooms of lower lines only; [`NEIGHBOURS`] lists
/// what is allowed within a line.
const LINES: &[&[&str]] = &[
    &["model"],
    &["runtime", "config", "liveness"],
    &["tls", "i18n", "netd-api"],
    &["store"],
    &["journal"],
    &["registry", "series"],
    &["rights"],
    &["listen", "outage", "documents", "notify"],
    &["web", "probe", "dataplane"],
    &["watch", "rules", "traffic", "speed", "ca", "access", "gateway", "dns", "poll", "netd"],
    &["enrol"],
    &["lab", "dashboard", "front"],
    &["hub"],
];

/// Allowed although both stand in one line: (who, whom).
const NEIGHBOURS: &[(&str, &str)] = &[];

/// Rooms that may name only these others.
const NARROW: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("liveness", &["model"]),
    ("outage", &["model"]),
    ("documents", &["model"]),
    ("notify", &["model", "store", "runtime"]),
    ("rules", &["model", "netd-api", "store", "journal", "registry", "runtime"]),
    ("speed", &["model", "netd-api", "store", "registry", "runtime"]),
    ("poll", &["model", "store", "runtime"]),
    ("netd", &["model", "runtime", "config", "liveness", "netd-api", "probe", "dataplane"]),
];

/// Packages that only these rooms may name.
const OWNERS: &[(&str, &[&str])] = &[
    ("rustls", &["tls"]),
    ("tokio-rustls", &["tls"]),
    ("rcgen", &["tls", "ca"]),
    ("sqlx", &["store"]),
    ("lettre", &["notify"]),
    ("pdf-writer", &["documents"]),
    ("rust_xlsxwriter", &["documents"]),
    ("surge-ping", &["netd"]),
    ("netlink-sys", &["dataplane"]),
    ("netlink-packet-route", &["dataplane"]),
];

/// covers: design 2 (the walls)
#[test]
fn every_room_names_lower_rooms_only() {
    let rooms = dependencies();
    let mut faults = Vec::new();
    for (room, names) in &rooms {
        let Some(line) = line_of(room) else {
            faults.push(format!("{room} stands in no line: add it to the table and to the docs"));
            continue;
        };
        for name in names.iter().filter_map(|name| name.strip_prefix("ets-")) {
            let allowed = line_of(name).is_some_and(|other| other < line)
                || NEIGHBOURS.contains(&(room.as_str(), name));
            if !allowed {
                faults.push(format!("{room} may not name {name}"));
            }
        }
    }
    assert!(faults.is_empty(), "walls are climbed:\n{}", faults.join("\n"));
}

/// covers: design 2 (the walls)
#[test]
fn narrow_rooms_name_nothing_else() {
    let rooms = dependencies();
    for (room, allowed) in NARROW {
        for name in rooms[*room].iter().filter_map(|name| name.strip_prefix("ets-")) {
            assert!(allowed.contains(&name), "{room} may not name {name}");
        }
    }
}

/// covers: design 2 (only `tls` names rustls)
#[test]
fn guarded_packages_are_named_by_their_owners_only() {
    for (room, names) in dependencies() {
        for (package, owners) in OWNERS {
            let named = names.iter().any(|name| name == package);
            assert!(!named || owners.contains(&room.as_str()), "{room} may not name {package}");
        }
    }
}

/// covers: design 9 (versions stand in the root only)
#[test]
fn versions_stand_in_the_root_only() {
    for package in packages() {
        let path =
            package["manifest_path"].as_str().expect("cargo gives the path of each manifest");
        let text = std::fs::read_to_string(path).expect("the manifest can be read");
        let manifest: Vec<&str> = text.lines().collect();
        let start = manifest.iter().position(|line| *line == "[dependencies]");
        for line in manifest.iter().skip(start.unwrap_or(manifest.len())) {
            assert!(!line.contains("version = \""), "{path} names a version: {line}");
            assert!(!line.contains(" = \""), "{path} names a version: {line}");
        }
    }
}

fn line_of(room: &str) -> Option<usize> {
    LINES.iter().position(|line| line.contains(&room))
}

/// Each room with the packages it names for its product code (not for its tests).
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let room = |package: &Value| {
        let name = package["name"].as_str()?.strip_prefix("ets-")?.to_owned();
        let names = package["dependencies"].as_array()?.iter();
        let names = names.filter(|dependency| dependency["kind"].is_null());
        let names = names.filter_map(|dependency| dependency["name"].as_str().map(str::to_owned));
        (name != "tests").then(|| (name, names.collect()))
    };
    packages().iter().filter_map(room).collect()
}

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo speaks JSON");
    metadata["packages"].as_array().expect("a workspace has packages").clone()
}
