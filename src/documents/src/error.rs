//! What can go wrong.

/// A document could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The CSV writer failed.
    #[error("the CSV file cannot be made: report this with the log")]
    Csv(#[from] csv::Error),
    /// The XLSX writer failed.
    #[error("the spreadsheet cannot be made: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    /// A table has more rows than a sheet can hold.
    #[error("a sheet holds at most {most} rows, this table has {rows}: ask for less")]
    TooLong {
        /// How many there are.
        rows: usize,
        /// How many there may be.
        most: usize,
    },
    /// A row has more or fewer cells than the table has columns.
    #[error("row {row} has {cells} cells in a table of {columns} columns")]
    Uneven {
        /// Which, from 0.
        row: usize,
        /// How many cells.
        cells: usize,
        /// How many columns.
        columns: usize,
    },
    /// An address is too long for a QR code.
    #[error("an address of {0} bytes is too long for a QR code")]
    AddressTooLong(usize),
    /// The font that is built in cannot be read.
    #[error("the built-in font is damaged: report this with the log")]
    Font,
    /// No acts were given.
    #[error("there is nothing to print")]
    Empty,
}
