//! Floods over HTTP/2 from one connection: what the proxy holds of them, and whether it serves others
//! meanwhile. `ETS_SIZE=full` takes ten times as many frames.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Watch, memory};
use crate::bed::Bed;

/// How long a flood goes on at the most, whatever is left of it.
const LASTS: Duration = Duration::from_secs(4);
/// Others get their answer so soon, builds without optimisation included.
const SOON: Duration = Duration::from_secs(2);
/// What a flood may take of memory, the client's half included, in bytes.
const MOST: usize = 24 << 20;

/// A kind of flood.
struct Flood {
    name: &'static str,
    /// What comes before it, and the part of this number.
    begin: fn() -> Vec<u8>,
    part: fn(u32) -> Vec<u8>,
    /// Whether the client reads what it is told.
    reads: bool,
}

const FLOODS: &[Flood] = &[
    // CVE-2023-44487
    Flood { name: "rapid reset", begin: nothing, part: reset, reads: true },
    // CVE-2025-8671: the server is made to reset, by windows that grow by nothing.
    Flood { name: "made you reset", begin: nothing, part: made_to_reset, reads: true },
    // CVE-2024-27316
    Flood { name: "continuation", begin: open_head, part: continuation, reads: true },
    Flood { name: "empty continuation", begin: open_head, part: empty_continuation, reads: true },
    // CVE-2019-9512 and 9515: answers that nobody takes.
    Flood { name: "ping", begin: nothing, part: ping, reads: false },
    Flood { name: "settings", begin: nothing, part: settings, reads: false },
    // CVE-2019-9514: resets that nobody takes.
    Flood { name: "broken heads", begin: nothing, part: broken_head, reads: false },
    // CVE-2019-9518
    Flood { name: "empty data", begin: open_body, part: empty_data, reads: true },
    // CVE-2019-9513
    Flood { name: "priority", begin: nothing, part: priority, reads: true },
    Flood { name: "window", begin: nothing, part: window, reads: true },
    // CVE-2016-6581: a table's entry, ten thousand times in each head.
    Flood { name: "HPACK bomb", begin: nothing, part: bomb, reads: true },
    // CVE-2019-9517: answers for which there is never room.
    Flood { name: "no room", begin: no_room, part: large, reads: false },
];

/// covers: T-8 (HTTP/2: rapid reset, continuations, floods of control frames, HPACK bomb)
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_over_http2_takes_little_and_others_are_served() {
    let full = std::env::var("ETS_SIZE").is_ok_and(|size| size == "full");
    let count: u32 = if full { 3_000_000 } else { 300_000 };
    println!("size: {count} frames of each kind, at most {LASTS:?}");
    let bed = Bed::start(|config| config.bounds.stall = Duration::from_secs(1)).await;
    assert_eq!(bed.ask_as(Some("bolat"), &[], "https://closed.example/").await.0, 200);
    let watch = Watch::begin("floods");
    for flood in FLOODS {
        let before = memory("VmRSS:");
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let (sent, other) = tokio::join!(run(&bed, flood, count), meanwhile(&bed));
        let more = memory("VmHWM:").saturating_sub(before);
        println!("{}: {sent}; {} KiB more; others after {other:?}", flood.name, more >> 10);
        assert!(more < MOST, "{}: {more} bytes more", flood.name);
        assert!(other < SOON, "{}: others after {other:?}", flood.name);
        crate::bed::wait_for("its end", || bed.connections.is_empty()).await;
        assert_eq!(bed.access.figures().streams, 0, "{}", flood.name);
    }
    watch.end(64);
    assert_eq!(bed.ask(&[], "/").await.0, 200, "and its sender may come again");
}

/// How soon somebody else is answered while it goes on.
async fn meanwhile(bed: &Bed) -> Duration {
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    let (status, _) = bed.ask_as(Some("bolat"), &[], "https://closed.example/").await;
    assert_eq!(status, 200);
    begun.elapsed()
}

