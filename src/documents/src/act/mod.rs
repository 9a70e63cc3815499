//! Acts: A4 pages with letterhead, title, tables with a repeated head, sums, signature lines of
//! both sides, page numbers and the address of the page as a QR code.

mod font;
mod layout;
mod page;
mod qr;
mod write;

use ets_model::Lang;

use crate::Error;

/// A document to be signed by two sides.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Act {
    /// The language that it is written in.
    pub lang: Lang,
    /// Who issues it: name first, then address and the like.
    pub letterhead: Vec<String>,
    /// What it is.
    pub title: String,
    /// Below the title: number, period.
    pub subtitle: Vec<String>,
    /// What it is about, as pairs: "Institution", "Contract".
    pub facts: Vec<(String, String)>,
    /// Its tables.
    pub tables: Vec<Grid>,
    /// Paragraphs after the tables.
    pub notes: Vec<String>,
    /// Who signs; side by side.
    pub signatures: Vec<Signature>,
    /// The address of the page that shows the same, as text and as a QR code; may be empty.
    pub address: String,
    /// Stands at the foot of each page, with `{page}` and `{pages}` in it: "Page {page} of {pages}".
    pub page_of: String,
}

/// A table of texts as they are to be shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// Stands above it; may be empty.
    pub title: String,
    /// The columns.
    pub columns: Vec<GridColumn>,
    /// The rows, each with a text for every column.
    pub rows: Vec<Vec<String>>,
    /// Rows of sums at its end.
    pub totals: Vec<Vec<String>>,
}

/// A column of a [`Grid`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GridColumn {
    /// What stands above it.
    pub title: String,
    /// Its share of the page's width, against those of the other columns.
    pub share: f32,
    /// Whether it stands to the right, as numbers do.
    pub is_number: bool,
}

/// One side's signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// Which side: "For the operator".
    pub side: String,
    /// Its name and post, above the line.
    pub lines: Vec<String>,
    /// What stands under the line: "signature, name".
    pub under: String,
    /// What stands below: date and seal.
    pub below: String,
}

/// The acts as one PDF file (ISO 32000-1), each beginning on a page of its own with its own
/// numbers, and found in the outline by its title.
///
/// # Errors
/// [`Error::Empty`], [`Error::Uneven`], [`Error::AddressTooLong`], [`Error::Font`].
pub fn pdf(title: &str, acts: &[Act]) -> Result<Vec<u8>, Error> {
    let first = acts.first().ok_or(Error::Empty)?;
    let fonts = font::Fonts::built_in()?;
    let mut laid = Vec::with_capacity(acts.len());
    for act in acts {
        act.check()?;
        laid.push((outline(act), layout::pages(act, &fonts)?));
    }
    write::file(title, first.lang, &fonts, &laid)
}

/// What the outline calls an act: its title and whom it is for.
fn outline(act: &Act) -> String {
    let whom = act.facts.first().map(|(_, value)| value.as_str());
    [Some(act.title.as_str()), whom].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

impl Act {
    fn check(&self) -> Result<(), Error> {
        for table in &self.tables {
            let columns = table.columns.len();
            for (row, cells) in table.rows.iter().chain(&table.totals).enumerate() {
                if cells.len() != columns {
                    return Err(Error::Uneven { row, cells: cells.len(), columns });
                }
            }
        }
        Ok(())
    }
}
