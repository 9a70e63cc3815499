//! Gentle traffic of ordinary offices: pages, letters, documents and names, from the segments to
//! the services. The outside is reached through the gateway only, which has its own traffic.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::sync::Semaphore;

use crate::conference;
use crate::error::{Context, Error, Result};
use crate::plan::{EXTERNAL, SERVICES, SegmentPlan};
use crate::servers::{self, DOCUMENTS, MAIL, NAMES, WEB};
use crate::star::Star;

/// Each segment makes one exchange in this time, on average.
const PAUSE_OF_A_SEGMENT: Duration = Duration::from_secs(6);
/// At most so many exchanges a second in the whole star.
const RATE_LIMIT: u32 = 100;
/// At most so many exchanges at once.
const OPEN_LIMIT: usize = 200;
/// An exchange takes at most this long.
const PATIENCE: Duration = Duration::from_secs(15);

/// Starts the servers and, when asked, the traffic, on one thread for the rest of the process.
/// Returns when the servers listen.
pub(crate) fn start(star: Arc<Star>, with_traffic: bool) -> Result<()> {
    let (ready, is_ready) = std::sync::mpsc::channel();
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async move {
            let _ = ready.send(open_servers(&star).await);
            if with_traffic {
                make(&star).await;
            }
            std::future::pending::<()>().await;
        });
    };
    let thread = std::thread::Builder::new().name("servers".to_owned());
    thread.spawn(work).map(drop).context(|| "cannot start a thread".to_owned())?;
    is_ready.recv().unwrap_or_else(|_| Err(Error::Bug("the servers did not start".to_owned())))
}

async fn open_servers(star: &Star) -> Result<()> {
    for net in [SERVICES, EXTERNAL] {
        servers::serve(star.place(net.place)?, net).await?;
    }
    conference::serve(star.place(SERVICES.place)?, SERVICES).await
}

async fn make(star: &Arc<Star>) {
    let segments = u32::try_from(star.plan.segments.len()).unwrap_or(u32::MAX);
    let pause = (PAUSE_OF_A_SEGMENT / segments).max(Duration::from_secs(1) / RATE_LIMIT);
    let open = Arc::new(Semaphore::new(OPEN_LIMIT));
    loop {
        // Between half and one and a half of the pause.
        tokio::time::sleep(pause.mul_f64(0.5 + f64::from(below(1_000)) / 1_000.0)).await;
        let Ok(permit) = Arc::clone(&open).try_acquire_owned() else {
            continue;
        };
        let star = Arc::clone(star);
        tokio::task::spawn_local(async move {
            // A segment that is cut has no traffic: that is the lab's purpose, not an error.
            let _ = tokio::time::timeout(PATIENCE, exchange(&star)).await;
            drop(permit);
        });
    }
}

/// One exchange of one segment. Sockets belong to the namespace in which they are made, so the
/// thread enters it first; nothing is awaited in between.
async fn exchange(star: &Star) -> Result<()> {
    let count = u32::try_from(star.plan.segments.len()).unwrap_or(1);
    let Some(segment) = star.plan.segments.get(below(count) as usize) else {
        return Ok(());
    };
    let failed = || format!("an exchange of {}", segment.id);
    let over_v6 = below(3) == 0;
    star.of_segment(segment)?.enter()?;
    match below(10) {
        0..=2 => ask_name(segment, over_v6).await.context(failed),
        3..=4 => send_letter(connect(segment, over_v6, MAIL).await.context(failed)?)
            .await
            .context(failed),
        _ => {
            // Those without a right to document flow read the portal instead.
            let documents = segment.number % 2 == 0 && below(2) == 0;
            let port = if documents { DOCUMENTS } else { WEB };
            get_page(connect(segment, over_v6, port).await.context(failed)?).await.context(failed)
        }
    }
}

fn ends(segment: &SegmentPlan, over_v6: bool, port: u16) -> (SocketAddr, SocketAddr) {
    let (from, to) = if over_v6 {
        (IpAddr::from(segment.host6), IpAddr::from(SERVICES.server6))
    } else {
        (IpAddr::from(segment.host4), IpAddr::from(SERVICES.server4))
    };
    (SocketAddr::from((from, 0)), SocketAddr::from((to, port)))
}

async fn connect(segment: &SegmentPlan, over_v6: bool, port: u16) -> std::io::Result<TcpStream> {
    let (from, to) = ends(segment, over_v6, port);
    let socket = if over_v6 { TcpSocket::new_v6()? } else { TcpSocket::new_v4()? };
    socket.bind(from)?;
    socket.connect(to).await
}

async fn ask_name(segment: &SegmentPlan, over_v6: bool) -> std::io::Result<()> {
    let (from, to) = ends(segment, over_v6, NAMES);
    let socket = UdpSocket::bind(from).await?;
    let mut query = vec![0x45, 0x54, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4];
    query.extend(b"mail\x07kenzhar\x07example\0\0\x01\0\x01");
    socket.send_to(&query, to).await?;
    socket.recv_from(&mut [0; 512]).await.map(drop)
}

async fn get_page(mut stream: TcpStream) -> std::io::Result<()> {
    let size = 2_000 + below(60_000);
    let request = format!("GET /{size} HTTP/1.1\r\nHost: portal.kenzhar.example\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop)
}

async fn send_letter(stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let letter = "Құрметті әріптестер!\r\n".repeat(20 + below(600) as usize) + ".\r\n";
    let mut line = String::new();
    for text in [
        "EHLO office.example\r\n",
        "MAIL FROM:<office@kenzhar.example>\r\n",
        "RCPT TO:<akimat@kenzhar.example>\r\n",
        "DATA\r\n",
        &letter,
        "QUIT\r\n",
    ] {
        line.clear();
        (&mut stream).take(1_000).read_line(&mut line).await?;
        stream.write_all(text.as_bytes()).await?;
    }
    (&mut stream).take(1_000).read_line(&mut line).await.map(drop)
}

/// A number from 0 up to, not including, `limit`.
fn below(limit: u32) -> u32 {
    getrandom::u32().unwrap_or(0) % limit.max(1)
}
