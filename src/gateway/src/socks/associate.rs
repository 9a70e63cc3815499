//! Datagrams by SOCKS (RFC 1928, section 7). An association has a socket on the hub's address that
//! its client spoke to, takes datagrams of this client alone, and lasts as long as the connection
//! that asked for it. Each destination is one more tunnel: judged, metered and cut by itself.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ets_model::{Protocol, SegmentNo};
use tokio::net::{TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::datagram::{self, HEAD};
use crate::datagrams::{Dropped, Session, batch, outwards, pass, send};
use crate::gateway::{Gateway, Refusal, Resolve, Tunnel};
use crate::lane::Side;
use crate::policy::{self, Ask};
use crate::target::{Host, Target};

/// Destinations of one association, those that are looked up or refused too.
const DESTINATIONS: usize = 256;
/// Without a datagram for so long, a destination or the whole association ends (RFC 4787, section
/// 4.3: two minutes at least).
const IDLE: Duration = Duration::from_secs(120);
/// A refusal holds so long before the rules, or the DNS server, are asked again.
const REFUSED: Duration = Duration::from_secs(5);
/// So many datagrams wait for the address of their name.
const WAITING: usize = 4;
/// How often it is looked for what has ended.
const OFTEN: Duration = Duration::from_secs(1);

/// Whose association it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client {
    pub(super) segment: SegmentNo,
    pub(super) address: IpAddr,
    /// The port that he announced; the first one seen else.
    pub(super) port: Option<u16>,
}

/// An association.
pub(super) struct Association<R> {
    gateway: Arc<Gateway<R>>,
    client: Client,
    /// Towards the client.
    near: UdpSocket,
    /// Towards the world; made when they are needed.
    far4: Option<UdpSocket>,
    far6: Option<UdpSocket>,
    ways: HashMap<Target, Way>,
    /// Who may answer, and which destination that is.
    asked: HashMap<SocketAddr, Target>,
    lookups: JoinSet<(Target, Result<Vec<IpAddr>, Refusal>)>,
    last: Instant,
    _place: Session,
}

/// What is known of a destination.
enum Way {
    /// Its name is being looked up.
    Sought(Vec<Box<[u8]>>),
    /// Datagrams pass.
    Open { to: SocketAddr, tunnel: Tunnel, last: Instant },
    /// They do not, for a while.
    Closed(Dropped, Instant),
}

/// Who spoke first.
enum Spoke {
    Near(io::Result<()>),
    Far4(io::Result<()>),
    Far6(io::Result<()>),
    Found(Target, Result<Vec<IpAddr>, Refusal>),
    Tick,
    Gone,
}

impl<R: Resolve> Association<R> {
    /// At the hub's address `at`.
    ///
    /// # Errors
    /// When there is no place or no port for one more.
    pub(super) fn open(gateway: &Arc<Gateway<R>>, client: Client, at: IpAddr) -> io::Result<Self> {
        let datagrams = gateway.datagrams();
        let place = datagrams.associate(client.segment).ok_or(io::ErrorKind::QuotaExceeded)?;
        Ok(Self {
            gateway: Arc::clone(gateway),
            client,
            near: datagrams.bind(at)?,
            far4: None,
            far6: None,
            ways: HashMap::new(),
            asked: HashMap::new(),
            lookups: JoinSet::new(),
            last: Instant::now(),
            _place: place,
        })
    }

    /// Where the client is to send to.
    pub(super) fn bound(&self) -> io::Result<SocketAddr> {
        self.near.local_addr()
    }

