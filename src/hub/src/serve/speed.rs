//! Measuring channels: what the other parts know of them, and the listener that segments reach.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use ets_listen::Limits;
use ets_model::{PortRange, SegmentNo, ServicePlace};
use ets_netd_api::{Class, Direction};
use ets_registry::Registry;
use ets_runtime::Clock;
use ets_speed::{Channel, Desk, Echoes, Rates};
use ets_store::{BoxFuture, Store};
use tokio::sync::mpsc;

use crate::config::{Config, SPEED, SPEED_V6};

/// Echo requests of a measurement, so far apart.
const APART: Duration = Duration::from_millis(200);
const REQUESTS: u16 = 100;

/// Bytes that wait in the kernel for a connection, each way: what is on its way already when the
/// pace is lowered. 100 Mbit/s at 40 ms.
const WAITING: usize = 512 << 10;

/// Strangers to the hub speak here: few at once, and with little patience.
pub(super) const LIMITS: Limits = Limits {
    connections: 256,
    handshake: Duration::from_secs(5),
    request_head: Duration::from_secs(5),
    drain: Duration::from_secs(1),
};

/// The names of the sockets; none where nobody is to measure.
pub(super) fn listeners(config: &Config) -> &'static [&'static str] {
    if config.speed.port.is_some() { &[SPEED, SPEED_V6] } else { &[] }
}

/// Connections inherit it.
pub(super) fn keep_little(socket: &TcpListener) -> std::io::Result<()> {
    let socket = socket2::SockRef::from(socket);
    socket.set_send_buffer_size(WAITING)?;
    socket.set_recv_buffer_size(WAITING)
}

/// The desk of measurements on what the other parts know.
pub(super) fn build(
    config: &Config,
    (store, registry): (&Store, &Registry),
    (watch, traffic, rules): (ets_watch::Handle, ets_traffic::Handle, ets_rules::Handle),
    clock: &Clock,
) -> Desk {
    let senses = Senses { watch, traffic, rules, port: config.speed.port };
    Desk::new(ets_speed::Deps {
        store: store.clone(),
        registry: registry.clone(),
        channel: Arc::new(senses),
        clock: clock.clone(),
    })
}

/// What the watch and the accounting know.
#[derive(Debug)]
struct Senses {
    watch: ets_watch::Handle,
    traffic: ets_traffic::Handle,
    rules: ets_rules::Handle,
    port: Option<u16>,
}

impl Senses {
    /// The class of the measurement itself: the service on the hub with its port.
    fn own(&self) -> Option<Class> {
        let port = PortRange::tcp(self.port?);
        let rights = self.rules.rights();
        let own = rights.services.iter().find(|one| {
            one.place == ServicePlace::Hub && one.ports.iter().any(|range| range.overlaps(port))
        });
        own.map(|one| Class::Service(one.no))
    }
}

impl Channel for Senses {
    fn echoes(&self, segment: SegmentNo) -> BoxFuture<'_, Option<Echoes>> {
        Box::pin(async move {
            let mut answers = self.watch.ping(segment, REQUESTS, APART).await.ok()?;
            let (send, echoes) = mpsc::channel(16);
            tokio::spawn(async move {
                while let Some(Ok(line)) = answers.next().await {
                    let took = match line.outcome {
                        ets_model::Outcome::Answered(rtt) => Some(rtt),
                        ets_model::Outcome::Lost => None,
                    };
                    if send.send(took).await.is_err() {
                        return;
                    }
                }
            });
            Some(echoes)
        })
    }

    fn rates(&self, segment: SegmentNo, direction: Direction) -> Option<Rates> {
        let now = self.traffic.snapshot();
        if now.by.is_empty() || now.stale_since.is_some() {
            return None;
        }
        let own = self.own();
        let mut rates = Rates { reading: now.seq, ..Rates::default() };
        for flow in now.of_segment(segment) {
            let bits = flow.amount.of(direction).bytes.saturating_mul(8);
            match flow.class {
                Class::Dropped => {}
                class if Some(class) == own => rates.own += bits,
                _ => rates.work += bits,
            }
        }
        Some(rates)
    }
}
