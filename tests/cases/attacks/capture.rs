//! A foreign capture on somebody's own link, and whose packets are in it.

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::field::{Field, Place};
use crate::support::{Lab, wait_for};

/// The first text of every attack (`attacks/shot.py`).
const MARK: &[u8] = b"ets-attack/";
/// The sequence number of an attack by TCP of the first kind; those of the others follow, so far apart
/// that an answer that counts on still names its kind.
const SEQUENCE: u32 = 0x4554_0000;
const APART: u32 = 256;
/// The header of a file of pcap, and of each frame in it (pcap-savefile(5)).
const FILE_HEADER: usize = 24;
const FRAME_HEADER: usize = 16;

/// Instead of a kind, where only the port or the address tells who sends.
pub(super) const BY_PORT: &str = "its port";
/// See [`BY_PORT`].
pub(super) const BY_ADDRESS: &str = "its address";

/// What a frame tells of who sent it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sight {
    /// Who: a segment, `services`, `external` or `hub`.
    pub(super) from: String,
    /// By which attack, where that can be seen.
    pub(super) kind: String,
}

/// A tcpdump that runs; it ends with this.
pub(super) struct Capture {
    child: Child,
    file: PathBuf,
}

impl Capture {
    /// Everything that arrives at a place from the hub.
    #[track_caller]
    pub(super) fn start(lab: &Lab, place: &Place) -> Self {
        let file = lab.path().join(format!("{}.pcap", place.id));
        let child = crate::support::program("ip")
            .args(["netns", "exec", &place.netns, "tcpdump", "-i", &place.device, "-Q", "in"])
            .args(["-s", "0", "-B", "8192", "-U", "--immediate-mode", "-Z", "root", "-w"])
            .arg(&file)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("tcpdump starts");
        Self { child, file }
    }

    /// Waits until it listens.
    #[track_caller]
    pub(super) fn await_start(&self) {
        wait_for("a capture", Duration::from_secs(20), Duration::from_millis(10), || {
            let length = fs::metadata(&self.file).ok()?.len();
            (length >= FILE_HEADER as u64).then_some(())
        });
    }

    /// Ends it; its frames.
    #[track_caller]
    pub(super) fn frames(mut self) -> Vec<Vec<u8>> {
        Lab::signal(i64::from(self.child.id()), Signal::SIGINT);
        self.child.wait().expect("tcpdump ends");
        split(&fs::read(&self.file).expect("tcpdump wrote its file"))
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn split(file: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = file.get(FILE_HEADER..).unwrap_or_default();
    let mut frames = Vec::new();
    while let Some(length) = rest.get(8..12).and_then(|bytes| bytes.first_chunk()) {
        let end = FRAME_HEADER + u32::from_le_bytes(*length) as usize;
        let Some(frame) = rest.get(FRAME_HEADER..end) else { break };
        frames.push(frame.to_vec());
        rest = &rest[end..];
    }
    frames
}

/// Whose the frame is: by the text that an attack carries, by an attack's port, by the address of a
/// segment as its source. `kinds` by their numbers.
pub(super) fn sights(frame: &[u8], field: &Field, kinds: &[&str]) -> BTreeSet<Sight> {
    let mut found: BTreeSet<Sight> = marks(frame).collect();
    let header = Header::read(frame);
    if let Some((from, kind)) = header.and_then(|header| by_port(&header, field, kinds))
        && found.is_empty()
    {
        found.insert(Sight { from, kind });
    }
    if answers_nobody(frame) {
        let kind = "arp-nobody-with-targets-hardware".to_owned();
        found.insert(Sight { from: "a neighbour".to_owned(), kind });
    }
    let source = header.and_then(|header| field.by_address(header.source));
    let claimed = speaks_for(frame).and_then(|address| field.by_address(address));
    for place in [source, claimed].into_iter().flatten() {
        if found.iter().all(|sight| sight.from != place.id) {
            found.insert(Sight { from: place.id.clone(), kind: BY_ADDRESS.to_owned() });
        }
    }
    found
}

/// `ets-attack/KIND/FROM/TO;`, wherever it stands.
fn marks(frame: &[u8]) -> impl Iterator<Item = Sight> + '_ {
    let starts = frame.windows(MARK.len()).enumerate().filter(|(_, window)| *window == MARK);
    starts.filter_map(|(at, _)| {
        let text = &frame[at + MARK.len()..];
        let text = String::from_utf8_lossy(&text[..text.len().min(96)]).into_owned();
        let (kind, rest) = text.split_once('/')?;
        let (from, _) = rest.split_once('/')?;
        Some(Sight { from: from.to_owned(), kind: kind.to_owned() })
    })
}

/// What matters of the network header and of what it carries.
#[derive(Clone, Copy)]
struct Header<'a> {
    source: IpAddr,
    protocol: u8,
    carried: &'a [u8],
}