    /// Relays until the connection that asked for it ends, nothing passes, or the process ends: the
    /// client asks the next one for another.
    pub(super) async fn run(mut self, control: &TcpStream) {
        let (gone, left) = (ended(control), self.gateway.left());
        let mut tick = interval(OFTEN);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tokio::pin!(gone, left);
        loop {
            let spoke = tokio::select! {
                () = &mut gone => Spoke::Gone,
                () = &mut left => Spoke::Gone,
                ready = self.near.readable() => Spoke::Near(ready),
                ready = readable(self.far4.as_ref()) => Spoke::Far4(ready),
                ready = readable(self.far6.as_ref()) => Spoke::Far6(ready),
                Some(Ok((target, found))) = self.lookups.join_next() => Spoke::Found(target, found),
                _ = tick.tick() => Spoke::Tick,
            };
            match spoke {
                Spoke::Gone | Spoke::Near(Err(_)) | Spoke::Far4(Err(_)) | Spoke::Far6(Err(_)) => {
                    return;
                }
                Spoke::Near(Ok(())) => self.hear_client().await,
                Spoke::Far4(Ok(())) => self.hear_world(false).await,
                Spoke::Far6(Ok(())) => self.hear_world(true).await,
                Spoke::Found(target, found) => self.found(target, found),
                Spoke::Tick => self.sweep(),
            }
            if self.last.elapsed() > IDLE {
                return;
            }
        }
    }

    async fn hear_client(&mut self) {
        batch(|buffer| {
            let (length, from) = self.near.try_recv_from(buffer)?;
            let passed = self.heard(from, &buffer[..length]);
            self.gateway.datagrams().tell(passed);
            Ok(())
        })
        .await;
    }

    fn heard(&mut self, from: SocketAddr, octets: &[u8]) -> Result<(), Dropped> {
        let is_his = from.ip() == self.client.address;
        if !is_his || self.client.port.is_some_and(|port| port != from.port()) {
            return Err(Dropped::Stranger);
        }
        let (target, payload) = datagram::read(octets)?;
        self.client.port = Some(from.port());
        self.last = Instant::now();
        match self.ways.get_mut(&target) {
            Some(Way::Open { tunnel, .. }) if tunnel.was_cut() => self.forget(&target),
            Some(Way::Closed(_, since)) if since.elapsed() > REFUSED => self.forget(&target),
            Some(Way::Closed(why, _)) => return Err(*why),
            Some(Way::Sought(waiting)) if waiting.len() < WAITING => {
                waiting.push(payload.into());
                return Ok(());
            }
            Some(Way::Sought(_)) => return Err(Dropped::NoName),
            Some(Way::Open { .. }) => return self.forward(&target, payload),
            None => {}
        }
        if self.ways.len() >= DESTINATIONS {
            return Err(Dropped::Crowded);
        }
        if let Host::Address(address) = target.host {
            self.decide(&target, &[address])?;
            return self.forward(&target, payload);
        }
        let (gateway, sought) = (Arc::clone(&self.gateway), target.clone());
        self.lookups.spawn(async move {
            let found = gateway.addresses(&sought.host).await;
            (sought, found)
        });
        self.ways.insert(target, Way::Sought(vec![payload.into()]));
        Ok(())
    }

    /// The addresses of a name came: once for as long as the destination is kept.
    fn found(&mut self, target: Target, found: Result<Vec<IpAddr>, Refusal>) {
        let Some(Way::Sought(waiting)) = self.ways.remove(&target) else { return };
        let decided = match found {
            Ok(addresses) => self.decide(&target, &addresses),
            Err(why) => Err(self.close(&target, Dropped::from(&why))),
        };
        for payload in waiting {
            let passed = decided.and_then(|()| self.forward(&target, &payload));
            self.gateway.datagrams().tell(passed);
        }
    }

    /// Asks the rules for the first address that may be reached; what they say is kept.
    fn decide(&mut self, target: &Target, addresses: &[IpAddr]) -> Result<(), Dropped> {
        let mut refused = Dropped::Refused;
        for address in addresses {
            let ask = Ask {
                segment: Some(self.client.segment),
                person: None,
                host: target.name(),
                address: *address,
                port: target.port,
                protocol: Protocol::Udp,
                way: policy::Way::Proxy,
            };
            match self.gateway.let_through(&ask) {
                Ok(tunnel) => {
                    let to = SocketAddr::new(*address, target.port);
                    self.asked.insert(to, target.clone());
                    let way = Way::Open { to, tunnel, last: Instant::now() };
                    self.ways.insert(target.clone(), way);
                    return Ok(());
                }
                Err(why) if Dropped::from(&why) == Dropped::Crowded => refused = Dropped::Crowded,
                Err(_) => {}
            }
        }
        Err(self.close(target, refused))
    }

