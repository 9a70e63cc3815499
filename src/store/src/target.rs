//! Which database, where, and how hard it is to be written.

use std::path::{Path, PathBuf};

/// The two databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// A file of our own.
    Sqlite,
    /// A server, release 15 or newer.
    Postgres,
}

/// What an acknowledgement means on SQLite. PostgreSQL follows its own configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// On the disk before it is acknowledged (synchronous=FULL).
    #[default]
    Full,
    /// A power cut may take the last transactions back, never half of one (synchronous=NORMAL).
    Normal,
}

/// Where the data lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A file.
    Sqlite {
        /// The file; it is made where it does not exist, its folder is not.
        path: PathBuf,
        /// What an acknowledgement means.
        durability: Durability,
        /// Bytes set aside beside the file, at most an eighth of the disk, given up when the disk
        /// is full; 0 for none.
        reserve: u64,
    },
    /// A server.
    Postgres {
        /// `postgres://user:password@host:port/database`.
        url: String,
        /// The schema in it, one per store; made where it does not exist.
        schema: String,
    },
}

impl Target {
    /// What is kept for `state.db`: 64 MiB.
    pub const RESERVE: u64 = 64 << 20;

    /// A file that loses nothing acknowledged, with a reserve: `state.db`.
    pub fn state(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        Self::Sqlite { path, durability: Durability::Full, reserve: Self::RESERVE }
    }

    /// A file for measurements: `series.db`.
    pub fn series(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        Self::Sqlite { path, durability: Durability::Normal, reserve: 0 }
    }

    /// A schema of a PostgreSQL database.
    pub fn postgres(url: impl Into<String>, schema: impl Into<String>) -> Self {
        Self::Postgres { url: url.into(), schema: schema.into() }
    }

    /// Which database it is.
    pub fn engine(&self) -> Engine {
        match self {
            Self::Sqlite { .. } => Engine::Sqlite,
            Self::Postgres { .. } => Engine::Postgres,
        }
    }
}
