//! Real traffic: what is counted is what was on the wire, to the byte and to the packet.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use ets_netd_api::Direction;
use nix::sys::socket::{setsockopt, sockopt};

use crate::bed::{Bed, sh};
use crate::star::{Offloads, Star, port};

const SERVER: [&str; 2] = ["10.1.0.10", "fd10:1::10"];
const BULK: usize = 100_000_000;

/// What a sender says of its own connection (`TCP_INFO`, shown by ss).
#[derive(Debug)]
struct Said {
    /// Segments sent, repeated ones among them.
    segments: u64,
    /// Payload bytes sent, repeated ones among them.
    bytes: u64,
    repeated: u64,
}

/// Of the only established connection to or from this port in the calling thread's namespace.
fn said(port: u16) -> Said {
    let text = sh(&format!("ss -tinHO state established '( sport = {port} or dport = {port} )'"));
    let number = |name: &str| {
        let word = text.split_whitespace().find_map(|word| word.strip_prefix(name));
        word.map_or(0, |word| word.parse().unwrap())
    };
    Said {
        segments: number("segs_out:"),
        bytes: number("bytes_sent:"),
        repeated: number("bytes_retrans:"),
    }
}

/// Layer-3 bytes of a sender's segments: with timestamps in each, and a SYN of eight bytes more.
fn on_the_wire(said: &Said, four: bool) -> (u64, u64) {
    let header = if four { 20 } else { 40 } + 32;
    (said.bytes + said.segments * header + 8, said.segments)
}

/// A transfer that is over, with both ends still open: a FIN would be one more segment.
struct Transfer {
    /// What the segment says, and the server.
    segment: Said,
    server: Said,
    _open: [TcpStream; 2],
}

/// Sends `amount` bytes from the segment to the server, or the other way.
fn transfer(star: &Star, server: IpAddr, up: bool, amount: usize) -> Transfer {
    let address = SocketAddr::new(server, 5001);
    let (ready, listening) = std::sync::mpsc::channel();
    let far = star.server.start(move || {
        let listener = TcpListener::bind(address).unwrap();
        ready.send(()).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        one_side(&mut stream, !up, amount);
        stream
    });
    listening.recv().unwrap();
    let near = star.segment.run(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        one_side(&mut stream, up, amount);
        stream
    });
    let open = [near, far.recv().unwrap()];
    // Until every acknowledgement has arrived.
    std::thread::sleep(Duration::from_millis(500));
    let (segment, mut server) = (star.segment.run(|| said(5001)), star.server.run(|| said(5001)));
    // The answer to the SYN was sent before the connection began to count.
    server.segments += 1;
    Transfer { segment, server, _open: open }
}

fn one_side(stream: &mut TcpStream, sends: bool, amount: usize) {
    let mut buffer = vec![0x5a; 1 << 18];
    let mut left = amount;
    while left > 0 {
        let most = left.min(buffer.len());
        if sends {
            stream.write_all(&buffer[..most]).unwrap();
            left -= most;
        } else {
            left -= stream.read(&mut buffer[..most]).unwrap();
        }
    }
}

/// Every counter against what the two sides say of their transfer. What a side sent and its own
/// link dropped (a queue of 256 packets, full where the hub gets no processor for a while) never
/// came to be counted: such a transfer proves nothing and is made again.
fn compare(
    offloads: Offloads,
    (server, up, amount): (IpAddr, bool, usize),
    prepare: impl Fn(&Star),
) {
    for _ in 0..5 {
        let Some(bed) = Bed::with_accounting(16) else { return };
        let mut star = Star::new(&bed, offloads);
        prepare(&star);
        let before = star.dropped_at_the_ends();
        let transfer = transfer(&star, server, up, amount);
        let counted = [Direction::Up, Direction::Down].map(|way| star.service(way));
        let sides = [&transfer.segment, &transfer.server];
        println!("{server} up {up}: {counted:?} {sides:?}");
        assert!(sides.iter().any(|said| said.bytes >= amount as u64));
        let dropped = star.dropped_at_the_ends() - before;
        if dropped == 0 {
            assert_eq!(counted, sides.map(|said| on_the_wire(said, server.is_ipv4())));
            return;
        }
        println!("{dropped} dropped before the hub: again");
    }
    panic!("the links of the ends drop packets each time");
}

