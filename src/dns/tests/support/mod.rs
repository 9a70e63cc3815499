//! A foreign server outside (unbound), our resolver before it, and a foreign client (dig).
#![allow(dead_code, reason = "each test uses its part")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ets_dns::{Client, Config, Kind, Resolver, World};
use ets_model::SegmentNo;
use ets_runtime::{Shutdown, ShutdownTrigger};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{setsockopt, sockopt};
use nix::unistd::Pid;

/// A small world: segment 1 is 127.0.1.0/24, segment 2 127.0.2.0/24, the hub 127.0.0.1.
struct Small;

impl World for Small {
    fn client(&self, address: IpAddr) -> Client {
        match address {
            IpAddr::V4(v4) => match v4.octets() {
                [127, 0, 0, 1] => Client::Own,
                [127, 0, segment @ 1..=2, _] => Client::Segment(SegmentNo(u32::from(segment))),
                _ => Client::Stranger,
            },
            IpAddr::V6(_) => Client::Stranger,
        }
    }

    fn kind(&self, address: IpAddr) -> Kind {
        match address {
            IpAddr::V4(v4) if v4.is_loopback() || v4.octets()[..2] == [10, 10] => Kind::Inner,
            IpAddr::V4(v4) if v4.is_private() => Kind::Private,
            IpAddr::V6(v6) if v6.is_unique_local() => Kind::Private,
            _ => Kind::Outside,
        }
    }

    fn may_look_up(&self, segment: SegmentNo, name: &str) -> bool {
        segment == SegmentNo(1) || !name.ends_with("blocked.out.example")
    }

    fn addresses(&self, name: &str) -> Option<Vec<IpAddr>> {
        match name {
            "mail" => Some(vec!["10.10.1.5".parse().unwrap(), "fd10::5".parse().unwrap()]),
            "gateway" => Some(Vec::new()),
            _ => None,
        }
    }

    fn name_of(&self, address: IpAddr) -> Option<String> {
        (address == IpAddr::from([10, 10, 1, 5])).then(|| "mail".to_owned())
    }
}

/// The server outside. It is ended with the value.
pub(crate) struct Foreign {
    child: Child,
    folder: tempfile::TempDir,
    pub(crate) at: SocketAddr,
}

impl Foreign {
    pub(crate) fn start() -> Self {
        // Between the question for a free port and its use another test may take it.
        (0..5).find_map(|_| Self::try_start()).expect("unbound answers")
    }

