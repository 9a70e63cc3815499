//! A sortable table with a sticky head. Sorting is the server's work: the heads are links.

use ets_i18n::{Tr, t};

use crate::Html;
use crate::html::{escape, put};

/// A column.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// Its name in `sort=`; empty when the table does not sort by it.
    pub key: &'static str,
    /// Its head, with the unit.
    pub title: String,
    /// Numbers stand at the right.
    pub numeric: bool,
    /// Left out on a phone.
    pub minor: bool,
}

impl Column {
    /// A column of text that the table sorts by.
    pub fn new(key: &'static str, title: impl Into<String>) -> Self {
        Self { key, title: title.into(), ..Self::default() }
    }

    /// The same, with numbers at the right.
    #[must_use]
    pub fn numeric(mut self) -> Self {
        self.numeric = true;
        self
    }

    /// The same, left out on a phone.
    #[must_use]
    pub fn minor(mut self) -> Self {
        self.minor = true;
        self
    }
}

/// A cell.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// What it shows.
    pub html: Html,
    /// Its class, such as a state's word; empty for none.
    pub class: &'static str,
    /// The name by which the script finds it in the row (see [`crate::live`]); empty for none.
    pub field: &'static str,
}

impl<T: Into<Html>> From<T> for Cell {
    fn from(content: T) -> Self {
        Self { html: content.into(), class: "", field: "" }
    }
}

impl Cell {
    /// A cell that the script keeps fresh.
    pub fn live(field: &'static str, html: impl Into<Html>) -> Self {
        Self { html: html.into(), class: "", field }
    }

    /// The cell with a class.
    #[must_use]
    pub fn class(mut self, class: &'static str) -> Self {
        self.class = class;
        self
    }
}

/// A row.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Its cells, one for each column.
    pub cells: Vec<Cell>,
    /// The segment that it shows live; empty for none.
    pub segment: String,
    /// The state of that segment.
    pub state: Option<ets_model::LinkState>,
    /// Its class; empty for none.
    pub class: &'static str,
}

/// A table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// What it shows, for assistive tools and print.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, in order.
    pub rows: Vec<Row>,
    /// By which column it is sorted, and whether downwards.
    pub sorted: Option<(&'static str, bool)>,
    /// The address without `sort` and `dir`, ready to append them: `/segments?q=x&` or `/?`.
    pub base: String,
    /// What stands in place of the rows when there is none.
    pub empty: Html,
}

/// The table as markup.
#[must_use]
pub fn table(tr: &Tr, table: &Table) -> Html {
    if table.rows.is_empty() && !table.empty.is_empty() {
        return table.empty.clone();
    }
    let mut out = String::with_capacity(256 + table.rows.len() * table.columns.len() * 64);
    put!(
        out,
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{0}\"><table>\
         <caption class=\"vh\">{0}</caption><thead><tr>",
        escape(&table.caption)
    );
    for column in &table.columns {
        head(tr, table, column, &mut out);
    }
    out.push_str("</tr></thead><tbody>");
    for row in &table.rows {
        body_row(table, row, &mut out);
    }
    out.push_str("</tbody></table></div>");
    Html::trusted(out)
}

fn classes(numeric: bool, minor: bool, more: &str) -> String {
    let mut all = String::new();
    for (on, class) in [(numeric, "num"), (minor, "minor"), (!more.is_empty(), more)] {
        if on {
            all.push_str(if all.is_empty() { " class=\"" } else { " " });
            all.push_str(class);
        }
    }
    if !all.is_empty() {
        all.push('"');
    }
    all
}

fn head(tr: &Tr, table: &Table, column: &Column, out: &mut String) {
    let class = classes(column.numeric, column.minor, "");
    let sorted = table.sorted.filter(|(key, _)| *key == column.key && !key.is_empty());
    let aria = match sorted {
        Some((_, true)) => " aria-sort=\"descending\"",
        Some((_, false)) => " aria-sort=\"ascending\"",
        None => "",
    };
    put!(*out, "<th scope=\"col\"{class}{aria}>");
    if column.key.is_empty() {
        put!(*out, "{}</th>", escape(&column.title));
        return;
    }
    let down = matches!(sorted, Some((_, false)));
    put!(
        *out,
        "<a href=\"{}sort={}&amp;dir={}\" title=\"{}\">{}</a></th>",
        escape(&table.base),
        column.key,
        if down { "desc" } else { "asc" },
        escape(&t::sort_by(tr, &column.title)),
        escape(&column.title)
    );
}

fn body_row(table: &Table, row: &Row, out: &mut String) {
    out.push_str("<tr");
    if !row.segment.is_empty() {
        put!(*out, " data-seg=\"{}\"", escape(&row.segment));
    }
    if let Some(state) = row.state {
        put!(*out, " data-state=\"{state}\"");
    }
    put!(*out, "{}>", classes(false, false, row.class));
    for (column, cell) in table.columns.iter().zip(&row.cells) {
        let class = classes(column.numeric, column.minor, cell.class);
        put!(*out, "<td{class}");
        // On a phone a row is a card, and each cell carries its head.
        if !column.title.is_empty() {
            put!(*out, " data-h=\"{}\"", escape(&column.title));
        }
        if !cell.field.is_empty() {
            put!(*out, " data-f=\"{}\"", cell.field);
        }
        put!(*out, ">{}</td>", cell.html);
    }
    out.push_str("</tr>");
}
