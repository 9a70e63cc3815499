//! The transaction that a piece of work is handed.

use crate::driver::Lent;
use crate::fault::Place;
use crate::{Engine, Error, Row, Value};

/// The open transaction, under a savepoint of the work's own.
///
/// After a failed statement the work is lost on both databases, also when the work goes on as if
/// nothing had happened: PostgreSQL knows no other way.
pub struct Tx<'c> {
    connection: Lent<'c>,
    place: &'c Place,
    failed: Option<Error>,
}

impl<'c> Tx<'c> {
    pub(crate) fn new(connection: Lent<'c>, place: &'c Place) -> Self {
        Self { connection, place, failed: None }
    }

    /// The first failure of a statement.
    pub(crate) fn failure(&self) -> Option<&Error> {
        self.failed.as_ref()
    }

    fn noted<T>(&mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &outcome {
            self.failed.get_or_insert_with(|| error.clone());
        }
        outcome
    }

    fn sound(&self) -> Result<(), Error> {
        self.failed.clone().map_or(Ok(()), Err)
    }
}

impl Tx<'_> {
    /// Which database it is, where a statement has to differ.
    pub fn engine(&self) -> Engine {
        self.connection.engine()
    }

    /// What ends a SELECT that locks its rows: nothing on SQLite, where the one writer has the
    /// whole file.
    pub fn for_update(&self) -> &'static str {
        match self.engine() {
            Engine::Sqlite => "",
            Engine::Postgres => " FOR UPDATE",
        }
    }

    /// Runs a statement; answers how many rows it touched.
    ///
    /// # Errors
    /// Whatever the database says, and again the first such error once there was one.
    pub async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Error> {
        self.sound()?;
        let ran = self.connection.execute(sql, values, self.place).await;
        self.noted(ran)
    }

    /// Runs a statement; answers all its rows (also of `RETURNING`).
    ///
    /// # Errors
    /// As [`Tx::execute`].
    pub async fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Error> {
        self.sound()?;
        let rows = self.connection.query(sql, values, self.place).await;
        self.noted(rows)
    }

    /// The first row.
    ///
    /// # Errors
    /// [`Error::NoRow`] when there is none; else as [`Tx::execute`].
    pub async fn query_one(&mut self, sql: &str, values: &[Value]) -> Result<Row, Error> {
        self.query_optional(sql, values).await?.ok_or(Error::NoRow)
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// As [`Tx::execute`].
    pub async fn query_optional(
        &mut self,
        sql: &str,
        values: &[Value],
    ) -> Result<Option<Row>, Error> {
        Ok(self.query(sql, values).await?.into_iter().next())
    }
}

impl std::fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx").field("engine", &self.engine()).finish_non_exhaustive()
    }
}