impl<'a> Header<'a> {
    fn read(frame: &'a [u8]) -> Option<Self> {
        let (kind, packet) = payload(frame)?;
        match kind {
            0x0800 => {
                let header = usize::from(packet.first()? & 15) * 4;
                let source: [u8; 4] = *packet.get(12..)?.first_chunk()?;
                let first = u16::from_be_bytes(*packet.get(6..)?.first_chunk()?) & 0x1fff == 0;
                let carried = packet.get(header..).filter(|_| first).unwrap_or_default();
                Some(Self { source: source.into(), protocol: packet[9], carried })
            }
            0x86dd => {
                let source: [u8; 16] = *packet.get(8..)?.first_chunk()?;
                let carried = packet.get(40..).unwrap_or_default();
                Some(Self { source: source.into(), protocol: packet[6], carried })
            }
            _ => None,
        }
    }
}

/// The type behind any tags, and what follows it.
fn payload(frame: &[u8]) -> Option<(u16, &[u8])> {
    let mut rest = frame.get(12..)?;
    loop {
        let kind = u16::from_be_bytes(*rest.first_chunk()?);
        match kind {
            0x8100 | 0x88a8 => rest = rest.get(4..)?,
            _ => return Some((kind, &rest[2..])),
        }
    }
}

fn by_port(header: &Header<'_>, field: &Field, kinds: &[&str]) -> Option<(String, String)> {
    if !matches!(header.protocol, 6 | 17) {
        return None;
    }
    let number =
        |at: usize| header.carried.get(at..).and_then(|bytes| bytes.first_chunk().copied());
    let ports = [number(0), number(2)].into_iter().flatten().map(u16::from_be_bytes);
    let from = ports.into_iter().find_map(|port| field.by_port(port))?.to_owned();
    let wide = |at: usize| header.carried.get(at..).and_then(|bytes| bytes.first_chunk().copied());
    let sequences = [wide(4), wide(8)].into_iter().flatten().map(u32::from_be_bytes);
    let kind = sequences.filter(|_| header.protocol == 6).find_map(|sequence| {
        let number = sequence.checked_sub(SEQUENCE)? / APART;
        kinds.get(usize::try_from(number).ok()?).copied()
    });
    Some((from, kind.unwrap_or(BY_PORT).to_owned()))
}

/// An answer of ARP to who has no address: only an attack makes the hub send it here.
fn answers_nobody(frame: &[u8]) -> bool {
    payload(frame).is_some_and(|(kind, packet)| {
        kind == 0x0806 && packet.get(6..8) == Some(&[0, 2]) && packet.get(24..28) == Some(&[0; 4])
    })
}

/// The address for which a packet of ARP, or an advertisement of a neighbour, speaks.
fn speaks_for(frame: &[u8]) -> Option<IpAddr> {
    let (kind, packet) = payload(frame)?;
    match kind {
        0x0806 => packet.get(14..)?.first_chunk::<4>().map(|four| (*four).into()),
        0x86dd if packet.get(6) == Some(&58) && packet.get(40) == Some(&136) => {
            packet.get(48..)?.first_chunk::<16>().map(|six| (*six).into())
        }
        _ => None,
    }
}
