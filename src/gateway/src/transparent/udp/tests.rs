use super::*;
use crate::policy::{Ground, Policy};
use crate::testing::{CLIENT, Nobody, OUTSIDE, gateway, in_namespace};

/// Long for one machine, and far less than what is waited for elsewhere here.
const SOON: Duration = Duration::from_millis(700);
const OPEN: &str = r#"{ "rules": [{ "id": "all", "name": { "en": "All" }, "action": "allow",
    "ports": ["udp/5000-5999", "udp/53"], "transparent": true }] }"#;

/// Speaks with the address of the far host and a port of its own; or nobody gives him a socket.
struct Voice {
    is_mute: bool,
}

impl Speak for Voice {
    fn speak(&self, address: SocketAddr) -> Spoken<'_> {
        Box::pin(async move {
            if self.is_mute {
                std::future::pending::<()>().await;
            }
            crate::datagrams::socket(SocketAddr::new(address.ip(), 0))
        })
    }
}

struct Bed {
    flows: Arc<Flows<Nobody>>,
    client: UdpSocket,
}

impl Bed {
    async fn new(is_mute: bool) -> Self {
        let gateway = gateway(OPEN);
        let places = Arc::clone(gateway.places());
        let flows = Arc::new(Flows::new(gateway, Arc::new(Voice { is_mute }), places));
        Self { flows, client: UdpSocket::bind((CLIENT, 0)).await.unwrap() }
    }

    fn says(&self, port: u16, what: &[u8]) -> Result<(), Dropped> {
        let far = SocketAddr::new(OUTSIDE.parse().unwrap(), port);
        self.flows.take((self.client.local_addr().unwrap(), far), what)
    }

    async fn hears(&self) -> Option<Vec<u8>> {
        let mut buffer = [0; 64];
        let length = timeout(SOON, self.client.recv(&mut buffer)).await.ok()?.unwrap();
        Some(buffer[..length].to_vec())
    }

    fn dropped(&self, why: Dropped) -> u64 {
        self.flows.gateway.datagrams().dropped().find(|(one, _)| *one == why).unwrap().1
    }

    /// Whether no flow is open any more, before so long.
    async fn is_over(&self, patience: Duration) -> bool {
        let over = async {
            while self.flows.gateway.open() > 0 || !self.flows.open().is_empty() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(patience, over).await.is_ok()
    }
}

/// covers: N6.1, G6: a helper that does not answer holds no flow
#[test]
fn a_flow_that_nobody_can_answer_ends_soon_and_at_once_when_it_is_cut() {
    in_namespace(async {
        let bed = Bed::new(true).await;
        bed.says(5_000, b"?").unwrap();
        assert!(!bed.is_over(SOON).await);
        let nothing = Policy::new(Arc::default(), Ground::new([]), |_| None).unwrap();
        assert_eq!(bed.flows.gateway.enforce(nothing), 1);
        assert!(bed.is_over(SOON).await, "the cut is heard while a socket is asked for");

        let bed = Bed::new(true).await;
        bed.says(5_000, b"?").unwrap();
        assert!(!bed.is_over(VOICE / 2).await);
        assert!(bed.is_over(VOICE).await, "and it is not asked for ever");
    });
}

/// covers: N6.1: what one datagram met says nothing of the next
#[test]
fn a_port_that_is_closed_for_a_moment_ends_no_flow() {
    in_namespace(async {
        let bed = Bed::new(false).await;
        for _ in 0..3 {
            bed.says(5_000, b"?").unwrap();
            assert_eq!(bed.hears().await, None);
        }
        assert_eq!(bed.flows.gateway.open(), 1);
        let tunnel = bed.flows.open().values().next().unwrap().tunnel.clone();
        let far = UdpSocket::bind((OUTSIDE, 5_000)).await.unwrap();
        bed.says(5_000, b"?").unwrap();
        let (_, from) = far.recv_from(&mut [0; 9]).await.unwrap();
        far.send_to(b"here", from).await.unwrap();
        assert_eq!(bed.hears().await.unwrap(), b"here");
        assert_eq!(tunnel.meter().total(), 4 + 4, "in the flow that was there all the time");
    });
}

/// covers: N6.4, N14.1: what is lost is counted, by reason
#[test]
fn what_goes_no_further_is_counted_by_its_reason() {
    in_namespace(async {
        let bed = Bed::new(false).await;
        let far = UdpSocket::bind((OUTSIDE, 53)).await.unwrap();
        assert_eq!(bed.says(6_000, b"?"), Err(Dropped::Refused), "no rule allows it");
        bed.says(53, b"?").unwrap();
        let (_, from) = far.recv_from(&mut [0; 9]).await.unwrap();
        far.send_to(b"one", from).await.unwrap();
        far.send_to(b"two", from).await.unwrap();
        assert_eq!(bed.hears().await.unwrap(), b"one");
        assert_eq!(bed.hears().await, None, "a question has one answer");
        assert_eq!(bed.dropped(Dropped::Unasked), 1);
    });
}
