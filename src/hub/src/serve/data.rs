//! What `serve` keeps: its databases, its certificates, the lab's entry link.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ets_dashboard::Dashboard;
use ets_store::{Durability, Migration, Store, Target};

use crate::config::{self, Config};
use crate::exit::{Failure, chain};

/// Both databases.
pub(crate) struct Stores {
    pub(crate) state: Store,
    pub(crate) series: Store,
}

impl Stores {
    /// Ends both, so that no log of theirs is left to be read again at the next start. Who still
    /// holds one after `grace` is not waited for: what was recorded is safe all the same.
    pub(crate) async fn close(&self, grace: Duration) {
        let both = async { tokio::join!(self.state.close(), self.series.close()) };
        if tokio::time::timeout(grace, both).await.is_err() {
            tracing::warn!("a database is still in use; it is left as it is");
        }
    }
}

/// Opens both databases, in order of the parts that own tables in them. When one of them is not
/// for this release, neither is touched.
pub(crate) async fn open(config: &Config) -> Result<Stores, Failure> {
    make_private_dir(&config.server.data_dir)?;
    let (state, series) = targets(config);
    for target in [&state, &series] {
        Store::check(target).await.map_err(|error| refused(&error))?;
    }
    let tables: Vec<Migration> = [
        ets_journal::MIGRATIONS,
        ets_registry::MIGRATIONS,
        ets_rules::MIGRATIONS,
        ets_watch::MIGRATIONS,
        ets_speed::MIGRATIONS,
        ets_gateway::MIGRATIONS,
        ets_poll::MIGRATIONS,
        ets_ca::MIGRATIONS,
        ets_ca::life::MIGRATIONS,
        ets_notify::MIGRATIONS,
        ets_rights::MIGRATIONS,
        ets_enrol::MIGRATIONS,
        ets_traffic::STATE_MIGRATIONS,
        ets_dashboard::MIGRATIONS,
    ]
    .concat();
    let measured =
        [ets_series::MIGRATIONS, ets_traffic::SERIES_MIGRATIONS, ets_gateway::SERIES_MIGRATIONS]
            .concat();
    let state = Store::open(&state, &tables).await.map_err(|error| refused(&error))?;
    let series = Store::open(&series, &measured).await.map_err(|error| refused(&error))?;
    Ok(Stores { state, series })
}

/// Whose fault it is that a database cannot be opened: what was named is not for this release, the
/// machine lacks something, or it is ours.
fn refused(error: &ets_store::Error) -> Failure {
    use ets_store::Error as E;
    match error {
        E::TooNew { .. } | E::Foreign { .. } | E::BadTarget { .. } => Failure::Usage(chain(error)),
        E::Unreachable { .. } | E::InUse { .. } | E::File { .. } | E::Corrupt { .. } => {
            Failure::Missing(chain(error))
        }
        _ if error.is_disk_full() => Failure::Missing(chain(error)),
        _ => Failure::internal(error),
    }
}

fn targets(config: &Config) -> (Target, Target) {
    let file = |name: &str| config.server.data_dir.join(name);
    match &config.store {
        config::Store::Postgres { url } => {
            (Target::postgres(url, "state"), Target::postgres(url, "series"))
        }
        config::Store::Sqlite { reserve } => {
            let path = file("state.db");
            let state = Target::Sqlite { path, durability: Durability::Full, reserve: reserve.0 };
            (state, Target::series(file("series.db")))
        }
    }
}

/// Where the certification authority lies.
pub(crate) fn authority(config: &Config) -> PathBuf {
    config.server.data_dir.join("ca")
}

/// Where keys and certificates lie.
pub(crate) fn certificates(config: &Config) -> PathBuf {
    config.server.data_dir.join("certs")
}

/// Only the owner reads what lies in `dir`.
pub(crate) fn make_private_dir(dir: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(dir)
        .and_then(|()| std::fs::set_permissions(dir, Permissions::from_mode(0o700)))
        .map_err(|error| {
            Failure::Usage(format!("{} cannot be made or kept private: {error}", dir.display()))
        })
}

/// In a lab a newcomer needs a way in from the first second: one link, in a private file.
pub(crate) async fn write_entry_link(
    config: &Config,
    dashboard: &Dashboard,
) -> Result<(), Failure> {
    if !config.lab.plain_http {
        return Ok(());
    }
    let link = dashboard.new_entry_link("lab").await.map_err(|error| Failure::internal(&error))?;
    let path = config.server.data_dir.join("entry-link");
    std::fs::write(&path, format!("{}\n", dashboard.entry_url(&link)))
        .map_err(|error| Failure::Usage(format!("{} cannot be written: {error}", path.display())))
}

/// The command that prints an entry link of this hub, as it can be typed here: a lab is found by
/// its folder.
pub(crate) fn link_command(config: &Config) -> String {
    let folder = config.server.socket.parent().filter(|_| config.lab.seed.is_some());
    let Some(folder) = folder else { return "ets-hub link".to_owned() };
    let program = std::env::current_exe().unwrap_or_else(|_| "ets-hub".into());
    format!("{} link --dir {}", program.display(), folder.display())
}
