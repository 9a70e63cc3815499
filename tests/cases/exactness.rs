//! Every byte and packet is counted once (D5): what the API says a segment moved is what a capture on
//! its own link saw, through kills of both processes, reloads of the rules and a change of prefixes;
//! with offloads on, what the senders themselves say of their segments. Traffic by iperf3, mgen and a
//! replayed capture.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Lab, Options, inside_of, sized, text, tool, wait_for};

const SOON: Duration = Duration::from_secs(20);
const OFTEN: Duration = Duration::from_millis(100);
/// The port of the servers that measure, TCP and UDP.
const PORT: u16 = 5201;

/// Bytes and packets, from the segment and to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Moved {
    bytes: [u64; 2],
    packets: [u64; 2],
}

/// A lab whose segments may all reach a server of the test's own.
struct Bed {
    lab: Lab,
    places: Vec<Value>,
    server: Value,
}

#[track_caller]
fn run(mut command: Command) {
    let done = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().expect("it starts");
    let said = || [&done.stdout[..], &done.stderr].map(String::from_utf8_lossy).concat();
    assert!(done.status.success(), "{command:?} failed: {}", said());
}

/// Ends the disturbance, also when what it disturbs fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Bed {
    fn raise(segments: u32) -> Self {
        let lab = Lab::start(&Options { segments, ..Options::default() });
        let description = lab.json();
        let places = description["segments"].as_array().cloned().expect("a list");
        let server = description["services"].clone();
        let bed = Self { lab, places, server };
        wait_for("rules in force", SOON, OFTEN, || {
            (bed.lab.api().get("/api/v1/rules")["change"].as_u64()? > 0).then_some(())
        });
        let service = json!({
            "id": "measure", "no": 0, "version": 0, "place": "behind", "open_to": "everyone",
            "name": { "ru": "Измерение", "kk": "Өлшеу", "en": "Measurement" },
            "addresses": [bed.server["address"], bed.server["address6"]],
            "ports": [format!("tcp/{PORT}"), format!("udp/{PORT}")],
        });
        bed.change(&json!({ "edit": "add_service", "service": service }));
        // Whatever the machine can do shall pass.
        bed.change(&json!({ "edit": "limits", "segment": null, "limits": null }));
        bed
    }

    /// A change of the rules that takes nothing away.
    #[track_caller]
    fn change(&self, edit: &Value) {
        let api = self.lab.api();
        let (status, answer) = api.send("POST", "/api/v1/rules/draft", &json!({ "edits": [edit] }));
        assert_eq!(status, 200, "{answer}");
        let (status, answer) =
            api.send("POST", "/api/v1/rules/apply", &json!({ "reason": "a test" }));
        assert_eq!(status, 200, "{answer}");
    }

    /// Switches segmentation and merging at both ends of every link.
    fn offloads(&self, on: bool) {
        let state = if on { "on" } else { "off" };
        let hub = json!({ "netns": self.lab.json()["hub_netns"] });
        let mut ends: Vec<(Value, String)> =
            self.places.iter().map(|one| (one.clone(), text(&one["uplink"]).to_owned())).collect();
        ends.extend(self.places.iter().map(|one| (hub.clone(), text(&one["link"]).to_owned())));
        ends.push((hub, "dc0".to_owned()));
        ends.extend(links_of(&self.server).into_iter().map(|name| (self.server.clone(), name)));
        let trunk = json!({ "netns": self.lab.json()["trunk_netns"] });
        for name in links_of(&trunk) {
            // The bridges' own links give way by themselves.
            let _ = inside_of(&trunk, &["ip", "link", "set", &name, "mtu", "9000"]).status();
        }
        for (place, port) in ends {
            let words = [
                "ethtool",
                "-K",
                &port,
                "tso",
                state,
                "gso",
                state,
                "gro",
                state,
                "tx-udp-segmentation",
                state,
            ];
            run(inside_of(&place, &words));
            run(inside_of(&place, &["ip", "link", "set", &port, "mtu", "9000"]));
        }
    }

    /// What the API says that a segment moved to and from everywhere but the hub itself, up and down.
    /// The later fragments of a datagram name no port: they are in another class than the first.
    /// With `class` of that class alone.
    fn counted(&self, segment: &str, class: Option<&str>) -> Option<Moved> {
        let told =
            self.lab.api().try_get(&format!("/api/v1/segments/{segment}/traffic?period=hour"))?;
        let none = Vec::new();
        let classes = told["total"]["classes"].as_array().unwrap_or(&none);
        let beyond = || {
            classes
                .iter()
                .filter(|one| class.map_or(one["class"] != "hub", |class| one["class"] == class))
        };
        let figure = |name: &str| beyond().map(|one| one[name].as_u64().expect("a number")).sum();
        Some(Moved {
            bytes: [figure("bytes_up"), figure("bytes_down")],
            packets: [figure("packets_up"), figure("packets_down")],
        })
    }

    /// The same once nothing has been added for three seconds.
    fn counted_at_rest(&self, segment: &str, class: Option<&str>) -> Moved {
        let mut before = None;
        wait_for("the counters at rest", Duration::from_secs(60), Duration::from_secs(3), || {
            let now = self.counted(segment, class);
            let same = now.is_some() && now == before;
            before = now;
            before.filter(|_| same)
        })
    }
}

