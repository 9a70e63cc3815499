//! The round-trip times against tcpdump's packet stamps on the same link.

use std::collections::HashMap;
use std::fs;
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::Outcome;
use crate::star::{Star, address};

/// One packet of the capture.
struct Captured {
    at: u64,
    kind: u8,
    remote: Ipv4Addr,
    echo: u32,
}

/// Probes beside tcpdump and compares probe by probe.
pub(crate) fn judge(star: &Star, targets: u32, seconds: u32) -> Outcome {
    let folder = std::env::temp_dir();
    let capture = folder.join(format!("{}.pcap", star.hub));
    let log = folder.join(format!("{}.log", star.hub));
    let mut tcpdump = Star::command(&star.hub, "tcpdump")
        .args(["-n", "-i", "wire", "-s", "64", "-B", "131072", "--time-stamp-precision=nano"])
        .args(["-Z", "root", "-w", &capture.to_string_lossy(), "icmp"])
        .stderr(Stdio::null())
        .spawn()?;
    std::thread::sleep(Duration::from_secs(1));
    let log_name = log.to_string_lossy().into_owned();
    let ours =
        star.worker("worker-ours", targets, seconds, &["v4", "--log", &log_name])?.result()?;
    std::thread::sleep(Duration::from_millis(500));
    kill(Pid::from_raw(i32::try_from(tcpdump.id())?), Signal::SIGINT)?;
    tcpdump.wait()?;
    let truth = round_trips(&read_capture(&fs::read(&capture)?));
    let (errors, matched) = compare(&fs::read_to_string(&log)?, &truth);
    fs::remove_file(&capture)?;
    fs::remove_file(&log)?;
    println!("RTT against tcpdump at {targets} probes a second, {seconds} s");
    println!("  ours   {ours}");
    println!("  {matched} probes matched; error in us: {}", quantiles(errors));
    println!("  (goal: p99 under 50)");
    Ok(())
}

/// For each address the round-trip times in the order of the requests; `None` where no reply was
/// captured.
fn round_trips(packets: &[Captured]) -> HashMap<Ipv4Addr, Vec<(u64, Option<u64>)>> {
    let mut all: HashMap<Ipv4Addr, Vec<(u64, Option<u64>)>> = HashMap::new();
    let mut open: HashMap<(Ipv4Addr, u32), usize> = HashMap::new();
    for packet in packets {
        let list = all.entry(packet.remote).or_default();
        match packet.kind {
            8 => {
                open.insert((packet.remote, packet.echo), list.len());
                list.push((packet.at, None));
            }
            0 => {
                if let Some(index) = open.remove(&(packet.remote, packet.echo)) {
                    list[index].1 = Some(packet.at - list[index].0);
                }
            }
            _ => {}
        }
    }
    all
}

fn compare(log: &str, truth: &HashMap<Ipv4Addr, Vec<(u64, Option<u64>)>>) -> (Vec<i64>, usize) {
    let mut next: HashMap<u32, usize> = HashMap::new();
    let mut errors = Vec::new();
    for line in log.lines() {
        let mut words = line.split(' ').map(|word| word.parse::<u64>().unwrap_or(0));
        let slot = u32::try_from(words.next().unwrap_or(0)).unwrap_or(0);
        let rtt = words.nth(1).unwrap_or(0);
        let place = next.entry(slot).or_default();
        let std::net::IpAddr::V4(remote) = address(slot, "v4") else { continue };
        let found = truth.get(&remote).and_then(|list| list.get(*place));
        *place += 1;
        if let Some((_, Some(true_rtt))) = found {
            errors.push(i64::try_from(rtt).unwrap_or(0) - i64::try_from(*true_rtt).unwrap_or(0));
        }
    }
    let matched = errors.len();
    (errors, matched)
}

fn quantiles(mut errors: Vec<i64>) -> String {
    if errors.is_empty() {
        return "none".to_owned();
    }
    let mean = errors.iter().sum::<i64>() as f64 / errors.len() as f64 / 1e3;
    errors.sort_unstable_by_key(|error| error.abs());
    let at = |share: f64| {
        let index = ((errors.len() - 1) as f64 * share) as usize;
        errors[index].abs() as f64 / 1e3
    };
    format!(
        "mean {mean:+.2}, |p50| {:.1}, |p90| {:.1}, |p99| {:.1}, |p99.9| {:.1}, |max| {:.1}",
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        at(1.0)
    )
}

/// Reads a pcap file with nanosecond stamps, of Ethernet frames.
fn read_capture(bytes: &[u8]) -> Vec<Captured> {
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let mut packets = Vec::new();
    let mut at = 24;
    while at + 16 <= bytes.len() {
        let stamp = u64::from(word(at)) * 1_000_000_000 + u64::from(word(at + 4));
        let length = word(at + 8) as usize;
        if let Some(frame) = bytes.get(at + 16..at + 16 + length) {
            packets.extend(read_frame(stamp, frame));
        }
        at += 16 + length;
    }
    packets
}

fn read_frame(at: u64, frame: &[u8]) -> Option<Captured> {
    let ip = frame.get(14..)?;
    let icmp = ip.get(20..28)?;
    let kind = icmp[0];
    let remote = if kind == 8 { &ip[16..20] } else { &ip[12..16] };
    let remote: [u8; 4] = remote.try_into().ok()?;
    let echo = u32::from_be_bytes(icmp[4..8].try_into().ok()?);
    Some(Captured { at, kind, remote: remote.into(), echo })
}
