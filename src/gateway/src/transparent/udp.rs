//! Datagrams that were taken on their way: one flow for each pair of ends, which ends when nothing has
//! passed for a while. Answers come in the name of the far host.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use ets_listen::{Place, Tally};
use ets_model::{Protocol, SegmentNo};
use ets_runtime::Shutdown;
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::datagram::try_receive;
use crate::Error;
use crate::accept::{Places, Taken};
use crate::datagrams::{Dropped, batch, pass, send, towards};
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
/// How long a socket that answers may take to be had; answers wait in the kernel meanwhile.
const VOICE: Duration = Duration::from_secs(2);
/// How long to wait after the kernel did not let read.
const PAUSE: Duration = Duration::from_millis(50);
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
    open: Mutex<HashMap<Ends, Arc<Flow>>>,
    voices: Mutex<HashMap<SocketAddr, Weak<UdpSocket>>>,
    by_segment: Arc<Tally<SegmentNo>>,
}

/// What passes between two ends.
struct Flow {
    ends: Ends,
    outside: UdpSocket,
    tunnel: Tunnel,
    /// Datagrams of the client that were not answered yet.
    owed: AtomicU64,
    /// When one passed last.
    last: Mutex<Instant>,
    _places: (Taken, Place<SegmentNo>),
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
    let flows = Arc::new(Flows::new(gateway, speak, places));
    loop {
        tokio::select! {
            () = shutdown.requested() => return Ok(()),
            ready = socket.readable() => ready?,
        }
        if let Err(error) = flows.take_all(&socket).await {
            tracing::warn!(%error, "datagrams that were taken cannot be read");
            sleep(PAUSE).await;
        }
    }
}

impl<R: Resolve> Flows<R> {
    fn new(gateway: Arc<Gateway<R>>, speak: Arc<dyn Speak>, places: Arc<Places>) -> Self {
        let (open, voices, by_segment) = Default::default();
        Self { gateway, speak, places, open, voices, by_segment }
    }

    /// What waits at the socket.
    async fn take_all(self: &Arc<Self>, socket: &UdpSocket) -> io::Result<()> {
        let mut read = Ok(());
        batch(|buffer| {
            match try_receive(socket, buffer) {
                Ok(Some((length, ends))) => {
                    self.gateway.datagrams().tell(self.take(ends, &buffer[..length]));
                }
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
                Err(error) => {
                    read = Err(error);
                    return Err(io::ErrorKind::WouldBlock.into());
                }
            }
            Ok(())
        })
        .await;
        read
    }

    /// Sends a datagram on by its flow, which is opened where there is none and the rules allow it. As
    /// everywhere with datagrams, what finds no room is lost.
    fn take(self: &Arc<Self>, ends: Ends, datagram: &[u8]) -> Result<(), Dropped> {
        let known = self.open().get(&ends).cloned();
        let flow = match known {
            Some(flow) if flow.tunnel.was_cut() => return Err(Dropped::Refused),
            Some(flow) => flow,
            None => self.begin(ends)?,
        };
        flow.ask(datagram)
    }

    fn begin(self: &Arc<Self>, ends: Ends) -> Result<Arc<Flow>, Dropped> {
        let (client, far) = ends;
        let segment = self.gateway.segment(client.ip()).map_err(|why| Dropped::from(&why))?;
        // The name in QUIC is not read: where rules go by names, browsers are left to TCP.
        if far.port() == QUIC && self.gateway.policy().goes_by_names(segment) {
            return Err(Dropped::Refused);
        }
        let place = self.places.take(client.ip()).ok_or(Dropped::Crowded)?;
        let own = self.by_segment.take(segment, MOST_FLOWS).ok_or(Dropped::Crowded)?;
        let ask = Ask {
            segment: Some(segment),
            person: None,
            host: None,
            address: far.ip(),
            port: far.port(),
            protocol: Protocol::Udp,
            way: Way::Transparent,
        };
        let tunnel = self.gateway.let_through(&ask).map_err(|refusal| {
            tracing::debug!(%client, %far, ?refusal, "a taken datagram goes no further");
            Dropped::from(&refusal)
        })?;
        let outside = towards(far).map_err(|_| Dropped::Unsent)?;
        let flow = Arc::new(Flow::new(ends, (outside, tunnel), (place, own)));
        self.open().insert(ends, Arc::clone(&flow));
        tokio::spawn(Arc::clone(self).carry(Arc::clone(&flow)));
        Ok(flow)
    }

    /// Carries answers until nothing passes any more or the rules say no.
    async fn carry(self: Arc<Self>, flow: Arc<Flow>) {
        let (client, far) = flow.ends;
        tokio::select! {
            biased;
            _ = flow.tunnel.is_cut() => {}
            done = self.answers(&flow) => if let Err(error) = done {
                tracing::debug!(%client, %far, %error, "a flow of datagrams broke off");
            }
        }
        self.open().remove(&flow.ends);
    }

    async fn answers(&self, flow: &Flow) -> io::Result<()> {
        // `netd` may be slow, or gone: a flow that nobody can answer is not to hold its place.
        let voice = timeout(VOICE, self.voice(flow.ends.1)).await??;
        loop {
            let until = flow.until();
            tokio::select! {
                ready = flow.outside.readable() => ready?,
                () = sleep_until(until) => {
                    if flow.until() == until {
                        return Ok(());
                    }
                    continue;
                }
            }
            batch(|buffer| {
                let length = flow.outside.try_recv(buffer)?;
                self.gateway.datagrams().tell(flow.answer(&voice, &buffer[..length]));
                Ok(())
            })
            .await;
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

    fn open(&self) -> MutexGuard<'_, HashMap<Ends, Arc<Flow>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn voices(&self) -> MutexGuard<'_, HashMap<SocketAddr, Weak<UdpSocket>>> {
        self.voices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flow {
    fn new(
        ends: Ends,
        (outside, tunnel): (UdpSocket, Tunnel),
        places: (Taken, Place<SegmentNo>),
    ) -> Self {
        let last = Mutex::new(Instant::now());
        Self { ends, outside, tunnel, owed: AtomicU64::new(0), last, _places: places }
    }

    /// What the client says. That an earlier datagram met nobody ends nothing.
    fn ask(&self, datagram: &[u8]) -> Result<(), Dropped> {
        // Before it is sent: its answer may be there at once.
        self.owed.fetch_add(1, Ordering::Relaxed);
        let sent = pass((self.tunnel.meter(), Side::Up), datagram.len(), || {
            send(&self.outside, datagram, None)
        });
        match sent {
            Ok(()) => self.touch(),
            Err(_) => drop(self.is_owed()),
        }
        sent
    }

    /// What the far host says, in its name.
    fn answer(&self, voice: &UdpSocket, datagram: &[u8]) -> Result<(), Dropped> {
        let (client, far) = self.ends;
        if self.tunnel.was_cut() {
            return Err(Dropped::Refused);
        }
        if !self.is_owed() && far.port() == DNS {
            return Err(Dropped::Unasked);
        }
        pass((self.tunnel.meter(), Side::Down), datagram.len(), || {
            send(voice, datagram, Some(client))
        })?;
        self.touch();
        Ok(())
    }

    /// Whether an answer was owed; it is one less now.
    fn is_owed(&self) -> bool {
        let less = |owed: u64| owed.checked_sub(1);
        self.owed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    fn touch(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// When it ends, where nothing passes until then.
    fn until(&self) -> Instant {
        let patience = if self.ends.1.port() == QUIC { IDLE_QUIC } else { IDLE };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) + patience
    }
}

#[cfg(test)]
mod tests;
