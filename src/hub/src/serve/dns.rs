//! The resolver of the segments, on what it stands on.

use std::net::IpAddr;
use std::sync::Arc;

use ets_dns::{Client, Kind, Resolver, World};
use ets_gateway::Desk;
use ets_gateway::policy::{Ground, Kind as Of, bare};
use ets_model::{SegmentNo, ServicePlace};
use ets_netd_api::Client as Netd;
use ets_registry::Registry;
use ets_runtime::{Shutdown, Tasks};
use ipnet::IpNet;

use super::listeners;
use crate::config::{Config, dns_sockets};
use crate::exit::{Failure, chain};

/// Opens it; none where segments have nobody to ask. The gateway asks it too from then on.
pub(super) fn open(
    config: &Config,
    registry: &Registry,
    rules: ets_rules::Handle,
    gateway: Option<&Desk>,
) -> Result<Option<Resolver>, Failure> {
    if config.dns.port.is_none() {
        return Ok(None);
    }
    let around = Around {
        registry: registry.clone(),
        rules,
        gateway: gateway.cloned(),
        inner: super::own_networks(config).map(|(_, prefix)| prefix).collect(),
        ground: Ground::new([]),
    };
    let resolver = Resolver::new(&config.dns, Arc::new(around));
    let resolver = resolver.map_err(|error| Failure::Usage(format!("[dns] {}", chain(&error))))?;
    if let Some(desk) = gateway {
        let asked = resolver.clone();
        desk.gateway().resolver().ask_instead(Box::new(move |name| {
            let asked = asked.clone();
            Box::pin(async move { asked.addresses(&name).await })
        }));
    }
    Ok(Some(resolver))
}

/// Serves it.
pub(super) async fn serve(
    tasks: &mut Tasks,
    config: &Config,
    resolver: Option<Resolver>,
    netd: &Netd,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    let Some(resolver) = resolver else { return Ok(()) };
    for name in dns_sockets(&config.dns, true) {
        let held = config.netd.listen_udp.as_slice();
        if let Some(socket) = listeners::take_udp(netd, held, &name, &shutdown).await? {
            let serve = ets_dns::serve_udp(resolver.clone(), socket, shutdown.clone());
            tasks.spawn("dns over UDP", serve);
        }
    }
    for name in dns_sockets(&config.dns, false) {
        let held = config.netd.listen.as_slice();
        if let Some(socket) = listeners::take(netd, held, &name, &shutdown).await? {
            let serve = ets_dns::serve_tcp(resolver.clone(), socket, shutdown.clone());
            tasks.spawn("dns over TCP", serve);
        }
    }
    Ok(())
}

/// The registry, the services and the gateway's rules, as the resolver asks them.
struct Around {
    registry: Registry,
    rules: ets_rules::Handle,
    gateway: Option<Desk>,
    /// The hub's networks that are not outside.
    inner: Vec<IpNet>,
    /// What addresses are to everybody.
    ground: Ground,
}

impl World for Around {
    fn client(&self, address: IpAddr) -> Client {
        if address.is_loopback() {
            return Client::Own;
        }
        match self.registry.catalog().by_address(address) {
            Some(segment) => Client::Segment(segment.no),
            None => Client::Stranger,
        }
    }

    fn kind(&self, address: IpAddr) -> Kind {
        let kind = match &self.gateway {
            // It knows the machine's own addresses too.
            Some(desk) => desk.gateway().policy().kind(address),
            None => self.ground.kind(address),
        };
        // As the rules look at it: also one that is carried in an address of IPv6.
        let meant = bare(address);
        let is_inner = || {
            self.inner.iter().any(|net| net.contains(&meant))
                || self.registry.catalog().by_address(meant).is_some()
        };
        match kind {
            Of::Ours | Of::Nobodys => Kind::Inner,
            Of::Private | Of::Public if is_inner() => Kind::Inner,
            Of::Private => Kind::Private,
            Of::Public => Kind::Outside,
        }
    }

    fn may_look_up(&self, segment: SegmentNo, name: &str) -> bool {
        // Without a gateway there are no rules that could say no.
        let Some(desk) = &self.gateway else { return true };
        desk.gateway().policy().may_look_up(segment, name)
    }

    fn addresses(&self, name: &str) -> Option<Vec<IpAddr>> {
        let rights = self.rules.rights();
        let service = rights.active().find(|service| service.id.as_str() == name)?;
        // One on the hub is wherever the hub is.
        Some(service.addresses.clone())
    }

    fn name_of(&self, address: IpAddr) -> Option<String> {
        let rights = self.rules.rights();
        let is_there = |place, addresses: &[IpAddr]| {
            place == ServicePlace::Behind && addresses.contains(&address)
        };
        let mut there = rights.active().filter(|one| is_there(one.place, &one.addresses));
        there.next().map(|service| service.id.to_string())
    }
}
