//! What the accounting costs: nanoseconds per packet in the program and on a veth path with and
//! without it, and the time to read the totals of 10,000 segments. Needs root; works in namespaces
//! of its own.
//!
//! `cargo run --release -p ets-dataplane --example account_bench`

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use ets_dataplane::account::trial::{self, Merged, Trial};
use ets_dataplane::account::{Meters, ServiceAt, Setup, setup};
use ets_model::{PortRange, SegmentNo, ServiceNo};
use ets_netd_api::{Class, Counter, Direction};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, CpuSet, sched_setaffinity, setns, unshare};
use nix::sys::socket::{setsockopt, sockopt};
use nix::time::ClockId;
use nix::unistd::Pid;

type Done<T> = Result<T, Box<dyn Error>>;

const SEGMENTS: u32 = 10_000;
const PAIRS: usize = 21;
const PACKETS: usize = 200_000;
const BATCH: usize = 50;

fn main() -> Done<()> {
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS)?;
    let nothing = None::<&str>;
    mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)?;
    let directory = tempfile::tempdir()?;
    mount(Some("bpf"), directory.path(), Some("bpf"), MsFlags::empty(), nothing)?;
    let pins = directory.path().join("ets");
    let begin = Instant::now();
    setup(&pins, &Setup::default())?;
    println!("set-up                     {:>10.1} ms", ms(begin.elapsed()));
    let mut meters = Meters::open(&pins)?;
    configuring(&mut meters, SEGMENTS)?;
    programs(&pins)?;
    path(&mut meters)?;
    reading(&pins, &mut meters)?;
    drop(meters);
    std::fs::remove_dir_all(&pins)?;
    nix::mount::umount(directory.path())?;
    Ok(())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn segments(count: u32) -> Done<Vec<(SegmentNo, Vec<IpNet>)>> {
    let one = |no: u32| {
        let four = Ipv4Net::new(Ipv4Addr::from(0x0a10_0000 + no * 256), 24)?;
        let six = Ipv6Net::new((0xfd10u128 << 112 | u128::from(no) << 64).into(), 64)?;
        Ok((SegmentNo(no), vec![four.into(), six.into()]))
    };
    (1..=count).map(one).collect()
}

fn configuring(meters: &mut Meters, count: u32) -> Done<()> {
    let service = |no, ports: &str| -> Done<ServiceAt> {
        let address = IpAddr::V4(Ipv4Addr::new(10, 1, 0, 10));
        let ports: PortRange = ports.parse()?;
        Ok(ServiceAt { class: Class::Service(ServiceNo(no)), address, ports: Some(ports) })
    };
    let services = [service(1, "tcp/80")?, service(2, "udp/53")?];
    let places = [("10.1.0.0/24".parse()?, Class::Other), ("0.0.0.0/0".parse()?, Class::Outside)];
    let all = segments(count)?;
    let begin = Instant::now();
    meters.configure(&all, &services, &places)?;
    println!("configuring {count:>6} segments {:>9.1} ms", ms(begin.elapsed()));
    let begin = Instant::now();
    meters.configure(&all, &services, &places)?;
    println!("… nothing new              {:>10.1} ms", ms(begin.elapsed()));
    Ok(())
}

/// A TCP segment from segment 7 to an address.
fn frame(destination: [u8; 4], port: u16) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    frame.extend([0x45, 0, 0, 104, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 16, 7, 1]);
    frame.extend(destination);
    frame.extend(1234u16.to_be_bytes());
    frame.extend(port.to_be_bytes());
    frame.extend([0; 8]);
    frame.extend([0x50, 0x10]);
    frame.resize(14 + 104, 0);
    frame
}

fn programs(pins: &Path) -> Done<()> {
    let program = Trial::open(pins, Direction::Up)?;
    let mut arp = vec![0xff; 60];
    arp[12..14].copy_from_slice(&[0x08, 0x06]);
    let best = |frame: &[u8], merged| -> Done<Duration> {
        let run = |_| program.run(frame, merged, 1_000_000).map(|(_, time)| time);
        let times = (0..5).map(run).collect::<Result<Vec<_>, _>>()?;
        Ok(times.into_iter().min().unwrap_or_default())
    };
    let none = best(&arp, Merged::default())?;
    println!("\nin the program, beyond the {none:?} of one that is no IP:");
    for (name, destination, port, merged) in [
        ("to a service", [10, 1, 0, 10], 80, Merged::default()),
        ("to a service, merged", [10, 1, 0, 10], 80, Merged { size: 10, packets: 7 }),
        ("to the services' network", [10, 1, 0, 77], 80, Merged::default()),
        ("to the outside", [203, 0, 113, 9], 443, Merged::default()),
    ] {
        let time = best(&frame(destination, port), merged)?;
        println!("{name:<26} {:>10} ns", time.saturating_sub(none).as_nanos());
    }
    Ok(())
}

