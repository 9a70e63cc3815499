//! What the rules cost: CPU per small packet from a segment to a server through a hub that forwards
//! freely, one with connection tracking and one rule, and ours with 50 and with 10,000 segments; what
//! the accounting adds, beside pmacctd; bulk TCP through each. All in one run, in turns, so that a
//! noisy machine troubles all alike. Needs root, `ip`, `nft`, `iperf3`, `pmacctd`; works in namespaces
//! of its own.
//!
//! `cargo run --release -p ets-dataplane --example forward_bench`

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use ets_dataplane::account::{Meters, ServiceAt, Setup, setup};
use ets_dataplane::compile::{Links, Port, compile};
use ets_dataplane::nft::Kernel;
use ets_model::{
    Arm, Limits, Network, Policy, PortRange, Role, SegmentNo, Served, ServiceNo, ServicePlace,
};
use ets_netd_api::Class;
use ipnet::IpNet;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, CpuSet, sched_setaffinity, setns, unshare};
use nix::time::ClockId;
use nix::unistd::Pid;

type Done<T> = Result<T, Box<dyn Error>>;

/// Turns of small packets, and packets in each.
const TURNS: usize = 15;
const PACKETS: usize = 40_000;
/// Flows that the packets belong to.
const FLOWS: usize = 64;
/// Turns of bulk TCP, and seconds of each.
const BULK_TURNS: usize = 7;
const BULK_SECONDS: u32 = 2;
/// Ports of the hub; the segments are spread over them.
const PORTS: u32 = 50;

/// What the hub does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hub {
    /// Packets end at its door: what sender and link cost alone.
    Door,
    Free,
    OneRule,
    Ours(u32),
    Accounts,
}

const ONE_RULE: &str = "table inet one { chain forward { type filter hook forward priority 0; \
    policy drop; ct state established,related,new accept; }; }";

/// The namespaces, and the means to change the hub's.
struct Bed {
    hub: File,
    segment: File,
    server: File,
    kernel: Kernel,
    links: Links,
    meters: Meters,
    port: u32,
    _bpffs: tempfile::TempDir,
}

fn main() -> Done<()> {
    let mut one = CpuSet::new();
    one.set(0)?;
    sched_setaffinity(Pid::from_raw(0), &one)?;
    let mut bed = Bed::raise()?;
    small_packets(&mut bed)?;
    beside_pmacctd(&mut bed)?;
    bulk(&mut bed)
}

fn small_packets(bed: &mut Bed) -> Done<()> {
    let sockets = bed.sockets()?;
    let kinds =
        [Hub::Door, Hub::Free, Hub::OneRule, Hub::Ours(50), Hub::Ours(10_000), Hub::Accounts];
    let mut times: BTreeMap<Hub, Vec<f64>> = BTreeMap::new();
    for _ in 0..TURNS {
        for kind in kinds {
            bed.become_(kind)?;
            send(&sockets, PACKETS / 10)?;
            times.entry(kind).or_default().push(send(&sockets, PACKETS)?);
        }
    }
    let whole = |kind| median(&mut times[&kind].clone());
    let door = whole(Hub::Door);
    let net = |kind| whole(kind) - door;
    println!(
        "small packets (64 bytes, {FLOWS} flows, {TURNS} turns of {PACKETS}), ns of CPU in the hub:"
    );
    println!("  sender and link alone        {door:>8.0}");
    for (name, kind) in [
        ("empty forwarder", Hub::Free),
        ("conntrack and one rule", Hub::OneRule),
        ("ours, 50 segments", Hub::Ours(50)),
        ("ours, 10,000 segments", Hub::Ours(10_000)),
        ("empty forwarder, counted", Hub::Accounts),
    ] {
        println!("  {name:<28} {:>8.0}", net(kind));
    }
    let ratio = net(Hub::Ours(10_000)) / net(Hub::OneRule);
    let growth = whole(Hub::Ours(10_000)) / whole(Hub::Ours(50));
    println!("  ours with 10,000 to conntrack and one rule: {ratio:.2} (goal 1.5)");
    println!(
        "  10,000 to 50 segments: {:.2} in the hub, {growth:.2} with sender and link (goal 1.15)",
        net(Hub::Ours(10_000)) / net(Hub::Ours(50))
    );
    Ok(())
}

