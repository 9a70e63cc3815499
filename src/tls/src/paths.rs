//! Where keys and certificates lie.

use std::path::{Path, PathBuf};

/// All in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The root that everybody trusts.
    pub ca_cert: PathBuf,
    /// The authority that client certificates come from.
    pub client_ca: PathBuf,
    /// The hub's certificate, and those between it and the root.
    pub server_cert: PathBuf,
    /// The hub's key.
    pub server_key: PathBuf,
    /// The administrator's certificate.
    pub admin_cert: PathBuf,
    /// The administrator's key.
    pub admin_key: PathBuf,
}

impl Paths {
    /// The usual names in `dir`.
    pub fn in_dir(dir: &Path) -> Self {
        Self {
            ca_cert: dir.join("ca.pem"),
            client_ca: dir.join("clients.pem"),
            server_cert: dir.join("hub.pem"),
            server_key: dir.join("hub.key"),
            admin_cert: dir.join("admin.pem"),
            admin_key: dir.join("admin.key"),
        }
    }
}
