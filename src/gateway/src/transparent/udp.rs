//! Datagrams that were taken on their way: one flow for each pair of ends, which ends when nothing has
//! passed for a while. Answers come in the name of the far host.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use ets_listen::Tally;
use ets_model::{Protocol, SegmentNo};
use ets_runtime::Shutdown;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::datagram::{self, MOST};
use crate::Error;
use crate::accept::Places;
use crate::gateway::{Gateway, Resolve, Tunnel};
use crate::lane::Side;
use crate::policy::{Ask, Way};

/// How long a flow may be quiet (RFC 4787, section 4.3, allows shorter ones for known ports), and how
/// long one of QUIC, whose ends believe that nobody forgets them sooner (RFC 9308, section 3.2).
const IDLE: Duration = Duration::from_secs(60);
const IDLE_QUIC: Duration = Duration::from_secs(120);
const QUIC: u16 = 443;
/// A question has one answer here: whoever asks with another's address gets him no flood.
const DNS: u16 = 53;
/// Flows of a segment at once.
const MOST_FLOWS: usize = 4_096;
/// Datagrams of a flow that wait to be sent.
const WAITING: usize = 64;
/// From so many on, sockets that nobody uses are forgotten at the next one.
const MANY: usize = 256;

type Ends = (SocketAddr, SocketAddr);
type Spoken<'a> = Pin<Box<dyn Future<Output = io::Result<std::net::UdpSocket>> + Send + 'a>>;

/// Gives sockets that speak in the name of hosts outside.
pub trait Speak: Send + Sync + 'static {
    /// One that is bound to the address, non-blocking.
    fn speak(&self, address: SocketAddr) -> Spoken<'_>;
}

/// All flows of one listening socket.
struct Flows<R> {
    gateway: Arc<Gateway<R>>,
    speak: Arc<dyn Speak>,
    places: Arc<Places>,
    open: Mutex<HashMap<Ends, mpsc::Sender<Vec<u8>>>>,
    voices: Mutex<HashMap<SocketAddr, Weak<UdpSocket>>>,
    by_segment: Arc<Tally<SegmentNo>>,
}

/// Serves until shutdown.
pub(crate) async fn serve<R: Resolve>(
    gateway: Arc<Gateway<R>>,
    socket: std::net::UdpSocket,
    (speak, places): (Arc<dyn Speak>, Arc<Places>),
    shutdown: Shutdown,
) -> Result<(), Error> {
    socket.set_nonblocking(true)?;
    let socket = UdpSocket::from_std(socket)?;
    let (open, voices, by_segment) = Default::default();
    let flows = Arc::new(Flows { gateway, speak, places, open, voices, by_segment });
    let mut buffer = vec![0; MOST];
    loop {
        let received = tokio::select! {
            () = shutdown.requested() => return Ok(()),
            received = datagram::receive(&socket, &mut buffer) => received,
        };
        match received {
            Ok(Some((length, ends))) => flows.take(ends, &buffer[..length]),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "datagrams that were taken cannot be read");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

impl<R: Resolve> Flows<R> {
    /// Hands a datagram to its flow, which is opened where there is none and the rules allow it. As
    /// everywhere with datagrams, what finds no room is lost.
    fn take(self: &Arc<Self>, ends: Ends, datagram: &[u8]) {
        if let Some(flow) = self.open().get(&ends) {
            let _ = flow.try_send(datagram.to_vec());
            return;
        }
        let (client, far) = ends;
        let Ok(segment) = self.gateway.segment(client.ip()) else { return };
        // The name in QUIC is not read: where rules go by names, browsers are left to TCP.
        if far.port() == QUIC && self.gateway.policy().goes_by_names(segment) {
            return;
        }
        let Some(place) = self.places.take(client.ip()) else { return };
        let Some(own) = self.by_segment.take(segment, MOST_FLOWS) else { return };
        let ask = Ask {
            segment: Some(segment),
            person: None,
            host: None,
            address: far.ip(),
            port: far.port(),
            protocol: Protocol::Udp,
            way: Way::Transparent,
        };
        let tunnel = match self.gateway.let_through(&ask) {
            Ok(tunnel) => tunnel,
            Err(refusal) => {
                tracing::debug!(%client, %far, ?refusal, "a taken datagram goes no further");
                return;
            }
        };
        let (sender, waiting) = mpsc::channel(WAITING);
        let _ = sender.try_send(datagram.to_vec());
        self.open().insert(ends, sender);
        let flows = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = flows.carry(ends, &tunnel, waiting).await {
                tracing::debug!(%client, %far, %error, "a flow of datagrams broke off");
            }
            flows.open().remove(&ends);
            drop((place, own));
        });
    }

    /// Moves datagrams both ways until nothing passes any more or the rules say no.
    async fn carry(
        &self,
        (client, far): Ends,
        tunnel: &Tunnel,
        mut waiting: mpsc::Receiver<Vec<u8>>,
    ) -> io::Result<()> {
        let any: SocketAddr = match far {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let outside = UdpSocket::bind(any).await?;
        outside.connect(far).await?;
        let voice = self.voice(far).await?;
        let patience = if far.port() == QUIC { IDLE_QUIC } else { IDLE };
        let mut until = Instant::now() + patience;
        let mut owed: u32 = 0;
        let mut buffer = vec![0; MOST];
        loop {
            tokio::select! {
                _ = tunnel.is_cut() => return Ok(()),
                () = sleep_until(until) => return Ok(()),
                datagram = waiting.recv() => {
                    let Some(datagram) = datagram else { return Ok(()) };
                    if !tunnel.meter().lets(Side::Up, datagram.len()) {
                        continue;
                    }
                    outside.send(&datagram).await?;
                    tunnel.meter().up().fetch_add(datagram.len() as u64, Ordering::Relaxed);
                    owed = owed.saturating_add(1);
                }
                length = outside.recv(&mut buffer) => {
                    let length = length?;
                    if far.port() == DNS && owed == 0 {
                        continue;
                    }
                    owed = owed.saturating_sub(1);
                    if !tunnel.meter().lets(Side::Down, length) {
                        continue;
                    }
                    voice.send_to(&buffer[..length], client).await?;
                    tunnel.meter().down().fetch_add(length as u64, Ordering::Relaxed);
                }
            }
            until = Instant::now() + patience;
        }
    }

    /// The socket that speaks in the name of a host outside, one for all who ask it.
    async fn voice(&self, far: SocketAddr) -> io::Result<Arc<UdpSocket>> {
        if let Some(voice) = self.voices().get(&far).and_then(Weak::upgrade) {
            return Ok(voice);
        }
        let voice = Arc::new(UdpSocket::from_std(self.speak.speak(far).await?)?);
        let mut voices = self.voices();
        if voices.len() >= MANY {
            voices.retain(|_, voice| voice.strong_count() > 0);
        }
        voices.insert(far, Arc::downgrade(&voice));
        Ok(voice)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Ends, mpsc::Sender<Vec<u8>>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn voices(&self) -> MutexGuard<'_, HashMap<SocketAddr, Weak<UdpSocket>>> {
        self.voices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
