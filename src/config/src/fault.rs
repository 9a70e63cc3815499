//! What can be wrong with a configuration file, and how it is said.

use std::fmt;
use std::path::PathBuf;

/// The rules that a file can break; each has a broken file in `tests/broken`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// It is no TOML.
    Syntax,
    /// There is no such section.
    UnknownSection,
    /// The section has no such key.
    UnknownKey,
    /// A key that must be given is missing.
    MissingKey,
    /// What should be a section is a value.
    NotASection,
    /// What should be written `[[name]]` is not.
    NotAList,
    /// A value of another type.
    WrongType,
    /// A number, time or size outside its limits.
    OutOfRange,
    /// A word that is not among those that are known.
    NotOneOf,
    /// No time such as `500ms`.
    BadDuration,
    /// No size such as `64MiB`.
    BadSize,
    /// No address with a port.
    BadAddress,
    /// A path that does not begin with `/`.
    BadPath,
    /// No http or https address.
    BadUrl,
    /// No name of an interface.
    BadInterface,
    /// No network such as `10.1.0.0/24`.
    BadNetwork,
    /// No short name.
    BadName,
    /// An empty text.
    Empty,
    /// Two settings that do not go together.
    Contradiction,
}

impl Rule {
    /// All rules, so that a test can ask for a case of each.
    pub const ALL: [Self; 19] = [
        Self::Syntax,
        Self::UnknownSection,
        Self::UnknownKey,
        Self::MissingKey,
        Self::NotASection,
        Self::NotAList,
        Self::WrongType,
        Self::OutOfRange,
        Self::NotOneOf,
        Self::BadDuration,
        Self::BadSize,
        Self::BadAddress,
        Self::BadPath,
        Self::BadUrl,
        Self::BadInterface,
        Self::BadNetwork,
        Self::BadName,
        Self::Empty,
        Self::Contradiction,
    ];
}

/// One fault of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which rule it breaks.
    pub rule: Rule,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// All faults of a file, in its order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Faults {
    /// The file's name.
    pub file: String,
    /// At least one.
    pub faults: Vec<Fault>,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let Fault { line, column, what, remedy, .. } = fault;
            let gap = if index == 0 { "" } else { "\n" };
            write!(f, "{gap}{}:{line}:{column}: {what}; {remedy}", self.file)?;
        }
        Ok(())
    }
}

/// A file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error(
        "{path} cannot be read ({source}): check that it exists and that this user may read it"
    )]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// It has faults.
    #[error(transparent)]
    Faults(#[from] Faults),
}

/// A fault before its place in the text is known as line and column.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) rule: Rule,
    pub(crate) at: usize,
    pub(crate) what: String,
    pub(crate) remedy: String,
}

impl Found {
    /// Turns the byte offset into line and column.
    pub(crate) fn placed(self, text: &str) -> Fault {
        let mut at = self.at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &text[..at];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Fault {
            rule: self.rule,
            line: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
            what: self.what,
            remedy: self.remedy,
        }
    }
}
