//! The closed part: the proxy on what it stands on.

use std::sync::Arc;

use ets_access::{Access, Deps, Renewal};
use ets_dashboard::Dashboard;
use ets_listen::Connections;
use ets_rights::Rights;
use ets_runtime::Clock;
use ets_tls::{Acceptor, Paths, RevocationSet};

use super::data;
use crate::config::Config;
use crate::exit::{Failure, chain};

/// Builds the proxy; the acceptor is to be renewed with the hub's certificate.
pub(crate) fn build(
    config: &Config,
    (connections, revoked): (&Arc<Connections>, &Arc<RevocationSet>),
    (dashboard, rights): (&Dashboard, &Rights),
    clock: &Clock,
) -> Result<(Arc<Access>, Acceptor), Failure> {
    let paths = Paths::in_dir(&data::certificates(config));
    let acceptor = Acceptor::entrance(&paths, Arc::clone(revoked), &config.access.open_names)
        .map_err(|error| Failure::internal(&error))?;
    let deps = Deps {
        judge: Arc::new(rights.clone()),
        connections: Arc::clone(connections),
        acceptor: acceptor.clone(),
        clock: clock.clone(),
        site: Arc::new(dashboard.bare_site()),
        renewal: Some(Renewal {
            pages: dashboard.renewal_router(),
            window: config.pki.rules.renewal.max(ets_ca::SOON),
        }),
    };
    let identity_key = Some(data::certificates(config).join("identity.key"));
    let setting = ets_access::Config { identity_key, ..config.access.clone() };
    let access = ets_access::build(setting, deps).map_err(|error| Failure::Usage(chain(&error)))?;
    Ok((access, acceptor))
}
