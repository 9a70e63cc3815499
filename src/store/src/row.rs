//! A row of an answer, taken out of the driver so that both databases look the same.

use std::sync::Arc;

use crate::{Error, Value};

/// One row. Fields are asked for by the name of their column.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

impl Row {
    pub(crate) fn new(columns: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// The names of the columns, in the order of the statement.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The field named `column`.
    ///
    /// # Errors
    /// [`Error::NoColumn`].
    pub fn value(&self, column: &str) -> Result<&Value, Error> {
        self.columns
            .iter()
            .position(|name| name == column)
            .and_then(|index| self.values.get(index))
            .ok_or_else(|| Error::NoColumn { column: column.to_owned() })
    }

    /// A number.
    ///
    /// # Errors
    /// When there is no such column, or no number in it; the same for all that follow.
    pub fn int(&self, column: &str) -> Result<i64, Error> {
        self.opt_int(column)?.ok_or_else(|| self.wrong(column, "integer"))
    }

    /// A number that fits `N`: `row.number::<u32>("segment")`.
    ///
    /// # Errors
    /// As [`Row::int`], and when the number does not fit.
    pub fn number<N: TryFrom<i64>>(&self, column: &str) -> Result<N, Error> {
        N::try_from(self.int(column)?).map_err(|_| self.wrong(column, "smaller integer"))
    }

    /// A flag, stored as 0 or 1.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn flag(&self, column: &str) -> Result<bool, Error> {
        Ok(self.int(column)? != 0)
    }

    /// A floating-point number; a whole number will do.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn real(&self, column: &str) -> Result<f64, Error> {
        self.opt_real(column)?.ok_or_else(|| self.wrong(column, "real"))
    }

    /// A text.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn text(&self, column: &str) -> Result<&str, Error> {
        self.opt_text(column)?.ok_or_else(|| self.wrong(column, "text"))
    }

    /// Bytes.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn blob(&self, column: &str) -> Result<&[u8], Error> {
        self.opt_blob(column)?.ok_or_else(|| self.wrong(column, "blob"))
    }

    /// A number, or null.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn opt_int(&self, column: &str) -> Result<Option<i64>, Error> {
        match self.value(column)? {
            Value::Null(_) => Ok(None),
            Value::Int(value) => Ok(Some(*value)),
            _ => Err(self.wrong(column, "integer")),
        }
    }

    /// A floating-point number, or null.
    ///
    /// # Errors
    /// As [`Row::int`].
    #[allow(clippy::cast_precision_loss)]
    pub fn opt_real(&self, column: &str) -> Result<Option<f64>, Error> {
        match self.value(column)? {
            Value::Null(_) => Ok(None),
            Value::Real(value) => Ok(Some(*value)),
            Value::Int(value) => Ok(Some(*value as f64)),
            _ => Err(self.wrong(column, "real")),
        }
    }

    /// A text, or null.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn opt_text(&self, column: &str) -> Result<Option<&str>, Error> {
        match self.value(column)? {
            Value::Null(_) => Ok(None),
            Value::Text(value) => Ok(Some(value)),
            _ => Err(self.wrong(column, "text")),
        }
    }

    /// Bytes, or null.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn opt_blob(&self, column: &str) -> Result<Option<&[u8]>, Error> {
        match self.value(column)? {
            Value::Null(_) => Ok(None),
            Value::Blob(value) => Ok(Some(value)),
            _ => Err(self.wrong(column, "blob")),
        }
    }

    fn wrong(&self, column: &str, wanted: &'static str) -> Error {
        let found = self.value(column).map_or("nothing", Value::describe);
        Error::WrongType { column: column.to_owned(), wanted, found }
    }
}
