//! Certificates for machines: the setting of ACME and EST.

use std::net::IpAddr;
use std::path::Path;

use ets_ca::{Ca, Files};
use ets_enrol::{Deps, Enrol};
use ets_runtime::Clock;
use ets_store::Store;

use super::data;
use crate::config::Config;
use crate::exit::Failure;

/// Opens enrolment on what the authority published.
pub(crate) async fn open(
    config: &Config,
    store: &Store,
    ca: &Ca,
    clock: &Clock,
) -> Result<Enrol, Failure> {
    let files = Files::in_dir(&data::authority(config));
    let read = |path: &Path| {
        std::fs::read_to_string(path).map_err(|error| Failure::unusable(path, &error))
    };
    let authorities = format!("{}{}", read(&files.issuing)?, read(&files.root)?);
    let setting = ets_enrol::Config {
        resolver: config.enrol.resolver,
        hosts: config.enrol.hosts.clone(),
        own: own(),
        ..ets_enrol::Config::new(config.enrol.url.trim_end_matches('/'), authorities)
    };
    let deps = Deps { store: store.clone(), ca: ca.clone(), clock: clock.clone() };
    Enrol::open(setting, deps).await.map_err(|error| Failure::Usage(crate::exit::chain(&error)))
}

/// The addresses of this machine: a validation must not make the hub speak to itself.
fn own() -> Vec<IpAddr> {
    let Ok(all) = nix::ifaddrs::getifaddrs() else { return Vec::new() };
    let address = |one: nix::ifaddrs::InterfaceAddress| {
        let address = one.address?;
        let v4 = address.as_sockaddr_in().map(|inet| IpAddr::from(inet.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|inet| IpAddr::from(inet.ip())))
    };
    all.filter_map(address).collect()
}
