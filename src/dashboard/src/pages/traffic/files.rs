//! Files to keep: tables as CSV and XLSX, acts as PDF.

use axum::response::Response;
use bytes::Bytes;
use ets_documents::{CsvFile, Table, workbook};

use crate::Error;
use crate::api::{csv_answer, to_keep};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

impl From<ets_documents::Error> for Error {
    fn from(error: ets_documents::Error) -> Self {
        match error {
            ets_documents::Error::TooLong { .. } => Self::BadRequest(error.to_string()),
            other => Self::internal(other),
        }
    }
}

/// A table as CSV.
pub(super) fn csv(name: &str, table: &Table) -> Result<Response, Error> {
    Ok(csv_answer(name, Bytes::from(CsvFile::of(table)?)))
}

/// Tables as a workbook.
pub(super) fn xlsx(name: &str, title: &str, tables: &[Table]) -> Result<Response, Error> {
    Ok(to_keep(name, XLSX, workbook(title, tables)?))
}

/// A PDF.
pub(super) fn pdf(name: &str, bytes: Vec<u8>) -> Response {
    to_keep(name, "application/pdf", bytes)
}
