//! The checks on real servers of others (python's http.server, dnsmasq) and on servers that do not
//! keep to their protocol: what is heard, and in which words.

#![allow(clippy::unwrap_used, reason = "a test may end at once")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use ets_model::{Check, HealthState, Names, PortRange, Service};
use ets_poll::{Change, Deps, Handle, Health, MIGRATIONS, Poll, Reason};
use ets_runtime::{Clock, Shutdown, ShutdownTrigger};
use ets_store::testing::TestStore;
use tokio::sync::watch;
use tokio::time::timeout;

struct Hub {
    services: watch::Sender<Arc<Vec<Service>>>,
    handle: Handle,
    trigger: ShutdownTrigger,
    store: TestStore,
}

impl Hub {
    async fn start() -> Self {
        let store = TestStore::sqlite(MIGRATIONS).await;
        let services = watch::Sender::new(Arc::new(Vec::new()));
        let deps = Deps {
            store: (*store).clone(),
            clock: Clock::system(),
            services: services.subscribe(),
            own: Vec::new(),
            way: Arc::new(|address| {
                (address == Ipv4Addr::new(127, 9, 9, 9)).then(|| "dark".into())
            }),
        };
        let poll = Poll::build(deps).await.unwrap();
        let (trigger, shutdown): (ShutdownTrigger, Shutdown) = Shutdown::new();
        let handle = poll.handle();
        tokio::spawn(poll.run(shutdown));
        Self { services, handle, trigger, store }
    }

    /// Checks one service so from now on.
    fn ask(&self, address: SocketAddr, line: &str) {
        let mut check: Check = line.parse().unwrap();
        (check.every_s, check.timeout_s, check.fall, check.rise) = (1, 1, 1, 1);
        check.port = Some(address.port());
        let service = Service {
            name: Names { ru: "Служба".into(), ..Names::default() },
            addresses: vec![address.ip()],
            ports: vec![PortRange::tcp(address.port())],
            checks: vec![check],
            ..blank()
        };
        self.services.send_replace(Arc::new(vec![service]));
    }

    async fn wait(&self, state: HealthState, reason: Option<Reason>) -> Arc<Health> {
        let id = "one".parse().unwrap();
        let mut pictures = self.handle.subscribe();
        let there = pictures.wait_for(|picture| {
            let health = picture.services.get(&id);
            health.is_some_and(|one| one.state == state && one.reason == reason)
        });
        let found = timeout(Duration::from_secs(10), there).await;
        let found = found.unwrap_or_else(|_| panic!("{:?}", self.handle.health(&id))).unwrap();
        found.services[&id].clone()
    }
}

