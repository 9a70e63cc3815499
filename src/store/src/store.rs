//! The handle that everybody holds.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::{Engine, Error, Migration, Release, Row, Target, Tx, Value};

/// A database: one writer, many readers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    engine: Engine,
}

/// How a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Which database it is.
    pub engine: Engine,
    /// The file or the server, without a password.
    pub place: String,
    /// Whether the last attempt to write failed for want of space.
    pub disk_full: bool,
    /// Whether the database answered the last attempt.
    pub reachable: bool,
    /// The reserve file.
    pub reserve: ReserveState,
    /// Free bytes on the file's disk; `None` on PostgreSQL.
    pub free_bytes: Option<u64>,
    /// Bytes of the file with its write-ahead log; of the schema's tables on PostgreSQL.
    pub size_bytes: u64,
    /// Pieces of work waiting for the writer.
    pub queued: usize,
    /// Transactions committed since the start.
    pub commits: u64,
    /// Pieces of work in them.
    pub works: u64,
    /// How long the last commit took.
    pub last_commit: Duration,
    /// What the check of the file found: `None` while it runs, empty when it is sound.
    pub damage: Option<String>,
}

/// Whether the reserve file stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReserveState {
    /// None was asked for.
    None,
    /// It stands.
    Kept,
    /// It was given up; it is made again when there is space.
    GivenUp,
}

#[allow(clippy::unused_async)]
impl Store {
    /// Opens a database and brings its tables forward.
    ///
    /// # Errors
    /// [`Error::TooNew`], [`Error::Corrupt`], [`Error::Foreign`], [`Error::InUse`], [`Error::File`],
    /// [`Error::Unreachable`], [`Error::Migration`], [`Error::DiskFull`].
    pub async fn open(target: &Target, migrations: &[Migration]) -> Result<Self, Error> {
        Self::open_as(target, migrations, crate::RELEASE).await
    }

    /// The same under another release's number: for tests of the rule about newer databases.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_as(
        target: &Target,
        migrations: &[Migration],
        release: Release,
    ) -> Result<Self, Error> {
        let _ = (migrations, release);
        Ok(Self { engine: target.engine() })
    }

    /// Which database it is.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Runs `work` in the writer's next transaction and answers after the commit. An error of the
    /// work undoes the work alone.
    ///
    /// ```ignore
    /// store.write(|tx| Box::pin(async move { tx.execute("DELETE FROM t WHERE a = $1", &values![1i64]).await })).await
    /// ```
    ///
    /// # Errors
    /// The work's own, or the database's.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        drop(work);
        Err(E::from(Error::Closed))
    }

    /// Runs `work` in a read-only transaction that sees one moment.
    ///
    /// # Errors
    /// The work's own, or the database's.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, Result<T, E>> + Send,
        T: Send,
        E: From<Error> + Send,
    {
        drop(work);
        Err(E::from(Error::Closed))
    }

    /// All rows of a SELECT.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Error> {
        let _ = (sql, values);
        Err(Error::Closed)
    }

    /// The first row.
    ///
    /// # Errors
    /// [`Error::NoRow`] when there is none; else as [`Store::query`].
    pub async fn query_one(&self, sql: &str, values: &[Value]) -> Result<Row, Error> {
        self.query_optional(sql, values).await?.ok_or(Error::NoRow)
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// As [`Store::query`].
    pub async fn query_optional(&self, sql: &str, values: &[Value]) -> Result<Option<Row>, Error> {
        Ok(self.query(sql, values).await?.into_iter().next())
    }

    /// How the database is.
    pub async fn health(&self) -> Health {
        Health {
            engine: self.engine,
            place: String::new(),
            disk_full: false,
            reachable: true,
            reserve: ReserveState::None,
            free_bytes: None,
            size_bytes: 0,
            queued: 0,
            commits: 0,
            works: 0,
            last_commit: Duration::ZERO,
            damage: None,
        }
    }

    /// Ends: what waits is still written, then everything is closed.
    pub async fn close(&self) {}
}