/// Sends a flood until its end, ours or the proxy's. Says what came of it.
async fn run(bed: &Bed, flood: &Flood, count: u32) -> String {
    let stream = bed.tls("aigul", "h2", "closed.example").await;
    let (mut reader, mut writer) = tokio::io::split(stream);
    let begun = Instant::now();
    let mut sent = 0;
    let sending = async {
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        bytes.extend(frame(4, 0, 0, &[]));
        bytes.extend((flood.begin)());
        while sent < count {
            while sent < count && bytes.len() < 32 << 10 {
                bytes.extend((flood.part)(sent));
                sent += 1;
            }
            writer.write_all(&bytes).await?;
            bytes.clear();
        }
        writer.flush().await
    };
    let hearing = async {
        let mut part = [0; 16 << 10];
        while flood.reads && matches!(reader.read(&mut part).await, Ok(1..)) {}
    };
    let both = async {
        tokio::select! {
            () = hearing, if flood.reads => "it was cut off",
            sent = sending => match sent {
                Ok(()) => "all of it was taken",
                Err(_) => "it was cut off",
            },
        }
    };
    let came = tokio::time::timeout(LASTS, Box::pin(both)).await;
    let came = came.unwrap_or("it got stuck");
    format!("{came} after {sent} parts and {} ms", begun.elapsed().as_millis())
}

/// `:method GET, :scheme https, :path /, :authority` (RFC 7541, appendix A).
fn head(path: &[u8]) -> Vec<u8> {
    let path = [&[0x44, u8::try_from(path.len()).unwrap()], path].concat();
    [&[0x82, 0x87][..], &path, &[0x41, 14], b"closed.example"].concat()
}

fn nothing() -> Vec<u8> {
    Vec::new()
}

fn reset(number: u32) -> Vec<u8> {
    let id = 2 * number + 1;
    [frame(1, 0x5, id, &head(b"/")), frame(3, 0, id, &8_u32.to_be_bytes())].concat()
}

fn made_to_reset(number: u32) -> Vec<u8> {
    let id = 2 * number + 1;
    [frame(1, 0x5, id, &head(b"/")), frame(8, 0, id, &[0; 4])].concat()
}

fn open_head() -> Vec<u8> {
    frame(1, 0x1, 1, &head(b"/"))
}

fn continuation(_: u32) -> Vec<u8> {
    frame(9, 0, 1, b"\0\x01x\x10aaaaaaaaaaaaaaaa")
}

fn empty_continuation(_: u32) -> Vec<u8> {
    frame(9, 0, 1, &[])
}

fn ping(number: u32) -> Vec<u8> {
    frame(6, 0, 0, &u64::from(number).to_be_bytes())
}

fn settings(number: u32) -> Vec<u8> {
    let room = (65_535 + number % 2).to_be_bytes();
    frame(4, 0, 0, &[&[0, 4][..], &room].concat())
}

/// A name in capitals (RFC 9113, section 8.2.1).
fn broken_head(number: u32) -> Vec<u8> {
    frame(1, 0x5, 2 * number + 1, &[&head(b"/")[..], b"\0\x01X\x01a"].concat())
}

fn open_body() -> Vec<u8> {
    let mut head = head(b"/count");
    head[0] = 0x83;
    frame(1, 0x4, 1, &head)
}

fn empty_data(_: u32) -> Vec<u8> {
    frame(0, 0, 1, &[])
}

fn priority(number: u32) -> Vec<u8> {
    frame(2, 0, 2 * number + 1, &[0, 0, 0, 0, 16])
}

fn window(_: u32) -> Vec<u8> {
    frame(8, 0, 0, &1_u32.to_be_bytes())
}

/// A header of 4,000 bytes goes into the table and is named again and again.
fn bomb(number: u32) -> Vec<u8> {
    let mut block = head(b"/");
    if number == 0 {
        // A literal that is to be indexed: x, 4,000 bytes (RFC 7541, sections 5.1 and 6.2.1).
        block.extend(b"\x40\x01x\x7f\xa1\x1e");
        block.extend([b'a'; 4_000]);
    }
    block.extend([0x80 | 62; 10_000]);
    frame(1, 0x5, 2 * number + 1, &block)
}

/// The window of new streams is 0 (RFC 9113, section 6.5.2).
fn no_room() -> Vec<u8> {
    frame(4, 0, 0, &[0, 4, 0, 0, 0, 0])
}

fn large(number: u32) -> Vec<u8> {
    frame(1, 0x5, 2 * number + 1, &head(b"/large"))
}

/// A frame (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, body].concat()
}