/// The links of a namespace besides the loopback.
fn links_of(place: &Value) -> Vec<String> {
    let listed = tool("ip", &["-n", text(&place["netns"]), "-br", "link", "show"]);
    let names = listed.lines().filter_map(|line| line.split([' ', '@']).next());
    names.filter(|name| *name != "lo").map(str::to_owned).collect()
}

/// A capture on a segment's own link of everything to and from the measuring server, and of what
/// neighbour discovery asks everybody.
struct Capture {
    child: Child,
    file: PathBuf,
    says: PathBuf,
}

impl Capture {
    fn begin(bed: &Bed, place: &Value, dir: &Path) -> Self {
        let file = dir.join(format!("{}.pcap", text(&place["id"])));
        let says = dir.join(format!("{}.log", text(&place["id"])));
        let log = File::create(&says).expect("a log can be made");
        let filter = format!(
            "host {} or host {} or (src net {} and dst net ff00::/8)",
            text(&bed.server["address"]),
            text(&bed.server["address6"]),
            text(&place["prefix6"])
        );
        let words = [
            "tcpdump",
            "-i",
            text(&place["uplink"]),
            "-s",
            "74",
            "-B",
            "262144",
            "-Z",
            "root",
            "-U",
            "-w",
            &file.display().to_string(),
            &filter,
        ];
        let mut command = inside_of(place, &words);
        let child = command.stderr(log).spawn().expect("tcpdump starts");
        let one = Self { child, file, says };
        wait_for("tcpdump listens", SOON, OFTEN, || one.said().contains("listening").then_some(()));
        one
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.says).unwrap_or_default()
    }

    /// What it saw, by the segment's own addresses.
    fn end(mut self, place: &Value) -> Moved {
        std::thread::sleep(Duration::from_millis(500));
        Lab::signal(i64::from(self.child.id()), Signal::SIGINT);
        self.child.wait().expect("tcpdump ends");
        let said = self.said();
        assert!(said.contains("\n0 packets dropped by kernel"), "{said}");
        read(&std::fs::read(&self.file).expect("a capture"), place)
    }
}

