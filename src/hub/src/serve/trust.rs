//! The authority, its desk, and the credentials of the hub and of its first administrator.

use std::fs;
use std::io::{ErrorKind, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ets_ca::life::Desk;
use ets_ca::{Addresses, Authority, Ca, Files, Kept, KeyStore, Passphrase, State, Subject, Wanted};
use ets_listen::Connections;
use ets_registry::{Author, Registry};
use ets_rights::Rights;
use ets_runtime::{Clock, Shutdown};
use ets_store::Store;
use ets_tls::{Acceptor, Paths, RevocationSet};

use super::data;
use crate::config::Config;
use crate::exit::Failure;

/// A certificate of ours that ends sooner is made anew at the start.
const SOON: Duration = Duration::from_secs(30 * 86_400);
/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(3_600);
/// The name of the first administrator.
const ADMINISTRATOR: &str = "administrator";
/// Under this name the hub stands in the journal.
const HUB: &str = "hub";

/// Who comes in, and until when.
pub(crate) struct Trust {
    pub(crate) ca: Ca,
    /// Orders and tokens.
    pub(crate) tokens: Desk,
    pub(crate) acceptor: Acceptor,
    pub(crate) connections: Arc<Connections>,
    pub(crate) revoked: Arc<RevocationSet>,
}

/// Opens the authority, makes it at the first start, and sees to it that the hub and its first
/// administrator have certificates of it.
pub(crate) async fn open(config: &Config, store: &Store, clock: &Clock) -> Result<Trust, Failure> {
    let files = files(config);
    let authority = authority(config, store, &files).await?;
    let revoked = Arc::new(RevocationSet::new());
    let connections = Connections::new(Arc::clone(&revoked));
    let ca = Ca::open(ets_ca::Deps {
        store: store.clone(),
        authority,
        connections: Arc::clone(&connections),
        revoked: Arc::clone(&revoked),
        clock: clock.clone(),
    })
    .await
    .map_err(|error| refused(&error))?;
    let paths = Paths::in_dir(&data::certificates(config));
    credentials(&ca, config, &paths, &files).await?;
    let acceptor =
        Acceptor::open(&paths, Arc::clone(&revoked)).map_err(|error| Failure::internal(&error))?;
    let tokens = Desk::open(ca.clone(), store.clone(), clock.clone(), config.pki.rules)
        .await
        .map_err(|error| Failure::internal(&error))?;
    Ok(Trust { ca, tokens, acceptor, connections, revoked })
}

/// Who may do what; the first administrator is known from the start.
pub(crate) async fn rights(
    config: &Config,
    store: &Store,
    registry: &Registry,
    clock: &Clock,
) -> Result<Rights, Failure> {
    let internal = |error: ets_rights::Error| Failure::internal(&error);
    let rights = Rights::open_with(config.rights.clone(), store.clone(), clock.clone()).await;
    let rights = rights.map_err(internal)?.over(registry.clone());
    let first = Subject::of_name(ADMINISTRATOR);
    rights.know(&first.person(), first.common_name(), None).await.map_err(internal)?;
    Ok(rights)
}

/// The issuing authority, made at the first start.
async fn authority(config: &Config, store: &Store, files: &Files) -> Result<Authority, Failure> {
    let dir = data::authority(config);
    if request(files).exists() && files.key.exists() && !files.exist() {
        return Err(Failure::Missing(format!(
            "the authority waits for the root: have {} certified there (ets-hub root certify), then take the answer (ets-hub root take)",
            request(files).display()
        )));
    }
    let keys = keys(config, files)?;
    let addresses = Addresses::new(&config.pki.url)
        .map_err(|error| Failure::Usage(crate::exit::chain(&error)))?;
    if !files.exist() {
        let unused = ets_ca::is_empty(store).await.map_err(|error| Failure::internal(&error))?;
        if !unused {
            return Err(lost(config, files, &dir));
        }
        tracing::info!("the certification authority is made");
        Authority::make(files, &owner(config), &keys, Some(&addresses))
            .map_err(|error| refused(&error))?;
    }
    let authority = Authority::open(files, &keys, Some(addresses))
        .map_err(|error| Failure::Usage(crate::exit::chain(&error)))?;
    is_remembered(store, &authority, &dir).await?;
    Ok(authority)
}

/// The authority that issued certificates is not there, or is another by the configuration.
fn lost(config: &Config, files: &Files, dir: &Path) -> Failure {
    let key = files.key.file_name().unwrap_or_default().display();
    let moved = match config.pki.token {
        Some(_) if files.issuing.exists() => {
            "; to move its key to the token of [pki], move the folder away and begin with ets-hub root ask"
        }
        _ => "",
    };
    Failure::Missing(format!(
        "certificates were issued, and {} lacks the authority that issued them: restore root.pem, issuing.pem and {key} from a backup{moved}",
        dir.display()
    ))
}

/// A database that has gone is no order to revoke everything: an empty one beside an authority that
/// has signed is refused, before the log learns of it.
async fn is_remembered(store: &Store, authority: &Authority, dir: &Path) -> Result<(), Failure> {
    let is_empty = ets_ca::is_empty(store).await.map_err(|error| Failure::internal(&error))?;
    if !is_empty || !authority.has_signed().map_err(|error| refused(&error))? {
        return Ok(());
    }
    Err(Failure::Missing(format!(
        "the database is empty, and the authority in {} has signed certificates: restore the database from a backup (what was revoked since stays revoked); if there is none, move that folder away: a new authority is made, and what the old one issued opens nothing",
        dir.display()
    )))
}

/// Whose fault it is that the authority does not open: what lies there, or ours.
fn refused(error: &ets_ca::Error) -> Failure {
    use ets_ca::Error as E;
    match error {
        E::Log { .. } | E::InUse { .. } | E::File { .. } | E::Token(_) => {
            Failure::Missing(crate::exit::chain(error))
        }
        _ => Failure::internal(error),
    }
}

/// Makes certificates that are over soon anew while the hub runs; connections go on.
///
/// # Errors
/// Never: what fails is told in the log and tried again.
pub(crate) async fn keep(
    ca: Ca,
    acceptors: Vec<Acceptor>,
    config: Config,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    let (paths, files) = (Paths::in_dir(&data::certificates(&config)), files(&config));
    // `open` has just looked.
    let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + LOOK, LOOK);
    loop {
        tokio::select! {
            () = shutdown.requested() => return Ok(()),
            _ = beat.tick() => {}
        }
        if let Err(error) = credentials(&ca, &config, &paths, &files).await {
            tracing::error!(%error, "the hub's own certificates cannot be kept");
            continue;
        }
        for acceptor in &acceptors {
            if let Err(error) = acceptor.renew(&paths) {
                tracing::error!(%error, "the hub's own certificate cannot be used");
            }
        }
    }
}

