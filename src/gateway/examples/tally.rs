//! Ends of tunnels that know what they moved: for the proof that the gateway's meters have it all.
//!
//! - `tally host ADDRESS` serves until it is ended; at each line of input it says what it moved
//! - `tally pass PROXY HOST COUNT AT_ONCE FROM SEED` takes so many tunnels by CONNECT from one address,
//!   each with sizes and an end of its own, and says what they moved
//! - `tally rest PROXY HOST COUNT FROM SEED` does so without ends: says what was moved once both sides
//!   of every tunnel have it all, and keeps them open until it is ended
//!
//! What is said is one line of JSON: `up` and `down` in octets, as this side wrote and read them, and
//! `broken`, tunnels that ended before they were done.
//!
//! A tunnel: the client says the sizes of both ways and the end (24 octets), then both send. The host
//! tells what it has read (8 octets) as soon as that is all; a client that has heard so says one octet
//! more, unless it is about to break the tunnel off, and the end follows. So whoever resets a tunnel
//! knows that nothing is under way.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::IpBindAddressNoPort;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

type Fault = Box<dyn Error + Send + Sync>;

const BACKLOG: u32 = 4096;
const PIECE: usize = 64 << 10;
/// How long a tunnel may take with all that it has to say.
const PATIENCE: Duration = Duration::from_secs(60);

/// What this side moved.
#[derive(Debug, Default)]
struct Moved {
    up: AtomicU64,
    down: AtomicU64,
    broken: AtomicU64,
}

impl Moved {
    fn tell(&self) {
        let [up, down, broken] =
            [&self.up, &self.down, &self.broken].map(|cell| cell.load(Ordering::Relaxed));
        println!("{{\"up\":{up},\"down\":{down},\"broken\":{broken}}}");
    }
}

/// How a tunnel ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The client is done first, once all is said.
    Client,
    /// The host is.
    Host,
    /// The client says all it has and that it is done, before the host says anything.
    HalfClosed,
    /// The client breaks it off.
    ClientResets,
    /// The host does.
    HostResets,
    /// Nobody ends it.
    None,
}

impl End {
    const ALL: [Self; 6] = [
        Self::Client,
        Self::Host,
        Self::HalfClosed,
        Self::ClientResets,
        Self::HostResets,
        Self::None,
    ];
}

/// One tunnel, as its client wants it.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    up: u64,
    down: u64,
    end: End,
}

impl Wanted {
    /// Of a seed: mostly small, one in a hundred large enough to be passed on without copies.
    fn of(seed: u64) -> Self {
        let mut state = seed;
        let mut draw = || splitmix(&mut state);
        let most = if draw() % 100 == 0 { 21 } else { 14 };
        let mut size = || draw() % (1 << (draw() % most + 1));
        let (up, down) = (size(), size());
        Self { up, down, end: End::ALL[(draw() % 5) as usize] }
    }

    fn head(self) -> [u8; 24] {
        let mut head = [0; 24];
        head[..8].copy_from_slice(&self.up.to_be_bytes());
        head[8..16].copy_from_slice(&self.down.to_be_bytes());
        head[23] = End::ALL.iter().position(|end| *end == self.end).unwrap_or_default() as u8;
        head
    }

    fn read(head: &[u8; 24]) -> Option<Self> {
        let number = |at: usize| head[at..at + 8].try_into().map(u64::from_be_bytes).ok();
        let end = *End::ALL.get(usize::from(head[23]))?;
        Some(Self { up: number(0)?, down: number(8)?, end })
    }
}

