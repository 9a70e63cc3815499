//! CSV (RFC 4180) for spreadsheets: with a byte order mark, lines ended by CR LF, and with no cell
//! that a spreadsheet would take for a formula.

use csv::{Terminator, WriterBuilder};

use crate::{Cell, Error, Table};

/// The mark by which spreadsheets know UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A file in the making.
#[derive(Debug)]
pub struct CsvFile(csv::Writer<Vec<u8>>);

impl CsvFile {
    /// A file with this first line.
    ///
    /// # Errors
    /// Never in practice: it is written to memory.
    pub fn new<T: AsRef<str>>(head: impl IntoIterator<Item = T>) -> Result<Self, Error> {
        let writer = WriterBuilder::new()
            .terminator(Terminator::CRLF)
            .from_writer(BYTE_ORDER_MARK.as_bytes().to_vec());
        let mut file = Self(writer);
        file.line(head)?;
        Ok(file)
    }

    /// Adds a line; it has as many cells as the first.
    ///
    /// # Errors
    /// When it has more cells or fewer.
    pub fn line<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) -> Result<(), Error> {
        self.0.write_record(cells.into_iter().map(|cell| guarded(cell.as_ref())))?;
        Ok(())
    }

    /// The file.
    ///
    /// # Errors
    /// Never in practice.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        self.0.into_inner().map_err(|error| Error::Csv(error.into_error().into()))
    }

    /// A whole table: its columns and rows.
    ///
    /// # Errors
    /// [`Error::Uneven`].
    pub fn of(table: &Table) -> Result<Vec<u8>, Error> {
        table.check()?;
        let mut file = Self::new(table.columns.iter().map(|column| &column.title))?;
        for row in &table.rows {
            file.line(row.iter().map(Cell::plain))?;
        }
        file.finish()
    }
}

/// A cell that begins like a formula gets an apostrophe before it (OWASP, CSV injection).
/// Numbers keep their sign.
pub fn guarded(cell: &str) -> String {
    let risky = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if risky && cell.parse::<f64>().is_err() { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Column;

    /// covers: N5.4
    #[test]
    fn a_table_is_rfc_4180_with_a_mark_and_no_formula() {
        let table = Table {
            columns: ["имя", "bytes", "share"].map(Column::new).into(),
            rows: vec![
                vec![Cell::text("Школа \"№ 1\", Өскемен"), Cell::whole(-5), Cell::Percent(0.5, 1)],
                vec![Cell::text("=cmd|' /C calc'!A0"), Cell::whole(u64::MAX), Cell::Empty],
            ],
            ..Table::default()
        };
        let text = String::from_utf8(CsvFile::of(&table).unwrap()).unwrap();
        assert_eq!(
            text,
            "\u{feff}имя,bytes,share\r\n\"Школа \"\"№ 1\"\", Өскемен\",-5,50.0\r\n\
             '=cmd|' /C calc'!A0,18446744073709551615,\r\n"
        );
        let uneven = Table { rows: vec![vec![Cell::Empty]], ..table };
        assert!(matches!(
            CsvFile::of(&uneven),
            Err(Error::Uneven { row: 0, cells: 1, columns: 3 })
        ));
    }
}
