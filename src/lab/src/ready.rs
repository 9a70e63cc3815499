//! When a lab is ready: `netd` says that every segment answers, and `serve` answers a browser.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use ets_model::LinkState;
use ets_netd_api::Client;

/// How far the hub has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Segments that `netd` watches.
    pub(crate) watched: usize,
    /// Segments of those that answer.
    pub(crate) up: usize,
}

/// Asks `netd`; nothing while it is not there.
pub(crate) fn ask_netd(socket: &Path) -> Progress {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else {
        return Progress::default();
    };
    let client = Client::new(socket);
    let asked = async { tokio::time::timeout(Duration::from_secs(2), client.follow(None)).await };
    match runtime.block_on(asked) {
        Ok(Ok(follower)) => {
            let answers = |state: LinkState| matches!(state, LinkState::Up | LinkState::Degraded);
            let up = follower.now.iter().filter(|segment| answers(segment.state)).count();
            Progress { watched: follower.now.len(), up }
        }
        _ => Progress::default(),
    }
}

/// Whether a program answers HTTP on this port of the loopback. A connection alone proves nothing:
/// the lab itself holds the socket.
pub(crate) fn answers_http(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: ets.localhost\r\nConnection: close\r\n\r\n")?;
        let mut head = [0; 5];
        stream.read_exact(&mut head)?;
        Ok(&head == b"HTTP/")
    };
    ask().unwrap_or(false)
}
