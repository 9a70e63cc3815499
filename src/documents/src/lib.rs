//! Documents that leave the hub: tables as CSV and XLSX, acts as PDF.
//!
//! Whoever asks for a document says everything that is in it, words included: this room knows
//! forms and formats, no texts, no databases and no time. The same input gives the same bytes.

pub mod act;
mod csv;
mod error;
mod table;
mod xlsx;

pub use csv::{CsvFile, guarded};
pub use error::Error;
pub use table::{Cell, Column, Table};
pub use xlsx::workbook;
