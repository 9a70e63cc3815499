//! What can go wrong with the lab, and the exit code that says so.

use std::io;
use std::path::Path;

/// Why a lab command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line asks for something that makes no sense.
    #[error("{0}")]
    Usage(String),
    /// Refused or not found; the text says what to do.
    #[error("{0}")]
    Refused(String),
    /// Something that the lab needs is not on this machine; the text says what to install or allow.
    #[error("{0}")]
    Missing(String),
    /// A file, socket or process could not be used.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system answered.
        source: io::Error,
    },
    /// A program refused its input.
    #[error("{program} failed in {place}: {output}")]
    Program {
        /// Which program.
        program: String,
        /// In which namespace.
        place: String,
        /// What it printed.
        output: String,
    },
    /// The lab's own data is broken.
    #[error("this is a fault of the program, please report it: {0}")]
    Bug(String),
}

/// Result of the lab's functions.
pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The exit code of `ets-hub` for this error (design: 1, 64, 69, 70).
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 64,
            Self::Refused(_) | Self::Io { .. } => 1,
            Self::Missing(_) => 69,
            Self::Program { .. } | Self::Bug(_) => 70,
        }
    }
}

/// Adds what was tried to an error of the system.
pub(crate) trait Context<T> {
    /// With a text made only when it is needed.
    fn context(self, what: impl FnOnce() -> String) -> Result<T>;
    /// With the verb and the path.
    fn at(self, verb: &str, path: &Path) -> Result<T>;
}

impl<T, E: Into<io::Error>> Context<T> for std::result::Result<T, E> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Error::Io { what: what(), source: error.into() })
    }

    fn at(self, verb: &str, path: &Path) -> Result<T> {
        self.context(|| format!("cannot {verb} {}", path.display()))
    }
}