/// The same packets past our accounting and past pmacctd, which has a processor of its own to read
/// what it captured: both what it adds to the packets' path and what it uses itself are counted.
fn beside_pmacctd(bed: &mut Bed) -> Done<()> {
    let sockets = bed.sockets()?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        bed.become_(Hub::Free)?;
        let without = send(&sockets, PACKETS)?;
        bed.become_(Hub::Accounts)?;
        ours.push(send(&sockets, PACKETS)? - without);
        bed.become_(Hub::Free)?;
        let mut pmacctd = bed.pmacctd()?;
        sleep(Duration::from_millis(700));
        let used = cpu_of(pmacctd.id())?;
        let with = send(&sockets, PACKETS)?;
        sleep(Duration::from_millis(700));
        let own = (cpu_of(pmacctd.id())? - used) * 1e9 / PACKETS as f64;
        theirs.push(with - without + own);
        pmacctd.kill()?;
        pmacctd.wait()?;
    }
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    println!("accounting, ns of CPU added to each packet:");
    println!("  ours {ours:.0}, pmacctd {theirs:.0}: {:.2} (goal 0.25)", ours / theirs);
    Ok(())
}

fn bulk(bed: &mut Bed) -> Done<()> {
    let mut server = bed.inside(&bed.server, "iperf3", &["-s", "-p", "80", "-A", "1"])?;
    sleep(Duration::from_millis(500));
    let mut rates: BTreeMap<Hub, Vec<f64>> = BTreeMap::new();
    for _ in 0..BULK_TURNS {
        for kind in [Hub::Free, Hub::OneRule, Hub::Ours(10_000)] {
            bed.become_(kind)?;
            rates.entry(kind).or_default().push(bed.iperf()?);
        }
    }
    server.kill()?;
    server.wait()?;
    let rate = |kind| median(&mut rates[&kind].clone());
    let (free, one, ours) = (rate(Hub::Free), rate(Hub::OneRule), rate(Hub::Ours(10_000)));
    println!("bulk TCP, Gbit/s ({BULK_TURNS} turns of {BULK_SECONDS} s):");
    println!("  empty forwarder {free:.1}, one rule {one:.1}, ours with 10,000 segments {ours:.1}");
    println!("  ours is {:.1} % below the empty forwarder (goal 5)", (1.0 - ours / free) * 100.0);
    Ok(())
}

