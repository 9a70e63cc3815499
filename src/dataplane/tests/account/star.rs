//! A segment, the hub (the test's own namespace) and a server behind it, joined by veth pairs.

use std::fmt::Write as _;
use std::sync::mpsc::{Receiver, Sender, channel};

use ets_dataplane::account::{Meters, ServiceAt};
use ets_model::{PortRange, SegmentNo, ServiceNo};
use ets_netd_api::{Class, Counter, Direction};
use nix::sched::{CloneFlags, unshare};

use crate::bed::{Bed, sh};

type Order = Box<dyn FnOnce() + Send>;

/// A network namespace of its own, and the thread that lives in it.
pub(crate) struct Place {
    path: String,
    orders: Sender<Order>,
}

impl Place {
    fn new() -> Self {
        let (here, there) = channel();
        let (orders, taken): (Sender<Order>, Receiver<Order>) = channel();
        std::thread::spawn(move || {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            let thread = nix::unistd::gettid();
            here.send(format!("/proc/{}/task/{thread}/ns/net", std::process::id())).unwrap();
            taken.iter().for_each(|order| order());
        });
        Self { path: there.recv().unwrap(), orders }
    }

    /// Does something there and waits for the result.
    pub(crate) fn run<T: Send + 'static>(&self, what: impl FnOnce() -> T + Send + 'static) -> T {
        self.start(what).recv().expect("it panicked there")
    }

    /// Does something there; the result comes later.
    pub(crate) fn start<T: Send + 'static>(
        &self,
        what: impl FnOnce() -> T + Send + 'static,
    ) -> Receiver<T> {
        let (done, result) = channel();
        let order = move || {
            // A test that gave up does not wait for the result.
            let _ = done.send(what());
        };
        self.orders.send(Box::new(order)).unwrap();
        result
    }

    pub(crate) fn sh(&self, line: &str) -> String {
        let line = line.to_owned();
        self.run(move || sh(&line))
    }
}

/// The three of them. The segment is number 1, what is not its own is the server's place.
pub(crate) struct Star {
    pub(crate) segment: Place,
    pub(crate) server: Place,
    pub(crate) meters: Meters,
}

/// The server's class on port 80 and above 5000.
pub(crate) const SERVICE: Class = Class::Service(ServiceNo(1));

/// Whether the kernel may merge packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offloads {
    /// Everything on, also where it is off from the start.
    On,
    /// Nowhere.
    Off,
}

