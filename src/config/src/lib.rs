//! The decoder of `hub.toml`: every fault of a file at once, each with line, column and remedy.
//!
//! A part declares its section in code, key by key, with what the key means and its default; the
//! same declaration decodes the file, writes the reference (`docs/CONFIG.md`) and the commented
//! example. Unknown keys are refused. A file that is named but cannot be read is an error, never a
//! silent default.
//!
//! ```ignore
//! let tick = section.value_in("tick", "How often the engine turns", Duration::from_millis(4), lo..=hi);
//! ```

mod document;
mod fault;
mod reference;
mod section;
mod setting;

pub use document::Document;
pub use fault::{Error, Fault, Faults, Rule};
pub use reference::{Reference, reference};
pub use section::Section;
pub use setting::{Bytes, Interface, InterfacePattern, Name, Ports, Setting, Url};

use std::path::Path;

/// Reads and decodes a file.
///
/// # Errors
/// [`Error::Unreadable`] when the file cannot be read, [`Error::Faults`] with all its faults.
pub fn read<T>(path: &Path, declare: impl FnOnce(&mut Document<'_>) -> T) -> Result<T, Error> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
    Ok(decode(&path.display().to_string(), &text, declare)?)
}

/// Decodes a text; `name` stands before each fault.
///
/// # Errors
/// All faults of the text, in its order.
pub fn decode<T>(
    name: &str,
    text: &str,
    declare: impl FnOnce(&mut Document<'_>) -> T,
) -> Result<T, Faults> {
    let mut document = Document::parse(text);
    let decoded = declare(&mut document);
    match document.finish(name, text) {
        None => Ok(decoded),
        Some(faults) => Err(faults),
    }
}
