//! What can keep `netd` from working, each with what to do.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use ets_netd_api::InheritError;

/// Why `netd` cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another one is running.
    #[error("another netd is running on {}: stop it first, or set another [netd] state_dir", .0.display())]
    Running(PathBuf),
    /// A file or directory of ours failed.
    #[error("{action} {} failed: check that it exists and belongs to the user of netd", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// A listening socket cannot be bound.
    #[error("cannot listen on {address} for {name:?}: free the port or change [netd] listen")]
    Listen {
        /// Its name.
        name: String,
        /// Its address.
        address: SocketAddr,
        /// What the kernel said.
        source: io::Error,
    },
    /// The list of inherited sockets is malformed.
    #[error("ETS_LISTEN: {0:?} is not of the form name=descriptor")]
    ListenSyntax(String),
    /// An inherited socket cannot be used.
    #[error("ETS_LISTEN: socket {name:?} cannot be used")]
    Inherit {
        /// Its name.
        name: String,
        /// Why.
        source: InheritError,
    },
    /// A name stands twice.
    #[error("the listening socket {0:?} is given twice: give each name once")]
    ListenTwice(String),
    /// The probe engine.
    #[error("the probe engine cannot be opened")]
    Engine(#[from] ets_probe::Error),
    /// The kernel's links.
    #[error("the kernel's links cannot be watched")]
    Links(#[from] ets_dataplane::Error),
    /// Capabilities cannot be given up.
    #[error("capabilities cannot be given up")]
    Rights(#[from] caps::errors::CapsError),
    /// A thread cannot be started or the kernel refused something that always works.
    #[error("{0} failed")]
    System(&'static str, #[source] io::Error),
    /// The watcher thread ended before its time.
    #[error("the watching thread ended before its time: see the log above and report it")]
    WatcherEnded,
}

impl Error {
    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::File { action, path: path.into(), source }
    }
}
