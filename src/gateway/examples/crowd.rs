//! The other ends of the gateway's benches: clients and a host that are the same for every proxy.
//!
//! `crowd host ADDRESS` serves until it is ended. The others are `crowd KIND VIA HOST …`, where `VIA`
//! is `direct:`, `fixed:ADDRESS`, `connect:ADDRESS` or `socks:ADDRESS`, with `@FROM` behind it where
//! the client has an address of its own (`@10.10.1.2`):
//!
//! - `bulk VIA HOST STREAMS MIB`: so much from the host, over so many connections at once
//! - `short VIA HOST COUNT AT_ONCE`: connections with one small exchange each
//! - `steady VIA HOST RATE COUNT`: exchanges on open connections at an even pace
//! - `opened VIA HOST RATE COUNT`: the same, a connection for each
//! - `hold VIA HOST COUNT SOURCES`: connections that rest, from so many addresses; says `held`, and at
//!   a line of input how many still answer
//!
//! The results are one line of JSON: `count`, `failed`, `seconds`, `p50_us`, `p99_us`, `max_us`.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::sockopt::IpBindAddressNoPort;
use nix::sys::socket::{MsgFlags, recv, setsockopt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

type Fault = Box<dyn Error + Send + Sync>;

/// A small answer, and a write of a large one.
const SMALL: usize = 200;
const LARGE: usize = 256 << 10;
/// How long a connection with all that is asked over it may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(20);
const BACKLOG: u32 = 4096;

fn main() -> Result<(), Fault> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        match words[..] {
            ["host", at] => host(at.parse()?).await,
            ["bulk", via, to, streams, mib] => {
                bulk(Via::read(via, to)?, streams.parse()?, mib.parse()?).await
            }
            ["short", via, to, count, at_once] => {
                short(Via::read(via, to)?, count.parse()?, at_once.parse()?).await
            }
            ["steady", via, to, rate, count] => {
                steady(Via::read(via, to)?, rate.parse()?, count.parse()?).await
            }
            ["opened", via, to, rate, count] => {
                opened(Via::read(via, to)?, rate.parse()?, count.parse()?).await
            }
            ["hold", via, to, count, sources] => {
                hold(Via::read(via, to)?, count.parse()?, sources.parse()?).await
            }
            _ => Err("see the head of this example".into()),
        }
    })
}

/// By which way the host is reached.
#[derive(Clone, Copy, Debug)]
struct Via {
    speaks: Speaks,
    proxy: SocketAddr,
    host: SocketAddr,
    /// The first address of clients, and how many there are.
    from: Option<(Ipv4Addr, u32)>,
}

/// Whose turn it is.
static TURN: AtomicU32 = AtomicU32::new(0);

#[derive(Clone, Copy, Debug)]
enum Speaks {
    Nothing,
    Http,
    Socks,
}

impl Via {
    fn read(text: &str, host: &str) -> Result<Self, Fault> {
        let (text, from) = text.split_once('@').unwrap_or((text, ""));
        let (kind, proxy) = text.split_once(':').ok_or("VIA is KIND:ADDRESS")?;
        let host: SocketAddr = host.parse()?;
        let speaks = match kind {
            "direct" | "fixed" => Speaks::Nothing,
            "connect" => Speaks::Http,
            "socks" => Speaks::Socks,
            _ => return Err("there is no such way".into()),
        };
        let proxy = if proxy.is_empty() { host } else { proxy.parse()? };
        let (first, count) = from.split_once('+').unwrap_or((from, "1"));
        let from = if from.is_empty() { None } else { Some((first.parse()?, count.parse()?)) };
        Ok(Self { speaks, proxy, host, from })
    }