fn sh(line: &str) -> Done<()> {
    let done = Command::new("sh").args(["-c", line]).status()?;
    if done.success() { Ok(()) } else { Err(format!("failed: {line}").into()) }
}

/// Datagrams of 64 bytes from a segment's namespace through the hub's, where they are dropped after
/// routing; all on one processor, so that the time is the whole cost.
fn path(meters: &mut Meters) -> Done<()> {
    let mut one = CpuSet::new();
    one.set(0)?;
    sched_setaffinity(Pid::from_raw(0), &one)?;
    let hub = std::fs::File::open("/proc/thread-self/ns/net")?;
    unshare(CloneFlags::CLONE_NEWNET)?;
    let segment = std::fs::File::open("/proc/thread-self/ns/net")?;
    let far = format!("/proc/{}/task/{}/ns/net", std::process::id(), nix::unistd::gettid());
    setns(&segment, CloneFlags::CLONE_NEWNET)?;
    let maker = std::thread::spawn(move || -> Result<u32, String> {
        setns(&hub, CloneFlags::CLONE_NEWNET).map_err(|errno| errno.to_string())?;
        sh(&format!(
            "ip link add p0 address 02:00:00:00:00:01 type veth peer name e0 netns {far}; \
             ip addr add 10.16.7.254/24 dev p0; ip link set p0 up; \
             sysctl -qw net.ipv4.ip_forward=1; ip route add blackhole 10.1.0.0/16"
        ))
        .map_err(|error| error.to_string())?;
        nix::net::if_::if_nametoindex("p0").map_err(|errno| errno.to_string())
    });
    let port = maker.join().map_err(|_| "the maker of links panicked")??;
    sh(
        "ip addr add 10.16.7.1/24 dev e0; ip link set e0 up; ip route add default via 10.16.7.254; \
        ethtool -K e0 tx-udp-segmentation off >/dev/null; \
        ip neigh replace 10.16.7.254 lladdr 02:00:00:00:00:01 dev e0 nud permanent",
    )?;
    let socket = UdpSocket::bind("10.16.7.1:0")?;
    socket.connect("10.1.0.10:53")?;
    setsockopt(&socket, sockopt::UdpGsoSegment, &36)?;
    pairs(meters, port, &socket)
}

fn pairs(meters: &mut Meters, port: u32, socket: &UdpSocket) -> Done<()> {
    let (mut on, mut off) = (Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        meters.attach(&[]);
        off.push(send(socket)?);
        meters.attach(&[port]);
        on.push(send(socket)?);
    }
    let mut added: Vec<f64> = on.iter().zip(&off).map(|(on, off)| on - off).collect();
    let (on, off, added) = (median(&mut on), median(&mut off), median(&mut added));
    println!("\non a veth path, {PAIRS} pairs of {PACKETS} packets of 64 bytes (medians):");
    println!("without                    {off:>10.0} ns per packet");
    println!("with                       {on:>10.0} ns per packet");
    println!("added                      {added:>10.0} ns per packet");
    Ok(())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn send(socket: &UdpSocket) -> Done<f64> {
    let payload = [7u8; 36 * BATCH];
    // Of this thread: what others do on the processor meanwhile is not counted.
    let begin = ClockId::CLOCK_THREAD_CPUTIME_ID.now()?;
    for _ in 0..PACKETS / BATCH {
        socket.send(&payload)?;
    }
    let time = Duration::from(ClockId::CLOCK_THREAD_CPUTIME_ID.now()? - begin);
    Ok(time.as_secs_f64() * 1e9 / PACKETS as f64)
}

fn reading(pins: &Path, meters: &mut Meters) -> Done<()> {
    let mut all = Vec::new();
    for segment in (1..=SEGMENTS).map(SegmentNo) {
        for class in (0..32).map(Class::from_code) {
            for direction in [Direction::Up, Direction::Down] {
                all.push(Counter { segment, class, direction, bytes: 1_000_000, packets: 1_000 });
            }
        }
    }
    trial::overwrite(pins, &all)?;
    println!("\nreading {} totals of {SEGMENTS} segments:", all.len());
    let mut out = Vec::with_capacity(all.len() + 1);
    let mut timed = |name: &str, changed: bool| {
        let mut times = Vec::new();
        for _ in 0..20 {
            out.clear();
            let begin = Instant::now();
            let _ = if changed { meters.read_changed(&mut out) } else { meters.read(&mut out) };
            times.push(ms(begin.elapsed()));
        }
        let worst = times.iter().copied().fold(0.0, f64::max);
        println!("{name:<26} {:>10.2} ms (worst {worst:.2})", median(&mut times));
    };
    timed("all", false);
    timed("those that changed: none", true);
    Ok(())
}
