//! The list of attacks (D1, N2.1, N2.2): from real namespaces, with foreign tools, from every segment at
//! every other, from outside, and from a server that was taken. A capture on the target's own link sees
//! none of it.
//!
//! Silence proves nothing by itself. So each capture must see what the hub gives it by the same tools,
//! before and after; the services must see what each segment may ask; and once the hub's rules are
//! taken away on purpose, the same attacks arrive.
//!
//! On a shared link the provider's bridge keeps the segments apart, and the hub knows them by the
//! hardware addresses of their routers. Who forges another's hardware address there makes the bridge
//! believe it; the hub is not in that way and cannot tell. These attacks are made where each segment has
//! a wire of its own.

mod capture;
mod field;
mod list;
mod tools;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Lab, Options, full_size, sized, tool, wait_for};
use capture::{Capture, Sight, sights};
use field::{Field, Place};
use list::{Attack, By, LIST, Links, Who};
use tools::Line;

const SOON: Duration = Duration::from_secs(20);
const OFTEN: Duration = Duration::from_millis(100);
const SENDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/cases/attacks/send.py");
/// What the hub never got whole it reports after a minute: here after two seconds.
const HURRY: &str = "echo 2 > /proc/sys/net/ipv4/ipfrag_time; echo 2 > /proc/sys/net/ipv6/ip6frag_time; \
                     echo 2 > /proc/sys/net/netfilter/nf_conntrack_frag6_timeout";
/// So long the captures stay when all was sent.
const REST: Duration = Duration::from_secs(4);
/// What the kernel refuses by itself, let through.
const OPEN: &str = "for one in /proc/sys/net/ipv4/conf/*; do echo 0 > $one/rp_filter; \
                    echo 1 > $one/accept_source_route; done; \
                    for one in /proc/sys/net/ipv6/conf/*/seg6_enabled; do echo 1 > $one; done";
/// What scapy sends that must arrive (`attacks/controls.py`), first and last.
const FIRST: [&str; 3] = ["given", "allowed", "service-error"];
const LAST: [&str; 3] = ["given-again", "allowed-again", "service-error-again"];

/// covers: D1, N2.1, N2.2
#[test]
fn nobody_sees_an_attack_of_the_list_where_each_has_a_link() {
    nothing_arrives(None);
}

/// covers: D1, N2.1, N2.2
#[test]
fn nobody_sees_an_attack_of_the_list_on_shared_links() {
    nothing_arrives(Some(2));
}

/// covers: D1
#[test]
fn without_the_hubs_rules_the_same_attacks_arrive() {
    for links in [None, Some(1)] {
        let mut battle = Battle::start(4, links);
        battle.disarm();
        let seen = battle.fight();
        let arrived: BTreeSet<&str> =
            seen.foreign().map(|(_, sight)| sight.kind.as_str()).collect();
        let kinds: Vec<&Attack> = attacks(links).collect();
        let lost: Vec<&str> = kinds
            .iter()
            .filter(|attack| attack.lives && !arrived.contains(attack.name))
            .map(|attack| attack.name)
            .collect();
        let count = kinds.iter().filter(|attack| arrived.contains(attack.name)).count();
        println!("without rules, links {links:?}: {count} of {} kinds arrive", kinds.len());
        for attack in kinds.iter().filter(|one| !one.lives && arrived.contains(one.name)) {
            println!("  {} arrives as well", attack.name);
        }
        assert_eq!(lost, [""; 0], "these do not arrive even without rules, links {links:?}");
    }
}

/// covers: D1
#[test]
fn the_list_and_its_sender_name_the_same_attacks() {
    let names: Vec<&str> = LIST.iter().map(|attack| attack.name).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "a name stands twice");
    let by_scapy = LIST.iter().filter(|attack| attack.by == By::Scapy).map(|attack| attack.name);
    let listed: BTreeSet<&str> = by_scapy.chain(FIRST).chain(LAST).collect();
    let said = tool("/usr/bin/python3", &["-B", SENDER, "--list"]);
    assert_eq!(said.lines().collect::<BTreeSet<_>>(), listed);
    for attack in LIST {
        println!("{}: {}", attack.name, attack.tries);
    }
    println!("{} kinds", LIST.len());
}

fn nothing_arrives(links: Option<u32>) {
    let battle = Battle::start(sized("segments", 6, 49), links);
    let seen = battle.fight();
    seen.controls(&battle.field);
    let breaches = seen.breaches();
    assert!(breaches.is_empty(), "links {links:?}, attacks that arrived:\n{}", breaches.join("\n"));
    if links.is_some() {
        battle.neighbours_are_right();
    }
    println!("links {links:?}: {} frames of {} kinds, none arrived", seen.sent, seen.kinds);
}

/// The attacks that are made on these links.
fn attacks(links: Option<u32>) -> impl Iterator<Item = &'static Attack> + Clone {
    let on = if links.is_some() { Links::Shared } else { Links::Own };
    LIST.iter().filter(move |attack| [Links::All, on].contains(&attack.on))
}

