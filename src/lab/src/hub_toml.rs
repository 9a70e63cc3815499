//! The hub's configuration in the lab: the one place that knows its keys.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::error::{Context, Result};
use crate::layout::Layout;
use crate::listeners::Listeners;
use crate::plan::{COMMON4, COMMON6, EXTERNAL, Mode, Plan, SERVICES};
use crate::servers::{
    DNS, DOCUMENTS, FRONT, NAMES, PROXY_HTTP, PROXY_HTTPS, PROXY_SOCKS, PROXY_UDP, SPEED,
    TRANSPARENT, WEB, ZONE,
};

/// Writes `DIR/hub.toml` anew.
pub(crate) fn write(
    layout: &Layout,
    plan: &Plan,
    listeners: &Listeners,
    pins: Option<&Path>,
) -> Result<()> {
    let path = layout.hub_toml();
    fs::write(&path, text(layout, plan, listeners, pins)).at("write", &path)
}

fn text(layout: &Layout, plan: &Plan, listeners: &Listeners, pins: Option<&Path>) -> String {
    let data = layout.data(plan.shape);
    let ports = if plan.shape.mode() == Mode::Ports { "s*" } else { "l*" };
    format!(
        "# Written by `ets-hub lab run`; every start writes it anew.\n\n\
         [server]\ndata_dir = {data}\nsocket = {serve}\n\n\
         # The sockets come from the lab, which opened them outside its namespaces.\n\
         [netd]\nsocket = {netd}\nstate_dir = {state}\nbind = false\n{accounting}\n\
         [dashboard]\npublic_url = \"{public_url}\"\n\
         names = [\"ets.localhost\", \"localhost\", \"127.0.0.1\"]\n\n\
         [speed]\nport = {SPEED}\n\n\
         [front]\nport = {FRONT}\nduty_phone = \"+7 7232 00-00-00\"\n\
         duty_kk = \"Желі кезекшісі\"\nduty_ru = \"Дежурный по сети\"\nduty_en = \"The network’s duty officer\"\n\n\
         [dns]\nport = {DNS}\nzone = \"{ZONE}\"\nresolvers = [\"{outside_names}\"]\n\
         hosts = [\"hub={COMMON4}\", \"hub={COMMON6}\"]\n\n\
         [open]\nhttp = [\"{out4}:80\", \"[{out6}]:80\"]\n\
         https = [\"{out4}:443\", \"[{out6}]:443\"]\n\n\
         [gateway]\nhttp = {PROXY_HTTP}\nhttps = {PROXY_HTTPS}\n\
         names = [\"{hub4}\", \"{hub6}\"]\nsocks = {PROXY_SOCKS}\nudp = \"{PROXY_UDP}\"\ntransparent = {TRANSPARENT}\nresolver = \"{outside_names}\"\n\n\
         [pki]\nurl = \"{pki}\"\n\n\
         [access]\nnames = [\"portal.ets.localhost\", \"localhost\"]\n\
         open_names = [\"open.ets.localhost\", \"127.0.0.1\"]\n\
         # Everybody in a lab has one address, and loads are tried on it.\n\
         open_rate = 2000\nopen_burst = 20000\n\n\
         [[route]]\nprefix = \"/documents\"\nupstreams = [\"{documents}\"]\n\n\
         [[route]]\nupstreams = [\"{web}\"]\nopen = true\nidentity = \"none\"\n\n\
         [enrol]\nurl = \"{enrol}\"\nresolver = \"{resolver}\"\n\n\
         [lab]\nplain_http = true\nseed = {seed}\nparents = {parents}\nservices = {services}\n\
         gateway = {gateway}\n\n\
         [[trunk]]\nname = \"trunk\"\ninterfaces = [\"{ports}\"]\n\n\
         [[network]]\nname = \"services\"\nrole = \"services\"\ninterfaces = [\"{behind}\"]\n\
         prefixes = [\"{behind4}\", \"{behind6}\"]\n\n\
         [[network]]\nname = \"outside\"\nrole = \"outside\"\ninterfaces = [\"{outside}\"]\n",
        public_url = listeners.plain_url(),
        out4 = EXTERNAL.hub4,
        out6 = EXTERNAL.hub6,
        pki = listeners.pki_url(),
        documents = SocketAddr::from((SERVICES.server4, DOCUMENTS)),
        web = SocketAddr::from((SERVICES.server4, WEB)),
        enrol = listeners.tls_url(),
        resolver = SocketAddr::from((SERVICES.server4, NAMES)),
        data = quoted(&data),
        serve = quoted(&layout.serve_socket()),
        netd = quoted(&layout.netd_socket()),
        state = quoted(&data.join("netd")),
        seed = quoted(&layout.seed()),
        parents = quoted(&layout.parents()),
        services = quoted(&layout.services()),
        gateway = quoted(&layout.gateway()),
        hub4 = COMMON4,
        hub6 = COMMON6,
        outside_names = SocketAddr::from((EXTERNAL.server4, NAMES)),
        accounting =
            pins.map(|pins| format!("accounting = {}\n", quoted(pins))).unwrap_or_default(),
        behind = SERVICES.interface,
        behind4 = SERVICES.net4(),
        behind6 = SERVICES.net6(),
        outside = EXTERNAL.interface,
    )
}

/// A TOML basic string; the escapes of JSON are a part of TOML's.
fn quoted(path: &Path) -> String {
    serde_json::Value::from(path.to_string_lossy()).to_string()
}

/// The files that `serve` makes.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    /// The certificate of the hub's own authority.
    pub(crate) ca_cert: PathBuf,
    /// The certificate of the authority that issues to people and machines.
    pub(crate) issuer_cert: PathBuf,
    /// The administrator's certificate.
    pub(crate) admin_cert: PathBuf,
    /// Its key.
    pub(crate) admin_key: PathBuf,
    /// The one-time link of this start, as one line of text.
    pub(crate) entry_link: PathBuf,
}

impl Credentials {
    /// Where they lie in the hub's data.
    pub(crate) fn new(data: &Path) -> Self {
        let certs = data.join("certs");
        Self {
            ca_cert: certs.join("ca.pem"),
            issuer_cert: data.join("ca/issuing.pem"),
            admin_cert: certs.join("admin.pem"),
            admin_key: certs.join("admin.key"),
            entry_link: data.join("entry-link"),
        }
    }
}