async fn credentials(
    ca: &Ca,
    config: &Config,
    paths: &Paths,
    files: &Files,
) -> Result<(), Failure> {
    data::make_private_dir(&data::certificates(config))?;
    store(&text_of(&files.root)?, &paths.ca_cert)?;
    store(&anchors(files)?, &paths.client_ca)?;
    let hub = Wanted {
        profile: "hub".to_owned(),
        subject: Subject::of_name("ETS Hub"),
        names: names(config),
        until: None,
    };
    let administrator = Wanted {
        profile: "administrator".to_owned(),
        subject: Subject::of_name(ADMINISTRATOR),
        names: Vec::new(),
        until: None,
    };
    renew(ca, hub, &paths.server_cert, &paths.server_key).await?;
    renew(ca, administrator, &paths.admin_cert, &paths.admin_key).await
}

/// Makes a pair anew unless what lies there fits, is of our authority, and is not over soon. The
/// administrator's stays dead once it was revoked or suspended; the hub cannot be without its own.
async fn renew(ca: &Ca, wanted: Wanted, cert: &Path, key: &Path) -> Result<(), Failure> {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let known = read(cert);
    let kept = ca.kept_of(&known).await.map_err(|error| Failure::internal(&error))?;
    let is_ended = |kept: &Kept| matches!(kept.state, State::Suspended | State::Revoked);
    let stays = match &kept {
        Some(kept) if is_ended(kept) => wanted.profile != "hub",
        // A crash between the two renames below leaves a pair that does not fit.
        Some(kept) => {
            is_in_time(kept) && has(kept, &wanted.names) && ets_ca::is_pair(&known, &read(key))
        }
        None => false,
    };
    if stays {
        return Ok(());
    }
    let issued = match ca.issue(wanted, None, &Author::new(HUB)).await {
        Ok(issued) => issued,
        // What there is goes on until the token is back.
        Err(error @ ets_ca::Error::Token(_))
            if is_still_good(kept.as_ref(), &known, &read(key)) =>
        {
            tracing::error!(%error, path = %cert.display(), "a certificate of the hub is due and cannot be renewed");
            return Ok(());
        }
        Err(error) => return Err(refused(&error)),
    };
    write(key, issued.key.as_deref().unwrap_or_default(), 0o600)?;
    write(cert, &format!("{}{}", issued.certificate, issued.chain), 0o644)
}

