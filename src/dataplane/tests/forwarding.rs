//! What the compiler made, in a kernel with real packets: a hub, two segments and a server, each in a
//! network namespace of the test's own. The evaluator says what should pass; here it does or does not.
//! Needs root, `ip`, `ping` and `python3`; says so when it cannot run.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use ets_dataplane::compile::{Links, Port, compile, refused_sets};
use ets_dataplane::nft::{Kernel, TableName};
use ets_model::{
    Arm, Limits, Network, Policy, PortRange, Role, SegmentNo, Served, ServiceNo, ServicePlace,
};
use nix::sched::{CloneFlags, setns};

/// Every port of the server answers with a line for each that it gets.
const SERVER: &str = "
import socketserver, sys
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line)
class Server(socketserver.ThreadingTCPServer):
    address_family = 10
    allow_reuse_address = True
import threading
for port in (25, 80):
    threading.Thread(target=Server(('::', port), Handler).serve_forever).start()
print('ready', flush=True)
";

/// Asks once, waits for a line on its own input, asks again; says what it got.
const CLIENT: &str = "
import socket, sys
talk = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2)
talk.settimeout(2)
for line in sys.stdin:
    talk.sendall(b'hello\\n')
    try:
        print(talk.recv(99).decode().strip(), flush=True)
    except TimeoutError:
        print('silence', flush=True)
";

struct Star {
    prefix: String,
    children: Vec<Child>,
}

impl Star {
    fn new() -> Option<Self> {
        let usable = ["ping", "python3"]
            .iter()
            .all(|program| Command::new(program).arg("-V").output().is_ok());
        let mut star = Self { prefix: format!("t3c{}", std::process::id()), children: vec![] };
        if !usable || !star.ip(&format!("netns add {}", star.name("hub"))) {
            eprintln!("skipped: needs root, ip, ping and python3");
            return None;
        }
        for (place, port, net4, net6) in [
            ("s1", "k1", "10.10.1", "fd10:10:1:"),
            ("s2", "k2", "10.10.2", "fd10:10:2:"),
            ("dc", "dc0", "10.1.0", "fd10:1:"),
        ] {
            star.arm(place, port, net4, net6);
        }
        star.run("hub", "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
        let mut server = star.command("dc", &["python3", "-c", SERVER]);
        let mut server = server.stdout(Stdio::piped()).spawn().unwrap();
        line_of(&mut server);
        star.children.push(server);
        Some(star)
    }

    fn arm(&self, place: &str, port: &str, net4: &str, net6: &str) {
        let (hub, there) = (self.name("hub"), self.name(place));
        assert!(self.ip(&format!("netns add {there}")));
        assert!(
            self.ip(&format!("-n {hub} link add {port} type veth peer name up0 netns {there}"))
        );
        for line in [
            format!("-n {hub} link set {port} up"),
            format!("-n {hub} addr add {net4}.254/24 dev {port}"),
            format!("-n {hub} addr add {net6}:254/64 dev {port} nodad"),
            format!("-n {there} link set lo up"),
            format!("-n {there} link set up0 up"),
            format!("-n {there} addr add {net4}.10/24 dev up0"),
            format!("-n {there} addr add {net6}:10/64 dev up0 nodad"),
            format!("-n {there} route add default via {net4}.254"),
            format!("-n {there} route add default via {net6}:254"),
        ] {
            assert!(self.ip(&line), "ip {line}");
        }
    }

    fn name(&self, place: &str) -> String {
        format!("{}-{place}", self.prefix)
    }

    fn ip(&self, line: &str) -> bool {
        let output = Command::new("ip").args(line.split(' ')).output();
        output.is_ok_and(|output| output.status.success())
    }

    fn command(&self, place: &str, line: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name(place)]).args(line);
        command
    }

    fn run(&self, place: &str, line: &str) -> bool {
        let words: Vec<&str> = line.split(' ').collect();
        self.command(place, &words).output().unwrap().status.success()
    }

    fn pings(&self, place: &str, to: &str) -> bool {
        self.run(place, &format!("ping -c 2 -i 0.2 -W 1 -q {to}"))
    }

    fn reaches(&self, place: &str, to: &str, port: u16) -> bool {
        let code = "import socket,sys; socket.create_connection((sys.argv[1],int(sys.argv[2])),1)";
        let port = port.to_string();
        let mut command = self.command(place, &["python3", "-c", code, to, &port]);
        command.output().unwrap().status.success()
    }

    /// A connection that stays open.
    fn talk(&mut self, place: &str, to: &str, port: u16) -> usize {
        let port = port.to_string();
        let mut command = self.command(place, &["python3", "-c", CLIENT, to, &port]);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        self.children.push(child);
        self.children.len() - 1
    }

    fn says(&mut self, talk: usize) -> String {
        use std::io::Write;
        self.children[talk].stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
        line_of(&mut self.children[talk])
    }

    fn index(&self, port: &str) -> u32 {
        let path = format!("/sys/class/net/{port}/ifindex");
        let output = self.command("hub", &["cat", &path]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    }

    fn links(&self) -> Links {
        let port = |name: &str, net4: &str, net6: &str| {
            let addresses = vec![
                format!("{net4}.254").parse().unwrap(),
                format!("{net6}:254").parse().unwrap(),
            ];
            (name.to_owned(), Port { index: self.index(name), addresses, next_hops: vec![] })
        };
        let ports = BTreeMap::from([
            port("k1", "10.10.1", "fd10:10:1:"),
            port("k2", "10.10.2", "fd10:10:2:"),
            port("dc0", "10.1.0", "fd10:1:"),
        ]);
        Links { ports, metered: false, published: Vec::new(), intercept: None }
    }

    fn kernel(&self) -> Kernel {
        let place = File::open(format!("/run/netns/{}", self.name("hub"))).unwrap();
        setns(place, CloneFlags::CLONE_NEWNET).unwrap();
        Kernel::open().unwrap()
    }
}

