//! slowhttptest: Slowloris, slow bodies, slow readers and many ranges, all at once, against the open
//! part, where the service is reached without a certificate. `ETS_SIZE=full` takes more of them.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use ets_access::Route;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Watch, witness::Witness};
use crate::bed::Bed;

/// The proxy's deadlines here, shorter than as a rule.
const PATIENCE: Duration = Duration::from_secs(2);
/// What is read slowly, in bytes: more than the kernel takes off the proxy.
const LARGE: usize = 16 << 20;

/// A way of being slow, with its path and its switches.
const WAYS: [(&str, &str, &[&str]); 4] = [
    ("heads", "/", &["-H", "-x", "24"]),
    ("bodies", "/", &["-B", "-s", "8192", "-x", "10"]),
    ("ranges", "/", &["-R", "-a", "10", "-b", "3000"]),
    ("readers", "/large", &["-X", "-w", "10", "-y", "20", "-n", "5", "-z", "32", "-k", "3"]),
];

/// What slowhttptest saw.
struct Seen {
    /// Why it ended.
    end: String,
    /// Its connections that stood at once, at the most.
    most: u32,
    seconds: usize,
    /// Seconds in which others were served.
    served: usize,
}

/// covers: T-8 (slowhttptest)
#[tokio::test(flavor = "multi_thread")]
async fn who_is_slow_on_purpose_is_cut_off_and_others_are_served() {
    let full = std::env::var("ETS_SIZE").is_ok_and(|size| size == "full");
    // The tool takes its time to open them all; then it goes on for so many seconds.
    let (count, lasts) = if full { (400, "40") } else { (100, "10") };
    println!("size: {count} connections in each of {} ways", WAYS.len());
    let (service, large) = (Witness::start().await, large().await);
    let bed = Bed::over(vec![service.address], |config| {
        // The tool names no host that is not resolved.
        config.open_names.push("localhost".to_owned());
        let prefix = "/large".to_owned();
        config.routes.push(Route {
            prefix,
            open: true,
            upstreams: vec![large],
            ..Route::default()
        });
        config.bounds.per_address = 8 * count;
        config.bounds.limits.connections = 8 * count;
        (config.bounds.handshakes, config.bounds.handshakes_per_address) = (8 * count, 8 * count);
        config.bounds.limits.request_head = PATIENCE;
        config.bounds.idle = PATIENCE;
        (config.bounds.stall, config.bounds.body) = (PATIENCE, PATIENCE);
        for route in &mut config.routes {
            route.timeouts.upload = PATIENCE;
        }
    });
    let (watch, begun) = (Watch::begin("slowhttptest"), Instant::now());
    let attacks = WAYS.map(|(name, path, switches)| {
        let (file, port) = (bed.dir.path().join(name), bed.address.port());
        let url = format!("https://localhost:{port}{path}");
        tokio::task::spawn_blocking(move || (name, attack(&file, &url, switches, (count, lasts))))
    });
    let cut = || bed.access.counters().stalled.load(Ordering::Relaxed);
    crate::bed::wait_for("the end of those who do not read", || {
        cut() > 0 && begun.elapsed() > 3 * PATIENCE && bed.access.figures().streams == 0
    })
    .await;
    println!("{} cut off that took no answer, {:?} after the beginning", cut(), begun.elapsed());
    for attack in attacks {
        let (name, Seen { end, most, seconds, served }) = attack.await.unwrap();
        println!("slow {name}: at most {most} of {count} at once; after {seconds} s: {end}");
        // Who hardly reads hardly hears that it is over.
        let is_over = end == "No open connections left" || name == "readers";
        assert!(is_over, "slow {name}: {end}");
        assert_eq!(served, seconds, "slow {name}: others are served");
    }
    // What a reader who does not read makes the proxy hold is bounded.
    watch.end(32 + 3 * count / 2);
    assert!(service.take().iter().all(|one| one.all("x-ets-person").is_empty()));
    assert_eq!(bed.ask(&[], "/").await.0, 204);
}

/// One attack, up to its end.
fn attack(file: &Path, url: &str, switches: &[&str], (count, lasts): (usize, &str)) -> Seen {
    let mut tool = Command::new("slowhttptest");
    let count = count.to_string();
    tool.args(switches).args(["-c", &count, "-r", &count, "-i", "1", "-l", lasts, "-p", "5"]);
    tool.args(["-v", "1", "-g", "-u", url, "-o"]).arg(file);
    let output = tool.output().expect("slowhttptest: run `scripts/setup.sh test`");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let end = ["No open connections left", "Hit test time limit"].map(str::to_owned);
    let end = end.into_iter().find(|end| said.contains(end)).unwrap_or(said);
    let table = std::fs::read_to_string(file.with_extension("csv")).expect(&end);
    // Second, closed, pending, connected, and 1,000 where others are served.
    let lines: Vec<Vec<u32>> = table
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|figure| figure.trim().parse().expect(line)).collect())
        .collect();
    let most = lines.iter().map(|line| line[3]).max().unwrap();
    let served = lines.iter().filter(|line| line[4] > 0).count();
    Seen { end, most, seconds: lines.len(), served }
}

/// A service with a large answer.
async fn large() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(answer(stream));
        }
    });
    address
}

async fn answer(mut stream: TcpStream) {
    let mut part = [0; 4096];
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n");
    // Each request comes in one piece.
    while let Ok(1..) = stream.read(&mut part).await {
        drop(stream.write_all(head.as_bytes()).await);
        for _ in 0..LARGE / part.len() {
            if stream.write_all(&part).await.is_err() {
                return;
            }
        }
    }
}
