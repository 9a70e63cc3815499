//! Which servers are asked what: each check of a service that is in use, of each of its addresses.

use std::net::{IpAddr, SocketAddr};

use ets_model::{Check, Service, ServiceId, ServicePlace};

/// One check of one server of a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Of which service.
    pub service: ServiceId,
    /// How it is asked.
    pub check: Check,
    /// Where.
    pub address: SocketAddr,
}

/// What is to be asked of these services. The hub's own are asked where the hub listens.
pub(crate) fn targets(services: &[Service], own: &[SocketAddr]) -> Vec<Target> {
    let active = services.iter().filter(|service| service.retired.is_none());
    active.flat_map(|service| of_service(service, own)).collect()
}

fn of_service<'a>(
    service: &'a Service,
    own: &'a [SocketAddr],
) -> impl Iterator<Item = Target> + 'a {
    service.checks.iter().flat_map(move |check| {
        let port = check.port_of(service);
        let at = move |port| places(service, port, own).into_iter();
        port.into_iter().flat_map(at).map(|address| Target {
            service: service.id.clone(),
            check: check.clone(),
            address,
        })
    })
}

fn places(service: &Service, port: u16, own: &[SocketAddr]) -> Vec<SocketAddr> {
    match service.place {
        ServicePlace::Behind => {
            service.addresses.iter().map(|address| SocketAddr::new(*address, port)).collect()
        }
        ServicePlace::Hub => {
            let listens = own.iter().find(|socket| socket.port() == port);
            let address = listens.map(SocketAddr::ip).filter(|ip| !ip.is_unspecified());
            vec![SocketAddr::new(address.unwrap_or(IpAddr::from([127, 0, 0, 1])), port)]
        }
    }
}