/// Sums a capture (pcap 2.4, Ethernet, this machine's byte order): layer-3 lengths by direction.
fn read(file: &[u8], place: &Value) -> Moved {
    let own4: std::net::Ipv4Addr = text(&place["host"]).parse().expect("an address");
    let prefix6 = text(&place["prefix6"]).trim_end_matches("/64");
    let own6: std::net::Ipv6Addr = prefix6.parse().expect("an address");
    let (mut moved, mut rest) = (Moved::default(), &file[24..]);
    while rest.len() >= 16 {
        let word = |at: usize| u32::from_ne_bytes(*rest[at..].first_chunk().expect("four bytes"));
        let frame = &rest[16..16 + word(8) as usize];
        rest = &rest[16 + frame.len()..];
        let short = |at: usize| u64::from(u16::from_be_bytes([frame[at], frame[at + 1]]));
        let (bytes, ours) = match short(12) {
            0x0800 => (short(16), frame[26..29] == own4.octets()[..3]),
            0x86dd => (short(18) + 40, frame[22..30] == own6.octets()[..8]),
            _ => continue,
        };
        let way = usize::from(!ours);
        moved.bytes[way] += bytes;
        moved.packets[way] += 1;
    }
    moved
}

/// iperf3, one run; `more` says of what kind.
fn iperf(bed: &Bed, place: &Value, six: bool, more: &str) -> Command {
    let (to, family) = if six { ("address6", "-6") } else { ("address", "-4") };
    let port = PORT.to_string();
    let mut words = vec!["iperf3", family, "-c", text(&bed.server[to]), "-p", &port];
    words.extend(more.split(' '));
    inside_of(place, &words)
}

/// Everything that is sent in a round: bulk both ways in both families, tiny and jumbo datagrams,
/// fragments, mgen's own, and a capture played once more.
fn round(bed: &Bed, place: &Value, dir: &Path, megabytes: u32) {
    let bulk = format!("-n {megabytes}M");
    let back = format!("-R -n {megabytes}M");
    for six in [false, true] {
        for kind in [
            &*bulk,
            &*back,
            "-u -l 16 -b 2M -t 1",
            "-u -l 8900 -b 50M -t 1",
            "-u -l 20000 -b 20M -t 1 -R",
        ] {
            run(iperf(bed, place, six, kind));
        }
    }
    let event = format!("ON 1 UDP DST {}/{PORT} PERIODIC [500 1]", text(&bed.server["address"]));
    let words = ["timeout", "2", "mgen", "txlog", "output", "/dev/null", "event", &event];
    // It ends by the clock, which is no success to `timeout`.
    let _ = inside_of(place, &words).status();
    replay(bed, place, dir);
}

/// Captures a little of what the segment sends and sends it once more, as it was.
fn replay(bed: &Bed, place: &Value, dir: &Path) {
    let file = dir.join("again.pcap").display().to_string();
    let uplink = text(&place["uplink"]);
    let filter = format!("udp and dst host {} and dst port {PORT}", text(&bed.server["address"]));
    let words = [
        "timeout", "3", "tcpdump", "-i", uplink, "-Q", "out", "-U", "-Z", "root", "-c", "200",
        "-w", &file, &filter,
    ];
    let mut recorder = inside_of(place, &words).spawn().expect("tcpdump starts");
    std::thread::sleep(Duration::from_secs(1));
    run(iperf(bed, place, false, "-u -l 700 -b 10M -t 1"));
    recorder.wait().expect("it ends");
    run(inside_of(place, &["tcpreplay", "-q", "-i", uplink, "-p", "2000", &file]));
}

/// One server for each segment would need a port for each: one client at a time is served.
fn server(bed: &Bed) -> Child {
    let mut command = inside_of(&bed.server, &["iperf3", "-s", "-p", &PORT.to_string()]);
    let server = command.spawn().expect("iperf3 starts");
    std::thread::sleep(Duration::from_millis(500));
    server
}

/// Kills a process of the hub and waits until the lab has started it again.
fn kill(lab: &Lab, part: &str) {
    let pid = lab.pid(part);
    Lab::signal(pid, Signal::SIGKILL);
    wait_for("it again", SOON, OFTEN, || (lab.pid(part) != pid).then_some(()));
}