impl Star {
    /// Counted from before the first packet.
    pub(crate) fn new(bed: &Bed, offloads: Offloads) -> Self {
        let (segment, server) = (Place::new(), Place::new());
        for (port, far, address) in [("p0", &segment, 1), ("d0", &server, 2)] {
            sh(&format!(
                "ip link add {port} address 02:00:00:00:0{address}:01 type veth \
                 peer name e0 address 02:00:00:00:0{address}:02 netns {}",
                far.path
            ));
        }
        if offloads == Offloads::Off {
            ["p0", "d0"].iter().for_each(|port| offloads_off(&sh, port));
            [&segment, &server].iter().for_each(|place| offloads_off(&|line| place.sh(line), "e0"));
        } else {
            sh("ethtool -K p0 gro on");
            segment.sh("ethtool -K e0 gro on");
            // Between hub and server it is as on any wire: the hub's port merges what comes in, and
            // takes apart what goes out.
            sh("ethtool -K d0 tso off gso off tx-udp-segmentation off gro on");
            offloads_off(&|line| server.sh(line), "e0");
        }
        let mut meters = Meters::open(bed.pins()).unwrap();
        configure(&mut meters);
        let ports = [nix::net::if_::if_nametoindex("p0").unwrap()];
        assert!(meters.attach(&ports).is_empty());
        let far = |own: &str, six: &str, hub: &str, number| {
            let mut lines = addresses("e0", own, six, hub, number, 1);
            // Acknowledgements of one length, so that their number tells their bytes.
            lines.push_str("; sysctl -qw net.ipv4.tcp_sack=0");
            let (four, six) = hub.split_once(' ').unwrap();
            write!(lines, "; ip route add default via {four}; ip -6 route add default via {six}")
                .unwrap();
            lines
        };
        segment.sh(&far("10.10.1.1/24", "fd10:10:1::1/64", "10.10.1.254 fd10:10:1::fe", 1));
        server.sh(&far("10.1.0.10/24", "fd10:1::10/64", "10.1.0.254 fd10:1::fe", 2));
        // No more at once than the queue of a veth holds (256 packets; of merged ones the
        // acknowledgements are what fills it): what is lost on the way to the hub is in the
        // sender's figures and not on the segment's link.
        let at_once = |most: u32| format!("sysctl -qw net.ipv4.tcp_wmem='4096 16384 {most}'");
        server.sh(&at_once(1 << 18));
        segment.sh(&at_once(if offloads == Offloads::Off { 1 << 18 } else { 1 << 19 }));
        // After the far ends, so that no packet of the hub's finds a link that is down.
        sh(&addresses("p0", "10.10.1.254/24", "fd10:10:1::fe/64", "10.10.1.1 fd10:10:1::1", 1, 2));
        sh(&addresses("d0", "10.1.0.254/24", "fd10:1::fe/64", "10.1.0.10 fd10:1::10", 2, 2));
        sh("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
        // A link that has just come up drops what is sent for a moment, after it was counted.
        for place in [&segment, &server] {
            place.sh(
                "until ping -q -c 1 -W 1 10.1.0.254 && ping -q -c 1 -W 1 fd10:1::fe; do true; done",
            );
        }
        Self { segment, server, meters }
    }

    /// What is counted once nothing moves any more: (bytes, packets) of the segment's traffic with
    /// the service.
    pub(crate) fn service(&mut self, direction: Direction) -> (u64, u64) {
        let counters = self.settled();
        let wanted = |counter: &&Counter| {
            (counter.segment, counter.class, counter.direction)
                == (SegmentNo(1), SERVICE, direction)
        };
        counters.iter().find(wanted).map_or((0, 0), |counter| (counter.bytes, counter.packets))
    }

    /// All bytes and packets of a direction.
    pub(crate) fn all(&mut self, direction: Direction) -> (u64, u64) {
        let counters = self.settled();
        let these = counters.iter().filter(|counter| counter.direction == direction);
        these.fold((0, 0), |sum, counter| (sum.0 + counter.bytes, sum.1 + counter.packets))
    }

    /// Of the segment alone, both ways together.
    pub(crate) fn own(&mut self) -> (u64, u64) {
        let counters = self.settled();
        let these = counters.iter().filter(|counter| counter.segment == SegmentNo(1));
        these.fold((0, 0), |sum, counter| (sum.0 + counter.bytes, sum.1 + counter.packets))
    }

    /// Packets that the links of segment and server dropped instead of taking them to the hub.
    pub(crate) fn dropped_at_the_ends(&self) -> u64 {
        [&self.segment, &self.server].iter().map(|place| dropped(&place.sh(OF_THE_LINK))).sum()
    }

    fn settled(&mut self) -> Vec<Counter> {
        let (mut before, mut now) = (Vec::new(), Vec::new());
        loop {
            // Longer than an acknowledgement may be held back.
            std::thread::sleep(std::time::Duration::from_millis(300));
            assert_eq!(self.meters.read(&mut now), None);
            if now == before {
                return now;
            }
            before = std::mem::take(&mut now);
        }
    }
}

pub(crate) fn configure(meters: &mut Meters) {
    let nets = vec!["10.10.1.0/24".parse().unwrap(), "fd10:10:1::/64".parse().unwrap()];
    let mut services = Vec::new();
    for address in ["10.1.0.10", "fd10:1::10"] {
        let address = address.parse().unwrap();
        for ports in ["tcp/80", "tcp/5000-65535", "udp/5000-65535"] {
            let ports: PortRange = ports.parse().unwrap();
            services.push(ServiceAt { class: SERVICE, address, ports: Some(ports) });
        }
    }
    meters.configure(&[(SegmentNo(1), nets)], &services, &[]).unwrap();
}

fn offloads_off(run: &dyn Fn(&str) -> String, port: &str) {
    run(&format!("ethtool -K {port} tso off gso off gro off tx-udp-segmentation off"));
}

/// Addresses of a port and what it must know of its neighbours, so that there is no ARP.
fn addresses(port: &str, four: &str, six: &str, far: &str, number: u8, end: u8) -> String {
    let mut lines = format!(
        "ip addr add {four} dev {port}; ip addr add {six} dev {port} nodad; ip link set {port} up"
    );
    for address in far.split(' ') {
        write!(
            lines,
            "; ip neigh replace {address} lladdr 02:00:00:00:0{number}:0{end} dev {port} nud permanent"
        )
        .unwrap();
    }
    lines
}

const OF_THE_LINK: &str = "ip -s link show e0";

/// What a link did not take that was to be sent, in `ip -s link`'s words: bytes, packets, errors,
/// dropped.
fn dropped(said: &str) -> u64 {
    let sent = said.lines().skip_while(|line| !line.trim().starts_with("TX:")).nth(1).unwrap();
    sent.split_whitespace().nth(3).unwrap().parse().unwrap()
}

/// Bytes without the link header, and packets, that a port received and sent: by its own counters.
pub(crate) fn port(run: &dyn Fn(&str) -> String, port: &str) -> [(u64, u64); 2] {
    let said = run(&format!("ip -s link show {port}"));
    let lines: Vec<&str> = said.lines().collect();
    ["RX:", "TX:"].map(|title| {
        let at = lines.iter().position(|line| line.trim().starts_with(title)).unwrap();
        let mut numbers = lines[at + 1].split_whitespace().map(|word| word.parse::<u64>().unwrap());
        let (bytes, packets) = (numbers.next().unwrap(), numbers.next().unwrap());
        (bytes - 14 * packets, packets)
    })
}