/// A lab, and everybody in it.
struct Battle {
    lab: Lab,
    field: Field,
    links: Option<u32>,
    disarmed: bool,
}

/// What the captures saw.
struct Seen {
    /// By place.
    places: BTreeMap<String, BTreeSet<Sight>>,
    /// On the services' link, what no segment may do there.
    services: BTreeSet<Sight>,
    sent: u64,
    kinds: usize,
}

impl Battle {
    #[track_caller]
    fn start(segments: u32, links: Option<u32>) -> Self {
        let lab = Lab::start(&Options { segments, links, ..Options::default() });
        let api = lab.api();
        wait_for("all up", SOON, OFTEN, || (api.count("up") == segments as usize).then_some(()));
        wait_for("rules in force", SOON, OFTEN, || {
            (api.get("/api/v1/rules")["change"].as_u64()? > 0).then_some(())
        });
        let battle = Self { field: Field::of(&lab), lab, links, disarmed: false };
        battle.in_hub(HURRY);
        battle
    }

    /// Runs a few words of shell in the hub's namespace.
    #[track_caller]
    fn in_hub(&self, words: &str) {
        tool("ip", &["netns", "exec", &self.field.hub_netns, "sh", "-c", words]);
    }

    /// Takes the hub's rules away, and what the kernel refuses by itself; `netd`, which would put all of
    /// it back, sleeps.
    #[track_caller]
    fn disarm(&mut self) {
        Lab::signal(self.lab.pid("netd"), Signal::SIGSTOP);
        self.in_hub("nft delete table inet ets; nft delete table arp ets");
        self.in_hub(OPEN);
        self.disarmed = true;
    }

    /// Sends everything while everybody listens.
    #[track_caller]
    fn fight(&self) -> Seen {
        let field = &self.field;
        let captures: Vec<(&Place, Capture)> =
            field.places().map(|place| (place, Capture::start(&self.lab, place))).collect();
        captures.iter().for_each(|(_, capture)| capture.await_start());
        let started = Instant::now();
        tools::run(&tools::given(field));
        tools::run(&tools::allowed(field));
        tools::run(&self.commands());
        println!("other tools took {:?}", started.elapsed());
        if self.disarmed {
            // Without rules the hub believes whatever it hears; the next attacks want it to know the way.
            self.in_hub("ip neigh flush all");
        }
        let (names, sent) = self.send();
        println!("scapy took until {:?}", started.elapsed());
        std::thread::sleep(REST);
        let kinds = attacks(self.links).count();
        let mut seen = Seen { places: BTreeMap::new(), services: BTreeSet::new(), sent, kinds };
        for (place, capture) in captures {
            let frames = capture.frames();
            let each = frames.iter().map(|frame| sights(frame, field, &names));
            let each: Vec<BTreeSet<Sight>> = each.collect();
            if place.id == "services" {
                seen.services =
                    each.iter().filter(|one| !may_ask(one)).flatten().cloned().collect();
            }
            seen.places.insert(place.id.clone(), each.into_iter().flatten().collect());
        }
        seen
    }

    /// The other tools' commands. At full size each segment sends them to four others.
    fn commands(&self) -> Vec<Line> {
        let by_tools: Vec<&Attack> =
            attacks(self.links).filter(|attack| attack.by != By::Scapy).collect();
        let segments = &self.field.segments;
        let reach = if full_size() { 4 } else { 2 };
        let lines = by_tools.iter().flat_map(|attack| {
            segments.iter().enumerate().flat_map(move |(at, me)| {
                let targets =
                    (1..segments.len()).map(|step| &segments[(at + step) % segments.len()]);
                let all = matches!(attack.by, By::All(_));
                let targets: Vec<&Place> =
                    targets.take(if all { usize::MAX } else { reach }).collect();
                Line::of(attack, &self.field, me, &targets)
            })
        });
        lines.collect()
    }

    /// Everything by scapy: the kinds in the order of their numbers, and how many frames there were.
    #[track_caller]
    fn send(&self) -> (Vec<&'static str>, u64) {
        let ids = |of: &[Place]| of.iter().map(|place| json!(place.id)).collect::<Vec<_>>();
        let segments = ids(&self.field.segments);
        let told =
            |name: &str, from: Value, to: Value| json!({ "name": name, "from": from, "to": to });
        let control = |name: &&str| match *name {
            name if name.starts_with("given") => told(name, json!(["hub"]), json!(segments)),
            name if name.starts_with("service") => told(name, json!(["services"]), json!(segments)),
            name => told(name, json!(segments), json!(["services"])),
        };
        let attack = |attack: &Attack| {
            let more: &[&str] = match attack.who {
                Who::Segments => &[],
                Who::Strangers => &["external"],
                Who::Everybody => &["external", "services"],
            };
            let from = segments.iter().cloned().chain(more.iter().map(|one| json!(one)));
            told(attack.name, from.collect(), json!(segments))
        };
        let by_scapy = attacks(self.links).filter(|attack| attack.by == By::Scapy);
        let kinds: Vec<Value> = FIRST
            .iter()
            .map(control)
            .chain(by_scapy.clone().map(attack))
            .chain(LAST.iter().map(control))
            .collect();
        let names = FIRST.into_iter().chain(by_scapy.map(|attack| attack.name)).chain(LAST);
        let names: Vec<&str> = names.collect();
        let sent = send(&self.field.to_json(&kinds));
        for name in &names {
            assert!(sent[*name].as_u64() > Some(0), "nothing was sent: {name}");
        }
        let count =
            sent.as_object().into_iter().flat_map(|of| of.values()).filter_map(Value::as_u64);
        (names, count.sum())
    }