/// Kills and reloads until told to stop, at least so many of each.
fn disturb(bed: &Bed, kills: u32, reloads: u32, stop: &AtomicBool) -> (u32, u32) {
    let (mut killed, mut reloaded) = (0, 0);
    while !stop.load(Ordering::Relaxed) || killed < kills || reloaded < reloads {
        let nanos = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().subsec_nanos();
        std::thread::sleep(Duration::from_millis(u64::from(nanos / 7 % 700)));
        if killed < kills {
            kill(&bed.lab, if nanos.is_multiple_of(2) { "netd" } else { "serve" });
            killed += 1;
        }
        if reloaded < reloads && reload(bed, reloaded) {
            reloaded += 1;
        }
        if killed >= kills && reloaded >= reloads && stop.load(Ordering::Relaxed) {
            break;
        }
    }
    (killed, reloaded)
}

/// A change that reloads the rules: limits far above all traffic, lower each time, so that each has
/// to be confirmed. Refused while a process is away, and while the one before still waits.
fn reload(bed: &Bed, number: u32) -> bool {
    let api = bed.lab.api();
    let confirm = |change: &Value| {
        let path = format!("/api/v1/rules/{change}/confirm");
        let told = api.try_send("POST", &path, &Value::Null);
        told.is_some_and(|(status, _)| status == 200)
    };
    let waiting = api.try_get("/api/v1/rules").unwrap_or_default()["waiting"]["change"].clone();
    if !waiting.is_null() {
        return confirm(&waiting);
    }
    let limits = json!({ "connections": 0, "new_connections": 0, "packets": 4_000_000 - number });
    let edits = json!({ "edits": [{ "edit": "limits", "segment": null, "limits": limits }] });
    let drafted = api.try_send("POST", "/api/v1/rules/draft", &edits);
    let applied = api.try_send("POST", "/api/v1/rules/apply", &json!({ "reason": "again" }));
    match (drafted, applied) {
        (Some((200, _)), Some((200, answer))) => confirm(&answer["no"]),
        _ => false,
    }
}

/// A segment gets one more network, in mid-flow.
fn widen(bed: &Bed, place: &Value) {
    let path = format!("/api/v1/segments/{}", text(&place["id"]));
    let mut segment = bed.lab.api().get(&path);
    let prefixes = segment["prefixes"].as_array_mut().expect("a list");
    prefixes.push(json!("10.99.7.0/24"));
    let (status, answer) = bed.lab.api().send("PUT", &path, &segment);
    assert_eq!(status, 200, "{answer}");
}

/// covers: D5, N5.1, N5.2
#[test]
fn what_is_counted_is_what_the_wire_saw_whatever_dies_meanwhile() {
    let kills = sized("kills", 6, 200);
    let reloads = sized("reloads", 4, 100);
    let megabytes = sized("megabytes of bulk, each way and family", 10, 100);
    let bed = Bed::raise(3);
    bed.offloads(false);
    let dir = tempfile::tempdir().expect("a folder");
    let mut iperf3 = server(&bed);
    let before: Vec<Moved> =
        bed.places.iter().map(|one| bed.counted_at_rest(text(&one["id"]), None)).collect();
    let captures: Vec<Capture> =
        bed.places.iter().map(|place| Capture::begin(&bed, place, dir.path())).collect();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let disturbing = scope.spawn(|| disturb(&bed, kills, reloads, &stop));
        let stopping = Stop(&stop);
        for place in &bed.places[..2] {
            round(&bed, place, dir.path(), megabytes);
        }
        widen_under_load(&bed, &bed.places[2], megabytes);
        drop(stopping);
        let (killed, reloaded) = disturbing.join().expect("it ends");
        println!("{killed} kills, {reloaded} reloads");
    });
    for ((place, capture), before) in bed.places.iter().zip(captures).zip(before) {
        let wire = capture.end(place);
        let counted = bed.counted_at_rest(text(&place["id"]), None);
        let since = |one: [u64; 2], two: [u64; 2]| [one[0] - two[0], one[1] - two[1]];
        let counted = Moved {
            bytes: since(counted.bytes, before.bytes),
            packets: since(counted.packets, before.packets),
        };
        println!("{}: {counted:?}", place["id"]);
        assert!(wire.packets[0] > 500 && wire.packets[1] > 500, "{wire:?}");
        assert_eq!(counted, wire, "{}", place["id"]);
    }
    let gaps = bed.lab.api().get("/api/v1/traffic/gaps");
    let resets = gaps.as_array().expect("a list").iter().filter(|gap| gap["kind"] == "reset");
    assert_eq!(resets.count(), 0, "{gaps}");
    let _ = iperf3.kill();
    let _ = iperf3.wait();
}

