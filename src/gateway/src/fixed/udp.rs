//! Datagrams of a relay. Each client has a session with a socket of its own towards the service, so
//! that answers come back to him alone; nobody speaks to a client who did not speak first.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ets_listen::datagram::{Between, answer, tell_address, try_receive};
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until};

use super::Port;
use crate::datagrams::{Dropped, Session as Place, batch, pass, send, socket, towards};
use crate::gateway::{Gateway, Resolve, Tunnel};
use crate::lane::Side;

/// A session without a datagram for so long ends.
const IDLE: Duration = Duration::from_secs(60);

/// A port with the sessions of its clients.
struct Door<R> {
    gateway: Arc<Gateway<R>>,
    port: Port,
    socket: UdpSocket,
    sessions: Mutex<HashMap<Between, Arc<Session>>>,
}

/// A client and the service.
struct Session {
    /// Connected: the kernel takes datagrams of the service alone.
    far: UdpSocket,
    tunnel: Tunnel,
    _place: Place,
}

/// Opens a port; what comes is served until the future is dropped. Sessions end by themselves: a
/// change of the rules that closes the port cuts them.
///
/// # Errors
/// When the port cannot be had.
pub(super) fn serve<R: Resolve>(
    gateway: Arc<Gateway<R>>,
    port: Port,
) -> io::Result<impl Future<Output = ()> + Send> {
    let near = socket(port.at)?;
    tell_address(&near, port.at.is_ipv6())?;
    let socket = UdpSocket::from_std(near)?;
    let door = Arc::new(Door { gateway, port, socket, sessions: Mutex::default() });
    Ok(async move {
        while door.socket.readable().await.is_ok() {
            take(&door).await;
        }
    })
}

/// What waits at the port.
async fn take<R: Resolve>(door: &Arc<Door<R>>) {
    batch(|buffer| {
        let (length, between) = try_receive(&door.socket, buffer)?;
        // One that does not say where it came to has no answer.
        if between.ours.is_some() {
            door.gateway.datagrams().tell(door.forward(between, &buffer[..length]));
        }
        Ok(())
    })
    .await;
}

impl<R: Resolve> Door<R> {
    fn forward(self: &Arc<Self>, between: Between, octets: &[u8]) -> Result<(), Dropped> {
        let known = self.sessions().get(&between).cloned();
        let session = match known {
            Some(session) if session.tunnel.was_cut() => return Err(Dropped::Refused),
            Some(session) => session,
            None => self.begin(between)?,
        };
        let up = (session.tunnel.meter(), Side::Up);
        pass(up, octets.len(), || send(&session.far, octets, None))
    }

    fn begin(self: &Arc<Self>, between: Between) -> Result<Arc<Session>, Dropped> {
        let segment = self.gateway.segment_of(between.client.ip()).ok_or(Dropped::Refused)?;
        // Before the rules are asked: what has no place was not let through, and no report says so.
        let place = self.gateway.datagrams().session(segment).ok_or(Dropped::Crowded)?;
        let ask = self.port.ask(Some(segment));
        let tunnel =
            self.gateway.let_by(&self.port.relay, &ask).map_err(|why| Dropped::from(&why))?;
        let far = towards(self.port.target).map_err(|_| Dropped::Unsent)?;
        let session = Arc::new(Session { far, tunnel, _place: place });
        self.sessions().insert(between, Arc::clone(&session));
        tokio::spawn(answers(Arc::clone(self), between, Arc::clone(&session)));
        Ok(session)
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<Between, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the service answered.
    async fn back(&self, between: Between, session: &Session) {
        let down = (session.tunnel.meter(), Side::Down);
        batch(|buffer| {
            let length = session.far.try_recv(buffer)?;
            let said = || answer(&self.socket, &buffer[..length], &between);
            self.gateway.datagrams().tell(pass(down, length, said));
            Ok(())
        })
        .await;
    }
}

/// Carries answers until the session is cut or nothing passes.
async fn answers<R: Resolve>(door: Arc<Door<R>>, between: Between, session: Arc<Session>) {
    let cut = session.tunnel.is_cut();
    tokio::pin!(cut);
    let mut seen = (0, Instant::now());
    loop {
        tokio::select! {
            biased;
            _ = &mut cut => break,
            ready = session.far.readable() => match ready {
                Ok(()) => door.back(between, &session).await,
                Err(_) => break,
            },
            () = sleep_until(seen.1 + IDLE) => {
                let now = session.tunnel.meter().total();
                if now == seen.0 {
                    break;
                }
                seen = (now, Instant::now());
            }
        }
    }
    door.sessions().remove(&between);
}

#[cfg(test)]
mod tests {
    use ets_model::{Protocol, SegmentNo};

    use super::*;
    use crate::testing::gateway;

    /// covers: N15.1, N6.4: what finds no place was not let through, in the ledger and the meters too
    #[tokio::test]
    async fn a_crowded_segment_writes_nothing_into_ledger_and_meters() {
        // Outside; whether it can be reached from here is no matter.
        let target = "203.0.113.9:5000".parse().unwrap();
        let gateway = gateway(
            r#"{ "relays": [{ "id": "calls", "name": { "en": "Calls" },
            "ports": ["udp/5000"], "target": "203.0.113.9" }] }"#,
        );
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let at = socket.local_addr().unwrap();
        let port = Port { relay: "calls".into(), protocol: Protocol::Udp, at, target };
        let sessions = Mutex::default();
        let door = Arc::new(Door { gateway: Arc::clone(&gateway), port, socket, sessions });
        let near = crate::datagrams::socket("127.0.0.1:0".parse().unwrap()).unwrap();
        tell_address(&near, false).unwrap();
        let near = UdpSocket::from_std(near).unwrap();
        let client = UdpSocket::bind("127.0.1.2:0").await.unwrap();
        client.send_to(b"?", near.local_addr().unwrap()).await.unwrap();
        near.readable().await.unwrap();
        let (_, between) = try_receive(&near, &mut [0; 9]).unwrap();

        let all: Vec<Place> =
            std::iter::from_fn(|| gateway.datagrams().session(SegmentNo(1))).collect();
        assert!(!all.is_empty());
        assert_eq!(door.forward(between, b"?"), Err(Dropped::Crowded));
        assert!(gateway.book().take(1).is_empty(), "nobody was let through");
        assert!(gateway.passed().is_empty());
        drop(all);
        let passed = door.forward(between, b"?");
        assert!(passed.is_ok() || passed == Err(Dropped::Unsent), "{passed:?}");
        assert_eq!(gateway.passed().len(), 1, "with a place it was let through");
    }
}
