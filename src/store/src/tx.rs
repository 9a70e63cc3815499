//! The transaction that a piece of work is handed.

use crate::{Engine, Error, Row, Value};

/// The open transaction, under a savepoint of the work's own.
pub struct Tx<'c> {
    pub(crate) engine: Engine,
    pub(crate) _connection: std::marker::PhantomData<&'c mut ()>,
}

#[allow(clippy::unused_async)]
impl Tx<'_> {
    /// Which database it is, where a statement has to differ.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// What ends a SELECT that locks its rows: nothing on SQLite, where the one writer has the
    /// whole file.
    pub fn for_update(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite => "",
            Engine::Postgres => " FOR UPDATE",
        }
    }

    /// Runs a statement; answers how many rows it touched.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Error> {
        let _ = (sql, values);
        Err(Error::Closed)
    }

    /// Runs a statement; answers all its rows (also of `RETURNING`).
    ///
    /// # Errors
    /// As [`Tx::execute`].
    pub async fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Error> {
        let _ = (sql, values);
        Err(Error::Closed)
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
