//! The listening sockets that `netd` holds for `serve`, so that they outlive it. `netd` itself
//! never accepts a connection.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ets_netd_api::inherited_listener;
use socket2::{Domain, Socket, Type};

use crate::Error;

/// Connections that wait to be accepted while `serve` is away.
const BACKLOG: i32 = 1024;

/// Held sockets by name.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    held: Mutex<BTreeMap<String, OwnedFd>>,
    /// All that are to be bound.
    configured: BTreeMap<String, SocketAddr>,
}

impl Listeners {
    /// Takes over what `inherited` (`name=descriptor,…`) names and binds the rest of `configured`.
    ///
    /// A port that is in use stays free for now: when `netd` alone was ended, `serve` still holds
    /// and answers it. It is bound when somebody asks for it, which `serve` does when it starts.
    pub(crate) fn open(
        inherited: Option<&str>,
        configured: &[(String, SocketAddr)],
    ) -> Result<Self, Error> {
        let mut held = BTreeMap::new();
        for item in inherited.unwrap_or_default().split(',').filter(|item| !item.is_empty()) {
            inherit(&mut held, item)?;
        }
        let configured: BTreeMap<String, SocketAddr> = configured.iter().cloned().collect();
        for (name, address) in &configured {
            if held.contains_key(name) {
                continue;
            }
            match listen(name, *address) {
                Ok(socket) => drop(held.insert(name.clone(), socket)),
                Err(Error::Listen { source, .. }) if source.kind() == io::ErrorKind::AddrInUse => {
                    tracing::warn!(name, %address, "in use: by serve, or by a stranger");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Self { held: Mutex::new(held), configured })
    }

    /// The socket of that name, bound now where it was in use before.
    ///
    /// # Errors
    /// Why there is none, as a sentence.
    pub(crate) fn get(&self, name: &str) -> Result<OwnedFd, String> {
        let mut held = self.held();
        if !held.contains_key(name) {
            let Some(address) = self.configured.get(name) else {
                let known: Vec<&str> = held.keys().map(String::as_str).collect();
                return Err(format!(
                    "no socket {name:?} is held: known are [{}]",
                    known.join(", ")
                ));
            };
            let socket = listen(name, *address).map_err(|error| error.to_string())?;
            held.insert(name.to_owned(), socket);
        }
        let copy = held[name].as_fd().try_clone_to_owned();
        copy.map_err(|error| format!("the socket {name:?} cannot be handed over: {error}"))
    }

    /// All names.
    pub(crate) fn names(&self) -> Vec<String> {
        self.held().keys().cloned().collect()
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<String, OwnedFd>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn inherit(held: &mut BTreeMap<String, OwnedFd>, item: &str) -> Result<(), Error> {
    let syntax = || Error::ListenSyntax(item.to_owned());
    let (name, number) = item.split_once('=').ok_or_else(syntax)?;
    let number = number.trim().parse().map_err(|_| syntax())?;
    let name = name.trim().to_owned();
    if held.contains_key(&name) {
        return Err(Error::ListenTwice(name));
    }
    let socket = inherited_listener(number)
        .map_err(|source| Error::Inherit { name: name.clone(), source })?;
    held.insert(name, socket);
    Ok(())
}

fn listen(name: &str, address: SocketAddr) -> Result<OwnedFd, Error> {
    let refused = |source| Error::Listen { name: name.to_owned(), address, source };
    Ok(TcpListener::from(bind(address).map_err(refused)?).into())
}

fn bind(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::IntoRawFd;

    #[test]
    fn a_socket_handed_in_takes_the_place_of_the_configured_one() {
        let handed = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = handed.local_addr().unwrap();
        let list = format!("dashboard={}", handed.into_raw_fd());
        let configured = [
            ("dashboard".to_owned(), "192.0.2.1:1".parse().unwrap()),
            ("metrics".to_owned(), "127.0.0.1:0".parse().unwrap()),
        ];
        let held = Listeners::open(Some(&list), &configured).unwrap();
        assert_eq!(held.names(), ["dashboard", "metrics"]);
        let copy = held.get("dashboard").unwrap();
        assert_eq!(TcpListener::from(copy).local_addr().unwrap(), address);
        assert!(held.get("other").unwrap_err().contains("dashboard, metrics"));
    }

    /// covers: S8
    #[test]
    fn a_port_that_serve_still_answers_is_bound_when_serve_asks_for_it_again() {
        let serve = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = serve.local_addr().unwrap();
        let held = Listeners::open(None, &[("dashboard".to_owned(), address)]).unwrap();
        assert_eq!(held.names(), [""; 0]);
        let refusal = held.get("dashboard").unwrap_err();
        assert!(refusal.contains(&address.to_string()), "{refusal}");
        drop(serve);
        let socket = TcpListener::from(held.get("dashboard").unwrap());
        assert_eq!(socket.local_addr().unwrap(), address);
        assert_eq!(held.names(), ["dashboard"]);
    }

    /// covers: S13
    #[test]
    fn a_malformed_list_is_refused_with_its_item() {
        for bad in ["dashboard", "dashboard=x", "a=99999"] {
            let error = Listeners::open(Some(bad), &[]).unwrap_err().to_string();
            assert!(error.starts_with("ETS_LISTEN"), "{error}");
        }
    }
}