    /// Nobody made the hub believe that a router is somebody else on its wire.
    #[track_caller]
    fn neighbours_are_right(&self) {
        let said = tool("ip", &["-j", "-n", &self.field.hub_netns, "neigh", "show"]);
        let said: Value = serde_json::from_str(&said).expect("ip speaks JSON");
        let entries = said.as_array().expect("a list").iter();
        let entries = entries.filter(|entry| entry["lladdr"].is_string());
        for place in &self.field.segments {
            let of_router = |entry: &&Value| {
                entry["dev"] == place.hub_device.as_str()
                    && place.router.iter().any(|router| entry["dst"] == router.as_str())
            };
            for entry in entries.clone().filter(of_router) {
                let right = entry["lladdr"] == place.hardware.as_str();
                assert!(right, "the hub believes of {}: {entry}", place.id);
            }
        }
    }
}

/// Runs the sender; how many frames of each kind it sent.
#[track_caller]
fn send(field: &Value) -> Value {
    let mut sender = Command::new("/usr/bin/python3")
        .args(["-B", SENDER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 starts");
    let mut input = sender.stdin.take().expect("it has an input");
    input.write_all(field.to_string().as_bytes()).expect("it reads");
    drop(input);
    let output = sender.wait_with_output().expect("it can be waited for");
    assert!(output.status.success(), "the sender failed");
    serde_json::from_slice(&output.stdout).expect("it reports in JSON")
}

impl Seen {
    /// Each capture saw what it must, from the first to the last.
    #[track_caller]
    fn controls(&self, field: &Field) {
        let saw = |place: &str, from: &str, kind: &str| {
            let sight = Sight { from: from.to_owned(), kind: kind.to_owned() };
            assert!(self.places[place].contains(&sight), "{place} did not see {kind} of {from}");
        };
        for place in field.segments.iter().map(|place| place.id.as_str()) {
            for kind in ["given", "given-hping3", "given-nmap", "given-mausezahn", "given-again"] {
                saw(place, "hub", kind);
            }
            for kind in ["service-error", "service-error-again"] {
                // So the flows are open about which the attacks send errors.
                saw(place, "services", kind);
            }
            for kind in ["allowed", "allowed-again"] {
                // The services' answers come back.
                saw(place, place, kind);
                saw("services", place, kind);
            }
            for kind in ["allowed-hping3", "allowed-nmap", "allowed-mausezahn"] {
                saw("services", place, kind);
            }
        }
    }

    /// What arrived although nobody may, and where.
    fn foreign(&self) -> impl Iterator<Item = (&str, &Sight)> {
        let at_targets = self.places.iter().filter(|(place, _)| *place != "services");
        let at_targets = at_targets.flat_map(|(place, sights)| {
            let foreign =
                sights.iter().filter(move |sight| sight.from != *place && !is_control(sight));
            foreign.map(move |sight| (place.as_str(), sight))
        });
        at_targets.chain(self.services.iter().map(|sight| ("services", sight)))
    }

    /// A line for each.
    fn breaches(&self) -> Vec<String> {
        let line = |(place, sight): (&str, &Sight)| {
            format!("{place} saw {} of {}", sight.kind, sight.from)
        };
        self.foreign().map(line).collect()
    }
}

/// What the hub itself sent to every capture, and a server in the way that is its right.
fn is_control(sight: &Sight) -> bool {
    match sight.from.as_str() {
        "hub" => sight.kind.starts_with("given"),
        "services" => sight.kind.starts_with("service-error"),
        _ => false,
    }
}

/// Whether a frame may come to the services: in one name, which is the sender's, and in the way that is
/// everybody's right.
fn may_ask(frame: &BTreeSet<Sight>) -> bool {
    let right = |kind: &str| {
        let ordinary = ["curl-portal", "service-relays", capture::BY_PORT, capture::BY_ADDRESS];
        kind.starts_with("allowed") || ordinary.contains(&kind)
    };
    let names: BTreeSet<&str> = frame.iter().map(|sight| sight.from.as_str()).collect();
    frame.is_empty()
        || (names.len() == 1
            && !names.contains("external")
            && frame.iter().all(|sight| right(&sight.kind)))
}
