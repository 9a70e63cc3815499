//! `DIR/lab.json`: what runs where, for scripts, checks and operators (a stable interface).

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Context, Error, Result};
use crate::hub_toml::Credentials;
use crate::layout::Layout;
use crate::listeners::Listeners;
use crate::namespace;
use crate::plan::{COMMON4, EXTERNAL, Plan, SERVICES, SegmentPlan, ServerNet};
use crate::servers::{PROXY_HTTP, PROXY_HTTPS, PROXY_SOCKS};

/// The description of a running lab.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Description {
    /// The dashboard and API in HTTPS, for the administrator's certificate.
    pub(crate) dashboard_url: String,
    /// The dashboard in plain HTTP, for a first sight in a browser of this machine.
    pub(crate) dashboard_plain_url: String,
    /// The metrics.
    pub(crate) metrics_url: String,
    /// Where revocation lists lie and OCSP answers.
    pub(crate) pki_url: String,
    /// The closed part, in HTTPS: a client certificate opens it.
    pub(crate) portal_url: String,
    /// What the outside address answers, as this machine reaches it.
    pub(crate) open_url: String,
    /// The hub's proxies, as segments see them.
    pub(crate) proxy: ProxyPlace,
    /// PEM files.
    pub(crate) ca_cert: PathBuf,
    /// See `ca_cert`.
    pub(crate) issuer_cert: PathBuf,
    /// See `ca_cert`.
    pub(crate) admin_cert: PathBuf,
    /// See `ca_cert`.
    pub(crate) admin_key: PathBuf,
    /// A name for `ip netns` as root, a path otherwise.
    pub(crate) hub_netns: String,
    /// See `hub_netns`.
    pub(crate) trunk_netns: String,
    /// `netd` and `serve`.
    pub(crate) hub_pids: BTreeMap<String, u32>,
    /// The lab's own process; an ordinary user's namespaces are reached through it.
    pub(crate) lab_pid: u32,
    /// Whether the namespaces are an ordinary user's.
    pub(crate) rootless: bool,
    /// The segments, ordered by number.
    pub(crate) segments: Vec<SegmentPlace>,
    /// The state's own servers.
    pub(crate) services: ServerPlace,
    /// The outside network.
    pub(crate) external: ServerPlace,
    /// The hub's data.
    pub(crate) data_dir: PathBuf,
    /// The hub's configuration.
    pub(crate) config: PathBuf,
}

/// Where proxies are, as `address:port`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ProxyPlace {
    /// HTTP.
    pub(crate) http: SocketAddr,
    /// HTTP by TLS; a client certificate says who asks.
    pub(crate) https: SocketAddr,
    /// SOCKS 5.
    pub(crate) socks5: SocketAddr,
}

/// Where a segment is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SegmentPlace {
    /// Its identifier.
    pub(crate) id: String,
    /// Its namespace.
    pub(crate) netns: String,
    /// The address that is probed.
    pub(crate) address: IpAddr,
    /// Its networks.
    pub(crate) prefix: String,
    /// The router's IPv6 address.
    pub(crate) address6: IpAddr,
    /// See `address6`.
    pub(crate) prefix6: String,
    /// The hub's interface towards it.
    pub(crate) link: String,
    /// Its end of the cable, in its namespace.
    pub(crate) uplink: String,
    /// A computer behind its router.
    pub(crate) host: IpAddr,
}

/// Where a server is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ServerPlace {
    /// Its namespace.
    pub(crate) netns: String,
    /// Its address.
    pub(crate) address: IpAddr,
    /// See `address`.
    pub(crate) address6: IpAddr,
}

impl Description {
    /// Describes a lab whose processes do not run yet.
    pub(crate) fn new(layout: &Layout, plan: &Plan, listeners: &Listeners, rootless: bool) -> Self {
        let data_dir = layout.data(plan.shape);
        let credentials = Credentials::new(&data_dir);
        let netns = |name: &str| reach(name, rootless);
        Self {
            dashboard_url: listeners.tls_url(),
            dashboard_plain_url: listeners.plain_url(),
            metrics_url: listeners.metrics_url(),
            pki_url: listeners.pki_url(),
            portal_url: listeners.portal_url(),
            open_url: listeners.open_url(),
            proxy: ProxyPlace {
                http: (COMMON4, PROXY_HTTP).into(),
                https: (COMMON4, PROXY_HTTPS).into(),
                socks5: (COMMON4, PROXY_SOCKS).into(),
            },
            ca_cert: credentials.ca_cert,
            issuer_cert: credentials.issuer_cert,
            admin_cert: credentials.admin_cert,
            admin_key: credentials.admin_key,
            hub_netns: netns(&plan.place("hub")),
            trunk_netns: netns(&plan.place("trunk")),
            hub_pids: BTreeMap::new(),
            lab_pid: std::process::id(),
            rootless,
            segments: plan.segments.iter().map(|segment| place(plan, segment, rootless)).collect(),
            services: server(plan, SERVICES, rootless),
            external: server(plan, EXTERNAL, rootless),
            data_dir,
            config: layout.hub_toml(),
        }
    }

    /// Writes it so that a reader sees all of it or the one before.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let text =
            serde_json::to_vec_pretty(self).map_err(|error| Error::Bug(error.to_string()))?;
        let fresh = path.with_extension("json.new");
        fs::write(&fresh, text).at("write", &fresh)?;
        fs::rename(&fresh, path).at("write", path)
    }

    /// Reads the one of the lab that runs in this folder.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).map_err(|error| {
            Error::Refused(format!(
                "no lab runs here, {} cannot be read ({error}): start one with `ets-hub lab run`, or give its --dir",
                path.display()
            ))
        })?;
        serde_json::from_slice(&text).map_err(|error| {
            Error::Refused(format!("{} is of another version: {error}", path.display()))
        })
    }
}

fn place(plan: &Plan, segment: &SegmentPlan, rootless: bool) -> SegmentPlace {
    SegmentPlace {
        id: segment.id.clone(),
        netns: reach(&segment.netns, rootless),
        address: segment.router4.into(),
        prefix: segment.net4.to_string(),
        address6: segment.router6.into(),
        prefix6: segment.net6.to_string(),
        link: plan.link_of(segment).interface.clone(),
        uplink: "up0".to_owned(),
        host: segment.host4.into(),
    }
}

fn server(plan: &Plan, net: ServerNet, rootless: bool) -> ServerPlace {
    ServerPlace {
        netns: reach(&plan.place(net.place), rootless),
        address: net.server4.into(),
        address6: net.server6.into(),
    }
}

/// How somebody outside the lab names a namespace.
fn reach(name: &str, rootless: bool) -> String {
    if rootless {
        format!("/proc/{}/root{}/{name}", std::process::id(), namespace::FOLDER)
    } else {
        name.to_owned()
    }
}