    fn try_start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = folder.path().join("log");
        let mut text = format!(
            "server:\n do-daemonize: no\n username: \"\"\n chroot: \"\"\n directory: \"{dir}\"\n\
             \x20pidfile: \"\"\n use-syslog: no\n logfile: \"{log}\"\n log-queries: yes\n\
             \x20log-time-ascii: yes\n interface: 127.0.0.1@{port}\n port: {port}\n\
             \x20access-control: 127.0.0.0/8 allow\n module-config: \"iterator\"\n\
             \x20local-zone: \"out.example.\" static\n",
            dir = folder.path().display(),
            log = log.display(),
        );
        let long = vec![format!("\\\"{}\\\"", "x".repeat(250)); 8].join(" ").replace('\\', "");
        for record in [
            "out.example. 3 IN SOA ns.out.example. me.out.example. 1 3600 600 86400 2",
            "www.out.example. 2 IN A 203.0.113.5",
            "www.out.example. 2 IN AAAA 2001:db8::5",
            "alias.out.example. 300 IN CNAME www.out.example.",
            "blocked.out.example. 300 IN A 203.0.113.6",
            "rebind.out.example. 300 IN A 10.10.7.1",
            "rebind.out.example. 300 IN A 203.0.113.7",
            "private.out.example. 300 IN A 192.168.1.1",
            "may.private.out.example. 300 IN A 192.168.1.2",
            "hint.out.example. 300 IN HTTPS 1 . ipv4hint=10.10.7.1",
        ] {
            writeln!(text, " local-data: '{record}'").unwrap();
        }
        writeln!(text, " local-data: 'long.out.example. 300 IN TXT {long}'").unwrap();
        let file = folder.path().join("unbound.conf");
        std::fs::write(&file, text).unwrap();
        let child = Command::new("unbound")
            .args(["-d", "-c"])
            .arg(&file)
            .stderr(Stdio::null())
            .spawn()
            .expect("unbound is installed: scripts/setup.sh says how");
        let at = SocketAddr::from(([127, 0, 0, 1], port));
        let mut this = Self { child, folder, at };
        let started = Instant::now();
        let asks = || dig(None, at, &["+tries=1", "+time=1", "out.example", "SOA"]);
        loop {
            let is_answered = asks().contains("NOERROR");
            if this.child.try_wait().unwrap().is_some() {
                eprintln!("unbound ended: {}", this.log());
                return None;
            }
            if is_answered {
                return Some(this);
            }
            assert!(started.elapsed() < Duration::from_secs(10), "unbound: {}", this.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn log(&self) -> String {
        let path: PathBuf = self.folder.path().join("log");
        std::fs::read_to_string(path).unwrap_or_default()
    }

    /// How often it was asked for a name.
    pub(crate) fn asked(&self, name: &str) -> usize {
        let name = format!("{name}. ").to_lowercase();
        self.log().to_lowercase().lines().filter(|line| line.contains(&name)).count()
    }

    /// The questions as they came, with the case of their letters.
    pub(crate) fn spellings(&self, name: &str) -> Vec<String> {
        let log = self.log();
        let words = log.split_whitespace().map(|word| word.trim_end_matches('.'));
        words.filter(|word| word.eq_ignore_ascii_case(name)).map(str::to_owned).collect()
    }

    /// It is silent from now on, or answers again.
    pub(crate) fn silent(&self, is_silent: bool) {
        let signal = if is_silent { Signal::SIGSTOP } else { Signal::SIGCONT };
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Our resolver on all of loopback.
pub(crate) struct Ours {
    pub(crate) resolver: Resolver,
    pub(crate) port: u16,
    runtime: Option<tokio::runtime::Runtime>,
    trigger: ShutdownTrigger,
}

impl Ours {
    pub(crate) fn start(servers: &[SocketAddr]) -> Self {
        let config = Config {
            zone: Some("ets.example".to_owned()),
            hosts: BTreeMap::from([(
                "deep.under".to_owned() + ".ets.example",
                vec!["10.10.1.6".parse().unwrap()],
            )]),
            servers: servers.to_vec(),
            private: vec!["may.private.out.example".to_owned()],
            ..Config::default()
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        // What is free for TCP may be taken for UDP.
        let both = || {
            let tcp = TcpListener::bind("0.0.0.0:0").unwrap();
            let udp = UdpSocket::bind(tcp.local_addr().unwrap()).ok()?;
            Some((tcp, udp))
        };
        let (tcp, udp) = (0..5).find_map(|_| both()).expect("a free port");
        let at = tcp.local_addr().unwrap();
        setsockopt(&udp, sockopt::Ipv4PacketInfo, &true).unwrap();
        let (trigger, shutdown) = Shutdown::new();
        let resolver = runtime.block_on(async { Resolver::new(&config, Arc::new(Small)).unwrap() });
        runtime.spawn(ets_dns::serve_udp(resolver.clone(), udp, shutdown.clone()));
        runtime.spawn(ets_dns::serve_tcp(resolver.clone(), tcp, shutdown));
        Self { resolver, port: at.port(), runtime: Some(runtime), trigger }
    }

    /// What dig says, asked from an address of 127.0.0.0/8 at another one.
    pub(crate) fn dig(&self, from: &str, words: &[&str]) -> String {
        dig(Some(from), SocketAddr::from(([127, 0, 0, 7], self.port)), words)
    }

    pub(crate) fn counted(&self, result: &str) -> u64 {
        self.resolver.figures().queries().find(|(name, _)| *name == result).unwrap().1
    }

    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.as_ref().unwrap().block_on(future)
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        self.trigger.fire();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What dig says.
pub(crate) fn dig(from: Option<&str>, at: SocketAddr, words: &[&str]) -> String {
    let mut command = Command::new("dig");
    command.arg(format!("@{}", at.ip())).args(["-p", &at.port().to_string(), "+nocookie"]);
    if let Some(from) = from {
        command.args(["-b", from]);
    }
    let output = command.args(words).output().expect("dig is installed: scripts/setup.sh says how");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
