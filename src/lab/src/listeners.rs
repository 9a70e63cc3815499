//! The loopback sockets of this machine, opened before the lab enters its namespaces and handed to
//! `netd`, so that the dashboard in the hub's namespace answers a browser outside.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::{AsRawFd, RawFd};

use crate::error::{Error, Result};

/// The variable in which `netd` finds the sockets: `name=descriptor,…`.
pub(crate) const VARIABLE: &str = "ETS_LISTEN";

/// The sockets that are handed over.
#[derive(Debug)]
pub(crate) struct Listeners {
    /// The dashboard in plain HTTP, for the first sight.
    pub(crate) dashboard: TcpListener,
    /// The dashboard in HTTPS.
    pub(crate) dashboard_tls: TcpListener,
    /// The metrics.
    pub(crate) metrics: TcpListener,
    /// Revocation lists and OCSP in plain HTTP.
    pub(crate) pki: TcpListener,
    /// The closed and the open part in HTTPS.
    pub(crate) access_tls: TcpListener,
    /// What the outside address answers, in HTTPS.
    pub(crate) open: TcpListener,
}

impl Listeners {
    /// Opens them on their usual ports, on free ones where these are taken. A port that the user
    /// named is taken or refused.
    pub(crate) fn open(port: Option<u16>) -> Result<Self> {
        let dashboard = match port {
            Some(port) => bind(port).map_err(|error| {
                Error::Refused(format!("port {port} cannot be used ({error}): give another --port"))
            })?,
            None => bind_or_any(8470)?,
        };
        Ok(Self {
            dashboard,
            dashboard_tls: bind_or_any(8443)?,
            metrics: bind_or_any(9470)?,
            pki: bind_or_any(8480)?,
            access_tls: bind_or_any(8444)?,
            open: bind_or_any(8445)?,
        })
    }

    /// The value of [`VARIABLE`].
    pub(crate) fn variable(&self) -> String {
        self.named().map(|(name, socket)| format!("{name}={}", socket.as_raw_fd())).join(",")
    }

    fn named(&self) -> [(&'static str, &TcpListener); 6] {
        [
            ("dashboard", &self.dashboard),
            ("dashboard-tls", &self.dashboard_tls),
            ("metrics", &self.metrics),
            ("pki", &self.pki),
            ("access-tls", &self.access_tls),
            ("open-lab", &self.open),
        ]
    }

    /// The descriptors that a child must inherit.
    pub(crate) fn descriptors(&self) -> Vec<RawFd> {
        self.named().map(|(_, socket)| socket.as_raw_fd()).to_vec()
    }

    /// `http://ets.localhost:8470`, which every browser resolves by itself.
    pub(crate) fn plain_url(&self) -> String {
        format!("http://ets.localhost:{}", port_of(&self.dashboard))
    }

    /// The dashboard in HTTPS, under a name that the machine's own programs resolve.
    pub(crate) fn tls_url(&self) -> String {
        format!("https://{}", authority("ets.localhost", &self.dashboard_tls))
    }

    /// Where revocation lists lie and OCSP answers; stands in every certificate.
    pub(crate) fn pki_url(&self) -> String {
        format!("http://{}", authority("pki.ets.localhost", &self.pki))
    }

    /// The closed part.
    pub(crate) fn portal_url(&self) -> String {
        format!("https://{}", authority("portal.ets.localhost", &self.access_tls))
    }

    /// What the outside address answers.
    pub(crate) fn open_url(&self) -> String {
        format!("https://{}/", authority("open.ets.localhost", &self.open))
    }

    /// Where the metrics are.
    pub(crate) fn metrics_url(&self) -> String {
        format!("http://127.0.0.1:{}/metrics", port_of(&self.metrics))
    }
}

/// `host:port` of a socket, under `localhost` where the machine's own programs do not resolve the
/// name; browsers and curl always do.
fn authority(host: &str, socket: &TcpListener) -> String {
    let port = port_of(socket);
    let is_known = std::net::ToSocketAddrs::to_socket_addrs(&(host, port)).is_ok();
    format!("{}:{port}", if is_known { host } else { "localhost" })
}

/// The port of a bound socket.
pub(crate) fn port_of(socket: &TcpListener) -> u16 {
    socket.local_addr().map_or(0, |address| address.port())
}

fn bind(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

fn bind_or_any(port: u16) -> Result<TcpListener> {
    bind(port).or_else(|_| bind(0)).map_err(|error| {
        Error::Refused(format!("no port of this machine's loopback can be used: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_port_that_is_taken_is_refused_with_a_remedy() {
        let taken = bind(0).unwrap();
        let error = Listeners::open(Some(port_of(&taken))).unwrap_err();
        assert!(error.to_string().contains("--port"), "{error}");
    }

    #[test]
    fn the_variable_names_each_socket_and_its_descriptor() {
        let free = port_of(&bind(0).unwrap());
        let listeners = Listeners::open(Some(free)).unwrap();
        let fds = listeners.descriptors();
        let names = ["dashboard", "dashboard-tls", "metrics", "pki", "access-tls", "open-lab"];
        let named: Vec<_> =
            names.iter().zip(&fds).map(|(name, fd)| format!("{name}={fd}")).collect();
        assert_eq!((listeners.variable(), fds.len()), (named.join(","), names.len()));
    }
}
