//! Opening connections: how each database is set up for us.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, PgPool, SqlitePool};

use crate::driver::{Connection, Lent};
use crate::fault::Place;
use crate::{Durability, Error, Target, values};

/// How long a reader waits for a connection, and SQLite for a lock.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections that read at the same time.
const READERS: u32 = 4;
/// The write-ahead log is cut back to this after a checkpoint.
const LOG_LIMIT: i64 = 64 << 20;

/// Everything needed to connect, again if need be.
#[derive(Clone, Debug)]
pub(crate) enum Options {
    Sqlite(Box<SqliteConnectOptions>),
    Postgres { options: Box<PgConnectOptions>, schema: String },
}

/// Readers of either kind.
#[derive(Clone, Debug)]
pub(crate) enum Readers {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// The options and the place of a target, without touching it.
pub(crate) fn options(target: &Target) -> Result<(Options, Place), Error> {
    match target {
        Target::Sqlite { path, durability, .. } => Ok(sqlite_options(path, *durability)),
        Target::Postgres { url, schema } => postgres_options(url, schema),
    }
}

fn sqlite_options(path: &Path, durability: Durability) -> (Options, Place) {
    let synchronous = match durability {
        Durability::Full => SqliteSynchronous::Full,
        Durability::Normal => SqliteSynchronous::Normal,
    };
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .pragma("journal_size_limit", LOG_LIMIT.to_string())
        .pragma("trusted_schema", "OFF");
    let place = Place { name: path.display().to_string(), file: Some(path.to_owned()) };
    (Options::Sqlite(Box::new(quiet(options))), place)
}

fn postgres_options(url: &str, schema: &str) -> Result<(Options, Place), Error> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !schema.starts_with(|c: char| c.is_ascii_lowercase()) || !schema.chars().all(plain) {
        let remedy = "use a-z, 0-9 and '_', starting with a letter";
        return Err(Error::BadTarget { what: "the name of the schema", remedy });
    }
    let options = PgConnectOptions::from_str(url).map_err(|_| Error::BadTarget {
        what: "the address of the database",
        remedy: "write postgres://user:password@host:port/database",
    })?;
    let name = format!(
        "postgres://{}/{}#{schema}",
        options.get_socket().map_or_else(
            || format!("{}:{}", options.get_host(), options.get_port()),
            |socket| socket.display().to_string()
        ),
        options.get_database().unwrap_or_default()
    );
    let options = options.application_name("ets-hub").options([("search_path", schema)]);
    let schema = schema.to_owned();
    let options = Options::Postgres { options: Box::new(quiet(options)), schema };
    Ok((options, Place { name, file: None }))
}

/// We log what matters ourselves.
fn quiet<O: sqlx::ConnectOptions>(options: O) -> O {
    options.disable_statement_logging()
}

impl Options {
    /// The writer's connection. On PostgreSQL it holds the lock that keeps a second hub out.
    pub(crate) async fn writer(&self, place: &Place) -> Result<Connection, Error> {
        match self {
            Self::Sqlite(options) => {
                let connection = options.connect().await.map_err(|error| place.explain(error))?;
                Ok(Connection::Sqlite(connection))
            }
            Self::Postgres { options, schema } => {
                let connection = options.connect().await.map_err(|error| place.explain(error))?;
                let mut connection = Connection::Postgres(connection);
                own_schema(&mut connection.lend(), schema, place).await?;
                Ok(connection)
            }
        }
    }

    /// A connection that changes nothing at all, for the look before the first touch.
    pub(crate) async fn looker(&self, place: &Place) -> Result<Connection, Error> {
        let connected = match self {
            Self::Sqlite(options) => {
                let name = options.get_filename().to_owned();
                // Without a log there is nothing that `immutable` could miss, and the look leaves
                // no file beside the database.
                let at_rest = !with_ending(&name, "-wal").exists();
                let options =
                    SqliteConnectOptions::new().filename(name).read_only(true).immutable(at_rest);
                options.connect().await.map(Connection::Sqlite)
            }
            Self::Postgres { options, .. } => options.connect().await.map(Connection::Postgres),
        };
        connected.map_err(|error| place.explain(error))
    }

    /// A connection for the check that runs beside the writer.
    pub(crate) async fn checker(&self, place: &Place) -> Result<Connection, Error> {
        let connected = match self {
            Self::Sqlite(options) => {
                let options = (**options).clone().pragma("query_only", "ON");
                options.connect().await.map(Connection::Sqlite)
            }
            Self::Postgres { options, .. } => options.connect().await.map(Connection::Postgres),
        };
        connected.map_err(|error| place.explain(error))
    }

    /// The pool of readers; connects when it is first asked.
    pub(crate) fn readers(&self) -> Readers {
        match self {
            Self::Sqlite(options) => Readers::Sqlite(
                SqlitePoolOptions::new()
                    .max_connections(READERS)
                    .min_connections(0)
                    .acquire_timeout(PATIENCE)
                    .test_before_acquire(false)
                    .connect_lazy_with((**options).clone().pragma("query_only", "ON")),
            ),
            Self::Postgres { options, .. } => Readers::Postgres(
                PgPoolOptions::new()
                    .max_connections(READERS)
                    .min_connections(0)
                    .acquire_timeout(PATIENCE)
                    .connect_lazy_with(
                        options.clone().options([("default_transaction_read_only", "on")]),
                    ),
            ),
        }
    }
}

impl Readers {
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Makes the schema and locks it for this process, waiting a little for a connection of ours that
/// the server has not yet seen go.
async fn own_schema(connection: &mut Lent<'_>, schema: &str, place: &Place) -> Result<(), Error> {
    let sql = "SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS ours";
    let key = values![format!("ets-hub {schema}")];
    for _ in 0..50 {
        let row = connection.query(sql, &key, place).await?;
        if row.first().ok_or(Error::NoRow)?.flag("ours")? {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(Error::InUse { place: place.name.clone() })
}

/// Makes the schema where it does not exist.
pub(crate) async fn make_schema(
    connection: &mut Lent<'_>,
    options: &Options,
    place: &Place,
) -> Result<(), Error> {
    match options {
        Options::Sqlite(_) => Ok(()),
        Options::Postgres { schema, .. } => {
            let sql = "SELECT nspname FROM pg_namespace WHERE nspname = $1";
            if connection.query(sql, &values![schema], place).await?.is_empty() {
                connection.script(&format!("CREATE SCHEMA \"{schema}\""), place).await?;
            }
            Ok(())
        }
    }
}

/// Takes the file for this process: a lock file beside it, and the file itself where there is
/// none, readable by its owner alone.
pub(crate) fn own_file(path: &Path) -> Result<File, Error> {
    let failed =
        |source| Error::File { place: path.display().to_string(), source: Arc::new(source) };
    let lock = private(&with_ending(path, ".lock")).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(Error::InUse { place: path.display().to_string() });
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    private(path).map_err(failed)?;
    Ok(lock)
}

fn private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).read(true).mode(0o600).open(path)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Bytes of a file of SQLite with its log.
pub(crate) fn size_of(path: &Path) -> u64 {
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    length(path) + length(&with_ending(path, "-wal"))
}