impl Bed {
    fn raise() -> Done<Self> {
        unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS)?;
        let nothing = None::<&str>;
        mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)?;
        let bpffs = tempfile::tempdir()?;
        mount(Some("bpf"), bpffs.path(), Some("bpf"), MsFlags::empty(), nothing)?;
        let pins = bpffs.path().join("ets");
        setup(&pins, &Setup::default())?;
        let hub = here()?;
        let (segment, server) = (another(&hub)?, another(&hub)?);
        let mut links = Links::default();
        for number in 0..PORTS {
            links.ports.insert(port_name(number), port(number, &segment)?);
        }
        links.ports.insert("dc0".into(), server_port(&server)?);
        sh("sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0")?;
        let port = links.ports[&port_name(0)].index;
        let mut meters = Meters::open(&pins)?;
        count(&mut meters, &policy(10_000))?;
        let kernel = Kernel::open()?;
        Ok(Self { hub, segment, server, kernel, links, meters, port, _bpffs: bpffs })
    }

    /// The segment's packets, `FLOWS` of them to the server's UDP port 53.
    fn sockets(&self) -> Done<Vec<UdpSocket>> {
        self.within(&self.segment, || {
            let one = |_| -> Done<UdpSocket> {
                let socket = UdpSocket::bind("10.16.0.10:0")?;
                socket.connect("10.1.0.10:53")?;
                Ok(socket)
            };
            (0..FLOWS).map(one).collect()
        })
    }

    fn become_(&mut self, kind: Hub) -> Done<()> {
        sh("nft flush ruleset")?;
        self.meters.attach(if kind == Hub::Accounts {
            std::slice::from_ref(&self.port)
        } else {
            &[]
        });
        match kind {
            Hub::OneRule => sh(&format!("nft '{ONE_RULE}'"))?,
            Hub::Ours(segments) => {
                self.kernel.apply(&compile(&policy(segments), &self.links, 1))?;
            }
            Hub::Door | Hub::Free | Hub::Accounts => {}
        }
        // Frames for somebody else end where the hub's IP begins.
        let hardware = if kind == Hub::Door { "02:00:00:00:99:99" } else { "02:00:00:00:01:00" };
        let line = format!("ip neigh replace 10.16.0.254 lladdr {hardware} dev e0 nud permanent");
        self.within(&self.segment, || sh(&line))
    }

    fn pmacctd(&self) -> Done<Child> {
        let words = ["-i", "p0", "-c", "src_host,dst_host,proto,src_port,dst_port", "-P", "memory"];
        self.inside(&self.hub, "pmacctd", &words)
    }

    fn iperf(&self) -> Done<f64> {
        let seconds = BULK_SECONDS.to_string();
        let words = ["-c", "10.1.0.10", "-p", "80", "-t", &seconds, "-f", "g", "-A", "0"];
        let output = self.within(&self.segment, || {
            Ok(Command::new("iperf3").args(words).stdin(Stdio::null()).output()?)
        })?;
        let told = String::from_utf8_lossy(&output.stdout);
        let line = told.lines().find(|line| line.ends_with("receiver")).ok_or("iperf3 failed")?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "Gbits/sec").ok_or("no rate")?;
        Ok(words[at - 1].parse()?)
    }

    fn inside(&self, place: &File, program: &str, words: &[&str]) -> Done<Child> {
        self.within(place, || {
            let mut command = Command::new(program);
            command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            Ok(command.spawn()?)
        })
    }

    /// Does something in another network namespace and comes back.
    fn within<T>(&self, place: &File, what: impl FnOnce() -> Done<T>) -> Done<T> {
        setns(place.as_fd(), CloneFlags::CLONE_NEWNET)?;
        let done = what();
        setns(self.hub.as_fd(), CloneFlags::CLONE_NEWNET)?;
        done
    }
}

fn here() -> Done<File> {
    Ok(File::open("/proc/thread-self/ns/net")?)
}

/// A new namespace, made from within the hub's.
fn another(hub: &File) -> Done<File> {
    unshare(CloneFlags::CLONE_NEWNET)?;
    let made = here()?;
    sh("ip link set lo up")?;
    setns(hub.as_fd(), CloneFlags::CLONE_NEWNET)?;
    Ok(made)
}

fn place_of(place: &File) -> String {
    use std::os::fd::AsRawFd;
    format!("/proc/{}/fd/{}", std::process::id(), place.as_raw_fd())
}

fn port_name(number: u32) -> String {
    format!("p{number}")
}

/// One of the hub's ports. Only the first has a segment's machine at its other end.
fn port(number: u32, segment: &File) -> Done<Port> {
    let (name, far) = (port_name(number), place_of(segment));
    sh(&format!(
        "ip link add {name} address 02:00:00:00:01:{number:02x} type veth peer name e{number}; \
         ip link set {name} up"
    ))?;
    if number == 0 {
        sh(&format!(
            "ip link set e0 netns {far}; ip addr add 10.16.0.254/24 dev p0; \
             nsenter --net={far} sh -c 'ip addr add 10.16.0.10/24 dev e0; ip link set e0 up; \
             ip route add default via 10.16.0.254'"
        ))?;
    }
    let addresses = if number == 0 { vec!["10.16.0.254".parse()?] } else { Vec::new() };
    Ok(Port { index: nix::net::if_::if_nametoindex(name.as_str())?, addresses, next_hops: vec![] })
}

/// The server takes TCP to port 80; datagrams end before anybody looks at them.
fn server_port(server: &File) -> Done<Port> {
    let far = place_of(server);
    sh(&format!(
        "ip link add dc0 type veth peer name d0 netns {far}; ip addr add 10.1.0.254/24 dev dc0; \
         ip link set dc0 up; nsenter --net={far} sh -c 'ip addr add 10.1.0.10/24 dev d0; \
         ip link set d0 up; ip route add default via 10.1.0.254; \
         nft \"table ip end {{ chain in {{ type filter hook prerouting priority -300; udp dport 53 drop; }}; }}\"'"
    ))?;
    let index = nix::net::if_::if_nametoindex("dc0")?;
    Ok(Port { index, addresses: vec!["10.1.0.254".parse()?], next_hops: vec![] })
}