impl Drop for Star {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        for place in ["s1", "s2", "dc", "hub"] {
            self.ip(&format!("netns del {}", self.name(place)));
        }
    }
}

/// One line of what a program says.
fn line_of(child: &mut Child) -> String {
    use std::io::Read;
    let mut line = Vec::new();
    let mut byte = [0];
    let out = child.stdout.as_mut().unwrap();
    while out.read(&mut byte).unwrap() == 1 && byte[0] != b'\n' {
        line.push(byte[0]);
    }
    String::from_utf8(line).unwrap()
}

fn policy() -> Policy {
    let arm = |no: u32| Arm {
        no: SegmentNo(no),
        id: format!("s{no}").parse().unwrap(),
        interface: format!("k{no}"),
        prefixes: vec![
            format!("10.10.{no}.0/24").parse().unwrap(),
            format!("fd10:10:{no}::/64").parse().unwrap(),
        ],
        hardware: None,
        may: if no == 1 { vec![ServiceNo(2)] } else { vec![] },
        limits: None,
        rate: None,
    };
    let served = |no: u16, id: &str, ports: Vec<PortRange>| Served {
        no: ServiceNo(no),
        id: id.parse().unwrap(),
        place: ServicePlace::Behind,
        addresses: vec!["10.1.0.10".parse().unwrap(), "fd10:1::10".parse().unwrap()],
        ports,
        everyone: no == 1,
    };
    Policy {
        arms: vec![arm(1), arm(2)],
        services: vec![
            served(1, "web", vec![PortRange::tcp(80), PortRange::ICMP]),
            served(2, "mail", vec![PortRange::tcp(25)]),
        ],
        networks: vec![Network {
            name: "dc".into(),
            role: Role::Services,
            interfaces: vec!["dc0".into()],
            prefixes: vec!["10.1.0.0/24".parse().unwrap(), "fd10:1::/64".parse().unwrap()],
        }],
        limits: Limits { connections: 1_000, new_connections: 1_000, packets: 10_000 },
    }
}

/// covers: N2.1, D4: packets fare as the evaluator says, and a flow lives through changes of the rules
#[test]
fn real_packets_fare_as_the_policy_says_and_a_flow_lives_as_long_as_its_right() {
    let Some(mut star) = Star::new() else { return };
    let links = star.links();
    let mut kernel = star.kernel();
    let mut policy = policy();
    assert!(star.pings("s1", "10.10.2.10"), "without rules everybody reaches everybody");
    kernel.apply(&compile(&policy, &links, 1)).unwrap();
    for (server, neighbour, hub, other) in [
        ("10.1.0.10", "10.10.2.10", "10.10.1.254", "10.10.2.254"),
        ("fd10:1::10", "fd10:10:2::10", "fd10:10:1::254", "fd10:10:2::254"),
    ] {
        assert!(star.pings("s1", server) && star.pings("s2", server), "{server}");
        assert!(star.reaches("s1", server, 25) && star.reaches("s2", server, 80), "{server}");
        assert!(!star.reaches("s2", server, 25), "{server}");
        assert!(!star.pings("s1", neighbour), "{neighbour}");
        assert!(star.pings("s1", hub), "{hub}");
        assert!(!star.pings("s1", other), "{other}");
        assert!(!star.reaches("s1", hub, 22), "{hub}");
    }
    assert!(star.pings("hub", "10.10.1.10") && star.pings("hub", "fd10:10:2::10"));
    assert!(star.pings("hub", "10.1.0.10") && star.pings("hub", "fd10:1::10"));
    assert!(!star.pings("dc", "10.10.1.10"), "servers open nothing");

    let talk = star.talk("s1", "10.1.0.10", 25);
    let talk6 = star.talk("s1", "fd10:1::10", 25);
    for generation in 2..12 {
        assert_eq!((star.says(talk), star.says(talk6)), ("hello".into(), "hello".into()));
        kernel.apply(&compile(&policy, &links, generation)).unwrap();
    }
    policy.arms[0].may.clear();
    kernel.apply(&compile(&policy, &links, 12)).unwrap();
    assert_eq!((star.says(talk), star.says(talk6)), ("silence".into(), "silence".into()));

    sleep(Duration::from_millis(100));
    let table = TableName { family: ets_dataplane::nft::ir::Family::Inet, name: "ets".into() };
    let mut counted = BTreeMap::new();
    for (reason, set) in refused_sets() {
        let counts = kernel.counters(&table, &set).unwrap();
        counted.insert(reason, counts.iter().map(|count| count.packets).sum::<u64>());
    }
    assert!(counted["neighbour"] >= 4 && counted["denied"] >= 4, "{counted:?}");
    assert_eq!((counted["spoof"], counted["option"], counted["limit"]), (0, 0, 0), "{counted:?}");
}
