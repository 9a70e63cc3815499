//! The listening sockets that `netd` holds for `serve`, so that they outlive it. `netd` itself
//! never accepts a connection.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use ets_netd_api::inherited_listener;
use socket2::{Domain, Socket, Type};

use crate::Error;

/// Connections that wait to be accepted while `serve` is away.
const BACKLOG: i32 = 1024;

/// Held sockets by name.
#[derive(Debug, Default)]
pub(crate) struct Listeners(BTreeMap<String, OwnedFd>);

impl Listeners {
    /// Takes over what `inherited` (`name=descriptor,…`) names and binds the rest of `configured`.
    pub(crate) fn open(
        inherited: Option<&str>,
        configured: &[(String, SocketAddr)],
    ) -> Result<Self, Error> {
        let mut held = Self::default();
        for item in inherited.unwrap_or_default().split(',').filter(|item| !item.is_empty()) {
            held.inherit(item)?;
        }
        for (name, address) in configured {
            if !held.0.contains_key(name) {
                let socket = bind(*address).map_err(|source| Error::Listen {
                    name: name.clone(),
                    address: *address,
                    source,
                })?;
                held.0.insert(name.clone(), TcpListener::from(socket).into());
            }
        }
        Ok(held)
    }

    /// The socket held under `name`.
    pub(crate) fn get(&self, name: &str) -> Option<BorrowedFd<'_>> {
        self.0.get(name).map(AsFd::as_fd)
    }

    /// All names.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn inherit(&mut self, item: &str) -> Result<(), Error> {
        let syntax = || Error::ListenSyntax(item.to_owned());
        let (name, number) = item.split_once('=').ok_or_else(syntax)?;
        let number = number.trim().parse().map_err(|_| syntax())?;
        let name = name.trim().to_owned();
        if self.0.contains_key(&name) {
            return Err(Error::ListenTwice(name));
        }
        let socket = inherited_listener(number)
            .map_err(|source| Error::Inherit { name: name.clone(), source })?;
        self.0.insert(name, socket);
        Ok(())
    }
}

fn bind(address: SocketAddr) -> std::io::Result<Socket> {
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
        let copy = held.get("dashboard").unwrap().try_clone_to_owned().unwrap();
        assert_eq!(TcpListener::from(copy).local_addr().unwrap(), address);
        assert!(held.get("other").is_none());
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