impl Hub {
    /// The history once it ends so: a state is shown before it is on disk.
    async fn history(&self, (state, reason): (HealthState, Option<Reason>)) -> Vec<Change> {
        let (id, mut pictures) = ("one".parse().unwrap(), self.handle.subscribe());
        loop {
            let history = self.handle.history(&id, 10).await.unwrap();
            if history.first().is_some_and(|one| one.to == state && one.reason == reason) {
                return history;
            }
            let news = timeout(Duration::from_secs(10), pictures.changed()).await;
            news.expect("the history is written").unwrap();
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.trigger.fire();
    }
}

fn blank() -> Service {
    serde_json::from_str(r#"{"id":"one","name":{},"ports":[]}"#).unwrap()
}

/// A server of others, killed by its process id with the test.
struct Server(Child);

impl Server {
    fn start(words: &[&str]) -> Self {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("it starts"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn free() -> SocketAddr {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap()
}

/// A server that says this to whoever connects.
fn says(text: &'static [u8]) -> SocketAddr {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(text);
        }
    });
    address
}

fn down(reason: Reason) -> (HealthState, Option<Reason>) {
    (HealthState::Down, Some(reason))
}

/// covers: N7.1
#[tokio::test]
async fn a_web_server_of_others_is_up_with_its_text_and_down_when_it_is_killed() {
    let (hub, address) = (Hub::start().await, free());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ready"), "the work is ready").unwrap();
    let port = address.port().to_string();
    let words = ["python3", "-m", "http.server", &port, "--bind", "127.0.0.1", "--directory"];
    let server = Server::start(&[&words[..], &[folder.path().to_str().unwrap()]].concat());
    // Before it listens it would rightly be called down.
    while TcpStream::connect(address).is_err() {
        std::thread::sleep(Duration::from_millis(20));
    }
    hub.ask(address, "http /ready text=\"is ready\"");
    let health = hub.wait(HealthState::Up, None).await;
    assert!(health.took().is_some() && health.since.is_some());
    hub.ask(address, "http /ready text=\"is not ready\"");
    hub.wait(HealthState::Down, Some(Reason::NoText)).await;
    hub.ask(address, "http /nothing");
    hub.wait(HealthState::Down, Some(Reason::Status { code: 404 })).await;
    hub.ask(address, "tcp");
    hub.wait(HealthState::Up, None).await;
    drop(server);
    hub.wait(HealthState::Down, Some(Reason::Refused)).await;
    let history = hub.history(down(Reason::Refused)).await;
    let states: Vec<HealthState> = history.iter().rev().map(|one| one.to).collect();
    assert_eq!(states.first(), Some(&HealthState::Up), "{history:?}");
    assert_eq!(states.last(), Some(&HealthState::Down));
    assert_eq!(history[0].reason, Some(Reason::Refused));
}

/// covers: N7.1
#[tokio::test]
async fn a_name_server_of_others_answers_for_the_name_that_it_knows() {
    let (hub, address) = (Hub::start().await, free());
    let port = format!("--port={}", address.port());
    let fixed = ["dnsmasq", "-k", "--no-resolv", "--no-hosts", "--bind-interfaces", "--user=root"];
    let own = ["--listen-address=127.0.0.1", "--address=/mail.example.kz/10.1.0.10", &port];
    let _server = Server::start(&[&fixed[..], &own[..]].concat());
    hub.ask(address, "dns name=mail.example.kz");
    hub.wait(HealthState::Up, None).await;
    hub.ask(address, "dns name=other.example.kz");
    hub.wait(HealthState::Down, Some(Reason::DnsCode { code: "REFUSED".into() })).await;
    hub.ask(free(), "dns name=mail.example.kz");
    hub.wait(HealthState::Down, Some(Reason::Refused)).await;
}

/// covers: N7.1
#[tokio::test]
async fn servers_that_keep_to_nothing_are_told_in_the_right_words() {
    let hub = Hub::start().await;
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let fault = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
    let cases = [
        (says(b"220 mail.example.kz ESMTP\r\n"), "http", down(Reason::NotHttp)),
        (says(fault), "http", down(Reason::Status { code: 503 })),
        (says(b"HTTP/1.1 200 OK\r\ncontent-le"), "http", down(Reason::BrokenOff)),
        (says(b"HTTP/1.1 200 OK\r\n\r\nready"), "http text=ready", (HealthState::Up, None)),
        (silent.local_addr().unwrap(), "http", down(Reason::TimedOut)),
    ];
    for (address, line, (state, reason)) in cases {
        hub.ask(address, line);
        hub.wait(state, reason).await;
    }
    let dark = Reason::Dark { network: "dark".into() };
    hub.ask("127.9.9.9:9".parse().unwrap(), "tcp");
    hub.wait(HealthState::Unknown, Some(dark)).await;
}

/// covers: N7.1
#[tokio::test]
async fn of_an_endless_body_no_more_than_64_kib_is_looked_at() {
    let hub = Hub::start().await;
    let mut body = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    body.resize(70 << 10, b'x');
    body.extend(b"ready");
    hub.ask(says(body.leak()), "http text=ready");
    hub.wait(HealthState::Down, Some(Reason::NoText)).await;
}

/// covers: N7.1, N9.2: a database that is slow holds no question up, and has all in the end
#[tokio::test]
async fn services_are_asked_while_the_database_takes_nothing() {
    let (hub, server) = (Hub::start().await, TcpListener::bind("127.0.0.1:0").unwrap());
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let store = (*hub.store).clone();
    let held = tokio::spawn(async move {
        let work = store.write(move |_| {
            Box::pin(async move {
                wait.await.unwrap();
                Ok::<_, ets_store::Error>(())
            })
        });
        work.await
    });
    hub.ask(server.local_addr().unwrap(), "tcp");
    hub.wait(HealthState::Up, None).await;
    drop(server);
    // It is asked again, though that it came up is not written down.
    hub.wait(HealthState::Down, Some(Reason::Refused)).await;
    assert!(hub.handle.history(&"one".parse().unwrap(), 10).await.unwrap().is_empty());
    go.send(()).unwrap();
    held.await.unwrap().unwrap();
    let states: Vec<HealthState> =
        hub.history(down(Reason::Refused)).await.iter().map(|one| one.to).collect();
    assert_eq!(states, [HealthState::Down, HealthState::Up]);
}
