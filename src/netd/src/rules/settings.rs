//! Settings of the kernel on every port that leads to segments (ip-sysctl.rst), and a few of the whole
//! machine: what the rules rely on, and what they cannot say.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use ets_netd_api::Drift;

/// Family, name, value.
const SETTINGS: [(&str, &str, &str); 10] = [
    // A source must lead back where it came from (RFC 3704); the rules say the same by name.
    ("ipv4", "rp_filter", "1"),
    ("ipv4", "accept_redirects", "0"),
    ("ipv4", "secure_redirects", "0"),
    ("ipv4", "send_redirects", "0"),
    ("ipv4", "accept_source_route", "0"),
    // The hub answers for the addresses of this port alone, and asks in their name.
    ("ipv4", "arp_ignore", "1"),
    ("ipv4", "arp_announce", "2"),
    ("ipv4", "proxy_arp", "0"),
    ("ipv6", "accept_ra", "0"),
    ("ipv6", "accept_redirects", "0"),
];

/// Of the whole machine: connections are counted, to tell who talks (nf_conntrack-sysctl.rst).
const EVERYWHERE: [(&str, &str); 1] = [("net/netfilter/nf_conntrack_acct", "1")];

/// Sets what is not set yet, as far as it can be.
pub(super) fn set(ports: BTreeSet<&str>) {
    for (path, value) in all(ports) {
        if read(&path).is_some_and(|now| now != value)
            && let Err(error) = fs::write(&path, value)
        {
            tracing::debug!(path = %path.display(), %error, "a setting cannot be made");
        }
    }
}

/// What is set otherwise. A family that is switched off has no settings and no fault.
pub(super) fn wrong(ports: BTreeSet<&str>) -> Vec<Drift> {
    let differs = |(path, value): (PathBuf, &str)| {
        let found = read(&path).filter(|found| found != value)?;
        Some(Drift { what: path.display().to_string(), wanted: value.to_owned(), found })
    };
    all(ports).filter_map(differs).collect()
}

fn all(ports: BTreeSet<&str>) -> impl Iterator<Item = (PathBuf, &'static str)> {
    let everywhere =
        EVERYWHERE.iter().map(|(name, value)| (format!("/proc/sys/{name}").into(), *value));
    let at_ports = ports.into_iter().flat_map(|port| {
        // A name that is no single component would lead elsewhere; the kernel allows none with '/'.
        let port = port.replace('/', "_");
        SETTINGS.iter().map(move |(family, name, value)| {
            (PathBuf::from(format!("/proc/sys/net/{family}/conf/{port}/{name}")), *value)
        })
    });
    everywhere.chain(at_ports)
}

fn read(path: &PathBuf) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}
