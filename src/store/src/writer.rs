//! The one task that writes: many pieces of work, one transaction, one commit.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::connect::Options;
use crate::driver::Connection;
use crate::fault::Place;
use crate::reserve::Reserve;
use crate::state::State;
use crate::work::{Done, Work};
use crate::{Engine, Error, Tx};

/// At most so many pieces of work in one transaction.
const BATCH: usize = 256;
/// No further work is taken into a transaction that is older than this.
const BATCH_TIME: Duration = Duration::from_millis(20);
/// One piece of work may take so long.
const WORK_TIME: Duration = Duration::from_secs(120);
/// How often the writer looks after its disk when nothing else is to be done.
const ROUND: Duration = Duration::from_secs(1);
/// A disk that was full counts as free again from here on, where there is no reserve to tell.
const SOME_SPACE: u64 = 4 << 20;

/// What the handle sends.
pub(crate) enum Order {
    Work(Box<dyn Work>),
    /// End after what came before.
    Close,
}

pub(crate) struct Writer {
    pub(crate) options: Options,
    pub(crate) place: Place,
    pub(crate) connection: Option<Connection>,
    pub(crate) reserve: Reserve,
    pub(crate) state: Arc<State>,
    pub(crate) orders: mpsc::Receiver<Order>,
    /// Keeps other processes out of the file until the last work is done.
    pub(crate) lock: Option<Arc<File>>,
}

/// How a transaction ended, beside the outcomes of the work in it.
enum Ended {
    Committed,
    Lost(Error),
}