/// Bulk TCP in both directions, one after the other, against the hub's port to the server, where
/// nothing is merged.
fn bulk(offloads: Offloads) {
    for server in SERVER.map(|text| text.parse().unwrap()) {
        for up in [true, false] {
            compare(offloads, (server, up, BULK), |_| ());
        }
    }
}

/// covers: N5.1, N5.2
#[test]
fn bulk_tcp_with_offloads_on_counts_as_its_senders_say() {
    bulk(Offloads::On);
}

/// covers: N5.1, N5.2
#[test]
fn bulk_tcp_with_offloads_off_counts_as_its_senders_say() {
    bulk(Offloads::Off);
}

/// covers: N5.1, N5.2
#[test]
fn repeated_segments_count_each_time_they_are_sent() {
    for server in SERVER.map(|text| text.parse::<IpAddr>().unwrap()) {
        for up in [true, false] {
            let Some(bed) = Bed::with_accounting(16) else { return };
            let mut star = Star::new(&bed, Offloads::On);
            let receiver = if up { &star.server } else { &star.segment };
            receiver.sh("nft 'table netdev loss { chain c { type filter hook ingress device e0 \
                 priority 0; meta length > 200 numgen inc mod 100 < 1 drop; }; }'");
            let transfer = transfer(&star, server, up, BULK / 4);
            let (way, sender) = if up {
                (Direction::Up, &transfer.segment)
            } else {
                (Direction::Down, &transfer.server)
            };
            let counted = star.service(way);
            println!("{server} up {up}: {counted:?} {sender:?}");
            assert_eq!(counted, on_the_wire(sender, server.is_ipv4()));
            assert!(sender.repeated > 0, "nothing was lost");
        }
    }
}

/// covers: N5.1, N5.2
#[test]
fn udp_handed_over_in_batches_counts_as_the_datagrams_it_is() {
    for server in SERVER.map(|text| text.parse::<IpAddr>().unwrap()) {
        let Some(bed) = Bed::with_accounting(16) else { return };
        let mut star = Star::new(&bed, Offloads::On);
        star.segment.run(move || {
            let unspecified = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
            let socket = UdpSocket::bind(unspecified).unwrap();
            socket.connect(SocketAddr::new(server, 6000)).unwrap();
            for (size, amount) in [(1000, 50_300), (1, 64), (1400, 1401), (700, 700), (512, 100)] {
                setsockopt(&socket, sockopt::UdpGsoSegment, &size).unwrap();
                // A port without a listener answers by ICMP, which the next call reports.
                while socket.send(&vec![7; amount]).is_err() {}
            }
        });
        let header = if server.is_ipv4() { 28 } else { 48 };
        let packets = 51 + 64 + 2 + 1 + 1;
        let payload = 50_300 + 64 + 1401 + 700 + 100;
        assert_eq!(star.service(Direction::Up), (payload + packets * header, packets));
    }
}

/// Bytes and packets, up and down.
type Both = [(u64, u64); 2];

/// What is counted and what the interface says, with no packet between the two readings (a router
/// solicitation may come at any time).
fn at_one_moment(star: &mut Star) -> (Both, Both) {
    loop {
        let before = port(&sh, "p0");
        let counted = [Direction::Up, Direction::Down].map(|way| star.all(way));
        let after = port(&sh, "p0");
        if before == after {
            return (counted, after);
        }
    }
}

/// What is the segment's, in tcpdump's words.
const OWN: &str = "net 10.10.1.0/24 or net fd10:10:1::/64";