    async fn open(&self) -> Result<TcpStream, Fault> {
        let socket = TcpSocket::new_v4()?;
        if let Some((first, count)) = self.from {
            let turn = TURN.fetch_add(1, Ordering::Relaxed) % count;
            let from = Ipv4Addr::from(u32::from(first) + turn);
            // Its port is chosen when it is known whereto: many times as many are to be had.
            setsockopt(&socket, IpBindAddressNoPort, &true)?;
            socket.bind((from, 0).into())?;
        }
        let mut stream = socket.connect(self.proxy).await?;
        stream.set_nodelay(true)?;
        let (host, mut heard) = (self.host, [0; 256]);
        match self.speaks {
            Speaks::Nothing => {}
            Speaks::Http => {
                let head = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n");
                stream.write_all(head.as_bytes()).await?;
                let mut length = 0;
                while !heard[..length].ends_with(b"\r\n\r\n") {
                    let read = stream.read(&mut heard[length..]).await?;
                    if read == 0 {
                        return Err("no answer".into());
                    }
                    length += read;
                }
                if !heard.starts_with(b"HTTP/1.1 200") {
                    return Err("refused".into());
                }
            }
            Speaks::Socks => {
                stream.write_all(&[5, 1, 0]).await?;
                stream.read_exact(&mut heard[..2]).await?;
                let SocketAddr::V4(host) = host else { return Err("IPv4 only".into()) };
                let mut ask = vec![5, 1, 0, 1];
                ask.extend(host.ip().octets());
                ask.extend(host.port().to_be_bytes());
                stream.write_all(&ask).await?;
                stream.read_exact(&mut heard[..10]).await?;
                if heard[1] != 0 {
                    return Err("refused".into());
                }
            }
        }
        Ok(stream)
    }

    /// A connection, one exchange, and the end of it.
    async fn once(&self) -> Result<(), Fault> {
        let whole = async {
            let mut stream = self.open().await?;
            exchange(&mut stream).await
        };
        tokio::time::timeout(PATIENCE, whole).await?
    }
}

/// Asks for so many octets.
async fn ask(stream: &mut TcpStream, octets: u64) -> Result<(), Fault> {
    let mut question = [0; 16];
    question[..8].copy_from_slice(&octets.to_be_bytes());
    Ok(stream.write_all(&question).await?)
}

async fn exchange(stream: &mut TcpStream) -> Result<(), Fault> {
    ask(stream, SMALL as u64).await?;
    stream.read_exact(&mut [0; SMALL]).await?;
    Ok(())
}

/// Sends as many octets as each question of sixteen asks for.
async fn host(at: SocketAddr) -> Result<(), Fault> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(at)?;
    let listener = socket.listen(BACKLOG)?;
    println!("ready");
    let answer: Arc<[u8]> = vec![7; LARGE].into();
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { continue };
        stream.set_nodelay(true)?;
        let answer = Arc::clone(&answer);
        tokio::spawn(async move {
            let mut question = [0; 16];
            while stream.read_exact(&mut question).await.is_ok() {
                let asked = question.first_chunk().map_or(0, |first| u64::from_be_bytes(*first));
                let mut left = usize::try_from(asked).unwrap_or(usize::MAX);
                while left > 0 {
                    match stream.write(&answer[..left.min(answer.len())]).await {
                        Ok(wrote) => left -= wrote,
                        Err(_) => return,
                    }
                }
            }
        });
    }
}

