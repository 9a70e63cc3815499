//! The two drivers behind one enum: connections, binding, rows.

use std::sync::Arc;

use sqlx::query::Query;
use sqlx::{
    AssertSqlSafe, Column, Connection as _, Executor as _, PgConnection, Postgres, Row as _,
    Sqlite, SqliteConnection, TypeInfo as _, ValueRef as _,
};

use crate::fault::Place;
use crate::{Engine, Error, Row, Type, Value};

/// A connection of our own.
#[derive(Debug)]
pub(crate) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Connection {
    pub(crate) fn lend(&mut self) -> Lent<'_> {
        match self {
            Self::Sqlite(connection) => Lent::Sqlite(connection),
            Self::Postgres(connection) => Lent::Postgres(connection),
        }
    }

    pub(crate) async fn close(self) {
        let ended = match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a database connection did not end well");
        }
    }
}

/// A connection lent for a while, whoever owns it.
pub(crate) enum Lent<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Lent<'_> {
    pub(crate) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs one statement or several, unprepared: definitions, pragmas, transaction control.
    pub(crate) async fn script(&mut self, sql: &str, place: &Place) -> Result<(), Error> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        let ran = match self {
            Self::Sqlite(connection) => connection.execute(sql).await.map(drop),
            Self::Postgres(connection) => connection.execute(sql).await.map(drop),
        };
        ran.map_err(|error| place.explain(error))
    }

    pub(crate) async fn execute(
        &mut self,
        sql: &str,
        values: &[Value],
        place: &Place,
    ) -> Result<u64, Error> {
        fit_parameters(sql, values)?;
        let sql = AssertSqlSafe(sql.to_owned());
        let ran = match self {
            Self::Sqlite(connection) => bind_sqlite(sqlx::query(sql), values)
                .execute(&mut **connection)
                .await
                .map(|done| done.rows_affected()),
            Self::Postgres(connection) => bind_postgres(sqlx::query(sql), values)
                .execute(&mut **connection)
                .await
                .map(|done| done.rows_affected()),
        };
        ran.map_err(|error| place.explain(error))
    }

    pub(crate) async fn query(
        &mut self,
        sql: &str,
        values: &[Value],
        place: &Place,
    ) -> Result<Vec<Row>, Error> {
        fit_parameters(sql, values)?;
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => {
                let rows = bind_sqlite(sqlx::query(sql), values).fetch_all(&mut **connection).await;
                from_sqlite(&rows.map_err(|error| place.explain(error))?)
            }
            Self::Postgres(connection) => {
                let rows =
                    bind_postgres(sqlx::query(sql), values).fetch_all(&mut **connection).await;
                from_postgres(&rows.map_err(|error| place.explain(error))?)
            }
        }
    }
}

macro_rules! bind {
    ($name:ident, $database:ty) => {
        fn $name<'q>(
            query: Query<'q, $database, <$database as sqlx::Database>::Arguments>,
            values: &[Value],
        ) -> Query<'q, $database, <$database as sqlx::Database>::Arguments> {
            values.iter().fold(query, |query, value| match value {
                Value::Null(Type::Int) => query.bind(None::<i64>),
                Value::Null(Type::Real) => query.bind(None::<f64>),
                Value::Null(Type::Text) => query.bind(None::<String>),
                Value::Null(Type::Blob) => query.bind(None::<Vec<u8>>),
                Value::Int(value) => query.bind(*value),
                Value::Real(value) => query.bind(*value),
                Value::Text(value) => query.bind(value.as_str()),
                Value::Blob(value) => query.bind(value.as_slice()),
            })
        }
    };
}

bind!(bind_sqlite, Sqlite);
bind!(bind_postgres, Postgres);

/// SQLite takes a missing parameter for NULL and PostgreSQL refuses it, so the number is compared
/// before either sees it. Only `$1`, `$2`, … outside of quotes count.
fn fit_parameters(sql: &str, values: &[Value]) -> Result<(), Error> {
    let mut wanted = 0;
    for (index, piece) in sql.split('\'').enumerate() {
        if index % 2 == 0 {
            wanted = wanted.max(highest_parameter(piece));
        }
    }
    if wanted != values.len() {
        return Err(Error::Parameters { wanted, given: values.len() });
    }
    let nul = |value: &Value| matches!(value, Value::Text(text) if text.contains('\0'));
    if values.iter().any(nul) { Err(Error::NulInText) } else { Ok(()) }
}

