//! Writing CSV files.

use std::borrow::Cow;

use crate::{Catalog, Field, text};

/// All active segments in the order of the registry, as an import takes them back unchanged.
pub(crate) fn for_import(catalog: &Catalog) -> String {
    let mut file = heading();
    write(catalog, &mut file, |field| field);
    file
}

/// The same for a spreadsheet: a byte order mark, so that it knows UTF-8, and an apostrophe
/// before everything that it would take for a formula.
pub(crate) fn for_people(catalog: &Catalog) -> String {
    let mut file = format!("\u{feff}{}", heading());
    write(catalog, &mut file, harmless);
    file
}

fn heading() -> String {
    let names: Vec<_> = Field::ALL.iter().map(|field| field.name()).collect();
    names.join(",") + "\r\n"
}

fn write(catalog: &Catalog, file: &mut String, guard: fn(String) -> String) {
    for segment in catalog.segments() {
        let Some(institution) = catalog.institution(&segment.institution) else { continue };
        for (at, field) in Field::ALL.iter().enumerate() {
            if at > 0 {
                file.push(',');
            }
            file.push_str(&quoted(&guard(text::field(segment, institution, *field))));
        }
        file.push_str("\r\n");
    }
}

fn quoted(field: &str) -> Cow<'_, str> {
    let needs = field.contains(['"', ',', ';', '\n', '\r']);
    if needs {
        Cow::Owned(format!("\"{}\"", field.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(field)
    }
}

fn harmless(field: String) -> String {
    if field.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{field}") } else { field }
}