fn widen_under_load(bed: &Bed, place: &Value, megabytes: u32) {
    std::thread::scope(|scope| {
        let flow =
            scope.spawn(|| run(iperf(bed, place, false, &format!("-n {megabytes}M -b 80M"))));
        std::thread::sleep(Duration::from_millis(300));
        wait_for("the registry takes it", SOON, OFTEN, || {
            bed.lab.api().try_get("/api/v1/segments").map(|_| ())
        });
        widen(bed, place);
        flow.join().expect("it ends");
    });
    run(iperf(bed, place, true, "-R -n 5M"));
}

impl Bed {
    /// The hub's own questions to the services, whether they are well, would be answered by segments
    /// that no segment's account has.
    fn only_segments_are_answered(&self) {
        let asked = "tcp dport { 25, 80, 8080 } drop";
        let chain = "add table inet quiet; add chain inet quiet input { type filter hook input priority 0; }";
        let rule = |hub: &str| format!("; add rule inet quiet input {hub} {asked}");
        let rules = [chain.to_owned(), rule("ip saddr 10.1.0.0/24"), rule("ip6 saddr fd10:1::/64")]
            .concat();
        tool("ip", &["netns", "exec", text(&self.server["netns"]), "nft", &rules]);
    }
}

/// TCP segments that a namespace sent, repeated ones among them (RFC 4022 `tcpOutSegs` and
/// `tcpRetransSegs` as Linux counts them).
fn segments_sent(place: &Value) -> u64 {
    let netns = text(&place["netns"]);
    let told =
        tool("ip", &["netns", "exec", netns, "nstat", "-asz", "TcpOutSegs", "TcpRetransSegs"]);
    let words: BTreeMap<&str, u64> = told
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.next()?.parse().ok()?))
        })
        .collect();
    words["TcpOutSegs"] + words["TcpRetransSegs"]
}

/// covers: D5, N5.2
#[test]
fn with_offloads_on_the_senders_own_segments_are_what_is_counted() {
    let megabytes = sized("megabytes each way and family", 50_u32, 500);
    let bed = Bed::raise(2);
    bed.offloads(true);
    let mut iperf3 = server(&bed);
    let place = &bed.places[0];
    let id = text(&place["id"]);
    bed.only_segments_are_answered();
    let before = bed.counted_at_rest(id, Some("measure"));
    let sent = (segments_sent(place), segments_sent(&bed.server));
    for six in [false, true] {
        run(iperf(&bed, place, six, &format!("-n {megabytes}M")));
        run(iperf(&bed, place, six, &format!("-R -n {megabytes}M")));
    }
    let after = bed.counted_at_rest(id, Some("measure"));
    let counted = [after.packets[0] - before.packets[0], after.packets[1] - before.packets[1]];
    let said = [segments_sent(place) - sent.0, segments_sent(&bed.server) - sent.1];
    println!("segments sent {said:?}, packets counted {counted:?}");
    assert!(said[0] > u64::from(megabytes) * 100, "{said:?}");
    assert_eq!(counted, said);
    let _ = iperf3.kill();
    let _ = iperf3.wait();
}