/// tcpdump on a port.
struct Capture {
    program: std::process::Child,
    directory: tempfile::TempDir,
}

impl Capture {
    fn start(port: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("capture");
        let arguments = ["-i", port, "-s", "64", "-B", "200000", "-Z", "root", "-w"];
        let mut program = std::process::Command::new("tcpdump");
        let program = program.args(arguments).arg(&file).arg(OWN).spawn().unwrap();
        while !file.exists() {
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(200));
        Self { program, directory }
    }

    /// Layer-3 bytes and packets, both ways.
    fn stop(mut self) -> (u64, u64) {
        let process = nix::unistd::Pid::from_raw(self.program.id().cast_signed());
        nix::sys::signal::kill(process, nix::sys::signal::SIGINT).unwrap();
        self.program.wait().unwrap();
        let bytes = std::fs::read(self.directory.path().join("capture")).unwrap();
        let (mut rest, mut sum) = (&bytes[24..], (0, 0));
        // Seconds, microseconds, captured and original length (pcap-savefile(5)).
        while let Some(head) = rest.first_chunk::<16>() {
            let field = |at: usize| u32::from_ne_bytes(head[at..at + 4].try_into().unwrap());
            sum = (sum.0 + u64::from(field(12)) - 14, sum.1 + 1);
            rest = &rest[16 + field(8) as usize..];
        }
        sum
    }
}

/// covers: N5.1, N5.2
#[test]
fn the_sum_over_all_segments_is_what_the_interface_carried() {
    for offloads in [Offloads::Off, Offloads::On] {
        let Some(bed) = Bed::with_accounting(16) else { return };
        let mut star = Star::new(&bed, offloads);
        let before = star.own();
        let capture = Capture::start("p0");
        for server in SERVER.map(|text| text.parse::<IpAddr>().unwrap()) {
            drop(transfer(&star, server, true, BULK / 10));
            drop(transfer(&star, server, false, BULK / 10));
            star.segment.sh(&format!("ping -q -c 50 -i 0.002 -s 1400 {server}"));
            star.segment.sh(&format!("ping -q -c 20 -i 0.002 -s 9000 {server}"));
        }
        // Of no segment.
        star.segment.sh("ip addr add 192.0.2.1/32 dev e0; ping -q -c 3 -i 0.01 -I 192.0.2.1 \
             10.1.0.254 -W 1 || true");
        let (counted, carried) = at_one_moment(&mut star);
        println!("{offloads:?}: counted {counted:?}, carried {carried:?}");
        if offloads == Offloads::Off {
            assert_eq!(counted, carried);
            let seen = capture.stop();
            println!("captured {seen:?}");
            let counted = star.own();
            assert_eq!((counted.0 - before.0, counted.1 - before.1), seen);
        } else {
            assert!(counted[0].1 > carried[0].1 * 2, "nothing was merged");
            assert!(counted[1].1 > carried[1].1 * 2, "nothing was merged");
        }
    }
}

/// BIG TCP. Linux 6.18 drops most of the large packets of IPv6 that it forwards; they are counted
/// where they come in, and what the segment sends again as well.
///
/// covers: N5.1, N5.2
#[test]
fn packets_larger_than_64_kib_count_as_what_they_are_on_the_wire() {
    for (server, up, amount) in [(0, true, BULK), (0, false, BULK), (1, true, BULK / 10)] {
        let server = SERVER[server].parse().unwrap();
        compare(Offloads::On, (server, up, amount), |star| {
            let line = "gso_max_size 180000 gro_max_size 180000";
            sh(&format!("ip link set p0 {line}"));
            star.segment.sh(&format!("ip link set e0 {line}"));
            if !up {
                sh(&format!("ip link set d0 {line}"));
                star.server.sh(&format!(
                    "ip link set e0 {line}; ethtool -K e0 tso on gso on; \
                     sysctl -qw net.ipv4.tcp_wmem='4096 16384 4194304'"
                ));
            }
        });
    }
}