/// The next number of a sequence (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators).
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn main() -> Result<(), Fault> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let work = async {
        match words[..] {
            ["host", at] => host(at.parse()?).await,
            ["pass", proxy, host, count, at_once, from, seed] => {
                let client = Client::new(proxy, host, from, seed)?;
                pass(client, count.parse()?, at_once.parse()?).await
            }
            ["rest", proxy, host, count, from, seed] => {
                rest(Client::new(proxy, host, from, seed)?, count.parse()?).await
            }
            _ => Err("see the head of this example".into()),
        }
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

async fn host(at: SocketAddr) -> Result<(), Fault> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(at)?;
    let listener = socket.listen(BACKLOG)?;
    let moved = Arc::new(Moved::default());
    println!("ready");
    let told = Arc::clone(&moved);
    std::thread::spawn(move || std::io::stdin().lines().for_each(|_| told.tell()));
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let moved = Arc::clone(&moved);
        tokio::spawn(async move {
            if answer(stream, &moved).await.is_err() {
                moved.broken.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
}

async fn answer(mut stream: TcpStream, moved: &Moved) -> Result<(), Fault> {
    stream.set_nodelay(true)?;
    let mut head = [0; 24];
    read(&mut stream, &mut head, &moved.up).await?;
    let wanted = Wanted::read(&head).ok_or("the head makes no sense")?;
    if wanted.end == End::HalfClosed {
        take(&mut stream, wanted.up, &moved.up).await?;
        is_over(&mut stream).await?;
        return give(&mut stream, wanted.down, &moved.down).await;
    }
    let (mut from, mut to) = stream.split();
    tokio::try_join!(
        take(&mut from, wanted.up, &moved.up),
        give(&mut to, wanted.down, &moved.down)
    )?;
    write(&mut stream, &(24 + wanted.up).to_be_bytes(), &moved.down).await?;
    if wanted.end != End::ClientResets {
        read(&mut stream, &mut [0], &moved.up).await?;
    }
    match wanted.end {
        End::Host => {
            stream.shutdown().await?;
            is_over(&mut stream).await
        }
        End::HostResets => Ok(stream.set_zero_linger()?),
        End::Client => is_over(&mut stream).await,
        // How these end is for the client to say, or for whoever kills it.
        End::ClientResets | End::None | End::HalfClosed => {
            drop(is_over(&mut stream).await);
            Ok(())
        }
    }
}

/// Clients of one address.
#[derive(Clone, Copy, Debug)]
struct Client {
    proxy: SocketAddr,
    host: SocketAddr,
    from: Ipv4Addr,
    seed: u64,
}

impl Client {
    fn new(proxy: &str, host: &str, from: &str, seed: &str) -> Result<Self, Fault> {
        Ok(Self {
            proxy: proxy.parse()?,
            host: host.parse()?,
            from: from.parse()?,
            seed: seed.parse()?,
        })
    }

    fn wanted(&self, number: u64) -> Wanted {
        Wanted::of(self.seed.wrapping_mul(1 << 32).wrapping_add(number))
    }

    /// A tunnel, open.
    async fn open(&self) -> Result<TcpStream, Fault> {
        let socket = TcpSocket::new_v4()?;
        setsockopt(&socket, IpBindAddressNoPort, &true)?;
        socket.bind((self.from, 0).into())?;
        let mut stream = socket.connect(self.proxy).await?;
        stream.set_nodelay(true)?;
        let host = self.host;
        let head = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        let (mut heard, mut length) = ([0; 256], 0);
        while !heard[..length].ends_with(b"\r\n\r\n") {
            match stream.read(&mut heard[length..]).await? {
                0 => return Err("no answer".into()),
                read => length += read,
            }
        }
        let is_open = heard.starts_with(b"HTTP/1.1 200");
        if is_open { Ok(stream) } else { Err("refused".into()) }
    }

    /// All that a tunnel has to say, until both sides have it.
    async fn fill(&self, wanted: Wanted, moved: &Moved) -> Result<TcpStream, Fault> {
        let mut stream = self.open().await?;
        write(&mut stream, &wanted.head(), &moved.up).await?;
        if wanted.end == End::HalfClosed {
            give(&mut stream, wanted.up, &moved.up).await?;
            stream.shutdown().await?;
            take(&mut stream, wanted.down, &moved.down).await?;
            is_over(&mut stream).await?;
            return Ok(stream);
        }
        let (mut from, mut to) = stream.split();
        tokio::try_join!(
            give(&mut to, wanted.up, &moved.up),
            take(&mut from, wanted.down, &moved.down)
        )?;
        let mut told = [0; 8];
        read(&mut stream, &mut told, &moved.down).await?;
        if u64::from_be_bytes(told) != 24 + wanted.up {
            return Err("the host has not what was sent".into());
        }
        if wanted.end != End::ClientResets {
            write(&mut stream, &[1], &moved.up).await?;
        }
        Ok(stream)
    }

    async fn whole(&self, wanted: Wanted, moved: &Moved) -> Result<(), Fault> {
        let mut stream = self.fill(wanted, moved).await?;
        match wanted.end {
            End::Client => {
                stream.shutdown().await?;
                is_over(&mut stream).await
            }
            End::Host => is_over(&mut stream).await,
            // It comes as a reset.
            End::HostResets => {
                drop(stream.read(&mut [0]).await);
                Ok(())
            }
            End::ClientResets => Ok(stream.set_zero_linger()?),
            End::HalfClosed | End::None => Ok(()),
        }
    }
}

async fn pass(client: Client, count: u64, at_once: u64) -> Result<(), Fault> {
    let moved = Arc::new(Moved::default());
    let mut lanes = JoinSet::new();
    for lane in 0..at_once {
        let moved = Arc::clone(&moved);
        lanes.spawn(async move {
            for number in (lane..count).step_by(at_once as usize) {
                let whole = client.whole(client.wanted(number), &moved);
                let done = tokio::time::timeout(PATIENCE, whole).await;
                if !matches!(done, Ok(Ok(()))) {
                    moved.broken.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    while let Some(lane) = lanes.join_next().await {
        lane?;
    }
    moved.tell();
    Ok(())
}

async fn rest(client: Client, count: u64) -> Result<(), Fault> {
    let (moved, mut held) = (Moved::default(), Vec::new());
    for number in 0..count {
        let wanted = Wanted { end: End::None, ..client.wanted(number) };
        held.push(client.fill(wanted, &moved).await?);
    }
    moved.tell();
    std::future::pending().await
}

async fn read(
    from: &mut (impl AsyncRead + Unpin),
    into: &mut [u8],
    counted: &AtomicU64,
) -> Result<(), Fault> {
    let mut filled = 0;
    while filled < into.len() {
        match from.read(&mut into[filled..]).await? {
            0 => return Err("it ended early".into()),
            more => {
                counted.fetch_add(more as u64, Ordering::Relaxed);
                filled += more;
            }
        }
    }
    Ok(())
}

async fn write(
    to: &mut (impl AsyncWrite + Unpin),
    octets: &[u8],
    counted: &AtomicU64,
) -> Result<(), Fault> {
    to.write_all(octets).await?;
    counted.fetch_add(octets.len() as u64, Ordering::Relaxed);
    Ok(())
}

/// Reads so many octets and forgets them.
async fn take(
    from: &mut (impl AsyncRead + Unpin),
    mut left: u64,
    counted: &AtomicU64,
) -> Result<(), Fault> {
    let mut piece = vec![0; PIECE.min(left as usize)];
    while left > 0 {
        let most = piece.len().min(left as usize);
        let read = from.read(&mut piece[..most]).await?;
        if read == 0 {
            return Err("it ended early".into());
        }
        counted.fetch_add(read as u64, Ordering::Relaxed);
        left -= read as u64;
    }
    Ok(())
}

/// Writes so many octets.
async fn give(
    to: &mut (impl AsyncWrite + Unpin),
    mut left: u64,
    counted: &AtomicU64,
) -> Result<(), Fault> {
    let piece = vec![7; PIECE.min(left as usize)];
    while left > 0 {
        let written = to.write(&piece[..piece.len().min(left as usize)]).await?;
        counted.fetch_add(written as u64, Ordering::Relaxed);
        left -= written as u64;
    }
    Ok(())
}

/// Waits for an orderly end without an octet more.
async fn is_over(stream: &mut TcpStream) -> Result<(), Fault> {
    match stream.read(&mut [0]).await? {
        0 => Ok(()),
        _ => Err("there is more than was asked for".into()),
    }
}