fn highest_parameter(sql: &str) -> usize {
    let number = |piece: &str| {
        let digits = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
        piece[..digits].parse().unwrap_or(0)
    };
    sql.split('$').skip(1).map(number).max().unwrap_or(0)
}

fn columns<C: Column>(columns: &[C]) -> Arc<[String]> {
    columns.iter().map(|column| column.name().to_owned()).collect()
}

fn from_sqlite(rows: &[sqlx::sqlite::SqliteRow]) -> Result<Vec<Row>, Error> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let names = columns(first.columns());
    rows.iter()
        .map(|row| {
            let values = (0..names.len()).map(|index| sqlite_value(row, index));
            Ok(Row::new(Arc::clone(&names), values.collect::<Result<_, _>>()?))
        })
        .collect()
}

fn sqlite_value(row: &sqlx::sqlite::SqliteRow, index: usize) -> Result<Value, Error> {
    let broken = |error| Error::Database(Arc::new(error));
    let raw = row.try_get_raw(index).map_err(broken)?;
    if raw.is_null() {
        return Ok(Value::Null(Type::Text));
    }
    let kind = raw.type_info().name().to_owned();
    match kind.as_str() {
        "INTEGER" | "BOOLEAN" => row.try_get_unchecked(index).map(Value::Int),
        "REAL" => row.try_get_unchecked(index).map(Value::Real),
        "TEXT" => row.try_get_unchecked(index).map(Value::Text),
        "BLOB" => row.try_get_unchecked(index).map(Value::Blob),
        _ => return Err(unknown(row.column(index), kind)),
    }
    .map_err(broken)
}

fn from_postgres(rows: &[sqlx::postgres::PgRow]) -> Result<Vec<Row>, Error> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let names = columns(first.columns());
    rows.iter()
        .map(|row| {
            let values = (0..names.len()).map(|index| postgres_value(row, index));
            Ok(Row::new(Arc::clone(&names), values.collect::<Result<_, _>>()?))
        })
        .collect()
}

fn postgres_value(row: &sqlx::postgres::PgRow, index: usize) -> Result<Value, Error> {
    let kind = row.column(index).type_info().name();
    let taken = match kind {
        "INT8" => row.try_get::<Option<i64>, _>(index).map(|value| typed(value, Type::Int)),
        "INT4" => row.try_get::<Option<i32>, _>(index).map(|value| typed(value, Type::Int)),
        "INT2" => {
            row.try_get::<Option<i16>, _>(index).map(|value| typed(value.map(i64::from), Type::Int))
        }
        "BOOL" => row.try_get::<Option<bool>, _>(index).map(|value| typed(value, Type::Int)),
        "FLOAT8" => row.try_get::<Option<f64>, _>(index).map(|value| typed(value, Type::Real)),
        "FLOAT4" => row
            .try_get::<Option<f32>, _>(index)
            .map(|value| typed(value.map(f64::from), Type::Real)),
        "TEXT" | "VARCHAR" | "NAME" => {
            row.try_get::<Option<String>, _>(index).map(|value| typed(value, Type::Text))
        }
        "BYTEA" => row.try_get::<Option<Vec<u8>>, _>(index).map(|value| typed(value, Type::Blob)),
        _ => return Err(unknown(row.column(index), kind.to_owned())),
    };
    taken.map_err(|error| Error::Database(Arc::new(error)))
}

fn typed<T: Into<Value>>(value: Option<T>, kind: Type) -> Value {
    value.map_or(Value::Null(kind), Into::into)
}

fn unknown<C: Column>(column: &C, name: String) -> Error {
    Error::UnknownType { column: column.name().to_owned(), name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values;

    /// covers: N1.1
    #[test]
    fn a_statement_with_too_few_or_too_many_parameters_is_refused() {
        let two = values![1i64, 2i64];
        assert!(fit_parameters("SELECT $1, $2, $1", &two).is_ok());
        assert!(fit_parameters("SELECT $1", &two).is_err());
        assert!(fit_parameters("SELECT $1, $2, $3", &two).is_err());
        assert!(fit_parameters("SELECT '$9', $2, $1", &two).is_ok());
    }
}