async fn bulk(via: Via, streams: u64, mib: u64) -> Result<(), Fault> {
    let (begun, each) = (Instant::now(), (mib << 20) / streams);
    let mut all = JoinSet::new();
    for _ in 0..streams {
        all.spawn(async move {
            let mut stream = via.open().await?;
            ask(&mut stream, each).await?;
            let (mut left, mut none) = (each, vec![0; LARGE]);
            while left > 0 {
                stream.readable().await?;
                // The kernel throws it away: the client is not to be what is slow.
                let read = stream.try_io(Interest::READABLE, || {
                    Ok(recv(
                        stream.as_raw_fd(),
                        &mut none,
                        MsgFlags::MSG_TRUNC | MsgFlags::MSG_DONTWAIT,
                    )?)
                });
                match read {
                    Ok(0) => return Err("it ended early".into()),
                    Ok(read) => left -= read as u64,
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Ok::<_, Fault>(())
        });
    }
    while let Some(one) = all.join_next().await {
        one??;
    }
    tell(vec![begun.elapsed()], 0, begun.elapsed());
    Ok(())
}

async fn short(via: Via, count: usize, at_once: usize) -> Result<(), Fault> {
    let begun = Instant::now();
    let mut lanes = JoinSet::new();
    for lane in 0..at_once {
        let mine = count / at_once + usize::from(lane < count % at_once);
        lanes.spawn(async move {
            let (mut times, mut failed) = (Vec::with_capacity(mine), 0);
            for _ in 0..mine {
                let asked = Instant::now();
                match via.once().await {
                    Ok(()) => times.push(asked.elapsed()),
                    Err(_) => failed += 1,
                }
            }
            (times, failed)
        });
    }
    let (mut times, mut failed) = (Vec::new(), 0);
    while let Some(one) = lanes.join_next().await {
        let (some, bad) = one?;
        times.extend(some);
        failed += bad;
    }
    tell(times, failed, begun.elapsed());
    Ok(())
}

/// Each exchange has its moment; one that is late delays no other (no coordinated omission).
async fn steady(via: Via, rate: u32, count: u32) -> Result<(), Fault> {
    const LANES: u32 = 16;
    let begun = Instant::now() + Duration::from_millis(500);
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        let mut stream = via.open().await?;
        exchange(&mut stream).await?;
        lanes.spawn(async move {
            let mut times = Vec::new();
            for at in (lane..count).step_by(LANES as usize) {
                tokio::time::sleep_until((begun + Duration::from_secs(1) * at / rate).into()).await;
                let asked = Instant::now();
                exchange(&mut stream).await?;
                times.push(asked.elapsed());
            }
            Ok::<_, Fault>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(lane) = lanes.join_next().await {
        times.extend(lane??);
    }
    tell(times, 0, begun.elapsed());
    Ok(())
}

async fn opened(via: Via, rate: u32, count: u32) -> Result<(), Fault> {
    let begun = Instant::now() + Duration::from_millis(100);
    let mut all = JoinSet::new();
    let (mut times, mut failed) = (Vec::new(), 0);
    let mut take = |one: Result<Result<Duration, String>, _>| match one {
        Ok(Ok(time)) => times.push(time),
        Ok(Err(why)) => {
            if failed == 0 {
                eprintln!("the first that failed: {why}");
            }
            failed += 1;
        }
        Err::<_, tokio::task::JoinError>(_) => failed += 1,
    };
    for at in 0..count {
        let due = begun + Duration::from_secs(1) * at / rate;
        if due > Instant::now() {
            tokio::time::sleep_until(due.into()).await;
        }
        all.spawn(async move {
            via.once().await.map(|()| due.elapsed()).map_err(|error| error.to_string())
        });
        while let Some(one) = all.try_join_next() {
            take(one);
        }
    }
    while let Some(one) = all.join_next().await {
        take(one);
    }
    tell(times, failed, begun.elapsed());
    Ok(())
}

async fn hold(via: Via, count: usize, sources: u32) -> Result<(), Fault> {
    let first = u32::from(via.from.ok_or("VIA has @FROM")?.0);
    let turns = Arc::new(Semaphore::new(256));
    let mut opening = JoinSet::new();
    for number in 0..count {
        let turn = Arc::clone(&turns).acquire_owned().await?;
        let from = Ipv4Addr::from(first + number as u32 % sources);
        opening.spawn(async move {
            let mut stream = Via { from: Some((from, 1)), ..via }.open().await?;
            exchange(&mut stream).await?;
            drop(turn);
            Ok::<_, Fault>(stream)
        });
    }
    let mut held = Vec::with_capacity(count);
    while let Some(one) = opening.join_next().await {
        held.push(one??);
    }
    println!("held");
    // Nothing of theirs has to be done while they rest.
    for line in std::io::stdin().lines() {
        line?;
        let (begun, mut times, mut failed) = (Instant::now(), Vec::new(), 0);
        for stream in &mut held {
            let asked = Instant::now();
            match tokio::time::timeout(PATIENCE, exchange(stream)).await {
                Ok(Ok(())) => times.push(asked.elapsed()),
                _ => failed += 1,
            }
        }
        tell(times, failed, begun.elapsed());
    }
    Ok(())
}

fn tell(mut times: Vec<Duration>, failed: usize, lasted: Duration) {
    times.sort_unstable();
    let at = |part: usize| {
        times.get(times.len().saturating_sub(1) * part / 100).map_or(0, Duration::as_micros)
    };
    println!(
        "{{\"count\":{},\"failed\":{failed},\"seconds\":{:.3},\"p50_us\":{},\"p99_us\":{},\"max_us\":{}}}",
        times.len(),
        lasted.as_secs_f64(),
        at(50),
        at(99),
        at(100)
    );
}
