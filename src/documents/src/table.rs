//! A table before it is a file.

use jiff::civil::DateTime;

use crate::Error;

/// A table with typed cells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The sheet's name; may be empty.
    pub name: String,
    /// Lines above the table, such as what it shows and for when; left out of CSV.
    pub head: Vec<String>,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each with a cell for every column.
    pub rows: Vec<Vec<Cell>>,
    /// Rows of sums below; left out of CSV.
    pub totals: Vec<Vec<Cell>>,
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// What stands above it.
    pub title: String,
    /// Its width in characters; 0: as wide as what is in it, within reason.
    pub width: u16,
}

impl Column {
    /// A column as wide as what is in it.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), width: 0 }
    }
}

/// A cell. Spreadsheets get numbers as numbers and moments as moments.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell {
    /// Nothing: not known, does not apply.
    #[default]
    Empty,
    /// A text; it never becomes a formula.
    Text(String),
    /// A whole number. Above 2^53 a spreadsheet rounds it; CSV does not.
    Whole(i128),
    /// A number with so many digits after the point.
    Decimal(f64, u8),
    /// A share, 1 for 100 %, with so many digits after the point.
    Percent(f64, u8),
    /// A moment on the calendar and clock of the reader.
    Moment(DateTime),
}

impl Cell {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A whole number.
    pub fn whole(number: impl Into<i128>) -> Self {
        Self::Whole(number.into())
    }

    /// As plain text: a point for decimals, no thousands, ISO 8601 moments.
    pub(crate) fn plain(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Whole(number) => number.to_string(),
            Self::Decimal(number, digits) => format!("{number:.*}", usize::from(*digits)),
            Self::Percent(share, digits) => format!("{:.*}", usize::from(*digits), share * 100.0),
            Self::Moment(moment) => moment.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        }
    }
}

impl Table {
    /// Whether every row has a cell for every column.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let columns = self.columns.len();
        let rows = self.rows.iter().chain(&self.totals).enumerate();
        let mut uneven = rows.filter(|(_, cells)| cells.len() != columns);
        uneven
            .next()
            .map_or(Ok(()), |(row, cells)| Err(Error::Uneven { row, cells: cells.len(), columns }))
    }
}