/// Whether it stands for every name: the configuration may have more of them since.
fn has(kept: &Kept, wanted: &[String]) -> bool {
    let is_same = |one: &str, other: &str| match (one.parse::<IpAddr>(), other.parse::<IpAddr>()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one.eq_ignore_ascii_case(other),
    };
    wanted.iter().all(|name| kept.names.iter().any(|known| is_same(name, known)))
}

/// Whether it is valid now and not over soon.
fn is_in_time(kept: &Kept) -> bool {
    is_valid_for(kept, SOON)
}

/// Whether a pair that is due can be used all the same.
fn is_still_good(kept: Option<&Kept>, cert: &str, key: &str) -> bool {
    let is_valid = |kept: &Kept| kept.state == State::Active && is_valid_for(kept, Duration::ZERO);
    kept.is_some_and(is_valid) && ets_ca::is_pair(cert, key)
}

fn is_valid_for(kept: &Kept, more: Duration) -> bool {
    let now = Clock::system().wall();
    kept.not_before <= now && kept.not_after > now.plus(more)
}

/// Every name that the hub answers at, each once.
fn names(config: &Config) -> Vec<String> {
    let all = [
        &config.dashboard.names,
        &config.access.names,
        &config.access.open_names,
        &config.gateway.names,
    ];
    let mut names: Vec<String> = Vec::new();
    let outside: Vec<String> = config.open.own_names().collect();
    for name in all.into_iter().flatten().chain(&outside) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// Where the authority lies.
pub(crate) fn files(config: &Config) -> Files {
    let dir = data::authority(config);
    match config.pki.token {
        Some(_) => Files::beside_token(&dir),
        None => Files::in_dir(&dir),
    }
}

/// What opens its keys, and the token where its issuing key is.
pub(crate) fn keys(config: &Config, files: &Files) -> Result<KeyStore, Failure> {
    Ok(KeyStore::new(passphrase(files)?, config.pki.token.clone()))
}

/// What opens the authority's key: 256 random bits in a file beside it, unless the operator put
/// something else there. Where the file comes from elsewhere (systemd credentials, a mounted
/// medium), a copy of the data folder opens nothing.
fn passphrase(files: &Files) -> Result<Passphrase, Failure> {
    let dir = files.key.parent().unwrap_or(Path::new("."));
    let path = dir.join("passphrase");
    // A link to a medium that is not there is no reason to make up another one.
    let is_none = path.symlink_metadata().is_err_and(|e| e.kind() == ErrorKind::NotFound);
    if is_none && !files.key.exists() {
        data::make_private_dir(dir)?;
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| Failure::Missing(format!("no random bytes: {error}")))?;
        write(&path, &hex::encode(bytes), 0o600)?;
    }
    secret(&path)
}

/// The passphrase that a file holds.
pub(crate) fn secret(path: &Path) -> Result<Passphrase, Failure> {
    let passphrase = Passphrase::new(&text_of(path)?);
    if passphrase.is_empty() {
        return Err(Failure::Usage(format!(
            "{} is empty: put the passphrase there",
            path.display()
        )));
    }
    Ok(passphrase)
}

/// Where the request lies that a root on another machine is to certify.
pub(crate) fn request(files: &Files) -> PathBuf {
    files.issuing.with_extension("csr")
}

fn owner(config: &Config) -> String {
    let owner = config.dashboard.pages.owner.trim();
    if owner.is_empty() { "ETS Hub".to_owned() } else { owner.chars().take(40).collect() }
}

/// Whose certificates open the closed part: the issuing authority's, and those of its predecessors
/// that lie in `before/`, so that a new issuing key does not shut everybody out.
fn anchors(files: &Files) -> Result<String, Failure> {
    let mut anchors = text_of(&files.issuing)?;
    let before = files.issuing.with_file_name("before");
    let mut found: Vec<PathBuf> = match fs::read_dir(&before) {
        Ok(all) => all.filter_map(|one| Some(one.ok()?.path())).collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(Failure::unusable(&before, &error)),
    };
    found.retain(|path| path.extension().is_some_and(|ending| ending == "pem"));
    found.sort();
    for path in found {
        anchors.push_str(&text_of(&path)?);
    }
    Ok(anchors)
}

fn text_of(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::unusable(path, &error))
}

/// Writes a public file where it is not so already.
fn store(text: &str, to: &Path) -> Result<(), Failure> {
    let is_there = fs::read_to_string(to).is_ok_and(|known| known == text);
    if is_there { Ok(()) } else { write(to, text, 0o644) }
}

/// Writes a file so that a reader sees the old one or the new one, and a crash leaves either.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    let fresh = path.with_extension("new");
    drop(fs::remove_file(&fresh));
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&fresh)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&fresh, path))
        .map_err(|error| Failure::unusable(path, &error))
}