/// So many segments with a network each; the first is the one that sends. Limits are in force, high
/// enough not to be reached.
fn policy(segments: u32) -> Policy {
    let arm = |no: u32| Arm {
        no: SegmentNo(no + 1),
        id: format!("s{:05}", no + 1).parse().unwrap_or_else(|_| unreachable!("it is plain")),
        interface: port_name(no % PORTS),
        prefixes: vec![network(0x0a10_0000 + no * 256), network6(no)],
        hardware: None,
        may: vec![ServiceNo(1 + u16::try_from(no % 2).unwrap_or(0))],
        limits: None,
        rate: None,
    };
    let served = |no: u16, name: &str, ports: Vec<PortRange>, everyone| Served {
        no: ServiceNo(no),
        id: name.parse().unwrap_or_else(|_| unreachable!("it is plain")),
        place: ServicePlace::Behind,
        addresses: vec!["10.1.0.10".parse().unwrap_or_else(|_| unreachable!("it is plain"))],
        ports,
        everyone,
    };
    let udp = |port: u16| format!("udp/{port}").parse::<PortRange>();
    let names = udp(53).map(|port| vec![port]).unwrap_or_default();
    Policy {
        arms: (0..segments).map(arm).collect(),
        services: vec![
            served(1, "names", names, true),
            served(2, "web", vec![PortRange::tcp(80)], true),
            served(3, "mail", vec![PortRange::tcp(25)], false),
        ],
        networks: vec![Network {
            name: "dc".into(),
            role: Role::Services,
            interfaces: vec!["dc0".into()],
            prefixes: vec![network(0x0a01_0000)],
        }],
        limits: Limits { connections: 100_000, new_connections: 100_000, packets: 50_000_000 },
    }
}

fn network(four: u32) -> IpNet {
    IpNet::new(std::net::Ipv4Addr::from(four).into(), 24)
        .unwrap_or_else(|_| unreachable!("24 fits"))
}

fn network6(no: u32) -> IpNet {
    let six = std::net::Ipv6Addr::from(0xfd10u128 << 112 | u128::from(no) << 64);
    IpNet::new(six.into(), 64).unwrap_or_else(|_| unreachable!("64 fits"))
}

fn count(meters: &mut Meters, policy: &Policy) -> Done<()> {
    let segments: Vec<_> = policy.arms.iter().map(|arm| (arm.no, arm.prefixes.clone())).collect();
    let services = [ServiceAt {
        class: Class::Service(ServiceNo(1)),
        address: "10.1.0.10".parse()?,
        ports: Some("udp/53".parse()?),
    }];
    meters.configure(&segments, &services, &[("0.0.0.0/0".parse()?, Class::Outside)])?;
    Ok(())
}

/// Nanoseconds of this thread's CPU for each packet: the whole way to the server runs in it.
fn send(sockets: &[UdpSocket], packets: usize) -> Done<f64> {
    let payload = [7u8; 36];
    let begin = ClockId::CLOCK_THREAD_CPUTIME_ID.now()?;
    for socket in sockets.iter().cycle().take(packets) {
        socket.send(&payload)?;
    }
    let time = Duration::from(ClockId::CLOCK_THREAD_CPUTIME_ID.now()? - begin);
    Ok(time.as_secs_f64() * 1e9 / packets as f64)
}

/// Seconds of CPU that a process and its children have used.
fn cpu_of(process: u32) -> Done<f64> {
    let mut all = 0.0;
    for entry in std::fs::read_dir("/proc")? {
        let Ok(id) = entry?.file_name().to_string_lossy().parse::<u32>() else { continue };
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{id}/stat")) else { continue };
        let Some((_, rest)) = stat.rsplit_once(") ") else { continue };
        let words: Vec<&str> = rest.split(' ').collect();
        if id == process || words[1] == process.to_string() {
            // utime and stime, in hundredths of a second
            all += (words[11].parse::<f64>()? + words[12].parse::<f64>()?) / 100.0;
        }
    }
    Ok(all)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn sh(line: &str) -> Done<()> {
    let done = Command::new("sh").args(["-ec", line]).status()?;
    if done.success() { Ok(()) } else { Err(format!("failed: {line}").into()) }
}
