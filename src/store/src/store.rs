//! The handle that everybody holds.

use std::fs::File;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::connect::{Readers, size_of};
use crate::driver::Lent;
use crate::fault::{Disk, Place};
use crate::state::State;
use crate::work::Job;
use crate::writer::Order;
use crate::{Engine, Error, Migration, Release, Row, Target, Tx, Value};

/// A database: one writer, many readers. Cheap to clone. Ends with [`Store::close`], or when the
/// last handle is dropped.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    place: Place,
    readers: Readers,
    orders: mpsc::Sender<Order>,
    writer: Mutex<Option<JoinHandle<()>>>,
    writer_id: tokio::task::Id,
    state: Arc<State>,
    lock: Mutex<Option<Arc<File>>>,
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

impl Inner {
    pub(crate) fn new(
        place: Place,
        readers: Readers,
        orders: mpsc::Sender<Order>,
        writer: JoinHandle<()>,
        state: Arc<State>,
        lock: Option<Arc<File>>,
    ) -> Self {
        let writer_id = writer.id();
        let writer = Mutex::new(Some(writer));
        Self { place, readers, orders, writer, writer_id, state, lock: Mutex::new(lock) }
    }
}

impl Store {
    /// Opens a database and brings its tables forward.
    ///
    /// # Errors
    /// [`Error::TooNew`], [`Error::Corrupt`], [`Error::Foreign`], [`Error::InUse`], [`Error::File`],
    /// [`Error::Unreachable`], [`Error::Migration`], [`Error::BadTarget`], [`Error::DiskFull`].
    pub async fn open(target: &Target, migrations: &[Migration]) -> Result<Self, Error> {
        Self::open_as(target, migrations, crate::RELEASE).await
    }

    /// Looks whether this release may read what is there, and touches nothing: with more than one
    /// database all are looked at before the first one is opened.
    ///
    /// # Errors
    /// [`Error::TooNew`], [`Error::Foreign`], [`Error::Unreachable`], [`Error::BadTarget`].
    pub async fn check(target: &Target) -> Result<(), Error> {
        Box::pin(crate::open::check(target, crate::RELEASE)).await
    }

    /// [`Store::open`] under another release's number: for tests of the rule about newer databases.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_as(
        target: &Target,
        migrations: &[Migration],
        release: Release,
    ) -> Result<Self, Error> {
        // The future is large: two drivers and their handshakes.
        let inner = Box::pin(crate::open::open(target, migrations, release)).await?;
        Ok(Self(Arc::new(inner)))
    }

    /// Which database it is.
    pub fn engine(&self) -> Engine {
        self.0.state.engine
    }

    /// Runs `work` in the writer's next transaction and answers after the commit. An error of the
    /// work undoes the work alone. When the caller goes away before its turn, the work is not done.
    ///
    /// ```ignore
    /// store.write(|tx| Box::pin(async move { tx.execute("DELETE FROM t WHERE a = $1", &values![1i64]).await })).await
    /// ```
    ///
    /// # Errors
    /// The work's own, or the database's. After [`Error::Unreachable`] the work may nevertheless
    /// have been done: the answer to the commit was lost.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        if tokio::task::try_id() == Some(self.0.writer_id) {
            return Err(E::from(Error::Nested));
        }
        let (reply, answer) = oneshot::channel();
        let order = Order::Work(Box::new(Job { work, reply }));
        if self.0.orders.send(order).await.is_err() {
            return Err(E::from(Error::Closed));
        }
        answer.await.unwrap_or_else(|_| Err(E::from(Error::TooSlow)))
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
        let place = &self.0.place;
        match &self.0.readers {
            Readers::Sqlite(pool) => {
                let begun = pool.begin_with("BEGIN DEFERRED").await;
                let mut open = begun.map_err(|error| place.explain(error))?;
                work(&mut Tx::new(Lent::Sqlite(&mut open), place)).await
            }
            Readers::Postgres(pool) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                let begun = pool.begin_with(begin).await;
                let mut open = begun.map_err(|error| place.explain(error))?;
                work(&mut Tx::new(Lent::Postgres(&mut open), place)).await
            }
        }
    }

    /// All rows of a SELECT.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Error> {
        let place = &self.0.place;
        match &self.0.readers {
            Readers::Sqlite(pool) => {
                let mut lent = pool.acquire().await.map_err(|error| place.explain(error))?;
                Lent::Sqlite(&mut lent).query(sql, values, place).await
            }
            Readers::Postgres(pool) => {
                let mut lent = pool.acquire().await.map_err(|error| place.explain(error))?;
                Lent::Postgres(&mut lent).query(sql, values, place).await
            }
        }
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

    /// Bytes that SQLite holds in this process, for all its databases together: pages, statements.
    pub fn sqlite_bytes() -> u64 {
        crate::sqlite::memory_used()
    }

    /// The file's disk; `None` on PostgreSQL. Asks the system and does not wait.
    pub fn disk(&self) -> Option<Disk> {
        self.0.place.disk()
    }

    /// How the database is.
    pub async fn health(&self) -> Health {
        let state = &self.0.state;
        Health {
            engine: state.engine,
            place: self.0.place.name.clone(),
            disk_full: state.disk_full.load(Ordering::Relaxed),
            reachable: state.reachable.load(Ordering::Relaxed),
            reserve: state.reserve(),
            free_bytes: self.0.place.free_bytes(),
            size_bytes: self.size_bytes().await,
            queued: self.0.orders.max_capacity() - self.0.orders.capacity(),
            commits: state.commits.load(Ordering::Relaxed),
            works: state.works.load(Ordering::Relaxed),
            last_commit: state.last_commit(),
            damage: state.damage(),
        }
    }

    async fn size_bytes(&self) -> u64 {
        if let Some(file) = &self.0.place.file {
            return size_of(file);
        }
        let sql = "SELECT CAST(COALESCE(SUM(pg_total_relation_size(c.oid)), 0) AS BIGINT) AS size
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = current_schema() AND c.relkind = 'r'";
        // The health page does not wait for a server that is gone.
        let row = tokio::time::timeout(Duration::from_secs(1), self.query_one(sql, &[])).await;
        row.ok().and_then(|row| row.ok()?.number("size").ok()).unwrap_or(0)
    }

    /// Ends: what waits is still written, then everything is closed.
    pub async fn close(&self) {
        drop(self.0.orders.send(Order::Close).await);
        let writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer
            && let Err(error) = writer.await
        {
            tracing::error!(%error, "the writer did not end well");
        }
        self.0.readers.close().await;
        drop(self.0.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}
