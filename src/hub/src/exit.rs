//! How a command ends: its exit code and what it says (design, section 7).

use std::path::Path;
use std::process::ExitCode;

use crate::out;

/// A command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Refused, or not found: exit code 1.
    #[error("{0}")]
    Refused(String),
    /// Bad usage or configuration: exit code 64 (`EX_USAGE`).
    #[error("{0}")]
    Usage(String),
    /// Something needed is missing: exit code 69 (`EX_UNAVAILABLE`).
    #[error("{0}")]
    Missing(String),
    /// A fault of ours: exit code 70 (`EX_SOFTWARE`).
    #[error("{0}")]
    Bug(String),
}

impl Failure {
    /// A fault of ours or of the machine, with the whole chain of causes for the log.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::Bug(chain(error))
    }

    /// A file or folder that cannot be used.
    pub(crate) fn unusable(path: &Path, error: &std::io::Error) -> Self {
        Self::Usage(format!("{} cannot be read or written: {error}", path.display()))
    }

    fn code(&self) -> u8 {
        match self {
            Self::Refused(_) => 1,
            Self::Usage(_) => 64,
            Self::Missing(_) => 69,
            Self::Bug(_) => 70,
        }
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}

/// Says a failure on standard error and gives its exit code.
pub(crate) fn finish(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // As clap says what it cannot understand.
            out::note(&format!("error: {failure}"));
            ExitCode::from(failure.code())
        }
    }
}
