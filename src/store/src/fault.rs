//! What the drivers' errors mean.

use std::path::PathBuf;
use std::sync::Arc;

use sqlx::error::{DatabaseError, ErrorKind};

use crate::{ConstraintKind, Error};

/// Where a database is, for the words of an error.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The file, or the server without a password.
    pub(crate) name: String,
    /// The file, where there is one.
    pub(crate) file: Option<PathBuf>,
}

/// The disk that a file lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Bytes that we may still use.
    pub free: u64,
    /// All its bytes.
    pub size: u64,
}

/// Below so many free bytes an input/output error of SQLite means a full disk.
const NOTHING_LEFT: u64 = 1 << 20;

impl Place {
    pub(crate) fn explain(&self, error: sqlx::Error) -> Error {
        match &error {
            sqlx::Error::Database(refusal) => match self.refused(refusal.as_ref()) {
                Some(known) => known,
                None if gone(refusal.as_ref()) => self.unreachable(error),
                None => Error::Database(Arc::new(error)),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::WorkerCrashed => self.unreachable(error),
            sqlx::Error::PoolClosed => Error::Closed,
            sqlx::Error::RowNotFound => Error::NoRow,
            _ => Error::Database(Arc::new(error)),
        }
    }

    /// The file's disk.
    pub(crate) fn disk(&self) -> Option<Disk> {
        let folder = self.file.as_ref()?.parent()?;
        let folder = if folder.as_os_str().is_empty() { ".".as_ref() } else { folder };
        let disk = nix::sys::statvfs::statvfs(folder).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(disk.fragment_size());
        Some(Disk { free: bytes(disk.blocks_available()), size: bytes(disk.blocks()) })
    }

    pub(crate) fn free_bytes(&self) -> Option<u64> {
        self.disk().map(|disk| disk.free)
    }

    pub(crate) fn full(&self) -> Error {
        Error::DiskFull { place: self.name.clone() }
    }

    pub(crate) fn corrupt(&self, detail: impl Into<String>) -> Error {
        Error::Corrupt { place: self.name.clone(), detail: detail.into() }
    }

    pub(crate) fn foreign(&self) -> Error {
        Error::Foreign { place: self.name.clone() }
    }

    fn unreachable(&self, source: sqlx::Error) -> Error {
        Error::Unreachable { place: self.name.clone(), source: Arc::new(source) }
    }

    fn refused(&self, refusal: &dyn DatabaseError) -> Option<Error> {
        let kind = match refusal.kind() {
            ErrorKind::UniqueViolation => Some(ConstraintKind::Unique),
            ErrorKind::ForeignKeyViolation => Some(ConstraintKind::ForeignKey),
            ErrorKind::NotNullViolation => Some(ConstraintKind::NotNull),
            ErrorKind::CheckViolation => Some(ConstraintKind::Check),
            _ => None,
        };
        if let Some(kind) = kind {
            return Some(Error::Constraint { kind, constraint: rule(refusal) });
        }
        let code = refusal.code()?;
        match &self.file {
            Some(_) => self.sqlite(code.parse().ok()?, refusal),
            None => (code == "53100").then(|| self.full()),
        }
    }

    /// Result codes: <https://www.sqlite.org/rescode.html>.
    fn sqlite(&self, code: i32, refusal: &dyn DatabaseError) -> Option<Error> {
        const STRICT_TYPE: i32 = 3091;
        match code & 0xff {
            13 => Some(self.full()),
            10 | 14 if self.free_bytes().is_some_and(|free| free < NOTHING_LEFT) => {
                Some(self.full())
            }
            14 => {
                let source = std::io::Error::other(refusal.message().to_owned());
                Some(Error::File { place: self.name.clone(), source: Arc::new(source) })
            }
            11 => Some(self.corrupt(refusal.message())),
            26 => Some(self.foreign()),
            _ if code == STRICT_TYPE => {
                Some(Error::Constraint { kind: ConstraintKind::Check, constraint: rule(refusal) })
            }
            _ => None,
        }
    }
}

/// The name of the rule that refused: PostgreSQL tells it, SQLite hides it in the message.
fn rule(refusal: &dyn DatabaseError) -> String {
    let message = refusal.message();
    let told = refusal.constraint().map(str::to_owned);
    told.unwrap_or_else(|| message.rsplit(": ").next().unwrap_or(message).to_owned())
}

/// PostgreSQL is ending, starting, or cut us off: classes 08 and 57P of its error codes.
fn gone(refusal: &dyn DatabaseError) -> bool {
    refusal.code().is_some_and(|code| code.starts_with("08") || code.starts_with("57P"))
}
