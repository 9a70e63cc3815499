//! Relays of named services: the hub's own ports lead to a service that segments reach through the
//! hub alone. Sockets follow the rules in force.
//!
//! `serve` holds these sockets itself, all of them above port 1023: while it is started anew they
//! are closed for a moment, and clients that come meanwhile have to try again.

mod tcp;
mod udp;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ets_model::{PortRange, Protocol, SegmentNo};
use ets_runtime::Shutdown;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::desk::Desk;
use crate::policy::{Ask, Fault, Ground, Relay, Rules, Way};

/// How soon a port that was in use is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// One port of a relay, in one version of IP.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Port {
    /// The relay.
    pub(crate) relay: Arc<str>,
    protocol: Protocol,
    /// Of the hub, at all its addresses.
    at: SocketAddr,
    /// The service.
    target: SocketAddr,
}

/// A task that serves one port; it ends when this is dropped.
#[derive(Debug)]
struct Serving(JoinHandle<()>);

/// Why ports are not served, by relay.
#[derive(Debug, Default)]
pub(crate) struct Held(Mutex<BTreeMap<Arc<str>, String>>);

/// A relay of the rules in force.
#[derive(Clone, Debug)]
pub struct State {
    /// As it is written.
    pub relay: Relay,
    /// Connections and sessions of datagrams that are open by it.
    pub open: usize,
    /// Why one of its ports is not served; none where all are.
    pub fault: Option<String>,
}

impl Port {
    /// What is asked of the rules for who comes from a segment.
    fn ask(&self, segment: Option<SegmentNo>) -> Ask<'static> {
        Ask {
            segment,
            person: None,
            host: None,
            address: self.target.ip(),
            port: self.target.port(),
            protocol: self.protocol,
            way: Way::Proxy,
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Desk {
    /// The relays of the rules in force.
    pub fn relay_states(&self) -> Vec<State> {
        let (policy, open) = (self.gateway().policy(), self.gateway().by_relay());
        let faults = self.relays().0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = |relay: &Relay| State {
            relay: relay.clone(),
            open: open.get(relay.id.as_str()).copied().unwrap_or(0),
            fault: faults.get(relay.id.as_str()).cloned(),
        };
        policy.source().relays.iter().map(state).collect()
    }
}

/// The faults of relays that depend on where things are; `socks` are the ports of associations.
pub(crate) fn faults(rules: &Rules, ground: &Ground, socks: Option<PortRange>) -> Vec<Fault> {
    let mut found = Vec::new();
    for relay in &rules.relays {
        let mut fault = |what| found.push(Fault { place: format!("relay {}", relay.id), what });
        if !ground.may_be_relayed(relay.target) {
            fault(format!(
                "{} is the hub's, a segment's or nobody's: a relay leads to a server behind the hub or outside",
                relay.target
            ));
        }
        let theirs = socks.filter(|socks| relay.ports.iter().any(|range| range.overlaps(*socks)));
        if let Some(socks) = theirs {
            fault(format!("{socks} are the ports of SOCKS; choose others"));
        }
    }
    found
}

/// Serves the ports of the relays in force until shutdown.
pub(crate) async fn hold(desk: &Desk, shutdown: Shutdown) {
    let mut changes = desk.gateway().changes();
    let mut serving = BTreeMap::new();
    let mut again = interval(AGAIN);
    again.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_whole = false;
    loop {
        tokio::select! {
            () = shutdown.requested() => return,
            changed = changes.changed() => if changed.is_err() { return },
            _ = again.tick(), if !is_whole => {}
        }
        is_whole = follow(desk, &mut serving, &shutdown).await;
    }
}

/// Closes ports that no relay has any more and opens those that one has; whether all are open.
async fn follow(desk: &Desk, serving: &mut BTreeMap<Port, Serving>, shutdown: &Shutdown) -> bool {
    let wanted = ports(desk.gateway().policy().source());
    let over: Vec<Port> = serving.keys().filter(|port| !wanted.contains(*port)).cloned().collect();
    for mut gone in over.iter().filter_map(|port| serving.remove(port)) {
        gone.0.abort();
        // A port is free when its task has ended.
        drop((&mut gone.0).await);
    }
    let mut faults = BTreeMap::new();
    for port in wanted {
        if serving.get(&port).is_some_and(|one| !one.0.is_finished()) {
            continue;
        }
        match open(desk, &port, shutdown) {
            Ok(task) => drop(serving.insert(port, Serving(task))),
            // A machine without IPv6 has relays of IPv4.
            Err(error) if port.at.is_ipv6() && is_without(&error) => {}
            Err(error) => {
                let protocol = if port.protocol == Protocol::Tcp { "tcp" } else { "udp" };
                let what = format!("{protocol}/{}: {error}", port.at.port());
                faults.entry(Arc::clone(&port.relay)).or_insert(what);
            }
        }
    }
    let is_whole = faults.is_empty();
    let mut known = desk.relays().0.lock().unwrap_or_else(PoisonError::into_inner);
    for (relay, what) in faults.iter().filter(|(relay, _)| !known.contains_key(*relay)) {
        tracing::warn!(%relay, what, "a port of a relay cannot be served yet");
    }
    *known = faults;
    is_whole
}

fn is_without(error: &io::Error) -> bool {
    let codes = [nix::libc::EAFNOSUPPORT, nix::libc::EADDRNOTAVAIL];
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

fn open(desk: &Desk, port: &Port, shutdown: &Shutdown) -> io::Result<JoinHandle<()>> {
    let gateway = Arc::clone(desk.gateway());
    match port.protocol {
        Protocol::Tcp => {
            let serve = tcp::serve(
                gateway,
                port.clone(),
                Arc::clone(desk.gateway().places()),
                shutdown.clone(),
            )?;
            Ok(tokio::spawn(serve))
        }
        _ => Ok(tokio::spawn(udp::serve(gateway, port.clone())?)),
    }
}

/// Every port of the relays in use.
fn ports(rules: &Rules) -> BTreeSet<Port> {
    let mut all = BTreeSet::new();
    let ids: HashMap<&str, Arc<str>> =
        rules.relays.iter().map(|relay| (relay.id.as_str(), relay.id.as_str().into())).collect();
    for relay in rules.relays.iter().filter(|relay| !relay.off) {
        for range in &relay.ports {
            for port in range.first..=range.last {
                let any = [IpAddr::from(Ipv4Addr::UNSPECIFIED), Ipv6Addr::UNSPECIFIED.into()];
                all.extend(any.map(|any| Port {
                    relay: Arc::clone(&ids[relay.id.as_str()]),
                    protocol: range.protocol,
                    at: SocketAddr::new(any, port),
                    target: SocketAddr::new(relay.target, port),
                }));
            }
        }
    }
    all
}
