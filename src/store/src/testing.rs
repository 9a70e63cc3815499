//! Databases for tests: a file in a folder of its own, or a PostgreSQL server started for the
//! test, reached over a socket in a folder and gone with it.
//!
//! ```ignore
//! ets_store::on_both_databases!(an_entry_is_found_again, MIGRATIONS, |store| async move { … });
//! ```

use std::ops::Deref;
use std::path::Path;

use crate::{Durability, Migration, Store, Target};

mod busy;
mod postgres;

pub use busy::Busy;
pub use postgres::Server;

/// A database for one test. It is gone when this is dropped.
#[derive(Debug)]
pub struct TestStore {
    store: Store,
    target: Target,
    ground: Ground,
}

#[derive(Debug)]
enum Ground {
    Folder(tempfile::TempDir),
    Server(Box<Server>),
}

impl TestStore {
    /// A file of SQLite, as `state.db` is.
    ///
    /// # Panics
    /// When it cannot be made; that is what a test wants.
    pub async fn sqlite(migrations: &[Migration]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let path = folder.path().join("test.db");
        let target = Target::Sqlite { path, durability: Durability::Full, reserve: 0 };
        Self::open(target, Ground::Folder(folder), migrations).await
    }

    /// A server of PostgreSQL, as this machine has it.
    ///
    /// # Panics
    /// When there is none, with a word on how to install it, or when it cannot be started.
    pub async fn postgres(migrations: &[Migration]) -> Self {
        let server = Server::start();
        let target = Target::postgres(server.url(), "test");
        Self::open(target, Ground::Server(Box::new(server)), migrations).await
    }

    async fn open(target: Target, ground: Ground, migrations: &[Migration]) -> Self {
        let opened = Store::open(&target, migrations).await;
        let store = opened.unwrap_or_else(|error| panic!("the test's database: {error:?}"));
        Self { store, target, ground }
    }

    /// Where it is, to open it again after [`Store::close`].
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The folder of the file; none on PostgreSQL.
    pub fn folder(&self) -> Option<&Path> {
        match &self.ground {
            Ground::Folder(folder) => Some(folder.path()),
            Ground::Server(_) => None,
        }
    }

    /// The server; none on SQLite.
    pub fn server(&mut self) -> Option<&mut Server> {
        match &mut self.ground {
            Ground::Folder(_) => None,
            Ground::Server(server) => Some(server),
        }
    }

    /// Closes the store and opens it again: what is left is what was on the disk.
    ///
    /// # Panics
    /// When it cannot be opened again.
    pub async fn reopen(&mut self, migrations: &[Migration]) {
        self.store.close().await;
        let opened = Store::open(&self.target, migrations).await;
        self.store = opened.unwrap_or_else(|error| panic!("the test's database again: {error:?}"));
    }
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

/// Makes two tests of one body: on SQLite and on PostgreSQL. The body is a closure that takes a
/// [`TestStore`] and answers a future.
#[macro_export]
macro_rules! on_both_databases {
    ($(#[$note:meta])* $name:ident, $migrations:expr, $body:expr $(,)?) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(#[$note])*
            #[tokio::test]
            async fn on_sqlite() {
                let store = $crate::testing::TestStore::sqlite($migrations).await;
                ::std::boxed::Box::pin(($body)(store)).await;
            }

            $(#[$note])*
            #[tokio::test]
            async fn on_postgres() {
                let store = $crate::testing::TestStore::postgres($migrations).await;
                ::std::boxed::Box::pin(($body)(store)).await;
            }
        }
    };
}
