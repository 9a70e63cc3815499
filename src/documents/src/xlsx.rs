//! Tables as a workbook of Office Open XML (ECMA-376): numbers are numbers, the head stands still,
//! columns can be filtered.

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet,
};

use crate::{Cell, Error, Table};

/// Rows of a sheet.
const ROWS: usize = 1_048_576;
/// The narrowest and the widest that a column becomes by itself, in characters.
const WIDTHS: (usize, usize) = (6, 60);
/// A sheet's name has at most so many characters, and none of these.
const NAME: usize = 31;
const FORBIDDEN: [char; 7] = ['[', ']', ':', '*', '?', '/', '\\'];

/// A workbook of these tables, a sheet each. `title` goes into its properties.
///
/// # Errors
/// [`Error::TooLong`], [`Error::Uneven`], [`Error::Xlsx`].
pub fn workbook(title: &str, tables: &[Table]) -> Result<Vec<u8>, Error> {
    let mut book = Workbook::new();
    // Without a time of its own the same tables give the same bytes.
    let created = ExcelDateTime::from_ymd(2026, 1, 1)?;
    book.set_properties(&DocProperties::new().set_title(title).set_creation_datetime(&created));
    let mut names = Vec::new();
    for table in tables {
        let name = free_name(&table.name, &mut names);
        let sheet = book.add_worksheet();
        if !name.is_empty() {
            sheet.set_name(&name)?;
        }
        fill(sheet, table)?;
    }
    if tables.is_empty() {
        book.add_worksheet();
    }
    Ok(book.save_to_buffer()?)
}

/// A name that a sheet may have and that none has yet; empty: the program's own.
fn free_name(wanted: &str, taken: &mut Vec<String>) -> String {
    let clean: String = wanted.chars().filter(|c| !FORBIDDEN.contains(c)).take(NAME).collect();
    let clean = clean.trim().trim_matches('\'').to_owned();
    if clean.is_empty() {
        return clean;
    }
    let mut name = clean.clone();
    let mut number = 2;
    while taken.contains(&name.to_lowercase()) {
        let ending = format!(" {number}");
        name = clean.chars().take(NAME - ending.chars().count()).collect::<String>() + &ending;
        number += 1;
    }
    taken.push(name.to_lowercase());
    name
}

fn fill(sheet: &mut Worksheet, table: &Table) -> Result<(), Error> {
    table.check()?;
    let rows = table.head.len() + 1 + table.rows.len() + table.totals.len();
    if rows > ROWS {
        return Err(Error::TooLong { rows, most: ROWS });
    }
    let mut row = 0;
    for (index, line) in table.head.iter().enumerate() {
        let format = if index == 0 { Format::new().set_bold() } else { Format::new() };
        sheet.write_string_with_format(row, 0, line, &format)?;
        row += 1;
    }
    let head = row;
    let format = Format::new()
        .set_bold()
        .set_text_wrap()
        .set_align(FormatAlign::Top)
        .set_border_bottom(FormatBorder::Thin);
    for (column, one) in (0u16..).zip(&table.columns) {
        sheet.write_string_with_format(row, column, &one.title, &format)?;
        sheet.set_column_width(column, width(table, usize::from(column)))?;
    }
    row += 1;
    for cells in &table.rows {
        line(sheet, row, cells, &Format::new())?;
        row += 1;
    }
    let last = (row - 1).max(head);
    for cells in &table.totals {
        line(sheet, row, cells, &Format::new().set_bold())?;
        row += 1;
    }
    if let Some(columns) = u16::try_from(table.columns.len()).ok().filter(|count| *count > 0) {
        sheet.autofilter(head, 0, last, columns - 1)?;
        sheet.set_freeze_panes(head + 1, 0)?;
        sheet.set_repeat_rows(head, head)?;
    }
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    Ok(())
}

fn line(sheet: &mut Worksheet, row: u32, cells: &[Cell], base: &Format) -> Result<(), Error> {
    for (column, cell) in (0u16..).zip(cells) {
        match cell {
            Cell::Empty => {
                sheet.write_blank(row, column, base)?;
            }
            Cell::Text(text) => {
                let text: String = text.chars().take(32_767).collect();
                sheet.write_string_with_format(row, column, text, base)?;
            }
            Cell::Whole(number) => {
                let format = base.clone().set_num_format("#,##0");
                sheet.write_number_with_format(row, column, approximate(*number), &format)?;
            }
            Cell::Decimal(number, digits) => {
                let format = base.clone().set_num_format(format!("#,##0{}", places(*digits)));
                number_or_blank(sheet, (row, column), *number, &format)?;
            }
            Cell::Percent(share, digits) => {
                let format = base.clone().set_num_format(format!("0{}%", places(*digits)));
                number_or_blank(sheet, (row, column), *share, &format)?;
            }
            Cell::Moment(moment) => {
                let format = base.clone().set_num_format("yyyy-mm-dd hh:mm:ss");
                let text = moment.strftime("%Y-%m-%dT%H:%M:%S").to_string();
                let at = ExcelDateTime::parse_from_str(&text)?;
                sheet.write_datetime_with_format(row, column, &at, &format)?;
            }
        }
    }
    Ok(())
}

/// A sheet has no place for what is no number.
fn number_or_blank(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    number: f64,
    format: &Format,
) -> Result<(), Error> {
    if number.is_finite() {
        sheet.write_number_with_format(row, column, number, format)?;
    } else {
        sheet.write_blank(row, column, format)?;
    }
    Ok(())
}

/// A spreadsheet knows no other numbers.
#[allow(clippy::cast_precision_loss)]
fn approximate(number: i128) -> f64 {
    number as f64
}

fn places(digits: u8) -> String {
    if digits == 0 { String::new() } else { format!(".{}", "0".repeat(digits.into())) }
}

#[allow(clippy::cast_precision_loss)]
fn width(table: &Table, column: usize) -> f64 {
    let given = table.columns[column].width;
    if given > 0 {
        return given.into();
    }
    let cells = table.rows.iter().chain(&table.totals).map(|row| length(&row[column]));
    // A title may break into lines, a word of it may not.
    let title = table.columns[column].title.split_whitespace().map(|word| word.chars().count() + 2);
    let widest = cells.chain(title).max().unwrap_or(0);
    (widest + 2).clamp(WIDTHS.0, WIDTHS.1) as f64
}

fn length(cell: &Cell) -> usize {
    let plain = cell.plain().chars().count();
    match cell {
        // Thousands are set apart.
        Cell::Whole(_) | Cell::Decimal(..) => plain + plain / 3,
        _ => plain,
    }
}