    fn close(&mut self, target: &Target, why: Dropped) -> Dropped {
        self.ways.insert(target.clone(), Way::Closed(why, Instant::now()));
        why
    }

    fn forward(&mut self, target: &Target, payload: &[u8]) -> Result<(), Dropped> {
        let Some(Way::Open { to, tunnel, last }) = self.ways.get_mut(target) else {
            return Err(Dropped::Refused);
        };
        *last = Instant::now();
        let far = if to.is_ipv4() { &mut self.far4 } else { &mut self.far6 };
        pass((tunnel.meter(), Side::Up), payload.len(), || {
            let far = match far {
                Some(far) => far,
                None => far.insert(outwards(*to)?),
            };
            send(far, payload, Some(*to))
        })
    }

    async fn hear_world(&mut self, v6: bool) {
        batch(|buffer| {
            let far = if v6 { &self.far6 } else { &self.far4 };
            let far = far.as_ref().ok_or(io::ErrorKind::WouldBlock)?;
            let (length, from) = far.try_recv_from(&mut buffer[HEAD..])?;
            let passed = self.answered(from, &mut buffer[..HEAD + length]);
            self.gateway.datagrams().tell(passed);
            Ok(())
        })
        .await;
    }

    /// An answer, with room for the head before it.
    fn answered(&mut self, from: SocketAddr, octets: &mut [u8]) -> Result<(), Dropped> {
        let target = self.asked.get(&from).ok_or(Dropped::Unasked)?;
        let Some(Way::Open { tunnel, last, .. }) = self.ways.get_mut(target) else {
            return Err(Dropped::Unasked);
        };
        if tunnel.was_cut() {
            return Err(Dropped::Refused);
        }
        let port = self.client.port.ok_or(Dropped::Unasked)?;
        let (room, payload) = octets.split_first_chunk_mut().ok_or(Dropped::Malformed)?;
        let (begin, length) = (datagram::write(room, from), payload.len());
        let to = SocketAddr::new(self.client.address, port);
        let said = || send(&self.near, &octets[begin..], Some(to));
        pass((tunnel.meter(), Side::Down), length, said)?;
        (self.last, *last) = (Instant::now(), Instant::now());
        Ok(())
    }

    /// Gives back what nobody uses any more.
    fn sweep(&mut self) {
        let is_over = |way: &Way| match way {
            Way::Open { tunnel, last, .. } => tunnel.was_cut() || last.elapsed() > IDLE,
            Way::Closed(_, since) => since.elapsed() > REFUSED,
            Way::Sought(_) => false,
        };
        let over: Vec<Target> = self
            .ways
            .iter()
            .filter(|(_, way)| is_over(way))
            .map(|(target, _)| target.clone())
            .collect();
        over.iter().for_each(|target| self.forget(target));
    }

    /// Where another name leads to the same address, that one has the answers from now on.
    fn forget(&mut self, target: &Target) {
        let Some(Way::Open { to: gone, .. }) = self.ways.remove(target) else { return };
        if self.asked.get(&gone).is_none_or(|has| has != target) {
            return;
        }
        let heir = self.ways.iter().find_map(|(other, way)| match way {
            Way::Open { to, .. } if *to == gone => Some(other.clone()),
            _ => None,
        });
        match heir {
            Some(heir) => drop(self.asked.insert(gone, heir)),
            None => drop(self.asked.remove(&gone)),
        }
    }
}

/// Until a socket has something to read; for ever where there is none.
async fn readable(socket: Option<&UdpSocket>) -> io::Result<()> {
    match socket {
        Some(socket) => socket.readable().await,
        None => std::future::pending().await,
    }
}

/// Until the client ends the connection. What he says on it means nothing.
async fn ended(control: &TcpStream) {
    let mut buffer = [0; 256];
    while control.readable().await.is_ok() {
        match control.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