impl Writer {
    /// Works until it is told to end or nobody holds the handle any more.
    pub(crate) async fn run(mut self) {
        let mut round = tokio::time::interval(ROUND);
        round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                order = self.orders.recv() => match order {
                    Some(Order::Work(work)) => {
                        if self.batch(work).await.is_break() {
                            break;
                        }
                    }
                    Some(Order::Close) | None => break,
                },
                _ = round.tick() => self.look_after(),
            }
        }
        self.end().await;
    }

    async fn end(mut self) {
        self.orders.close();
        while let Some(order) = self.orders.recv().await {
            if let Order::Work(work) = order {
                work.refuse(Error::Closed);
            }
        }
        if let Some(connection) = self.connection.take() {
            connection.close().await;
        }
        drop(self.lock);
    }

    /// Between transactions: the reserve, and whether a full disk has space again.
    fn look_after(&mut self) {
        self.reserve.restore(&self.place);
        self.state.set_reserve(self.reserve.state());
        if self.state.disk_full.load(Ordering::Relaxed)
            && self.place.free_bytes().is_none_or(|free| free >= SOME_SPACE)
        {
            tracing::info!(place = self.place.name, "the disk has space again");
            self.state.disk_full.store(false, Ordering::Relaxed);
        }
    }

    /// One transaction: `first` and what else waits. Breaks when the end was ordered.
    async fn batch(&mut self, first: Box<dyn Work>) -> std::ops::ControlFlow<()> {
        if let Err(error) = self.begin().await {
            self.trouble(&error);
            first.refuse(error);
            return std::ops::ControlFlow::Continue(());
        }
        let begun = Instant::now();
        let mut done = Vec::new();
        let mut next = Some(first);
        let mut flow = std::ops::ControlFlow::Continue(());
        let mut lost = None;
        while let Some(work) = next.take() {
            if !work.is_abandoned() {
                match self.one(work, &mut done).await {
                    Ok(()) => {}
                    Err(error) => {
                        lost = Some(error);
                        break;
                    }
                }
            }
            if done.len() < BATCH && begun.elapsed() < BATCH_TIME {
                next = match self.orders.try_recv() {
                    Ok(Order::Work(work)) => Some(work),
                    Ok(Order::Close) => {
                        flow = std::ops::ControlFlow::Break(());
                        None
                    }
                    Err(_) => None,
                };
            }
        }
        let ended = match lost {
            None => {
                let good = done.iter().filter(|done| done.is_good()).count();
                self.commit(good).await
            }
            Some(error) => Ended::Lost(error),
        };
        self.settle(ended, done).await;
        flow
    }

    async fn begin(&mut self) -> Result<(), Error> {
        self.reserve.before_commit(&self.place);
        if self.connection.is_none() {
            self.connection = Some(self.options.writer(&self.place).await?);
        }
        let begun = self.control("BEGIN").await;
        if matches!(begun, Err(Error::Unreachable { .. })) {
            // The connection died while nobody used it: once more with a new one.
            self.connection = None;
            self.connection = Some(self.options.writer(&self.place).await?);
            return self.control("BEGIN").await;
        }
        begun
    }

    /// One piece of work under its savepoint. An error here means that the whole transaction is
    /// lost; the work's own errors lie in `done`.
    async fn one(
        &mut self,
        work: Box<dyn Work>,
        done: &mut Vec<Box<dyn Done>>,
    ) -> Result<(), Error> {
        if let Err(error) = self.control("SAVEPOINT work").await {
            work.refuse(error.clone());
            return Err(error);
        }
        let Some(connection) = self.connection.as_mut() else { return Err(Error::Closed) };
        let mut tx = Tx::new(connection.lend(), &self.place);
        // A refusal after the time is up drops the work's future, and with it who waits: the
        // handle turns that into `TooSlow`.
        let ran = tokio::time::timeout(WORK_TIME, work.run(&mut tx)).await.ok();
        let failure = tx.failure().cloned();
        let keep = ran.as_ref().is_some_and(|ran| ran.is_good()) && failure.is_none();
        if let Some(mut ran) = ran {
            if let (Some(failure), true) = (&failure, ran.is_good()) {
                ran.spoil(failure.clone());
            }
            done.push(ran);
        }
        let ended = if keep {
            self.control("RELEASE work").await
        } else {
            self.control("ROLLBACK TO work; RELEASE work").await
        };
        // What broke the transaction itself is told by the statement that did.
        ended.map_err(|error| failure.filter(Error::is_transient).unwrap_or(error))
    }

    async fn commit(&mut self, good: usize) -> Ended {
        if good == 0 {
            return match self.control("ROLLBACK").await {
                Ok(()) => Ended::Committed,
                Err(error) => Ended::Lost(error),
            };
        }
        self.reserve.before_commit(&self.place);
        let begun = Instant::now();
        match self.control("COMMIT").await {
            Ok(()) => {
                self.state.committed(good, begun.elapsed());
                self.state.set_reserve(self.reserve.state());
                Ended::Committed
            }
            Err(error) => Ended::Lost(error),
        }
    }

    async fn settle(&mut self, ended: Ended, done: Vec<Box<dyn Done>>) {
        let verdict = match ended {
            Ended::Committed => Ok(()),
            Ended::Lost(error) => {
                self.trouble(&error);
                self.recover(&error).await;
                Err(if error.is_transient() { error } else { Error::BatchLost })
            }
        };
        for done in done {
            done.settle(verdict.clone());
        }
    }

    /// After a lost transaction: no trace of it, and a connection that works.
    async fn recover(&mut self, error: &Error) {
        if matches!(error, Error::Unreachable { .. }) {
            self.connection = None;
            return;
        }
        // SQLite has often rolled back already and says that there is no transaction.
        if self.control("ROLLBACK").await.is_err()
            && self.state.engine == Engine::Postgres
            && let Some(connection) = self.connection.take()
        {
            connection.close().await;
        }
    }

    /// Notes what kept us from writing, and gives the reserve up when it was space.
    fn trouble(&mut self, error: &Error) {
        tracing::error!(place = self.place.name, %error, "a transaction was lost");
        if error.is_disk_full() {
            self.state.disk_full.store(true, Ordering::Relaxed);
            self.reserve.give_up();
            self.state.set_reserve(self.reserve.state());
        }
        let away = matches!(error, Error::Unreachable { .. });
        self.state.reachable.store(!away, Ordering::Relaxed);
    }

    async fn control(&mut self, sql: &str) -> Result<(), Error> {
        let Some(connection) = self.connection.as_mut() else { return Err(Error::Closed) };
        let sql = match (sql, self.state.engine) {
            ("BEGIN", Engine::Sqlite) => "BEGIN IMMEDIATE",
            _ => sql,
        };
        connection.lend().script(sql, &self.place).await
    }
}
